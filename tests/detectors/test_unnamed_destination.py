"""Addresses that could have had a name, and the ones whose name could not be seen."""

from __future__ import annotations

from ipaddress import ip_network

from gdsi_audit.declarations import NOTHING_DECLARED, Destination
from gdsi_audit.detectors.unnamed_destination import detect

TABLE = """
remote               name       name_source  nameable  up_bytes  transport  service
203.0.113.1:443      -          -            -         500       tcp        -
203.0.113.2:443      -          -            -         0         tcp        -
203.0.113.3:443      -          -            no        500       tcp        -
203.0.113.4:443      a.example  dns-expired  -         500       tcp        -
203.0.113.5:443      a.example  tls-sni      -         500       tcp        -
192.168.1.9:80       -          -            -         500       tcp        -
[2001:db8:f::1]:443  -          -            -         500       tcp        -
8.8.8.8:53           -          -            -         500       udp        dns
"""


def test_works_without_a_declaration(device_traffic):
    found = list(detect(device_traffic(TABLE), NOTHING_DECLARED))
    assert [(one.subject, one.severity, one.count) for one in found] == [
        ("2001:db8:f::1", "low", 1),
        ("203.0.113.1", "low", 1),
        ("203.0.113.2", "info", 1),
        ("names not observable", "info", 2),
    ]


def test_a_declared_address_needs_no_name(device_traffic, declared):
    item = Destination(network=ip_network("203.0.113.0/30"))
    found = list(detect(device_traffic(TABLE), declared(item)))
    assert [one.subject for one in found] == ["2001:db8:f::1", "names not observable"]


def test_too_many_addresses_become_one_finding(device_traffic):
    lines = [f"203.0.113.{number}:443 {number}" for number in range(1, 6)]
    found = list(detect(device_traffic("\n".join(["remote up_bytes", *lines])), NOTHING_DECLARED, most_subjects=2))
    assert [(one.subject, one.count) for one in found] == [("203.0.113.4", 1), ("203.0.113.5", 1), ("further addresses", 3)]


def test_a_device_that_echoes_contacts_nobody(device_traffic):
    table = "remote transport device_is_originator initiator up_bytes down_bytes\n203.0.113.9:0 icmp no remote {} 3360"
    assert [[one.severity for one in detect(device_traffic(table.format(size)), NOTHING_DECLARED)] for size in (3360, 9000)] == [["info"], ["low"]]
