"""The decode stage: blocks of frames become batches of PACKETS rows, and every frame is booked."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.gap import SKIP_REASONS, Gap, Ledger
from gdsi_audit.kernels import bound
from gdsi_audit.packets import GAP_BITS, PACKETS, books, network, reassembly, step
from gdsi_audit.packets.ieee802_11 import MOST_SUBFRAMES
from gdsi_audit.packets.link import LINKS, find_protocol
from gdsi_audit.packets.link_types import LINKTYPE_ETHERNET
from gdsi_audit.readers import SPARE_BYTES, Frames
from gdsi_audit.wire_text import WireText, display

BATCH_ROWS = 32_768
LINKS_AT_ONCE = 8_192

_REASONS = ("", *SKIP_REASONS)


class Decoder:
    """Decodes the frames of consecutive captures. Memory is taken once: 6 MiB, and 9 MiB with the first fragment or tunnel."""

    def __init__(self) -> None:
        self._ledgers: dict[int, Ledger] = {}
        self._rows = np.zeros(BATCH_ROWS, PACKETS)
        self._links = np.zeros(LINKS_AT_ONCE + MOST_SUBFRAMES, LINKS)
        self._table: reassembly.Reassembly | None = None
        self._books = books.empty_books()
        self._state = np.zeros(books.STATE_PLACES, np.int64)
        self._state[books.FREE_PAGES] = reassembly.PAGES
        self._state[books.NOW] = books.NEVER
        self._step = np.zeros(step.STEP_PLACES, np.int64)
        self._walk = self._bound()
        self._captures: list[int] = []
        self._first_captures: dict[int, int] = {}

    def decode(self, frames: Frames) -> Iterator[NDArray[np.void]]:
        """Batches of PACKETS rows of one block, in frame order. A batch and its bytes in the spare room hold until the next is asked for."""
        self._enter(frames)
        written = looked_at = 0
        records, count = frames.records, len(frames.records)
        while looked_at < count:
            links, done, stop = None, looked_at, count
            if records[done]["linktype"] != LINKTYPE_ETHERNET:
                self._expect_rare()
                links, done = self._links, 0
                stop, looked_at = find_protocol(frames.data, records, looked_at, links)
            while done < stop:
                written, done = self._decode(frames, links, done, stop, written)
                if links is None:
                    looked_at = done
                    if done < stop and records[done]["linktype"] != LINKTYPE_ETHERNET:
                        break
                if done < stop:
                    yield self._rows[:written]
                    written = 0
                    self._state[books.SPARE_USED] = 0
        if written:
            yield self._rows[:written]

    @property
    def ledgers(self) -> dict[int, Ledger]:
        """By capture ordinal. `read` counts the frames given to `decode`; a capture's ledger is final once `finish` was called."""
        self._settle()
        return self._ledgers

    @property
    def apps(self) -> dict[int, WireText]:
        """Names of the first 1,024 apps, by the id in the column `app`."""
        names, seen = self._books.app_names, int(self._state[books.APPS_SEEN])
        return {int(self._books.app_ids[row]): display(names[row].tobytes().split(b"\0")[0]) for row in range(seen)}

    @property
    def observed_ns(self) -> int:
        """By how much the time of decoded frames went forward; a silence counts up to LONGEST_SILENCE_NS."""
        return int(self._state[books.OBSERVED_NS])

    @property
    def cut_pkts(self) -> int:
        """Rows that were cut by the snapshot length."""
        return int(self._books.oddities[books.CUT_BY_SNAPLEN.bit_length() - 1, 0])

    def finish(self) -> None:
        """No more frames will come: datagrams that still wait for fragments are booked as `fragment_unreassembled`."""
        if self._table is not None and self._state[books.LIVE]:
            reassembly.next_capture(self._table, self._books, self._state, True)

    def gaps(self) -> list[Gap]:
        """Oddities so far, by kind: those of GAP_BITS per packet, and what stopped the decoding inside a tunnel whose outer packet was decoded.

        `first_capture` is left empty: `first_captures` has its ordinal.
        """
        counted = [(kind, place) for place, kind in self._kinds().items() if self._books.oddities[place, 0]]
        rows = self._books.oddities
        return [Gap("packets", kind, int(rows[place, 0]), first_frame=int(rows[place, 1])) for kind, place in sorted(counted)]

    def first_captures(self) -> dict[str, int]:
        """Ordinal of the capture of each gap's first example, by kind."""
        self._settle()
        kinds = self._kinds()
        return {kinds[place]: capture for place, capture in sorted(self._first_captures.items())}

    def _decode(self, frames: Frames, links: NDArray[np.void] | None, done: int, stop: int, written: int) -> tuple[int, int]:
        """From the first frame on that needs it or is not Ethernet, everything goes through the kernel for rare traffic."""
        spare = frames.spare_offset, min(SPARE_BYTES, len(frames.data) - frames.spare_offset)
        written, done = self._walk(frames.data, *spare, frames.records, links, done, stop, written)
        if self._state[books.RARE]:
            self._state[books.RARE] = 0
            self._expect_rare()
            written, done = self._walk(frames.data, *spare, frames.records, links, done, stop, written)
        return written, done

    def _expect_rare(self) -> None:
        if self._table is None:
            self._table = reassembly.empty_table()
            self._walk = self._bound()

    def _bound(self) -> Callable[..., tuple[int, int]]:
        return bound(network.decode_links, self._rows, self._table, self._books, self._state, self._step)

    def _enter(self, frames: Frames) -> None:
        self._state[books.SPARE_USED] = 0
        if not self._captures or self._captures[-1] != frames.capture:
            if self._table is not None and self._state[books.LIVE]:
                reassembly.next_capture(self._table, self._books, self._state, False)
            self._settle()
            self._captures.append(frames.capture)
            self._ledgers.setdefault(frames.capture, Ledger())

    def _settle(self) -> None:
        """Moves what the kernels booked to the ledgers: of this capture, and of the one before, whose datagrams may be complete now."""
        if not self._captures:
            return
        state, booked = self._state, self._books.frames
        self._ledgers[self._captures[-1]].read += int(state[books.READ])
        self._ledgers[self._captures[-1]].read_bytes += int(state[books.READ_BYTES])
        state[books.READ] = state[books.READ_BYTES] = 0
        for age, capture in enumerate(reversed(self._captures[-2:])):
            ledger = self._ledgers[capture]
            ledger.decoded += int(booked[age, 0, 0])
            ledger.decoded_bytes += int(booked[age, 0, 1])
            for place in np.flatnonzero(booked[age, 1:, 0]) + 1:
                ledger.skip(_REASONS[place], int(booked[age, place, 0]), int(booked[age, place, 1]))
        booked[:] = 0
        for place in np.flatnonzero(self._books.oddities[:, 0]):
            self._first_captures.setdefault(int(place), self._captures[-1])

    @staticmethod
    def _kinds() -> dict[int, str]:
        bits = {bit.bit_length() - 1: kind for kind, bit in GAP_BITS.items()}
        inside = {
            books.GAP_PLACES + place: reason if reason.startswith("limit:") else f"tunnelled_{reason}"
            for place, reason in enumerate(_REASONS)
            if reason
        }
        return bits | inside
