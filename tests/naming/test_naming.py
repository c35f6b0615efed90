"""Which name a flow goes by."""

from __future__ import annotations

import numpy as np
import pytest

from gdsi_audit import naming
from gdsi_audit.endpoints import NAME_SOURCES
from gdsi_audit.messages.facts import NAMES
from gdsi_audit.packets.address import value

SECOND = 1_000_000_000
ONE, TWO = 1, 2


def leases(*answers):
    """(device, address, time in s, ttl in s, name)."""
    rows = np.zeros(len(answers), naming.LEASES)
    for row, (device, address, time_s, ttl_s, name) in zip(rows, answers, strict=True):
        row["device"], row["time"], row["ttl_s"], row["name"], row["frame"] = device, time_s * SECOND, ttl_s, name, 7
        row["hi"], row["lo"] = value(address)
    return rows


def named(start_s, answers, *, own=(), device=0, address="203.0.113.9"):
    """(name, source, ambiguous) of one flow."""
    names = np.array([(0, name, NAME_SOURCES.index(source), frame, 0, 0) for name, source, frame in own], NAMES)
    chosen = naming.own_names(names, np.array([0]))
    hi, lo = value(address)
    naming.add_answers(
        chosen, np.array([device], np.int32), np.array([hi], np.uint64), np.array([lo], np.uint64), np.array([start_s * SECOND]), leases(*answers)
    )
    source = int(chosen.source[0])
    return int(chosen.name[0]), NAME_SOURCES[source] if source >= 0 else "", bool(chosen.ambiguous[0])


@pytest.mark.parametrize(
    ("why", "start_s", "answers", "expected"),
    [
        ("the answer of this device names it", 100, [(0, "203.0.113.9", 90, 60, ONE)], (ONE, "dns", False)),
        ("another device's answer never does", 100, [(1, "203.0.113.9", 90, 60, ONE)], (0, "", False)),
        ("another address's answer never does", 100, [(0, "203.0.113.8", 90, 60, ONE)], (0, "", False)),
        ("an expired answer is weaker", 1000, [(0, "203.0.113.9", 90, 60, ONE)], (ONE, "dns-expired", False)),
        ("a later answer is weaker still", 100, [(0, "203.0.113.9", 101, 60, ONE)], (ONE, "dns-later", False)),
        ("the latest answer before the flow counts", 100, [(0, "203.0.113.9", 10, 20, ONE), (0, "203.0.113.9", 95, 60, TWO)], (TWO, "dns", False)),
        ("two unexpired names are ambiguous", 100, [(0, "203.0.113.9", 80, 600, ONE), (0, "203.0.113.9", 95, 60, TWO)], (TWO, "dns", True)),
        ("the same name twice is not", 100, [(0, "203.0.113.9", 80, 600, ONE), (0, "203.0.113.9", 95, 60, ONE)], (ONE, "dns", False)),
        ("no answers at all", 100, [], (0, "", False)),
    ],
)
def test_answers_name_a_flow(why, start_s, answers, expected):
    assert named(start_s, answers) == expected, why


@pytest.mark.parametrize(
    ("why", "own", "expected"),
    [
        ("SNI beats the answer", [(TWO, "tls-sni", 9)], (TWO, "tls-sni", False)),
        ("a Host field beats SNI", [(ONE, "tls-sni", 9), (TWO, "http-host", 12)], (TWO, "http-host", False)),
        ("of equals the earliest counts", [(TWO, "http-host", 12), (ONE, "http-host", 9)], (ONE, "http-host", False)),
        ("a certificate is weaker than the answer", [(TWO, "certificate", 9)], (ONE, "dns", False)),
    ],
)
def test_a_flow_goes_by_its_own_strongest_name(why, own, expected):
    assert named(100, [(0, "203.0.113.9", 90, 60, ONE)], own=own) == expected, why


@pytest.mark.parametrize(
    ("why", "own", "expected"),
    [
        ("the beginning's name", [(0, ONE, "tls-sni", 9)], (ONE, "tls-sni", 9)),
        ("a stronger one of its own", [(0, ONE, "tls-sni", 9), (1, TWO, "http-host", 12)], (TWO, "http-host", 12)),
        ("a weaker one of its own", [(0, ONE, "tls-sni", 9), (1, TWO, "certificate", 12)], (ONE, "tls-sni", 9)),
        ("the beginning has none", [(1, TWO, "certificate", 12)], (TWO, "certificate", 12)),
        ("neither has one", [(5, TWO, "tls-sni", 12)], (0, "", 0)),
    ],
)
def test_what_continues_a_connection_goes_by_the_name_of_its_beginning(why, own, expected):
    names = np.array([(serial, name, NAME_SOURCES.index(source), frame, 0, 0) for serial, name, source, frame in own], NAMES)
    chosen = naming.own_names(names, np.array([0, 1]))
    naming.inherit(chosen, np.array([0, 0]))
    source = int(chosen.source[1])
    assert (int(chosen.name[1]), NAME_SOURCES[source] if source >= 0 else "", int(chosen.frame[1])) == expected, why


def test_ipv6_addresses_are_named_alike():
    assert named(100, [(0, "2001:db8::9", 90, 60, ONE)], address="2001:db8::9") == (ONE, "dns", False)
