"""Finding and evidence: an assertion, and the packets that show it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SEVERITIES = ("info", "low", "medium", "high", "critical")
CONFIDENCES = ("low", "medium", "high")
LONGEST_FILTER_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where a finding can be seen, so that anyone can re-check it."""

    frames: tuple[tuple[str, Sequence[tuple[int, int]]], ...]
    """(capture sha256, ((first frame, last frame), …)): the exact frames, ranges ascending."""
    display_filter: str
    """Wireshark display filter: what is seen (addresses, ports, protocol fields) plus a frame range."""
    filter_kind: str = "exact"
    """`exact`: in tshark the filter returns exactly `frames`. `superset`: it returns these and others; the ranges are exact."""
    five_tuple: str = ""
    community_id: str = ""
    excerpt: str = ""
    """Redacted when the evidence is made."""

    @property
    def frame_count(self) -> int:
        return sum(last - first + 1 for _, ranges in self.frames for first, last in ranges)


@dataclass(frozen=True, slots=True)
class Broken:
    """A declaration item that the traffic contradicts."""

    table: str
    """`destination`, `listener`, `jurisdictions` …"""
    field: str
    file: str
    line: int
    by: str
    """vendor, tester, drafted: only a vendor's statement can be contradicted."""

    @property
    def is_the_list(self) -> bool:
        """Whether it stands for the whole list of destinations: what nobody declared breaks the list, not the item that it is cited by."""
        return (self.table, self.field) == ("destination", "name")

    @property
    def words(self) -> str:
        """`destination ports (camera.toml:29)`."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"the list of destinations (from {place} on)" if self.is_the_list else f"{self.table} {self.field} ({place})"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One answer to one detector's question about one subject. `detector`, `device` and `subject` are its identity."""

    detector: str
    device: str
    subject: str
    """Endpoint, domain, port …: what the finding is about."""
    severity: str
    confidence: str
    commitments: tuple[str, ...]
    """GDSI-1 … GDSI-7."""
    observation: str
    """What was seen: one sentence with numbers that a reader can check."""
    inference: str
    """What it suggests, and no more."""
    alternatives: tuple[str, ...]
    """Innocent explanations."""
    refuted_by: str
    """What would show that the inference is wrong."""
    evidence: tuple[Evidence, ...]
    contradicts: tuple[Broken, ...] = ()
    measures: Mapping[str, float | int | str] = field(default_factory=dict)
    """Sub-scores and sums, unit in the key."""
    first_seen: int = 0
    """UTC nanoseconds."""
    last_seen: int = 0
    count: int = 1
    bytes: int = 0

    def __post_init__(self) -> None:
        if not self.evidence:
            raise ValueError(f"{self.detector}: a finding without evidence cannot be built")
        if not self.alternatives:
            raise ValueError(f"{self.detector}: a finding without alternatives cannot be built")
        if self.severity not in SEVERITIES or self.confidence not in CONFIDENCES:
            raise ValueError(f"{self.detector}: {self.severity!r}/{self.confidence!r} is no severity and confidence")

    @property
    def id(self) -> str:
        """Stable over runs: from detector, device and subject alone."""
        return hashlib.sha256("\x00".join((self.detector, self.device, self.subject)).encode()).hexdigest()[:16]

    def at_least(self, severity: str) -> bool:
        return SEVERITIES.index(self.severity) >= SEVERITIES.index(severity)
