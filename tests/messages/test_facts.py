from __future__ import annotations

import numpy as np

from gdsi_audit.endpoints import NAME_SOURCES
from gdsi_audit.flows import CHUNKS
from gdsi_audit.messages.facts import MOST_NAMES_PER_FLOW, FactKeeper


class Body:
    def __init__(self, *names: tuple[str, str], **fields: object) -> None:
        self._names = names
        self.__dict__.update(fields)

    def names(self):
        return iter(self._names)


class Heardly:
    """What FactKeeper takes of Heard."""

    class shelf:
        names = ("tls", "http")

    def __init__(self, *messages):
        self.chunks = np.zeros(len(messages), CHUNKS)
        for row, (serial, _, _, frame, from_responder) in zip(self.chunks, messages, strict=True):
            row["slot"] = row["serial"] = serial
            row["frame"], row["from_responder"], row["time"] = frame, from_responder, 5
        self.bodies = [body for _, body, *_ in messages]
        self.protocols = np.array([self.shelf.names.index(protocol) for _, _, protocol, *_ in messages], np.int16)


def message(serial: int, body: object, protocol: str = "tls", frame: int = 1, from_responder: bool = False) -> tuple:
    return serial, body, protocol, frame, from_responder


def keeper_of(*messages) -> FactKeeper:
    """That has heard them all together; a test holds that one by one is the same."""
    keeper = FactKeeper(8)
    keeper.note(Heardly(*messages))
    return keeper


def closed(keeper: FactKeeper, *serials: int):
    return keeper.close(np.array(serials, np.int32), np.array(serials, np.int64))


def test_a_body_shared_by_flows_says_the_same_of_each():
    body = Body(("WWW.Example", "tls-sni"), ja4="t13", alpn=("h2", "h3"), cipher_suites=(1,))
    keeper = keeper_of(message(1, body), message(2, body, frame=9))
    facts, names = closed(keeper, 1, 2, 3)
    assert [keeper.texts.of_row[row] for row in facts["server_name"]] == ["www.example", "www.example", ""]
    assert [keeper.texts.of_row[row] for row in facts["alpn"]] == ["h2", "h2", ""]
    assert facts["handshake_bytes"].tolist() == [1000, 1000, 0] and facts["serial"].tolist() == [1, 2, 3]
    assert names["frame"].tolist() == [1, 9] and {NAME_SOURCES[rank] for rank in names["source"]} == {"tls-sni"}


def test_the_direction_is_no_part_of_a_shared_body():
    body = Body(cipher_suites=(1,), ja3="one")
    keeper = keeper_of(message(1, body, from_responder=True), message(2, body))
    assert closed(keeper, 1, 2)[0]["handshake_bytes"].tolist() == [0, 1000]


def test_equal_names_count_once_and_too_many_are_counted():
    twice = [message(1, Body(("a.example", "http-host"), ("", "http-host")), "http") for _ in range(2)]
    many = Body(*((f"{number}.example", "certificate") for number in range(MOST_NAMES_PER_FLOW + 2)))
    keeper = keeper_of(*twice, message(2, many))
    facts, names = closed(keeper, 1, 2)
    assert keeper.texts.of_row[facts["http_host"][0]] == "a.example"
    assert np.bincount(names["serial"]).tolist() == [0, 1, MOST_NAMES_PER_FLOW] and keeper.dropped_names == 2


def test_the_first_host_and_the_last_fingerprint_count_together_and_one_by_one():
    messages = [
        message(1, Body(("one.example", "tls-sni"), ja3="one")),
        message(1, Body(("two.example", "tls-sni"), ("two.example", "http-host"), ja3="two")),
        message(1, Body(ja3s="server"), from_responder=True),
        message(1, Body(("three.example", "http-host")), "http"),
    ]
    together, apart = keeper_of(*messages), FactKeeper(8)
    for one in messages:
        apart.note(Heardly(one))
    for keeper in (together, apart):
        (facts,), names = closed(keeper, 1)
        said = {field: keeper.texts.of_row[facts[field]] for field in ("service", "server_name", "http_host", "ja3", "ja3s")}
        assert said == {"service": "http", "server_name": "one.example", "http_host": "two.example", "ja3": "two", "ja3s": "server"}
        assert names.size == 4


def test_a_slot_forgets_the_flow_before():
    keeper = FactKeeper(8)
    for serial in (3, 4):
        heard = Heardly(message(serial, Body((f"{serial}.example", "tls-sni")) if serial == 3 else Body()))
        heard.chunks["slot"] = 0
        keeper.note(heard)
    facts, names = keeper.close(np.zeros(2, np.int32), np.array([3, 4]))
    assert facts["server_name"].tolist() == [0, 0] and names["serial"].tolist() == [3]
