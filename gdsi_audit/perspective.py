"""Flows as one device sees them: the local side, the remote side, up and down.

The flow table knows originators and responders; an auditor asks what *this device* sent to *whom*. Everything here works by the column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gdsi_audit import naming
from gdsi_audit.devices import GLOBAL, MULTICAST, Hosts, kinds
from gdsi_audit.distinct import distinct_rows
from gdsi_audit.endpoints import NAME_SOURCES
from gdsi_audit.facts import Texts
from gdsi_audit.flows import CONN_STATES
from gdsi_audit.geo import Place
from gdsi_audit.packets import ARP, TUNNELS
from gdsi_audit.packets.address import text

TRANSPORT_WORDS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6", 132: "sctp", ARP: "arp"}
INITIATORS = ("unknown", "device", "remote")
MOST_FLOWS = 200_000
"""Flows of one device that stand in memory; the rest is folded into its contacts."""


def transport_word(number: int) -> str:
    """`tcp`, `udp` …; `ip-N` for protocols that are not decoded further."""
    return TRANSPORT_WORDS.get(number, f"ip-{number}")


@dataclass(frozen=True)
class Sides:
    """Flows with a device on one side, ordered by device and flow: one entry per flow and device."""

    row: NDArray[np.int64]
    """Row of CLOSED and FACTS."""
    device: NDArray[np.int32]
    device_is_originator: NDArray[np.bool_]

    def local(self, rows: NDArray[np.void], field: str) -> NDArray[Any]:
        """`field` of the device's side: `local(rows, "hi")`."""
        return np.where(self.device_is_originator, rows[f"orig_{field}"][self.row], rows[f"resp_{field}"][self.row])

    def remote(self, rows: NDArray[np.void], field: str) -> NDArray[Any]:
        return np.where(self.device_is_originator, rows[f"resp_{field}"][self.row], rows[f"orig_{field}"][self.row])


def sides(rows: NDArray[np.void], hosts: Hosts) -> Sides:
    """Who of `hosts.devices` stands on which side of which flow. A flow between two devices is seen by both."""
    originator = hosts.device_of(rows["orig_mac"], rows["orig_hi"], rows["orig_lo"])
    responder = hosts.device_of(rows["resp_mac"], rows["resp_hi"], rows["resp_lo"])
    as_originator = np.flatnonzero(originator >= 0)
    as_responder = np.flatnonzero((responder >= 0) & (responder != originator))
    row = np.concatenate((as_originator, as_responder))
    device = np.concatenate((originator[as_originator], responder[as_responder]))
    is_originator = np.arange(row.size) < as_originator.size
    order = np.lexsort((rows["flow"][row], device))
    return Sides(row[order], device[order].astype(np.int32), is_originator[order])


def initiators(rows: NDArray[np.void], seen: Sides) -> NDArray[np.int8]:
    """Row in INITIATORS: a fact only where the beginning was seen."""
    began = rows["began"][seen.row] == 1
    return np.where(began, np.where(seen.device_is_originator, 1, 2), 0).astype(np.int8)


def categories(codes: NDArray[Any], words: Sequence[str]) -> pd.Categorical[Any]:
    """`words` by code, equal words merged; only words that occur."""
    used, code = np.unique(codes, return_inverse=True)
    place: dict[str, int] = {}
    merged = np.array([place.setdefault(words[row], len(place)) for row in used.tolist()], np.int64)
    return pd.Categorical.from_codes(merged[code.ravel()], categories=pd.Index(list(place), dtype="str"))


def addresses(hi: NDArray[np.uint64], lo: NDArray[np.uint64]) -> tuple[NDArray[np.int64], list[str]]:
    """(code per row, text per code): each distinct address rendered once."""
    rows, place = distinct_rows(hi, lo)
    return place, [text(upper, lower) for upper, lower in zip(hi[rows].tolist(), lo[rows].tolist(), strict=True)]


def with_application_data(rows: NDArray[np.void], facts: NDArray[np.void]) -> NDArray[np.bool_]:
    """Whether the originator sent more than a handshake: any payload, or for TLS and QUIC more than their handshakes take."""
    answered = (rows["transport"] != 6) | (rows["resp_pkts"] > 0)
    return np.asarray((rows["orig_bytes"] > facts["handshake_bytes"]) & answered, np.bool_)


def nameable(rows: NDArray[np.void], seen: Sides, first_dns: NDArray[np.int64], started: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether a name could have been observed: the device had been seen to use DNS by then, and the beginning was captured, or had to be.

    `started`: as `starts` gives it. What a device does after its own start began after it, so that a missing handshake hides no older lookup.
    """
    part = rows[seen.row]
    begun = (part["transport"] != 6) | np.char.startswith(np.char.lower(part["history"]), b"s")
    since_start = (part["start"] >= started[seen.device, part["first_capture"]]) & (part["continues"] < 0)
    return np.asarray((begun | since_start) & (part["start"] >= first_dns[seen.device]), np.bool_)


def flow_table(
    rows: NDArray[np.void],
    facts: NDArray[np.void],
    seen: Sides,
    chosen: naming.Chosen,
    texts: Texts,
    places: Mapping[str, Place],
    first_dns: NDArray[np.int64],
    started: NDArray[np.int64],
    apps: Mapping[int, str],
    community_ids: NDArray[np.object_],
) -> pd.DataFrame:
    """The FLOWS table of all devices, with one more column `device` (index in Hosts.devices)."""
    part = rows[seen.row]
    fact = facts[seen.row]
    local_code, local_text = addresses(seen.local(rows, "hi"), seen.local(rows, "lo"))
    remote_hi, remote_lo = seen.remote(rows, "hi"), seen.remote(rows, "lo")
    remote_code, remote_text = addresses(remote_hi, remote_lo)
    kind = kinds(remote_hi, remote_lo)
    broadcast = (remote_hi == 0) & (remote_lo == np.uint64(0xFFFFFFFFFFFF))
    transports, transport_code = np.unique(part["transport"], return_inverse=True)
    known = [places.get(address, Place()) for address in remote_text]
    app_numbers, app_code = np.unique(part["app"], return_inverse=True)
    columns: dict[str, object] = {
        "device": seen.device,
        "flow": part["flow"],
        "parent": part["parent"],
        "tunnel": categories(part["tunnel"], TUNNELS),
        "continues": part["continues"],
        "start": part["start"],
        "duration_s": (part["end"] - part["start"]) / 1e9,
        "transport": categories(transport_code, [transport_word(number) for number in transports.tolist()]),
        "local_addr": categories(local_code, local_text),
        "local_port": seen.local(rows, "port"),
        "remote_addr": categories(remote_code, remote_text),
        "remote_port": seen.remote(rows, "port"),
        "remote_mac": seen.remote(rows, "mac"),
        "remote_is_local": (kind != GLOBAL),
        "remote_is_multicast": (kind == MULTICAST) | broadcast,
        "device_is_originator": seen.device_is_originator,
        "initiator": categories(initiators(rows, seen), INITIATORS),
        "service": categories(fact["service"], texts.of_row),
        "up_pkts": seen.local(rows, "pkts"),
        "down_pkts": seen.remote(rows, "pkts"),
        "up_bytes": seen.local(rows, "bytes"),
        "down_bytes": seen.remote(rows, "bytes"),
        "up_ip_bytes": seen.local(rows, "ip_bytes"),
        "down_ip_bytes": seen.remote(rows, "ip_bytes"),
        "missed_bytes": part["orig_missed_bytes"] + part["resp_missed_bytes"],
        "conn_state": categories(part["conn_state"], CONN_STATES),
        "history": part["history"].astype("U24"),
        "handshake_rtt_s": np.where(part["handshake_rtt_ns"] < 0, np.nan, part["handshake_rtt_ns"] / 1e9),
        "name": categories(chosen.name, texts.of_row),
        "name_source": categories(chosen.source + 1, ("", *NAME_SOURCES)),
        "name_frame": chosen.frame,
        "ambiguous": chosen.ambiguous,
        "nameable": nameable(rows, seen, first_dns, started),
        "remote_country": categories(remote_code, [place.located_in.country for place in known]),
        "organisation": categories(remote_code, [place.organisation for place in known]),
        "application_data": with_application_data(part, fact),
        "app": categories(app_code, [apps.get(number, "" if number < 0 else str(number)) for number in app_numbers.tolist()]),
        "first_capture": part["first_capture"],
        "last_capture": part["last_capture"],
        "first_frame": part["first_frame"],
        "last_frame": part["last_frame"],
        "duplicate_pkts": part["duplicate_pkts"],
        "community_id": community_ids[seen.row],
    }
    return pd.DataFrame(columns)


def contact_table(flows: pd.DataFrame) -> pd.DataFrame:
    """The CONTACTS that the flows of all devices make, with the column `device`; ordered by it."""
    timed = flows.assign(hour=flows["start"] // 3_600_000_000_000, last=flows["start"] + (flows["duration_s"] * 1e9).astype("int64"))
    grouped = timed.groupby(["device", "remote_addr", "remote_port", "transport", "name", "hour"], observed=True, sort=True)
    return grouped.agg(
        flows=("flow", "size"),
        up_bytes=("up_bytes", "sum"),
        down_bytes=("down_bytes", "sum"),
        up_pkts=("up_pkts", "sum"),
        down_pkts=("down_pkts", "sum"),
        first=("start", "min"),
        last=("last", "max"),
    ).reset_index()
