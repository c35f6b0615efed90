"""Host names and the patterns that declare them: exact, or a leading `*.` for one or more labels below a base.

Names compare as A-labels, in lower case, without the trailing dot. Which suffixes are public, and which of these are a shared platform's, comes
from the Public Suffix List as packaged by publicsuffixlist; nothing is ever fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import resources
from ipaddress import ip_address

from publicsuffixlist import PublicSuffixList

LONGEST_NAME_BYTES = 253

LOCAL_SUFFIXES = frozenset({"local", "internal", "home.arpa", "lan", "localdomain"})
"""Never registered with anybody (RFC 6762, RFC 8375, ICANN's `internal`, and two that routers use): a wildcard below them stays in the house."""

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_DEVIATIONS = frozenset("ßς\u200c\u200d")


def matches(pattern: str, name: str) -> bool:
    """Whether `pattern`, as `canonical_pattern` gives it, covers `name` in display form. `evil-cams.example` is not below `*.cams.example`."""
    plain = _comparable(name)
    return plain.endswith(pattern[1:]) and len(plain) >= len(pattern) if pattern.startswith("*.") else plain == pattern


def covering(name: str) -> Iterator[str]:
    """Every pattern that `matches` `name`, the narrowest first: itself, then `*.` over each domain above it."""
    plain = _comparable(name)
    yield plain
    widest = max(1, len(plain) - LONGEST_NAME_BYTES - 1)  # no pattern has a longer base, and what comes from the wire may be all dots
    yield from (f"*.{plain[place + 1 :]}" for place in range(widest, len(plain)) if plain[place] == ".")


@lru_cache(maxsize=65_536)
def registered_domain(name: str) -> str:
    """What somebody registered: the public suffix, private ones included, and one label; what has none, as an address in whatever spelling, stays."""
    plain = _comparable(name)
    if is_address(plain) or plain.rpartition(".")[2].isdigit():
        return plain
    return _suffixes(only_icann=False).privatesuffix(plain) or plain


def is_shared_suffix(pattern: str) -> bool:
    """Whether `pattern` is a wildcard over names of many tenants: its base is a private public suffix, or has one below it."""
    base = pattern[2:]
    if not pattern.startswith("*.") or base in LOCAL_SUFFIXES or is_public_suffix(base):
        return False
    return bool(_suffixes(only_icann=False).is_public(base)) or base in _parents_of_private_suffixes()


def is_public_suffix(base: str) -> bool:
    """Whether `base` is a suffix under which a registry takes registrations, unlisted top-level domains included and local ones excluded."""
    return base not in LOCAL_SUFFIXES and bool(_suffixes(only_icann=True).is_public(base))


def is_address(text: str) -> bool:
    """Whether `text` is an IPv4 or IPv6 literal, with or without brackets."""
    try:
        ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True


def canonical_pattern(text: str) -> str:
    """`text` as `matches` wants it. Raises ValueError for what is no name, and for a wildcard not in front or over a public suffix."""
    star, base = ("*.", text[2:]) if text.startswith("*.") else ("", text)
    if "*" in base:
        raise ValueError(f'"{text}" has a wildcard that is not a leading "*."')
    plain = canonical_name(base)
    if star and is_public_suffix(plain):
        raise ValueError(f'"{text}" covers a whole public suffix, so everybody who registers below it')
    return star + plain


def canonical_name(text: str) -> str:
    """`text` as A-labels in lower case without its trailing dot (RFC 5891). Raises ValueError for what is no host name."""
    plain = _a_labels(text.removesuffix("."))
    if is_address(plain):
        raise ValueError(f'"{text}" is an address, no name: a destination has the key "address" for it')
    if plain.rpartition(".")[2].isdigit():
        raise ValueError(f'"{text[:LONGEST_NAME_BYTES]}" ends in a number, as only addresses do')
    if len(plain) > LONGEST_NAME_BYTES or not all(_LABEL.fullmatch(label) for label in plain.split(".")):
        raise ValueError(f'"{text[:LONGEST_NAME_BYTES]}" is no host name')
    return plain


def _a_labels(text: str) -> str:
    """Lower case; what is not ASCII becomes `xn--`. Refuses what the two editions of IDNA write differently."""
    if text.isascii():
        return text.lower()
    if not _DEVIATIONS.isdisjoint(text) or len(text) > LONGEST_NAME_BYTES:
        raise ValueError(f'"{text[:LONGEST_NAME_BYTES]}" has characters whose A-label depends on the edition of IDNA: write the name as xn--…')
    try:
        return text.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise ValueError(f'"{text}" has no A-label: write the name as xn--…') from error


@lru_cache(maxsize=65_536)
def _comparable(name: str) -> str:
    """A name from the wire as a pattern would spell it; what has no A-label is compared as it stands."""
    plain = name.lower().removesuffix(".")
    try:
        return plain if plain.isascii() else _a_labels(plain)
    except ValueError:
        return plain


@cache
def _suffixes(*, only_icann: bool) -> PublicSuffixList:
    return PublicSuffixList(_rules(), accept_encoded_idn=False, only_icann=only_icann)


@cache
def _rules() -> tuple[str, ...]:
    """The list's rules and the marks of its parts, with A-labels where a rule has others. The package makes them too, in eight times the time."""
    kept = (line.strip() for line in _list_text().splitlines() if line and (not line.startswith("//") or "===" in line))
    return tuple(rule for line in kept for rule in ((line,) if line.isascii() else (line, ".".join(map(_a_label, line.split("."))))))


def _a_label(label: str) -> str:
    """Of a label that is in normal form already, as the list's are."""
    return label if label.isascii() else f"xn--{label.encode('punycode').decode('ascii')}"


def _list_text() -> str:
    return resources.files("publicsuffixlist").joinpath("public_suffix_list.dat").read_text(encoding="utf-8")


@cache
def _parents_of_private_suffixes() -> frozenset[str]:
    """Every name above a private suffix up to the registry's: `amazonaws.com`, since `s3.amazonaws.com` is one."""
    private = _list_text().partition("===BEGIN PRIVATE DOMAINS===")[2].splitlines()
    rules = (_comparable(line.strip().lstrip("!").removeprefix("*.")) for line in private if line.strip() and not line.startswith("//"))
    parents = {".".join(labels[start:]) for labels in (rule.split(".") for rule in rules) for start in range(len(labels) - 1)}
    return frozenset(parent for parent in parents if not is_public_suffix(parent))
