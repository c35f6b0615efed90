"""What HTTP says: requests, responses, and the preface of HTTP/2 (RFC 9110, 9112, 9113)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gdsi_audit.wire_text import WireText


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpMessage:
    """What requests and responses share."""

    version: WireText
    """1.0, 1.1."""
    content_type: WireText
    content_length: int
    """-1: not given."""
    upgrade: WireText
    """Protocol asked for or agreed to, lower case: websocket, h2c; empty: none."""
    headers: tuple[tuple[WireText, WireText], ...]
    """(name in lower case, value), the first 64."""
    malformed_lines: int
    """Lines of the head that are no header field."""
    conflicting_lengths: bool
    """Two framings or two lengths: servers may read different messages out of it."""
    head_bytes: int
    body_prefix: bytes
    """What is here of the body, at most 4 KiB, chunk framing gone."""
    body_bytes_missing: int
    """Still to come; -1: unknown (chunks to come, or until the connection closes)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest(HttpMessage):
    """A request (RFC 9110 section 9), with whom it is for."""

    method: WireText
    target: WireText
    hosts: tuple[WireText, ...]
    """Hosts without port, lower case: that of an absolute target, then those of Host fields."""
    user_agent: WireText
    authorization_scheme: WireText
    """Lower case; empty: no credentials."""
    authorization: WireText
    """The credentials as sent, to the server or a proxy: evidence, not for print."""
    cookie: bool
    referer: WireText

    @property
    def host(self) -> WireText:
        """The host that the request is for; empty: not said."""
        return self.hosts[0] if self.hosts else WireText("")

    @property
    def satisfied(self) -> bool:
        """What follows is WebSocket frames, or nothing if the server declines."""
        return self.upgrade == "websocket"

    def names(self) -> Iterator[tuple[str, str]]:
        """(host without port, "http-host")."""
        return ((host, "http-host") for host in self.hosts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect(HttpRequest):
    """A request for a tunnel: what follows the answer is another protocol, to `target`."""

    def names(self) -> Iterator[tuple[str, str]]:
        """(target host, "connect")."""
        return ((host, "connect") for host in self.hosts[:1])

    @property
    def hands_over(self) -> bool:
        """Behind this message the stream speaks another protocol."""
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse(HttpMessage):
    """A response with `upgrade` or to a Connect ends HTTP at `head_bytes`: what follows is the other protocol."""

    status: int
    server: WireText
    location: WireText

    @property
    def satisfied(self) -> bool:
        """No further message can come: the rest of the stream is another protocol's."""
        return self.status == 101


@dataclass(frozen=True, slots=True)
class Http2Preface:
    """A client begins HTTP/2 in clear text (RFC 9113 §3.4)."""

    satisfied: bool = True
