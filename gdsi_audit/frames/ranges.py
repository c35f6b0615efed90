"""Frames as ranges, in eight bytes each: an audit may cite millions of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray


class Ranges(Sequence[tuple[int, int]]):
    """(first frame, last frame), ascending. Equal to any sequence of the same pairs."""

    __slots__ = ("_packed",)

    def __init__(self, pairs: Iterable[tuple[int, int]] | NDArray[np.integer]) -> None:
        self._packed = np.array(pairs if isinstance(pairs, np.ndarray) else list(pairs), np.uint32).tobytes()

    @property
    def frame_count(self) -> int:
        """Frames in all of them."""
        bounds = self._bounds()
        return int((bounds[:, 1] - bounds[:, 0]).sum(dtype=np.int64)) + len(self)

    def _bounds(self) -> NDArray[np.uint32]:
        """Shape (ranges, 2)."""
        return np.frombuffer(self._packed, np.uint32).reshape(-1, 2)

    def __len__(self) -> int:
        return len(self._packed) // 8

    @overload
    def __getitem__(self, place: int) -> tuple[int, int]: ...
    @overload
    def __getitem__(self, place: slice) -> Ranges: ...
    def __getitem__(self, place: int | slice) -> tuple[int, int] | Ranges:
        if isinstance(place, slice):
            return Ranges(self._bounds()[place])
        first, last = self._bounds()[place].tolist()
        return first, last

    def __iter__(self) -> Iterator[tuple[int, int]]:
        bounds = self._bounds()
        return zip(bounds[:, 0].tolist(), bounds[:, 1].tolist(), strict=True)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Ranges({list(self)})"


def by_capture(captures: NDArray[np.integer], frames: NDArray[np.integer]) -> list[tuple[int, Ranges]]:
    """(capture, its frames), ascending and each once, as FrameIndex.frames gives them; `captures` and `frames` stand side by side."""
    return [(capture, merged(np.unique(frames[captures == capture]))) for capture in np.unique(captures).tolist()]


def merged(numbers: NDArray[np.integer]) -> Ranges:
    """Ascending numbers as ranges: 1 2 3 7 gives (1, 3), (7, 7)."""
    if not numbers.size:
        return Ranges(())
    breaks = np.flatnonzero(np.diff(numbers) > 1)
    firsts = numbers[np.concatenate(([0], breaks + 1))]
    lasts = numbers[np.concatenate((breaks, [numbers.size - 1]))]
    return Ranges(np.stack((firsts, lasts), axis=1))
