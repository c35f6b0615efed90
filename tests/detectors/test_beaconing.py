"""Regular contacts, and the score against a second implementation in plain Python."""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import replace
from statistics import mean, median, pstdev

import numpy as np
import pytest

from gdsi_audit.declarations import NOTHING_DECLARED, Destination
from gdsi_audit.detectors._beacon_score import beacon_score
from gdsi_audit.detectors._rhythm import phase, spread
from gdsi_audit.detectors.beaconing import detect
from gdsi_audit.protocols import Message, http

START_S = 1_790_000_000


def by_hand(times, sizes, first, last):
    """The definition, read out loud: (whole, timing, size, histogram, duration)."""

    def statistic(values, default):
        values = sorted(values)
        lower, upper = values[: len(values) // 2], values[(len(values) + 1) // 2 :]
        q1, q2, q3 = median(lower), median(values), median(upper)
        skew = 0 if q3 - q1 < 10 or q2 in (q1, q3) else (q1 + q3 - 2 * q2) / (q3 - q1)
        mad = median([abs(value - q2) for value in values])
        return ((1 - abs(skew)) + (max((q2 - mad) / q2, 0) if q2 >= 1 else default)) / 2

    width = (last - first) / 24
    bins = [0] * 24
    for time in times:
        bins[min(int((time - first) / width), 23)] += 1
    used = [count for count in bins if count]
    flat = max(1 - pstdev(bins) / mean(bins), 0)
    step = math.ceil(max(bins) * 0.05)
    heights = {}
    for count in used:
        heights[count // step] = heights.get(count // step, 0) + 1
    modes = sum(sorted(heights.values())[-2:]) / max(len(used) - 1, 1) if len(used) >= 11 else 0
    run = max(map(len, "".join("x" if count else " " for count in bins * 2).split()))
    coverage = (times[-1] - times[0]) / (last - first)
    duration = 0 if len(used) < 6 else min(max(coverage, min(run, 24) / 12), 1)
    intervals = [later - earlier for earlier, later in itertools.pairwise(times) if later > earlier]
    parts = (statistic(intervals, 1), statistic(sizes, 0), max(flat, min(modes, 1)), duration)
    return (mean(parts), *parts)


@pytest.mark.parametrize("seed", range(25))
def test_the_score_is_that_of_a_second_implementation(seed):
    source = random.Random(seed)
    count, period, jitter = source.randint(4, 300), source.choice([5, 60, 300, 3600]), source.random() * 1.2
    gaps = [max(0, round(period * (1 + source.uniform(-jitter, jitter)))) for _ in range(count)]
    times = [START_S + sum(gaps[:number]) for number in range(count)]
    sizes = [source.choice([120, 120, 130, 500, source.randint(0, 4000)]) for _ in times]
    first, last = times[0] - source.randint(0, 9_000), times[-1] + source.randint(1, 9_000)
    got = beacon_score(np.array(times), np.array(sizes), first, last)
    assert got == pytest.approx(by_hand(times, sizes, first, last), abs=0.01)


def test_too_little_for_a_score():
    assert beacon_score(np.array([1, 1, 2, 3]), np.array([1, 1, 1, 1]), 0, 9).whole == 0
    assert beacon_score(np.arange(9), np.ones(9), 9, 9).whole == 0


def test_jitter_that_adds_up_and_jitter_that_does_not():
    source = random.Random(7)
    clock = np.array([60 * number + source.uniform(-10, 10) for number in range(40)])
    strength, period_s = phase(clock)
    assert strength > 0.8 and period_s == pytest.approx(60, rel=0.01)
    assert spread(np.diff(np.cumsum([source.uniform(36, 84) for _ in range(400)]))) == pytest.approx(0.4, abs=0.07)
    assert spread(np.array([source.expovariate(1) for _ in range(400)])) > 1


def contacts(times_s, remote="203.0.113.9:443", **cells):
    """A flow at each time."""
    columns = {"remote": remote, **cells}
    lines = [" ".join(["start", *columns])]
    lines += [" ".join(map(str, [START_S * 10**9 + round(time * 1e9), *columns.values()])) for time in times_s]
    return "\n".join(lines)


def every(period_s, count, jitter=0.0, seed=1):
    source = random.Random(seed)
    return list(np.cumsum([period_s * (1 + source.uniform(-jitter, jitter)) for _ in range(count)]))


def found(traffic, declaration=NOTHING_DECLARED):
    return [(one.subject, one.severity, one.confidence) for one in detect(traffic, declaration)]


@pytest.mark.parametrize("period_s", [60, 300, 3600])
@pytest.mark.parametrize("jitter", [0.0, 0.2, 0.4])
def test_recall(device_traffic, period_s, jitter):
    seen = [bool(found(device_traffic(contacts(every(period_s, 24, jitter, seed))))) for seed in range(10)]
    assert sum(seen) >= 9


def test_chance_is_not_regular(device_traffic):
    source = random.Random(3)
    series = [np.cumsum([source.expovariate(1 / 60) + 1 for _ in range(40)]) for _ in range(20)]
    assert sum(bool(found(device_traffic(contacts(times)))) for times in series) <= 1


def test_missed_beats_and_the_addresses_of_a_name(device_traffic):
    times = [time for number, time in enumerate(every(60, 40)) if number % 7]
    table = contacts(times, name="api.cams.example", name_source="tls-sni").splitlines()
    rotated = [line.replace("203.0.113.9", f"203.0.113.{number % 3 + 1}") if number else line for number, line in enumerate(table)]
    assert found(device_traffic("\n".join(rotated))) == [("api.cams.example", "low", "high")]


def test_ipv6(device_traffic):
    assert found(device_traffic(contacts(every(60, 30), "[2001:db8:f::9]:443"))) == [("2001:db8:f::9", "low", "high")]


NAMED = {"name": "api.cams.example", "name_source": "tls-sni"}


@pytest.mark.parametrize(
    ("item", "severity"),
    [
        (Destination(name="api.cams.example"), "low"),
        (Destination(name="api.cams.example", period_s=60.0), "info"),
        (Destination(name="api.cams.example", period_s=50.0), "info"),
        (Destination(name="api.cams.example", period_s=3600.0), "medium"),
        (Destination(name="other.example"), "medium"),
    ],
)
def test_severity_follows_the_declaration(device_traffic, declared, item, severity):
    (one,) = detect(device_traffic(contacts(every(60, 30), **NAMED)), declared(item))
    assert one.severity == severity
    assert [broken.field for broken in one.contradicts] == (["period_s"] if item.period_s == 3600 else [])


@pytest.mark.parametrize(
    "cells",
    [
        {"service": "ntp"},
        {"remote": "192.168.1.9:80"},
        {"initiator": "remote"},
        {"transport": "icmp"},
        {"name": "ocsp.ca.example", "name_source": "dns"},
    ],
)
def test_roles_that_repeat_by_their_nature(device_traffic, cells):
    assert found(device_traffic(contacts(every(60, 30), **cells))) == []


@pytest.mark.parametrize(
    ("why", "period_s", "nameable", "severity"),
    [
        ("an item for this interval", 60.0, "no", "info"),
        ("an item for a longer one", 600.0, "no", "low"),
        ("an item that says nothing of it", None, "no", "low"),
        ("a name could be seen", 60.0, "yes", "medium"),
    ],
)
def test_a_party_whose_name_could_not_be_seen_may_be_the_declared_one(device_traffic, declared, why, period_s, nameable, severity):
    traffic = device_traffic(contacts(every(60, 30), nameable=nameable))
    assert [one.severity for one in detect(traffic, declared(Destination(name="a.example", period_s=period_s)))] == [severity], why


def test_nobody_answers(device_traffic):
    assert found(device_traffic(contacts(every(60, 30), up_bytes=0, down_bytes=0, conn_state="S0"))) == [("203.0.113.9", "info", "high")]


UPLOADS = Destination(name="api.cams.example", direction="upload")
PORTAL = b"GET /generate_204 HTTP/1.1\r\nHost: api.cams.example\r\n\r\n"
QUESTION = b"GET /tasks HTTP/1.1\r\nHost: api.cams.example\r\nCookie: a=b\r\n\r\n"


@pytest.mark.parametrize(
    ("item", "cells", "severity"),
    [
        (UPLOADS, {"up_bytes": 40_000}, "info"),
        (UPLOADS, {"up_bytes": 4_000}, "low"),
        (Destination(name="api.cams.example"), {"up_bytes": 40_000}, "low"),
        (Destination(name="api.cams.example", max_upload_bytes_per_day=2_000_000), {"up_bytes": 40_000}, "info"),
        (Destination(name="other.example", direction="upload"), {"up_bytes": 40_000}, "medium"),
        (Destination(name="dns.google"), {"name": "dns.google"}, "info"),
        (Destination(name="other.example"), {"name": "dns.google"}, "medium"),
        (Destination(name="api.cams.example"), {"remote": "203.0.113.9:853"}, "info"),
    ],
)
def test_declared_transfers_and_resolvers_repeat(device_traffic, declared, item, cells, severity):
    assert [one.severity for one in detect(device_traffic(contacts(every(60, 30), **NAMED | cells)), declared(item))] == [severity]


@pytest.mark.parametrize(("head", "severity"), [(PORTAL, "info"), (QUESTION, "low")])
def test_tests_for_a_captive_portal_at_a_declared_party_repeat(device_traffic, declared, head, severity):
    traffic = device_traffic(contacts(every(60, 30), **NAMED, service="http"))
    request, answer = http.parse(head, from_responder=False)[0], http.parse(b"HTTP/1.1 204 No Content\r\n\r\n", from_responder=True)[0]
    flows = traffic.tables.flows["flow"].tolist()
    said = [Message(flow, 1, 0, "http", side, body) for flow in flows for side, body in ((False, request), (True, answer))]
    traffic = replace(traffic, messages={"http": tuple(said)})
    assert [one.severity for one in detect(traffic, declared("api.cams.example"))] == [severity]
    assert [one.severity for one in detect(traffic, declared("other.example"))] == ["medium"]
