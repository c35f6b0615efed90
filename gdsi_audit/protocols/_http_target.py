"""Whom an HTTP request is for: the host of its target, and of its Host fields (RFC 9110 section 7.1, RFC 9112 section 3.2)."""

from __future__ import annotations

import re
from functools import lru_cache

from gdsi_audit.protocols._dns_names import folded
from gdsi_audit.protocols._http_head import Head
from gdsi_audit.wire_text import WireText, display

REMEMBERED_HOSTS = 4096

_ABSOLUTE = re.compile(rb"[a-z][a-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#]*)", re.IGNORECASE)
_AUTHORITY = re.compile(rb"\[([^\]]*)\](?::[0-9]*)?|([^:]*)(?::[0-9]*)?")


def hosts_of(head: Head, method: bytes, target: bytes) -> tuple[WireText, ...]:
    """Hosts without port, lower case, each once: that of an absolute target or of a CONNECT, then those of Host fields."""
    absolute = _ABSOLUTE.match(target)
    from_target = [target] if method == b"CONNECT" else [absolute[1]] if absolute else []
    hosts = [host_of(authority) for authority in (*from_target, *head.values(b"host"))]
    return tuple(dict.fromkeys(host for host in hosts if host))


@lru_cache(maxsize=REMEMBERED_HOSTS)
def host_of(authority: bytes) -> WireText:
    """The host of `host:port` in lower case, brackets and a trailing dot gone; what has neither form is kept whole."""
    match = _AUTHORITY.fullmatch(authority.strip())
    host = (match[1] or match[2] or b"") if match else authority.strip()
    return folded(display(host.removesuffix(b".")))
