"""The endpoints of an audit as JSON, row by row: there may be tens of thousands, so the text is written at once, without tables in between."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

from gdsi_audit.endpoints import Endpoint, Naming
from gdsi_audit.geo import Answer, Place
from gdsi_audit.jurisdictions import jurisdiction
from gdsi_audit.reports._destinations import Parties, Party, gravest_assessment, gravest_match, totals
from gdsi_audit.reports._instant import iso
from gdsi_audit.reports._plain import attributes, plain, printable
from gdsi_audit.traffic import DeviceTraffic

MOST_SERVICES = 8


def endpoint_rows(devices: Sequence[DeviceTraffic], found: Sequence[Parties], endpoints: Mapping[str, Endpoint]) -> Iterator[str]:
    """One object per remote address, ordered as text. `found`: the parties of each device."""
    contacts: dict[str, list[tuple[str, Party]]] = {address: [] for address in sorted(endpoints)}
    for device, mine in zip(devices, found, strict=True):
        name = printable(device.device.id)
        for (_, address), party in mine.items():
            contacts.setdefault(address, []).append((name, party))
    places: dict[int, str] = {}
    for address, given in contacts.items():
        endpoint = endpoints.get(address) or next((one.endpoints[address] for one in devices if address in one.endpoints), None)
        endpoint = endpoint or Endpoint(address, (), Place())
        place = places.get(id(endpoint.place))
        if place is None:
            place = places[id(endpoint.place)] = _place(endpoint.place)
        yield _row(endpoint, place, given)


def _row(endpoint: Endpoint, place: str, contacts: Sequence[tuple[str, Party]]) -> str:
    group = [party for _, party in contacts]
    services = sorted({service for one in group for service in one.services})[:MOST_SERVICES]
    moved = totals(group)
    first, last = (f'"{instant}"' if instant else "null" for instant in (moved["first_seen"], moved["last_seen"]))
    return (
        f'{{"address": {_text(endpoint.address)}, "name": {_text(endpoint.name)}, "names": [{", ".join(map(_naming, endpoint.names))}], '
        f'"organisation": {_text(printable(endpoint.place.organisation))}, "place": {place}, "jurisdiction": "{jurisdiction(endpoint.place)}", '
        f'"assessment": "{gravest_assessment(group)}", "match": "{gravest_match(group)}", '
        f'"devices": [{", ".join(map(_text, sorted({device for device, _ in contacts})))}], "services": [{", ".join(map(_text, services))}], '
        f'"flows": {moved["flows"]}, "up_bytes": {moved["up_bytes"]}, "down_bytes": {moved["down_bytes"]}, '
        f'"first_seen": {first}, "last_seen": {last}}}'
    )


def _naming(one: Naming) -> str:
    time = iso(one.time)
    quoted = f'"{time}"' if time else "null"
    return (
        f'{{"name": {_text(one.name)}, "source": "{one.source}", "capture": {one.capture}, "frame": {one.frame}, "time": {quoted}, '
        f'"resolver": {_text(one.resolver)}, "cname_chain": {_text(one.cname_chain)}}}'
    )


def _place(place: Place) -> str:
    return _object(place, _value)


@lru_cache(maxsize=4096)
def _answer(answer: Answer) -> str:
    return _object(answer, _value)


def _value(value: Any) -> str:
    """Commonest first: there are tens of thousands."""
    if isinstance(value, str):
        return _text(printable(value))
    if value is False or value == ():
        return "false" if value is False else "[]"
    return _answer(value) if isinstance(value, Answer) else _encode(plain(value))


def _object(value: object, encoded: Callable[[Any], str]) -> str:
    return "{" + ", ".join(f'"{name}": {encoded(field)}' for name, field in attributes(value).items()) + "}"


_encode = json.JSONEncoder(ensure_ascii=False).encode
_text = lru_cache(maxsize=65_536)(encode_basestring)
"""A text as JSON has it."""
