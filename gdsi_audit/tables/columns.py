"""A table as columns: numbers and flags as NumPy arrays, texts as codes into their distinct words. What stages after the capture work on.

Choosing rows copies nothing until a column is asked for. pandas is imported only where somebody asks for a DataFrame.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.tables.words import Lexicon, Words

if TYPE_CHECKING:
    import pandas as pd

Rows = NDArray[np.bool_] | NDArray[np.integer[Any]]
"""A mask over all rows, or positions."""


class Later(NamedTuple):
    """A column that is worked out for the rows that somebody asks for."""

    size: int
    values: Callable[[NDArray[np.intp] | slice], NDArray[Any]]


Column = NDArray[Any] | Words | Later


class Columns:
    """Columns of equal length by name. Read-only: what is derived from one is a NumPy array of its own."""

    __slots__ = ("_columns", "_gathered", "_lexicons", "_rows", "_size")

    def __init__(
        self, columns: Mapping[str, Column], rows: NDArray[np.intp] | slice | None = None, lexicons: dict[str, Lexicon] | None = None
    ) -> None:
        """`rows`: positions that make up the table, or a stretch of it; None: all."""
        self._columns = columns
        self._rows = rows
        self._gathered: dict[str, NDArray[Any]] = {}
        self._lexicons: dict[str, Lexicon] = {} if lexicons is None else lexicons
        if isinstance(rows, np.ndarray):
            self._size = rows.size
        else:
            size = _size(next(iter(columns.values()), np.empty(0)))
            self._size = size if rows is None else len(range(size)[rows])

    def __len__(self) -> int:
        return self._size

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._columns)

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Values: numbers and flags as they are, texts as an array of str objects."""
        column = self._columns[name]
        if isinstance(column, Later):
            return column.values(slice(None) if self._rows is None else self._rows)
        if not isinstance(column, Words):
            return self._own(name, column)
        return cast("NDArray[Any]", self._lexicon(name).texts[self._own(name, column.codes)])

    def has_words(self, name: str) -> bool:
        """Whether it is a column of texts."""
        return isinstance(self._columns[name], Words)

    def codes(self, name: str) -> NDArray[np.int64]:
        """A number for each text, the same for the same; wide enough to reckon with."""
        return self._codes(name).astype(np.int64)

    def words(self, name: str) -> tuple[str, ...]:
        """The text of each code; some may not occur in the rows chosen."""
        return cast(Words, self._columns[name]).words

    def is_any(self, name: str, words: Collection[str]) -> NDArray[np.bool_]:
        """Which rows have one of `words` in a column of texts."""
        codes = self._lexicon(name).codes((words,) if isinstance(words, str) else words)
        if len(codes) == 1:
            return np.asarray(self._codes(name) == codes[0])
        held = np.zeros(max(len(self.words(name)), 1), np.bool_)
        held[codes] = True
        return np.asarray(held[self._codes(name)] if codes else np.zeros(self._size, np.bool_))

    def fits(self, name: str, fit: Callable[[str], bool]) -> NDArray[np.bool_]:
        """Which rows have a text that `fit` holds of; it is asked once per word."""
        codes, words = self._codes(name), self.words(name)
        held = np.zeros(max(len(words), 1), np.bool_)
        held[[code for code in np.flatnonzero(np.bincount(codes)).tolist() if fit(words[code])]] = True
        return np.asarray(held[codes])

    def take(self, rows: Rows) -> Columns:
        """The rows of a mask, or at positions in that order."""
        places = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows.astype(np.intp, copy=False)
        if isinstance(self._rows, slice):
            places = places + self._rows.start
        return Columns(self._columns, self._rows[places] if isinstance(self._rows, np.ndarray) else places, self._lexicons)

    def stretch(self, begin: int, end: int) -> Columns:
        """The rows from `begin` up to but without `end` of a whole table: a view, nothing is copied."""
        if self._rows is not None:
            raise ValueError("only a whole table has stretches")
        return Columns(self._columns, slice(begin, end), self._lexicons)

    def having(self, columns: Mapping[str, Column]) -> Columns:
        """The same rows with more columns, given for these rows; of one name the new one stands."""
        own = {name: self._column(name) for name in self._columns}
        kept = {name: lexicon for name, lexicon in self._lexicons.items() if name not in columns}
        return Columns({**own, **columns}, None, kept)

    def distinct(self, name: str) -> list[str]:
        """The texts that occur, sorted."""
        words = self.words(name)
        return sorted(words[code] for code in np.flatnonzero(np.bincount(self._codes(name))).tolist())

    def sum(self, name: str) -> int:
        return int(self[name].sum())

    def frame(self) -> pd.DataFrame:
        """The same as a pandas DataFrame: texts of a Words column as a category, other texts as `str`."""
        import pandas as pd

        given: dict[str, Any] = {}
        for name, column in self._columns.items():
            if isinstance(column, Words):
                index = pd.Index(list(column.words), dtype="str")
                given[name] = pd.Categorical.from_codes(self.codes(name), categories=index).remove_unused_categories()
            else:
                values = self[name]
                given[name] = pd.array(values.tolist(), dtype="str") if values.dtype.kind in "OU" else values
        return pd.DataFrame(given)

    def _column(self, name: str) -> Column:
        column = self._columns[name]
        if isinstance(column, Later):
            rows = np.arange(column.size)[slice(None) if self._rows is None else self._rows]
            return Later(rows.size, lambda chosen: column.values(rows[chosen]))
        return Words(self._own(name, column.codes), column.words) if isinstance(column, Words) else self._own(name, column)

    def _codes(self, name: str) -> NDArray[Any]:
        """As narrow as they are kept."""
        return self._own(name, cast(Words, self._columns[name]).codes)

    def _lexicon(self, name: str) -> Lexicon:
        known = self._lexicons.get(name)
        if known is None:
            known = self._lexicons[name] = Lexicon(self.words(name))
        return known

    def _own(self, name: str, whole: NDArray[Any]) -> NDArray[Any]:
        if not isinstance(self._rows, np.ndarray):
            return whole if self._rows is None else whole[self._rows]
        known = self._gathered.get(name)
        if known is None:
            known = self._gathered[name] = whole[self._rows]
        return known


def _size(column: Column) -> int:
    return column.size if isinstance(column, Later) else len(column.codes if isinstance(column, Words) else column)
