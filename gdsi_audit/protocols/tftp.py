"""TFTP: requests, and transfers whose first block is a file of a known kind (RFC 1350). The file comes from a port of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Heads
from gdsi_audit.protocols._file_kinds import PREFIX_BYTES, FileKind, kind_of
from gdsi_audit.protocols.bare_file import begins_file
from gdsi_audit.wire_text import WireText, display

TRANSPORT = "udp"
EVERY_DATAGRAM = True

PORT = 69
READ, WRITE, DATA = 1, 2, 3
FIRST_BLOCK = b"\0\3\0\1"
LONGEST_NAME_BYTES = 255

_REQUEST = re.compile(rb"\0[\1\2]([!-~][ -~]{0,254})\0(octet|netascii|mail)\0", re.IGNORECASE)
_CUT_REQUEST = re.compile(rb"\0[\1\2][!-~][ -~]{29}")


@dataclass(frozen=True, slots=True)
class TftpRequest:
    """A file is asked for or announced."""

    write: bool
    """The client sends the file."""
    file_name: WireText
    mode: WireText
    """octet, netascii, mail."""


@dataclass(frozen=True, slots=True)
class TftpFile:
    """The first block of a file."""

    word: str
    role: str
    """As in FileKind."""
    prefix: bytes


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """Requests with their mode in sight, or on TFTP's port with a name longer than that; first blocks that begin with a file's magic."""
    found = np.zeros(heads.length.size, np.bool_)
    begin = heads.bytes
    for row in np.flatnonzero((begin[:, 0] == 0) & (begin[:, 1] >= READ) & (begin[:, 1] <= DATA) & (heads.length >= 9)):
        head = begin[row].tobytes()
        asked = _REQUEST.match(head) or (heads.resp_port[row] == PORT and _CUT_REQUEST.match(head))
        found[row] = bool(asked) or (head.startswith(FIRST_BLOCK) and begins_file(head[4:]))
    return found


def parse(datagrams: list[bytes], *, from_responder: bool) -> TftpRequest | TftpFile:
    """A request or a file's first block. Raises ValueError for anything else."""
    del from_responder
    data = datagrams[0]
    asked = _REQUEST.match(data)
    if asked is not None:
        return TftpRequest(data[1] == WRITE, display(asked[1]), display(asked[2].lower()))
    if not data.startswith(FIRST_BLOCK):
        raise ValueError("neither a request nor a first block at offset 0")
    kind = kind_of(data[4 : 4 + PREFIX_BYTES]) or FileKind("", "other")
    return TftpFile(kind.word, kind.role, data[4 : 4 + PREFIX_BYTES])
