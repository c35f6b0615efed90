"""All that was observed in captures, on disk or in bounded tables: what `observe` fills and `assembly` reads."""

from __future__ import annotations

from dataclasses import dataclass, field

from gdsi_audit.flows import CLOSED
from gdsi_audit.frames.index import FrameIndex
from gdsi_audit.gap import Gap
from gdsi_audit.messages import Messages
from gdsi_audit.messages.facts import FACTS, NAMES, Texts
from gdsi_audit.messages.resolutions import Resolutions
from gdsi_audit.tables.spool import Spool
from gdsi_audit.traffic import Capture

MOST_LIVE_FLOWS = 200_000


@dataclass
class Observation:
    """All that was observed, before anyone asks whose it is."""

    captures: list[Capture] = field(default_factory=list)
    rows: Spool = field(default_factory=lambda: Spool(CLOSED))
    facts: Spool = field(default_factory=lambda: Spool(FACTS))
    names: Spool = field(default_factory=lambda: Spool(NAMES))
    texts: Texts = field(default_factory=Texts)
    messages: Messages = field(default_factory=lambda: Messages(MOST_LIVE_FLOWS))
    resolutions: Resolutions = field(init=False)
    index: FrameIndex = field(default_factory=FrameIndex)
    apps: dict[int, str] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    cut_pkts: int = 0
    pkts: int = 0
    observed_ns: int = 0
    """Time that the captures cover, long silences left out."""

    def __post_init__(self) -> None:
        self.resolutions = Resolutions(self.texts)

    @property
    def cut_share(self) -> float:
        """Share of packets cut by the snapshot length."""
        return round(self.cut_pkts / self.pkts, 6) if self.pkts else 0.0
