"""Names that are declared differently are judged apart, and weak ones contradict nothing."""

from __future__ import annotations

import numpy as np
import pytest

from gdsi_audit.declarations import Destination
from gdsi_audit.detectors import persistent_channel
from gdsi_audit.detectors._counterparts import counterparts, judged_apart
from gdsi_audit.detectors._standing import standing

ONE_DOMAIN = """
remote           name                 name_source  duration_s
203.0.113.1:443  api.cams.example     tls-sni      4000
203.0.113.1:443  api.cams.example     tls-sni      4000
203.0.113.2:443  beacon.cams.example  tls-sni      4000
203.0.113.3:443  other.example        tls-sni      4000
"""


def test_names_of_one_domain_are_judged_apart_where_they_are_declared_differently(device_traffic, declared):
    traffic = device_traffic(ONE_DOMAIN)
    item = Destination(name="api.cams.example", persistent=True)
    kept = [(one.subject, one.severity) for one in persistent_channel.detect(traffic, declared(item))]
    assert kept == [("api.cams.example", "info"), ("cams.example", "medium"), ("other.example", "medium")]


def test_a_domain_that_is_declared_alike_keeps_its_name(device_traffic, declared):
    kept = [(one.subject, one.severity) for one in persistent_channel.detect(device_traffic(ONE_DOMAIN), declared("*.cams.example"))]
    assert kept == [("cams.example", "low"), ("other.example", "medium")]


def test_what_is_undeclared_is_not_mistaken_for_an_item_of_its_domains_name(device_traffic, declared):
    table = "remote name name_source\n203.0.113.1:443 cams.example tls-sni\n203.0.113.2:443 beacon.cams.example tls-sni"
    traffic, declaration, rows = device_traffic(table), declared("cams.example"), np.arange(2)
    assert counterparts(traffic, declaration, rows).tolist() == ["cams.example", "cams.example, not as declared"]
    assert judged_apart(traffic, declaration, rows).tolist() == ["cams.example", "cams.example, not as declared"]


@pytest.mark.parametrize(("source", "severity", "fields"), [("tls-sni", "medium", ["persistent"]), ("dns-expired", "low", [])])
def test_a_weak_name_contradicts_nothing(device_traffic, declared, source, severity, fields):
    traffic = device_traffic(f"remote name name_source duration_s\n203.0.113.1:443 api.cams.example {source} 4000")
    (one,) = persistent_channel.detect(traffic, declared(Destination(name="api.cams.example", persistent=False)))
    assert (one.severity, [broken.field for broken in one.contradicts]) == (severity, fields)
    assert ("weakly named" in one.observation) == (not fields)


@pytest.mark.parametrize("ambiguous", ["no", "yes"])
def test_who_is_surely_not_declared(device_traffic, declared, ambiguous):
    """Which of several names was meant is open, but none of them is declared."""
    traffic = device_traffic(f"remote name name_source ambiguous\n203.0.113.1:443 other.example dns {ambiguous}")
    assert standing(traffic, declared("api.cams.example"), np.arange(1)).undeclared
