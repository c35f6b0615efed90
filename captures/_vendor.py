"""What the fourteen cases share: a vendor with one declared name, a stranger, and the four captures of a case."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from captures._device import begun, found, uploads
from captures._home import CAMERA, behind_router
from captures._tls import application_data, client_hello, record, server_hello
from captures._writer import Capture, Host, Turn

API = "api.vendor.example"
"""The one name that the device has to speak to."""
API_SERVER = behind_router("52.28.0.10", "2a05:d014:1::10")
STRANGER = behind_router("116.202.1.1", "2a01:4f8:1::1")
"""Somebody of whom nothing is declared, in another network."""


class Maker(Protocol):
    """Writes one capture."""

    def __call__(self, *, ip_version: int) -> bytes: ...


def started(ip_version: int, seed: str) -> Capture:
    """A capture in which the camera has been configured and has spoken to its vendor once."""
    capture = begun(ip_version, seed)
    uploads(capture, 2.0, API_SERVER, 700, API)
    return capture


def short_session(capture: Capture, name: str, sizes: Sequence[tuple[bool, int]]) -> list[Turn]:
    """A resumed TLS 1.3 connection, whose server sends no certificate; then one turn for each of `sizes`."""
    change = record(20, b"\x01")
    turns = [
        Turn(True, record(22, client_hello(capture, name, ("http/1.1",)), 0x0301)),
        Turn(False, record(22, server_hello(capture)) + change + application_data(capture, 90)),
        Turn(True, change + record(23, capture.noise(53))),
    ]
    return turns + [Turn(client, application_data(capture, size)) for client, size in sizes]


def reports(capture: Capture, at_s: float, server: Host, name: str) -> float:
    """A lookup of `name`, and a short report of which the other side takes note."""
    known_s = found(capture, at_s, server, name)
    return capture.tcp(known_s + 0.002, CAMERA, server, 443, short_session(capture, name, [(True, 240), (False, 40)]))


def case(name: str, planted: Maker, harmless: Maker) -> dict[str, Callable[[], bytes]]:
    """The captures of one case: what was planted, its harmless twin, and both over IPv6."""
    return {
        f"{name}.pcap": partial(planted, ip_version=4),
        f"{name}_v6.pcap": partial(planted, ip_version=6),
        f"{name}_benign.pcap": partial(harmless, ip_version=4),
        f"{name}_benign_v6.pcap": partial(harmless, ip_version=6),
    }
