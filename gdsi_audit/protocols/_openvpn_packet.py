"""The resets that open an OpenVPN session, as far as they can be told: plain, authenticated (tls-auth) or encrypted (tls-crypt).

Layouts are those of the project's own description ("OpenVPN Wire Protocol", draft) and of its manual on `--tls-crypt`.
"""

from __future__ import annotations

from dataclasses import dataclass

from gdsi_audit.protocols import NEED_MORE, NeedMore

CLIENT_V2, SERVER_V2, CLIENT_V3 = 7, 8, 10
RESETS = frozenset({CLIENT_V2, SERVER_V2, CLIENT_V3})
CLIENT = frozenset({CLIENT_V2, CLIENT_V3})
PLAIN_CLIENT_BYTES, PLAIN_SERVER_BYTES = 14, 26
DIGEST_BYTES = (16, 20, 28, 32, 48, 64)
TLS_CRYPT_BYTES = (54, 66)
"""Of a client's and of a server's reset, its acknowledgement inside."""
SMALLEST_WRAPPED_BYTES = 290
"""tls-crypt-v2 sends the client's own key along."""
EARLIEST, LATEST = 1_000_000_000, 4_000_000_000
"""Instants that a packet may say it was sent at."""


@dataclass(frozen=True, slots=True)
class OpenVpnReset:
    """A session begins."""

    opcode: int
    """7 and 10 are a client's, 8 is a server's."""
    session: str
    """The sender's session id in hexadecimal."""
    protection: str
    """none, tls-auth, tls-crypt, tls-crypt-v2."""

    satisfied = True


def sizes(opcode: int) -> frozenset[int]:
    """What a reset may measure."""
    plain = PLAIN_CLIENT_BYTES if opcode in CLIENT else PLAIN_SERVER_BYTES
    return frozenset({plain, TLS_CRYPT_BYTES[opcode not in CLIENT], *(plain + digest + 8 for digest in DIGEST_BYTES)})


def begins(head: bytes, length: int) -> bool:
    """Whether a packet of `length` bytes that starts with `head` may be a reset. Where a digest hides the rest, its end has to tell."""
    opcode = head[0] >> 3 if head else 0
    sized = length >= SMALLEST_WRAPPED_BYTES if opcode == CLIENT_V3 else length in sizes(opcode)
    if opcode not in RESETS or head[0] & 7 or not sized or not any(head[1:9]):
        return False
    return length > len(head) or bool(_protection(opcode, head[:length]))


def reset(packet: bytes) -> OpenVpnReset | NeedMore:
    """The reset in one packet; NEED_MORE where it has a reset's size and not its insides. Raises ValueError where it cannot be one."""
    if not begins(packet[:9], len(packet)) and not begins(packet, len(packet)):
        raise ValueError(f"no OpenVPN reset at offset 0 of {len(packet)} bytes")
    opcode = packet[0] >> 3
    protection = _protection(opcode, packet)
    return OpenVpnReset(opcode, packet[1:9].hex(), protection) if protection else NEED_MORE


def _protection(opcode: int, packet: bytes) -> str:
    if opcode == CLIENT_V3:
        return "tls-crypt-v2" if len(packet) >= SMALLEST_WRAPPED_BYTES and _is_stamp(packet[9:17]) else ""
    plain = PLAIN_CLIENT_BYTES if opcode in CLIENT else PLAIN_SERVER_BYTES
    if len(packet) == plain:
        return "none" if _is_tail(opcode, packet[9:]) else ""
    if len(packet) == TLS_CRYPT_BYTES[opcode not in CLIENT] and _is_stamp(packet[9:17]):
        return "tls-crypt"
    digest = len(packet) - plain - 8
    behind = packet[9 + digest :]
    fits = digest in DIGEST_BYTES and _is_stamp(behind[:8]) and _is_tail(opcode, behind[8:])
    return "tls-auth" if fits else ""


def _is_stamp(data: bytes) -> bool:
    """A replay counter that has hardly begun, and the time."""
    number, time = int.from_bytes(data[:4]), int.from_bytes(data[4:])
    return 1 <= (number & 0x0FFFFFFF) <= 64 and EARLIEST <= time <= LATEST


def _is_tail(opcode: int, data: bytes) -> bool:
    """What is acknowledged, and the number of the message: a client's first acknowledges nothing, a server's one message of a session."""
    if opcode in CLIENT:
        return data[0] == 0 and data[1:] == bytes(4)
    return data[0] == 1 and data[1:5] == bytes(4) and any(data[5:13]) and data[13:] == bytes(4)
