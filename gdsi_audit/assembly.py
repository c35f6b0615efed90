"""An observation becomes Traffic: whose flows they are, what their endpoints are called and where they are said to be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gdsi_audit import devices, naming, perspective, round_trips
from gdsi_audit.columns import columns_of
from gdsi_audit.coverage import coverage
from gdsi_audit.endpoints import NAME_SOURCES, Endpoint, Naming
from gdsi_audit.flows.community_id import community_ids
from gdsi_audit.gap import Gap
from gdsi_audit.geo import Place
from gdsi_audit.geo._oui import vendor
from gdsi_audit.geo._places import Places
from gdsi_audit.hostnames import gateways, hostnames, offered
from gdsi_audit.observe import Observation
from gdsi_audit.packets.address import text
from gdsi_audit.protocols import Message
from gdsi_audit.round_trips import CapturePoint
from gdsi_audit.strays import networks
from gdsi_audit.traffic import ANSWERS, DNS, Device, DeviceTraffic, Tables, Traffic
from gdsi_audit.wire_text import WireText

NEVER = np.iinfo(np.int64).max
MOST_FLOWS_IN_MEMORY = 400_000
MOST_DNS_ROWS = 500_000
MOST_NAME_ROWS = 1_000_000
MOST_NAMES_PER_ENDPOINT = 32


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
    rows, facts = seen.rows.all(MOST_FLOWS_IN_MEMORY), seen.facts.all(MOST_FLOWS_IN_MEMORY)
    order = np.argsort(rows["flow"], kind="stable")
    rows, facts = rows[order], facts[order]
    seen.index.name_flows(rows)
    hosts = devices.find(devices.bindings(seen.rows.pieces()), wanted, {*gateways(seen.messages), *bench})
    side = perspective.sides(rows, hosts)
    names = seen.names.all(MOST_NAME_ROWS)
    answers = seen.resolutions.addresses.all(MOST_DNS_ROWS)
    chosen = _chosen_names(rows, side, names, answers, hosts, seen)
    endpoints = _endpoints(rows, side, names, answers, seen, places)
    if point is not None:
        paths = [capture.path for capture in seen.captures]
        endpoints, untimed = round_trips.held_to_time(endpoints, rows, side, point, seen.index, paths)
        notes = (*notes, *untimed)
    table = _flow_table(seen, rows, facts, side, chosen, endpoints, hosts)
    known_as = hostnames(seen.messages, hosts)
    shares = list(_shares(seen, hosts, table, endpoints, known_as, notes, places))
    gaps = [*seen.gaps, *_gaps(seen, hosts, rows)]
    background = tuple(_device(host, known_as) for host in hosts.background)
    return Traffic(tuple(seen.captures), tuple(shares), background, MappingProxyType(endpoints), tuple(gaps), tuple(places.editions()))


def _gaps(seen: Observation, hosts: devices.Hosts, rows: NDArray[np.void]) -> Iterator[Gap]:
    bounds = (
        ("limit:flows_in_memory", seen.rows.rows - rows.size, "counted in the ledger, not judged one by one"),
        ("limit:dns_in_memory", max(0, seen.resolutions.queries.rows - MOST_DNS_ROWS), "later DNS messages are not judged"),
        ("limit:names_in_memory", max(0, seen.names.rows - MOST_NAME_ROWS), "later names are not judged"),
    )
    yield from (Gap("traffic", kind, count, note=note) for kind, count, note in bounds if count)
    if hosts.left_out:
        yield Gap("traffic", "limit:devices", hosts.left_out, note="hosts with the least traffic are background")
    for name in hosts.absent:
        yield Gap("traffic", "declared_device_absent", 1, note=name)


def _chosen_names(
    rows: NDArray[np.void],
    side: perspective.Sides,
    names: NDArray[np.void],
    answers: NDArray[np.void],
    hosts: devices.Hosts,
    seen: Observation,
) -> naming.Chosen:
    chosen = naming.own_names(names, rows["serial"][side.row])
    no_mac = np.zeros(answers.size, np.uint64)
    client = hosts.device_of(no_mac, answers["client_hi"], answers["client_lo"])
    usable = (client >= 0) & (answers["solicited"] == 1)
    leases = np.zeros(np.count_nonzero(usable), naming.LEASES)
    leases["device"] = client[usable]
    for field in ("hi", "lo", "time", "ttl_s", "name", "frame"):
        leases[field] = answers[field][usable]
    naming.add_answers(chosen, side.device, side.remote(rows, "hi"), side.remote(rows, "lo"), rows["start"][side.row], leases)
    return chosen


def _endpoints(
    rows: NDArray[np.void],
    side: perspective.Sides,
    names: NDArray[np.void],
    answers: NDArray[np.void],
    seen: Observation,
    places: Places,
) -> dict[str, Endpoint]:
    """Every remote address of a device, with its distinct names and its place."""
    code, remote = perspective.addresses(side.remote(rows, "hi"), side.remote(rows, "lo"))
    found: dict[str, dict[tuple[str, str], Naming]] = defaultdict(dict)
    named_rows = _rows_of_serials(rows["serial"][side.row], names["serial"])
    for place, entry in zip(named_rows.tolist(), names.tolist(), strict=True):
        if place >= 0:
            _, name, source, frame, time, capture = entry
            _note(found[remote[code[place]]], seen.texts.of_row[name], NAME_SOURCES[source], capture, frame, time)
    wanted = set(remote)
    chains: dict[str, set[str]] = defaultdict(set)
    for answer in answers[answers["solicited"] == 1]:
        address = text(int(answer["hi"]), int(answer["lo"]))
        if address in wanted:
            _note(found[address], seen.texts.of_row[answer["name"]], "dns", int(answer["capture"]), int(answer["frame"]), int(answer["time"]))
            chains[address].update(filter(None, seen.texts.of_row[answer["chain"]].split(" > ")))
    return {address: _endpoint(address, found[address], chains[address], places) for address in sorted(wanted)}


def _endpoint(address: str, found: Mapping[tuple[str, str], Naming], chain: set[str], places: Places) -> Endpoint:
    ranked = sorted(found.values(), key=lambda naming: (NAME_SOURCES.index(naming.source), naming.time, naming.name))
    words = list(dict.fromkeys(naming.name for naming in ranked))
    place: Place = places.place(address, words, sorted(chain))
    operators = {name: places.place(address, [name]).operated_by for name in words}
    return Endpoint(address, tuple(ranked), place, {name: operator for name, operator in operators.items() if operator.country})


def _note(names: dict[tuple[str, str], Naming], name: str, source: str, capture: int, frame: int, time: int) -> None:
    if (name, source) not in names and len(names) < MOST_NAMES_PER_ENDPOINT:
        names[name, source] = Naming(WireText(name), source, capture, frame, time)


def _rows_of_serials(serials: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Position in `serials` (distinct but for flows between two devices) of each wanted serial, -1 where it is not there."""
    if not serials.size:
        return np.full(wanted.size, -1, np.int64)
    order = np.argsort(serials, kind="stable")
    place = np.minimum(np.searchsorted(serials[order], wanted), serials.size - 1)
    return np.where(serials[order][place] == wanted, order[place], -1)


def _flow_table(
    seen: Observation,
    rows: NDArray[np.void],
    facts: NDArray[np.void],
    side: perspective.Sides,
    chosen: naming.Chosen,
    endpoints: Mapping[str, Endpoint],
    hosts: devices.Hosts,
) -> pd.DataFrame:
    queries = seen.resolutions.queries.all(MOST_DNS_ROWS)
    client = hosts.device_of(np.zeros(queries.size, np.uint64), queries["client_hi"], queries["client_lo"])
    first_dns = np.full(max(1, len(hosts.devices)), NEVER, np.int64)
    np.minimum.at(first_dns, client[client >= 0], queries["time"][client >= 0])
    places = {address: endpoint.place for address, endpoint in endpoints.items()}
    return perspective.flow_table(rows, facts, side, chosen, seen.texts, places, first_dns, seen.apps, community_ids(rows))


def _shares(
    seen: Observation,
    hosts: devices.Hosts,
    table: pd.DataFrame,
    endpoints: Mapping[str, Endpoint],
    known_as: Mapping[str, tuple[str, ...]],
    notes: Sequence[str],
    places: Places,
) -> Iterator[DeviceTraffic]:
    dns, answers = _dns_tables(seen)
    contacts = perspective.contact_table(table)
    bounds, contact_bounds = (np.searchsorted(rows["device"].to_numpy(), np.arange(len(hosts.devices) + 1)) for rows in (table, contacts))
    servers = MappingProxyType(offered(seen.messages))
    by_flow: dict[int, list[Message]] = defaultdict(list)
    for messages in seen.messages.values():
        for message in messages:
            by_flow[message.flow].append(message)
    for index, host in enumerate(hosts.devices):
        flows = _of_device(table, bounds, index)
        own = flows.head(perspective.MOST_FLOWS)
        addresses = set(host.address_texts)
        tables = Tables(
            columns_of(own),
            columns_of(_of_device(contacts, contact_bounds, index)),
            columns_of(dns[dns["flow"].isin(own.loc[own["device_is_originator"], "flow"])]),
            columns_of(answers[answers["client"].isin(list(addresses))]),
        )
        yield DeviceTraffic(
            device=_device(host, known_as),
            tables=tables,
            messages=MappingProxyType(_messages_of(own["flow"].tolist(), by_flow)),
            endpoints=MappingProxyType({address: endpoints[address] for address in sorted(set(flows["remote_addr"].unique()))}),
            captures=tuple(seen.captures),
            coverage=coverage(flows, seen.captures, seen.observed_ns / 1e9, seen.cut_share, notes),
            frames=seen.index,
            offered=servers,
            networks=MappingProxyType(dict(networks(tables.flows, tables.answers, places))),
            folded=len(flows) - len(own),
        )


def _of_device(table: pd.DataFrame, bounds: NDArray[np.intp], index: int) -> pd.DataFrame:
    return table.iloc[bounds[index] : bounds[index + 1]].drop(columns="device").reset_index(drop=True)


def _messages_of(flows: Iterable[int], by_flow: Mapping[int, list[Message]]) -> dict[str, tuple[Message, ...]]:
    found: dict[str, list[Message]] = defaultdict(list)
    for flow in flows:
        for message in by_flow.get(flow, ()):
            found[message.protocol].append(message)
    return {protocol: tuple(sorted(messages, key=lambda message: (message.time, message.frame))) for protocol, messages in sorted(found.items())}


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


def _dns_tables(seen: Observation) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables DNS and ANSWERS of all clients."""
    queries, given = seen.resolutions.queries.all(MOST_DNS_ROWS), seen.resolutions.addresses.all(MOST_DNS_ROWS)
    words = seen.texts.of_row
    dns = pd.DataFrame({field: queries[field] for field in DNS if field in (queries.dtype.names or ())})
    answers = pd.DataFrame({field: given[field] for field in ANSWERS if field in (given.dtype.names or ())})
    for table, rows in ((dns, queries), (answers, given)):
        for role in ("client", "server"):
            table[role] = perspective.categories(*perspective.addresses(rows[f"{role}_hi"], rows[f"{role}_lo"]))
        table["solicited"] = rows["solicited"].astype(bool)
    dns["query"] = [words[row] for row in queries["query"].tolist()]
    dns["response"] = queries["response"].astype(bool)
    answers["name"] = [words[row] for row in given["name"].tolist()]
    answers["chain"] = [words[row] for row in given["chain"].tolist()]
    answers["address"] = perspective.categories(*perspective.addresses(given["hi"], given["lo"]))
    return dns[list(DNS)], answers[list(ANSWERS)]
