"""Passwords, tokens and keys in URLs, forms, JSON and XML: found by the name of their field. The secret itself is never kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

CLEAR: Final = "in clear text"
CHALLENGE: Final = "as the answer to a challenge"
APPLICATION: Final = "in clear text, as what may be a key that all copies of the application share"
NOBODY: Final = "without a secret"
"""Anonymous, empty, or what everybody knows and nobody gains by."""
HASHED: Final = "as what may be a hash of it"
DEFAULT: Final = "with the community that everybody knows"


class Shown(NamedTuple):
    """One login, or one secret on its way."""

    kind: str
    """HTTP Basic, FTP login …"""
    form: str
    """CLEAR, HASHED, CHALLENGE, NOBODY, DEFAULT."""
    user_bytes: int
    """-1: not shown."""
    secret_bytes: int
    """-1: not shown."""


NAMES = r"(?:user_?|usr_?|login_?|wifi_?)?(?:password|passwd|passwrd|pass|pwd|psw)|loginpas|passphrase|psk|client_?secret"
TOKENS = r"access_?token|auth_?token|session_?token|refresh_?token|secret_?key"
APPLICATION_KEYS = r"api_?key"
_SECRETS = rf"(?:({NAMES})|({TOKENS})|{APPLICATION_KEYS})"
_EMPTY = re.compile(r"(?:null|none|nil|undefined|true|false|\*+|[01]|(?:%2a)+|\{\w*\}|<\w*>)?", re.IGNORECASE)
_HASH = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128}|\$\d\w?\$.*", re.IGNORECASE)
_IN_URL = re.compile(rf"[?&;]{_SECRETS}=([^&;#\s]*)", re.IGNORECASE)
_IN_FORM = re.compile(rf"(?:^|[&\r\n])(?:[\w.\[-]{{0,40}}[._\[-])?{_SECRETS}\]?=([^&\r\n]*)", re.IGNORECASE)
_IN_JSON = re.compile(rf'"(?:[\w.-]{{0,40}}[._-])?{_SECRETS}"\s*:\s*"([^"]*)"', re.IGNORECASE)
_IN_XML = re.compile(rf"<(?:\w+:)?{_SECRETS}(?:\s[^<>]*)?>([^<]*)</", re.IGNORECASE)
_IN_PARTS = re.compile(rf'name="{_SECRETS}"[^\r\n]*\r?\n\r?\n([^\r\n]*)\r?\n', re.IGNORECASE)
_USER_OF_URL = re.compile(r"[a-z][a-z0-9+.-]*://([^/?#@:]+):([^/?#@]+)@", re.IGNORECASE)
_SECURED = "PasswordDigest"
_PLACES = ((_IN_JSON, "{"), (_IN_XML, "<"), (_IN_FORM, "="), (_IN_PARTS, "form-data"))


def in_url(target: str) -> Iterator[Shown]:
    """Before its host, and in its query (RFC 3986 section 3.2.1, CWE-598)."""
    yield from in_user_part(target)
    yield from _fields(_IN_URL, target, "in a URL")


def in_user_part(target: str) -> Iterator[Shown]:
    """`scheme://user:password@host`."""
    user = _USER_OF_URL.match(target)
    if user:
        yield Shown("a password in a URL", CLEAR, len(user[1]), len(user[2]))


def in_content(prefix: bytes, where: str) -> Iterator[Shown]:
    """In a form, JSON, XML or the parts of a multipart body that begins with `prefix`."""
    text = prefix.decode("latin-1")
    if _SECURED in text:
        yield Shown("WS-Security digest", CHALLENGE, -1, -1)
        return
    for pattern, mark in _PLACES:
        if mark in text:
            yield from _fields(pattern, text, where)


def _fields(pattern: re.Pattern[str], text: str, where: str) -> Iterator[Shown]:
    for found in pattern.finditer(text):
        value = found[3].strip()
        if not _EMPTY.fullmatch(value):
            form = HASHED if found[1] and _HASH.fullmatch(value) else CLEAR if found[1] or found[2] else APPLICATION
            kind = "a password" if found[1] else "an access token" if found[2] else "an API key"
            yield Shown(f"{kind} {where}", form, -1, len(value))
