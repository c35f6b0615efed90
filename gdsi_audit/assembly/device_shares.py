"""What each device sees of the tables of all: views of them, as many flows as a device may hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.assembly import device_tables, perspective
from gdsi_audit.assembly.contact_table import contact_table
from gdsi_audit.assembly.coverage import coverage
from gdsi_audit.assembly.kept_flows import CONTACT_FIELDS, kept_flows
from gdsi_audit.endpoints import Endpoint
from gdsi_audit.geo._oui import vendor
from gdsi_audit.geo._places import Places
from gdsi_audit.hosts import devices
from gdsi_audit.hosts.hostnames import offered
from gdsi_audit.naming.mismatches import networks
from gdsi_audit.observation import Observation
from gdsi_audit.tables.columns import Columns
from gdsi_audit.tables.freed_memory import give_back
from gdsi_audit.tables.stored_table import Table, picked
from gdsi_audit.traffic import LATEST, Device, DeviceTraffic, Tables

MOST_FLOWS = 200_000
"""Flows of one device that stand in memory; the rest is folded into its contacts."""


def shares(
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
    judged: NDArray[np.bool_] | None,
    rows: Table,
) -> Iterator[DeviceTraffic]:
    """What each device sees of the whole tables, which are ordered by device. `judged`: which of all flows `rows` holds; None: all."""
    count = len(hosts.devices)
    bounds = np.searchsorted(side.device, np.arange(count + 1)).tolist()
    kept = _kept_of_devices(rows, side, bounds)
    unheld = _unheld(seen, hosts, judged)
    said_until = seen.messages.kept_until
    kept_until = MappingProxyType({**said_until, "dns": min(seen.resolutions.kept_until, said_until.get("dns", LATEST))})
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
        mine = kept[bounds[index] : bounds[index + 1]]
        own = whole if mine.all() else whole.take(mine)
        asked, told = (table.stretch(*cut.bounds[index : index + 2].tolist()) for table, cut in ((dns, own_dns), (given, own_answers)))
        yield DeviceTraffic(
            device=device(host, known_as),
            tables=Tables(own, contacts.stretch(contact_bounds[index], contact_bounds[index + 1]), asked, told),
            messages=device_tables.DeviceMessages(messages, index),
            neighbours=beyond,
            endpoints=MappingProxyType({address: endpoints[address] for address in whole.distinct("remote_addr")}),
            captures=tuple(seen.captures),
            coverage=coverage(whole, seen.captures, seen.observed_ns / 1e9, seen.cut_share, notes),
            frames=seen.index,
            offered=servers,
            networks=MappingProxyType(dict(networks(own, told, places, dns_kept_until=kept_until.get("dns", LATEST)))),
            geodb=places.folder,
            folded=len(whole) - len(own) + int(unheld[index]),
            kept_until=kept_until,
        )


def _kept_of_devices(rows: Table, side: perspective.Sides, bounds: Sequence[int]) -> NDArray[np.bool_]:
    """Which entries of `side` their device's table of flows has room for."""
    kept = np.ones(side.row.size, np.bool_)
    for begin, end in pairwise(bounds):
        if end - begin > MOST_FLOWS:
            kept[begin:end] = kept_flows([picked(rows, CONTACT_FIELDS, side.row[begin:end])], end - begin, MOST_FLOWS)
    return kept


def _unheld(seen: Observation, hosts: devices.Hosts, judged: NDArray[np.bool_] | None) -> NDArray[np.int64]:
    """How many flows of each device no table holds."""
    count, first = np.zeros(len(hosts.devices), np.int64), 0
    if judged is None:
        return count
    for piece in seen.rows.pieces():
        left, first = piece[~judged[first : first + piece.size]], first + piece.size
        originator, responder = (hosts.device_of(left[f"{end}_mac"], left[f"{end}_hi"], left[f"{end}_lo"]) for end in ("orig", "resp"))
        for whose in (originator, np.where(responder != originator, responder, -1)):
            count += np.bincount(whose[whose >= 0], minlength=count.size)
    return count


def device(host: devices.Host, known_as: Mapping[str, tuple[str, ...]]) -> Device:
    macs = host.mac_texts
    return Device(
        id=host.id,
        macs=macs,
        addresses=host.address_texts,
        hostnames=known_as.get(host.id, ()),
        vendor=next((name for name in map(vendor, macs) if name), ""),
        declared=host.declared,
    )
