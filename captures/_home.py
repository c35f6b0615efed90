"""The home that the scenarios play in: a camera, a phone, a router, and a way to put servers behind it.

Over IPv6, hosts talk to the internet from the documentation prefix and to each other from a unique local one (RFC 4193): routers hand out both.
"""

from __future__ import annotations

from dataclasses import replace

from captures._writer import Host

START_S = 1_793_527_200
"""2026-11-01T10:00:00Z"""
PREFIXES = ("2001:db8::", "fd00:0:0:50::")

ROUTER = Host("02:00:00:00:00:01", "192.168.1.1", "fd00:0:0:50::1")
CAMERA = Host("02:00:00:00:00:50", "192.168.1.50", "2001:db8::50")
CAMERA_INSIDE = replace(CAMERA, ipv6="fd00:0:0:50::50")
PHONE = Host("02:00:00:00:00:77", "192.168.1.77", "2001:db8::77")
PHONE_INSIDE = replace(PHONE, ipv6="fd00:0:0:50::77")


def behind_router(ipv4: str, ipv6: str) -> Host:
    """A server on the internet, some hops away."""
    return Host(ROUTER.mac, ipv4, ipv6, ttl=52)
