"""An observation becomes Traffic: whose flows they are, what their endpoints are called and where they are said to be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from gdsi_audit import naming
from gdsi_audit.assembly import perspective, remote_ends, round_trips
from gdsi_audit.assembly.addresses import Addresses, distinct_addresses
from gdsi_audit.assembly.connections import beginnings
from gdsi_audit.assembly.device_shares import device, shares
from gdsi_audit.assembly.flow_table import flow_table
from gdsi_audit.assembly.kept_flows import MOST_SHARE_OF_SILENT, kept_flows
from gdsi_audit.assembly.kept_names import kept_names
from gdsi_audit.assembly.nameable import hello_lost, nameable
from gdsi_audit.assembly.round_trips import CapturePoint
from gdsi_audit.gap import Gap
from gdsi_audit.geo._places import Places
from gdsi_audit.hosts import devices, neighbours
from gdsi_audit.hosts.device_starts import starts
from gdsi_audit.hosts.hostnames import gateways, hostnames
from gdsi_audit.observation import Observation
from gdsi_audit.tables.distinct import rows_of
from gdsi_audit.tables.freed_memory import give_back
from gdsi_audit.tables.stored_table import Table, stored
from gdsi_audit.traffic import Traffic

MOST_FLOWS_IN_MEMORY = 400_000
CERTAINLY_KEPT = MOST_FLOWS_IN_MEMORY // MOST_SHARE_OF_SILENT
MOST_NAMES_IN_MEMORY = 1_000_000
"""Two for each flow and more."""


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
    kept = kept_flows(seen.rows.pieces(), seen.rows.rows, MOST_FLOWS_IN_MEMORY) if seen.rows.rows > CERTAINLY_KEPT else None
    rows, facts = stored(seen.rows, kept), stored(seen.facts, kept)
    give_back()
    order = np.argsort(rows["flow"], kind="stable")
    rows, facts = rows[order], facts[order]
    seen.index.name_flows(rows)
    hosts = devices.find(seen.rows.pieces(), wanted, {*gateways(seen.messages), *bench})
    side = perspective.sides(rows, hosts)
    remote = distinct_addresses(side.remote(rows, "hi"), side.remote(rows, "lo"))
    names = _names(seen, rows)
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
    namings = nameable(rows, side, queries, hosts, started, seen.resolutions.kept_until) & ~hello_lost(rows, facts)[side.row]
    initiator = perspective.initiators(rows, side, beginning)
    flows = flow_table(rows, facts, side, remote, chosen, seen.texts, located, initiator, namings[beginning], seen.apps, hosts.routers)
    known_as = hostnames(seen.messages, hosts)
    give_back()
    beyond = neighbours.uploads(rows, hosts.routers)
    devices_seen = tuple(shares(seen, hosts, side, flows, queries, answers, beyond, endpoints, known_as, notes, places, kept, rows))
    gaps = [*seen.gaps, *_gaps(seen, hosts, rows, names)]
    background = tuple(device(host, known_as) for host in hosts.background)
    return Traffic(tuple(seen.captures), devices_seen, background, MappingProxyType(endpoints), tuple(gaps), tuple(places.editions()))


def _names(seen: Observation, rows: Table) -> Table:
    """The names of the flows that are judged."""
    if rows.size == seen.rows.rows and seen.names.rows <= MOST_NAMES_IN_MEMORY:
        return stored(seen.names)
    return stored(seen.names, kept_names(seen.names.pieces(), seen.names.rows, rows["serial"], MOST_NAMES_IN_MEMORY))


def _gaps(seen: Observation, hosts: devices.Hosts, rows: Table, names: Table) -> Iterator[Gap]:
    bounds = (
        (
            "limit:flows_in_memory",
            seen.rows.rows - rows.size,
            "repetitions, flows without payload first: counted in the ledger, not judged one by one",
        ),
        ("limit:dns_in_memory", seen.resolutions.dropped_queries, "later DNS messages are not judged"),
        ("limit:answers_in_memory", seen.resolutions.dropped_addresses, "later addresses in DNS answers name nothing"),
        ("limit:names_in_memory", seen.names.rows - names.size, "names of flows that are not judged, and weaker ones of those that are"),
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
