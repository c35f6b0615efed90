"""A table as columns: numbers and flags as NumPy arrays, texts as codes into their distinct words. What stages after the capture work on.

Choosing rows copies nothing until a column is asked for. pandas is imported only where somebody asks for a DataFrame.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Rows = NDArray[np.bool_] | NDArray[np.integer[Any]]
"""A mask over all rows, or positions."""


class Words(NamedTuple):
    """A column of texts."""

    codes: NDArray[Any]
    """Row in `words` of each text."""
    words: tuple[str, ...]
    """Each distinct."""


Column = NDArray[Any] | Words


class Columns:
    """Columns of equal length by name. Read-only: what is derived from one is a NumPy array of its own."""

    __slots__ = ("_columns", "_gathered", "_rows", "_size")

    def __init__(self, columns: Mapping[str, Column], rows: NDArray[np.intp] | None = None) -> None:
        """`rows`: positions that make up the table; None: all."""
        self._columns = columns
        self._rows = rows
        self._gathered: dict[str, NDArray[Any]] = {}
        first = next(iter(columns.values()), np.empty(0))
        self._size = rows.size if rows is not None else len(first.codes if isinstance(first, Words) else first)

    def __len__(self) -> int:
        return self._size

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._columns)

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Values: numbers and flags as they are, texts as an array of str objects."""
        column = self._columns[name]
        if not isinstance(column, Words):
            return self._own(name, column)
        words = np.array(column.words or ("",), object)
        return cast("NDArray[Any]", words[self._own(name, column.codes)])

    def codes(self, name: str) -> NDArray[Any]:
        """A number for each text, the same for the same."""
        return self._own(name, cast(Words, self._columns[name]).codes)

    def words(self, name: str) -> tuple[str, ...]:
        """The text of each code; some may not occur in the rows chosen."""
        return cast(Words, self._columns[name]).words

    def is_any(self, name: str, words: Iterable[str]) -> NDArray[np.bool_]:
        """Which rows have one of `words` in a column of texts."""
        wanted = frozenset((words,) if isinstance(words, str) else words)
        known = self.words(name)
        held = np.fromiter((word in wanted for word in known), np.bool_, len(known))
        return np.asarray(held[self.codes(name)] if held.any() else np.zeros(self._size, np.bool_))

    def take(self, rows: Rows) -> Columns:
        """The rows of a mask, or at positions in that order."""
        places = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows.astype(np.intp)
        return Columns(self._columns, places if self._rows is None else self._rows[places])

    def distinct(self, name: str) -> list[str]:
        """The texts that occur, sorted."""
        words = self.words(name)
        return sorted(words[code] for code in np.unique(self.codes(name)).tolist())

    def sum(self, name: str) -> int:
        return int(self[name].sum())

    def frame(self) -> pd.DataFrame:
        """The same as a pandas DataFrame: texts of a Words column as a category, other texts as `str`."""
        import pandas as pd

        given: dict[str, Any] = {}
        for name, column in self._columns.items():
            if isinstance(column, Words):
                index = pd.Index(list(column.words), dtype="str")
                given[name] = pd.Categorical.from_codes(self.codes(name).astype(np.int64), categories=index).remove_unused_categories()
            else:
                values = self[name]
                given[name] = pd.array(values.tolist(), dtype="str") if values.dtype.kind in "OU" else values
        return pd.DataFrame(given)

    def _own(self, name: str, whole: NDArray[Any]) -> NDArray[Any]:
        if self._rows is None:
            return whole
        known = self._gathered.get(name)
        if known is None:
            known = self._gathered[name] = whole[self._rows]
        return known


def words_of(texts: Sequence[str]) -> Words:
    """A column of texts from the texts themselves; codes in the order of first sight."""
    place: dict[str, int] = {}
    codes = np.fromiter((place.setdefault(text, len(place)) for text in texts), np.int64, len(texts))
    return Words(codes, tuple(place))


def grouped(keys: Sequence[Any] | NDArray[Any]) -> Iterator[tuple[Any, NDArray[np.intp]]]:
    """(key, ascending positions) for each distinct key, in the order of the keys."""
    rows: dict[Any, list[int]] = {}
    for place, key in enumerate(keys.tolist() if isinstance(keys, np.ndarray) else keys):
        rows.setdefault(key, []).append(place)
    for key in sorted(rows):
        yield key, np.array(rows[key], np.intp)


def columns_of(frame: pd.DataFrame) -> Columns:
    """The columns of a DataFrame; categories and texts become Words."""
    given: dict[str, Column] = {}
    for name in frame.columns:
        column = frame[name]
        if str(column.dtype) in ("category", "str", "object", "string"):
            given[str(name)] = words_of([str(text) for text in column.astype(object).tolist()])
        else:
            given[str(name)] = column.to_numpy()
    return Columns(given)
