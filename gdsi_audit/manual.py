"""The manual pages: detectors from their own docstrings, commitments from the Initiative's text, databases from their manifest."""

from __future__ import annotations

import difflib
import inspect
import textwrap
from collections.abc import Mapping
from datetime import date

from gdsi_audit import discover, glossary
from gdsi_audit.commitments.initiative import Commitment, initiative
from gdsi_audit.geo._explained import info, warnings
from gdsi_audit.geo._explained import lookup as explained
from gdsi_audit.geo._places import Places

DETECTORS = "gdsi_audit.detectors"
WIDTH, NARROWEST = 100, 60
COLUMN = 23


def contents(width: int = WIDTH) -> str:
    """What there is to explain, each with its question, in lines of `width`."""
    detectors = [_entry(name, _first_line(discover.module(DETECTORS, name).__doc__), width) for name in discover.names(DETECTORS)]
    commitments = [_entry(item.id, item.short, width) for item in initiative().commitments]
    words = textwrap.fill(", ".join(glossary.VERDICTS), max(width, NARROWEST), initial_indent="  ", subsequent_indent="  ")
    return "\n".join(
        ("Detectors:", *detectors, "", "Commitments:", *commitments, "", "Verdicts:", words, "", "gdsi-audit explain NAME prints the page.")
    )


def page(topic: str, width: int = WIDTH) -> str:
    """The manual page of a detector, a commitment or a word of reports, in lines of `width`. Raises ValueError that names the nearest."""
    known = {item.id.lower(): item for item in initiative().commitments}
    detectors = {name.lower(): name for name in discover.names(DETECTORS)}
    asked = topic.lower().replace("-", "_")
    if topic.lower() in known:
        return _wrapped(_commitment(known[topic.lower()]), width)
    if asked in detectors:
        return _wrapped(_detector(detectors[asked]), width)
    if meant := {**glossary.VERDICTS, **glossary.WORDS}.get(topic.lower()):
        return _wrapped(f"{topic.lower()}\n\n{meant}", width)
    names = (*detectors.values(), *(item.id for item in known.values()), *glossary.VERDICTS, *glossary.WORDS)
    near = difflib.get_close_matches(topic, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise ValueError(f"there is nothing to explain named {topic!r}; {hint}`gdsi-audit explain` lists what there is")


def _entry(name: str, text: str, width: int) -> str:
    return textwrap.fill(text, max(width, NARROWEST), initial_indent=f"  {name:<{COLUMN}} ", subsequent_indent=" " * (COLUMN + 3))


def _wrapped(text: str, width: int) -> str:
    """Paragraphs in lines of `width`; what is indented stays as it is."""
    paragraphs = [part if part.startswith("  ") or "\n  " in part else textwrap.fill(part, max(width, NARROWEST)) for part in text.split("\n\n")]
    return "\n\n".join(paragraphs)


def _detector(name: str) -> str:
    module = discover.module(DETECTORS, name)
    parameters = inspect.signature(module.detect).parameters.values()
    thresholds = [f"  {parameter.name} = {parameter.default}" for parameter in parameters if parameter.kind is inspect.Parameter.KEYWORD_ONLY]
    facts = (f"Base severity: {module.SEVERITY}", f"Speaks to: {', '.join(module.COMMITMENTS)}")
    return "\n\n".join((name, inspect.cleandoc(module.__doc__ or ""), *facts, *(("\n".join(("Thresholds:", *thresholds)),) if thresholds else ())))


def _commitment(item: Commitment) -> str:
    formal = [f"Formal text, point {point.point}: {point.text}" for point in item.formal]
    asking = [name for name in discover.names(DETECTORS) if item.id in discover.module(DETECTORS, name).COMMITMENTS]
    speaking = f"Detectors that speak to it: {', '.join(asking) or 'none'}"
    return "\n\n".join(
        (item.id, item.short, f"As spoken: {item.speech}", *formal, f"What traffic can show: {item.shows}", f"Never: {item.never}", speaking)
    )


def _first_line(text: str | None) -> str:
    return (text or "").strip().splitlines()[0]


def databases(today: date) -> str:
    """The databases in force, with their age on `today`: a name and what is known of it, each on a line of its own."""
    return "\n\n".join(_database(row) for row in info(Places(), today))


def _database(row: Mapping[str, object]) -> str:
    facts = {key: value for key, value in row.items() if key not in ("name", "build_epoch", "upstream") and value not in ("", None)}
    return "\n".join((str(row.get("name", "")), *(f"  {key.replace('_', ' '):<12} {value}" for key, value in facts.items())))


def database_warnings(today: date) -> list[str]:
    """What the user should do about databases that are old on `today`."""
    return list(warnings(info(Places(), today), today))


def lookup(subject: str, today: date) -> str:
    """Every claim about an address or name, and what the ladder makes of them on `today`."""
    return "\n".join(explained(Places(on=today), subject))
