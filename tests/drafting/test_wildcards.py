"""When several names stand as one."""

from __future__ import annotations

import pytest

from gdsi_audit.declarations import Destination
from gdsi_audit.drafting._contacts import Sums
from gdsi_audit.drafting._entries import Entry
from gdsi_audit.drafting._wildcards import gathered


def titles(*names, **given):
    return [entry.item.title for entry in gathered(Entry(item=Destination(name=name, **given), sums=Sums()) for name in names)]


def below(base, count=5):
    return [f"{letter}.{base}" for letter in "abcdefgh"[:count]]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (below("cams.example"), ["*.cams.example"]),
        (below("cams.example", 4), below("cams.example", 4)),
        (["cams.example", *below("cams.example")], ["cams.example", "*.cams.example"]),
        (below("eu.cams.example"), ["*.eu.cams.example"]),
        ([*below("eu.cams.example", 4), "us.cams.example"], ["*.cams.example"]),
        (["x.cams.example", *(f"{letter}.x.cams.example" for letter in "abcd")], ["x.cams.example", "*.x.cams.example"]),
        (below("s3.amazonaws.com"), below("s3.amazonaws.com")),
        (below("co.uk"), below("co.uk")),
        ([*below("cams.example", 3), *below("other.example", 3)], [*below("cams.example", 3), *below("other.example", 3)]),
    ],
)
def test_five_names_below_one_registered_domain(names, expected):
    assert titles(*names) == expected


def test_what_differs_in_manner_stays_apart():
    entries = [Entry(item=Destination(name=name, transport="tcp", ports=((443, 443),), period_s=60.0), sums=Sums()) for name in below("cams.example")]
    entries += [Entry(item=Destination(name="a.cams.example", transport="udp", ports=((123, 123),)), sums=Sums())]
    found = gathered(entries)
    assert [(entry.item.name, entry.item.transport, entry.item.ports) for entry in found] == [
        ("*.cams.example", "tcp", ((443, 443),)),
        ("*.cams.example", "udp", ((123, 123),)),
    ]
    assert found[0].item.period_s == 60
    assert found[0].remarks == ("names seen: a.cams.example, b.cams.example, c.cams.example, d.cams.example, e.cams.example",)
