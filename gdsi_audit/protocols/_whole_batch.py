"""What can be read by the column over all chunks of a batch: protocols with `columns`, `flights` or `sound`."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols._attention import Attention
from gdsi_audit.protocols._heads import Shelf
from gdsi_audit.protocols._heard import Said

Read = tuple[NDArray[np.void], str, Any]
"""(chunks, protocol, columns), as in Heard.columns."""


class WholeBatch:
    """Reads batches; each method gives the rows that need no other reading."""

    def __init__(self, shelf: Shelf, attention: Attention, said: Said, gaps: Counter[str], most_slots: int) -> None:
        self._shelf = shelf
        self._attention = attention
        self._said = said
        self._gaps = gaps
        self._stream_of_side = np.full(2 * most_slots, -1, np.int64)

    def read(
        self, data: NDArray[np.uint8], chunks: NDArray[np.void], claimed: NDArray[np.int16], sides: NDArray[np.int64]
    ) -> tuple[NDArray[np.bool_], list[Read]]:
        """Which of `chunks` are read, and the tables of those that are parsed by the column. `claimed`: row on the shelf, -1: none."""
        taken, columns = self._columns(data, chunks, claimed)
        taken |= self._flights(data, chunks, claimed, sides)
        taken |= self._sound(data, chunks, claimed)
        return taken, columns

    def _columns(self, data: NDArray[np.uint8], chunks: NDArray[np.void], claimed: NDArray[np.int16]) -> tuple[NDArray[np.bool_], list[Read]]:
        taken, read = np.zeros(chunks.size, np.bool_), []
        for index in self._claimed_with("columns", claimed):
            rows = np.flatnonzero(claimed == index)
            part = chunks[rows]
            columns = self._shelf.protocols[index].columns(data, part["offset"], part["length"])
            read.append((part, self._shelf.names[index], columns))
            taken[rows] = ~columns.messages["needs_parse"].astype(np.bool_)
        return taken, read

    def _flights(self, data: NDArray[np.uint8], chunks: NDArray[np.void], claimed: NDArray[np.int16], sides: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Streams that begin in this batch and say all they have to say in it."""
        taken = np.zeros(chunks.size, np.bool_)
        for index in self._claimed_with("flights", claimed):
            rows, first = self._streams(sides[claimed == index], sides)
            part = chunks[rows]
            flights = self._shelf.protocols[index].flights(data, part["offset"], part["length"], part["gap_bytes"], first)
            done = np.array(flights.done, np.bool_)
            self._attention.finish_all(part[first[:-1][done]])
            taken[rows] |= np.repeat(done, np.diff(first))
            self._said.all(rows[flights.rows], index, flights.bodies)
        return taken

    def _sound(self, data: NDArray[np.uint8], chunks: NDArray[np.void], claimed: NDArray[np.int16]) -> NDArray[np.bool_]:
        """Datagrams of which it is enough to know that they are sound: their bodies are left for whoever wants them."""
        taken = np.zeros(chunks.size, np.bool_)
        for index in self._claimed_with("sound", claimed):
            rows = np.flatnonzero(claimed == index)
            part = chunks[rows]
            sound = self._shelf.protocols[index].sound(data, part["offset"], part["length"])
            self._gaps[f"bad_{self._shelf.names[index]}"] += int(np.count_nonzero(~sound))
            bounds = zip(part["offset"][sound].tolist(), (part["offset"] + part["length"])[sound].tolist(), strict=True)
            view = data.data
            self._said.all(rows[sound], index, [bytes(view[begin:end]) for begin, end in bounds])
            taken[rows] = True
        return taken

    def _streams(self, begun: NDArray[np.int64], sides: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """Rows of the chunks of the sides `begun`, stream by stream, and where each stream begins among them, their end included."""
        self._stream_of_side[begun] = np.arange(begun.size)
        streams = self._stream_of_side[sides]
        self._stream_of_side[begun] = -1
        rows = np.flatnonzero(streams >= 0)
        rows = rows[np.argsort(streams[rows], kind="stable")]
        return rows, np.searchsorted(streams[rows], np.arange(begun.size + 1))

    def _claimed_with(self, ability: str, claimed: NDArray[np.int16]) -> list[int]:
        found = np.flatnonzero(np.bincount(claimed + 1)) - 1
        return [index for index in found.tolist() if index >= 0 and hasattr(self._shelf.protocols[index], ability)]
