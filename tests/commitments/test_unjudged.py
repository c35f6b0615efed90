"""What the declaration takes out of the audit keeps verdicts open."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from gdsi_audit.commitments.unjudged import unjudged
from gdsi_audit.declarations import Bench, Ignore, Product, Source

TABLE = """
remote             name       name_source  app    up_bytes
203.0.113.1:443    a.example  tls-sni      cam    930
203.0.113.2:443    b.example  tls-sni      other  30
203.0.113.3:443    c.example  tls-sni      -      40
192.168.1.7:443    -          -            -      0
"""


def by(author: str) -> Source:
    return Source("camera.toml", 1, author)


def bench(address: str, author: str = "vendor") -> dict[str, object]:
    return {"bench": (Bench(role="tester", address=address, source=by(author)),)}


def ignoring(author: str = "vendor") -> dict[str, object]:
    return {"ignore": (Ignore(filter="udp", reason="noise", source=by(author)),)}


@pytest.mark.parametrize(
    ("given", "table", "told"),
    [
        ({}, TABLE, []),
        ({"product": Product(scope="app:cam")}, TABLE, []),
        ({"product": Product(scope="app:cam")}, TABLE.replace(" 40", "400"), ["29.4% of upload bytes belong to no known app, more than 5%"]),
        ({"product": Product(scope="app:else")}, TABLE, ["no flow of app:else was seen, and the declaration is of nothing else"]),
        (bench("203.0.113.1"), TABLE, ["930 upload bytes to hosts on the internet were not judged, since the vendor declares these as [[bench]]"]),
        (bench("203.0.113.1", "tester"), TABLE, []),
        (bench("192.168.1.7"), TABLE, []),
        (bench("203.0.113.9"), TABLE, []),
    ],
)
def test_who_is_not_judged(device_traffic, traffic_of, declared, given, table, told):
    device = device_traffic(table)
    assert list(unjudged(device, traffic_of(device), declared("*.example", **given))) == told


@pytest.mark.parametrize(
    ("given", "frames", "told"),
    [
        (ignoring(), 1_532, ["1,532 frames were left out, among them what the vendor's own [[ignore]] names"]),
        (ignoring(), 0, []),
        (ignoring("tester"), 1_532, []),
        ({}, 1_532, []),
    ],
)
def test_frames_that_the_vendor_s_own_statement_leaves_out(device_traffic, traffic_of, declared, given, frames, told):
    device = device_traffic(TABLE)
    seen = traffic_of(device)
    capture = replace(seen.captures[0], ledger=replace(seen.captures[0].ledger, skipped=Counter(filtered=frames)))
    assert list(unjudged(device, replace(seen, captures=(capture,)), declared("a.example", **given))) == told
