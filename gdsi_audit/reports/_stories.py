"""Findings that a reader should see together: on one party or the same frames, and the same finding on one party after the other.

The findings stay as they are, in their order; only where they stand on the page changes.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from gdsi_audit.naming.names import registered_domain

Finding = Mapping[str, Any]

TRANSPORTS = ("tcp", "udp", "sctp")


@dataclass(frozen=True, slots=True)
class Story:
    """Findings of one device, gravest first."""

    findings: tuple[Finding, ...]
    kind: str
    """`single`; `party`: several questions about one party or one service; `likewise`: the same questions with the same answers for several."""
    party: str = ""
    """Whom a story of that kind is about: a registered domain, an address, a service."""

    @property
    def first(self) -> Finding:
        return self.findings[0]


def stories(findings: Sequence[Finding]) -> list[Story]:
    """All of `findings`, each once; stories in the order of their gravest finding."""
    found = []
    for _, alike in groupby(sorted(_together(findings), key=_likenesses), key=_likenesses):
        groups = list(alike)
        together = tuple(one for group in groups for one in group)
        kind = "likewise" if len(groups) > 1 else "party" if len(together) > 1 else "single"
        found.append(Story(together, kind, _party_of(together) if kind == "party" else ""))
    place = {one["id"]: number for number, one in enumerate(findings)}
    return sorted(found, key=lambda story: place[story.first["id"]])


def same_frames(one: Finding, other: Finding) -> bool:
    """Whether both rest on exactly the same frames."""
    return _frames(one) == _frames(other)


def party(subject: str) -> str:
    """The first that `subject` names: a registered domain, an address, `tcp/554`; empty: nobody."""
    return next(filter(None, map(_named, subject.split())), "")


def _together(findings: Sequence[Finding]) -> list[list[Finding]]:
    """Those that share a party or their frames, directly or through others; each group in the order of `findings`."""
    leader = list(range(len(findings)))
    known: dict[Hashable, int] = {}
    for place, finding in enumerate(findings):
        for key in _keys(finding):
            one, other = _lead(leader, place), _lead(leader, known.setdefault(key, place))
            leader[max(one, other)] = min(one, other)
    groups: dict[int, list[Finding]] = {}
    for place, finding in enumerate(findings):
        groups.setdefault(_lead(leader, place), []).append(finding)
    return list(groups.values())


def _lead(leader: list[int], place: int) -> int:
    """The first of those that were put together with `place`."""
    while leader[place] != place:
        leader[place] = place = leader[leader[place]]
    return place


def _keys(finding: Finding) -> Iterator[Hashable]:
    yield finding["device"], "frames", _frames(finding)
    if named := party(finding["subject"]):
        yield finding["device"], "party", named


def _frames(finding: Finding) -> Hashable:
    spans = ((part["capture"], tuple(map(tuple, part["ranges"]))) for one in finding["evidence"] for part in one["frames"])
    return tuple(sorted(set(spans)))


def _likenesses(group: Sequence[Finding]) -> list[tuple[str, ...]]:
    return [_likeness(one) for one in group]


def _likeness(finding: Finding) -> tuple[str, ...]:
    return (finding["device"], finding["detector"], finding["severity"], finding["inference"], *finding["alternatives"])


def _party_of(group: Iterable[Finding]) -> str:
    return next(filter(None, (party(one["subject"]) for one in group)), "")


def _named(word: str) -> str:
    """The party that a word of a subject names."""
    bare = word.strip("(),;").removesuffix(":")
    transport, _, port = bare.partition("/")
    if transport in TRANSPORTS and port.isdigit():
        return bare
    host = bare.split("://", 1)[-1].split("/")[0]
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return registered_domain(host) if "." in host.strip(".") and not host.startswith("*") else ""
