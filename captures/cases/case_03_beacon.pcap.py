"""Case 3: a report to an allowed host every minute, and as many reports that follow what people do.

Planted: 120 connections, one every 60 seconds. Harmless: 120 connections at random times, 60 seconds apart on average.
"""

from __future__ import annotations

from math import log

from captures._vendor import API, API_SERVER, case, reports, started

CONTACTS, EVERY_S = 120, 60.0


def planted(*, ip_version: int) -> bytes:
    """120 connections, one every 60 seconds."""
    capture = started(ip_version, "case 3")
    for number in range(CONTACTS):
        reports(capture, 30.0 + EVERY_S * number, API_SERVER, API)
    return capture.pcap()


def harmless(*, ip_version: int) -> bytes:
    """120 connections at random times."""
    capture = started(ip_version, "case 3, harmless")
    at_s = 30.0
    for _ in range(CONTACTS):
        at_s += 2.0 - (EVERY_S - 2.0) * log(1 - capture.between(0, 1))
        reports(capture, at_s, API_SERVER, API)
    return capture.pcap()


CAPTURES = case("case_03_beacon", planted, harmless)
