"""Flows as one device sees them: the local side, the remote side, up and down.

The flow table knows originators and responders; an auditor asks what *this device* sent to *whom*. Everything here works by the column.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.hosts.address_reach import on_link
from gdsi_audit.hosts.devices import Hosts
from gdsi_audit.packets import GAP_BITS
from gdsi_audit.tables.stored_table import Table

INITIATORS = ("unknown", "device", "remote")


@dataclass(frozen=True)
class Sides:
    """Flows with a device on one side, ordered by device and flow: one entry per flow and device."""

    row: NDArray[np.int64]
    """Row of CLOSED and FACTS."""
    device: NDArray[np.int32]
    device_is_originator: NDArray[np.bool_]

    def local(self, rows: Table, field: str) -> NDArray[Any]:
        """`field` of the device's side: `local(rows, "hi")`."""
        return np.where(self.device_is_originator, rows[f"orig_{field}"][self.row], rows[f"resp_{field}"][self.row])

    def remote(self, rows: Table, field: str) -> NDArray[Any]:
        return np.where(self.device_is_originator, rows[f"resp_{field}"][self.row], rows[f"orig_{field}"][self.row])

    def near(self, rows: Table, routers: frozenset[int]) -> NDArray[np.bool_]:
        """Which remote sides with a global address are seen to stand on the device's own link."""
        part, hi = rows[self.row], self.local(rows, "hi")
        return np.where(self.device_is_originator, on_link(hi, part, "resp", routers), on_link(hi, part, "orig", routers))

    def to_itself(self, rows: Table) -> NDArray[np.bool_]:
        """Which flows never leave their host: captured on it, on the interface that loops back."""
        part = rows[self.row]
        return np.asarray((part["orig_hi"] == part["resp_hi"]) & (part["orig_lo"] == part["resp_lo"]))


def sides(rows: Table, hosts: Hosts) -> Sides:
    """Who of `hosts.devices` stands on which side of which flow; `rows` are ordered by flow. A flow between two devices is seen by both."""
    originator = hosts.device_of(rows["orig_mac"], rows["orig_hi"], rows["orig_lo"])
    responder = hosts.device_of(rows["resp_mac"], rows["resp_hi"], rows["resp_lo"])
    as_originator = np.flatnonzero(originator >= 0)
    as_responder = np.flatnonzero((responder >= 0) & (responder != originator))
    row = np.concatenate((as_originator, as_responder))
    device = np.concatenate((originator[as_originator], responder[as_responder]))
    is_originator = np.arange(row.size) < as_originator.size
    order = np.argsort(device.astype(np.int64) * rows.size + row, kind="stable")
    return Sides(row[order], device[order].astype(np.int32), is_originator[order])


def initiators(rows: Table, seen: Sides, beginning: NDArray[np.intp]) -> NDArray[np.int8]:
    """Row in INITIATORS: a fact only where the beginning was seen, of what continues a connection as of the connection.

    `beginning`: see `connections.beginnings`. Who speaks first after a silence need not be who called.
    """
    began = rows["began"][seen.row] == 1
    found = np.where(began, np.where(seen.device_is_originator, 1, 2), 0).astype(np.int8)
    return np.asarray(found[beginning])


def has_met(rows: Table, oddity: str) -> NDArray[np.bool_]:
    """Flows with a packet of which the decoder noted this one of GAP_BITS."""
    return np.asarray(rows["gaps"] & GAP_BITS[oddity] != 0, np.bool_)
