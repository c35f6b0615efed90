"""TLS cipher suites by what is wrong with them (IANA registry "TLS Cipher Suites"), and numbers that nobody has assigned."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

ASSIGNED = (
    (0x0000, 0x006D),  # RFC 2246 to RFC 5288, reserved and never used again included
    (0x0072, 0x0079),  # drafts of early 1.2, in old clients
    (0x0080, 0x00C7),  # GOST drafts, Camellia, SEED, pre-shared keys, ShangMi
    (0x00FF, 0x00FF),  # renegotiation signal, RFC 5746
    (0x1301, 0x1307),
    (0x5600, 0x5600),  # fallback signal, RFC 7507
    (0xC001, 0xC0FF),  # elliptic curves, ARIA, Camellia, CCM, GOST in use before registration
    (0xC100, 0xC107),
    (0xCC13, 0xCC15),  # ChaCha20 before registration
    (0xCCA8, 0xCCAE),
    (0xD001, 0xD005),
    (0xE001, 0xE01F),  # ShangMi transport (GB/T 38636)
    (0xE410, 0xE41F),  # Salsa20 drafts
    (0xFE00, 0xFFFF),  # private use
)
"""Inclusive ranges that implementations use."""

_NULL = """0000 0001 0002 002C 002D 002E 003B 00B0 00B1 00B4 00B5 00B8 00B9 C001 C006 C00B C010 C015 C039 C03A C03B C0B4 C0B5"""
_EXPORT = """0003 0006 0008 000B 000E 0011 0014 0017 0019 0026 0027 0028 0029 002A 002B 0060 0061 0062 0063 0064 0065"""
_ANONYMOUS = """
0017 0018 0019 001A 001B 0034 003A 0046 006C 006D 0089 009B 00A6 00A7 00BF 00C5 C015 C016 C017 C018 C019 C046 C047 C05A C05B C084 C085
"""
_RC4 = """0003 0004 0005 0017 0018 0020 0024 0028 002B 0060 0064 0065 0066 008A 008E 0092 C002 C007 C00C C011 C016 C033"""
_DES = """0008 0009 000B 000C 000E 000F 0011 0012 0014 0015 0019 001A 001E 0022 0026 0029 0062 0063"""
_TRIPLE_DES = """000A 000D 0010 0013 0016 001B 001F 0023 008B 008F 0093 C003 C008 C00D C012 C017 C01A C01B C01C C034 FEFF"""
_RC2_IDEA = """0006 0007 0021 0025 0027 002A 0061"""

NULL, EXPORT, ANONYMOUS = "no encryption", "export-grade keys", "nobody's identity checked"
RC4, DES, TRIPLE_DES, RC2_IDEA = "RC4", "DES", "3DES", "RC2 or IDEA"


def _table() -> Mapping[int, tuple[str, ...]]:
    listed = (
        *((NULL, _NULL), (EXPORT, _EXPORT), (ANONYMOUS, _ANONYMOUS)),
        *((RC4, _RC4), (DES, _DES), (TRIPLE_DES, _TRIPLE_DES), (RC2_IDEA, _RC2_IDEA)),
    )
    found: dict[int, tuple[str, ...]] = {}
    for word, numbers in listed:
        for number in numbers.split():
            found[int(number, 16)] = (*found.get(int(number, 16), ()), word)
    return found


WEAK = _table()
"""What is wrong with a suite, worst first; suites without an entry are sound."""


@lru_cache(maxsize=4096)
def unassigned(suites: tuple[int, ...]) -> int:
    """How many of `suites` are in no implementation's use. GREASE is left out by the parser; kinds of SSL 2.0 have three bytes."""
    return sum(suite <= 0xFFFF and not any(first <= suite <= last for first, last in ASSIGNED) for suite in suites)
