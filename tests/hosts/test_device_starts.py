"""When devices were seen to start."""

from __future__ import annotations

from types import SimpleNamespace

from closed_rows import flows

from gdsi_audit.hosts.device_starts import NEVER, starts
from gdsi_audit.hosts.devices import Host, Hosts
from gdsi_audit.packets.address import mac_value
from gdsi_audit.protocols import Message

CAMERA, PHONE, OTHER = (mac_value(f"02:00:00:00:00:{last}") for last in ("50", "77", "99"))
HOSTS = Hosts(
    devices=(Host("camera", (CAMERA,), ()), Host("phone", (PHONE,), ())),
    background=(),
    _mac_device={CAMERA: 0, PHONE: 1},
)


def asks(protocol, mac, time, *, kind=1, capture=0):
    return Message(0, 1, time, protocol, False, SimpleNamespace(message_type=kind, client_mac=mac), capture)


def test_the_first_question_for_an_address_in_each_capture():
    messages = {
        "dhcp": [asks("dhcp", CAMERA, 50), asks("dhcp", CAMERA, 20), asks("dhcp", CAMERA, 5, kind=3), asks("dhcp", OTHER, 1), asks("dhcp", 0, 1)],
        "dhcpv6": [asks("dhcpv6", PHONE, 70, capture=1)],
    }
    assert starts(messages, flows(), HOSTS, 2).tolist() == [[20, NEVER], [NEVER, 70]]


def test_a_host_that_looks_for_a_router_starts():
    solicitation = {"transport": 58, "orig_port": 133, "orig_mac": PHONE, "start": 30, "first_capture": 1}
    rows = flows(solicitation, solicitation | {"start": 10, "orig_port": 135}, solicitation | {"start": 20, "transport": 17})
    assert starts({}, rows, HOSTS, 2).tolist() == [[NEVER, NEVER], [NEVER, 30]]


def test_without_devices_there_are_no_starts():
    assert starts({}, flows(), Hosts((), ()), 0).tolist() == [[NEVER]]
