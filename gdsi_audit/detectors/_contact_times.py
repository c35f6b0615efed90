"""What counts as a contact that may repeat: connections that the device begins, and the HTTP requests inside them."""

from __future__ import annotations

from ipaddress import ip_network

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.matching.flow_kinds import parsed_address
from gdsi_audit.messages import unread
from gdsi_audit.tables.columns import Columns
from gdsi_audit.traffic import DeviceTraffic

ROLES = ("ntp", "dns", "dns_tcp", "mdns", "llmnr", "nbns", "ssdp", "dhcp", "dhcpv6", "stun", "stun_tcp")
"""Services that repeat by their nature."""
ROLE_PORTS = (53, 123)
SAME_CONTACT_S = 1.0
LINK_PREFIX = {4: 24, 6: 64}
"""Bits of a link's prefix by IP version, where nobody says otherwise."""


def is_contact(flows: Columns) -> NDArray[np.bool_]:
    """Which flows count: begun by the device, with ports, new, and not of a kind that repeats by its role."""
    begun = flows["device_is_originator"] & flows.is_any("transport", ("tcp", "udp")) & (flows["continues"] < 0)
    return np.asarray(begun & ~flows.is_any("service", ROLES) & ~flows["remote_is_multicast"] & ~np.isin(flows["remote_port"], ROLE_PORTS))


def request_times(traffic: DeviceTraffic) -> dict[int, list[int]]:
    """Times of the HTTP requests in each flow."""
    found: dict[int, list[int]] = {}
    said = unread(traffic.messages, "http")
    for flow, time, body in zip(said.flow.tolist(), said.time.tolist(), said.bodies, strict=True):
        if hasattr(body, "method"):
            found.setdefault(flow, []).append(time)
    return found


def contact_times(group: Columns, requests: dict[int, list[int]]) -> NDArray[np.int64]:
    """When contacts began, in nanoseconds: every request of a connection that has several, else the connection."""
    pairs = zip(group["flow"].tolist(), group["start"].tolist(), strict=True)
    times = [time for flow, start in pairs for time in (requests[flow] if len(requests.get(flow, ())) > 1 else (start,))]
    ordered = np.unique(np.array(times, np.int64))
    return np.asarray(ordered[np.diff(ordered, prepend=ordered[0] - 2 * 10**9) > SAME_CONTACT_S * 1e9])


def on_link(group: Columns) -> bool:
    """Whether the party sits on the device's own link, where hubs and gateways are polled all day."""
    if not group["remote_is_local"][0]:
        return False
    remote, local = (parsed_address(group.words(name)[group.codes(name)[0]]) for name in ("remote_addr", "local_addr"))
    if remote is None:
        return False
    return remote.is_link_local or local is None or remote in ip_network(f"{local}/{LINK_PREFIX[local.version]}", strict=False)
