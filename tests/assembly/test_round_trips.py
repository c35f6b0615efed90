"""Handshakes against the distance of countries, through the whole audit: three milliseconds from Frankfurt are not enough for America."""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np
import pytest

from gdsi_audit.assembly.handshakes import clock_step_ns
from gdsi_audit.assembly.perspective import Sides
from gdsi_audit.assembly.round_trips import CapturePoint, held_to_time
from gdsi_audit.audit import audit
from gdsi_audit.declarations import NOTHING_DECLARED, Statement, Vantage
from gdsi_audit.endpoints import Endpoint
from gdsi_audit.flows import CLOSED
from gdsi_audit.frames.index import FrameIndex
from gdsi_audit.geo import Answer, Place
from gdsi_audit.packets.address import value

FRANKFURT = {"latitude": 50.11, "longitude": 8.68}
IN_AMERICA = "8.36.116.7"
SYN, SYN_ACK, ACK, SECOND = 2, 18, 16, 1_000_000_000


def frame(source: str, target: str, ports: tuple[int, int], flags: int, number: int) -> bytes:
    addresses = b"".join(bytes(map(int, text.split("."))) for text in (source, target))
    tcp = struct.pack("!HHIIBBHHH", *ports, number, 1, 0x50, flags, 65535, 0, 0)
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64 if source.startswith("192.168.") else 50, 6, 0) + addresses
    ends = [b"\x02\0\0\0\0\x50", b"\x02\0\0\0\0\x01"]
    return b"".join(ends[::-1] if source.startswith("192.168.") else ends) + b"\x08\0" + ip + tcp


def capture(path, *handshakes: tuple[str, int, float]):
    """A pcap of one handshake each: address of the server, its port, round-trip time in milliseconds."""
    records, instant = [], 1_790_000_000_000_000_123
    for number, (server, port, rtt_ms) in enumerate(handshakes):
        ports = (49152 + number, port)
        answered = instant + round(rtt_ms * 1e6)
        records.append((instant, frame("192.168.1.50", server, ports, SYN, 100)))
        records.append((answered, frame(server, "192.168.1.50", ports[::-1], SYN_ACK, 200)))
        records.append((answered + 1000, frame("192.168.1.50", server, ports, ACK, 101)))
        instant = answered + SECOND
    packed = (struct.pack("<IIII", at // SECOND, at % SECOND, len(data), len(data)) + data for at, data in records)
    path.write_bytes(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1) + b"".join(packed))
    return path


def stated(**vantage):
    return replace(NOTHING_DECLARED, statements=(Statement(by="tester", file="bench.toml", sha256="00" * 32),), vantage=Vantage(**vantage))


def placed(path, **vantage):
    result = audit(path, stated(**vantage))
    return result.traffic.endpoints, result.traffic.devices[0].coverage.notes


def test_three_milliseconds_from_frankfurt_refute_america_and_cite_frames(tmp_path):
    path = capture(tmp_path / "near.pcap", (IN_AMERICA, 443, 180.0), (IN_AMERICA, 443, 3.0))
    endpoints, notes = placed(path, position="lan", **FRANKFURT)
    place = endpoints[IN_AMERICA].place
    (words,) = place.refuted
    assert words == ("US: 3.0 ms from SYN to SYN-ACK in frames 4, 5 of near.pcap, where light takes at least 53.3 ms in fibre, 35.6 ms in vacuum")
    assert (place.located_in.country, place.located_in.candidates, notes) == ("", (), ())


def test_a_hundred_and_eighty_milliseconds_refute_nothing(tmp_path):
    endpoints, notes = placed(capture(tmp_path / "far.pcap", (IN_AMERICA, 443, 180.0)), position="lan", **FRANKFURT)
    assert (endpoints[IN_AMERICA].place.refuted, endpoints[IN_AMERICA].place.located_in.country, notes) == ((), "US", ())


@pytest.mark.parametrize(
    ("vantage", "note"),
    [
        ({"position": "device-vpn", **FRANKFURT}, "vantage device-vpn"),
        ({"position": "unknown", **FRANKFURT}, "vantage unknown"),
        ({"position": "lan"}, "no latitude and longitude of the vantage are declared"),
    ],
)
def test_a_vantage_that_times_no_server_turns_it_off(tmp_path, vantage, note):
    endpoints, notes = placed(capture(tmp_path / "near.pcap", (IN_AMERICA, 443, 3.0)), **vantage)
    assert (endpoints[IN_AMERICA].place.refuted, notes) == ((), (f"speed of light not tested: {note}",))


PROXIED = [(address, 443, 2.0 + number / 10) for number, address in enumerate((IN_AMERICA, "77.88.55.60", "223.5.5.5", "119.8.1.1", "47.88.0.1"))]


def test_a_proxy_turns_it_off_on_its_port_and_says_so(tmp_path):
    direct = [("200.160.2.3", 22, 2.5), ("210.130.1.1", 22, 240.0)]
    path = capture(tmp_path / "proxy.pcap", *PROXIED, *direct)
    endpoints, notes = placed(path, position="access-point", **FRANKFURT)
    assert [address for address, endpoint in endpoints.items() if endpoint.place.refuted] == []
    (note,) = notes
    assert note.startswith("speed of light not tested on tcp: 7 unrelated destinations answer in about 2.3 ms")
    far = [(address, 22, 90.0 + number) for number, (address, _, _) in enumerate(PROXIED)]
    endpoints, notes = placed(capture(tmp_path / "one_port.pcap", *PROXIED, *far, ("200.160.2.3", 22, 2.5)), position="lan", **FRANKFURT)
    assert notes[0].startswith("speed of light not tested on tcp")


def closed(*handshakes):
    """CLOSED rows of (server, port, round-trip time in nanoseconds)."""
    rows = np.zeros(len(handshakes), CLOSED)
    for number, (row, (server, port, rtt_ns)) in enumerate(zip(rows, handshakes, strict=True)):
        row["flow"], row["transport"], row["resp_port"], row["handshake_rtt_ns"] = 16 * number, 6, port, rtt_ns
        row["start"] = 1_790_000_000_000_000_001
        row["resp_hi"], row["resp_lo"] = value(server)
    return rows


def held(rows, places, *, originator: bool = True):
    seen = Sides(np.arange(rows.size), np.zeros(rows.size, np.int32), np.full(rows.size, originator))
    endpoints = {address: Endpoint(address, (), place) for address, place in places.items()}
    return held_to_time(endpoints, rows, seen, CapturePoint("lan", **FRANKFURT), FrameIndex(), ["a.pcap"])


def said(*countries: str, asn: int = 0) -> Place:
    return Place(located_in=Answer("", ("one", "two"), "low", countries), asn=asn)


@pytest.mark.parametrize(
    ("rtt_ns", "originator", "left"),
    [
        (3_000_000, True, ("DE",)),
        (3_000_000, False, ("DE", "US")),
        (-1, True, ("DE", "US")),
        (0, True, ("DE", "US")),
        (90_000, True, ("DE", "US")),
        (60_000_000, True, ("DE", "US")),
    ],
)
@pytest.mark.parametrize("address", ["203.0.113.1", "2001:db8:f::1"])
def test_only_handshakes_that_the_device_began_are_timed(address, rtt_ns, originator, left):
    endpoints, _ = held(closed((address, 443, rtt_ns)), {address: said("DE", "US")}, originator=originator)
    assert endpoints[address].place.located_in.candidates == left


@pytest.mark.parametrize(("asn", "refuted"), [(range(6), 0), ([7] * 6, 6)])
def test_many_addresses_of_one_network_are_one_destination(asn, refuted):
    addresses = [f"203.0.113.{last}" for last in range(6)]
    places = {address: said("US", asn=number) for address, number in zip(addresses, asn, strict=True)}
    endpoints, _ = held(closed(*((address, 443, 3_000_000) for address in addresses)), places)
    assert sum(bool(endpoint.place.refuted) for endpoint in endpoints.values()) == refuted


def test_a_proxy_on_one_port_leaves_the_others_alone():
    near = [(f"203.0.113.{last}", 3128, 3_000_000) for last in range(5)]
    far = [(f"203.0.113.{last}", 443, 90_000_000) for last in range(5, 20)]
    places = {address: said("US", asn=number) for number, (address, _, _) in enumerate([*near, *far])} | {"203.0.113.99": said("DE", "US")}
    endpoints, notes = held(closed(*near, *far, ("203.0.113.99", 443, 3_000_000)), places)
    assert [address for address, endpoint in endpoints.items() if endpoint.place.refuted] == ["203.0.113.99"]
    assert [note.partition(":")[0] for note in notes] == ["speed of light not tested on tcp/3128"]


@pytest.mark.parametrize(
    ("instants", "step"),
    [([], 1), ([1_000_000_001], 1), ([1_790_000_000_123_000_000], 1_000_000), ([3_000_000_000, 5_000_001_000], 1000), ([7_000_000_000], SECOND)],
)
def test_coarse_clocks_lengthen_what_they_measure(instants, step):
    rows = np.zeros(len(instants), CLOSED)
    rows["start"] = rows["end"] = instants
    assert clock_step_ns(rows) == step


def test_a_clock_of_tens_of_milliseconds_does_not_refute_what_lies_within_one_step():
    rows = closed(("203.0.113.1", 443, 50_000_000))
    rows["start"] = rows["end"] = 1_790_000_000_010_000_000
    endpoints, _ = held(rows, {"203.0.113.1": said("DE", "US")})
    assert endpoints["203.0.113.1"].place.refuted == ()
