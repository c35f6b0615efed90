"""Sessions in which the device lets somebody else control it, protocol by protocol."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.detectors._flow_rows import row_of
from gdsi_audit.detectors._shells import IN_WORDS, Dialogue, dialogues
from gdsi_audit.protocols import Message, rfb
from gdsi_audit.protocols.ssh import OF_SERVER, SshPacket
from gdsi_audit.traffic import DeviceTraffic

OPEN, GUARDED, ENCRYPTED, ASKED = "without a password", "behind a login", "encrypted", "no further than the login"
"""How far a session came."""
CHANGING_METHODS = ("POST", "PUT", "DELETE", "PATCH")
DISCOVERING = ("DESCRIBE", "SETUP", "PLAY", "ANNOUNCE", "RECORD")
MANAGEMENT_PORTS = (7547, 30005, 4567, 58000)
"""Where CPE WAN management waits for connection requests (TR-069 section 3.2.2); 7547 is the registered one."""
SHORTEST_SSH_SESSION_BYTES = 2_500
"""What a server sends in version, key exchange and authentication stays below it."""


class Session(NamedTuple):
    """One flow in which the device was controlled."""

    row: int
    """Position in `tables.flows`."""
    kind: str
    """shell, secure shell, debug bridge, screen, stream, web requests, management."""
    reached: str
    shows: str
    """In words, what was seen."""
    is_root: bool = False
    reverse: bool = False
    """The device called, or it was not seen who did, and it hands out a shell all the same."""


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


def shell_session(dialogue: Dialogue) -> Session:
    shows = " and ".join(filter(None, (", ".join(IN_WORDS[sign] for sign in dialogue.signs[:-1]), IN_WORDS[dialogue.signs[-1]])))
    if dialogue.has_shell:
        guarded = dialogue.asks_for_password
        return Session(dialogue.row, "shell", GUARDED if guarded else OPEN, shows, dialogue.is_root)
    return Session(dialogue.row, "shell", ASKED, shows)


def _ssh(row: int, messages: list[Message], port: int, up_bytes: int) -> Session | None:
    answered = any(message.from_responder for message in messages)
    if not answered:
        return None
    return Session(row, "secure shell", ENCRYPTED if up_bytes >= SHORTEST_SSH_SESSION_BYTES else ASKED, "SSH answered")


def _adb(row: int, messages: list[Message], port: int, up_bytes: int) -> Session | None:
    own = [message.body.command for message in messages if message.from_responder]
    services = sorted({message.body.service for message in messages if message.body.command == "open" and not message.from_responder})
    if "cnxn" in own or (services and "auth" not in own):
        opened = f", {', '.join(services[:5])} opened" if services else ""
        return Session(row, "debug bridge", GUARDED if "auth" in own or "stls" in own else OPEN, f"ADB connected{opened}", "root" in services)
    return Session(row, "debug bridge", ASKED, "ADB asks for a key") if "auth" in own else None


def _rfb(row: int, messages: list[Message], port: int, up_bytes: int) -> Session | None:
    offered = [kind for message in messages if message.from_responder for kind in getattr(message.body, "types", ())]
    taken = [kind for message in messages if not message.from_responder for kind in getattr(message.body, "types", ())]
    if not offered:
        return None
    is_open = rfb.NO_SECURITY in (taken or offered)
    return Session(row, "screen", OPEN if is_open else GUARDED, f"VNC with security {', '.join(map(str, offered[:5]))}")


def _rdp(row: int, messages: list[Message], port: int, up_bytes: int) -> Session | None:
    agreed = [message.body for message in messages if message.from_responder and message.body.confirms and not message.body.refused]
    return Session(row, "screen", ENCRYPTED, "a remote desktop was agreed to") if agreed else None


def _rtsp(row: int, messages: list[Message], port: int, up_bytes: int) -> Session | None:
    said = [message for message in messages if hasattr(message.body, "method")]
    asked = [message.body for message in said if not message.from_responder and message.body.method in DISCOVERING]
    granted = sum(1 for message in said if message.from_responder and message.body.status == 200)
    challenged = any(message.body.status == 401 for message in said)
    if not asked or not granted:
        return Session(row, "stream", ASKED, "RTSP asked for credentials") if challenged and asked else None
    guarded = any(body.authorization_scheme for body in asked)
    methods = ", ".join(dict.fromkeys(str(body.method) for body in asked))
    return Session(row, "stream", GUARDED if guarded else OPEN, f"RTSP {methods} granted") if granted > 1 or guarded or not challenged else None


def _http(row: int, messages: list[Message], port: int, up_bytes: int) -> Session | None:
    asked = [message.body for message in messages if not message.from_responder and hasattr(message.body, "method")]
    statuses = [
        message.body.status for message in messages if message.from_responder and hasattr(message.body, "status") and message.body.status >= 200
    ]
    granted = [body for body, status in zip(asked, statuses, strict=False) if 200 <= status < 300]
    changing = [body for body in granted if _changes(body)]
    if changing:
        guarded = all(body.authorization_scheme or body.cookie or b"Security>" in body.body_prefix for body in changing)
        methods = ", ".join(dict.fromkeys(str(body.method) for body in changing))
        return Session(row, "web requests", GUARDED if guarded else OPEN, f"HTTP {methods} accepted")
    if port in MANAGEMENT_PORTS and granted:
        guarded = any(body.authorization_scheme for body in granted)
        return Session(row, "management", GUARDED if guarded else OPEN, "a connection request of CPE WAN management accepted")
    return None


def _changes(request: Any) -> bool:
    """Whether a request changes something, as far as its method or its path tells."""
    if request.method in CHANGING_METHODS:
        return not request.upgrade
    return request.method == "GET" and bool(_OPERATING_PATH.search(request.target))


def _snmp(row: int, messages: list[Message], port: int, up_bytes: int) -> Session | None:
    changes = sum(1 for message in messages if not message.from_responder and message.body.operation == "set")
    answers = any(message.from_responder and message.body.operation == "response" for message in messages)
    return Session(row, "management", GUARDED, f"{changes:,} SNMP set requests answered") if changes and answers else None


_OPERATING_PATH = re.compile(r"/goform/|/cgi-bin/[^?]*\?.|[?&](?:cmd|command|exec|action)=|/(?:reboot|ptz|telnetd?)\b", re.IGNORECASE)

Reader = Callable[[int, list[Message], int, int], Session | None]
READERS: Mapping[str, Reader] = {"ssh": _ssh, "adb": _adb, "rfb": _rfb, "rdp": _rdp, "rtsp": _rtsp, "http": _http, "snmp": _snmp}


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
