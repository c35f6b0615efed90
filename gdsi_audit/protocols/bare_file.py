"""A file sent over a connection as it is, without a protocol around it: FTP's data connections, netcat, the transfers of many small devices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore
from gdsi_audit.protocols._file_kinds import CLOSER_LOOKS, MAGIC, PREFIX_BYTES, kind_of

TRANSPORT = "tcp"
READS_WHAT_IS_CUT = True
"""`parse` takes `final`."""

BEGINNINGS = tuple(MAGIC)
SHORTEST_BYTES = 32
MAY_BEGIN = np.zeros(256, np.bool_)
"""By the first byte; zero begins films, whose magic stands behind a length."""
MAY_BEGIN[[0, *(magic[0] for magic in MAGIC), *(begin[0] for begin, _ in CLOSER_LOOKS)]] = True


@dataclass(frozen=True, slots=True)
class BareFile:
    """The beginning of a file."""

    word: str
    """`ELF program`, `JPEG image` …; empty: it only looked like one."""
    role: str
    """code, media, other."""
    prefix: bytes
    """At most 4 KiB."""

    satisfied = True

    @property
    def names_service(self) -> bool:
        """Whether the flow may be called after it."""
        return bool(self.word)


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """Payloads that begin with a file's magic, and with as much of its header as stands in the first bytes."""
    found = np.zeros(heads.length.size, np.bool_)
    for row in np.flatnonzero(MAY_BEGIN[heads.bytes[:, 0]] & (heads.length >= SHORTEST_BYTES)):
        head = heads.bytes[row].tobytes()
        found[row] = begins_file(head)
    return found


def begins_file(head: bytes) -> bool:
    """Whether `head`, at least 28 bytes, is the beginning of a file of a known kind."""
    return head.startswith(BEGINNINGS) or head[4:8] == b"ftyp" or _looks_closer(head)


def _looks_closer(head: bytes) -> bool:
    if head.startswith(b"MZ"):
        return head[8:12] == b"\x04\0\0\0"  # the DOS header has four paragraphs
    if head.startswith(b"\x1f\x8b\x08"):
        return head[3] < 0x20 and head[9] in (*range(14), 255)  # flags and system of RFC 1952
    return head.startswith((b"#!/", b"#! /", b"\xca\xfe\xba\xbe", b"\xd0\x0d\xfe\xed", b"PK\x03\x04", b"\xfd7zXZ\0", b"BZh91AY", b":10"))


def parse(data: bytes, *, from_responder: bool, final: bool = False) -> tuple[BareFile, int] | NeedMore:
    """The file's kind, from its first 4 KiB or, where `final`, from what there is. Raises ValueError for what cannot be a file's beginning."""
    del from_responder
    if data[:1] and not MAY_BEGIN[data[0]]:
        raise ValueError("no file's magic at offset 0")
    if len(data) < PREFIX_BYTES and not final:
        return NEED_MORE
    prefix = data[:PREFIX_BYTES]
    kind = kind_of(prefix)
    return BareFile(kind.word if kind else "", kind.role if kind else "", prefix), len(data)
