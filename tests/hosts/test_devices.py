"""Who is under audit, from who sends what."""

from __future__ import annotations

import numpy as np

from gdsi_audit.flows import CLOSED
from gdsi_audit.hosts import devices
from gdsi_audit.packets.address import value

CAMERA, PHONE, ROUTER, FAR_ROUTER = 0x02_00_00_00_00_50, 0x02_00_00_00_00_51, 0x02_00_00_00_00_01, 0x02_00_00_00_00_02


def closed(*flows):
    """CLOSED rows of (orig_mac, orig, resp_mac, resp, orig_ttl, resp_ttl); a resp_ttl of 0: the responder kept silent."""
    rows = np.zeros(len(flows), CLOSED)
    for row, (orig_mac, orig, resp_mac, resp, orig_ttl, resp_ttl) in zip(rows, flows, strict=True):
        row["orig_mac"], row["resp_mac"] = orig_mac, resp_mac
        row["orig_hi"], row["orig_lo"] = value(orig)
        row["resp_hi"], row["resp_lo"] = value(resp)
        row["orig_first_ttl"], row["resp_first_ttl"] = orig_ttl, resp_ttl
        row["orig_pkts"], row["orig_ip_bytes"] = 3, 300
        row["resp_pkts"], row["resp_ip_bytes"] = (2, 200) if resp_ttl else (0, 0)
    return rows


def found(rows, wanted=(), gateways=()):
    return devices.find([rows], wanted, map(value, gateways))


HOME = closed(
    (CAMERA, "192.168.1.50", ROUTER, "52.28.0.1", 64, 50),
    (CAMERA, "192.168.1.50", ROUTER, "34.89.0.1", 64, 50),
    (CAMERA, "2001:db8::50", ROUTER, "2001:db8:1::1", 64, 50),
    (PHONE, "192.168.1.51", CAMERA, "192.168.1.50", 64, 64),
    (CAMERA, "192.168.1.50", ROUTER, "192.168.1.1", 64, 64),
)


def test_local_hosts_are_devices_and_what_stands_behind_the_router_is_not():
    hosts = found(HOME)
    assert [host.id for host in hosts.devices] == ["02:00:00:00:00:50", "02:00:00:00:00:51"]
    assert hosts.routers == {ROUTER}


def test_a_mac_brings_all_its_addresses():
    camera = found(HOME).devices[0]
    assert camera.address_texts == ("192.168.1.50", "2001:db8::50")


def test_the_mac_outranks_the_address_but_not_a_router_s():
    hosts = found(HOME)
    sides = (("192.168.1.51", CAMERA), ("192.168.1.50", 0), ("52.28.0.1", ROUTER))
    halves = [value(address) for address, _ in sides]
    macs = np.array([mac for _, mac in sides], np.uint64)
    his, los = (np.array(half, np.uint64) for half in zip(*halves, strict=True))
    assert hosts.device_of(macs, his, los).tolist() == [0, 0, -1]


def test_a_host_that_offers_itself_as_router_is_background():
    rows = closed((CAMERA, "192.168.1.50", ROUTER, "192.168.1.1", 64, 64))
    assert [host.id for host in found(rows, gateways=["192.168.1.1"]).devices] == ["02:00:00:00:00:50"]


def test_without_a_local_side_hosts_on_the_link_are_devices():
    rows = closed((CAMERA, "198.51.100.7", FAR_ROUTER, "203.0.113.9", 64, 52))
    assert [host.address_texts for host in found(rows).devices] == [("198.51.100.7",)]


def test_without_macs_originators_are_devices():
    rows = closed((0, "198.51.100.7", 0, "203.0.113.9", 60, 52))
    assert [host.id for host in found(rows).devices] == ["198.51.100.7"]


def test_a_router_of_ipv6_is_known_by_what_it_passes_on():
    rows = closed((CAMERA, "2001:db8::50", ROUTER, "2001:db8:1::1", 64, 50), (CAMERA, "2001:db8::50", ROUTER, "fd00::1", 64, 64))
    hosts = found(rows)
    assert hosts.routers == {ROUTER}
    assert [host.address_texts for host in hosts.devices] == [("2001:db8::50",)]


def test_what_a_host_says_to_its_surroundings_makes_it_no_router():
    rows = closed((CAMERA, "2001:db8::50", 0, "ff02::1:3", 1, 0), (CAMERA, "fe80::50", PHONE, "fe80::51", 255, 255))
    assert found(rows).routers == frozenset()


def test_without_macs_who_begins_is_a_device_beside_a_local_resolver():
    rows = closed((0, "2001:db8::50", 0, "fd00::1", 64, 64), (0, "2001:db8::50", 0, "2001:db8:1::1", 64, 50))
    assert "2001:db8::50" in [host.id for host in found(rows).devices]


def test_declared_devices_leave_everybody_else_to_the_background():
    wanted = [devices.Wanted("camera", (CAMERA,), ()), devices.Wanted("lamp", (0x02_00_00_00_00_99,), ())]
    hosts = found(HOME, wanted)
    assert [(host.id, host.declared) for host in hosts.devices] == [("camera", True), ("lamp", True)]
    assert hosts.devices[0].address_texts == ("192.168.1.50", "2001:db8::50")
    assert hosts.absent == ("lamp",)
    assert "02:00:00:00:00:51" in [host.id for host in hosts.background]


def test_more_devices_than_the_bound_are_counted():
    rows = closed(*((0, f"10.0.{number // 250}.{number % 250 + 1}", 0, "203.0.113.9", 64, 50) for number in range(devices.MOST_DEVICES + 7)))
    hosts = found(rows)
    assert (len(hosts.devices), hosts.left_out) == (devices.MOST_DEVICES, 7)
