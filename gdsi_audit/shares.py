"""The tables of all devices, cut into one share per device. Shares are views and positions: no table is copied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.columns import Column, Columns, coded
from gdsi_audit.devices import Host
from gdsi_audit.distinct import rows_of
from gdsi_audit.facts import Texts
from gdsi_audit.perspective import Sides, addresses
from gdsi_audit.protocols import Message
from gdsi_audit.traffic import ANSWERS, DNS

Positions = NDArray[np.intp]


@dataclass(frozen=True)
class Cut:
    """Positions by device."""

    _rows: Positions
    """Ordered by device, and as in the table within one."""
    _bounds: NDArray[np.intp]

    def of(self, device: int) -> Positions:
        return self._rows[self._bounds[device] : self._bounds[device + 1]]


def cut(device: NDArray[np.integer], devices: int) -> Cut:
    """Of a table the rows of each device; -1: nobody's."""
    order = np.argsort(device, kind="stable")
    return Cut(order, np.searchsorted(device[order], np.arange(devices + 1)))


def dns_table(queries: NDArray[np.void], texts: Texts) -> Columns:
    """DNS of all clients, of resolutions.QUERIES rows."""
    given = {
        **_parties(queries),
        "query": coded(queries["query"], texts.of_row),
        "response": queries["response"].astype(bool),
        "solicited": queries["solicited"].astype(bool),
    }
    return Columns({field: given[field] if field in given else queries[field].copy() for field in DNS})


def answer_table(answers: NDArray[np.void], texts: Texts) -> Columns:
    """ANSWERS to all clients, of resolutions.ADDRESSES rows."""
    given = {
        **_parties(answers),
        "name": coded(answers["name"], texts.of_row),
        "chain": coded(answers["chain"], texts.of_row),
        "address": coded(*addresses(answers["hi"], answers["lo"])),
        "solicited": answers["solicited"].astype(bool),
    }
    return Columns({field: given[field] if field in given else answers[field].copy() for field in ANSWERS})


def _parties(rows: NDArray[np.void]) -> dict[str, Column]:
    return {role: coded(*addresses(rows[f"{role}_hi"], rows[f"{role}_lo"])) for role in ("client", "server")}


def dns_by_device(dns: Columns, flow: NDArray[np.int64], side: Sides, kept: NDArray[np.bool_], devices: int) -> Cut:
    """DNS messages go with the flow that their device began. `flow`: id of each entry of `side`; `kept`: those that are not folded."""
    asking = np.flatnonzero(side.device_is_originator & kept)
    place = rows_of([flow[asking]], [dns["flow"]])
    return cut(np.where(place >= 0, side.device[asking][place], -1) if asking.size else place, devices)


def answers_by_device(answers: Columns, hosts: Sequence[Host]) -> list[Positions]:
    """Answers go to every device that the client's address belongs to."""
    clients = answers.words("client")
    by_client = cut(answers.codes("client"), len(clients))
    code = {client: row for row, client in enumerate(clients)}
    given = [[by_client.of(code[address]) for address in host.address_texts if address in code] for host in hosts]
    return [np.sort(np.concatenate(parts)) if parts else np.empty(0, np.intp) for parts in given]


def messages_by_device(
    messages: Mapping[str, Sequence[Message]], flow: NDArray[np.int64], side: Sides, kept: NDArray[np.bool_], devices: int
) -> list[dict[str, tuple[Message, ...]]]:
    """Each device's messages by protocol, in the order of time and frame. A flow between two devices gives its messages to both."""
    order = np.flatnonzero(kept)[np.argsort(flow[kept], kind="stable")]
    flows = flow[order]
    found: list[dict[str, tuple[Message, ...]]] = [{} for _ in range(devices)]
    for protocol, given in sorted(messages.items()):
        heard = sorted(sorted(given, key=_flow), key=_when)
        of = np.array([message.flow for message in heard], np.int64)
        begin, end = np.searchsorted(flows, of, "left"), np.searchsorted(flows, of, "right")
        row = np.concatenate([np.flatnonzero(end > begin), np.flatnonzero(end > begin + 1)])
        place = np.concatenate([begin[end > begin], begin[end > begin + 1] + 1])
        by_time = np.argsort(row, kind="stable")
        row, device = row[by_time], side.device[order[place[by_time]]]
        by_device = cut(device, devices)
        for index in np.unique(device).tolist():
            found[index][protocol] = tuple(heard[at] for at in row[by_device.of(index)].tolist())
    return found


def _flow(message: Message) -> int:
    return message.flow


def _when(message: Message) -> tuple[int, int]:
    return message.time, message.frame
