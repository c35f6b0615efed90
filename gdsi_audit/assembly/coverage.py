"""How much of a device's traffic could be seen and understood: the numbers behind every verdict."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gdsi_audit.endpoints import CONFIDENT_SOURCES
from gdsi_audit.tables.columns import Columns
from gdsi_audit.traffic import Capture, Coverage

READABLE_SERVICES = frozenset(
    (
        *("http", "dns", "dns_tcp", "mdns", "llmnr", "dhcp", "dhcpv6", "nbns", "ssdp", "mqtt", "ntp", "stun", "ftp", "smtp", "imap", "pop", "socks"),
        *("telnet", "terminal", "terminal_udp", "rtsp", "snmp", "ldap", "redis", "irc", "tftp", "nat_pmp", "pcp"),
        *("modbus", "s7comm", "dnp3", "iec104", "bacnet"),
    )
)
"""Services whose payload a parser reads in clear text."""


def share(part: float, whole: float) -> float:
    """0 to 1; 0 of nothing is 0."""
    return round(float(part) / float(whole), 6) if whole else 0.0


def coverage(flows: Columns, captures: Sequence[Capture], observed_s: float, cut_share: float, notes: Sequence[str]) -> Coverage:
    """Coverage of one device: its FLOWS, and what its captures say of their own losses."""
    upload = np.where(flows["remote_is_local"], 0, flows["up_bytes"])
    up_bytes, down_bytes, remote_bytes = flows.sum("up_bytes"), flows.sum("down_bytes"), int(upload.sum())
    tcp = flows.is_any("transport", ("tcp",))
    begun = flows.fits("history", lambda history: history.lower().startswith(("s", "^h")))
    silent = (flows["up_pkts"] == 0) | (flows["down_pkts"] == 0)
    frames = sum(capture.frame_count for capture in captures)
    dropped = sum(capture.dropped_pkts or 0 for capture in captures)
    named = flows.is_any("name_source", CONFIDENT_SOURCES) & ~flows["ambiguous"]
    return Coverage(
        observed_s=observed_s,
        flows=len(flows),
        up_bytes=up_bytes,
        down_bytes=down_bytes,
        loss=max(share(flows.sum("missed_bytes"), up_bytes + down_bytes), share(dropped, frames + dropped)),
        midstream=share(int((tcp & ~begun).sum()), int(tcp.sum())),
        one_sided=share(int((tcp & silent).sum()), int(tcp.sum())),
        named=share(int(upload[named].sum()), remote_bytes),
        readable=share(int(upload[flows.is_any("service", READABLE_SERVICES)].sum()), remote_bytes),
        located=share(int(upload[~flows.is_any("remote_country", ("",))].sum()), remote_bytes),
        cut_by_snaplen=cut_share,
        notes=tuple(notes),
    )
