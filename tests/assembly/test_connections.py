"""Which flows are one connection."""

from __future__ import annotations

import numpy as np
import pytest
from closed_rows import flows

from gdsi_audit.assembly.connections import beginnings
from gdsi_audit.assembly.perspective import INITIATORS, Sides, initiators


@pytest.mark.parametrize(
    ("why", "given", "devices", "expected"),
    [
        ("nothing continues", [(16, -1), (32, -1)], (0, 0), [0, 1]),
        ("a chain leads to its beginning", [(16, -1), (32, 16), (48, -1), (64, 32)], (0, 0, 0, 0), [0, 0, 2, 0]),
        ("what began before is not known", [(32, 16), (48, 32)], (0, 0), [0, 0]),
        ("another device's share is not looked into", [(16, -1), (32, 16)], (0, 1), [0, 1]),
        ("no flows", [], (), []),
    ],
)
def test_a_connection_begins_where_nothing_is_continued(why, given, devices, expected):
    rows = flows(*({"flow": flow, "continues": continues} for flow, continues in given))
    seen = Sides(np.arange(len(given)), np.array(devices, np.int32), np.ones(len(given), np.bool_))
    assert beginnings(rows, seen).tolist() == expected, why


def test_between_two_devices_each_has_its_own_beginning():
    rows = flows({"flow": 16}, {"flow": 32, "continues": 16})
    seen = Sides(np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1], np.int32), np.array([True, True, False, False]))
    assert beginnings(rows, seen).tolist() == [0, 0, 2, 2]


@pytest.mark.parametrize(
    ("why", "began", "device_is_originator", "expected"),
    [
        ("the device called, and the server spoke first after a silence", (1, 0), (True, False), ["device", "device"]),
        ("somebody called the device, which spoke first after a silence", (1, 0), (False, True), ["remote", "remote"]),
        ("nobody saw who called", (0, 0), (True, False), ["unknown", "unknown"]),
    ],
)
def test_who_called_is_a_fact_of_the_whole_connection(why, began, device_is_originator, expected):
    rows = flows(*({"flow": 16 + 16 * row, "continues": 16 * row or -1, "began": first} for row, first in enumerate(began)))
    seen = Sides(np.arange(2), np.zeros(2, np.int32), np.array(device_is_originator))
    assert [INITIATORS[code] for code in initiators(rows, seen, beginnings(rows, seen))] == expected, why
