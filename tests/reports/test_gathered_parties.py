from __future__ import annotations

import numpy as np
import pytest

from gdsi_audit.declarations import NOTHING_DECLARED
from gdsi_audit.reports._all_parties import together
from gdsi_audit.reports._destinations import destinations
from gdsi_audit.reports._gathered import NOTHING, Groups, union, whole
from gdsi_audit.reports._parties import GRAVEST_ASSESSMENT, GRAVEST_VERDICT, NEVER, NO_SOURCE, Parties, Sets, merged

SECOND_NS = 1_000_000_000
WORDS = [frozenset(), frozenset({"tcp/443"}), frozenset({"tcp/443 tls"}), frozenset({"tcp/443", "udp/53"})]


def party(name, address, *, verdicts=(), assessments=(), services=0, source=NO_SOURCE, flows=1, up=0, down=0, first=NEVER, last=0):
    return (
        *(name, address, source, sum(1 << GRAVEST_VERDICT.index(one) for one in verdicts)),
        *(sum(1 << GRAVEST_ASSESSMENT.index(one) for one in assessments), services, flows, up, down, first, last),
    )


def parties(names, addresses, *rows):
    columns = np.array(rows, np.int64).reshape(-1, 11).T
    services, items = Sets(columns[5].astype(np.int32), WORDS), Sets(np.zeros(columns.shape[1], np.int32), [frozenset()])
    return Parties(names, addresses, *columns[:5], services, items, *columns[6:])


NAMES, ADDRESSES = ("", "cloud.example", "203.0.113.9"), ("203.0.113.9", "203.0.113.5", "203.0.113.4")
FOUND = parties(
    NAMES,
    ADDRESSES,
    party(0, 0, verdicts=["unnamed"], services=1, flows=2, up=7, first=5 * SECOND_NS, last=6 * SECOND_NS),
    party(1, 1, verdicts=["declared", "bench"], assessments=["inside"], services=2, source=6, up=10, down=1),
    party(1, 2, verdicts=["declared"], assessments=["unknown"], services=3, source=4, up=30, first=SECOND_NS, last=2 * SECOND_NS),
    party(2, 0, services=0, source=1, up=1, first=4 * SECOND_NS, last=4 * SECOND_NS),
)


def test_destinations_gather_addresses_by_name_most_upload_first():
    cloud, address = destinations(FOUND, {}, NOTHING_DECLARED)
    assert (cloud["destination"], cloud["addresses"]) == ("cloud.example", ["203.0.113.4", "203.0.113.5"])
    assert (cloud["match"], cloud["assessment"], cloud["name_source"]) == ("declared", "unknown", "tls-sni")
    assert cloud["services"] == ["tcp/443 tls", "udp/53"]
    assert (cloud["up_bytes"], cloud["down_bytes"], cloud["first_seen"]) == (40, 1, "1970-01-01T00:00:01Z")
    # A Host header that is an address stands for it, and the address is listed once.
    assert (address["destination"], address["addresses"]) == ("203.0.113.9", ["203.0.113.9"])
    assert (address["match"], address["name_source"], address["flows"]) == ("unnamed", "http-host", 3)
    assert (address["first_seen"], address["last_seen"]) == ("1970-01-01T00:00:04Z", "1970-01-01T00:00:06Z")


def test_equal_sums_are_ordered_by_title():
    found = parties(("", "b.example", "a.example"), ADDRESSES, party(1, 0), party(2, 1), party(0, 2))
    assert [row["destination"] for row in destinations(found, {}, NOTHING_DECLARED)] == ["203.0.113.4", "a.example", "b.example"]


@pytest.mark.parametrize(
    ("verdicts", "match"),
    [((), "not_observable"), (("declared", "undeclared"), "undeclared"), (("link_upkeep",), "link_upkeep"), (("bench", "background"), "bench")],
)
def test_the_gravest_word_is_shown(verdicts, match):
    assert whole(parties(("",), ADDRESSES, party(0, 0, verdicts=verdicts))).match == match


def test_of_no_party_nothing_moved():
    nobody = parties(("",), ADDRESSES)
    assert whole(nobody) == NOTHING
    assert NOTHING.totals() == {"flows": 0, "up_bytes": 0, "down_bytes": 0, "first_seen": None, "last_seen": None}
    assert (NOTHING.match, NOTHING.assessed, union(NOTHING, nobody.services)) == ("not_observable", "unknown", frozenset())
    assert list(destinations(nobody, {}, NOTHING_DECLARED)) == []


def test_groups_beyond_one_piece_come_in_the_order_asked_for(monkeypatch):
    monkeypatch.setattr("gdsi_audit.reports._gathered.AT_ONCE", 2)
    found = parties(("",), tuple("abcde"), *(party(0, row, up=row) for row in (3, 1, 4, 0, 2)))
    groups = Groups(found, found.address)
    assert [group.up_bytes for group in groups.in_order(np.array([4, 0, 3, 1, 2]))] == [4, 0, 3, 1, 2]


def test_devices_whose_tables_have_words_of_their_own_share_one():
    other = parties(("cloud.example",), ("203.0.113.4", "203.0.113.8"), party(0, 0, up=5, services=1), party(0, 1))
    everyone, of_device = together([FOUND, other])
    assert of_device.tolist() == [0, 0, 0, 0, 1, 1]
    assert [everyone.addresses[row] for row in everyone.address[4:]] == ["203.0.113.4", "203.0.113.8"]
    assert [everyone.names[row] for row in everyone.name[4:]] == ["cloud.example"] * 2
    shared = next(group for group in Groups(everyone, everyone.address).in_order(np.arange(4)) if len(group.rows) == 2 and group.up_bytes == 35)
    assert union(shared, everyone.services) == {"tcp/443", "udp/53"}


def test_of_no_device_there_are_no_parties():
    everyone, of_device = together([])
    assert (everyone.flows.size, of_device.size) == (0, 0)


def test_words_that_are_the_same_object_are_not_looked_at():
    assert merged(NAMES, NAMES)[0] is NAMES
