"""pcapng (draft-ietf-opsawg-pcapng): any number of sections in either byte order, any number of interfaces with clocks of their own."""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.readers import Interface
from gdsi_audit.readers import _pcapng_blocks as blocks
from gdsi_audit.readers._pcapng_clock import INTERFACES
from gdsi_audit.readers._pcapng_options import interface_of, names_of, secrets_of, statistics_of
from gdsi_audit.readers._tally import BAD, LARGEST_HELD_BYTES, METADATA, new_tally

FORMAT = "pcapng"
MAGIC = (b"\x0a\x0d\x0d\x0a",)

MOST_INTERFACES = 65_536
MOST_NAMES = 65_536
MOST_SECRETS_BYTES = 16 << 20

_ORDERS = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_SECTION_BYTES = 28
_SHORTEST = {
    blocks.INTERFACE_DESCRIPTION: 20,
    blocks.NAME_RESOLUTION: 12,
    blocks.INTERFACE_STATISTICS: 24,
    blocks.DECRYPTION_SECRETS: 20,
}


def walk(head: bytes) -> PcapngWalk:
    """The record walk of a capture that begins with `head`. Raises ValueError when its first section header is cut or not a section header."""
    return PcapngWalk(head)


class PcapngWalk:
    """State of the walk over one pcapng file."""

    def __init__(self, head: bytes) -> None:
        if len(head) < 24:
            raise ValueError(f"the section header is cut: {len(head)} bytes; copy the capture again from where it was taken")
        if head[8:12] not in _ORDERS:
            raise ValueError("the section header has no byte-order magic: the file is damaged, or no pcapng; copy the capture again")
        self.format = FORMAT
        self.interfaces: list[Interface] = []
        self.tally = new_tally()
        self.stopped = ""
        self.decryption_secrets: list[tuple[int, bytes]] = []
        self.resolved_names: list[tuple[bytes, bytes]] = []
        self.interfaces_dropped = 0
        self._order = "<"
        self._base = 0
        self._table = np.zeros(8, dtype=INTERFACES)
        self._secrets_bytes = 0

    def take(self, data: NDArray[np.uint8], start: int, stop: int, out: NDArray[np.void]) -> tuple[int, int]:
        """See Walk."""
        rows = 0
        position = start
        while True:
            section = (self._order == ">", self._base, len(self.interfaces) - self._base, self._table)
            written, position, code = blocks.walk_blocks(data, position, stop, *section, out[rows:], self.tally)
            rows += written
            following = self._read_metadata(data, position, stop) if code == METADATA else 0
            if code == BAD or following < 0:
                self.stopped = "bad_caplen"
            if following <= 0:
                return rows, position
            position = following

    def cut_packet(self, rest: bytes) -> bool:
        """See Walk."""
        return len(rest) >= 4 and struct.unpack_from(self._order + "I", rest)[0] in (blocks.ENHANCED_PACKET, blocks.SIMPLE_PACKET, blocks.PACKET)

    def _read_metadata(self, data: NDArray[np.uint8], position: int, stop: int) -> int:
        """Reads the block at `position`; returns where the next begins, 0 when this one is incomplete, -1 when it cannot be."""
        kind, total = struct.unpack_from(self._order + "II", data.data, position)
        if kind == blocks.SECTION_HEADER:
            return self._begin_section(data, position, stop)
        if total < _SHORTEST[kind]:
            return -1
        body = data[position + 8 : position + total - 4].tobytes()
        if kind == blocks.INTERFACE_DESCRIPTION:
            self._add_interface(body)
        elif kind == blocks.INTERFACE_STATISTICS:
            self._add_statistics(body)
        elif kind == blocks.NAME_RESOLUTION:
            self.resolved_names.extend(list(names_of(body, self._order))[: MOST_NAMES - len(self.resolved_names)])
        else:
            self._add_secrets(body)
        following: int = position + (total + 3) // 4 * 4
        return following

    def _begin_section(self, data: NDArray[np.uint8], position: int, stop: int) -> int:
        if position + _SECTION_BYTES > stop:
            return 0
        order = _ORDERS.get(data[position + 8 : position + 12].tobytes())
        if order is None:
            return -1
        total, _, major = struct.unpack_from(order + "IIH", data.data, position + 4)
        following: int = position + (total + 3) // 4 * 4
        if total < _SECTION_BYTES or major != 1:
            return -1
        if total <= LARGEST_HELD_BYTES - 4:
            if following > stop:
                return 0
            if struct.unpack_from(order + "I", data.data, following - 4)[0] != total:
                return -1
        self._order = order
        self._base = len(self.interfaces)
        return following

    def _add_interface(self, body: bytes) -> None:
        if len(self.interfaces) >= MOST_INTERFACES:
            self.interfaces_dropped += 1
            return
        interface, row = interface_of(body, self._order)
        if len(self.interfaces) == self._table.size:
            self._table = np.concatenate((self._table, np.zeros_like(self._table)))
        self._table[len(self.interfaces)] = row[0]
        self.interfaces.append(interface)

    def _add_statistics(self, body: bytes) -> None:
        number, dropped_pkts = statistics_of(body, self._order)
        at = self._base + number
        # The counters run on: the latest block of an interface holds its total.
        if dropped_pkts is not None and at < len(self.interfaces):
            self.interfaces[at] = replace(self.interfaces[at], dropped_pkts=dropped_pkts)

    def _add_secrets(self, body: bytes) -> None:
        kind, secrets = secrets_of(body, self._order)
        self._secrets_bytes += len(secrets)
        if self._secrets_bytes <= MOST_SECRETS_BYTES:
            self.decryption_secrets.append((kind, secrets))
