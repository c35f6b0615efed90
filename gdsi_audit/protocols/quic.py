"""QUIC: versions 1 and 2, drafts 22 to 34, mvfst and Google's own. Initial packets hide their content from nobody, so the hello in them is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore, _gquic
from gdsi_audit.protocols import _quic_packet as layout
from gdsi_audit.protocols._client_hello import ClientHello, client_hello, cut_client_hello
from gdsi_audit.protocols._column import is_one_of
from gdsi_audit.protocols._gquic import GquicHello
from gdsi_audit.protocols._handshake import CLIENT_HELLO, LARGEST_MESSAGE_BYTES, SERVER_HELLO, ServerHello
from gdsi_audit.protocols._handshake import server_hello as read_server_hello
from gdsi_audit.protocols._quic_packet import Packet, packets, version_name

if TYPE_CHECKING:
    from gdsi_audit.protocols._quic_initial import Opened

__all__ = ["GquicHello", "LongHeader", "QuicInitial", "VersionNegotiation", "parse", "recognise", "server_hello"]

TRANSPORT = "udp"
EVERY_DATAGRAM = False
MOST_DATAGRAMS = 16


@dataclass(frozen=True, slots=True)
class QuicInitial:
    """The Initial packets of one side."""

    version: str
    """As `1`, `2`, `draft-29`, `T051`, or hexadecimal."""
    dcid: str
    """Hexadecimal. Of the client's first packet that could be opened: `server_hello` wants it."""
    scid: str
    client_hello: ClientHello | None
    """None: the server's side, a version without a known salt, or too little of it captured. It may be `cut`."""
    number: int = -1
    """Of that first packet; -1: not known. A client's packets count from 0, which one that is sent again does not have."""

    satisfied = True

    def names(self) -> Iterator[tuple[str, str]]:
        """(server name, "quic-sni"), where one is shown."""
        if self.client_hello:
            yield from self.client_hello.names()


@dataclass(frozen=True, slots=True)
class LongHeader:
    """A packet that only its header tells of: 0-RTT, Handshake or Retry without an Initial before it."""

    kind: str
    version: str
    dcid: str
    scid: str

    satisfied = True


@dataclass(frozen=True, slots=True)
class VersionNegotiation:
    """What a server would speak (RFC 9000 section 17.2.1)."""

    dcid: str
    scid: str
    versions: tuple[str, ...]

    satisfied = True


Body = QuicInitial | LongHeader | VersionNegotiation | GquicHello


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """Datagrams that begin with a long header of a known version, with a Version Negotiation, or with Google's public header."""
    begin = heads.bytes.astype(np.int64)
    version = begin[:, 1] << 24 | begin[:, 2] << 16 | begin[:, 3] << 8 | begin[:, 4]
    known = is_one_of(version, (layout.VERSION_1, layout.VERSION_2, layout.VERSION_2_DRAFT, layout.Q050, layout.T050, layout.T051, *layout.MVFST))
    known |= (version >= layout.FIRST_DRAFT) & (version <= layout.LAST_DRAFT)
    # RFC 9000 section 14.1: a client's first datagram is never smaller.
    known |= (version & 0x0F0F0F0F == 0x0A0A0A0A) & (heads.length >= 1200)
    # A list of versions, each of four bytes, behind both connection ids.
    scid_at = 6 + begin[:, 5]
    scid_bytes = begin[np.arange(len(begin)), np.minimum(scid_at, begin.shape[1] - 1)]
    listed = heads.length - scid_at - 1 - scid_bytes
    negotiation = (version == 0) & (begin[:, 0] >= 0x80) & (begin[:, 5] + scid_bytes > 0) & (listed >= 4) & (listed % 4 == 0) & (scid_bytes <= 20)
    is_long = (begin[:, 0] & 0xC0 == 0xC0) & (begin[:, 5] <= layout.LONGEST_CONNECTION_ID_BYTES) & (heads.length >= 16)
    negotiation &= (begin[:, 5] <= layout.LONGEST_CONNECTION_ID_BYTES) & (heads.length >= 16)
    long_headers: NDArray[np.bool_] = (is_long & known) | negotiation
    return long_headers | _gquic.recognise(heads)


def parse(datagrams: list[bytes], *, from_responder: bool, final: bool = False) -> Body | NeedMore:
    """What the datagrams of one direction, in the order captured, say.

    Of the responder nothing can be opened without the client's first connection id (see `server_hello`): its headers alone make the body.
    `final`: no more datagrams will follow. Raises ValueError where the first datagram is no QUIC.
    """
    named = _gquic.version(datagrams[0])
    if named and named != version_name(layout.Q050):
        return _gquic.hello(datagrams[0], named)
    read, is_under_way = _all_packets(datagrams)
    first = read[0]
    if first.kind == "Version Negotiation":
        return _negotiation(first)
    initials = [packet for packet in read if packet.kind == "Initial"]
    handshake, opened = _crypto_bytes(initials, "client", (packet.dcid for packet in initials))
    if opened and handshake:
        hello = _hello(handshake, opened)
        if hello:
            return hello
    if not (from_responder or final or is_under_way or first.kind == "Retry" or len(datagrams) >= MOST_DATAGRAMS):
        return NEED_MORE
    if not initials:
        return LongHeader(first.kind, version_name(first.version), first.dcid.hex(), first.scid.hex())
    return _initial(opened.packet if opened else initials[0], _cut_hello(handshake), opened)


def server_hello(datagrams: list[bytes], client_dcid: str) -> ServerHello | NeedMore:
    """The ServerHello in the responder's Initial packets; `client_dcid` is `QuicInitial.dcid` of the originator. Raises ValueError."""
    read, _ = _all_packets(datagrams)
    initials = [packet for packet in read if packet.kind == "Initial"]
    handshake, _ = _crypto_bytes(initials, "server", [bytes.fromhex(client_dcid)])
    body = _message(handshake, SERVER_HELLO)
    return NEED_MORE if body is None else read_server_hello(body)


def _all_packets(datagrams: list[bytes]) -> tuple[list[Packet], bool]:
    """All long-header packets, and whether some show that keys beyond the Initial ones are in use."""
    read, is_under_way = packets(datagrams[0])
    if not read:
        raise ValueError("the first datagram has no QUIC long header")
    for datagram in datagrams[1:MOST_DATAGRAMS]:
        try:
            more, has_short = packets(datagram)
        except ValueError:
            # One bad datagram among good ones: the rest still says something.
            continue
        read += more
        is_under_way |= has_short
    return read, is_under_way or any(packet.kind == "Handshake" for packet in read)


def _hello(handshake: bytes, opened: Opened) -> QuicInitial | GquicHello | None:
    """The client's hello when it is whole. Raises ValueError for one that cannot be."""
    if opened.packet.version == layout.Q050:
        return _gquic.hello(handshake, version_name(opened.packet.version))
    body = _message(handshake, CLIENT_HELLO)
    return None if body is None else _initial(opened.packet, client_hello(body, "q"), opened)


def _cut_hello(handshake: bytes) -> ClientHello | None:
    """What the beginning of a hello says whose rest was not captured."""
    try:
        return cut_client_hello(handshake[4:], "q")
    except ValueError:
        return None


def _message(handshake: bytes, kind: int) -> bytes | None:
    """The body of the first handshake message, None while it is not whole. Raises ValueError where it is another."""
    if not handshake:
        return None
    size = int.from_bytes(handshake[1:4])
    if handshake[0] != kind or size > LARGEST_MESSAGE_BYTES:
        raise ValueError(f"the CRYPTO bytes begin with {handshake[:4].hex(' ')}, which is no message of type {kind}")
    return handshake[4 : 4 + size] if len(handshake) >= 4 + size else None


def _initial(packet: Packet, hello: ClientHello | None, opened: Opened | None) -> QuicInitial:
    number = opened.number if opened and hello else -1
    return QuicInitial(version_name(packet.version), packet.dcid.hex(), packet.scid.hex(), hello, number)


def _crypto_bytes(initials: list[Packet], side: str, dcids: Iterable[bytes]) -> tuple[bytes, Opened | None]:
    # Ciphers are loaded with the first Initial packet.
    from gdsi_audit.protocols._quic_initial import crypto_bytes

    return crypto_bytes(initials, side, dcids)


def _negotiation(packet: Packet) -> VersionNegotiation:
    listed = packet.datagram[packet.payload :]
    versions = [int.from_bytes(listed[at : at + 4]) for at in range(0, len(listed) - 3, 4)]
    if not any(layout.is_known(version) or layout.is_reserved(version) or version_name(version)[0] in "QT" for version in versions):
        raise ValueError(f"none of the {len(versions)} versions listed from offset {packet.payload} is one of QUIC's")
    return VersionNegotiation(packet.dcid.hex(), packet.scid.hex(), tuple(map(version_name, versions)))
