"""Record data by type: what an answer says (RFC 1035 §3.3, RFC 2782, RFC 3596, RFC 6891, RFC 9460)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from gdsi_audit.protocols._dns_names import read_name
from gdsi_audit.protocols._ech_configuration import public_names
from gdsi_audit.wire_text import WireText, display

A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, SRV, DNAME, OPT, SVCB, HTTPS, ANY = 1, 2, 5, 6, 12, 15, 16, 28, 33, 39, 41, 64, 65, 255
INTERNET = 1


@dataclass(frozen=True, slots=True)
class MailExchange:
    """MX (RFC 1035 §3.3.9): the lower the preference, the sooner it is tried."""

    preference: int
    exchange: WireText


@dataclass(frozen=True, slots=True)
class Service:
    """SRV: where a service runs."""

    priority: int
    weight: int
    port: int
    target: WireText


@dataclass(frozen=True, slots=True)
class StartOfAuthority:
    """SOA (RFC 1035 §3.3.13), its timers left out."""

    primary: WireText
    mailbox: WireText
    serial: int


@dataclass(frozen=True, slots=True)
class ServiceBinding:
    """SVCB and HTTPS (RFC 9460). Priority 0 is alias mode: only `target` counts."""

    priority: int
    target: WireText
    """`.`: the owner itself."""
    alpn: tuple[WireText, ...]
    port: int
    """0: the scheme's own."""
    ipv4hint: tuple[str, ...]
    ipv6hint: tuple[str, ...]
    ech: bool
    """An encrypted-client-hello configuration is offered: names of connections may be hidden."""
    public_names: tuple[WireText, ...] = ()
    """The names that such connections show instead, lower case."""


@dataclass(frozen=True, slots=True)
class ExtensionMechanism:
    """OPT (RFC 6891)."""

    udp_payload_bytes: int
    options: tuple[tuple[int, int], ...]
    """(option code, length in bytes) of each."""


Value = str | tuple[WireText, ...] | MailExchange | Service | StartOfAuthority | ServiceBinding | ExtensionMechanism | None


class Record(NamedTuple):
    """One resource record."""

    name: WireText
    rtype: int
    rclass: int
    ttl_s: int
    """Values over 2**31 - 1 count as 0 (RFC 2181 §8)."""
    rdata_bytes: int
    value: Value
    """Address or name as text, or the type's own class; None: a type not read here, a class other than IN, or data that is not of its type."""


def value_of(rtype: int, rclass: int, data: bytes, start: int, stop: int) -> Value:
    """What `data[start:stop]` says as record data of `rtype`. Raises ValueError where it is not of that type."""
    if rtype == OPT:
        return ExtensionMechanism(rclass, tuple((code, len(text)) for code, text in _pairs(data[start:stop])))
    reader = _READERS.get(rtype)
    return reader(data, start, stop) if reader and rclass == INTERNET else None


def _name(data: bytes, start: int, stop: int) -> WireText:
    name, behind = read_name(data[:stop], start)
    if behind != stop:
        raise ValueError(f"record data holds more than a name at offset {behind}")
    return name


def _address4(data: bytes, start: int, stop: int) -> str:
    return str(IPv4Address(data[start:stop]))


def _address6(data: bytes, start: int, stop: int) -> str:
    return str(IPv6Address(data[start:stop]))


def _mail_exchange(data: bytes, start: int, stop: int) -> MailExchange:
    return MailExchange(_number(data, start, start + 2, stop), _name(data, start + 2, stop))


def _service(data: bytes, start: int, stop: int) -> Service:
    priority, weight, port = (_number(data, place, place + 2, stop) for place in range(start, start + 6, 2))
    return Service(priority, weight, port, _name(data, start + 6, stop))


def _start_of_authority(data: bytes, start: int, stop: int) -> StartOfAuthority:
    primary, behind = read_name(data[:stop], start)
    mailbox, behind = read_name(data[:stop], behind)
    return StartOfAuthority(primary, mailbox, _number(data, behind, behind + 4, stop))


def _texts(data: bytes, start: int, stop: int) -> tuple[WireText, ...]:
    return tuple(display(text) for text in _prefixed(data[start:stop]))


def _service_binding(data: bytes, start: int, stop: int) -> ServiceBinding:
    priority = _number(data, start, start + 2, stop)
    target, behind = read_name(data[:stop], start + 2)
    parameters = dict(_pairs(data[behind:stop]))
    return ServiceBinding(
        priority=priority,
        target=target,
        alpn=tuple(display(protocol) for protocol in _prefixed(parameters.get(1, b""))),
        port=int.from_bytes(parameters.get(3, b"")[:2]),
        ipv4hint=tuple(str(IPv4Address(hint)) for hint in _slices(parameters.get(4, b""), 4)),
        ipv6hint=tuple(str(IPv6Address(hint)) for hint in _slices(parameters.get(6, b""), 16)),
        ech=5 in parameters,
        public_names=tuple(public_names(parameters.get(5, b""))),
    )


_READERS: dict[int, Callable[[bytes, int, int], Value]] = {
    **dict.fromkeys((NS, CNAME, PTR, DNAME), _name),
    **dict.fromkeys((SVCB, HTTPS), _service_binding),
    A: _address4,
    AAAA: _address6,
    MX: _mail_exchange,
    SRV: _service,
    SOA: _start_of_authority,
    TXT: _texts,
}


def _number(data: bytes, start: int, end: int, stop: int) -> int:
    if end > stop:
        raise ValueError(f"record data ends inside a number at offset {stop}")
    return int.from_bytes(data[start:end])


def _prefixed(data: bytes) -> list[bytes]:
    """Strings with one byte of length before each."""
    parts = []
    while data:
        if len(data) <= data[0]:
            raise ValueError("a string of the record data runs over its end")
        parts.append(data[1 : 1 + data[0]])
        data = data[1 + data[0] :]
    return parts


def _pairs(data: bytes) -> list[tuple[int, bytes]]:
    """(code, bytes) with two bytes of code and two of length before each."""
    parts, position = [], 0
    while position < len(data):
        behind = position + 4 + int.from_bytes(data[position + 2 : position + 4])
        if behind > len(data) or position + 4 > len(data):
            raise ValueError("a parameter of the record data runs over its end")
        parts.append((int.from_bytes(data[position : position + 2]), data[position + 4 : behind]))
        position = behind
    return parts


def _slices(data: bytes, size: int) -> list[bytes]:
    return [data[place : place + size] for place in range(0, len(data), size)]
