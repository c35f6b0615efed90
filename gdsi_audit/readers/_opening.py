"""From an opened file to the walk of its format: compression undone, the magic held against the shelf."""

from __future__ import annotations

from typing import cast

from gdsi_audit.discover import modules
from gdsi_audit.readers import Reader, Walk
from gdsi_audit.readers._compression import Unpacked, compression
from gdsi_audit.readers._stream import Peeked, Readable

HEAD_BYTES = 24
"""What is looked at first: pcap's file header, and as much of pcapng's. No more, for a live pipe may hold no more for a while."""

_SHELF = "gdsi_audit.readers"


def unpacked(raw: Readable) -> Peeked:
    """`raw` with its compression undone, its first bytes at hand."""
    packed = Peeked(raw, HEAD_BYTES)
    name = compression(packed.head)
    return Peeked(Unpacked(packed, name), HEAD_BYTES, compressed=True) if name else packed


def walk_of(stream: Peeked) -> Walk:
    """The walk of the format that `stream` begins with. Raises ValueError with reason and next step when there is none."""
    if stream.trouble and not stream.head:
        raise ValueError(f"{stream.trouble}; copy the capture again from where it was taken")
    if not stream.head:
        raise ValueError("the capture is empty (0 bytes); check that the sniffer ran and had room to write")
    readers = cast("tuple[Reader, ...]", modules(_SHELF))
    for reader in readers:
        if stream.head.startswith(reader.MAGIC):
            return reader.walk(stream.head)
        if any(magic.startswith(stream.head) for magic in reader.MAGIC):
            raise ValueError(f"the file header is cut: {len(stream.head)} bytes; copy the capture again from where it was taken")
    known = ", ".join(reader.FORMAT for reader in readers)
    raise ValueError(f"not a capture known here ({known}): it begins with {stream.head[:4].hex(' ')}; name a capture, or convert it with editcap")
