"""Credentials that a message shows: of which kind, how long, and whether the secret itself can be read. The secret is never kept."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from gdsi_audit.protocols import Message
from gdsi_audit.protocols._dialogue import Credentials

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


ANSWERS_A_CHALLENGE = frozenset({"digest", "ntlm", "negotiate", "cram-md5", "digest-md5", "apop", "gssapi", "gss-spnego", "kerberos_v4"})
SCRAM = "scram-"
CLEAR_SCHEMES = {"bearer": "HTTP Bearer token", "token": "HTTP token", "apikey": "HTTP API key", "api-key": "HTTP API key"}
SHORTEST_CONTENT_BYTES = 6
SECRET_HEADERS = frozenset({"x-api-key", "x-auth-token", "x-access-token", "api-key", "x-api-token", "x-amz-security-token", "x-session-token"})
ANONYMOUS = frozenset({"anonymous", "ftp", "guest"})
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


def shown_by(message: Message) -> Iterator[Shown]:
    """What one message shows, logins over terminals aside."""
    reader = READERS.get(message.protocol)
    return iter(()) if reader is None else reader(message.body)


def _http(body: Any) -> Iterator[Shown]:
    if not hasattr(body, "method"):
        return
    if body.authorization_scheme:
        yield from _authorization(body.authorization_scheme, body.authorization)
    if "=" in body.target or "@" in body.target:
        yield from _url(body.target)
    if len(body.body_prefix) >= SHORTEST_CONTENT_BYTES:
        yield from _content(body.body_prefix, "in a form")
    for name, value in body.headers:
        if name in SECRET_HEADERS and value:
            kind, form = ("HTTP API key", APPLICATION) if "key" in name else ("HTTP token", CLEAR)
            yield Shown(kind, form, -1, len(value))


def _authorization(scheme: str, given: str) -> Iterator[Shown]:
    rest = given.partition(" ")[2].strip()
    if scheme == "basic":
        user, secret = basic(rest)
        yield Shown("HTTP Basic", CLEAR if secret else NOBODY, user, secret)
    elif scheme in ANSWERS_A_CHALLENGE:
        yield Shown(f"HTTP {scheme.capitalize() if scheme != 'ntlm' else 'NTLM'}", CHALLENGE, -1, -1)
    elif scheme in CLEAR_SCHEMES and rest:
        yield Shown(CLEAR_SCHEMES[scheme], APPLICATION if "key" in scheme else CLEAR, -1, len(rest))


def basic(encoded: str) -> tuple[int, int]:
    """(bytes of the user's name, bytes of the password) in Basic credentials."""
    try:
        user, _, secret = base64.b64decode(encoded, validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return -1, len(encoded)
    return len(user), len(secret)


def _url(target: str) -> Iterator[Shown]:
    user = _USER_OF_URL.match(target)
    if user:
        yield Shown("a password in a URL", CLEAR, len(user[1]), len(user[2]))
    yield from _fields(_IN_URL, target, "in a URL")


def _content(prefix: bytes, where: str) -> Iterator[Shown]:
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


def _line_login(protocol: str) -> Callable[[Any], Iterator[Shown]]:
    def read(body: Any) -> Iterator[Shown]:
        if not isinstance(body, Credentials):
            return
        if body.kind in ANSWERS_A_CHALLENGE or body.kind.startswith(SCRAM):
            yield Shown(f"{protocol} {body.kind.upper()}", CHALLENGE, len(body.user) or -1, -1)
        elif body.kind in ("external", "anonymous") or (protocol == "FTP" and (body.user.lower() in ANONYMOUS or body.secret_bytes == 0)):
            yield Shown(f"{protocol} login", NOBODY, len(body.user) or -1, body.secret_bytes)
        elif body.secret_bytes > 0 or body.kind in ("plain", "login", "xoauth2", "oauthbearer"):
            yield Shown(f"{protocol} login", CLEAR, len(body.user) or -1, body.secret_bytes)

    return read


def _mqtt(body: Any) -> Iterator[Shown]:
    if getattr(body, "password_bytes", -1) > 0:
        yield Shown("MQTT login", CLEAR, len(body.username), body.password_bytes)
    if len(getattr(body, "payload_prefix", b"")) >= SHORTEST_CONTENT_BYTES:
        yield from _content(body.payload_prefix, "in a message")


def _snmp(body: Any) -> Iterator[Shown]:
    if body.community_bytes >= 0 and body.operation != "response":
        yield Shown("SNMP community", DEFAULT if body.is_public or not body.community_bytes else CLEAR, -1, body.community_bytes)


def _rtsp(body: Any) -> Iterator[Shown]:
    scheme = getattr(body, "authorization_scheme", "")
    if scheme == "basic":
        yield Shown("RTSP Basic", CLEAR if body.secret_bytes else NOBODY, body.user_bytes, body.secret_bytes)
    elif scheme:
        yield Shown(f"RTSP {scheme.capitalize()}", CHALLENGE, body.user_bytes, -1)
    user = _USER_OF_URL.match(getattr(body, "target", ""))
    if user:
        yield Shown("a password in a URL", CLEAR, len(user[1]), len(user[2]))


def _ldap(body: Any) -> Iterator[Shown]:
    if body.kind == "simple" and body.secret_bytes > 0:
        yield Shown("LDAP simple bind", CLEAR, len(body.user), body.secret_bytes)
    elif body.kind == "plain":
        yield Shown("LDAP login", CLEAR, -1, -1)


def _socks(body: Any) -> Iterator[Shown]:
    if body.password_bytes > 0:
        yield Shown("SOCKS login", CLEAR, len(body.username), body.password_bytes)


READERS: Mapping[str, Callable[[Any], Iterator[Shown]]] = {
    "http": _http,
    "mqtt": _mqtt,
    "snmp": _snmp,
    "rtsp": _rtsp,
    "ldap": _ldap,
    "socks": _socks,
    **{name.lower(): _line_login(name) for name in ("FTP", "SMTP", "POP", "IMAP", "Redis", "IRC")},
}
