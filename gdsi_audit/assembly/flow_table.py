"""FLOWS of all devices: each flow as its device sees it, by the column. Columns that few ask for stand on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdsi_audit import naming
from gdsi_audit.assembly.addresses import Addresses, addresses
from gdsi_audit.assembly.perspective import INITIATORS, Sides, has_met
from gdsi_audit.endpoints import NAME_SOURCES
from gdsi_audit.flows import CLOSED, CONN_STATES
from gdsi_audit.flows.community_id import community_id, community_ids
from gdsi_audit.geo import Place
from gdsi_audit.hosts.address_reach import GLOBAL, MULTICAST, reaches
from gdsi_audit.messages.facts import Texts
from gdsi_audit.packets import ARP, TUNNELS, transport_words
from gdsi_audit.tables.columns import Column, Columns, Later
from gdsi_audit.tables.stored_table import ColumnFile, Table, picked
from gdsi_audit.tables.words import Words, coded, narrow
from gdsi_audit.traffic import FLOWS

COMMUNITY_FIELDS = ("transport", *(f"{side}_{part}" for side in ("orig", "resp") for part in ("hi", "lo", "port")))
ENDS = np.dtype([(name, CLOSED[name]) for name in COMMUNITY_FIELDS])
ON_DISK = np.dtype(
    [
        *((name, "i8") for name in ("parent", "continues", "up_ip_bytes", "down_ip_bytes", "missed_bytes", "name_frame", "duplicate_pkts")),
        *((name, "i8") for name in ("first_frame", "last_frame")),
        *((name, "i4") for name in ("first_capture", "last_capture")),
        *(("remote_mac", "u8"), ("handshake_rtt_s", "f8"), ("ends", ENDS)),
    ]
)
"""Columns of FLOWS that few ask for, and what community ids are made of."""
HISTORIES_AT_ONCE = 65_536
FEW_FLOWS = 20


def with_application_data(rows: Table, facts: Table) -> NDArray[np.bool_]:
    """Whether the originator sent more than a handshake: any payload, or for TLS and QUIC more than their handshakes take."""
    answered = (rows["transport"] != 6) | (rows["resp_pkts"] > 0)
    return np.asarray((rows["orig_bytes"] > facts["handshake_bytes"]) & answered, np.bool_)


def flow_table(
    rows: Table,
    facts: Table,
    seen: Sides,
    remote: Addresses,
    chosen: naming.Chosen,
    texts: Texts,
    places: Sequence[Place],
    initiator: NDArray[np.int8],
    nameable: NDArray[np.bool_],
    apps: Mapping[int, str],
    routers: frozenset[int] = frozenset(),
) -> Columns:
    """FLOWS of all devices, one after the other. `remote`: the other sides, `places`: where each distinct one is. `routers`: their MACs.

    `initiator`, `nameable`: as the functions of these names give them.
    """
    reach = reaches(remote.hi, remote.lo)
    broadcast = (remote.hi == 0) & (remote.lo == np.uint64(0xFFFFFFFFFFFF))

    def part(name: str) -> NDArray[Any]:
        """A column that is the same from either side."""
        return np.asarray(rows[name][seen.row])

    app_numbers, app_code = np.unique(part("app"), return_inverse=True)
    columns: dict[str, Column] = {
        "flow": part("flow"),
        "tunnel": coded(part("tunnel"), TUNNELS),
        "start": part("start"),
        "duration_s": (part("end") - part("start")) / 1e9,
        "transport": coded(part("transport"), transport_words.WORDS),
        "local_addr": narrow(*addresses(seen.local(rows, "hi"), seen.local(rows, "lo"))),
        "local_port": seen.local(rows, "port"),
        "remote_addr": narrow(remote.code, remote.text),
        "remote_port": seen.remote(rows, "port"),
        "remote_is_local": (reach != GLOBAL)[remote.code] | seen.near(rows, routers) | seen.to_itself(rows),
        "remote_is_multicast": ((reach == MULTICAST) | broadcast)[remote.code],
        "device_is_originator": seen.device_is_originator,
        "initiator": coded(initiator, INITIATORS),
        "service": coded(facts["service"][seen.row], texts.of_row),
        "up_pkts": seen.local(rows, "pkts"),
        "down_pkts": seen.remote(rows, "pkts"),
        "up_bytes": seen.local(rows, "bytes"),
        "down_bytes": seen.remote(rows, "bytes"),
        "cut": has_met(rows, "cut_by_snaplen")[seen.row],
        "ip_options": has_met(rows, "ip_options")[seen.row],
        "conn_state": coded(part("conn_state"), CONN_STATES),
        "history": _histories(part("history")),
        "name": coded(chosen.name, texts.of_row),
        "name_source": coded(chosen.source + 1, ("", *NAME_SOURCES)),
        "ambiguous": chosen.ambiguous,
        "nameable": nameable,
        "remote_country": coded(remote.code, [place.located_in.country for place in places]),
        "organisation": coded(remote.code, [place.organisation for place in places]),
        "application_data": with_application_data(rows, facts)[seen.row],
        "app": coded(app_code.ravel(), [apps.get(number, "" if number < 0 else str(number)) for number in app_numbers.tolist()]),
    }
    columns |= _on_disk(rows, seen, chosen.frame)
    return Columns({name: columns[name] for name in FLOWS})


def _on_disk(rows: Table, seen: Sides, name_frame: NDArray[np.int64]) -> dict[str, Column]:
    """The columns of FLOWS that are read when somebody asks for them."""
    file = ColumnFile(ON_DISK, seen.row.size)
    for name in ("parent", "continues", "first_capture", "last_capture", "first_frame", "last_frame", "duplicate_pkts"):
        file.put(name, rows[name][seen.row])
    file.put("up_ip_bytes", seen.local(rows, "ip_bytes"))
    file.put("down_ip_bytes", seen.remote(rows, "ip_bytes"))
    file.put("remote_mac", seen.remote(rows, "mac"))
    file.put("missed_bytes", (rows["orig_missed_bytes"] + rows["resp_missed_bytes"])[seen.row])
    file.put("name_frame", name_frame)
    rtt_ns = rows["handshake_rtt_ns"][seen.row]
    file.put("handshake_rtt_s", np.where(rtt_ns < 0, np.nan, rtt_ns / 1e9))
    file.put("ends", picked(rows, COMMUNITY_FIELDS, seen.row))
    columns: dict[str, Column] = {name: Later(file.rows, partial(file.values, name)) for name in ON_DISK.names or () if name != "ends"}
    return {**columns, "community_id": Later(file.rows, lambda chosen: _ids_of(file.values("ends", chosen)))}


def _histories(histories: NDArray[np.bytes_]) -> Words:
    """Few are distinct; only so many at once are Python's own."""
    place: dict[bytes, int] = {}
    pieces = (histories[first : first + HISTORIES_AT_ONCE].tolist() for first in range(0, histories.size, HISTORIES_AT_ONCE))
    codes = np.fromiter((place.setdefault(history, len(place)) for piece in pieces for history in piece), np.int32, histories.size)
    return narrow(codes, [history.decode("ascii") for history in place])


def _ids_of(ends: NDArray[np.void]) -> NDArray[np.object_]:
    """Of a few flows one by one, of many by the column, which takes as long to begin as twenty take."""
    if ends.size > FEW_FLOWS:
        return community_ids(ends)
    found = np.full(ends.size, "", object)
    for row, (transport, *whom) in enumerate(ends.tolist()):
        orig_hi, orig_lo, orig_port, resp_hi, resp_lo, resp_port = whom
        if transport != ARP:
            found[row] = community_id((orig_hi, orig_lo), orig_port, (resp_hi, resp_lo), resp_port, transport)
    return found
