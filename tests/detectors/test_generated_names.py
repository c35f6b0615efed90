"""Names that nobody registered."""

from __future__ import annotations

import random

import pandas as pd
import pytest

from gdsi_audit.declarations import NOTHING_DECLARED
from gdsi_audit.detectors.generated_names import detect
from gdsi_audit.traffic import DNS


def denied(queries, rcode=3):
    row = {"flow": 16, "capture": 0, "frame": 2, "client": "192.168.1.50", "server": "192.168.1.1", "server_port": 53, "response": True}
    row |= {"qtype": 1, "rcode": rcode, "answers": 0, "message_bytes": 60, "solicited": True}
    rows = [{**row, "query": query, "time": number * 10**9} for number, query in enumerate(queries)]
    return pd.DataFrame(rows, columns=list(DNS)).astype(DNS)


def letters(seed, size=12):
    source = random.Random(seed)
    return "".join(source.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(size))


def found(device_traffic, queries, rcode=3):
    traffic = device_traffic("remote transport service\n192.168.1.1:53 udp dns", dns=denied(queries, rcode))
    return [(one.severity, one.confidence) for one in detect(traffic, NOTHING_DECLARED)]


def test_computed_names(device_traffic):
    assert found(device_traffic, [f"{letters(seed)}.com" for seed in range(20)]) == [("medium", "medium")]
    assert found(device_traffic, [f"www.{letters(seed)}.co.uk" for seed in range(40)]) == [("medium", "high")]


WORDS = ["gardenkitchen", "streetstation", "telemetry", "advertising", "analyticsdata", "windowcontrol", "firmware", "updatesystem"]


@pytest.mark.parametrize(
    "queries",
    [
        [f"{word}.{end}" for word in WORDS for end in ("com", "net")],
        [f"{letters(seed)}.cams.example" for seed in range(40)],
        [f"{letters(seed)}.lan" for seed in range(40)],
        [letters(seed) for seed in range(40)],
        [f"{letters(seed)}.com" for seed in range(8)] * 5,
        [f"{letters(seed, 5)}.com" for seed in range(40)],
        [f"{seed}.1.168.192.in-addr.arpa" for seed in range(40)],
    ],
)
def test_names_that_merely_do_not_exist(device_traffic, queries):
    assert found(device_traffic, queries) == []


def test_names_that_exist(device_traffic):
    assert found(device_traffic, [f"{letters(seed)}.com" for seed in range(40)], rcode=0) == []
