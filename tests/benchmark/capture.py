"""Makes the benchmark capture: `python tests/benchmark/capture.py OUT [--packets N] [--seeds FILE...] [--per-flow N] [--only-header]`.

Recorded Ethernet captures are repeated with other addresses and ports, so that every repetition makes flows of its own: DEVICES copies at a time,
one per local device, interleaved as they would be on one wire. Remote addresses come from a pool of REMOTES; local addresses, MACs and ports vary
with the copy; A and AAAA records move along with the addresses they name. Checksums are updated as in RFC 1624, so whatever was right stays right.
The same seeds give the same bytes. Left out of the seeds: fragments, ICMP errors and neighbour discovery, which carry addresses within. With
`--per-flow` only so many packets of each flow are repeated: many flows in few bytes.
"""

from __future__ import annotations

import argparse
import random
import struct
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path
from random import Random
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

SEEDS = (Path(__file__).parents[2] / "captures" / "recorded" / "web_session.pcap",)
DEVICES = 20
REMOTES = 4000
FIRST_EPHEMERAL_PORT = 20_000
EPHEMERAL_PORTS = 45_536
HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)
RECORD_BYTES = 16

FEWEST_PACKETS_PER_FLOW = 40
MOST_DNS = 0.02
LEAST_MEAN_BYTES = 600

LOCAL = [ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")]
UNCHANGED = [ip_network(text) for text in ("224.0.0.0/4", "255.255.255.255/32", "0.0.0.0/8", "169.254.0.0/16", "ff00::/8", "fe80::/10", "::/127")]
V4_FRONTS = (3, 13, 18, 23, 34, 35, 47, 52, 54, 66, 74, 80, 87, 91, 95, 104, 120, 142, 151, 157, 173, 185, 193, 195, 208, 212, 217)
V6_FRONTS = (0x2600, 0x2606, 0x2620, 0x2A00, 0x2A02, 0x2A03, 0x2400, 0x2404)


@dataclass
class Seed:
    """Frames of all seeds, and where in them something has to change. `*_at`: (frame, offset); checksum terms: (frame, what, at an odd place)."""

    frames: list[bytes] = field(default_factory=list)
    times_us: list[int] = field(default_factory=list)
    addresses: dict[bytes, int] = field(default_factory=dict)
    macs: dict[bytes, int] = field(default_factory=dict)
    local_macs: set[bytes] = field(default_factory=set)
    routers: set[bytes] = field(default_factory=set)
    """Local addresses whose MAC forwards: they stay."""
    address_at: dict[int, list[tuple[int, int, int]]] = field(default_factory=lambda: {4: [], 16: []})
    mac_at: list[tuple[int, int, int]] = field(default_factory=list)
    port_at: list[tuple[int, int, int]] = field(default_factory=list)
    checksum_at: list[tuple[int, int, bool]] = field(default_factory=list)
    """(frame, offset, UDP)."""
    address_terms: list[tuple[int, int, bool]] = field(default_factory=list)
    """(row of checksum_at, address, odd)."""
    port_terms: list[tuple[int, int]] = field(default_factory=list)
    """(row of checksum_at, port)."""
    flows: set[tuple[object, ...]] = field(default_factory=set)
    dns_pkts: int = 0


def within(address: bytes, networks: list) -> bool:
    parsed = ip_address(address)
    return any(parsed.version == network.version and parsed in network for network in networks)


def is_local(address: bytes) -> bool:
    return within(address, LOCAL)


def read_frames(path: Path) -> list[tuple[int, bytes]]:
    """(microseconds, frame) of a classic little-endian Ethernet capture; frames cut by the snapshot length are left out."""
    data = path.read_bytes()
    if data[:4] != HEADER[:4] or data[20:22] != HEADER[20:22]:
        raise SystemExit(f"{path}: not a classic pcap of Ethernet with microseconds; convert it with editcap -F pcap")
    found, at = [], 24
    while at + RECORD_BYTES <= len(data):
        seconds, micros, size, wire = struct.unpack_from("<IIII", data, at)
        if size == wire:
            found.append((seconds * 1_000_000 + micros, data[at + RECORD_BYTES : at + RECORD_BYTES + size]))
        at += RECORD_BYTES + size
    return found


def network_layer(frame: bytes) -> tuple[int, int]:
    """(Ethernet type, offset of what it announces), behind VLAN tags."""
    at = 12
    while frame[at : at + 2] in (b"\x81\x00", b"\x88\xa8"):
        at += 4
    return int.from_bytes(frame[at : at + 2]), at + 2


def ends(frame: bytes) -> tuple[bytes, bytes] | None:
    """Source and destination address; None: not IP."""
    kind, at = network_layer(frame)
    if kind == 0x0800:
        return frame[at + 12 : at + 16], frame[at + 16 : at + 20]
    return (frame[at + 8 : at + 24], frame[at + 24 : at + 40]) if kind == 0x86DD else None


def is_left_out(frame: bytes) -> bool:
    """What carries addresses in places that are not rewritten here."""
    kind, at = network_layer(frame)
    if kind == 0x0800:
        icmp = frame[at + (frame[at] & 15) * 4] if frame[at + 9] == 1 else 8
        return int.from_bytes(frame[at + 6 : at + 8]) & 0x3FFF != 0 or icmp in (3, 4, 5, 11, 12)
    if kind == 0x86DD:
        return frame[at + 6] not in (6, 17, 58) or (frame[at + 6] == 58 and frame[at + 40] not in (128, 129))
    return kind != 0x0806


def beginnings(frames: list[tuple[int, bytes]], per_flow: int) -> Iterator[tuple[int, bytes]]:
    """The first packets of each flow."""
    seen: Counter[object] = Counter()
    for time, frame in frames:
        flow = flow_of(frame)
        seen[flow] += 1
        if seen[flow] <= per_flow:
            yield time, frame


def flow_of(frame: bytes) -> object:
    """Equal for both directions; without addresses the frame itself."""
    pair, (kind, at) = ends(frame), network_layer(frame)
    if pair is None:
        return frame
    transport, begin = (frame[at + 9], at + (frame[at] & 15) * 4) if kind == 0x0800 else (frame[at + 6], at + 40)
    ports = (frame[begin : begin + 2], frame[begin + 2 : begin + 4]) if transport in (6, 17) else (b"", b"")
    return transport, *sorted(zip(pair, ports, strict=True))


def load(paths: list[Path], per_flow: int = 0) -> Seed:
    seed, begin_us = Seed(), 0
    for path in paths:
        found = [(time, frame) for time, frame in read_frames(path) if not is_left_out(frame)]
        found = list(beginnings(found, per_flow)) if per_flow else found
        first = min(time for time, _ in found)
        seed.times_us += [begin_us + time - first for time, _ in found]
        seed.frames += [frame for _, frame in found]
        begin_us = max(seed.times_us) + 1
    find_hosts(seed)
    for row in range(len(seed.frames)):
        note_changes(seed, row)
    return seed


def find_hosts(seed: Seed) -> None:
    """MACs that send only from local addresses are devices; one that sends from others too is a router's."""
    senders = [(frame[6:12], pair[0]) for frame in seed.frames if (pair := ends(frame)) and not within(pair[0], UNCHANGED)]
    forwarding = {mac for mac, address in senders if not is_local(address)}
    seed.local_macs = {mac for mac, _ in senders} - forwarding
    seed.routers = {address for mac, address in senders if mac in forwarding and is_local(address)}


def note_changes(seed: Seed, row: int) -> None:
    frame = seed.frames[row]
    kind, at = network_layer(frame)
    for offset in (0, 6):
        note_mac(seed, row, offset)
    if kind == 0x0806:
        note_mac(seed, row, at + 8)
        note_mac(seed, row, at + 18)
        for offset in (at + 14, at + 24):
            note_address(seed, row, offset, 4, [])
        return
    size = 4 if kind == 0x0800 else 16
    places = (at + 12, at + 16) if size == 4 else (at + 8, at + 24)
    transport, begin = (frame[at + 9], at + (frame[at] & 15) * 4) if size == 4 else (frame[at + 6], at + 40)
    checksums = [(at + 10, False)] if size == 4 else []
    inner = {6: (begin + 16, False), 17: (begin + 6, True), 58: (begin + 2, False)}.get(transport)
    if inner and inner[0] + 2 <= len(frame) and (transport != 17 or frame[begin + 6 : begin + 8] != b"\0\0"):
        checksums.append(inner)
    first = len(seed.checksum_at)
    seed.checksum_at += [(row, place, is_udp) for place, is_udp in checksums]
    rows = list(range(first, len(seed.checksum_at)))
    for place in places:
        note_address(seed, row, place, size, [(checksum, False) for checksum in rows])
    if transport in (6, 17):
        note_ports(seed, row, begin, [rows[-1]] if inner in checksums else [])
    note_flow(seed, frame, places, size, transport, begin)
    if transport == 17 and frame[begin : begin + 2] == b"\0\x35":
        note_answers(seed, row, begin, [rows[-1]] if inner in checksums else [])


def note_mac(seed: Seed, row: int, offset: int) -> None:
    mac = seed.frames[row][offset : offset + 6]
    if mac in seed.local_macs:
        seed.mac_at.append((row, offset, seed.macs.setdefault(mac, len(seed.macs))))


def note_address(seed: Seed, row: int, offset: int, size: int, checksums: list[tuple[int, bool]]) -> None:
    address = seed.frames[row][offset : offset + size]
    if address not in seed.routers and not within(address, UNCHANGED):
        number = seed.addresses.setdefault(address, len(seed.addresses))
        seed.address_at[size].append((row, offset, number))
        seed.address_terms += [(checksum, number, odd) for checksum, odd in checksums]


def note_ports(seed: Seed, row: int, begin: int, checksums: list[int]) -> None:
    for offset in (begin, begin + 2):
        port = int.from_bytes(seed.frames[row][offset : offset + 2])
        if port >= FIRST_EPHEMERAL_PORT:
            seed.port_at.append((row, offset, port))
            seed.port_terms += [(checksum, port) for checksum in checksums]


def note_flow(seed: Seed, frame: bytes, places: tuple[int, int], size: int, transport: int, begin: int) -> None:
    one, other = (frame[place : place + size] + frame[begin + 2 * side : begin + 2 * side + 2] for side, place in enumerate(places))
    two = (one, other) if transport in (6, 17) else (one[:-2], other[:-2])
    seed.flows.add((transport, *sorted(two)))
    seed.dns_pkts += transport in (6, 17) and b"\0\x35" in (frame[begin : begin + 2], frame[begin + 2 : begin + 4])


def note_answers(seed: Seed, row: int, begin: int, checksums: list[int]) -> None:
    """Addresses in A and AAAA records: type, class IN, time to live, length, address."""
    frame = seed.frames[row]
    for kind, size in ((b"\0\x01\0\x01", 4), (b"\0\x1c\0\x01", 16)):
        at = frame.find(kind, begin + 20)
        while at >= 0:
            address_at = at + 10
            if frame[at + 8 : address_at] == size.to_bytes(2) and address_at + size <= len(frame):
                note_address(seed, row, address_at, size, [(checksum, (address_at - begin) % 2 == 1) for checksum in checksums])
            at = frame.find(kind, at + 1)


def remote_pool(size: int) -> list[bytes]:
    """Distinct addresses as servers have them."""
    random = Random(size)
    pool: dict[bytes, None] = {}
    while len(pool) < REMOTES:
        if size == 4:
            pool[bytes((random.choice(V4_FRONTS), random.randrange(256), random.randrange(256), random.randrange(1, 255)))] = None
        else:
            pool[IPv6Address(random.choice(V6_FRONTS) << 112 | random.getrandbits(32) << 80 | random.getrandbits(64)).packed] = None
    return list(pool)


class Repeater:
    """The seed, so many copies interleaved in one buffer whose changing places are written anew for each turn."""

    def __init__(self, seed: Seed, copies: int) -> None:
        self.seed, self.copies = seed, copies
        self.packets = copies * len(seed.frames)
        duration = max(seed.times_us) + 1
        times = np.array(seed.times_us)[None, :] + (np.arange(copies) * duration // copies)[:, None]
        order = np.argsort(times.ravel(), kind="stable")
        self._times_us = times.ravel()[order]
        self.turn_us = int(self._times_us[-1]) + 1
        self._data, self._record_at = _laid_out(seed.frames, order)
        self._frame_at = self._record_at + RECORD_BYTES
        self._heads = self._record_at[order]
        self._pools = {4: remote_pool(4), 16: remote_pool(16)}
        self._checksum_at = self._places(seed.checksum_at)
        before = self._data[self._checksum_at].astype(np.int64) << 8 | self._data[self._checksum_at + 1]
        self._inverse_before = 0xFFFF - before
        self._is_udp = np.tile(np.array([is_udp for _, _, is_udp in seed.checksum_at], bool), copies)
        self._old = np.array([_words(address) for address in seed.addresses], np.int64)

    def turn(self, number: int, begin_us: int) -> NDArray[np.uint8]:
        """All copies as turn `number`, from 0, that begins at `begin_us`."""
        addresses = [self._renamed(number * self.copies + copy, copy) for copy in range(self.copies)]
        for size, rows in self.seed.address_at.items():
            self._write(rows, addresses, size)
        self._write(
            self.seed.mac_at, [[bytes((2, 0, 0x5E, 0x10, 1 + mac, copy)) for mac in range(len(self.seed.macs))] for copy in range(self.copies)], 6
        )
        shift = number * 9973 % EPHEMERAL_PORTS
        self._write_ports(shift)
        self._write_checksums(addresses, shift)
        times = begin_us + self._times_us
        self._data[self._heads[:, None] + np.arange(8)] = np.stack([times // 1_000_000, times % 1_000_000], axis=1).astype("<u4").view(np.uint8)
        return self._data

    def _renamed(self, repetition: int, copy: int) -> list[bytes]:
        """The address of each of the seed's addresses in this repetition."""
        found, locals_ = [], 0
        for number, address in enumerate(self.seed.addresses):
            if is_local(address):
                host = 20 + (copy + DEVICES * (locals_ // 2)) % 200
                found.append(bytes((192, 168, 1, host)) if len(address) == 4 else b"\xfd\0\0\x20" + bytes(11) + bytes((host,)))
                locals_ += 1
            else:
                found.append(self._pools[len(address)][(repetition * len(self.seed.addresses) + number) % REMOTES])
        return found

    def _places(self, rows: list) -> NDArray[np.int64]:
        """Places in the buffer of (frame, offset, …) in every copy."""
        table = np.array([(row[0], row[1]) for row in rows], np.int64).reshape(-1, 2)
        starts = self._frame_at.reshape(self.copies, -1)
        return (starts[:, table[:, 0]] + table[:, 1]).ravel()

    def _write(self, rows: list[tuple[int, int, int]], words: list[list[bytes]], size: int) -> None:
        if rows:
            numbers = [number for _, _, number in rows]
            table = np.array([[list(word.ljust(size, b"\0")[:size]) for word in of_copy] for of_copy in words], np.uint8)
            self._data[self._places(rows)[:, None] + np.arange(size)] = table[:, numbers].reshape(-1, size)

    def _write_ports(self, shift: int) -> None:
        ports = shifted(np.array([port for _, _, port in self.seed.port_at], np.int64), shift)
        both = np.stack([ports >> 8, ports & 255], axis=1).astype(np.uint8)
        self._data[self._places(self.seed.port_at)[:, None] + np.arange(2)] = np.tile(both, (self.copies, 1))

    def _write_checksums(self, addresses: list[list[bytes]], shift: int) -> None:
        """RFC 1624: the complement of the checksum grows by what the words grew by."""
        count = len(self.seed.checksum_at)
        port_rows = np.array(self.seed.port_terms, np.int64).reshape(-1, 2)
        by_port = np.bincount(port_rows[:, 0], shifted(port_rows[:, 1], shift) - port_rows[:, 1], count).astype(np.int64)
        terms = np.array(self.seed.address_terms, np.int64).reshape(-1, 3)
        grown = []
        for of_copy in addresses:
            growth = (np.array([_words(address) for address in of_copy], np.int64) - self._old) % 0xFFFF
            growth = growth[terms[:, 1]]
            swapped = (growth & 255) << 8 | growth >> 8
            grown.append(np.bincount(terms[:, 0], np.where(terms[:, 2] == 1, swapped, growth), count).astype(np.int64) + by_port)
        value = 0xFFFF - (self._inverse_before + np.concatenate(grown)) % 0xFFFF
        # Ones' complement has two zeros: a header is never all zeros, so its sum is 0xFFFF and the checksum 0; UDP writes that as 0xFFFF.
        value = np.where(value == 0xFFFF, np.where(self._is_udp, 0xFFFF, 0), value)
        self._data[self._checksum_at], self._data[self._checksum_at + 1] = value >> 8, value & 255


def _laid_out(frames: list[bytes], order: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Records in `order`, and where each (copy, frame) begins."""
    record_at, pieces, at = np.empty(order.size, np.int64), [], 0
    for place in order.tolist():
        frame = frames[place % len(frames)]
        record_at[place] = at
        pieces += [struct.pack("<IIII", 0, 0, len(frame), len(frame)), frame]
        at += RECORD_BYTES + len(frame)
    return np.frombuffer(bytearray(b"".join(pieces)), np.uint8), record_at


def _words(address: bytes) -> int:
    return sum(struct.unpack(f"!{len(address) // 2}H", address))


def shifted(ports: NDArray[np.int64], shift: int) -> NDArray[np.int64]:
    """Distinct ports stay distinct."""
    return FIRST_EPHEMERAL_PORT + (ports - FIRST_EPHEMERAL_PORT + shift) % EPHEMERAL_PORTS


def make(out: BinaryIO, packets: int, paths: list[Path], begin_s: int = 1_790_000_000, per_flow: int = 0) -> dict[str, float]:
    """Writes at least `packets` packets, in whole turns; returns what they are like. `per_flow` 0: all of each flow."""
    seed = load(paths, per_flow)
    repeater = Repeater(seed, max(1, min(DEVICES, -(-packets // len(seed.frames)))))
    turns = -(-packets // repeater.packets)
    out.write(HEADER)
    pause, begin_us = random.Random(turns), begin_s * 1_000_000
    for number in range(turns):
        out.write(repeater.turn(number, begin_us).data)
        # People do not browse like clockwork: even repetitions would be beacons, and the audit would be busy with those.
        begin_us += int(repeater.turn_us * (1 + pause.expovariate(0.5)))
    return {
        "packets": turns * repeater.packets,
        "flows": turns * repeater.copies * len(seed.flows),
        "packets_per_flow": round(len(seed.frames) / len(seed.flows), 1),
        "dns_share": round(seed.dns_pkts / len(seed.frames), 4),
        "mean_bytes": round(sum(map(len, seed.frames)) / len(seed.frames), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--packets", type=int, default=2_500_000, help="at least; default 2,500,000")
    parser.add_argument(
        "--seeds", type=Path, nargs="+", default=list(SEEDS), help="classic Ethernet captures; default: captures/recorded/web_session.pcap"
    )
    parser.add_argument("--per-flow", type=int, default=0, help="first packets of each flow that are repeated; default: all")
    parser.add_argument("--only-header", action="store_true", help="the capture that holds nothing")
    options = parser.parse_args()
    with options.out.open("wb") as out:
        if options.only_header:
            out.write(HEADER)
            return
        made = make(out, options.packets, options.seeds, per_flow=options.per_flow)
    print(made)
    if options.per_flow:
        return
    if made["packets_per_flow"] < FEWEST_PACKETS_PER_FLOW or made["dns_share"] > MOST_DNS or made["mean_bytes"] < LEAST_MEAN_BYTES:
        sys.exit("these seeds do not make a benchmark capture: see FEWEST_PACKETS_PER_FLOW, MOST_DNS and LEAST_MEAN_BYTES")


if __name__ == "__main__":
    main()
