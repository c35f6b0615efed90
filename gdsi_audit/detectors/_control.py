"""In which flows the device lets somebody else control it: those that it answers, and those in which it hands a shell out itself."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.detectors._control_sessions import ASKED, ENCRYPTED, READERS, SHORTEST_SSH_SESSION_BYTES, Session, shell_session
from gdsi_audit.detectors._flow_rows import row_of
from gdsi_audit.detectors._shells import Dialogue, dialogues
from gdsi_audit.protocols import Message
from gdsi_audit.protocols.ssh import OF_SERVER, SshPacket
from gdsi_audit.traffic import DeviceTraffic


def sessions(traffic: DeviceTraffic, rows: NDArray[np.intp]) -> Iterator[Session]:
    """Of the flows at `rows`, which the device answered."""
    flows = traffic.tables.flows
    called = frozenset(rows.tolist())
    yield from (shell_session(one) for one in dialogues(traffic) if one.row in called)
    wanted = [protocol for protocol in READERS if traffic.messages.get(protocol)]
    if not wanted or not called:
        return
    place = row_of(traffic)
    ports = flows["local_port"]
    for protocol in wanted:
        by_row: dict[int, list[Message]] = {}
        for message in traffic.messages[protocol]:
            row = place.get(message.flow, -1)
            if row in called:
                by_row.setdefault(row, []).append(message)
        for row, messages in by_row.items():
            session = READERS[protocol](row, messages, int(ports[row]), int(flows["up_bytes"][row]))
            if session is not None:
                yield session


def handed_out(traffic: DeviceTraffic, rows: NDArray[np.intp]) -> Iterator[Session]:
    """Shells that the device shows in other flows than those at `rows`, to whoever sends commands there."""
    called = frozenset(rows.tolist())
    flows = traffic.tables.flows
    for dialogue in dialogues(traffic):
        if dialogue.row not in called and flows["down_bytes"][dialogue.row] and _obeys(dialogue, _spoke_second(traffic, dialogue.row)):
            yield shell_session(dialogue)._replace(reverse=True)


def called_home(traffic: DeviceTraffic) -> Iterator[Session]:
    """SSH that the device serves where it was seen to call: for a relay that hands its callers on, say."""
    flows, place = traffic.tables.flows, row_of(traffic)
    calls = flows.is_any("initiator", ("device",)) & flows["device_is_originator"]
    served = [one for one in traffic.messages.get("ssh", ()) if isinstance(one.body, SshPacket) and one.body.number in OF_SERVER]
    for row in sorted({place.get(one.flow, -1) for one in served if not one.from_responder}):
        if row >= 0 and calls[row]:
            reached = ENCRYPTED if flows["up_bytes"][row] >= SHORTEST_SSH_SESSION_BYTES else ASKED
            yield Session(row, "secure shell", reached, "an SSH server", reverse=True)


def _obeys(dialogue: Dialogue, spoke_second: bool) -> bool:
    """Whether the text is a shell at work: a single prompt or output may as well be part of a log that the device sends."""
    turns = dialogue.prompts + dialogue.outputs
    return dialogue.has_shell and (turns >= 2 or (turns == 1 and (dialogue.commands > 0 or spoke_second)))


def _spoke_second(traffic: DeviceTraffic, row: int) -> bool:
    """Whether the other side said something before the device did: a client seldom lets its server begin, and then obeys."""
    flows = traffic.tables.flows
    own, other = ("D", "d") if flows["device_is_originator"][row] else ("d", "D")
    history = str(flows["history"][row])
    return other in history and (own not in history or history.index(other) < history.index(own))
