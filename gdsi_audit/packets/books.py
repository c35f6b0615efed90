"""The packet kernels' books: what became of the frames, what was odd, which apps were named, and the state between calls."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.gap import SKIP_REASONS
from gdsi_audit.kernels import part
from gdsi_audit.packets import GAP_BITS
from gdsi_audit.packets.numbers import Integer
from gdsi_audit.packets.outcomes import FRAGMENT_UNREASSEMBLED, PENDING

APPS = 1024
"""Apps of which the name is kept."""

APP_NAME_BYTES = 20


class Books(NamedTuple):
    """What became of the frames, and what was odd on the way."""

    frames: NDArray[np.int64]
    """Shape (2, 1 + reasons, 2): frames and wire bytes of this capture and the one before, by outcome (0: decoded, else 1 + reason)."""
    oddities: NDArray[np.int64]
    """Shape (8 + 1 + reasons, 2): count and first frame, of each gap bit and of each reason met inside a tunnel."""
    apps: NDArray[np.int64]
    """App ids seen, in an open hash table of 2 * APPS; -1: free."""
    app_ids: NDArray[np.int64]
    app_names: NDArray[np.uint8]
    """Shape (APPS, APP_NAME_BYTES), in order of first sight; state[APPS_SEEN] are filled."""


BAD_IP_CHECKSUM = GAP_BITS["bad_ip_checksum"]
BAD_LENGTH = GAP_BITS["bad_length"]
ZERO_IP_LENGTH = GAP_BITS["zero_ip_length"]
CUT_BY_SNAPLEN = GAP_BITS["cut_by_snaplen"]
IP_OPTIONS = GAP_BITS["ip_options"]
GAP_PLACES = 8


# Places in `state`, which lives as long as the decoder.
(
    LIVE,  # datagrams in reassembly
    FREE_PAGES,
    SPARE_USED,
    FRAME_ROWS,  # of the frame under way
    APPS_SEEN,
    RARE,  # 1: the kernel for everyday traffic has met what it leaves to the other
    READ,  # frames since the books were carried over
    READ_BYTES,  # of these, on the wire
    NOW,  # latest time of a decoded frame
    OBSERVED_NS,  # by which it went forward, a silence counted up to LONGEST_SILENCE_NS
    OWED,  # and the three behind it: frames and bytes of this capture and the one before whose datagram is complete
) = range(11)
STATE_PLACES = OWED + 4
NEVER = np.iinfo(np.int64).min
LONGEST_SILENCE_NS = 3_600_000_000_000
"""Nothing shows that anyone listened for longer."""


def empty_books() -> Books:
    """Books in which nothing is noted yet."""
    outcomes = 1 + len(SKIP_REASONS)
    return Books(
        frames=np.zeros((2, outcomes, 2), np.int64),
        oddities=np.zeros((GAP_PLACES + outcomes, 2), np.int64),
        apps=np.full(2 * APPS, -1, np.int64),
        app_ids=np.zeros(APPS, np.int64),
        app_names=np.zeros((APPS, APP_NAME_BYTES), np.uint8),
    )


@part
def note_odd(books: Books, place: int, frame: int) -> None:
    if books.oddities[place, 0] == 0:
        books.oddities[place, 1] = frame
    books.oddities[place, 0] += 1


@part
def note_gaps(books: Books, gap: int, frame: int) -> None:
    """Counts each gap bit of a packet that is decoded."""
    for bit in range(GAP_PLACES):
        if (gap >> bit) & 1:
            note_odd(books, bit, frame)


@part
def note_app(books: Books, state: NDArray[np.int64], app: int, data: NDArray[np.uint8], name: int) -> None:
    """Keeps the name of an app at first sight."""
    mask = books.apps.size - 1
    place = (app * 0x9E3779B1) & mask
    while books.apps[place] != -1 and books.apps[place] != app:
        place = (place + 1) & mask
    seen = state[APPS_SEEN]
    if books.apps[place] == app or seen >= APPS:
        return
    books.apps[place] = app
    books.app_ids[seen] = app
    for index in range(APP_NAME_BYTES):
        books.app_names[seen, index] = data[name + index]
    state[APPS_SEEN] = seen + 1


@part
def settle(books: Books, state: NDArray[np.int64], record: Any, reason: int, shared: int) -> None:
    """Books a frame that is done by why nothing of it could be decoded (0: something was), and with it those whose datagram it completed.

    `shared`: not 0 where the link put several packets into it, none of which can be waited for alone.
    """
    state[READ] += 1
    state[READ_BYTES] += record.wire_bytes
    if state[FRAME_ROWS] > 0:
        reason = Integer(0)
        if record.time > state[NOW]:
            state[OBSERVED_NS] += min(record.time - state[NOW], LONGEST_SILENCE_NS) if state[NOW] != NEVER else 0
            state[NOW] = record.time
    elif reason == PENDING and shared:
        reason = FRAGMENT_UNREASSEMBLED
    if reason != PENDING:
        books.frames[0, reason, 0] += 1
        books.frames[0, reason, 1] += record.wire_bytes
        for column in range(4):
            books.frames[column >> 1, reason, column & 1] += state[OWED + column]
            state[OWED + column] = 0
    state[FRAME_ROWS] = 0
