"""PACKETS rows and blocks out of short text tables, for tests of the flow table."""

from __future__ import annotations

import ipaddress

import numpy as np

from gdsi_audit.flows import CONN_STATES
from gdsi_audit.flows.table import FlowTable
from gdsi_audit.packets import PACKETS
from gdsi_audit.readers import RECORDS, SPARE_BYTES, Frames

BEGIN = 1_700_000_000 * 10**9
FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16}
PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "icmp6": 58, "gre": 47, "arp": 255}


def address(text):
    value = ipaddress.ip_address(text)
    number = int(value) | (0xFFFF << 32 if value.version == 4 else 0)
    return number >> 64, number & (1 << 64) - 1


def packet(milliseconds, src, dst, protocol, flags="", seq=0, ack=0, payload=b"", **more):
    """One packet as a dictionary; src and dst are (address, port)."""
    src_hi, src_lo = address(src[0])
    dst_hi, dst_lo = address(dst[0])
    row = {
        "time": BEGIN + int(milliseconds * 10**6), "src_hi": src_hi, "src_lo": src_lo, "dst_hi": dst_hi, "dst_lo": dst_lo,
        "src_port": src[1], "dst_port": dst[1], "transport": PROTOCOLS[protocol], "tcp_flags": sum(FLAGS[flag] for flag in flags),
        "tcp_seq": seq & 0xFFFFFFFF, "tcp_ack": ack & 0xFFFFFFFF, "payload": payload, "ip_bytes": 40 + len(payload),
    }  # fmt: skip
    return {**row, **more}


def tcp(text, client=("10.0.0.1", 40000), server=("10.0.0.2", 5000)):
    """Packets from lines `milliseconds > flags seq ack length`: > from client, < from server; numbers relative to 1000 and 5000."""
    rows = []
    for line in text.strip().splitlines():
        when, way, flags, seq, ack, length = line.split()
        ends, bases = ((client, server), (1000, 5000)) if way == ">" else ((server, client), (5000, 1000))
        rows.append(packet(float(when), *ends, "tcp", flags, bases[0] + int(seq), bases[1] + int(ack), b"x" * int(length)))
    return rows


def block(rows, capture=0, first_frame=1):
    """Frames and PACKETS of one block that holds the rows' payloads."""
    packets = np.zeros(len(rows), PACKETS)
    packets["app"] = packets["parent"] = -1
    packets["tcp_window"] = 1000
    packets["ttl"] = 64
    packets["frame"] = np.arange(first_frame, first_frame + len(rows))
    data = b"".join(row["payload"] for row in rows)
    offset = 0
    for here, row in zip(packets, rows, strict=True):
        here["payload_offset"] = offset
        here["payload_bytes"] = here["payload_wire_bytes"] = len(row["payload"])
        offset += len(row["payload"])
        for name, value in row.items():
            if name != "payload":
                here[name] = value
    whole = np.zeros(len(data) + SPARE_BYTES, np.uint8)
    whole[: len(data)] = np.frombuffer(data, np.uint8)
    return Frames(capture, whole, len(data), np.zeros(0, RECORDS)), packets


class Outcome:
    """Everything a table handed on: closed rows by flow id, chunks with their bytes, serials."""

    def __init__(self, table=None):
        self.table = table or FlowTable()
        self.closed, self.chunks, self.serials = [], [], []

    def take(self, batches):
        for batch in batches:
            self.closed += [row.copy() for row in batch.closed]
            owners = set(zip(batch.chunks["slot"].tolist(), batch.chunks["serial"].tolist(), strict=True))
            assert len({slot for slot, _ in owners}) == len(owners)
            for chunk in batch.chunks:
                self.chunks.append((chunk.copy(), batch.data[chunk["offset"] : chunk["offset"] + chunk["length"]].tobytes()))

    def feed(self, rows, capture=0, first_frame=1, each=None):
        for at in range(0, len(rows), each or max(len(rows), 1)):
            piece = rows[at : at + (each or len(rows))]
            self.take(self.table.assemble(*block(piece, capture, first_frame + at)))
            self.serials += (self.table.entries >> 32).tolist()
            self.take([self.table.flush()])
        return self

    def finish(self):
        self.take(self.table.finish())
        self.closed.sort(key=lambda row: (row["flow"], row["serial"]))
        return self

    def stream(self, from_responder=0):
        """(bytes with holes as `?`, largest position) of one direction of the only TCP flow."""
        out = b""
        for chunk, data in self.chunks:
            if chunk["from_responder"] == from_responder:
                out += b"?" * int(chunk["gap_bytes"])
                assert chunk["stream_offset"] == len(out)
                out += data
        return out


def flows_of(rows, **options):
    return Outcome(FlowTable(**options)).feed(rows).finish().closed


def state(row):
    return CONN_STATES[row["conn_state"]], row["history"].decode()
