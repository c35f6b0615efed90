"""Messages kept for detectors: bounded, held by the column, made into objects when somebody asks for those of a protocol."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Message
from gdsi_audit.protocols._heard import Heard
from gdsi_audit.tables.distinct import ordinals
from gdsi_audit.tables.stored_table import picked

MOST_MESSAGES = 200_000
"""All protocols together; more are counted, and still name their flows."""
SHARE_OF_PROTOCOL = 3
"""One protocol has so great a part of the room at most, so that the commonest leaves the others some."""
MOST_MESSAGES_PER_FLOW = 64
MOST_ROUTINE_MESSAGES_PER_FLOW = 16
"""Of bodies that call themselves `routine` (a controller polled every second), so that the one that matters still finds room."""

PLACE = ("flow", "frame", "time", "capture", "from_responder")
"""What is kept of CHUNKS."""


class Messages(Mapping[str, Sequence[Message]]):
    """By protocol, in the order of hearing. Of where a message ended PLACE is kept."""

    def __init__(self, most_slots: int, *, most: int = MOST_MESSAGES, most_per_flow: int = MOST_MESSAGES_PER_FLOW) -> None:
        self.dropped = 0
        self._most, self._most_per_flow = most, most_per_flow
        self._kept: Counter[int] = Counter()
        self.kept_until: dict[str, int] = {}
        """By protocol, UTC nanoseconds: of what came then or later some is dropped, for want of room."""
        self._owner = np.full(most_slots, -1, np.int64)
        self._of_flow = np.zeros(most_slots, np.int32)
        """Messages so far of the flow that has the slot now."""
        self._routine_of_flow = np.zeros(most_slots, np.int32)
        self._heard: dict[str, list[Heard]] = defaultdict(list)
        self._made: dict[str, list[Message]] = {}

    def add(self, heard: Heard) -> None:
        """Keeps what fits."""
        rows = self._within_bounds(heard) if heard.bodies else np.empty(0, np.intp)
        self.dropped += len(heard.bodies) - rows.size
        for index in np.unique(heard.protocols[rows]).tolist():
            protocol = heard.shelf.names[index]
            own = rows[heard.protocols[rows] == index]
            bodies = [heard.bodies[row] for row in own.tolist()]
            self._heard[protocol].append(Heard(heard.shelf, picked(heard.chunks, PLACE, own), heard.protocols[own], bodies))
            self._made.pop(protocol, None)

    def _within_bounds(self, heard: Heard) -> NDArray[np.intp]:
        """Rows of the messages that may still be kept, of their flow and of all."""
        slots, serials = heard.chunks["slot"].astype(np.int64), heard.chunks["serial"]
        fresh = slots[self._owner[slots] != serials]
        self._of_flow[fresh] = self._routine_of_flow[fresh] = 0
        self._owner[slots] = serials
        rows = np.delete(np.arange(slots.size), self._surplus(_routine(heard), slots))
        before = self._of_flow[slots[rows]] + ordinals(slots[rows])
        np.add.at(self._of_flow, slots[rows], 1)
        return self._with_room(heard, rows[before < self._most_per_flow])

    def _with_room(self, heard: Heard, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """The first of `rows` that there is room for, of their protocol and of all."""
        kept = []
        for index in np.unique(heard.protocols[rows]).tolist():
            own = rows[heard.protocols[rows] == index]
            room = min(self._most - self._kept.total(), self._most // SHARE_OF_PROTOCOL - self._kept[index])
            self._kept[index] += min(own.size, room)
            kept.append(own[:room])
            if own.size > room:
                name, time = heard.shelf.names[index], int(heard.chunks["time"][own[room:]].min())
                self.kept_until[name] = min(time, self.kept_until.get(name, time))
        return np.sort(np.concatenate(kept)) if kept else rows

    def _surplus(self, routine: NDArray[np.intp], slots: NDArray[np.int64]) -> NDArray[np.intp]:
        """Which of the routine messages are more than enough of their flow."""
        if not routine.size:
            return routine
        before = self._routine_of_flow[slots[routine]] + ordinals(slots[routine])
        np.add.at(self._routine_of_flow, slots[routine], 1)
        return routine[before >= MOST_ROUTINE_MESSAGES_PER_FLOW]

    def __getitem__(self, protocol: str) -> Sequence[Message]:
        if protocol not in self._made:
            if protocol not in self._heard:
                raise KeyError(protocol)
            self._made[protocol] = [message for heard in self._heard[protocol] for message in heard.messages]
        return self._made[protocol]

    def heard(self, protocol: str) -> Heard:
        """All that is kept of `protocol`, by the column, in the order of hearing. Raises KeyError where there is nothing."""
        parts = self._heard.get(protocol)
        if not parts:
            raise KeyError(protocol)
        if len(parts) > 1:
            chunks, protocols = (np.concatenate(columns) for columns in zip(*((part.chunks, part.protocols) for part in parts), strict=True))
            parts[:] = [Heard(parts[0].shelf, chunks, protocols, [body for part in parts for body in part.bodies])]
        return parts[0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._heard)

    def __len__(self) -> int:
        return len(self._heard)


class Unread(NamedTuple):
    """Messages of one protocol as far as they were read: nothing more is made of them."""

    flow: NDArray[np.int64]
    from_responder: NDArray[np.bool_]
    time: NDArray[np.int64]
    bodies: list[Any]
    """The parser's own, or the datagram where nobody has parsed it."""


def unread(messages: Mapping[str, Sequence[Message]], protocol: str) -> Unread:
    """Of a device's `messages`, for who looks at many of which few matter."""
    heard = getattr(messages, "heard", None)
    if heard is not None and protocol in messages:
        said: Heard = heard(protocol)
        return Unread(said.chunks["flow"], said.chunks["from_responder"] == 1, said.chunks["time"], said.bodies)
    given = messages.get(protocol, ())
    flow, time = (np.array([getattr(one, name) for one in given], np.int64) for name in ("flow", "time"))
    return Unread(flow, np.array([one.from_responder for one in given], np.bool_), time, [one.body for one in given])


def _routine(heard: Heard) -> NDArray[np.intp]:
    """Rows of the bodies that call themselves routine, of the protocols that have such."""
    of_protocol = [index for index in np.unique(heard.protocols).tolist() if getattr(heard.shelf.protocols[index], "HAS_ROUTINE", False)]
    rows = np.flatnonzero(np.isin(heard.protocols, of_protocol)) if of_protocol else np.empty(0, np.intp)
    return np.array([row for row in rows.tolist() if heard.bodies[row].routine], np.intp)
