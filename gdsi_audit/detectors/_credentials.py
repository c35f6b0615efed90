"""Credentials that a message shows, protocol by protocol: of which kind, how long, and whether the secret itself can be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gdsi_audit.detectors._secret_fields import APPLICATION, CHALLENGE, CLEAR, DEFAULT, NOBODY, Shown, in_content, in_url, in_user_part
from gdsi_audit.protocols import Message
from gdsi_audit.protocols._basic_credentials import basic_sizes
from gdsi_audit.protocols._dialogue import Credentials

ANSWERS_A_CHALLENGE = frozenset({"digest", "ntlm", "negotiate", "cram-md5", "digest-md5", "apop", "gssapi", "gss-spnego", "kerberos_v4"})
SCRAM = "scram-"
CLEAR_SCHEMES = {"bearer": "HTTP Bearer token", "token": "HTTP token", "apikey": "HTTP API key", "api-key": "HTTP API key"}
SHORTEST_CONTENT_BYTES = 6
SECRET_HEADERS = frozenset({"x-api-key", "x-auth-token", "x-access-token", "api-key", "x-api-token", "x-amz-security-token", "x-session-token"})
ANONYMOUS = frozenset({"anonymous", "ftp", "guest"})


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
        yield from in_url(body.target)
    if len(body.body_prefix) >= SHORTEST_CONTENT_BYTES:
        yield from in_content(body.body_prefix, "in a form")
    for name, value in body.headers:
        if name in SECRET_HEADERS and value:
            kind, form = ("HTTP API key", APPLICATION) if "key" in name else ("HTTP token", CLEAR)
            yield Shown(kind, form, -1, len(value))


def _authorization(scheme: str, given: str) -> Iterator[Shown]:
    rest = given.partition(" ")[2].strip()
    if scheme == "basic":
        user, secret = basic_sizes(rest.encode())
        yield Shown("HTTP Basic", CLEAR if secret else NOBODY, user, secret)
    elif scheme in ANSWERS_A_CHALLENGE:
        yield Shown(f"HTTP {scheme.capitalize() if scheme != 'ntlm' else 'NTLM'}", CHALLENGE, -1, -1)
    elif scheme in CLEAR_SCHEMES and rest:
        yield Shown(CLEAR_SCHEMES[scheme], APPLICATION if "key" in scheme else CLEAR, -1, len(rest))


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
        yield from in_content(body.payload_prefix, "in a message")


def _snmp(body: Any) -> Iterator[Shown]:
    if body.community_bytes >= 0 and body.operation != "response":
        yield Shown("SNMP community", DEFAULT if body.is_public or not body.community_bytes else CLEAR, -1, body.community_bytes)


def _rtsp(body: Any) -> Iterator[Shown]:
    scheme = getattr(body, "authorization_scheme", "")
    if scheme == "basic":
        yield Shown("RTSP Basic", CLEAR if body.secret_bytes else NOBODY, body.user_bytes, body.secret_bytes)
    elif scheme:
        yield Shown(f"RTSP {scheme.capitalize()}", CHALLENGE, body.user_bytes, -1)
    yield from in_user_part(getattr(body, "target", ""))


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
