"""Checks of single values: each takes what a file holds and gives what the declaration keeps, or raises Wrong."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from gdsi_audit.declarations import _countries

Check = Callable[[Any], Any]

LONGEST_TEXT = 4096
LARGEST_NUMBER = 10**18


class Wrong(ValueError):
    """What is wrong with a value, and at which place inside it."""

    def __init__(self, text: str, *inside: str | int) -> None:
        super().__init__(text)
        self.inside = inside


def kind_of(value: object) -> str:
    """The type of a value in the words of TOML and JSON."""
    named = {
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "text",
        list: "a list",
        dict: "a table",
        datetime: "a date-time",
        date: "a date",
    }
    return "nothing" if value is None else named.get(type(value), "a time of day")


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """`; did you mean "ports"?`, or the whole choice when nothing is near."""
    near = difflib.get_close_matches(word[:60].lower(), known, n=1)
    return f'; did you mean "{near[0]}"?' if near else f"; it is one of {', '.join(known)}"


def text(value: object) -> str:
    if not isinstance(value, str):
        raise Wrong(f"must be text, not {kind_of(value)}")
    if len(value) > LONGEST_TEXT:
        raise Wrong(f"is longer than {LONGEST_TEXT} characters")
    if any(unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t" for character in value):
        raise Wrong("holds a control character")
    return value


def filled(value: object) -> str:
    if not text(value).strip():
        raise Wrong("must not be empty")
    return text(value)


def boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise Wrong(f"must be true or false, not {kind_of(value)}")
    return value


def number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong(f"must be a number, not {kind_of(value)}")
    if not abs(value) <= LARGEST_NUMBER:  # nor is NaN
        raise Wrong("must be a finite number")
    return float(value)


def number_between(low: float, high: float) -> Check:
    def check(value: object) -> float:
        if not low <= number(value) <= high:
            raise Wrong(f"must be between {low:g} and {high:g}")
        return number(value)

    return check


def above_zero(value: object) -> float:
    if number(value) <= 0:
        raise Wrong("must be above 0")
    return number(value)


def whole_between(low: int, high: int) -> Check:
    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Wrong(f"must be a whole number{', without a point' if isinstance(value, float) else f', not {kind_of(value)}'}")
        if not low <= value <= high:
            raise Wrong(f"must be between {low} and {high}")
        return value

    return check


def word_of(*known: str) -> Check:
    def check(value: object) -> str:
        if text(value) not in known:
            raise Wrong(f'has no word "{text(value)[:60]}"{did_you_mean(text(value), known)}')
        return text(value)

    return check


def several(check: Check) -> Check:
    """A list of what `check` accepts, as a tuple."""

    def check_list(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise Wrong(f"must be a list, not {kind_of(value)}")
        return tuple(_at(index, check, item) for index, item in enumerate(value))

    return check_list


def one_or_several(check: Check) -> Check:
    def check_either(value: object) -> tuple[Any, ...]:
        return tuple(several(check)(value)) if isinstance(value, list) else (check(value),)

    return check_either


def _at(index: int, check: Check, item: object) -> Any:
    try:
        return check(item)
    except Wrong as wrong:
        raise Wrong(str(wrong), index, *wrong.inside) from wrong


def country(value: object) -> str:
    if not _countries.is_country(text(value)):
        near = _countries.nearest(text(value), with_groups=False)
        raise Wrong(f'has an unknown country "{text(value)[:60]}"' + (f'; did you mean "{near}"?' if near else "; countries are ISO 3166-1 codes"))
    return text(value)


def country_or_group(value: object) -> str:
    word = text(value)
    try:
        _countries.expand([word])
    except ValueError as error:
        raise Wrong(f"has an {error}") from error
    return word


def scope(value: object) -> str:
    if text(value) != "device" and not re.fullmatch(r"app:\S+", text(value)):
        raise Wrong(f'must be "device" or "app:<id>", not "{text(value)[:60]}"')
    return text(value)
