"""A neighbour that passes on what it is given."""

from __future__ import annotations

from ipaddress import ip_network

import numpy as np
import pytest

from gdsi_audit.audit import audit
from gdsi_audit.declarations import NOTHING_DECLARED, Bench, Destination
from gdsi_audit.detectors.local_relay import detect
from gdsi_audit.tables.columns import Columns
from gdsi_audit.tables.words import words_of

T0 = 1_790_000_000 * 10**9
PEER = "192.168.1.88"
GIVEN = f"remote up_bytes remote_mac start\n{PEER}:9000 4000000 136 {T0}"


def sent(*flows, addr=PEER, mac=136):
    """(party, bytes, seconds after the device began)."""
    starts = np.array([T0 + int(at * 1e9) for _, _, at in flows], np.int64)
    columns = {"addr": words_of([addr] * len(flows)), "mac": np.full(len(flows), mac, np.uint64)}
    columns |= {"remote_addr": words_of([party for party, _, _ in flows]), "flow": np.arange(len(flows), dtype=np.int64)}
    columns |= {"start": starts, "end": starts + 10**9, "up_bytes": np.array([size for _, size, _ in flows])}
    return Columns(columns)


def found(traffic, declaration=NOTHING_DECLARED):
    return [(one.subject, one.severity) for one in detect(traffic, declaration)]


AWAY = "198.51.100.40"
RELAYED = [(PEER, "low")]


@pytest.mark.parametrize(
    ("flows", "expected"),
    [
        ([(AWAY, 4_100_000, 60)], RELAYED),
        ([(AWAY, 1_000_000, 10 * number) for number in range(4)], RELAYED),
        ([(f"198.51.100.{number}", 1_000_000, number) for number in range(1, 5)], RELAYED),  # spread over addresses
        ([(AWAY, 400_000, 60)], []),  # a little
        ([(AWAY, 40_000_000, 60)], []),  # far more than it was given
        ([(AWAY, 4_100_000, 5000)], []),  # long after
        ([(AWAY, 4_100_000, -900)], []),  # before
        ([(AWAY, 4_100_000, 60), (AWAY, 4_000_000, -3600)], []),  # it does so anyway
        ([], []),
    ],
)
def test_as_much_and_soon(device_traffic, flows, expected):
    assert found(device_traffic(GIVEN, neighbours=sent(*flows))) == expected


def test_whose_upload_it_is(device_traffic):
    assert found(device_traffic(GIVEN, neighbours=sent((AWAY, 4_000_000, 60), addr="192.168.1.99", mac=9))) == []
    assert found(device_traffic(GIVEN, neighbours=sent((AWAY, 4_000_000, 60), addr="2001:db8::88"))) == RELAYED, "the same host over IPv6"
    assert found(device_traffic(GIVEN, neighbours=sent((AWAY, 4_000_000, 60), addr="192.168.1.50", mac=9))) == [], "the device's own"
    assert found(device_traffic(GIVEN.replace("4000000", "90000"), neighbours=sent((AWAY, 90_000, 60)))) == [], "no bulk"
    assert found(device_traffic(GIVEN.replace(PEER, "203.0.113.8"), neighbours=sent((AWAY, 4_000_000, 60)))) == [], "no neighbour"


@pytest.mark.parametrize(
    ("item", "severity"),
    [
        (Destination(name="api.cams.example"), "high"),
        (Destination(klass="local-network"), "low"),
        (Destination(network=ip_network(f"{PEER}/32")), "info"),
    ],
)
def test_severity_follows_the_declaration(device_traffic, declared, item, severity):
    traffic = device_traffic(GIVEN, neighbours=sent((AWAY, 4_000_000, 60)))
    assert found(traffic, declared(item)) == [(PEER, severity)]


def test_a_neighbour_that_fetches_it_or_belongs_to_the_bench(device_traffic, declared):
    fetched = device_traffic(GIVEN.replace("start\n", "start initiator\n") + " unknown", neighbours=sent((AWAY, 4_000_000, 60)))
    assert found(fetched, declared("api.cams.example")) == [(PEER, "high")]
    pulled = device_traffic(GIVEN.replace("start\n", "start initiator\n") + " remote", neighbours=sent((AWAY, 4_000_000, 60)))
    assert found(pulled, declared("api.cams.example")) == RELAYED
    assert found(pulled, declared("api.cams.example", bench=(Bench(role="companion", address=PEER),))) == []


@pytest.mark.parametrize(("version", "peer"), [("", PEER), ("_v6", "fd00:0:0:50::88")])
def test_the_captures(repository, version, peer):
    folder = repository / "captures" / "detectors"
    seen = [one for one in audit(folder / f"local_relay{version}.pcap").findings if one.severity != "info"]
    assert [(one.detector, one.subject, one.severity) for one in seen] == [("local_relay", peer, "low")]
    assert seen[0].measures["passed_on_share"] == pytest.approx(1.0, abs=0.05)
    assert len(seen[0].evidence) == 2, "the neighbour's frames are shown too"
    assert [one for one in audit(folder / f"local_relay_benign{version}.pcap").findings if one.severity != "info"] == []
