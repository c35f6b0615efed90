"""Long headers of QUIC (RFC 8999, RFC 9000 section 17.2, RFC 9369 for version 2, drafts 22 to 34, and Google's versions of the same layout)."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST_CONNECTION_ID_BYTES = 20
MOST_COALESCED = 8
"""More packets than this in one datagram are not read."""

NEGOTIATION = 0
VERSION_1, VERSION_2 = 0x00000001, 0x6B3343CF
VERSION_2_DRAFT = 0x709A50C4
FIRST_DRAFT, LAST_DRAFT = 0xFF000016, 0xFF000022
Q050, T050, T051 = 0x51303530, 0x54303530, 0x54303531
MVFST = (0xFACEB001, 0xFACEB002, 0xFACEB00E)

KINDS = ("Initial", "0-RTT", "Handshake", "Retry")


@dataclass(frozen=True, slots=True)
class Packet:
    """One long-header packet as it lies in its datagram."""

    kind: str
    """One of KINDS, or `Version Negotiation`."""
    version: int
    dcid: bytes
    scid: bytes
    datagram: bytes
    begin: int
    payload: int
    """Where the packet number begins (Initial); where the versions begin (Version Negotiation)."""
    end: int
    """Behind the end of the datagram where the capture cut it."""


def is_google_framed(version: int) -> bool:
    """Whether its frames are those of Google's QUIC, though its packets are laid out as the IETF's."""
    return version in (Q050, T050, T051)


def is_reserved(version: int) -> bool:
    """Versions that exist to make servers negotiate (RFC 9000 section 15)."""
    return version & 0x0F0F0F0F == 0x0A0A0A0A


def is_known(version: int) -> bool:
    """Versions whose long headers are laid out as read here."""
    return version in (VERSION_1, VERSION_2, VERSION_2_DRAFT, Q050, T050, T051, *MVFST) or FIRST_DRAFT <= version <= LAST_DRAFT


def version_name(version: int) -> str:
    """`1`, `2`, `draft-29`, `Q046`, `T051`; hexadecimal for others."""
    if version in (VERSION_1, VERSION_2):
        return "1" if version == VERSION_1 else "2"
    if version >> 8 == 0xFF0000:
        return f"draft-{version & 0xFF}"
    text = version.to_bytes(4)
    return text.decode() if text[:1] in b"QT" and text[1:].isdigit() else f"0x{version:08x}"


def packets(datagram: bytes) -> tuple[list[Packet], bool]:
    """The long-header packets coalesced in a datagram (RFC 9000 section 12.2), and whether a short-header packet begins it or follows them.

    Raises ValueError where the first of them does not fit. Others with another connection id are not of this connection, and end the list.
    """
    if datagram and not datagram[0] & 0x80:
        return [], True
    found = [packet(datagram, 0)]
    while found[-1].end < len(datagram) and len(found) < MOST_COALESCED:
        at = found[-1].end
        if not datagram[at] & 0x80:
            # Zeroes behind the last packet are padding that some clients put there.
            return found, bool(datagram[at] & 0x40)
        try:
            following = packet(datagram, at)
        except ValueError:
            break
        if following.dcid != found[0].dcid:
            break
        found.append(following)
    return found, False


def packet(datagram: bytes, begin: int) -> Packet:
    """The long-header packet at `begin`. Raises ValueError."""
    if len(datagram) < begin + 7 or not datagram[begin] & 0x80:
        raise ValueError(f"no QUIC long header at offset {begin} of {len(datagram)} bytes")
    version = int.from_bytes(datagram[begin + 1 : begin + 5])
    dcid, at = _connection_id(datagram, begin + 5)
    scid, at = _connection_id(datagram, at)
    if version == NEGOTIATION:
        return Packet("Version Negotiation", version, dcid, scid, datagram, begin, at, len(datagram))
    bits = datagram[begin] >> 4 & 3
    kind = KINDS[(bits - 1) % 4 if version in (VERSION_2, VERSION_2_DRAFT) else bits]
    whole = Packet(kind, version, dcid, scid, datagram, begin, at, len(datagram))
    if kind == "Retry" or not (is_known(version) or is_reserved(version)):
        return whole
    try:
        payload, end = _length_field(datagram, at, kind)
    except ValueError:
        if is_known(version):
            raise
        # What follows the connection ids of a reserved version is anybody's choice (RFC 8999 section 5.1).
        return whole
    return Packet(kind, version, dcid, scid, datagram, begin, payload, end)


def _length_field(datagram: bytes, at: int, kind: str) -> tuple[int, int]:
    """Where the packet number begins, and the end of the packet. Raises ValueError."""
    if kind == "Initial":
        token_bytes, at = varint(datagram, at)
        at += token_bytes
    size, at = varint(datagram, at)
    return at, at + size


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length integer (RFC 9000 section 16) and the place behind it. Raises ValueError where it is cut."""
    if at >= len(data):
        raise ValueError(f"a variable-length integer should begin at offset {at} of {len(data)} bytes")
    size = 1 << (data[at] >> 6)
    if at + size > len(data):
        raise ValueError(f"the variable-length integer at offset {at} is cut")
    return int.from_bytes(data[at : at + size]) & ((1 << (8 * size - 2)) - 1), at + size


def _connection_id(datagram: bytes, at: int) -> tuple[bytes, int]:
    size = datagram[at] if at < len(datagram) else LONGEST_CONNECTION_ID_BYTES + 1
    if size > LONGEST_CONNECTION_ID_BYTES or at + 1 + size > len(datagram):
        raise ValueError(f"the QUIC connection id at offset {at} does not fit")
    return datagram[at + 1 : at + 1 + size], at + 1 + size
