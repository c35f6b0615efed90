"""What hosts of the link send beyond it."""

from __future__ import annotations

import numpy as np

from gdsi_audit.flows import CLOSED
from gdsi_audit.hosts.neighbours import uploads
from gdsi_audit.packets.address import value
from gdsi_audit.traffic import NEIGHBOURS, NO_NEIGHBOURS

ROUTER, PEER, SERVER = 0x020000000001, 0x020000000088, 0x020000000099


def closed(*flows):
    """(originator, its MAC, responder, its MAC, bytes up, bytes down)."""
    rows = np.zeros(len(flows), CLOSED)
    for row, (orig, orig_mac, resp, resp_mac, up, down) in zip(rows, flows, strict=True):
        row["orig_hi"], row["orig_lo"] = value(orig)
        row["resp_hi"], row["resp_lo"] = value(resp)
        row["orig_mac"], row["resp_mac"], row["orig_bytes"], row["resp_bytes"], row["start"], row["end"] = orig_mac, resp_mac, up, down, 5, 9
    return rows


def found(*flows, routers=frozenset({ROUTER})):
    table = uploads(closed(*flows), routers)
    return list(zip(table["addr"].tolist(), table["remote_addr"].tolist(), table["up_bytes"].tolist(), strict=True))


def test_either_side_may_send():
    out = ("192.168.1.88", PEER, "203.0.113.9", ROUTER, 50_000, 100)
    pulled = ("203.0.113.9", ROUTER, "192.168.1.88", PEER, 100, 60_000)
    assert found(out, pulled) == [("192.168.1.88", "203.0.113.9", 50_000), ("192.168.1.88", "203.0.113.9", 60_000)]


def test_over_ipv6_the_mac_tells_who_is_near():
    near = ("2001:db8::88", PEER, "2001:db8:9::9", ROUTER, 50_000, 40_000)
    assert found(near) == [("2001:db8::88", "2001:db8:9::9", 50_000)]
    assert found(("2001:db8::88", 0, "2001:db8:9::9", 0, 50_000, 40_000)) == []


def test_a_host_of_the_same_prefix_is_no_party_beyond():
    inside = ("2001:db8::88", PEER, "2001:db8::99", SERVER, 50_000, 0)
    assert found(inside) == []
    behind = ("2001:db8::88", PEER, "2001:db8::99", ROUTER, 50_000, 0)
    assert found(behind) == [("2001:db8::88", "2001:db8::99", 50_000)], "whose frames came through the router"


def test_what_is_no_upload():
    assert found(("192.168.1.88", PEER, "203.0.113.9", ROUTER, 9_000, 900_000)) == []
    assert found(("192.168.1.88", PEER, "192.168.1.50", SERVER, 50_000, 0)) == []
    table = uploads(closed())
    assert (len(table), table.names, NO_NEIGHBOURS.names) == (0, tuple(NEIGHBOURS), tuple(NEIGHBOURS))
