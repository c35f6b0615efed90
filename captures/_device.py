"""The beginning of every small scenario: the camera gets its address and resolver, so that names and offers are known."""

from __future__ import annotations

from captures._home import CAMERA, PREFIXES, ROUTER, START_S
from captures._names import lookup
from captures._services import configure
from captures._tls import tls13
from captures._writer import Capture, Host


def begun(ip_version: int, seed: str) -> Capture:
    """A capture in which the camera has just been configured."""
    capture = Capture(ip_version, START_S, f"{seed} {ip_version}")
    configure(capture, 0.0, CAMERA, ROUTER, host_name="camera-c1", prefixes=PREFIXES)
    return capture


def found(capture: Capture, at_s: float, server: Host, *chain: str) -> float:
    """The camera looks `chain[0]` up; returns when it knows."""
    return lookup(capture, at_s, CAMERA, ROUTER, chain, [server.address(capture.ip_version)])


def uploads(capture: Capture, at_s: float, server: Host, size: int, *chain: str) -> float:
    """A lookup, and an upload of `size` bytes over TLS 1.3."""
    return tls13(capture, found(capture, at_s, server, *chain) + 0.002, CAMERA, server, chain[0], [(True, size, 0.02), (False, 200, 0.03)])
