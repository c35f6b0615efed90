"""Frames built in memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from gdsi_audit.packets import PACKETS
from gdsi_audit.packets.decode import Decoder
from gdsi_audit.readers import RECORDS, SPARE_BYTES, Frames

SECOND_NS = 1_000_000_000


def frames_of(packets: list[bytes], linktype: int = 1, *, capture: int = 0, snaplen: int = 1 << 20, step_ns: int = SECOND_NS) -> Frames:
    """One block; frames a second apart, cut at `snaplen`."""
    captured = [packet[:snaplen] for packet in packets]
    whole = b"".join(captured)
    data = np.zeros(len(whole) + SPARE_BYTES, np.uint8)
    data[: len(whole)] = np.frombuffer(whole, np.uint8)
    records = np.zeros(len(packets), RECORDS)
    lengths = np.array([len(packet) for packet in captured], dtype=np.int64)
    records["time"] = np.arange(len(packets)) * step_ns
    records["frame"] = np.arange(1, len(packets) + 1)
    records["offset"] = np.cumsum(lengths) - lengths
    records["caplen_bytes"] = lengths
    records["wire_bytes"] = [len(packet) for packet in packets]
    records["linktype"] = linktype
    return Frames(capture=capture, data=data, spare_offset=len(whole), records=records)


def rows_of(decoder: Decoder, frames: Frames) -> NDArray[np.void]:
    batches = [batch.copy() for batch in decoder.decode(frames)]
    return np.concatenate(batches) if batches else np.zeros(0, PACKETS)




@pytest.fixture
def decode() -> Callable[..., tuple[NDArray[np.void], Decoder]]:
    """Rows of some packets and the decoder that made them, finished; the ledger's identity is asserted on the way."""

    def run(packets: list[bytes], linktype: int = 1, **options: int) -> tuple[NDArray[np.void], Decoder]:
        decoder = Decoder()
        rows = rows_of(decoder, frames_of(packets, linktype, **options))
        decoder.finish()
        assert all(ledger.adds_up() for ledger in decoder.ledgers.values())
        return rows, decoder

    return run
