"""The seven commitments of the Global Data Security Initiative: their words, both numberings, and what traffic can and cannot show of each."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True, kw_only=True)
class FormalPoint:
    """One of the eight points of the formal text."""

    point: int
    text: str
    checked: bool
    """Whether the wording was compared with a published quotation; where it was not, a report says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """One of the seven points of the speech, by which verdicts are given."""

    id: str
    speech: str
    """Its wording in the speech, as reported in English."""
    short: str
    formal: tuple[FormalPoint, ...]
    shows: str
    """What traffic can show of it."""
    never: str
    """What traffic can never show of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WordingSource:
    """Where a wording comes from."""

    wording: str
    """formal, speech."""
    title: str
    author: str
    date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Initiative:
    """The commitments, and where their words come from."""

    note: str
    """Whom the commitments bind: belongs on every report."""
    sources: tuple[WordingSource, ...]
    commitments: tuple[Commitment, ...]


@cache
def initiative() -> Initiative:
    """The whole text, GDSI-1 to GDSI-7 in order."""
    read = tomllib.loads(resources.files(__package__).joinpath("initiative.toml").read_text(encoding="utf-8"))
    return Initiative(
        note=read["note"],
        sources=tuple(WordingSource(**{**one, "date": one["date"].isoformat()}) for one in read["source"]),
        commitments=tuple(
            Commitment(
                id=one["id"],
                speech=one["speech"],
                short=one["short"],
                formal=tuple(FormalPoint(**point) for point in one["formal"]),
                shows=one["shows"],
                never=one["never"],
            )
            for one in read["commitment"]
        ),
    )
