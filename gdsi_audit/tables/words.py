"""A column of texts: codes into its distinct words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import count
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST_LOOKED_UP = 65_536
"""Of more words than this no table is made to look them up in: they are gone through."""


class Words(NamedTuple):
    """A column of texts."""

    codes: NDArray[Any]
    """Row in `words` of each text."""
    words: tuple[str, ...]
    """Each distinct."""


class Lexicon:
    """The words of a column, made ready once for all tables that are chosen from the same one."""

    __slots__ = ("_place", "texts", "words")

    def __init__(self, words: tuple[str, ...]) -> None:
        self.words = words
        self.texts = np.array(words or ("",), object)
        self._place: dict[str, int] = {}

    def codes(self, wanted: Collection[str]) -> list[int]:
        """Of those of `wanted` that there are."""
        if len(self.words) > MOST_LOOKED_UP:
            held = frozenset(wanted)
            return [code for code, word in enumerate(self.words) if word in held]
        if not self._place:
            self._place = {word: code for code, word in enumerate(self.words)}
        return [self._place[word] for word in wanted if word in self._place]


def words_of(texts: Sequence[str]) -> Words:
    """A column of texts from the texts themselves; codes in the order of first sight."""
    place = dict(zip(dict.fromkeys(texts), count(), strict=False))
    return Words(np.fromiter(map(place.__getitem__, texts), np.int64, len(texts)), tuple(place))


def coded(codes: NDArray[Any], words: Sequence[str]) -> Words:
    """A column of texts from rows of `words`: equal words merged, and only words that occur. Its codes are as narrow as can be."""
    used = np.flatnonzero(np.bincount(codes.astype(np.intp, copy=False), minlength=len(words)))
    place: dict[str, int] = {}
    numbers = [place.setdefault(words[row], len(place)) for row in used.tolist()]
    merged = np.zeros(max(len(words), 1), _narrowest(len(place)))
    merged[used] = numbers
    return Words(merged[codes], tuple(place))


def narrow(codes: NDArray[Any], words: Sequence[str]) -> Words:
    """A column of texts from distinct words that all occur. Its codes are as narrow as can be."""
    return Words(codes.astype(_narrowest(len(words))), tuple(words))


def _narrowest(words: int) -> np.dtype[Any]:
    return np.min_scalar_type(max(words - 1, 0))
