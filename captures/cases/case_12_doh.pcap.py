"""Case 12: names are asked of a public resolver over HTTPS, though the network offers one, and as many exchanges with an allowed host.

Planted: twelve small exchanges over HTTP/2 with a well-known public resolver, its name in the handshake. Harmless: the same exchanges with the
vendor's interface.
"""

from __future__ import annotations

from captures._device import found
from captures._home import CAMERA, behind_router
from captures._tls import tls13_turns
from captures._vendor import API, API_SERVER, case, started
from captures._writer import Host

RESOLVER = behind_router("8.8.8.8", "2001:4860:4860::8888")
EXCHANGES = [(client, 190 if client else 470, 7.0 if client else 0.02) for _ in range(12) for client in (True, False)]


def _exchanges(ip_version: int, server: Host, name: str) -> bytes:
    capture = started(ip_version, "case 12")
    turns = tls13_turns(capture, name, EXCHANGES, ("h2",))
    capture.tcp(found(capture, 30.0, server, name) + 0.002, CAMERA, server, 443, turns)
    return capture.pcap()


def planted(*, ip_version: int) -> bytes:
    """DNS over HTTPS with dns.google."""
    return _exchanges(ip_version, RESOLVER, "dns.google")


def harmless(*, ip_version: int) -> bytes:
    """The vendor's interface over HTTP/2."""
    return _exchanges(ip_version, API_SERVER, API)


CAPTURES = case("case_12_doh", planted, harmless)
