"""Rows by a key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray


def grouped(keys: Sequence[Any] | NDArray[Any]) -> Iterator[tuple[Any, NDArray[np.intp]]]:
    """(key, ascending positions) for each distinct key, in the order of the keys."""
    if isinstance(keys, np.ndarray) and keys.dtype.kind in "biu":
        distinct, codes = np.unique(keys, return_inverse=True)
        yield from zip(distinct.tolist(), _positions(codes.ravel(), distinct.size), strict=True)
        return
    listed = keys.tolist() if isinstance(keys, np.ndarray) else keys
    place: dict[Any, int] = dict(zip(dict.fromkeys(listed), count(), strict=False))
    codes = np.fromiter(map(place.__getitem__, listed), np.intp, len(listed))
    rows = _positions(codes, len(place))
    for key in sorted(place):
        yield key, rows[place[key]]


def _positions(codes: NDArray[np.intp], size: int) -> list[NDArray[np.intp]]:
    """Ascending positions of each code below `size`, all of which occur."""
    ends = np.cumsum(np.bincount(codes, minlength=size))
    return np.split(np.argsort(codes, kind="stable"), ends[:-1]) if size else []
