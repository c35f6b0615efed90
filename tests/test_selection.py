"""What the analyst chose to look at."""

from __future__ import annotations

import numpy as np
import pytest

from gdsi_audit.declarations import DeclaredDevice
from gdsi_audit.packets import PACKETS
from gdsi_audit.packets.address import mac_value, value
from gdsi_audit.selection import Selection, instant_ns

CAMERA = DeclaredDevice(name="camera", macs=("02:00:00:00:00:50",), addresses=("192.168.1.50", "2001:db8::50"))
LAMP = DeclaredDevice(name="lamp", addresses=("192.168.1.51",))


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("camera", "camera"),
        ("02:00:00:00:00:50", "camera"),
        ("02-00-00-00-00-50", "camera"),
        ("192.168.1.50", "camera"),
        ("2001:DB8:0::50", "camera"),
        ("192.168.1.51", "lamp"),
    ],
)
def test_a_declared_device_is_itself_whatever_it_is_called_by(declared, typed, name):
    chosen = Selection(declared(devices=(CAMERA, LAMP)), device=typed)
    assert [one.name for one in chosen.wanted] == [one.name for one in chosen.stated.devices] == [name]


@pytest.mark.parametrize(
    ("typed", "macs", "addresses"),
    [
        ("02:00:00:00:00:AA", (mac_value("02:00:00:00:00:aa"),), ()),
        ("192.168.1.9", (), (value("192.168.1.9"),)),
        ("fe80::1234:5678", (), (value("fe80::1234:5678"),)),
    ],
)
def test_another_device_speaks_for_itself_and_the_declared_are_not_missed(declared, typed, macs, addresses):
    chosen = Selection(declared(devices=(CAMERA,)), device=typed)
    assert [(one.name, one.macs, one.addresses) for one in chosen.wanted] == [(typed, macs, addresses)]
    assert chosen.stated.devices == ()


def test_what_is_sent_to_all_stays(declared):
    """Else a router's advertisement, and the resolver that it offers, would be lost."""
    own, router, lamp, everybody = (mac_value(mac) for mac in ("02:00:00:00:00:50", "02:00:00:00:00:01", "02:00:00:00:00:51", "33:33:00:00:00:01"))
    packets = np.zeros(4, PACKETS)
    packets["src_mac"], packets["dst_mac"] = (own, router, router, router), (router, own, lamp, everybody)
    keep = Selection(declared(devices=(CAMERA, LAMP)), device="camera").keep
    assert keep is not None and keep(packets).tolist() == [True, True, False, True]


def test_of_a_device_that_is_known_by_an_address_every_packet_may_be(declared):
    chosen = Selection(declared(devices=(LAMP,)), device="lamp")
    assert (chosen.keep, chosen.notes) == (None, ("analyst-selected",))


def test_without_a_choice_all_declared_devices_are_wanted(declared):
    stated = declared(devices=(CAMERA, LAMP))
    chosen = Selection(stated)
    assert [one.name for one in chosen.wanted] == ["camera", "lamp"] and chosen.stated is stated and chosen.keep is None


def test_what_is_no_device_is_refused_with_those_that_are_known(declared):
    with pytest.raises(ValueError, match="neither a MAC nor an address nor a declared device; declared: camera, lamp"):
        Selection(declared(devices=(CAMERA, LAMP)), device="doorbell")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1970-01-01T00:00:01Z", 1_000_000_000), ("1970-01-01T01:00:00.5+01:00", 500_000_000), ("2026-11-01T10:00:00Z", 1_793_527_200_000_000_000)],
)
def test_an_instant_needs_its_offset(text, expected):
    assert instant_ns(text, "--from") == expected
    with pytest.raises(ValueError, match=r"offset.* write it as 2026-11-01T10:00:00Z or"):
        instant_ns("2026-11-01T10:00:00", "--from")
    with pytest.raises(ValueError, match=r"offset.* write it as 2026-11-01T00:00:00Z or"):
        instant_ns("2026-11-01", "--from")
