"""The pipeline on one screen, and its result."""

from __future__ import annotations

import inspect
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from gdsi_audit import __version__, assembly, detection, discover, selection
from gdsi_audit.commitments.verdicts import WORDS, Verdict, verdicts
from gdsi_audit.declarations import NOTHING_DECLARED, Declaration, Note, Source
from gdsi_audit.findings.finding import SEVERITIES, Finding
from gdsi_audit.gap import Gap
from gdsi_audit.geo._places import Places
from gdsi_audit.observe import Progress, observe
from gdsi_audit.readers._inputs import inputs
from gdsi_audit.tables.collecting import rare_collection
from gdsi_audit.tables.freed_memory import give_back
from gdsi_audit.traffic import Capture, Traffic

PathLike = str | Path
SHOWN = 3
"""Captures and devices that the representation of a result names."""


@dataclass(frozen=True, kw_only=True)
class Audit:
    """The result: everything that reports print. No wall-clock time, no path of this machine beyond the inputs' own names."""

    traffic: Traffic
    declaration: Declaration
    findings: tuple[Finding, ...]
    """Most severe first, then by detector, device and subject."""
    verdicts: tuple[Verdict, ...]
    gaps: tuple[Gap, ...]
    settings: Mapping[str, object]
    """Thresholds and options in force."""
    version: str

    def worst(self) -> str:
        """The highest severity among the findings; empty when there is none."""
        return self.findings[0].severity if self.findings else ""

    @property
    def incomplete(self) -> bool:
        """Whether some input could not be read to its end."""
        return any(capture.incomplete for capture in self.traffic.captures)

    def __repr__(self) -> str:
        """One line: the parts are long."""
        words: dict[str, Counter[str]] = {}
        for one in self.verdicts:
            words.setdefault(one.device, Counter())[one.verdict] += 1
        tallies = [f"{device}: {', '.join(f'{tally[word]} {word}' for word in WORDS if tally[word])}" for device, tally in words.items()]
        names = [Path(capture.path).name for capture in self.traffic.captures]
        shown = [", ".join(names[:SHOWN]) + "…" * (len(names) > SHOWN), "; ".join(tallies[:SHOWN]) + "…" * (len(tallies) > SHOWN)]
        return f"<Audit of {shown[0]}: {len(self.findings)} findings, worst {self.worst() or 'none'}; {shown[1]}>"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return str(discover.module("gdsi_audit.reports", "html").summary(self))


@rare_collection()
def audit(
    captures: PathLike | Sequence[PathLike],
    declaration: PathLike | Sequence[PathLike] | Declaration | None = None,
    *,
    device: str = "",
    since: str = "",
    until: str = "",
    exclude: str = "",
    indicators: PathLike | Sequence[PathLike] = (),
    geodb: PathLike | None = None,
    hours_needed: float = 1.0,
    progress: Progress | None = None,
) -> Audit:
    """Holds what `captures` show against `declaration`.

    `captures`: files, folders of rotated files, or "-" for standard input. `declaration`: files (TOML, JSON, MUD) or a Declaration.
    `device`: judge only this one (declared name, MAC or address). `since`, `until`: ISO 8601 with offset. `exclude`: a display filter.
    `indicators`: files of what is known to be bad (STIX 2.1, MISP, CSV, hosts file, plain list). `geodb`: a folder that replaces the embedded
    databases. `hours_needed`: observation without which nothing is said of absence.

    Raises OSError for what cannot be opened and ValueError for what cannot be understood, with file, reason and next step.
    """
    if not _listed(captures):
        raise ValueError("no capture is named; give a file, a folder, or - for standard input")
    everything = _with_indicators(_stated(declaration), _listed(indicators))
    choice = selection.Selection(everything, device=device, since=since, until=until, exclude=exclude)
    stated = choice.stated
    seen = observe(inputs(_listed(captures)), keep=choice.keep, progress=progress)
    places = Places(Path(geodb) if geodb else None, _last_day(seen.captures))
    traffic = assembly.traffic(seen, places, choice.wanted, choice.bench, choice.notes, choice.point)
    give_back()
    findings = tuple(sorted(detection.findings(traffic, stated), key=_rank))
    give_back()
    judged = verdicts(traffic, stated, findings, shortest_observation_h=hours_needed)
    settings = {**choice.settings, "hours_needed": hours_needed, "thresholds": _thresholds()}
    return Audit(
        traffic=traffic,
        declaration=stated,
        findings=findings,
        verdicts=judged,
        gaps=traffic.gaps,
        settings=MappingProxyType(settings),
        version=__version__,
    )


def _last_day(captures: Sequence[Capture]) -> date | None:
    """The day on which observation ended: what databases are too old for, whenever the audit is run."""
    last = max((capture.last for capture in captures if capture.last is not None), default=None)
    return datetime.fromtimestamp(last / 1e9, UTC).date() if last is not None else None


def _listed(paths: PathLike | Sequence[PathLike]) -> list[str]:
    return [str(paths)] if isinstance(paths, str | Path) else [str(path) for path in paths]


def _stated(declaration: PathLike | Sequence[PathLike] | Declaration | None) -> Declaration:
    if isinstance(declaration, Declaration):
        return declaration
    if not declaration:
        return NOTHING_DECLARED
    # What reads files is loaded where there is one to read.
    from gdsi_audit.declarations._read import read

    return read([Path(path) for path in _listed(declaration)])


def _with_indicators(stated: Declaration, paths: Sequence[str]) -> Declaration:
    """`stated` with what the lists hold; what of them is not used is noted."""
    if not paths:
        return stated
    from gdsi_audit.indicators import _read as indicator_files

    imported = indicator_files.read([Path(path) for path in paths])
    notes = tuple(Note(kind="indicators", text=one.summary(), source=Source(file=one.file, by="tester")) for one in imported)
    listed = tuple(indicator for one in imported for indicator in one.indicators)
    return replace(stated, indicators=(*stated.indicators, *listed), notes=(*stated.notes, *notes))


def _rank(finding: Finding) -> tuple[int, str, str, str]:
    return -SEVERITIES.index(finding.severity), finding.detector, finding.device, finding.subject


def _thresholds() -> dict[str, dict[str, object]]:
    """Every detector's keyword defaults: its settings page."""
    found = {}
    for name in discover.names("gdsi_audit.detectors"):
        parameters = inspect.signature(discover.module("gdsi_audit.detectors", name).detect).parameters.values()
        found[name] = {parameter.name: parameter.default for parameter in parameters if parameter.kind is inspect.Parameter.KEYWORD_ONLY}
    return {name: values for name, values in found.items() if values}


class _CallableModule(ModuleType):
    """`gdsi_audit.audit` names this file and the function in it: called, the file is the function, whichever was imported first."""

    def __call__(self, *arguments: Any, **settings: Any) -> Audit:
        return audit(*arguments, **settings)


sys.modules[__name__].__class__ = _CallableModule
