"""Stage 11: observed traffic becomes the draft of a declaration, less what looks like abuse.

A draft says what was seen, so that a vendor or tester can say what it is for. What a detector reports at `medium` or above is left out with its
reason, and so is whatever hides: tunnels, decoys, computed names, foreign payload. Nothing in a draft is a promise, and nothing that it lacks is
denied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gdsi_audit.audit import Audit, PathLike, audit
from gdsi_audit.declarations import Declaration, toml
from gdsi_audit.drafting import _entries, _mud, _parties, _refusals, _remaining, _toml
from gdsi_audit.drafting._drafted import Drafted
from gdsi_audit.drafting._entries import Entry
from gdsi_audit.drafting._refusals import Refusal
from gdsi_audit.observe import Progress

__all__ = ["Draft", "Entry", "Refusal", "draft", "of_audit"]


@dataclass(frozen=True, kw_only=True)
class Draft(Drafted):
    """The same as texts, and as the declaration that these are read as."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """A line for each thing that was left out or is not explained."""
        left = [f"left out: {one.subject}: {one.detector} ({one.severity}): {one.reason}" for one in self.refusals]
        several = [f"{len(self.devices)} devices speak for this draft; choose one with --device"] if len(self.devices) > 1 else []
        remarks = [f"{entry.item.title}: {remark}" for entry in self.destinations for remark in entry.remarks]
        remarks += [f"{entry.item.title}: {remark}" for entry in self.listeners for remark in entry.remarks]
        return (*several, *left, *remarks, *self.notes)

    @property
    def declaration(self) -> Declaration:
        """The draft as its own file is read."""
        return toml.read(Path("draft.toml"), self.toml().encode())

    def toml(self) -> str:
        """The declaration file. Several names below one registered domain stand as a wildcard."""
        return _toml.text(self)

    def mud(self) -> str:
        """RFC 8520: exact names only, and no fields that it lacks."""
        return _mud.text(self)


def draft(
    captures: PathLike | Sequence[PathLike],
    *,
    device: str = "",
    since: str = "",
    until: str = "",
    geodb: PathLike | None = None,
    progress: Progress | None = None,
) -> Draft:
    """Drafts a declaration from `captures`; the arguments are those of `audit`, and so are the exceptions."""
    return of_audit(audit(captures, device=device, since=since, until=until, geodb=geodb, progress=progress))


def of_audit(seen: Audit) -> Draft:
    """Drafts a declaration from an audit that held nothing against anybody."""
    refused = _refusals.refused(seen)
    known = _parties.seen(seen.traffic)
    destinations, listeners = _entries.destinations(known, refused, _entries.rhythms(seen)), _entries.listeners(known, refused)
    first = Draft(
        captures=seen.traffic.captures,
        devices=tuple(share.device for share in seen.traffic.devices),
        destinations=destinations.entries,
        listeners=listeners.entries,
        refusals=refused.refusals,
        notes=(*destinations.notes, *listeners.notes),
    )
    return replace(first, notes=(*first.notes, *_remaining.notes(first.declaration, first.refusals, seen)))
