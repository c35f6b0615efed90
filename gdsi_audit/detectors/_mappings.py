"""What a device asks its router to let in: UPnP, NAT-PMP and PCP, brought to one form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gdsi_audit.detectors._exchanges import Exchange, exchanges
from gdsi_audit.naming import names
from gdsi_audit.protocols import Message, nat_pmp, pcp
from gdsi_audit.traffic import DeviceTraffic

ACTIONS = ("AddPortMapping", "AddAnyPortMapping", "AddPinhole")
_ACTION = re.compile(rf"<(?:[\w.-]+:)?({'|'.join(ACTIONS)})[\s>]|#({'|'.join(ACTIONS)})\b")
_ARGUMENT = re.compile(r"<(\w+)(?:\s[^>]*)?>\s*([^<]{0,64}?)\s*</\1>")
IP_PROTOCOLS = {6: "tcp", 17: "udp", 0: "any"}
MAPPED = {nat_pmp.MAP_UDP: "udp", nat_pmp.MAP_TCP: "tcp"}


class Mapping(NamedTuple):
    """One wish. Ports are 0 where none is named or readable."""

    way: str
    """UPnP, NAT-PMP, PCP."""
    transport: str
    """tcp, udp, any; empty: not readable."""
    internal_port: int
    external_port: int
    client: str
    """Another host that it is for; empty: the device itself."""
    peer: str
    """The only address that may come in; empty: anybody."""
    granted: bool | None
    """None: no answer was seen."""
    row: int
    """Position of the flow."""
    messages: tuple[Message, ...]


def mappings(traffic: DeviceTraffic) -> Iterator[Mapping]:
    """All wishes of the device for a way in; what only asks, lists or gives back is none."""
    if "http" in traffic.messages:
        yield from _by_upnp(traffic)
    if "nat_pmp" in traffic.messages:
        yield from _by_nat_pmp(traffic)
    if "pcp" in traffic.messages:
        yield from _by_pcp(traffic)


def _by_upnp(traffic: DeviceTraffic) -> Iterator[Mapping]:
    """SOAP requests (UPnP WANIPConnection:2 section 2.5, WANIPv6FirewallControl:1 section 2.5)."""
    flows = traffic.tables.flows
    if not (flows.is_any("service", ("http",)) & flows["device_is_originator"] & flows["remote_is_local"]).any():
        return
    asked: dict[int, tuple[Message, str]] = {}
    for one in exchanges(traffic, "http"):
        body = one.message.body
        if one.sent and not one.message.from_responder and str(getattr(body, "method", "")) in ("POST", "M-POST"):
            text = body.body_prefix.decode("utf-8", "replace")
            header = next((value for name, value in body.headers if name.endswith("soapaction")), "")
            if _ACTION.search(f"{header}\n{text}"):
                if one.row in asked:
                    yield _soap(traffic, one.row, *asked.pop(one.row), None)
                asked[one.row] = (one.message, text)
        elif not one.sent and one.row in asked and hasattr(body, "status") and body.status >= 200:
            yield _soap(traffic, one.row, *asked.pop(one.row), one.message)
    for row, (message, text) in sorted(asked.items()):
        yield _soap(traffic, row, message, text, None)


def _soap(traffic: DeviceTraffic, row: int, message: Message, text: str, answer: Message | None) -> Mapping:
    arguments = {name.removeprefix("New"): value for name, value in _ARGUMENT.findall(text)}
    protocol = arguments.get("Protocol", "").lower()
    client = arguments.get("InternalClient", "")
    return Mapping(
        way="UPnP",
        transport=IP_PROTOCOLS.get(int(protocol), "any") if protocol.isdigit() else protocol if protocol in ("tcp", "udp") else "",
        internal_port=_port(arguments.get("InternalPort", "")),
        external_port=_port(arguments.get("ExternalPort", "")) or _port(arguments.get("InternalPort", "")),
        client="" if _is_own(client, {*traffic.device.addresses, str(traffic.tables.flows["local_addr"][row])}) else client,
        peer=arguments.get("RemoteHost", "").replace("*", ""),
        granted=None if answer is None else answer.body.status == 200,
        row=row,
        messages=(message,) if answer is None else (message, answer),
    )


def _is_own(client: str, own: set[str]) -> bool:
    """Whether a way in is for the device itself: for nobody else by name, or for an address of a family in which none of its own is known."""
    return client in (*own, "", "0.0.0.0") or (names.is_address(client) and not any((":" in client) == (":" in address) for address in own))


def _port(text: str) -> int:
    return int(text) if text.isdigit() and int(text) < 65_536 else 0


def _by_nat_pmp(traffic: DeviceTraffic) -> Iterator[Mapping]:
    found = list(exchanges(traffic, "nat_pmp"))
    for one in found:
        body = one.message.body
        if one.sent and not body.response and body.operation in MAPPED and body.lifetime_s:
            answer = _answer(found, one)
            given = answer.body if answer is not None else None
            external = given.external_port if given is not None and given.result == 0 else body.external_port
            yield _mapping("NAT-PMP", MAPPED[body.operation], one, answer, external or body.internal_port)


def _by_pcp(traffic: DeviceTraffic) -> Iterator[Mapping]:
    found = list(exchanges(traffic, "pcp"))
    for one in found:
        body = one.message.body
        if one.sent and not body.response and body.operation in (pcp.MAP, pcp.PEER) and body.lifetime_s:
            answer = _answer(found, one)
            given = answer.body if answer is not None else None
            external = given.external_port if given is not None and given.result == 0 else body.external_port
            transport = IP_PROTOCOLS.get(body.protocol, f"ip-{body.protocol}")
            yield _mapping("PCP", transport, one, answer, external or body.internal_port, body.remote_address)


def _answer(found: list[Exchange], asked: Exchange) -> Message | None:
    """What the router said of this wish: in the same flow, behind it, of the same kind and port."""
    wanted = asked.message.body
    for one in found:
        body = one.message.body
        behind = (one.message.time, one.message.frame) >= (asked.message.time, asked.message.frame)
        same = body.response and body.operation == wanted.operation and body.internal_port in (wanted.internal_port, 0)
        if one.row == asked.row and not one.sent and same and behind:
            return one.message
    return None


def _mapping(way: str, transport: str, asked: Exchange, answer: Message | None, external_port: int, peer: str = "") -> Mapping:
    return Mapping(
        way=way,
        transport=transport,
        internal_port=asked.message.body.internal_port,
        external_port=external_port,
        client="",
        peer=peer,
        granted=None if answer is None else answer.body.result == 0,
        row=asked.row,
        messages=(asked.message,) if answer is None else (asked.message, answer),
    )
