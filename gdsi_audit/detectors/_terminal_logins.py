"""Logins over telnet and bare terminals: a password was asked for, and something was typed."""

from __future__ import annotations

from collections.abc import Iterator

from gdsi_audit.detectors._exchanges import by_flow
from gdsi_audit.detectors._secret_fields import CLEAR, Shown
from gdsi_audit.detectors._shells import PROTOCOLS
from gdsi_audit.protocols import Message
from gdsi_audit.protocols._terminal_text import PASSWORD, REFUSED, SHELL
from gdsi_audit.traffic import DeviceTraffic

KINDS = {"telnet": "telnet login", "terminal": "login over a bare connection", "terminal_udp": "login over bare datagrams"}


def terminal_logins(traffic: DeviceTraffic) -> Iterator[tuple[Message, Shown, bool]]:
    """(the prompt, what was typed, whether it was refused and nothing else) for each flow with a login."""
    for messages in by_flow(traffic, *PROTOCOLS).values():
        for place, message in enumerate(messages):
            if PASSWORD in message.body.signs:
                login = _login(messages, place)
                if login is not None:
                    yield message, login, _is_refused(messages)
                    break


def _login(messages: list[Message], place: int) -> Shown | None:
    """What was typed at the prompt in `place`; None: nothing that is seen."""
    side = messages[place].from_responder
    kind = KINDS[messages[place].protocol]
    typed = [size for one in messages[place + 1 :] if one.from_responder != side for size in getattr(one.body, "lines", ())]
    before = [size for one in messages[:place] if one.from_responder != side for size in getattr(one.body, "lines", ())]
    if typed:
        return Shown(kind, CLEAR, before[-1] if before else -1, typed[0])
    went_on = any(one.from_responder == side and one.body.signs for one in messages[place + 1 :]) or set(messages[place].body.signs) & set(SHELL)
    return Shown(kind, CLEAR, -1, -1) if went_on else None


def _is_refused(messages: list[Message]) -> bool:
    signs = {sign for message in messages for sign in message.body.signs}
    return REFUSED in signs and not signs & set(SHELL)
