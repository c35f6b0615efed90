"""Fixtures that every folder of tests may use."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings
from made_tables import columns_of

from gdsi_audit.assembly.contact_table import contact_table
from gdsi_audit.declarations import Declaration, Destination, Source, Statement
from gdsi_audit.endpoints import Endpoint
from gdsi_audit.frames.ranges import merged
from gdsi_audit.gap import Ledger
from gdsi_audit.tables.columns import Columns
from gdsi_audit.traffic import ANSWERS, CONTACTS, DNS, FLOWS, Capture, Coverage, Device, DeviceTraffic, Tables, Traffic

REPOSITORY = Path(__file__).parent.parent
SHARED = REPOSITORY.parent / "shared" / "captures"
# A busy machine is no wrong result.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
sys.path.append(str(REPOSITORY))  # the generators in captures/ are no part of what is installed


@pytest.fixture(scope="session")
def shared_captures() -> Path:
    """The measuring set beside the repository. Tests that need it skip loudly where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the measuring set of captures is not beside this repository")
    return SHARED


@pytest.fixture(scope="session")
def tshark() -> str:
    """The independent oracle of packets and display filters. Tests that need it skip loudly where it is not installed."""
    found = shutil.which("tshark")
    if found is None:
        pytest.skip("tshark, the independent oracle, is not installed")
    return found


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="record the results of the scenarios anew, in tests/golden")


@pytest.fixture(scope="session")
def update_golden(pytestconfig: pytest.Config) -> bool:
    return bool(pytestconfig.getoption("--update-golden"))


def pytest_configure(config: pytest.Config) -> None:
    os.environ.setdefault("TZ", "UTC")
    # Databases that the developer has added are not under test.
    os.environ["GDSI_AUDIT_DATA"] = os.devnull


FLOW_DEFAULTS: dict[str, object] = {
    "parent": -1, "tunnel": "", "continues": -1, "duration_s": 1.0, "transport": "tcp", "remote_mac": 0, "device_is_originator": True, "service": "",
    "up_bytes": 500, "down_bytes": 1000, "missed_bytes": 0, "cut": False, "conn_state": "SF", "history": "ShADadfF", "handshake_rtt_s": 0.02,
    "name": "", "name_source": "", "name_frame": 0, "ambiguous": False, "nameable": True, "remote_country": "", "organisation": "", "app": "",
    "ip_options": False, "first_capture": 0, "last_capture": 0, "duplicate_pkts": 0, "community_id": "",
}  # fmt: skip
EMPTY_CONTACTS, EMPTY_DNS, EMPTY_ANSWERS = (pd.DataFrame(columns=list(schema)).astype(schema) for schema in (CONTACTS, DNS, ANSWERS))
FIRST_FLOW_NS = 1_790_000_000_000_000_000


class ContiguousFrames:
    """Stands in for the frame index: a flow has every frame from its first to its last."""

    def __init__(self, flows: pd.DataFrame) -> None:
        self._flows = flows

    def frames(self, flows):
        chosen = self._flows[self._flows["flow"].isin(list(flows))]
        spans = zip(chosen["first_frame"], chosen["last_frame"], strict=True)
        numbers = np.unique([number for first, last in spans for number in range(first, last + 1)])
        return [(0, merged(numbers.astype(np.int64)))] if numbers.size else []


def _cell(text: str) -> object:
    if text in ("yes", "no"):
        return text == "yes"
    return int(text) if text.lstrip("-").isdigit() else text


def _end(text: str) -> tuple[str, int]:
    """`192.168.1.50:49152`, `[2001:db8::1]:443`."""
    address, _, port = text.rpartition(":")
    return address.strip("[]"), int(port)


def _is_local(address: str) -> bool:
    parsed = ip_address(address)
    return parsed.is_multicast or parsed.is_link_local or address.startswith(("192.168.", "10.", "fd")) or address == "255.255.255.255"


def _flow_row(number: int, cells: dict[str, object], first_frame: int) -> dict[str, object]:
    row: dict[str, object] = {**FLOW_DEFAULTS, "flow": 16 * first_frame, "start": FIRST_FLOW_NS + number * 1_000_000_000, "initiator": "device"}
    row["local_addr"], row["local_port"] = _end(str(cells.pop("local", f"192.168.1.50:{49152 + number}")))
    row["remote_addr"], row["remote_port"] = _end(str(cells.pop("remote")))
    row.update(cells)
    if "device_is_originator" not in cells:
        row["device_is_originator"] = row["initiator"] != "remote"
    row.setdefault("remote_is_multicast", ip_address(row["remote_addr"]).is_multicast or row["remote_addr"] == "255.255.255.255")
    row.setdefault("remote_is_local", _is_local(str(row["remote_addr"])))
    row.setdefault("up_pkts", 3)
    row.setdefault("down_pkts", 2 if row["down_bytes"] else 0)
    row.setdefault("application_data", bool(row["up_bytes"]))
    header_bytes = (20 if row["transport"] == "tcp" else 8) + (40 if ":" in str(row["local_addr"]) else 20)
    row.setdefault("up_ip_bytes", row["up_bytes"] + header_bytes * row["up_pkts"])
    row.setdefault("down_ip_bytes", row["down_bytes"] + header_bytes * row["down_pkts"])
    row.setdefault("first_frame", first_frame)
    row.setdefault("last_frame", row["first_frame"] + row["up_pkts"] + row["down_pkts"] - 1)
    return row


@pytest.fixture(scope="session")
def flows_table():
    """Builds FLOWS from text: a line of column names, then a line per flow; `-` leaves the default, `local` and `remote` are address:port.

    Flows begin a second apart and have frames one flow after the other.
    """

    def build(table: str) -> pd.DataFrame:
        header, *lines = [line.split() for line in table.strip().splitlines()] if table.strip() else [[]]
        rows, next_frame = [], 1
        for number, line in enumerate(lines):
            cells = {column: _cell(text) for column, text in zip(header, line, strict=True) if text != "-"}
            rows.append(_flow_row(number, cells, next_frame))
            next_frame = int(rows[-1]["last_frame"]) + 1
        return pd.DataFrame(rows, columns=list(FLOWS)).astype(FLOWS)

    return build


@pytest.fixture(scope="session")
def contacts_of():
    """The CONTACTS that FLOWS of one device make."""

    def build(flows: pd.DataFrame) -> Columns:
        return contact_table(columns_of(flows), np.zeros(len(flows), np.int32))[0]

    return build


@pytest.fixture(scope="session")
def device_traffic(flows_table):
    """Builds DeviceTraffic: a table of flows, places by address, `name address` answers, offers, and whatever else is given by keyword."""

    def build(
        table: str, *, places=None, answers=(), coverage=None, contacts=EMPTY_CONTACTS, dns=EMPTY_DNS, answer_table=None, rows=None, **given
    ) -> DeviceTraffic:
        flows = flows_table(table) if rows is None else rows
        seen = Coverage(
            **{
                **dict(observed_s=7200.0, flows=len(flows), up_bytes=int(flows["up_bytes"].sum()), down_bytes=int(flows["down_bytes"].sum())),
                **dict(loss=0.0, midstream=0.0, one_sided=0.0, named=1.0, readable=1.0, located=1.0, cut_by_snaplen=0.0, notes=()),
                **(coverage or {}),
            }
        )
        rows = [dict(capture=0, frame=1, time=0, client="192.168.1.50", server="192.168.1.1", ttl_s=60, chain="", solicited=True) for _ in answers]
        named = [{**row, "name": pair.split()[0], "address": pair.split()[1]} for row, pair in zip(rows, answers, strict=True)]
        whole = {
            "device": Device(id="camera", macs=("02:00:00:00:00:50",), addresses=("192.168.1.50", "2001:db8::50"), declared=True),
            "messages": {},
            "endpoints": {address: Endpoint(address, (), place) for address, place in (places or {}).items()},
            "captures": (one_capture(),),
            "frames": ContiguousFrames(flows),
            **given,
        }
        answer_rows = pd.DataFrame(named, columns=list(ANSWERS)).astype(ANSWERS) if named else EMPTY_ANSWERS
        tables = (flows, contacts, dns, answer_rows if answer_table is None else answer_table)
        columns = (table if isinstance(table, Columns) else columns_of(table) for table in tables)
        return DeviceTraffic(tables=Tables(*columns), coverage=seen, **whole)

    return build


def one_capture(first: int = FIRST_FLOW_NS, last: int = FIRST_FLOW_NS + 7200 * 10**9) -> Capture:
    return Capture(
        path="camera.pcap", sha256="ab" * 32, format="pcap", linktypes=(1,), frame_count=1000, first=first, last=last, snaplen=0,
        dropped_pkts=None, ledger=Ledger(), wire_bytes=0, bytes_on_disk=0,
    )  # fmt: skip


@pytest.fixture(scope="session")
def traffic_of():
    """Builds Traffic of devices."""

    def build(*devices: DeviceTraffic) -> Traffic:
        return Traffic(captures=(one_capture(),), devices=devices, background=(), endpoints={}, gaps=(), databases=())

    return build


@pytest.fixture(scope="session")
def declared():
    """Builds a vendor's Declaration: destinations as Destination or as a name, each on a line of its own, and whatever else by keyword."""

    def build(*destinations, by: str = "vendor", **given) -> Declaration:
        source = [Source("camera.toml", 10 + number, by) for number in range(len(destinations))]
        items = [Destination(name=one) if isinstance(one, str) else one for one in destinations]
        placed = tuple(replace(item, source=where) for item, where in zip(items, source, strict=True))
        statement = Statement(by=by, file="camera.toml", sha256="cd" * 32)
        return Declaration(statements=(statement,), destinations=placed, **given)

    return build
