"""Whether a certificate is for the name that the client asked for, and if not, whether it is somebody else's."""

from __future__ import annotations

from gdsi_audit.naming import names
from gdsi_audit.protocols._certificate_facts import CertificateFacts


def listed(leaf: CertificateFacts) -> tuple[str, ...]:
    """The host names that it is for, lower case: its alternative names, or its common name where there are none (RFC 6125 section 6.4.4)."""
    return tuple(name.lower() for name in (leaf.dns_names or (leaf.common_name,)) if name)


def fits(leaf: CertificateFacts, name: str) -> bool:
    """RFC 6125: a wildcard stands for one label."""
    return any(_covers(pattern, name) for pattern in listed(leaf))


def other_parties(leaf: CertificateFacts, name: str) -> tuple[str, ...]:
    """The registered domains that it is for, where `name`'s is none of them; empty where it is for no registered domain at all."""
    if leaf.unreadable or fits(leaf, name):
        return ()
    domains = {_domain(pattern) for pattern in listed(leaf)} - {""}
    return () if _domain(name) in domains else tuple(sorted(domains))


def _covers(pattern: str, name: str) -> bool:
    if pattern.startswith("*."):
        return name.partition(".")[2] == pattern[2:]
    return pattern == name


def _domain(pattern: str) -> str:
    """Empty for what nobody can register: one label, an address, a name that is local by definition."""
    plain = pattern.removeprefix("*.")
    if "." not in plain or " " in plain or names.is_address(plain) or any(plain.endswith(f".{local}") for local in names.LOCAL_SUFFIXES):
        return ""
    return names.registered_domain(plain)
