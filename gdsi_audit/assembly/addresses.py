"""Columns of addresses, each distinct one rendered once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.hosts.devices import text
from gdsi_audit.tables.distinct import distinct_rows


class Addresses(NamedTuple):
    """A column of addresses."""

    code: NDArray[np.int64]
    """Row in the others of each."""
    hi: NDArray[np.uint64]
    lo: NDArray[np.uint64]
    text: list[str]


def distinct_addresses(hi: NDArray[np.uint64], lo: NDArray[np.uint64]) -> Addresses:
    """Each distinct address rendered once."""
    rows, place = distinct_rows(hi, lo)
    code, texts = place, [text(upper, lower) for upper, lower in zip(hi[rows].tolist(), lo[rows].tolist(), strict=True)]
    return Addresses(code, hi[rows], lo[rows], texts)


def addresses(hi: NDArray[np.uint64], lo: NDArray[np.uint64]) -> tuple[NDArray[np.int64], list[str]]:
    """(code per row, text per code): each distinct address rendered once."""
    found = distinct_addresses(hi, lo)
    return found.code, found.text
