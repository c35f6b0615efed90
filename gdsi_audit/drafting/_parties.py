"""Whom the devices spoke with: one entry per party, transport and port, whatever the number of flows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration, Destination
from gdsi_audit.drafting._contacts import Contact, Party, Seen, Sums
from gdsi_audit.matching import NOT_JUDGED, matches
from gdsi_audit.matching.declared_items import DECLARING_SOURCES
from gdsi_audit.matching.flow_kinds import NEVER_ACCEPTED, WITH_PORTS
from gdsi_audit.naming import names
from gdsi_audit.traffic import DeviceTraffic, Traffic

CLASSES = ("dhcp", "resolver", "time", "multicast", "local-network")
BY_CLASS = Declaration(destinations=tuple(Destination(klass=klass) for klass in CLASSES))
"""What is known by its role alone; the first that fits counts."""
WELL_KNOWN = 1024


class Flow(NamedTuple):
    """What is looked at of one flow: columns of traffic.FLOWS."""

    flow: int
    transport: str
    local_port: int
    remote_addr: str
    remote_port: int
    remote_is_local: bool
    device_is_originator: bool
    initiator: str
    service: str
    up_bytes: int
    down_bytes: int
    name: str
    name_source: str
    ambiguous: bool
    nameable: bool
    remote_country: str
    organisation: str


def seen(traffic: Traffic) -> Seen:
    """All contacts of all devices, without those that nobody judges."""
    found = Seen({}, {}, {}, set())
    for share in traffic.devices:
        _add_device(found, share)
    return found


def _add_device(found: Seen, traffic: DeviceTraffic) -> None:
    matched = matches(traffic, BY_CLASS)
    declared = matched.is_any("verdict", ("declared",))
    judged = ~matched.is_any("verdict", NOT_JUDGED)
    called = _called(traffic) & judged & (~declared | (matched["destination"] == CLASSES.index("local-network")))
    for flow, item in zip(_flows(traffic, declared), matched["destination"][declared].tolist(), strict=True):
        _add(found.classes.setdefault(CLASSES[item], Sums()), traffic, flow)
    for flow in _flows(traffic, called):
        sender = "local" if flow.remote_is_local else flow.remote_addr
        _add(found.contacts.setdefault(Contact(Party("", sender, listener=True), flow.transport, flow.local_port), Sums()), traffic, flow)
    for flow in _flows(traffic, judged & ~declared & ~called):
        _add(found.contacts.setdefault(_contact(traffic, found, flow), Sums()), traffic, flow)


def _flows(traffic: DeviceTraffic, mask: NDArray[np.bool_]) -> Iterator[Flow]:
    chosen = traffic.tables.flows.take(mask)
    return (Flow(*row) for row in zip(*(chosen[name].tolist() for name in Flow._fields), strict=True))


def _called(traffic: DeviceTraffic) -> NDArray[np.bool_]:
    """Flows that the other side began at a port of the device, and that the device answered. Unseen beginnings count at a well-known port."""
    flows = traffic.tables.flows
    began = flows.is_any("initiator", ("remote",)) | (flows.is_any("initiator", ("unknown",)) & (flows["local_port"] < WELL_KNOWN))
    accepted = ~(flows.is_any("transport", ("tcp",)) & flows.is_any("conn_state", NEVER_ACCEPTED)) & (flows["up_pkts"] > 0)
    return np.asarray(flows.is_any("transport", WITH_PORTS) & began & accepted & ~flows["device_is_originator"] & ~flows["remote_is_multicast"])


def _contact(traffic: DeviceTraffic, found: Seen, flow: Flow) -> Contact:
    """Under what a flow is drafted."""
    port = (flow.remote_port if flow.device_is_originator else flow.local_port) if flow.transport in WITH_PORTS else 0
    declares = bool(flow.name) and flow.name_source in DECLARING_SOURCES
    plain = _canonical(flow.name) if declares and not flow.ambiguous else ""
    if plain:
        return Contact(Party(plain, ""), flow.transport, port)
    nameless = Contact(Party("", flow.remote_addr), flow.transport, port)
    if declares and flow.ambiguous:
        known = found.ambiguous.get(flow.remote_addr, frozenset())
        found.ambiguous[flow.remote_addr] = known | _answered(traffic, flow.remote_addr)
    elif flow.name or not flow.nameable:
        found.hidden.add(nameless)
    return nameless


def _answered(traffic: DeviceTraffic, address: str) -> frozenset[str]:
    """The names that this device was given the address for."""
    answers = traffic.tables.answers
    return frozenset(answers.take(answers.is_any("address", (address,))).distinct("name"))


def _canonical(name: str) -> str:
    """The name as a declaration writes it; empty for an address, and for what is no host name."""
    try:
        return names.canonical_name(name)
    except ValueError:
        return ""


def _add(sums: Sums, traffic: DeviceTraffic, flow: Flow) -> None:
    sums.flows.add(flow.flow)
    sums.up_bytes += flow.up_bytes
    sums.down_bytes += flow.down_bytes
    sums.initiators.add(flow.initiator)
    sums.addresses.add(flow.remote_addr)
    sums.devices.add(traffic.device.id)
    if flow.up_bytes:
        sums.services.add(flow.service)
    if flow.remote_country:
        sums.places.add(flow.remote_country)
    if flow.organisation:
        sums.organisations.add(flow.organisation)
