"""What is kept of what was heard."""

from __future__ import annotations

import numpy as np

from gdsi_audit.flows import CHUNKS
from gdsi_audit.messages import Messages
from gdsi_audit.protocols._heads import Shelf
from gdsi_audit.protocols._heard import Heard

SHELF = Shelf()
NTP, SSH = (SHELF.names.index(name) for name in ("ntp", "ssh"))


def heard(*said: tuple[int, int, object]) -> Heard:
    """From (serial, row on the shelf, body); the slot is the serial's last digit."""
    chunks = np.zeros(len(said), CHUNKS)
    chunks["serial"] = [serial for serial, _, _ in said]
    chunks["slot"], chunks["flow"], chunks["frame"] = chunks["serial"] % 10, chunks["serial"] * 16, np.arange(len(said))
    return Heard(SHELF, chunks, np.array([index for _, index, _ in said], np.int16), [body for _, _, body in said])


def test_a_datagram_is_parsed_when_somebody_asks():
    messages = Messages(10)
    messages.add(heard((1, NTP, b"\x23" + bytes(47)), (2, SSH, "body")))
    (message,) = messages["ntp"]
    assert (message.flow, message.protocol, message.body.mode, message.body.version) == (16, "ntp", 3, 4)
    assert [message.body for message in messages["ssh"]] == ["body"] and sorted(messages) == ["ntp", "ssh"] and messages.get("tls", ()) == ()


def test_bounds_of_a_flow_and_of_all_are_kept_and_counted():
    messages = Messages(10, most=15, most_per_flow=2)
    messages.add(heard(*((serial, SSH, number) for number, serial in enumerate((1, 1, 2, 1, 2, 2)))))
    assert [message.body for message in messages["ssh"]] == [0, 1, 2, 4] and messages.dropped == 2
    messages.add(heard((1, SSH, 6)))
    messages.add(heard((11, SSH, 7), (12, SSH, 8)))
    assert [message.body for message in messages["ssh"]] == [0, 1, 2, 4, 7] and messages.dropped == 4


def test_the_commonest_protocol_leaves_room_and_it_is_known_from_when_on_it_is_not_whole():
    messages, crowd = Messages(10, most=6), heard(*((serial, SSH, serial) for serial in range(5)))
    crowd.chunks["time"] = np.arange(5) * 100
    messages.add(crowd)
    messages.add(heard((5, NTP, b"\x23" + bytes(47))))
    assert [message.body for message in messages["ssh"]] == [0, 1] and len(messages["ntp"]) == 1
    assert (messages.kept_until, messages.dropped) == ({"ssh": 200}, 3)
