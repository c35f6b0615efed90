"""Pieces of the list of flows, by the column; and flow by flow, for formats that are written so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from numpy.typing import NDArray

from gdsi_audit.tables.words import Words

Piece = Mapping[str, NDArray[Any] | Words | list[Any]]
"""Columns of equal length; NULL_WHERE_NEGATIVE say with a negative number that there is nothing."""

NULL_WHERE_NEGATIVE = frozenset({"continues", "handshake_rtt_s"})


def rows(piece: Piece, columns: Iterable[str]) -> Iterator[tuple[Any, ...]]:
    """The flows of a piece one by one: the values of `columns` as Python has them."""
    return zip(*(_cells(piece, column) for column in columns), strict=True)


def _cells(piece: Piece, column: str) -> list[Any]:
    """The values of one column as Python has them; None where there is nothing."""
    values = piece[column]
    if isinstance(values, list):
        return values
    if isinstance(values, Words):
        return [values.words[code] for code in values.codes.tolist()]
    plain: list[Any] = values.tolist()
    if values.dtype.kind == "S":
        return [cell.decode() for cell in plain]
    return [None if cell < 0 else cell for cell in plain] if column in NULL_WHERE_NEGATIVE else plain
