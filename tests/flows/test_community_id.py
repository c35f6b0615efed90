"""Community ID v1 against the specification's own baseline."""

from __future__ import annotations

import numpy as np
import pytest
from packet_rows import address

from gdsi_audit.flows import CLOSED
from gdsi_audit.flows.community_id import community_id, community_ids

BASELINE = [
    ("128.232.110.120", 34855, "66.35.250.204", 80, 6, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
    ("192.168.0.89", 8, "192.168.0.1", 0, 1, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="),
]


@pytest.mark.parametrize(("orig", "orig_port", "resp", "resp_port", "transport", "expected"), BASELINE)
def test_baseline(orig, orig_port, resp, resp_port, transport, expected):
    assert community_id(address(orig), orig_port, address(resp), resp_port, transport) == expected
    assert community_id(address(resp), resp_port, address(orig), orig_port, transport) == expected


def test_one_way_icmp_keeps_its_direction():
    there, back = (community_id(address(a), 3, address(b), 1, 1) for a, b in (("10.0.0.1", "10.0.0.2"), ("10.0.0.2", "10.0.0.1")))
    assert there != back


def test_other_transports_have_no_ports():
    ids = {community_id(address(a), 0, address(b), 0, 47) for a, b in (("10.0.0.1", "10.0.0.2"), ("10.0.0.2", "10.0.0.1"))}
    assert len(ids) == 1


def test_a_table_at_once():
    rows = np.zeros(2, CLOSED)
    (rows["orig_hi"][0], rows["orig_lo"][0]), rows["orig_port"][0] = address("128.232.110.120"), 34855
    (rows["resp_hi"][0], rows["resp_lo"][0]), rows["resp_port"][0] = address("66.35.250.204"), 80
    rows["transport"] = 6, 255
    assert community_ids(rows).tolist() == [BASELINE[0][-1], ""]


def test_a_table_gives_what_each_flow_gives():
    random = np.random.default_rng(1)
    rows = np.zeros(600, CLOSED)
    for side in ("orig", "resp"):
        v4 = random.choice([address(text)[1] for text in ("10.0.0.1", "10.0.0.2", "203.0.113.9")], 600)
        v6 = random.integers(1, 4, 600, np.uint64)
        rows[f"{side}_hi"][300:] = random.integers(1, 3, 300, np.uint64)
        rows[f"{side}_lo"] = np.where(np.arange(600) < 300, v4, v6)
        rows[f"{side}_port"] = random.integers(0, 20, 600)
    rows["transport"] = random.choice([1, 58, 6, 17, 132, 47], 600)
    rows["orig_hi"][5] = 1
    expected = [
        community_id((flow["orig_hi"], flow["orig_lo"]), flow["orig_port"], (flow["resp_hi"], flow["resp_lo"]), flow["resp_port"], flow["transport"])
        for flow in (dict(zip(CLOSED.names, row, strict=True)) for row in rows.tolist())
    ]
    assert community_ids(rows).tolist() == expected
