"""Texts become canonical indicators, whatever somebody wrote to keep them from being clicked on."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from gdsi_audit.indicators import Entry
from gdsi_audit.naming import names
from gdsi_audit.wire_text import display

LONGEST_VALUE_CHARACTERS = 2048
LONGEST_LABEL_BYTES = 120
DIGEST_LENGTHS = {"ja3": 32, "ja3s": 32, "certificate-sha1": 40, "certificate-sha256": 64}

_FANGS = ((re.compile(r"\[\.\]|\(\.\)|\[dot\]|\{\.\}", re.IGNORECASE), "."), (re.compile(r"\[:\]"), ":"), (re.compile(r"\[(://|/)\]"), r"\1"))
_SCHEME = re.compile(r"^h(?:xx|tt|XX)ps?(?=://)", re.IGNORECASE)


def entry(text: str, line: int, *, label: str = "", kind: str = "", since: int | None = None, until: int | None = None) -> Entry:
    """The indicator that `text` is, by its shape where `kind` is empty. Raises ValueError that says why it is none."""
    plain = refanged(text)
    if not plain or len(plain) > LONGEST_VALUE_CHARACTERS:
        raise ValueError("is empty" if not plain else "is too long")
    found = kind or kind_of(plain)
    value, below = canonical(found, plain)
    shown = str(display(" ".join(label.split()).encode(errors="replace")[:LONGEST_LABEL_BYTES]))
    return Entry(found, value, line, shown, below, since, until)


def refanged(text: str) -> str:
    """`hxxps://evil[.]example` as it was."""
    plain = text.strip().strip("\"'")
    for pattern, instead in _FANGS:
        plain = pattern.sub(instead, plain)
    return _SCHEME.sub(lambda found: found[0].lower().replace("xx", "tt"), plain)


def kind_of(text: str) -> str:
    """One of KINDS by its shape; digests have none that tells what they are of."""
    if "://" in text:
        return "url"
    if names.is_address(text):
        return "address"
    return "prefix" if "/" in text else "name"


def canonical(kind: str, text: str) -> tuple[str, bool]:
    """(value, whether names below it are meant) of one kind. Raises ValueError."""
    if kind == "name":
        return _name(text)
    if kind == "address":
        return str(ip_address(text.strip("[]"))), False
    if kind == "prefix":
        network = ip_network(text, strict=False)
        if network.prefixlen == 0:
            raise ValueError("covers every address")
        return (str(network.network_address), False) if network.num_addresses == 1 else (str(network), False)
    if kind == "url":
        return _url(text), False
    if not re.fullmatch(f"[0-9a-f]{{{DIGEST_LENGTHS[kind]}}}", text.lower()):
        raise ValueError(f"is no {kind}")
    return text.lower(), False


def single(kind: str, value: str) -> str:
    """`prefix` of one address is an `address`."""
    return "address" if kind == "prefix" and "/" not in value else kind


def _name(text: str) -> tuple[str, bool]:
    """What stands for names below it: a wildcard for these alone, any other for itself too. A public suffix stands for everybody and is refused."""
    base = text.removeprefix("*.").removeprefix(".").removesuffix(".")
    plain = names.canonical_name(base)
    if "." not in plain or plain.rpartition(".")[2].isdigit() or names.is_public_suffix(plain):
        raise ValueError("covers a whole public suffix, or is no full name")
    shared, wildcard = names.is_shared_suffix(f"*.{plain}"), text[:1] in ("*", ".")
    if shared and wildcard:
        raise ValueError("covers the names of many tenants")
    return f"*.{plain}" if wildcard else plain, not shared


def _url(text: str) -> str:
    """Scheme and host in lower case, default port and fragment gone, an empty path as `/`."""
    parts = urlsplit(text)
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise ValueError("is no http address")
    host = parts.hostname if names.is_address(parts.hostname) else names.canonical_name(parts.hostname)
    default = {"http": 80, "https": 443}[parts.scheme.lower()]
    port = f":{parts.port}" if parts.port not in (None, default) else ""
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme.lower()}://{shown}{port}{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"


def instant(text: str) -> int | None:
    """UTC nanoseconds of an RFC 3339 time; None for what is none."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000) * 1000
