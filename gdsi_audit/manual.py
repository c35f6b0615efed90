"""The manual pages: detectors from their own docstrings, commitments from the Initiative's text, databases from their manifest."""

from __future__ import annotations

import inspect
import textwrap
from datetime import date

from gdsi_audit import discover
from gdsi_audit.geo._explained import info, warnings
from gdsi_audit.geo._explained import lookup as explained
from gdsi_audit.geo._places import Places
from gdsi_audit.initiative import Commitment, initiative

DETECTORS = "gdsi_audit.detectors"


def contents() -> str:
    """What there is to explain, a line each."""
    detectors = [f"  {name:<26} {_first_line(discover.module(DETECTORS, name).__doc__)}" for name in discover.names(DETECTORS)]
    commitments = [f"  {item.id:<26} {textwrap.shorten(item.short, 100, placeholder=' …')}" for item in initiative().commitments]
    return "\n".join(("Detectors:", *detectors, "", "Commitments:", *commitments, "", "gdsi-audit explain NAME prints the page."))


def page(topic: str) -> str:
    """The manual page of a detector or commitment. Raises ValueError that lists what there is."""
    known = {item.id.lower(): item for item in initiative().commitments}
    if topic.lower() in known:
        return _commitment(known[topic.lower()])
    if topic not in discover.names(DETECTORS):
        raise ValueError(f"there is nothing to explain named {topic!r}; try one of: {', '.join((*discover.names(DETECTORS), *known))}")
    return _detector(topic)


def _detector(name: str) -> str:
    module = discover.module(DETECTORS, name)
    parameters = inspect.signature(module.detect).parameters.values()
    thresholds = [f"  {parameter.name} = {parameter.default}" for parameter in parameters if parameter.kind is inspect.Parameter.KEYWORD_ONLY]
    facts = [f"Base severity: {module.SEVERITY}", f"Speaks to: {', '.join(module.COMMITMENTS)}"]
    return "\n".join((f"{name}\n", inspect.cleandoc(module.__doc__ or ""), "", *facts, *(["Thresholds:", *thresholds] if thresholds else ())))


def _commitment(item: Commitment) -> str:
    formal = [f"Formal text, point {point.point}: {point.text}" for point in item.formal]
    return "\n\n".join((item.id, item.short, f"As spoken: {item.speech}", *formal, f"What traffic can show: {item.shows}", f"Never: {item.never}"))


def _first_line(text: str | None) -> str:
    return (text or "").strip().splitlines()[0]


def databases(today: date) -> str:
    """The databases in force, with their age on `today`."""
    rows = info(Places(), today)
    return "\n".join(" · ".join(f"{key}: {value}" for key, value in row.items() if value not in ("", None)) for row in rows)


def database_warnings(today: date) -> list[str]:
    """What the user should do about databases that are old on `today`."""
    return list(warnings(info(Places(), today), today))


def lookup(subject: str, today: date) -> str:
    """Every claim about an address or name, and what the ladder makes of them on `today`."""
    return "\n".join(explained(Places(on=today), subject))
