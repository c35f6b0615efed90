"""What was observed of flows as the columns that every format writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.endpoints import NAME_SOURCES
from gdsi_audit.flow_log import COLUMNS
from gdsi_audit.flow_log._rows import Piece
from gdsi_audit.flows import CONN_STATES
from gdsi_audit.flows.community_id import community_texts
from gdsi_audit.hosts import devices
from gdsi_audit.observation import Observation
from gdsi_audit.packets import ARP, TUNNELS, transport_words
from gdsi_audit.packets.address import text
from gdsi_audit.tables.distinct import distinct_rows
from gdsi_audit.tables.words import Words

PIECE_FLOWS = 20_000
_FACTS = ("service", "server_name", "alpn", "ja3", "ja3s", "ja4", "http_host")


def pieces(seen: Observation, hosts: devices.Hosts, *, names: bool = True) -> Iterator[Piece]:
    """COLUMNS (and `names`) of all flows but ARP's, at most PIECE_FLOWS at a time; one empty piece where there are none."""
    every_name = seen.names.all() if names else np.empty(0, seen.names.dtype)
    every_name = every_name[np.argsort(every_name["serial"], kind="stable")]
    nothing = (np.empty(0, seen.rows.dtype), np.empty(0, seen.facts.dtype))
    for rows, facts in zip(seen.rows.pieces(PIECE_FLOWS), seen.facts.pieces(PIECE_FLOWS), strict=True) if seen.rows.rows else (nothing,):
        kept = np.flatnonzero(rows["transport"] != ARP)
        piece = _columns(rows[kept], facts[kept], seen, hosts)
        yield {**piece, "names": _names(rows["serial"][kept], every_name, seen)} if names else piece


def _columns(rows: NDArray[np.void], facts: NDArray[np.void], seen: Observation, hosts: devices.Hosts) -> dict[str, NDArray[Any] | Words]:
    words = tuple(seen.texts.of_row)
    device_words = ("", *(host.id for host in hosts.devices))
    rtt_ns = rows["handshake_rtt_ns"]
    columns: dict[str, NDArray[Any] | Words] = {
        "flow": rows["flow"],
        "capture": rows["first_capture"],
        "continues": rows["continues"],
        "initiator": Words(rows["began"], ("unknown", "originator")),
        "start": rows["start"] / 1e9,
        "duration_s": (rows["end"] - rows["start"]) / 1e9,
        "transport": _by_number(rows["transport"], lambda number: transport_words.WORDS[number]),
        "missed_bytes": rows["orig_missed_bytes"] + rows["resp_missed_bytes"],
        "conn_state": Words(rows["conn_state"], CONN_STATES),
        "history": _by_number(rows["history"], bytes.decode),
        "handshake_rtt_s": np.where(rtt_ns < 0, -1.0, rtt_ns / 1e9),
        "community_id": community_texts(rows),
        "tunnel": Words(rows["tunnel"], TUNNELS),
        "app": _by_number(rows["app"], lambda number: seen.apps.get(number, "" if number < 0 else str(number))),
        "first_frame": rows["first_frame"],
        "last_frame": rows["last_frame"],
    }
    for side in ("orig", "resp"):
        hi, lo = rows[f"{side}_hi"], rows[f"{side}_lo"]
        columns[f"{side}_device"] = Words(hosts.device_of(rows[f"{side}_mac"], hi, lo) + 1, device_words)
        columns[f"{side}_addr"] = _addresses(hi, lo)
        columns |= {f"{side}_{field}": rows[f"{side}_{field}"] for field in ("port", "pkts", "bytes", "ip_bytes")}
    columns |= {field: Words(facts[field], words) for field in _FACTS}
    return {column: columns[column] for column in COLUMNS}


def _by_number(values: NDArray[Any], word: Callable[[Any], str]) -> Words:
    """A column of the words for `values`; different values may share a word."""
    known, code = np.unique(values, return_inverse=True)
    return Words(code.ravel(), tuple(map(word, known.tolist())))


def _addresses(hi: NDArray[np.uint64], lo: NDArray[np.uint64]) -> Words:
    rows, place = distinct_rows(hi, lo)
    return Words(place, tuple(map(text, hi[rows].tolist(), lo[rows].tolist())))


def _names(serials: NDArray[np.int64], names: NDArray[np.void], seen: Observation) -> list[list[dict[str, object]]]:
    first = np.searchsorted(names["serial"], serials, side="left").tolist()
    behind = np.searchsorted(names["serial"], serials, side="right").tolist()
    given = list(zip(names["name"].tolist(), names["source"].tolist(), names["frame"].tolist(), strict=True))
    words = seen.texts.of_row
    return [
        [{"name": words[name], "source": NAME_SOURCES[source], "frame": frame} for name, source, frame in given[begin:end]]
        for begin, end in zip(first, behind, strict=True)
    ]
