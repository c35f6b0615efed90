"""The draft as a declaration file. Names come from the wire: whatever they hold, they end as text or comment, never as TOML of their own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from gdsi_audit import __version__
from gdsi_audit.declarations import Destination, Listener
from gdsi_audit.drafting import _wildcards
from gdsi_audit.drafting._contacts import Sums
from gdsi_audit.drafting._drafted import Drafted
from gdsi_audit.drafting._entries import Entry
from gdsi_audit.findings.quantities import counted
from gdsi_audit.traffic import Capture, Device
from gdsi_audit.wire_text import printable

HEAD = """\
A draft, made from what was seen. It says what the devices did in these captures, not what they may do.
Read every entry, say what it is for, strike what nobody can explain, and change `by` once somebody stands for it.\
"""
STUBS = """\
[product]
vendor = ""
model = ""
firmware = ""
home = "SE"

[vantage]
position = "access-point"
country = "DE"

[jurisdictions]
allowed = ["EU"]\
"""
"""What traffic does not tell, as comments to fill in."""
MOST_LISTED = 8
LONGEST_COMMENT = 600


def text(draft: Drafted) -> str:
    """The whole file; `declarations.toml` reads it."""
    several = len(draft.devices) > 1
    parts = [
        _comment(HEAD),
        _statement(draft.captures),
        _comment(STUBS),
        *(_device(device) for device in draft.devices),
        *(_destination(entry, several=several) for entry in _wildcards.gathered(draft.destinations)),
        *(_listener(entry, several=several) for entry in draft.listeners),
        *_left_out(draft),
    ]
    return "\n\n".join(parts) + "\n"


def _statement(captures: Sequence[Capture]) -> str:
    names = [capture.path.rpartition("/")[2] for capture in captures]
    last = max((capture.last for capture in captures if capture.last is not None), default=None)
    made_of = f"drafted by gdsi-audit {__version__} from {', '.join(_few(names)) or 'nothing'}"
    lines = ["[statement]", 'by = "drafted"', f"source = {quoted(made_of)}"]
    return "\n".join(lines if last is None else [*lines, f"date = {day(last)}"])


def day(instant: int) -> str:
    """The date of UTC nanoseconds."""
    return datetime.fromtimestamp(instant // 10**9, UTC).date().isoformat()


def _device(device: Device) -> str:
    lines = [_comment(f"calls itself {', '.join(device.hostnames)}")] if device.hostnames else []
    lines += [_comment(f"its network card is by {device.vendor}")] if device.vendor else []
    lines += ["[[device]]", f"name = {quoted(device.id)}"]
    addresses = f"addresses = [{_list(sorted({address.partition('%')[0] for address in device.addresses}))}]"
    if device.macs:  # an address may be another's tomorrow
        return "\n".join([*lines, f"mac = [{_list(device.macs)}]", _comment(addresses)])
    return "\n".join([*lines, addresses])


def _destination(entry: Entry[Destination], *, several: bool) -> str:
    item = entry.item
    subject = ("name", item.name) if item.name else ("class", item.klass) if item.klass else ("address", _address(item))
    fields = [subject, ("transport", item.transport)]
    lines = [f"{key} = {quoted(value)}" for key, value in fields if value]
    lines += [f"ports = [{', '.join(str(low) for low, _ in item.ports)}]"] if item.ports else []
    words = ("initiator", "purpose", "encryption", "direction")
    lines += [f"{word} = {quoted(getattr(item, word))}" for word in words if getattr(item, word)]
    lines += [f"period_s = {item.period_s:g}"] if item.period_s is not None else []
    lines += ["persistent = true"] if item.persistent else []
    return "\n".join([*_seen(entry.sums, entry.remarks, several=several), "[[destination]]", *lines])


def _address(item: Destination) -> str:
    network = item.network
    if network is None:
        return ""
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def _listener(entry: Entry[Listener], *, several: bool) -> str:
    item = entry.item
    lines = [f"port = {item.port}", f"transport = {quoted(item.transport)}", f"from = {quoted(item.sender)}"]
    return "\n".join([*_seen(entry.sums, entry.remarks, several=several), "[[listener]]", *lines])


def _seen(sums: Sums, remarks: Iterable[str], *, several: bool) -> Iterator[str]:
    """What was seen, as comments. Places are where the databases put the addresses: no statement about jurisdictions."""
    count, addresses = len(sums.flows), len(sums.addresses)
    yield _comment(
        f"seen: {counted(count, 'flow')}, {sums.up_bytes:,} bytes up, {sums.down_bytes:,} down, "
        f"{addresses:,} address{'' if addresses == 1 else 'es'}{_where(sums)}"
    )
    if several:
        yield _comment(f"by {', '.join(_few(sorted(sums.devices)))}")
    yield from map(_comment, remarks)


def _where(sums: Sums) -> str:
    places = f" in {', '.join(sorted(sums.places))}" if sums.places else ""
    return places + (f" ({'; '.join(_few(sorted(sums.organisations)))})" if sums.organisations else "")


def _left_out(draft: Drafted) -> Iterator[str]:
    if draft.refusals:
        told = [f"{one.detector} ({one.severity}) {one.subject}: {one.reason}" for one in draft.refusals]
        yield "\n".join(map(_comment, ("Left out, because it looks like abuse:", *told)))
    if draft.notes:
        yield "\n".join(map(_comment, draft.notes))


def _few(words: Sequence[str]) -> list[str]:
    return [*words[:MOST_LISTED], *([f"{len(words) - MOST_LISTED} more"] if len(words) > MOST_LISTED else [])]


def _list(words: Iterable[str]) -> str:
    return ", ".join(map(quoted, words))


def quoted(word: str) -> str:
    """A basic string of TOML, which escapes what JSON does and DEL as well."""
    return json.dumps(word, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(words: str) -> str:
    """One `#` line for each line of `words`; what could end or hide a comment is written out."""
    return "\n".join(f"# {_cut(line)}".rstrip() for line in words.split("\n"))


def _cut(line: str) -> str:
    return printable(line if len(line) <= LONGEST_COMMENT else line[:LONGEST_COMMENT] + " …")
