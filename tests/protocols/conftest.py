"""Payloads of the measuring set, taken out by tshark, and heads for recognition."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from gdsi_audit.protocols import HEAD_BYTES, Heads

LARGEST_CAPTURE_BYTES = 60_000
MOST_CAPTURES = 12


class Datagram(NamedTuple):
    capture: str
    frame: int
    layers: frozenset[str]
    src_port: int
    dst_port: int
    payload: bytes


def heads_of(payloads, *, transport=17, orig_port=50_000, resp_port=50_001):
    rows = np.zeros((len(payloads), HEAD_BYTES), np.uint8)
    for row, payload in zip(rows, payloads, strict=True):
        row[: len(payload[:HEAD_BYTES])] = np.frombuffer(payload[:HEAD_BYTES], np.uint8)
    count = len(payloads)
    return Heads(
        rows,
        np.array([len(payload) for payload in payloads], np.int32),
        np.full(count, transport, np.uint8),
        np.full(count, orig_port, np.uint16),
        np.full(count, resp_port, np.uint16),
        np.zeros(count, np.uint8),
    )


@pytest.fixture(scope="session")
def shared_datagrams(shared_captures: Path, tshark: str) -> list[Datagram]:
    """UDP payloads of some small captures of the measuring set: those with most different DNS names first."""
    with (shared_captures / "MANIFEST.csv").open() as manifest:
        small = [row["file"] for row in csv.DictReader(manifest) if int(row["bytes"]) <= LARGEST_CAPTURE_BYTES]
    chosen = sorted(small, key=lambda name: (-dns_names(shared_captures / name), name))[:MOST_CAPTURES]
    return [datagram for name in chosen for datagram in datagrams_of(shared_captures / name)]


def dns_names(capture: Path) -> int:
    truth = capture.with_name(capture.name + ".tshark.json")
    return len(json.loads(truth.read_text())["dns_queries"]) if truth.exists() else 0


def datagrams_of(capture: Path) -> list[Datagram]:
    fields = ("frame.number", "frame.protocols", "udp.srcport", "udp.dstport", "udp.payload")
    command = ["tshark", "-n", "-r", str(capture), "-Y", "udp.payload", "-T", "fields", "-E", "occurrence=l"]
    lines = subprocess.run([*command, *(word for field in fields for word in ("-e", field))], capture_output=True, text=True, check=False).stdout
    rows = [line.split("\t") for line in lines.splitlines()]
    return [
        Datagram(capture.name, int(frame), frozenset(layers.split(":")), int(src), int(dst), bytes.fromhex(payload))
        for frame, layers, src, dst, payload in rows
        if src and payload
    ]
