"""Whose rows and messages are whose."""

from __future__ import annotations

import numpy as np
import pytest

from gdsi_audit.assembly import device_tables
from gdsi_audit.assembly.perspective import Sides
from gdsi_audit.flows import CHUNKS
from gdsi_audit.messages import Messages, unread
from gdsi_audit.protocols._heads import Shelf
from gdsi_audit.protocols._heard import Heard


def test_rows_are_cut_by_device_in_their_order():
    cut = device_tables.cut(np.array([1, -1, 0, 1, 3]), 4)
    assert [cut.of(device).tolist() for device in range(4)] == [[2], [0, 3], [], [4]]


@pytest.fixture
def mail():
    """Flow 16 is between devices 0 and 1, flow 32 is device 1's, flow 48 is folded away."""
    shelf = Shelf()
    index = list(shelf.names).index("ntp")
    chunks = np.zeros(4, CHUNKS)
    chunks["flow"], chunks["time"], chunks["frame"] = (32, 16, 48, 16), (9, 5, 6, 4), (4, 2, 3, 1)
    chunks["slot"], chunks["serial"] = (2, 1, 3, 1), (2, 1, 3, 1)
    messages = Messages(8)
    messages.add(Heard(shelf, chunks, np.full(4, index, np.int16), ["d", "b", "c", "a"]))
    side = Sides(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1], np.int32), np.array([True, False, True, True]))
    return device_tables.MessageCut(messages, np.array([16, 16, 32, 48]), side, np.array([True, True, True, False]), 3)


def test_a_flow_between_two_devices_gives_its_messages_to_both(mail):
    told = [device_tables.DeviceMessages(mail, device) for device in range(3)]
    assert [[message.body for message in one.get("ntp", ())] for one in told] == [["a", "b"], ["a", "b", "d"], []]
    assert [list(one) for one in told] == [["ntp"], ["ntp"], []]
    assert [len(one) for one in told] == [1, 1, 0]
    with pytest.raises(KeyError):
        told[2]["ntp"]
    assert "dhcp" not in told[0] and 3 not in told[0]


def test_unread_messages_are_the_same_as_made_ones(mail):
    lazy = device_tables.DeviceMessages(mail, 1)
    for given in (lazy, {"ntp": lazy["ntp"]}):
        said = unread(given, "ntp")
        assert (said.flow.tolist(), said.time.tolist(), said.from_responder.tolist(), said.bodies) == (
            [16, 16, 32],
            [4, 5, 9],
            [False] * 3,
            ["a", "b", "d"],
        )
    assert unread({}, "ntp").bodies == []
