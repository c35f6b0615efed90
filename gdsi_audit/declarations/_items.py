"""Checked tables become the items of a declaration: what one key alone cannot tell is checked here."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gdsi_audit.declarations import (
    Bench,
    DeclaredDevice,
    Destination,
    Identifier,
    Ignore,
    Jurisdictions,
    Listener,
    Phase,
    Product,
    Vantage,
    _identifiers,
)
from gdsi_audit.declarations._checks import Wrong, text
from gdsi_audit.declarations._countries import expand
from gdsi_audit.declarations._entries import Entry
from gdsi_audit.declarations._fields import PORTLESS

LARGEST_VALUE_BYTES = 4096

QUIET_PHASES = ("idle", "boot")
"""Nobody touches the device then, unless the declaration says otherwise."""

Builder = Callable[[Entry, Path], Any]


def product(entry: Entry, path: Path) -> Product:
    return Product(**entry.values, sources=entry.sources, source=entry.source)


def vantage(entry: Entry, path: Path) -> Vantage:
    if len(entry.has("latitude", "longitude")) == 1:
        raise Wrong('needs both "latitude" and "longitude", or neither', *entry.has("latitude", "longitude"))
    return Vantage(**entry.values, sources=entry.sources, source=entry.source)


def jurisdictions(entry: Entry, path: Path) -> Jurisdictions:
    words = {key: entry.values[key] for key in entry.has("allowed", "denied", "hosts_from", "operators_from")}
    groups = {key: expand(named) for key, named in words.items()}
    return Jurisdictions(
        data_generated_in=entry.values.get("data_generated_in", ""),
        allowed_words=words.get("allowed", ()),
        words=tuple(words.items()),
        **groups,
        sources=entry.sources,
        source=entry.source,
    )


def device(entry: Entry, path: Path) -> DeclaredDevice:
    macs, addresses = entry.values.get("mac", ()), entry.values.get("addresses", ())
    if not macs and not addresses:
        raise Wrong('needs "mac" or "addresses": nothing else tells whose packets are its own')
    return DeclaredDevice(name=entry.values.get("name", (*macs, *addresses)[0]), macs=macs, addresses=addresses, source=entry.source)


def bench(entry: Entry, path: Path) -> Bench:
    own = {"controller": "my-controller", "manufacturer": "same-manufacturer"}
    bound = [(key, entry.values[key]) for key in entry.has("controller", "manufacturer", "model")]
    binds = tuple(value if value == own.get(key) else f"{key} {value}" for key, value in bound)
    return Bench(role=entry.values["role"], address=entry.values["address"], reason=entry.values.get("reason", ""), binds=binds, source=entry.source)


def ignore(entry: Entry, path: Path) -> Ignore:
    return Ignore(**entry.values, source=entry.source)


def destination(entry: Entry, path: Path) -> Destination:
    subjects = entry.has("name", "address", "asn", "class")
    if len(subjects) != 1:
        found = f"not {' and '.join(subjects)}" if subjects else "and has none"
        raise Wrong(f"needs exactly one of name, address, asn, class, {found}", *subjects[1:2])
    values = dict(entry.values)
    renamed = {new: values.pop(old) for old, new in (("address", "network"), ("class", "klass")) if old in values}
    if values.get("ports") and values.get("transport", "tcp") in PORTLESS:
        raise Wrong(f'has "ports", but {values["transport"]} has none', "ports")
    words = values.pop("jurisdictions", None)
    allowed = expand(words) if words is not None else None
    return Destination(**values, **renamed, jurisdictions=allowed, jurisdiction_words=words or (), source=entry.source)


def listener(entry: Entry, path: Path) -> Listener:
    transport = entry.values.get("transport", "tcp")
    if transport in PORTLESS or transport.startswith("ip-"):
        raise Wrong(f'has "port", but {transport} has none', "transport")
    return Listener(port=entry.values["port"], transport=transport, sender=entry.values.get("from", "local"), source=entry.source)


def identifier(entry: Entry, path: Path) -> Identifier:
    given = entry.has("value", "value_from")
    if len(given) != 1:
        raise Wrong('needs exactly one of "value" and "value_from"', *given[1:])
    try:
        raw = entry.values["value"] if given == ["value"] else _value_from(entry.values["value_from"], path)
        value = _identifiers.checked(entry.values["kind"], raw)
    except Wrong as wrong:
        raise Wrong(f'"{given[0]}" {wrong}', given[0]) from None
    allowed = entry.values.get("allowed_to", ())
    return Identifier(id=entry.values["id"], kind=entry.values["kind"], value=value, allowed_to=allowed, source=entry.source)


def phase(entry: Entry, path: Path) -> Phase:
    if entry.values["end"] <= entry.values["start"]:
        raise Wrong("ends before it starts", "end")
    active = entry.values.get("user_active", entry.values["name"] not in QUIET_PHASES)
    times = {key: entry.values[key] for key in ("name", "start", "end")}
    return Phase(**times, user_active=active, consent=entry.values.get("consent", ""), source=entry.source)


BUILDERS: dict[str, tuple[str, Builder]] = {
    "product": ("product", product),
    "device": ("devices", device),
    "bench": ("bench", bench),
    "ignore": ("ignore", ignore),
    "vantage": ("vantage", vantage),
    "jurisdictions": ("jurisdictions", jurisdictions),
    "destination": ("destinations", destination),
    "listener": ("listeners", listener),
    "identifier": ("identifiers", identifier),
    "phase": ("phases", phase),
}
"""Table to the field of Declaration that it fills, and what fills it."""


def _value_from(reference: str, path: Path) -> str:
    """The value that `env:NAME` or `file:PATH` stands for; a path is relative to the declaration's folder. Raises Wrong."""
    scheme, _, name = reference.partition(":")
    if scheme == "env" and name:
        if name not in os.environ:
            raise Wrong(f"names the environment variable {name[:60]}, which is not set")
        return text(os.environ[name])
    if scheme == "file" and name:
        return text(_content(path.parent / name, name).rstrip("\r\n"))
    raise Wrong('must be "env:NAME" or "file:PATH"')


def _content(file: Path, name: str) -> str:
    try:
        if not file.is_file():
            raise Wrong(f'names the file "{name[:200]}", which is not there')
        with file.open("rb") as opened:
            raw = opened.read(LARGEST_VALUE_BYTES + 1)
        if len(raw) > LARGEST_VALUE_BYTES:
            raise Wrong(f'names the file "{name[:200]}", which has more than {LARGEST_VALUE_BYTES} bytes')
        return raw.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise Wrong(f'names the file "{name[:200]}", which cannot be read as text') from error
    except ValueError as error:
        raise error if isinstance(error, Wrong) else Wrong("names a file whose name cannot be") from error
