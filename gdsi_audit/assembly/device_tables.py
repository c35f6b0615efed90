"""DNS, answers and messages of all devices, cut by device. Tables are made in the order of devices, so that a device's are views of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.assembly.addresses import addresses
from gdsi_audit.assembly.perspective import Sides
from gdsi_audit.hosts.devices import Host
from gdsi_audit.messages import Messages
from gdsi_audit.messages.facts import Texts
from gdsi_audit.protocols import Message
from gdsi_audit.protocols._heard import Heard
from gdsi_audit.tables.columns import Column, Columns, Later
from gdsi_audit.tables.distinct import rows_of
from gdsi_audit.tables.stored_table import ColumnFile, Table
from gdsi_audit.tables.words import coded, narrow
from gdsi_audit.traffic import ANSWERS, DNS

Positions = NDArray[np.intp]


@dataclass(frozen=True)
class Cut:
    """Positions by device."""

    rows: Positions
    """Ordered by device, and as in the table within one."""
    bounds: NDArray[np.intp]
    """Where each device's begin in `rows`, and where the last one's end."""

    def of(self, device: int) -> Positions:
        return self.rows[self.bounds[device] : self.bounds[device + 1]]


def cut(device: NDArray[np.integer], devices: int) -> Cut:
    """Of a table the rows of each device; -1: nobody's."""
    order = np.argsort(device, kind="stable")
    bounds = np.searchsorted(device[order], np.arange(devices + 1))
    return Cut(order[bounds[0] : bounds[-1]], bounds - bounds[0])


def dns_table(queries: Table, texts: Texts) -> Columns:
    """DNS of all clients, of resolutions.QUERIES rows."""
    given: dict[str, Column] = {
        **_parties(queries),
        "query": coded(queries["query"], texts.of_row),
        "response": queries["response"].astype(bool),
        "solicited": queries["solicited"].astype(bool),
    }
    return _table(DNS, given, queries)


def answer_table(answers: Table, texts: Texts) -> Columns:
    """ANSWERS to all clients, of resolutions.ADDRESSES rows."""
    given: dict[str, Column] = {
        **_parties(answers),
        "name": coded(answers["name"], texts.of_row),
        "chain": coded(answers["chain"], texts.of_row),
        "address": narrow(*addresses(answers["hi"], answers["lo"])),
        "solicited": answers["solicited"].astype(bool),
    }
    return _table(ANSWERS, given, answers)


def _table(schema: Mapping[str, str], given: Mapping[str, Column], rows: Table) -> Columns:
    """What is not `given` is read from disk when somebody asks for it."""
    rest = [field for field in schema if field not in given]
    file = ColumnFile(np.dtype([(field, rows.dtype[field]) for field in rest]), rows.size)
    for field in rest:
        file.put(field, rows[field])
    return Columns({field: given[field] if field in given else Later(rows.size, partial(file.values, field)) for field in schema})


def _parties(rows: Table) -> dict[str, Column]:
    return {role: narrow(*addresses(rows[f"{role}_hi"], rows[f"{role}_lo"])) for role in ("client", "server")}


def dns_by_device(queries: Table, flow: NDArray[np.int64], side: Sides, kept: NDArray[np.bool_], devices: int) -> Cut:
    """DNS messages go with the flow that their device began. `flow`: id of each entry of `side`; `kept`: those that are not folded."""
    asking = np.flatnonzero(side.device_is_originator & kept)
    place = rows_of([flow[asking]], [queries["flow"]])
    return cut(np.where(place >= 0, side.device[asking][place], -1) if asking.size else place, devices)


def answers_by_device(answers: Table, hosts: Sequence[Host]) -> Cut:
    """Answers go to every device that the client's address belongs to."""
    codes, clients = addresses(answers["client_hi"], answers["client_lo"])
    by_client = cut(codes, len(clients))
    code = {client: row for row, client in enumerate(clients)}
    given = [[by_client.of(code[address]) for address in host.address_texts if address in code] for host in hosts]
    rows = [np.sort(np.concatenate(parts)) if parts else np.empty(0, np.intp) for parts in given]
    return Cut(np.concatenate([np.empty(0, np.intp), *rows]), np.cumsum([0, *(own.size for own in rows)]))


class MessageCut:
    """Whose the messages of each protocol are. Nothing is made of them before a device's are asked for."""

    def __init__(self, messages: Messages, flow: NDArray[np.int64], side: Sides, kept: NDArray[np.bool_], devices: int) -> None:
        """`flow`: id of each entry of `side`; `kept`: those that are not folded."""
        self.protocols = tuple(sorted(messages))
        self._messages, self._devices = messages, devices
        order = np.flatnonzero(kept)[np.argsort(flow[kept], kind="stable")]
        self._flows, self._device_of = flow[order], side.device[order]
        self._cuts: dict[str, Cut] = {}

    def rows(self, protocol: str, device: int) -> Positions:
        """Of the messages heard those of one device, in the order of time and frame. A flow between two devices gives its messages to both."""
        known = self._cuts.get(protocol)
        if known is None:
            known = self._cuts[protocol] = self._cut(self._messages.heard(protocol).chunks)
        return known.of(device)

    def heard(self, protocol: str, device: int) -> Heard:
        return self._messages.heard(protocol).take(self.rows(protocol, device))

    def _cut(self, chunks: NDArray[np.void]) -> Cut:
        order = np.lexsort((chunks["flow"], chunks["frame"], chunks["time"]))
        begin, end = (np.searchsorted(self._flows, chunks["flow"][order], which) for which in ("left", "right"))
        one, both = np.flatnonzero(end > begin), np.flatnonzero(end > begin + 1)
        row, place = np.concatenate((one, both)), np.concatenate((begin[one], begin[both] + 1))
        by_time = np.argsort(row, kind="stable")
        by_device = cut(self._device_of[place[by_time]], self._devices)
        return Cut(order[row[by_time]][by_device.rows], by_device.bounds)


class DeviceMessages(Mapping[str, tuple[Message, ...]]):
    """One device's messages by protocol."""

    def __init__(self, whole: MessageCut, device: int) -> None:
        self._whole, self._device = whole, device
        self._made: dict[str, tuple[Message, ...]] = {}

    def __getitem__(self, protocol: str) -> tuple[Message, ...]:
        if protocol not in self._made:
            if protocol not in self:
                raise KeyError(protocol)
            self._made[protocol] = tuple(self.heard(protocol).messages)
        return self._made[protocol]

    def __contains__(self, protocol: object) -> bool:
        return isinstance(protocol, str) and protocol in self._whole.protocols and self._whole.rows(protocol, self._device).size > 0

    def heard(self, protocol: str) -> Heard:
        """The same by the column, nothing made of them."""
        return self._whole.heard(protocol, self._device)

    def __iter__(self) -> Iterator[str]:
        return (protocol for protocol in self._whole.protocols if self._whole.rows(protocol, self._device).size)

    def __len__(self) -> int:
        return sum(1 for _ in self)
