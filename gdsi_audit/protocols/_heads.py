"""The beginnings of payloads, and which protocol on the shelf claims each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit import discover
from gdsi_audit.protocols import HEAD_BYTES, Heads

TRANSPORTS = {"tcp": 6, "udp": 17, "icmp": 1, "icmp6": 58, "sctp": 132}
ICMP_HEADER_BYTES = 8


def heads_of(data: NDArray[np.uint8], chunks: NDArray[np.void]) -> Heads:
    """The first bytes of every chunk, zero-filled."""
    columns = np.arange(HEAD_BYTES)
    inside = columns < chunks["length"][:, None]
    places = np.where(inside, chunks["offset"][:, None] + columns, 0)
    return Heads(
        bytes=np.where(inside, data[places], 0).astype(np.uint8),
        length=chunks["length"],
        transport=chunks["transport"],
        orig_port=chunks["orig_port"],
        resp_port=chunks["resp_port"],
        from_responder=chunks["from_responder"],
    )


def with_icmp_headers(chunks: NDArray[np.void]) -> NDArray[np.void]:
    """ICMP's type and code are part of what its parsers read, but of no flow's payload: the eight bytes before it are put back."""
    icmp = (chunks["transport"] == TRANSPORTS["icmp"]) | (chunks["transport"] == TRANSPORTS["icmp6"])
    if not icmp.any():
        return chunks
    chunks = chunks.copy()
    chunks["offset"][icmp] -= ICMP_HEADER_BYTES
    chunks["length"][icmp] += ICMP_HEADER_BYTES
    return chunks


class Chunk(NamedTuple):
    """A row of CHUNKS as plain numbers: Python reads them ten times faster than fields of an array."""

    time: int
    frame: int
    serial: int
    flow: int
    offset: int
    stream_offset: int
    orig_hi: int
    orig_lo: int
    resp_hi: int
    resp_lo: int
    length: int
    gap_bytes: int
    capture: int
    slot: int
    wire_length: int
    orig_port: int
    resp_port: int
    transport: int
    from_responder: int
    depth: int


def heads_of_bytes(data: bytes, chunk: Chunk) -> Heads:
    """The same for one payload that has been put together."""
    row = np.frombuffer(data[:HEAD_BYTES].ljust(HEAD_BYTES, b"\0"), np.uint8).reshape(1, HEAD_BYTES)
    return Heads(
        bytes=row,
        length=np.array([len(data)], np.int32),
        transport=np.array([chunk.transport], np.uint8),
        orig_port=np.array([chunk.orig_port], np.uint16),
        resp_port=np.array([chunk.resp_port], np.uint16),
        from_responder=np.array([chunk.from_responder], np.uint8),
    )


def rows_of(heads: Heads, rows: NDArray[np.intp]) -> Heads:
    """Some rows of `heads`."""
    return Heads(
        bytes=heads.bytes[rows],
        length=heads.length[rows],
        transport=heads.transport[rows],
        orig_port=heads.orig_port[rows],
        resp_port=heads.resp_port[rows],
        from_responder=heads.from_responder[rows],
    )


class Shelf:
    """The protocols by transport, in the order in which they are asked."""

    def __init__(self) -> None:
        self.protocols = discover.modules("gdsi_audit.protocols")
        self.names = tuple(module.__name__.rpartition(".")[2] for module in self.protocols)
        self._of_transport = {
            number: [index for index, module in enumerate(self.protocols) if word == module.TRANSPORT] for word, number in TRANSPORTS.items()
        }

    def recognise(self, heads: Heads) -> NDArray[np.int16]:
        """Row in `protocols` for each payload, -1 where none claims it. The first claim wins."""
        claimed = np.full(heads.length.size, -1, np.int16)
        for transport, indices in self._of_transport.items():
            rows = np.flatnonzero(heads.transport == transport)
            part = rows_of(heads, rows)
            for index in indices if rows.size else ():
                hits = self.protocols[index].recognise(part)
                if hits.any():
                    claimed[rows[hits]] = index
                    left = np.flatnonzero(~hits)
                    rows, part = rows[left], rows_of(part, left)
                if not rows.size:
                    break
        return claimed


class Beginnings:
    """Which of some chunks begin a message of a protocol; asked of the protocol once for all of them, and only if anyone wants to know."""

    def __init__(self, shelf: Shelf, data: NDArray[np.uint8], chunks: NDArray[np.void], rows: NDArray[np.intp]) -> None:
        self._shelf, self._data, self._chunks, self._rows = shelf, data, chunks, rows
        self._of_protocol: dict[int, set[int]] = {}

    def has(self, row: int, index: int) -> bool:
        """Whether the chunk in `row` begins a message of the protocol in row `index` of the shelf."""
        found = self._of_protocol.get(index)
        if found is None:
            recognised = self._shelf.protocols[index].recognise(heads_of(self._data, self._chunks[self._rows]))
            found = self._of_protocol[index] = set(self._rows[recognised].tolist())
        return row in found
