"""Flows of real captures against Zeek's own conn.log."""

from __future__ import annotations

import csv
import ipaddress

import pytest
from packet_rows import Outcome

from gdsi_audit.flows import CONN_STATES

PROTOCOLS = {1: "icmp", 58: "icmp", 6: "tcp", 17: "udp"}
NUMBERS = ("orig_pkts", "resp_pkts", "orig_ip_bytes", "resp_ip_bytes", "orig_bytes", "resp_bytes")


def address_text(hi, lo):
    is_v4 = hi == 0 and int(lo) >> 32 == 0xFFFF
    return str(ipaddress.IPv4Address(int(lo) & 0xFFFFFFFF)) if is_v4 else ipaddress.IPv6Address(int(hi) << 64 | int(lo)).compressed


def flows_of_capture(path):
    inputs = pytest.importorskip("gdsi_audit.readers._inputs", reason="the readers are not in this checkout")
    source = pytest.importorskip("gdsi_audit.readers._source", reason="the readers are not in this checkout")
    decode = pytest.importorskip("gdsi_audit.packets.decode", reason="the packet stage is not in this checkout")
    outcome, decoder = Outcome(), decode.Decoder()
    with source.Reading(inputs.inputs([str(path)])[0], 0, hashing=False) as reading:
        for frames in reading.frames():
            for packets in decoder.decode(frames):
                outcome.take(outcome.table.assemble(frames, packets))
    return outcome.finish().closed


def test_conn_log_of_every_trace(shared_captures):
    differences, files = [], {}
    with (shared_captures / "GROUND_TRUTH_zeek_conn.csv").open(newline="") as truth:
        for row in csv.DictReader(truth):
            files.setdefault(row["file"], []).append(row)
    for file, rows in files.items():
        found = {}
        for flow in flows_of_capture(shared_captures / file):
            ends = [(address_text(flow[f"{side}_hi"], flow[f"{side}_lo"]), str(flow[f"{side}_port"])) for side in ("orig", "resp")]
            seen = {name: str(flow[name]) for name in NUMBERS} | {"conn_state": CONN_STATES[flow["conn_state"]], "history": flow["history"].decode()}
            found.setdefault((PROTOCOLS.get(int(flow["transport"])), *ends[0], *ends[1]), []).append(seen)
        for row in rows:
            got = found.get((row["proto"], row["id.orig_h"], row["id.orig_p"], row["id.resp_h"], row["id.resp_p"]), [])
            # X: Zeek itself gave up the analysis; no capture says that.
            wanted = {name: row[name] for name in (*NUMBERS, "conn_state", "history") if row[name] not in ("", "-", "X")}
            if not any(all(seen[name] == value for name, value in wanted.items()) for seen in got):
                differences.append((file, wanted, got))
    assert differences == []
