"""TLS cipher suites by what they are made of (IANA registry "TLS Cipher Suites"), and numbers that nobody has assigned."""

from __future__ import annotations

from collections.abc import Iterable

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


def unassigned(suites: Iterable[int]) -> int:
    """How many of `suites` are in no implementation's use. GREASE is left out by the parser; kinds of SSL 2.0 have three bytes."""
    return sum(suite <= 0xFFFF and not any(first <= suite <= last for first, last in ASSIGNED) for suite in suites)
