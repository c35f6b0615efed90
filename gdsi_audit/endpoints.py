"""Stage 6: flows, messages and places become endpoints: who is it, where is it, and who says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gdsi_audit.geo import Answer, Place
from gdsi_audit.wire_text import WireText

NAME_SOURCES = (
    "http-authority",  # decrypted
    "http-host",
    "connect",  # target of an HTTP CONNECT
    "socks",
    "tls-sni",
    "quic-sni",
    "dns",  # an answer that this device got for this address before the flow
    "dns-expired",  # the same, its time to live over
    "dns-later",  # an answer that came only after the flow began
    "certificate",
    "mdns",
    "nbns",
    "dhcp",
    "ssdp",
)
"""Strongest first. A flow is judged by its own strongest name."""

CONFIDENT_SOURCES = frozenset({"http-authority", "http-host", "connect", "socks", "tls-sni", "quic-sni", "dns"})


class Naming(NamedTuple):
    """One name, who gave it and where it can be seen."""

    name: WireText
    source: str
    capture: int
    frame: int
    time: int
    """UTC nanoseconds."""
    resolver: str = ""
    """The server whose answer it is, where DNS gave the name. Where that server is, its own endpoint says."""
    cname_chain: str = ""
    """CNAME targets between the name and the address, joined by ` > `."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address with all that is known of it."""

    address: str
    names: tuple[Naming, ...]
    """Distinct (name, source), strongest source first, then earliest."""
    place: Place
    operators: Mapping[str, Answer] = field(default_factory=dict)
    """Seat of who runs the service behind each of its names, by name; only where curated."""

    @property
    def name(self) -> str:
        """Its best name, or its address."""
        return self.names[0].name if self.names else self.address
