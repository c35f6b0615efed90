"""The grammar of a filter: text becomes tests."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from functools import reduce

import numpy as np

from gdsi_audit.filters._fields import FIELDS, PROTOCOLS, Field, Mask, Range, every
from gdsi_audit.filters._tests import Test, any_of, compared, exists

LONGEST_FILTER = 4096
DEEPEST_NESTING = 64

_TOKEN = re.compile(r"\s*(\(|\)|\{|\}|,|===|!==|==|!=|>=|<=|>|<|&&|\|\||\^\^|!|[A-Za-z0-9_.:/-]+|.)", re.DOTALL)
_OPERATORS = {"eq": "==", "any_eq": "==", "ne": "!=", "all_ne": "!=", "all_eq": "===", "any_ne": "!==", "gt": ">", "lt": "<", "ge": ">=", "le": "<="}
_RELATIONS = frozenset(_OPERATORS.values())
_JOINS = (("||", "or"), ("^^", "xor"), ("&&", "and"))
"""Loosest first."""


class Reader:
    """Recursive descent over the tokens of one filter."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST_FILTER:
            raise ValueError(f"a filter has at most {LONGEST_FILTER} characters")
        self.tokens = [(found[1], found.start(1) + 1) for found in _TOKEN.finditer(text.rstrip())]
        self.tokens.append(("", len(text) + 1))
        self.at = 0
        self.depth = 0

    @property
    def token(self) -> str:
        return self.tokens[self.at][0]

    def step(self) -> str:
        token = self.token
        self.at += bool(token)
        return token

    def accept(self, *tokens: str) -> bool:
        found = self.token in tokens
        self.at += found
        return found

    def error(self, text: str) -> ValueError:
        return ValueError(f"column {self.tokens[self.at][1]}: {text}")

    def whole(self) -> Test:
        test = self.joined(0)
        if self.token:
            raise self.error(f'"{self.token}" was not expected here')
        return test

    def joined(self, binding: int) -> Test:
        if binding == len(_JOINS):
            return self.negated()
        parts = [self.joined(binding + 1)]
        while self.accept(*_JOINS[binding]):
            parts.append(self.joined(binding + 1))
        combine: Callable[[Mask, Mask], Mask] = (np.logical_or, np.logical_xor, np.logical_and)[binding]
        return parts[0] if len(parts) == 1 else lambda frames: reduce(combine, (part(frames) for part in parts))

    def negated(self) -> Test:
        self.depth += 1
        if self.depth > DEEPEST_NESTING:
            raise self.error(f"nested deeper than {DEEPEST_NESTING} levels")
        test = self.inverted() if self.accept("!", "not") else self.group() if self.accept("(") else self.relation()
        self.depth -= 1
        return test

    def inverted(self) -> Test:
        inner = self.negated()
        return lambda frames: ~inner(frames)

    def group(self) -> Test:
        inner = self.joined(0)
        if not self.accept(")"):
            raise self.error('")" is missing')
        return inner

    def relation(self) -> Test:
        present, column = PROTOCOLS.get(self.token), FIELDS.get(self.token)
        if present is None and column is None:
            raise self.error(_unknown(self.token))
        self.step()
        if column is None:
            return exists(present or every)
        negative = self.token == "not" and self.tokens[self.at + 1][0] == "in"
        self.at += negative
        if self.accept("in"):
            inside = any_of(column, "in", self.members(column))
            return (lambda frames: ~inside(frames)) if negative else inside
        operator = _OPERATORS.get(self.token, self.token)
        if operator not in _RELATIONS:
            return exists(column.present)
        self.step()
        return compared(column, operator, self.value(column, self.token))

    def value(self, column: Field, text: str) -> Range:
        try:
            found = column.read(text)
        except ValueError as error:
            raise self.error(f'expected {error}, not "{text}"') from error
        self.step()
        return found

    def members(self, column: Field) -> list[Range]:
        if not self.accept("{"):
            raise self.error('"{" is missing')
        found = [self.member(column)]
        while self.accept(","):
            found.append(self.member(column))
        if not self.accept("}"):
            raise self.error('"}" is missing')
        return found

    def member(self, column: Field) -> Range:
        low, dots, high = self.token.partition("..")
        if not dots:
            return self.value(column, low)
        lowest = self.value(column, low)[0]
        self.at -= 1
        return lowest, self.value(column, high)[1]


def _unknown(word: str) -> str:
    if not word:
        return "the filter ends where a field or protocol is expected"
    near = difflib.get_close_matches(word.lower(), [*FIELDS, *PROTOCOLS], n=1, cutoff=0.5)
    return f'there is no field or protocol "{word}"' + (f'; did you mean "{near[0]}"?' if near else "")
