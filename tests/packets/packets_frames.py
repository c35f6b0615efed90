"""Frames built in memory."""

from __future__ import annotations

import numpy as np
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
