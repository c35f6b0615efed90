"""An observation becomes Traffic: whose flows they are, what their endpoints are called and where they are said to be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from gdsi_audit import naming
from gdsi_audit.assembly import device_tables, perspective, remote_ends, round_trips
from gdsi_audit.assembly.addresses import Addresses, distinct_addresses
from gdsi_audit.assembly.connections import beginnings
from gdsi_audit.assembly.contact_table import contact_table
from gdsi_audit.assembly.coverage import coverage
from gdsi_audit.assembly.flow_table import flow_table
from gdsi_audit.assembly.nameable import nameable
from gdsi_audit.assembly.round_trips import CapturePoint
from gdsi_audit.endpoints import Endpoint
from gdsi_audit.gap import Gap
from gdsi_audit.geo._oui import vendor
from gdsi_audit.geo._places import Places
from gdsi_audit.hosts import devices, neighbours
from gdsi_audit.hosts.device_starts import starts
from gdsi_audit.hosts.hostnames import gateways, hostnames, offered
from gdsi_audit.naming.mismatches import networks
from gdsi_audit.observation import Observation
from gdsi_audit.tables.columns import Columns
from gdsi_audit.tables.distinct import rows_of
from gdsi_audit.tables.freed_memory import give_back
from gdsi_audit.tables.stored_table import Table, stored
from gdsi_audit.traffic import Device, DeviceTraffic, Tables, Traffic

MOST_FLOWS_IN_MEMORY = 400_000
MOST_NAME_ROWS = 1_000_000


def traffic(
    seen: Observation,
    places: Places,
    wanted: Sequence[devices.Wanted] = (),
    bench: Iterable[tuple[int, int]] = (),
    notes: Sequence[str] = (),
    point: CapturePoint | None = None,
) -> Traffic:
    """Everything observed, by device. `wanted`: the devices that are under audit; none: they are discovered. `bench`: hosts that never are.

    `point`: where the captures were taken; round-trip times are then held against places. None: they are not, and nothing is said of it.
    """
    rows, facts = stored(seen.rows, MOST_FLOWS_IN_MEMORY), stored(seen.facts, MOST_FLOWS_IN_MEMORY)
    give_back()
    order = np.argsort(rows["flow"], kind="stable")
    rows, facts = rows[order], facts[order]
    seen.index.name_flows(rows)
    hosts = devices.find(seen.rows.pieces(), wanted, {*gateways(seen.messages), *bench})
    side = perspective.sides(rows, hosts)
    remote = distinct_addresses(side.remote(rows, "hi"), side.remote(rows, "lo"))
    names = stored(seen.names, MOST_NAME_ROWS)
    queries, answers = stored(seen.resolutions.queries), stored(seen.resolutions.addresses)
    solicited = answers[answers["solicited"] == 1]
    beginning = beginnings(rows, side)
    chosen = _chosen_names(rows, side, remote, names, solicited, hosts, beginning)
    endpoints = remote_ends.endpoints(remote, rows["serial"][side.row], side.device_is_originator, names, solicited, seen.texts.of_row, places)
    if point is not None:
        paths = [capture.path for capture in seen.captures]
        endpoints, untimed = round_trips.held_to_time(endpoints, rows, side, point, seen.index, paths, seen.messages.get("quic", ()))
        notes = (*notes, *untimed)
    give_back()
    located = [endpoints[address].place for address in remote.text]
    started = starts(seen.messages, rows, hosts, len(seen.captures))
    namings = nameable(rows, side, queries, hosts, started)[beginning]
    flows = flow_table(rows, facts, side, remote, chosen, seen.texts, located, namings, seen.apps, hosts.routers)
    known_as = hostnames(seen.messages, hosts)
    give_back()
    beyond = neighbours.uploads(rows, hosts.routers)
    devices_seen = tuple(_shares(seen, hosts, side, flows, queries, answers, beyond, endpoints, known_as, notes, places))
    gaps = [*seen.gaps, *_gaps(seen, hosts, rows)]
    background = tuple(_device(host, known_as) for host in hosts.background)
    return Traffic(tuple(seen.captures), devices_seen, background, MappingProxyType(endpoints), tuple(gaps), tuple(places.editions()))


def _gaps(seen: Observation, hosts: devices.Hosts, rows: Table) -> Iterator[Gap]:
    bounds = (
        ("limit:flows_in_memory", seen.rows.rows - rows.size, "counted in the ledger, not judged one by one"),
        ("limit:dns_in_memory", seen.resolutions.dropped_queries, "later DNS messages are not judged"),
        ("limit:answers_in_memory", seen.resolutions.dropped_addresses, "later addresses in DNS answers name nothing"),
        ("limit:names_in_memory", max(0, seen.names.rows - MOST_NAME_ROWS), "later names are not judged"),
    )
    yield from (Gap("traffic", kind, count, note=note) for kind, count, note in bounds if count)
    if hosts.left_out:
        yield Gap("traffic", "limit:devices", hosts.left_out, note="hosts with the least traffic are background")
    for name in hosts.absent:
        yield Gap("traffic", "declared_device_absent", 1, note=name)


def _chosen_names(
    rows: Table,
    side: perspective.Sides,
    remote: Addresses,
    names: Table,
    answers: Table,
    hosts: devices.Hosts,
    beginning: NDArray[np.intp],
) -> naming.Chosen:
    """`answers`: solicited ones. Those with addresses that nobody spoke to name no flow."""
    serials = rows["serial"][side.row]
    called = naming.own_names(names[~np.isin(names["source"], naming.OF_RESPONDER)], serials)
    chosen = naming.own_names(names, serials).where(side.device_is_originator, called)
    no_mac = np.zeros(answers.size, np.uint64)
    client = hosts.device_of(no_mac, answers["client_hi"], answers["client_lo"])
    met = rows_of([remote.hi, remote.lo], [answers["hi"], answers["lo"]]) >= 0
    usable = np.flatnonzero((client >= 0) & met)
    leases = np.zeros(usable.size, naming.LEASES)
    leases["device"] = client[usable]
    for field in ("hi", "lo", "time", "ttl_s", "name", "frame"):
        leases[field] = answers[field][usable]
    naming.add_answers(chosen, side.device, remote.hi[remote.code], remote.lo[remote.code], rows["start"][side.row], leases)
    naming.inherit(chosen, beginning)
    return chosen


def _shares(
    seen: Observation,
    hosts: devices.Hosts,
    side: perspective.Sides,
    flows: Columns,
    queries: Table,
    answers: Table,
    beyond: Columns,
    endpoints: Mapping[str, Endpoint],
    known_as: Mapping[str, tuple[str, ...]],
    notes: Sequence[str],
    places: Places,
) -> Iterator[DeviceTraffic]:
    """What each device sees of the whole tables, which are ordered by device."""
    count = len(hosts.devices)
    bounds = np.searchsorted(side.device, np.arange(count + 1)).tolist()
    kept = np.arange(side.device.size) - np.array(bounds)[side.device] < perspective.MOST_FLOWS
    contacts, contact_device = contact_table(flows, side.device)
    contact_bounds = np.searchsorted(contact_device, np.arange(count + 1)).tolist()
    own_dns = device_tables.dns_by_device(queries, flows["flow"], side, kept, count)
    own_answers = device_tables.answers_by_device(answers, hosts.devices)
    give_back()
    dns = device_tables.dns_table(queries[own_dns.rows], seen.texts)
    given = device_tables.answer_table(answers[own_answers.rows], seen.texts)
    messages = device_tables.MessageCut(seen.messages, flows["flow"], side, kept, count)
    servers = MappingProxyType(offered(seen.messages))
    for index, host in enumerate(hosts.devices):
        whole = flows.stretch(bounds[index], bounds[index + 1])
        own = flows.stretch(bounds[index], min(bounds[index + 1], bounds[index] + perspective.MOST_FLOWS))
        asked, told = (table.stretch(*cut.bounds[index : index + 2].tolist()) for table, cut in ((dns, own_dns), (given, own_answers)))
        yield DeviceTraffic(
            device=_device(host, known_as),
            tables=Tables(own, contacts.stretch(contact_bounds[index], contact_bounds[index + 1]), asked, told),
            messages=device_tables.DeviceMessages(messages, index),
            neighbours=beyond,
            endpoints=MappingProxyType({address: endpoints[address] for address in whole.distinct("remote_addr")}),
            captures=tuple(seen.captures),
            coverage=coverage(whole, seen.captures, seen.observed_ns / 1e9, seen.cut_share, notes),
            frames=seen.index,
            offered=servers,
            networks=MappingProxyType(dict(networks(own, told, places))),
            geodb=places.folder,
            folded=len(whole) - len(own),
        )


def _device(host: devices.Host, known_as: Mapping[str, tuple[str, ...]]) -> Device:
    macs = host.mac_texts
    return Device(
        id=host.id,
        macs=macs,
        addresses=host.address_texts,
        hostnames=known_as.get(host.id, ()),
        vendor=next((name for name in map(vendor, macs) if name), ""),
        declared=host.declared,
    )
