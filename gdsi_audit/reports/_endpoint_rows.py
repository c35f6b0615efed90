"""The endpoints of an audit as JSON, row by row: there may be tens of thousands, so the text is written at once, without tables in between."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

import numpy as np

from gdsi_audit.endpoints import Endpoint, Naming
from gdsi_audit.geo import Answer, Place
from gdsi_audit.jurisdictions import jurisdiction
from gdsi_audit.jurisdictions.assessed_flows import NOWHERE
from gdsi_audit.reports._all_parties import together
from gdsi_audit.reports._gathered import NOTHING, Group, Groups, union
from gdsi_audit.reports._instant import iso
from gdsi_audit.reports._parties import Parties
from gdsi_audit.reports._plain import attributes, plain, printable
from gdsi_audit.traffic import DeviceTraffic

MOST_SERVICES = 8


def endpoint_rows(devices: Sequence[DeviceTraffic], found: Sequence[Parties], endpoints: Mapping[str, Endpoint]) -> Iterator[str]:
    """One object per remote address, ordered as text. `found`: the parties of each device."""
    whole, of_device = together(found)
    groups = Groups(whole, whole.address)
    texts = [whole.addresses[key] for key in groups.keys.tolist()]
    order = sorted(range(len(texts)), key=texts.__getitem__)
    contacts = zip((texts[place] for place in order), groups.in_order(np.array(order, np.intp)), strict=True)
    names = [printable(device.device.id) for device in devices]
    places: dict[int, str] = {}
    for address, group in _beside(sorted(endpoints), contacts):
        endpoint = endpoints.get(address) or next((one.endpoints[address] for one in devices if address in one.endpoints), None)
        endpoint = endpoint or Endpoint(address, (), NOWHERE)
        place = places.get(id(endpoint.place))
        if place is None:
            place = places[id(endpoint.place)] = _place(endpoint.place)
        mine = [names[row] for row in dict.fromkeys(of_device[group.rows].tolist())]
        yield _row(endpoint, place, group, sorted(mine), sorted(union(group, whole.services)))


def _beside(addresses: Sequence[str], contacts: Iterator[tuple[str, Group]]) -> Iterator[tuple[str, Group]]:
    """Every address once, with what moved to it; both are ordered as text."""
    following = next(contacts, None)
    for address in addresses:
        while following is not None and following[0] < address:
            yield following
            following = next(contacts, None)
        if following is not None and following[0] == address:
            yield following
            following = next(contacts, None)
        else:
            yield address, NOTHING
    if following is not None:
        yield following
        yield from contacts


def _row(endpoint: Endpoint, place: str, group: Group, devices: Sequence[str], services: Sequence[str]) -> str:
    moved = group.totals()
    first, last = (f'"{instant}"' if instant else "null" for instant in (moved["first_seen"], moved["last_seen"]))
    return (
        f'{{"address": {_text(endpoint.address)}, "name": {_text(endpoint.name)}, "names": [{", ".join(map(_naming, endpoint.names))}], '
        f'"organisation": {_text(printable(endpoint.place.organisation))}, "place": {place}, "jurisdiction": "{jurisdiction(endpoint.place)}", '
        f'"assessment": "{group.assessed}", "match": "{group.match}", '
        f'"devices": [{", ".join(map(_text, devices))}], "services": [{", ".join(map(_text, services[:MOST_SERVICES]))}], '
        f'"flows": {group.flows}, "up_bytes": {group.up_bytes}, "down_bytes": {group.down_bytes}, '
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
