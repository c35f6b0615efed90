"""pcapng blocks made by hand, and a capture read to its end in one call."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path

from gdsi_audit.readers._inputs import Input
from gdsi_audit.readers._source import Reading

FRAME = bytes(range(60))
MICROSECONDS = 1_700_000_000_000_000


def block(kind, body, order="<", *, trailing=None):
    padded = body + bytes(-len(body) % 4)
    total = 12 + len(padded)
    return struct.pack(order + "II", kind, total) + padded + struct.pack(order + "I", total if trailing is None else trailing)


def option(code, value, order="<"):
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order="<", *, length=-1, version=(1, 0), options=b""):
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, *version, length) + options, order)


def interface(linktype=1, order="<", *, snaplen=0, options=b""):
    return block(1, struct.pack(order + "HHI", linktype, 0, snaplen) + options, order)


def enhanced(frame=FRAME, order="<", *, number=0, ticks=MICROSECONDS, caplen=None, wire=None, options=b""):
    lengths = len(frame) if caplen is None else caplen, len(frame) if wire is None else wire
    head = struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, *lengths)
    return block(6, head + frame + bytes(-len(frame) % 4) + options, order)


def simple(frame=FRAME, order="<", *, wire=None):
    return block(3, struct.pack(order + "I", len(frame) if wire is None else wire) + frame, order)


def obsolete(frame=FRAME, order="<", *, number=0, ticks=MICROSECONDS):
    return block(2, struct.pack(order + "HHIIII", number, 0, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame)) + frame, order)


def read(content, *, hashing=True):
    """(Reading, rows as dictionaries with the captured bytes) of `content`: bytes, or the path of a file."""
    source = Input(name="test", stdin=BytesIO(content)) if isinstance(content, bytes) else Input(name=str(content), path=Path(content))
    rows = []
    with Reading(source, 0, hashing=hashing) as reading:
        for frames in reading.frames():
            for row in frames.records:
                fields = dict(zip(frames.records.dtype.names, row.tolist(), strict=True))
                offset, caplen = fields.pop("offset"), fields.pop("caplen_bytes")
                assert offset + caplen <= frames.spare_offset
                rows.append(fields | {"bytes": frames.data[offset : offset + caplen].tobytes()})
    return reading, rows


def assert_books_balance(reading, rows, size_bytes):
    reading.ledger.decoded += len(rows)
    reading.ledger.decoded_bytes += sum(row["wire_bytes"] for row in rows)
    assert reading.ledger.adds_up()
    assert reading.bytes_on_disk == size_bytes
    assert reading.bytes_parsed + reading.trailing_bytes == size_bytes
