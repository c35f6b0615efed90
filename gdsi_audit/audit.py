"""The pipeline on one screen, and its result."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from gdsi_audit import __version__, assembly, commitments, discover, selection
from gdsi_audit.collecting import rare_collection
from gdsi_audit.commitments import Verdict
from gdsi_audit.declarations import NOTHING_DECLARED, Declaration
from gdsi_audit.declarations._read import read
from gdsi_audit.finding import SEVERITIES, Finding
from gdsi_audit.gap import Gap
from gdsi_audit.geo._places import Places
from gdsi_audit.observe import Progress, observe
from gdsi_audit.readers._inputs import inputs
from gdsi_audit.traffic import Traffic

PathLike = str | Path


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
    geodb: PathLike | None = None,
    hours_needed: float = 1.0,
    progress: Progress | None = None,
) -> Audit:
    """Holds what `captures` show against `declaration`.

    `captures`: files, folders of rotated files, or "-" for standard input. `declaration`: files (TOML, JSON, MUD) or a Declaration.
    `device`: judge only this one (declared name, MAC or address). `since`, `until`: ISO 8601 with offset. `exclude`: a display filter.
    `geodb`: a folder that replaces the embedded databases. `hours_needed`: observation without which nothing is said of absence.

    Raises OSError for what cannot be opened and ValueError for what cannot be understood, with file, reason and next step.
    """
    stated = _stated(declaration)
    choice = selection.Selection(stated, device=device, since=since, until=until, exclude=exclude)
    seen = observe(inputs(_listed(captures)), keep=choice.keep, progress=progress)
    traffic = assembly.traffic(seen, Places(Path(geodb) if geodb else None), choice.wanted, choice.bench, choice.notes, choice.point)
    findings = tuple(sorted(_detect(traffic, stated), key=_rank))
    verdicts = commitments.verdicts(traffic, stated, findings, shortest_observation_h=hours_needed)
    settings = {**choice.settings, "hours_needed": hours_needed, "thresholds": _thresholds()}
    return Audit(
        traffic=traffic,
        declaration=stated,
        findings=findings,
        verdicts=verdicts,
        gaps=traffic.gaps,
        settings=MappingProxyType(settings),
        version=__version__,
    )


def _listed(paths: PathLike | Sequence[PathLike]) -> list[str]:
    return [str(paths)] if isinstance(paths, str | Path) else [str(path) for path in paths]


def _stated(declaration: PathLike | Sequence[PathLike] | Declaration | None) -> Declaration:
    if isinstance(declaration, Declaration):
        return declaration
    return read([Path(path) for path in _listed(declaration)]) if declaration else NOTHING_DECLARED


def _detect(traffic: Traffic, stated: Declaration) -> Iterator[Finding]:
    for detector in discover.modules("gdsi_audit.detectors"):
        for share in traffic.devices:
            for finding in detector.detect(share, stated):
                yield replace(finding, commitments=finding.commitments or detector.COMMITMENTS)


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
