"""SSDP: devices of the link search for and announce services (UPnP Device Architecture 2.0 §1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Heads, NeedMore
from gdsi_audit.protocols._http_head import read_head
from gdsi_audit.wire_text import WireText, display

TRANSPORT = "udp"
EVERY_DATAGRAM = True

BEGINNINGS = {b"M-SEARCH * ": "search", b"NOTIFY * ": "notify", b"HTTP/1.": "response"}


@dataclass(frozen=True, slots=True)
class SsdpMessage:
    """Header values in display form, empty where not given."""

    kind: str
    """search, notify, response."""
    status: int
    """Of a response; 0: none."""
    target: WireText
    """What is searched for or announced: ST or NT."""
    state: WireText
    """NTS: ssdp:alive, ssdp:byebye, ssdp:update."""
    unique_name: WireText
    """USN: holds the device's UUID."""
    location: WireText
    """URL of the device's description."""
    server: WireText
    """SERVER or USER-AGENT: operating system and product."""
    headers: tuple[tuple[WireText, WireText], ...]


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """By the three start lines."""
    found: NDArray[np.bool_] = np.zeros(heads.length.size, np.bool_)
    for beginning in BEGINNINGS:
        found |= (heads.bytes[:, : len(beginning)] == np.frombuffer(beginning, np.uint8)).all(axis=1)
    return found


def parse(datagrams: list[bytes], *, from_responder: bool) -> SsdpMessage:
    """The message in the first datagram. Raises ValueError for any other start line."""
    del from_responder
    data = datagrams[0]
    kind = next((word for beginning, word in BEGINNINGS.items() if data.startswith(beginning)), "")
    head = read_head(data + b"\r\n\r\n")
    if not kind or isinstance(head, NeedMore):
        raise ValueError("no search, notification or response of SSDP at offset 0")
    status = head.start_line[9:12]
    return SsdpMessage(
        kind=kind,
        status=int(status) if kind == "response" and status.isdigit() else 0,
        target=display(head.first(b"st") or head.first(b"nt")),
        state=head.text(b"nts"),
        unique_name=head.text(b"usn"),
        location=head.text(b"location"),
        server=display(head.first(b"server") or head.first(b"user-agent")),
        headers=head.headers(),
    )
