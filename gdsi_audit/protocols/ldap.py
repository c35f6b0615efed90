"""LDAP: how a client binds (RFC 4511 section 4.2). What it then asks is not read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore
from gdsi_audit.protocols._ber import INTEGER, OCTET_STRING, SEQUENCE, CutError, element
from gdsi_audit.wire_text import WireText, display

TRANSPORT = "tcp"

BIND, SIMPLE, SASL = 0x60, 0x80, 0xA3
LONGEST_BIND_BYTES = 16_000


@dataclass(frozen=True, slots=True)
class LdapBind:
    """The password is not kept."""

    kind: str
    """simple; of SASL the mechanism in lower case."""
    user: WireText
    """Distinguished name; empty: anonymous, or SASL's own matter."""
    secret_bytes: int
    """-1: SASL."""
    satisfied: bool = True


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """A client's message whose operation is a bind of version 2 or 3."""
    found = np.zeros(heads.length.size, np.bool_)
    for row in np.flatnonzero((heads.bytes[:, 0] == SEQUENCE) & (heads.from_responder == 0) & (heads.length >= 14)):
        found[row] = _binds(heads.bytes[row].tobytes())
    return found


def parse(data: bytes, *, from_responder: bool) -> tuple[LdapBind, int] | NeedMore:
    """The bind request and its bytes. Raises ValueError."""
    del from_responder
    try:
        whole = element(data, 0, SEQUENCE)
    except CutError:
        if len(data) > LONGEST_BIND_BYTES:
            raise
        return NEED_MORE
    bind = element(whole.value, element(whole.value, 0, INTEGER).behind, BIND).value
    name = element(bind, element(bind, 0, INTEGER).behind, OCTET_STRING)
    choice = element(bind, name.behind)
    if choice.tag == SASL:
        mechanism = element(choice.value, 0, OCTET_STRING).value
        return LdapBind(str(display(mechanism)).lower(), WireText(""), -1), whole.behind
    if choice.tag != SIMPLE:
        raise ValueError(f"no authentication of LDAP: tag {choice.tag:#04x}")
    return LdapBind("simple", display(name.value), len(choice.value)), whole.behind


def _binds(head: bytes) -> bool:
    """30 length, 02 length message number, 60 length, 02 01 version."""
    place = 2 + (head[1] & 0x7F if head[1] & 0x80 else 0)
    if place > 5 or head[place] != INTEGER or not 1 <= head[place + 1] <= 4:
        return False
    place += 2 + head[place + 1]
    if head[place] != BIND:
        return False
    place += 2 + (head[place + 1] & 0x7F if head[place + 1] & 0x80 else 0)
    return head[place : place + 2] == b"\2\1" and head[place + 2 : place + 3] in (b"\2", b"\3")
