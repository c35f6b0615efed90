"""What a display filter can tell the flows of one device apart by: five-tuples, services and pairs of addresses, as numbers made once per device.

Every finding asks about some of the flows, and about others that have the same addresses at the same time; the more of these, the longer it takes.
"""

from __future__ import annotations

from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.tables.columns import Columns
from gdsi_audit.tables.distinct import numbered
from gdsi_audit.traffic import DeviceTraffic

WITH_PORTS = frozenset({"tcp", "udp", "sctp"})
ERRORS = {"icmp": (3, 4, 5, 11, 12), "icmp6": (1, 2, 3, 4)}
"""Types that quote another packet, whose fields tshark shows as well."""

SIZE_OF_ENDS, SIZE_OF_PORTS = 1 << 28, 1 << 34
"""Bounds of numbers: a device has far fewer pairs of addresses and transports; two ports and a flag."""

Codes = NDArray[np.int64]


class Tuple(NamedTuple):
    """What one flow's filter term is made of, seen from the device."""

    transport: str
    local_addr: str
    remote_addr: str
    local_port: int
    remote_port: int
    device_is_originator: bool


class FlowTuples:
    """The flows of one device, in the order of its table."""

    def __init__(self, flows: Columns, *, complete: bool) -> None:
        """`complete`: these are all of the device's flows, so that what is not among them does not exist."""
        self._flows = flows
        self._complete = complete
        self._spans = {name: flows[name] for name in ("first_capture", "last_capture", "first_frame", "last_frame")}
        self.flow: Codes = flows["flow"]
        self.pkts: Codes = flows["up_pkts"] + flows["down_pkts"] + flows["duplicate_pkts"]
        self.inside_tunnel: NDArray[np.bool_] = flows["parent"] >= 0
        self._ends = [(flows.codes(name), flows.words(name)) for name in ("transport", "local_addr", "remote_addr")]
        self._ports = flows["local_port"].astype(np.int64), flows["remote_port"].astype(np.int64)
        self._began: NDArray[np.bool_] = flows["device_is_originator"].astype(bool)
        self.quotes = self._quoting()
        self.arp = flows.is_any("transport", ("arp",))
        self.with_ports = flows.is_any("transport", WITH_PORTS)
        locals_, remotes = ((flows.codes(name), len(flows.words(name))) for name in ("local_addr", "remote_addr"))
        self.pair: Codes = numbered(locals_, remotes)[1]
        ends = self.pair * len(flows.words("transport")) + flows.codes("transport")
        self.conversation: Codes = numbered((ends, SIZE_OF_ENDS), (self._packed(*self._ports, self._began), SIZE_OF_PORTS))[1]
        self.service, self._client = self._services(ends)
        self._by_remote = np.argsort(self._ends[2][0], kind="stable")
        self._remotes: Codes = self._ends[2][0][self._by_remote]

    def tuple_of(self, row: int) -> Tuple:
        transport, local, remote = (words[codes[row]] for codes, words in self._ends)
        return Tuple(transport, local, remote, int(self._ports[0][row]), int(self._ports[1][row]), bool(self._began[row]))

    def tuples(self, rows: NDArray[np.intp], key: Codes) -> list[Tuple]:
        """One flow for each distinct `key` among `rows`."""
        return [self.tuple_of(row) for row in rows[np.unique(key[rows], return_index=True)[1]].tolist()]

    def overlapping(self, rows: NDArray[np.intp], capture: int, first: int, last: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Of the flows that may have a frame from `first` to `last` of `capture`: (those among `rows`, others with the addresses of `rows`)."""
        spans = self._spans
        wanted = np.unique(self._ends[2][0][rows])
        begins, ends = (np.searchsorted(self._remotes, wanted, side) for side in ("left", "right"))
        near = self._by_remote[_stretches(begins, ends)]
        first_capture, last_capture = spans["first_capture"][near], spans["last_capture"][near]
        begun = (first_capture < capture) | ((first_capture == capture) & (spans["first_frame"][near] <= last))
        ended = (last_capture < capture) | ((last_capture == capture) & (spans["last_frame"][near] < first))
        near = near[begun & ~ended]
        among = _among(rows, near, self.flow.size)
        return np.sort(near[among]), near[~among]

    def are_whole_services(self, inside: NDArray[np.intp], outside: NDArray[np.intp]) -> bool:
        """Whether no flow of `outside` looks like a service of `inside`, to a filter that does not tell the sides apart."""
        services, most = self.service[inside], 2 * self.flow.size
        alike = outside.size and (_among(services, self.service[outside], most) | _among(services, self._client[outside], most)).any()
        return self._complete and not alike

    def are_apart(self, inside: NDArray[np.intp], outside: NDArray[np.intp]) -> bool:
        """Whether no flow of `outside` has a five-tuple of `inside`."""
        return self._complete and not _among(self.conversation[inside], self.conversation[outside], self.flow.size).any()

    def _packed(self, first: Codes, second: Codes, flag: NDArray[np.bool_]) -> Codes:
        """Two ports (the first may be -1) and a flag as one number."""
        return (first + 1) << 17 | second << 1 | flag

    def _services(self, ends: Codes) -> tuple[Codes, Codes]:
        """(the service of each flow, the service that its client's port looks like), without the client's port; without ports the flow itself."""
        local, remote = self._ports
        served, asking = np.where(self._began, remote, local), np.where(self._began, local, remote)
        none = np.full(local.size, -1)
        keys = [np.where(self.with_ports, self._packed(none, port, none < 0), self._packed(local, remote, self._began)) for port in (served, asking)]
        both = numbered((np.concatenate((ends, ends)), SIZE_OF_ENDS), (np.concatenate(keys), SIZE_OF_PORTS))[1]
        return both[: local.size], both[local.size :]

    def _quoting(self) -> NDArray[np.bool_]:
        """Which flows are errors that quote a packet."""
        kind = np.where(self._began, *self._ports)
        return np.asarray(np.any([self._flows.is_any("transport", (word,)) & np.isin(kind, types) for word, types in ERRORS.items()], axis=0))


def service(one: Tuple) -> Tuple:
    """`one` without the client's port: what all contacts with the same service share."""
    if one.transport not in WITH_PORTS:
        return one
    port = one.remote_port if one.device_is_originator else one.local_port
    return Tuple(one.transport, one.local_addr, one.remote_addr, -1, port, True)


def _among(known: NDArray[np.integer], wanted: NDArray[np.integer], size: int) -> NDArray[np.bool_]:
    """Which of `wanted` are among `known`; both are below `size`."""
    held = np.zeros(size, np.bool_)
    held[known] = True
    return np.asarray(held[wanted])


def _stretches(begins: NDArray[np.intp], ends: NDArray[np.intp]) -> NDArray[np.intp]:
    """All positions from each begin up to its end."""
    counts = ends - begins
    return np.repeat(begins - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())


_LAST: WeakKeyDictionary[DeviceTraffic, FlowTuples] = WeakKeyDictionary()
"""Of one device at most: all detectors ask of one before they ask of the next."""


def flow_tuples(traffic: DeviceTraffic) -> FlowTuples:
    """Made once: every finding asks."""
    known = _LAST.get(traffic)
    if known is None:
        _LAST.clear()
        known = _LAST[traffic] = FlowTuples(traffic.tables.flows, complete=traffic.folded == 0)
    return known
