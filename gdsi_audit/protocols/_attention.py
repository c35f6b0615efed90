"""From which byte on something is still to be learnt of each direction of each flow; where nothing is, the flow table hears of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols._heads import Chunk

NEVER = 1 << 62
"""Beyond every byte of a stream."""

Want = Callable[[list[int], list[int], list[int], list[int]], None]
"""(slots, serials, directions, bytes wanted), as FlowTable.want takes them."""


class Attention:
    """Per side, which is 2 * slot + direction, the offset in the stream that reading begins at."""

    def __init__(self, want: Want, most_slots: int) -> None:
        self._want = want
        self._serial_in_slot = np.full(most_slots, -1, np.int64)
        self._begins = np.zeros(2 * most_slots, np.int64)
        self.begins = self._begins.data
        """By side, one at a time; NEVER: nothing more is to be learnt."""
        self._wants: list[tuple[int, int, int, int]] = []

    def meet(self, slots: NDArray[np.int64], serials: NDArray[np.int64]) -> None:
        """Forgets what was known of the flows that had these slots before."""
        fresh = slots[self._serial_in_slot[slots] != serials]
        self._begins[2 * fresh] = self._begins[2 * fresh + 1] = 0
        self._serial_in_slot[slots] = serials

    def reaches(self, sides: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of the chunks that end there hold something to learn."""
        reached: NDArray[np.bool_] = self._begins[sides] < ends
        return reached

    def skip_to(self, chunk: Chunk, offset: int) -> None:
        """What comes before `offset` says nothing."""
        self.begins[2 * chunk.slot + chunk.from_responder] = offset

    def finish(self, chunk: Chunk) -> None:
        """Nothing more is to be learnt from the direction of `chunk`, and its bytes need not be copied."""
        self.skip_to(chunk, NEVER)
        self._wants.append((chunk.slot, chunk.serial, chunk.from_responder, 0))

    def finish_all(self, begun: NDArray[np.void]) -> None:
        """As `finish`, for the directions of many chunks."""
        self._begins[2 * begun["slot"].astype(np.int64) + begun["from_responder"]] = NEVER
        rows: Iterable[tuple[int, int, int]] = zip(*(begun[name].tolist() for name in ("slot", "serial", "from_responder")), strict=True)
        self._wants.extend((*row, 0) for row in rows)

    def tell(self) -> None:
        """Hands on what is no longer wanted."""
        if self._wants:
            self._want(*map(list, zip(*self._wants, strict=True)))
            self._wants.clear()
