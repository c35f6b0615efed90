from __future__ import annotations

import struct

import numpy as np

from gdsi_audit.flows import CHUNKS
from gdsi_audit.messages import resolutions
from gdsi_audit.messages.resolutions import Resolutions
from gdsi_audit.protocols import Message, dns, dns_tcp

NAME = b"\x03www\x07example\x00"
QUESTION = NAME + struct.pack(">HH", 1, 1)
ANSWER = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + bytes([192, 0, 2, 7])


def query(number: int = 7) -> bytes:
    return struct.pack(">6H", number, 0x0100, 1, 0, 0, 0) + QUESTION


def named(label: bytes) -> bytes:
    return query().replace(b"\x03www", bytes([len(label)]) + label)


def response(number: int = 7) -> bytes:
    return struct.pack(">6H", number, 0x8180, 1, 1, 0, 0) + QUESTION + ANSWER


def resolved(*datagrams: bytes, flows: tuple[int, ...] = ()) -> Resolutions:
    data = np.frombuffer(bytearray(b"".join(datagrams)), np.uint8)
    chunks = np.zeros(len(datagrams), CHUNKS)
    chunks["length"] = [len(datagram) for datagram in datagrams]
    chunks["offset"] = np.cumsum(chunks["length"]) - chunks["length"]
    chunks["flow"], chunks["time"] = flows or (16,) * len(datagrams), np.arange(len(datagrams)) * 10
    found = Resolutions()
    found.add(chunks, dns.columns(data, chunks["offset"], chunks["length"]))
    return found


def test_an_answer_to_a_question_names_its_address():
    found = resolved(query(), response())
    (address,) = found.addresses.all()
    assert (address["lo"], address["ttl_s"], address["solicited"]) == (0xFFFFC0000207, 60, 1)
    assert found.texts.of_row[address["name"]] == "www.example"
    assert found.queries.all()["response"].tolist() == [0, 1]


def test_an_answer_that_nobody_asked_for_is_not_solicited():
    assert resolved(response()).addresses.all()["solicited"].tolist() == [0]


def test_an_answer_with_another_id_or_in_another_flow_is_not_solicited():
    assert resolved(query(7), response(8)).addresses.all()["solicited"].tolist() == [0]
    assert resolved(query(), response(), flows=(16, 32)).addresses.all()["solicited"].tolist() == [0]


def test_dns_over_a_stream():
    found, chunk = Resolutions(), np.zeros(1, CHUNKS)
    for frame, message in enumerate((query(), response()), 1):
        body, _ = dns_tcp.parse(len(message).to_bytes(2) + message, from_responder=frame == 2)
        found.add_message(Message(0, frame, 0, "dns_tcp", frame == 2, body), chunk)
    assert found.addresses.all()["solicited"].tolist() == [1] and found.queries.rows == 2


def test_what_there_is_no_room_for_is_counted_and_leaves_no_names(monkeypatch):
    monkeypatch.setattr(resolutions, "MOST_ROWS", 2)
    found = resolved(query(), response(), query(8), response(8), named(b"late"))
    assert (found.queries.rows, found.dropped_queries, found.addresses.rows, found.dropped_addresses) == (2, 3, 2, 0)
    assert found.addresses.all()["solicited"].tolist() == [1, 1]
    assert found.texts.of_row == ["", "www.example"]
    whole, chunk = Resolutions(), np.zeros(1, CHUNKS)
    for frame, message in enumerate((query(), response(), query(8), response(8), named(b"late"), response(8)), 1):
        body, _ = dns_tcp.parse(len(message).to_bytes(2) + message, from_responder=not frame % 2)
        whole.add_message(Message(0, frame, 0, "dns_tcp", not frame % 2, body), chunk)
    assert (whole.queries.rows, whole.dropped_queries, whole.addresses.rows, whole.dropped_addresses) == (2, 4, 2, 1)
    assert whole.texts.of_row == ["", "www.example"]
    assert (Resolutions().kept_until, found.kept_until) == (resolutions.LATEST, 20)
