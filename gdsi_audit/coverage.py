"""How much of a device's traffic could be seen and understood: the numbers behind every verdict."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from gdsi_audit.endpoints import CONFIDENT_SOURCES
from gdsi_audit.traffic import Capture, Coverage

READABLE_SERVICES = frozenset(
    {"http", "dns", "dns_tcp", "mdns", "llmnr", "dhcp", "dhcpv6", "nbns", "ssdp", "mqtt", "ntp", "stun", "ftp", "smtp", "imap", "pop", "socks"}
)
"""Services whose payload a parser reads in clear text."""


def share(part: float, whole: float) -> float:
    """0 to 1; 0 of nothing is 0."""
    return round(float(part) / float(whole), 6) if whole else 0.0


def coverage(flows: pd.DataFrame, captures: Sequence[Capture], observed_s: float, cut_share: float, notes: Sequence[str]) -> Coverage:
    """Coverage of one device: its FLOWS, and what its captures say of their own losses."""
    remote = flows[~flows["remote_is_local"]]
    up_bytes = int(remote["up_bytes"].sum())
    payload = int(flows["up_bytes"].sum() + flows["down_bytes"].sum())
    tcp = flows[flows["transport"] == "tcp"]
    frames = sum(capture.frame_count for capture in captures)
    dropped = sum(capture.dropped_pkts or 0 for capture in captures)
    upload = remote["up_bytes"]
    return Coverage(
        observed_s=observed_s,
        flows=len(flows),
        up_bytes=int(flows["up_bytes"].sum()),
        down_bytes=int(flows["down_bytes"].sum()),
        loss=max(share(int(flows["missed_bytes"].sum()), payload), share(dropped, frames + dropped)),
        midstream=share(int((~tcp["history"].str.lower().str.startswith(("s", "^h"))).sum()), len(tcp)),
        one_sided=share(int(((tcp["up_pkts"] == 0) | (tcp["down_pkts"] == 0)).sum()), len(tcp)),
        named=share(int(upload[remote["name_source"].isin(list(CONFIDENT_SOURCES)) & ~remote["ambiguous"]].sum()), up_bytes),
        readable=share(int(upload[remote["service"].isin(list(READABLE_SERVICES))].sum()), up_bytes),
        located=share(int(upload[remote["remote_country"] != ""].sum()), up_bytes),
        cut_by_snaplen=cut_share,
        notes=tuple(notes),
    )
