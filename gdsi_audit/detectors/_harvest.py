"""What a device asks the local network about itself by the protocols of discovery, gathered from their messages."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from gdsi_audit.detectors._exchanges import Exchange, exchanges
from gdsi_audit.detectors._harvested_names import Harvest, asked_for
from gdsi_audit.protocols import icmp6_echo, icmp_echo
from gdsi_audit.protocols._dns_records import ANY, PTR
from gdsi_audit.traffic import DeviceTraffic

ALL_SERVICES = "_dns-sd._udp.local"
"""The end of the name that lists all services (RFC 6763 section 9)."""
ALL_DEVICES = "ssdp:all"
_SERVICE = re.compile(r"(?:^|\.)(_[^.]+\._(?:tcp|udp))\.local$")


def harvests(traffic: DeviceTraffic, *, service_types: int, hosts: int, names: int) -> Iterator[Harvest]:
    """Ways of asking that reach these numbers of distinct service types, hosts and names."""
    if "mdns" in traffic.messages:
        yield from _service_types(traffic, service_types)
    if "ssdp" in traffic.messages or "http" in traffic.messages:
        yield from _devices(traffic, service_types, hosts)
    if "nbns" in traffic.messages:
        yield from _name_tables(traffic, hosts)
    if traffic.messages.keys() & {"mdns", "llmnr", "nbns"} or len(traffic.tables.dns) >= names:
        yield from asked_for(traffic, names)
    yield from _everybody(traffic, hosts)


def _service_types(traffic: DeviceTraffic, fewest: int) -> Iterator[Harvest]:
    """mDNS questions for services; asking for all of them first, and then for what there is, takes fewer to be a harvest."""
    rows: dict[str, set[int]] = defaultdict(set)
    for one in exchanges(traffic, "mdns"):
        if one.sent and not one.message.body.response:
            for question in one.message.body.questions:
                found = _SERVICE.search(str(question.name).lower())
                if found and question.qtype in (PTR, ANY):
                    rows[found[1] + ".local"].add(one.row)
    all_services = rows.pop(ALL_SERVICES, set())
    enough = fewest // 3 if all_services else fewest
    if len(rows) >= enough:
        flows = frozenset(all_services.union(*rows.values()))
        first = "for a list of all services and then " if all_services else ""
        yield Harvest(f"asked by mDNS {first}for {len(rows)} types of service", len(rows) >= 2 * enough, flows)


def _devices(traffic: DeviceTraffic, service_types: int, hosts: int) -> Iterator[Harvest]:
    """SSDP searches, who answered, and whose descriptions were fetched (UPnP Device Architecture 2.0 sections 1.3 and 2.1)."""
    addresses = traffic.tables.flows["remote_addr"]
    found = list(exchanges(traffic, "ssdp"))
    asked = [one for one in found if one.sent and one.message.body.kind == "search"]
    targets = {str(one.message.body.target).lower() for one in asked}
    answers = [one for one in found if not one.sent and one.message.body.kind == "response"]
    answering = {addresses[one.row] for one in answers}
    told = {str(one.message.body.location).partition("://")[2].partition("/")[2] for one in answers}
    fetched = list(_descriptions(traffic, told - {""}))
    described = {addresses[one.row] for one in fetched}
    rows = frozenset(one.row for one in (*asked, *answers, *fetched))
    if ALL_DEVICES in targets and max(len(answering), len(described)) >= hosts:
        read = f" and read the descriptions of {len(described)}" if described else ""
        yield Harvest(f"asked by SSDP for every device, heard {len(answering)} hosts{read}", len(described) >= hosts, rows)
    elif len(targets) >= service_types or len(described) >= 2 * hosts:
        yield Harvest(f"searched by SSDP for {len(targets)} kinds of device and read the descriptions of {len(described)} hosts", False, rows)


def _descriptions(traffic: DeviceTraffic, told: set[str]) -> Iterator[Exchange]:
    """Requests to local hosts for a device's or service's description: where an answer said it is, or by its form. `told`: paths."""
    flows = traffic.tables.flows
    local = flows["remote_is_local"] & flows["device_is_originator"] & flows.is_any("service", ("http",))
    if not local.any():
        return
    for one in exchanges(traffic, "http"):
        target = str(getattr(one.message.body, "target", "")).lower().partition("?")[0]
        if one.sent and local[one.row] and (target.endswith(".xml") or target.lstrip("/") in told):
            yield one


def _name_tables(traffic: DeviceTraffic, hosts: int) -> Iterator[Harvest]:
    """NetBIOS requests for all names that a host has (RFC 1002 section 4.2.17)."""
    flows = traffic.tables.flows
    asked = [one for one in exchanges(traffic, "nbns") if one.sent and not one.message.body.response and one.message.body.name == "*"]
    single = [one for one in asked if not flows["remote_is_multicast"][one.row]]
    count = len({flows["remote_addr"][one.row] for one in single})
    if count >= hosts:
        yield Harvest(f"asked {count} hosts for their NetBIOS names", count >= 4 * hosts, frozenset(one.row for one in single))


def _everybody(traffic: DeviceTraffic, hosts: int) -> Iterator[Harvest]:
    """One echo request to all hosts at once, and who answered it (RFC 4443 section 4.2)."""
    flows = traffic.tables.flows
    echo = (flows.is_any("transport", ("icmp6",)) & (flows["local_port"] == icmp6_echo.REQUEST)) | (
        flows.is_any("transport", ("icmp",)) & (flows["local_port"] == icmp_echo.REQUEST)
    )
    asked = np.flatnonzero(echo & flows["device_is_originator"] & flows["remote_is_multicast"])
    if not asked.size:
        return
    first = flows["start"][asked].min()
    answers = np.flatnonzero(echo & ~flows["device_is_originator"] & (flows["down_pkts"] > 0) & (flows["up_pkts"] == 0) & (flows["start"] >= first))
    count = np.unique(flows.codes("remote_addr")[answers]).size
    if count >= hosts:
        rows = frozenset([*asked.tolist(), *answers.tolist()])
        yield Harvest(f"sent an echo request to all hosts at once, which {count} answered", count >= 4 * hosts, rows)
