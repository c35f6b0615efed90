"""Bytes by jurisdiction and operator: nothing shared out, nothing left out."""

from __future__ import annotations

import pandas as pd
import pytest

from gdsi_audit.geo import Answer, Place
from gdsi_audit.jurisdictions import Share, by_jurisdiction, by_operator, jurisdiction

TABLE = """
remote            up_bytes  down_bytes
203.0.113.1:443   10        1
203.0.113.2:443   20        2
203.0.113.2:80    1         1
203.0.113.3:443   300       3
203.0.113.4:443   400       4
203.0.113.5:443   50        5
203.0.113.6:443   60        6
203.0.113.7:443   7         70
192.168.1.9:80    8         80
"""
CURATED = Answer("US", ("curated",), "high")
PLACES = {
    "203.0.113.1": Place(located_in=Answer("DE"), organisation="Host", hosted_by=CURATED),
    "203.0.113.2": Place(located_in=Answer("DE"), organisation="Host", hosted_by=CURATED),
    "203.0.113.3": Place(located_in=Answer("", (), "low", ("DE", "US")), organisation="Service", operated_by=Answer("CN"), hosted_by=CURATED),
    "203.0.113.4": Place(multi_location=True, organisation="Service", hosted_by=CURATED),
    "203.0.113.5": Place(located_in=Answer("", (), "low", ("FR",))),
    "203.0.113.6": Place(),
    "192.168.1.9": Place(special="private"),
}


@pytest.fixture
def device(device_traffic, flows_table, contacts_of):
    return device_traffic(TABLE, places=PLACES, contacts=contacts_of(flows_table(TABLE)))


def test_by_jurisdiction(device):
    assert by_jurisdiction(device) == [
        Share("multi-location", "", 1, 400, 4),
        Share("contested", "", 2, 350, 8),
        Share("unknown", "", 2, 67, 76),
        Share("DE", "", 3, 31, 4),
        Share("local", "", 1, 8, 80),
    ]


def test_by_operator(device):
    assert by_operator(device) == [
        Share("Service", "US", 1, 400, 4),
        Share("Service", "CN", 1, 300, 3),
        Share("unknown", "", 3, 117, 81),
        Share("Host", "US", 3, 31, 4),
        Share("local", "", 1, 8, 80),
    ]


@pytest.mark.parametrize("rows", [by_jurisdiction, by_operator])
def test_sums_are_those_of_all_contacts(device, rows):
    sums = pd.DataFrame(rows(device))[["flows", "up_bytes", "down_bytes"]].sum().tolist()
    assert sums == device.contacts[["flows", "up_bytes", "down_bytes"]].sum().tolist()


def test_nothing_observed_makes_no_rows(device_traffic):
    assert by_jurisdiction(device_traffic("")) == by_operator(device_traffic("")) == []


def test_a_country_refuted_leaves_its_row():
    assert jurisdiction(Place(located_in=Answer("", ("one",), "unknown"), refuted=("US: 3 ms",))) == "unknown"
