"""Handshakes as clocks: how long an address took to answer the first packet that a device sent it.

TCP: from the SYN to the SYN-ACK, unless either was sent twice (Karn's rule). QUIC: from the client's first Initial to the first packet that answers
it, be it an Initial, a Retry or a Version Negotiation. Initials that are sent again, and a server that thinks first, only lengthen that, so that it
still bounds the distance from above; an Initial before the capture began would shorten it, so there must be none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from gdsi_audit.assembly.addresses import addresses
from gdsi_audit.assembly.perspective import Sides
from gdsi_audit.hosts.address_reach import GLOBAL, reaches
from gdsi_audit.packets import transport_words
from gdsi_audit.protocols import Message
from gdsi_audit.protocols.quic import LongHeader, QuicInitial, VersionNegotiation
from gdsi_audit.tables.stored_table import Table, picked

UDP = 17
FIELDS = ("flow", "transport", "resp_port", "start", "duplicate_pkts", "first_capture", "first_frame")
COARSEST_NS = 1_000_000_000
FIRST_NUMBER = 0
"""Of a client's Initial packets (RFC 9000, 12.3). Some begin with 1: those need silence before them."""
SILENCE_NS = 10_000_000_000
"""Longer than a client waits before it sends its Initial again, twice."""


class Handshake(NamedTuple):
    """One first packet of a device and what answered it."""

    rtt_s: float
    flow: int
    bound_s: float
    """The longest that it can have taken, for the steps of the clock."""
    address: str
    transport: str
    port: int
    words: str
    """`from SYN to SYN-ACK`."""
    pkts: int
    """First packets of the flow that show it; 0: the frames stand in `frames`."""
    frames: tuple[tuple[int, int], ...] = ()
    """(ordinal of the capture, frame)."""


def timed(rows: Table, seen: Sides, quic: Iterable[Message], shortest_s: float) -> list[Handshake]:
    """Handshakes that a device began with a global address and that took `shortest_s` or longer, shortest first. `rows` are CLOSED rows."""
    answers = _answers(rows, quic)
    rtt_ns, start = rows["handshake_rtt_ns"].copy(), rows["start"]
    for row, answer in answers.items():
        rtt_ns[row] = answer.time - start[row]
    hi, lo = seen.remote(rows, "hi"), seen.remote(rows, "lo")
    chosen = np.flatnonzero(seen.device_is_originator & (rtt_ns[seen.row] >= shortest_s * 1e9) & (reaches(hi, lo) == GLOBAL))
    code, words = addresses(hi[chosen], lo[chosen])
    step_ns = clock_step_ns(rows)
    found = []
    of = seen.row[chosen]
    for place, row, closed in zip(code.tolist(), of.tolist(), picked(rows, FIELDS, of), strict=True):
        taken_ns = int(rtt_ns[row])
        transport, port = transport_words.WORDS[int(closed["transport"])], int(closed["resp_port"])
        ends = (taken_ns / 1e9, int(closed["flow"]), (taken_ns + step_ns) / 1e9, words[place], transport, port)
        found.append(Handshake(*ends, *_shown(closed, answers.get(row))))
    return sorted(found)


def clock_step_ns(rows: Table) -> int:
    """The power of ten, in nanoseconds, that the time stamps of all CLOSED `rows` are multiples of: a time may be longer than measured by that."""
    instants = np.concatenate((rows["start"], rows["end"]))
    common = int(np.gcd.reduce(instants)) if instants.size else 1
    return max((10**power for power in range(10) if common % 10**power == 0 and 10**power <= COARSEST_NS), default=1)


def _shown(closed: np.void, answer: Message | None) -> tuple[str, int, tuple[tuple[int, int], ...]]:
    """(words, packets, frames) of one handshake. Where packets are captured twice, a copy of each stands beside it."""
    if answer is None:
        return "from SYN to SYN-ACK", 4 if closed["duplicate_pkts"] > 0 else 2, ()
    kind = {QuicInitial: "Initial", VersionNegotiation: "Version Negotiation"}.get(type(answer.body)) or answer.body.kind
    first = (int(closed["first_capture"]), int(closed["first_frame"]))
    return f"from the first QUIC Initial to the server's {kind}", 0, (first, (answer.capture, answer.frame))


def _answers(rows: Table, quic: Iterable[Message]) -> dict[int, Message]:
    """By row, the first packet of the server in a QUIC conversation whose beginning was seen; it names the connection that the client opened."""
    asked: dict[int, QuicInitial] = {}
    answered: dict[int, Message] = {}
    for message in sorted(quic, key=lambda each: (each.time, each.frame)):
        if message.from_responder and isinstance(message.body, QuicInitial | LongHeader | VersionNegotiation):
            answered.setdefault(message.flow, message)
        elif isinstance(message.body, QuicInitial):
            asked.setdefault(message.flow, message.body)
    return dict(_beginnings(rows, asked, answered)) if asked and answered else {}


def _beginnings(rows: Table, asked: dict[int, QuicInitial], answered: dict[int, Message]) -> Iterator[tuple[int, Message]]:
    since = {int(capture): int(rows["start"][rows["first_capture"] == capture].min()) for capture in np.unique(rows["first_capture"])}
    both = np.flatnonzero((rows["transport"] == UDP) & np.isin(rows["flow"], list(asked.keys() & answered.keys())))
    for row, closed in zip(both.tolist(), picked(rows, FIELDS, both), strict=True):
        hello, answer = asked[int(closed["flow"])], answered[int(closed["flow"])]
        is_first = hello.number == FIRST_NUMBER or closed["start"] - since[int(closed["first_capture"])] >= SILENCE_NS
        if is_first and answer.body.dcid == hello.scid and answer.time > closed["start"]:
            yield row, answer
