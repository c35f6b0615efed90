"""Whether the labels of host names are words or carry data, and how much of it: by letter pairs and alphabet, over many names at once."""

from __future__ import annotations

import re
from collections.abc import Iterable

_COMMON = (
    "ab ac ai al am an ar as at au be bj bl bu ca ce ch ci cl co ct cu de di ea ec ed ee ef el em en ep eq er es et ev ex ey fi fo fu ge gu ha he "
    "hi ho ib ic id ie if ig il im in io is it je ke la le li ll lo ls lt lu ly ma me mo mp na nc nd ne ng ni no ns nt ob oc od ol om on op or os "
    "ot ou ow pa pe pl po pp pr pt qu ra re rg ri rm rn ro rr rs rt ry se sh si so sp ss st su ta te th ti to tr ts tt tu ty ue ui ul um un up ur "
    "us ut va ve wh wi xc xp yp"
)
COMMON_PAIRS = frozenset(_COMMON.split())
"""The 150 pairs that make up 89 % of English running text, and 22 % of random letters."""
MOST_SYMBOLS = ((10, 3.32), (16, 4.0), (33, 5.0))
"""(distinct symbols up to, bits that each carries): decimal, hexadecimal, base32; names compare in lower case, so base64 shows some 38."""
BASE64_BITS, BASE128_BITS = 6.0, 7.0

_ESCAPED = re.compile(r"\\x[0-9a-f]{2}")


def common_share(texts: Iterable[str]) -> float:
    """Share of neighbouring characters that are common letter pairs: about 0.6 to 0.9 in words, 0 to 0.25 in random letters and digits."""
    pairs = common = 0
    for text in texts:
        here = [text[place : place + 2] for place in range(len(text) - 1)]
        pairs += len(here)
        common += sum(pair in COMMON_PAIRS for pair in here)
    return common / pairs if pairs else 0.0


def plain(text: str) -> str:
    """`text` with each escaped byte as one character, so that lengths are bytes on the wire."""
    return _ESCAPED.sub("\u0080", text) if "\\" in text else text


def bits_per_symbol(texts: Iterable[str]) -> float:
    """How many bits one character carries, by the alphabet in use."""
    symbols = set("".join(texts))
    if "\u0080" in symbols:
        return BASE128_BITS
    return next((bits for most, bits in MOST_SYMBOLS if len(symbols) <= most), BASE64_BITS)
