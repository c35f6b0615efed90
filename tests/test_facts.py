from __future__ import annotations

import numpy as np

from gdsi_audit.endpoints import NAME_SOURCES
from gdsi_audit.facts import MOST_NAMES_PER_FLOW, FactKeeper
from gdsi_audit.protocols import Message


class Body:
    def __init__(self, *names: tuple[str, str], **fields: object) -> None:
        self._names = names
        self.__dict__.update(fields)

    def names(self):
        return iter(self._names)


def message(flow: int, body: object, protocol: str = "tls", frame: int = 1, from_responder: bool = False) -> Message:
    return Message(flow, frame, 5, protocol, from_responder, body)


def closed(keeper: FactKeeper, *flows: int):
    return keeper.close(np.array(flows, np.int64), np.arange(len(flows), dtype=np.int64))


def test_a_body_shared_by_flows_says_the_same_of_each():
    keeper, body = FactKeeper(), Body(("WWW.Example", "tls-sni"), ja4="t13", alpn=("h2", "h3"), cipher_suites=(1,))
    keeper.note(message(16, body))
    keeper.note(message(32, body, frame=9))
    facts, names = closed(keeper, 16, 32, 48)
    assert [keeper.texts.of_row[row] for row in facts["server_name"]] == ["www.example", "www.example", ""]
    assert [keeper.texts.of_row[row] for row in facts["alpn"]] == ["h2", "h2", ""]
    assert facts["handshake_bytes"].tolist() == [1000, 1000, 0]
    assert names["frame"].tolist() == [1, 9] and {NAME_SOURCES[rank] for rank in names["source"]} == {"tls-sni"}


def test_the_direction_is_no_part_of_a_shared_body():
    keeper, body = FactKeeper(), Body(cipher_suites=(1,), ja3="one")
    keeper.note(message(16, body, from_responder=True))
    keeper.note(message(32, body))
    assert closed(keeper, 16, 32)[0]["handshake_bytes"].tolist() == [0, 1000]


def test_equal_names_count_once_and_too_many_are_counted():
    keeper = FactKeeper()
    for _ in range(2):
        keeper.note(message(16, Body(("a.example", "http-host"), ("", "http-host")), "http"))
    keeper.note(message(32, Body(*((f"{number}.example", "certificate") for number in range(MOST_NAMES_PER_FLOW + 2)))))
    facts, names = closed(keeper, 16, 32)
    assert keeper.texts.of_row[facts["http_host"][0]] == "a.example"
    assert np.bincount(names["serial"]).tolist() == [1, MOST_NAMES_PER_FLOW] and keeper.dropped_names == 2


def test_what_a_later_message_does_not_say_stays():
    keeper = FactKeeper()
    keeper.note(message(16, Body(ja3="one")))
    keeper.note(message(16, Body(ja3s="two"), from_responder=True))
    facts, _ = closed(keeper, 16)
    assert [keeper.texts.of_row[facts[field][0]] for field in ("service", "ja3", "ja3s")] == ["tls", "one", "two"]
