"""What a draft is made of, before it is written in one language or another."""

from __future__ import annotations

from dataclasses import dataclass

from gdsi_audit.declarations import Destination, Listener
from gdsi_audit.drafting._entries import Entry
from gdsi_audit.drafting._refusals import Refusal
from gdsi_audit.traffic import Capture, Device


@dataclass(frozen=True, kw_only=True)
class Drafted:
    """What may be declared of the devices in some captures, and what was left out."""

    captures: tuple[Capture, ...]
    devices: tuple[Device, ...]
    destinations: tuple[Entry[Destination], ...]
    """Exact names and addresses, then classes."""
    listeners: tuple[Entry[Listener], ...]
    refusals: tuple[Refusal, ...]
    """What was left out, the gravest first."""
    notes: tuple[str, ...]
    """What a reader of the draft must know besides."""
