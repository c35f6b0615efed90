"""A capture in the making: hosts, packets with right checksums, TCP connections as seen beside the client, and the pcap file they end in.

Times are seconds from the beginning of the capture. Nothing is random: what looks so comes from a seed.
"""

from __future__ import annotations

import hashlib
import random
import struct
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_ARP = 0x0800, 0x86DD, 0x0806
FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
POOL_BYTES = 16_384
FLIGHT = 24
"""Segments sent before the sender waits for their acknowledgement."""
SEGMENT_EVERY_S = 0.0005


@dataclass(frozen=True)
class Host:
    """One end: whoever is behind the router has the router's MAC."""

    mac: str
    ipv4: str
    ipv6: str
    ttl: int = 64

    def address(self, version: int) -> str:
        return self.ipv4 if version == 4 else self.ipv6


@dataclass(frozen=True)
class Frame:
    """What an Ethernet frame is made of, so that other links may carry it too."""

    at_s: float
    dst_mac: bytes
    src_mac: bytes
    ethertype: int
    packet: bytes

    def ethernet(self) -> bytes:
        return self.dst_mac + self.src_mac + struct.pack(">H", self.ethertype) + self.packet


@dataclass(frozen=True)
class Turn:
    """One side of a connection says something, `after_s` after it has heard the other out."""

    client: bool
    data: bytes
    after_s: float = 0.002


def mac_bytes(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


def packed(address: str) -> bytes:
    return ip_address(address).packed


def checksum(data: bytes) -> int:
    """RFC 1071."""
    words = struct.unpack(f">{(len(data) + 1) // 2}H", data + bytes(len(data) % 2))
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def ip_packet(source: str, target: str, protocol: int, payload: bytes, *, ttl: int = 64, number: int = 0) -> bytes:
    """An IPv4 or IPv6 packet, as the addresses say."""
    if ip_address(source).version == 6:
        return struct.pack(">IHBB", 6 << 28, len(payload), protocol, ttl) + packed(source) + packed(target) + payload
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), number, 0x4000, ttl, protocol, 0) + packed(source) + packed(target)
    return header[:10] + struct.pack(">H", checksum(header)) + header[12:] + payload


def with_checksum(source: str, target: str, protocol: int, segment: bytes, place: int) -> bytes:
    """`segment` with the checksum at `place` over it and its pseudo-header (RFC 9293 section 3.1, RFC 8200 section 8.1)."""
    pseudo = packed(source) + packed(target) + struct.pack(">II", len(segment), protocol)
    value = checksum(pseudo + segment) or (0xFFFF if protocol == 17 else 0)
    return segment[:place] + struct.pack(">H", value) + segment[place + 2 :]


def udp_datagram(source: str, source_port: int, target: str, target_port: int, payload: bytes) -> bytes:
    header = struct.pack(">HHHH", source_port, target_port, 8 + len(payload), 0)
    return with_checksum(source, target, 17, header + payload, 6)


@dataclass
class Capture:
    """Frames so far. `start_s`: POSIX time of second 0."""

    ip_version: int
    start_s: int
    seed: str
    frames: list[Frame] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(hashlib.sha256(self.seed.encode()).digest())
        self._pool = hashlib.shake_128(self.seed.encode()).digest(POOL_BYTES)
        self._numbers: Counter[str] = Counter()
        self._next_port = 49_152

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self._random.random()

    def whole(self, low: int, high: int) -> int:
        """A number from `low` up to, but not including, `high`."""
        return int(self.between(low, high))

    def noise(self, size: int) -> bytes:
        """Bytes that look encrypted: a slice of a fixed pool, so that captures stay small when compressed."""
        begin = self.whole(0, POOL_BYTES)
        pieces = self._pool[begin:] + self._pool * (size // POOL_BYTES + 1)
        return pieces[:size]

    def port(self) -> int:
        """The next ephemeral port."""
        self._next_port += self.whole(1, 5)
        return self._next_port

    def frame(self, at_s: float, src_mac: str, dst_mac: str, ethertype: int, packet: bytes) -> None:
        self.frames.append(Frame(at_s, mac_bytes(dst_mac), mac_bytes(src_mac), ethertype, packet))

    def ip(self, at_s: float, source: Host, target: Host, protocol: int, payload: bytes, *, ttl: int | None = None) -> None:
        sender, receiver = source.address(self.ip_version), target.address(self.ip_version)
        self._numbers[sender] += 1
        packet = ip_packet(sender, receiver, protocol, payload, ttl=source.ttl if ttl is None else ttl, number=self._numbers[sender] & 0xFFFF)
        self.frame(at_s, source.mac, target.mac, ETHERTYPE_IPV4 if self.ip_version == 4 else ETHERTYPE_IPV6, packet)

    def udp(self, at_s: float, source: Host, source_port: int, target: Host, target_port: int, payload: bytes, *, ttl: int | None = None) -> None:
        datagram = udp_datagram(source.address(self.ip_version), source_port, target.address(self.ip_version), target_port, payload)
        self.ip(at_s, source, target, 17, datagram, ttl=ttl)

    def tcp(self, at_s: float, client: Host, server: Host, port: int, turns: Sequence[Turn], *, rtt_s: float = 0.02, close: str = "fin") -> float:
        """A connection with its handshake, `turns` and end (`fin`, `rst` or `open`); returns when it ended."""
        connection = _Connection(self, client, server, self.port(), port, rtt_s)
        connection.open(at_s)
        for turn in turns:
            connection.say(turn)
        return connection.close(close)

    def syn(self, at_s: float, client: Host, server: Host, port: int) -> None:
        """A SYN that nobody answers."""
        _Connection(self, client, server, self.port(), port, 0.0).send(at_s, True, SYN)

    def pcap(self, *, link_type: int = 1, wrap: Callable[[Frame], bytes] = Frame.ethernet) -> bytes:
        """The file, frames in order of time."""
        records = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, link_type)]
        for frame in sorted(self.frames, key=lambda one: one.at_s):
            data = wrap(frame)
            seconds, microseconds = divmod(round((self.start_s + frame.at_s) * 1_000_000), 1_000_000)
            records.append(struct.pack("<IIII", seconds, microseconds, len(data), len(data)) + data)
        return b"".join(records)


class _Connection:
    """One TCP connection, captured beside the client: what the server does shows half a round trip later."""

    def __init__(self, capture: Capture, client: Host, server: Host, client_port: int, server_port: int, rtt_s: float) -> None:
        self._capture, self._hosts, self._ports, self._rtt_s = capture, (client, server), (client_port, server_port), rtt_s
        self._next = [capture.whole(1, 1 << 31), capture.whole(1, 1 << 31)]
        self._largest = 1460 if capture.ip_version == 4 else 1440
        self._now_s = 0.0

    def send(self, at_s: float, client: bool, flags: int, data: bytes = b"") -> None:
        me, other = (0, 1) if client else (1, 0)
        options = struct.pack(">BBHBBBB", 2, 4, self._largest, 1, 3, 3, 7) + b"\x01\x01\x04\x02" if flags & SYN else b""
        acknowledged = self._next[other] if flags & ACK else 0
        offset = (20 + len(options)) << 2
        header = struct.pack(">HHIIBBHHH", self._ports[me], self._ports[other], self._next[me], acknowledged, offset, flags, 64_240, 0, 0)
        source, target = (self._hosts[side].address(self._capture.ip_version) for side in (me, other))
        segment = with_checksum(source, target, 6, header + options + data, 16)
        self._capture.ip(at_s, self._hosts[me], self._hosts[other], 6, segment)
        self._next[me] = (self._next[me] + len(data) + bool(flags & (SYN | FIN))) & 0xFFFFFFFF

    def open(self, at_s: float) -> None:
        self.send(at_s, True, SYN)
        self.send(at_s + self._rtt_s, False, SYN | ACK)
        self._now_s = at_s + self._rtt_s + 0.0002
        self.send(self._now_s, True, ACK)

    def say(self, turn: Turn) -> None:
        """Segments in flights, an acknowledgement for every second one."""
        pieces = [turn.data[begin : begin + self._largest] for begin in range(0, len(turn.data), self._largest)]
        there_s = self._rtt_s if turn.client else 0.0002
        self._now_s += turn.after_s
        for begin in range(0, len(pieces), FLIGHT):
            self._flight(turn.client, pieces[begin : begin + FLIGHT], there_s, last=begin + FLIGHT >= len(pieces))

    def _flight(self, client: bool, pieces: Sequence[bytes], there_s: float, *, last: bool) -> None:
        for number, piece in enumerate(pieces):
            self._now_s += SEGMENT_EVERY_S
            ends = number == len(pieces) - 1
            self.send(self._now_s, client, ACK | (PSH if ends and last else 0), piece)
            if number % 2 or ends:
                self.send(self._now_s + there_s, not client, ACK)
        self._now_s += self._rtt_s

    def close(self, how: str) -> float:
        self._now_s += 0.001
        if how == "rst":
            self.send(self._now_s, True, RST | ACK)
        if how == "fin":
            self.send(self._now_s, True, FIN | ACK)
            self._now_s += self._rtt_s
            self.send(self._now_s, False, FIN | ACK)
            self._now_s += 0.0002
            self.send(self._now_s, True, ACK)
        return self._now_s
