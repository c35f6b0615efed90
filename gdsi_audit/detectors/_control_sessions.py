"""What a session of each protocol gave to who controls the device: how far it came, and what shows that."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from gdsi_audit.detectors._operations import PROTOCOLS as CONTROLLERS
from gdsi_audit.detectors._shells import IN_WORDS, Dialogue
from gdsi_audit.protocols import Message, rfb

OPEN, GUARDED, ENCRYPTED, ASKED = "without a password", "behind a login", "encrypted", "no further than the login"
"""How far a session came."""
CHANGING_METHODS = ("POST", "PUT", "DELETE", "PATCH")
DISCOVERING = ("DESCRIBE", "SETUP", "PLAY", "ANNOUNCE", "RECORD")
MANAGEMENT_PORTS = (7547, 30005, 4567, 58000)
"""Where CPE WAN management waits for connection requests (TR-069 section 3.2.2); 7547 is the registered one."""
SHORTEST_SSH_SESSION_BYTES = 2_500
"""What a server sends in version, key exchange and authentication stays below it."""
_OPERATING_PATH = re.compile(r"/goform/|/cgi-bin/[^?]*\?.|[?&](?:cmd|command|exec|action)=|/(?:reboot|ptz|telnetd?)\b", re.IGNORECASE)


class Session(NamedTuple):
    """One flow in which the device was controlled."""

    row: int
    """Position in `tables.flows`."""
    kind: str
    """shell, secure shell, debug bridge, screen, stream, web requests, management, controller."""
    reached: str
    shows: str
    """In words, what was seen."""
    is_root: bool = False
    reverse: bool = False
    """The device called, or it was not seen who did, and it hands out a shell all the same."""


def shell_session(dialogue: Dialogue) -> Session:
    """What a terminal dialogue gave: a shell, with or without a password before it, or no more than a login."""
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
    return Session(row, "screen", OPEN if is_open else GUARDED, f"VNC that offers {', '.join(_security(kind) for kind in offered[:5])}")


def _security(kind: int) -> str:
    return rfb.SECURITY_TYPES.get(kind, f"security type {kind}")


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


def _controller(row: int, messages: list[Message], port: int, up_bytes: int) -> Session | None:
    changes = [message for message in messages if not message.from_responder and message.body.changes]
    if not changes or not any(message.from_responder for message in messages):
        return None
    kinds = ", ".join(list(dict.fromkeys(message.body.name for message in changes))[:5])
    return Session(row, "controller", OPEN, f"{CONTROLLERS[changes[0].protocol]} requests that change something answered ({kinds})")


Reader = Callable[[int, list[Message], int, int], Session | None]
READERS: Mapping[str, Reader] = {
    **{"ssh": _ssh, "adb": _adb, "rfb": _rfb, "rdp": _rdp, "rtsp": _rtsp, "http": _http, "snmp": _snmp},
    **dict.fromkeys(CONTROLLERS, _controller),
}
