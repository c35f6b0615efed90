"""One message in the wire format of DNS, which mDNS and LLMNR share (RFC 1035 §4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from gdsi_audit.protocols._dns_names import HEADER_BYTES, CutShortError, folded, read_name
from gdsi_audit.protocols._dns_records import AAAA, CNAME, HTTPS, SVCB, A, Record, ServiceBinding, Value, value_of
from gdsi_audit.wire_text import WireText

LONGEST_CHAIN = 16
"""CNAME links that are followed from a queried name."""


class Question(NamedTuple):
    """What is asked for (RFC 1035 §4.1.2)."""

    name: WireText
    qtype: int
    qclass: int


class Answered(NamedTuple):
    """An address that an answer gave for a queried name."""

    name: WireText
    """As asked, in lower case."""
    address: str
    ttl_s: int
    """Smallest of the address record and the links before it."""
    chain: tuple[WireText, ...]
    """CNAME targets between name and address, in lower case."""


@dataclass(frozen=True, slots=True)
class DnsMessage:
    """Names are in display form, case kept."""

    id: int
    response: bool
    opcode: int
    rcode: int
    truncated: bool
    questions: tuple[Question, ...]
    answers: tuple[Record, ...]
    authorities: tuple[Record, ...]
    additionals: tuple[Record, ...]
    announced_answers: int
    """Records in the answer section by the header."""
    extra_bytes: int
    """Bytes behind the last record: nothing in the protocol accounts for them."""
    cut: bool
    """The bytes end inside the records; those before the end are given."""

    @property
    def hides_names(self) -> bool:
        """Whether an answer offers to encrypt the names of connections (RFC 9848)."""
        return any(isinstance(record.value, ServiceBinding) and record.value.ech for record in self.answers)

    def addresses(self) -> Iterator[Answered]:
        """What the answers say of the names asked for: A and AAAA, over CNAMEs, and the hints of SVCB and HTTPS.

        Records that do not lead from a question are left out: nobody asked. A response without a question speaks of each owner itself.
        """
        if not self.response or self.opcode:
            return
        asked = [question.name for question in self.questions] or [record.name for record in self.answers if record.rtype in (A, AAAA)]
        for name in dict.fromkeys(map(folded, asked)):
            yield from self._addresses_of(name)

    def _addresses_of(self, name: WireText) -> Iterator[Answered]:
        chain, ttl_s = self._chain_from(name)
        place_of = {link: place for place, link in enumerate(chain)}
        for record in self.answers:
            place = place_of.get(folded(record.name), -1)
            if place < 0:
                continue
            links, least_s = tuple(chain[1 : place + 1]), min(ttl_s[place], record.ttl_s)
            if record.rtype in (A, AAAA) and isinstance(record.value, str):
                yield Answered(name, record.value, least_s, links)
            elif isinstance(record.value, ServiceBinding):
                target = folded(record.value.target)
                via = links if target in (".", chain[place]) else (*links, target)
                hints = (*record.value.ipv4hint, *record.value.ipv6hint)
                yield from (Answered(_without_attributes(name), hint, least_s, via) for hint in hints)

    def _chain_from(self, name: WireText) -> tuple[list[WireText], list[int]]:
        aliases: dict[WireText, tuple[WireText, int]] = {}
        for record in self.answers:
            target = _alias_target(record.rtype, record.value)
            if target:
                aliases.setdefault(folded(record.name), (folded(target), record.ttl_s))
        chain, ttl_s = [name], [0xFFFFFFFF]
        while chain[-1] in aliases and len(chain) <= LONGEST_CHAIN:
            target, link_ttl_s = aliases[chain[-1]]
            if target in chain:
                break
            chain.append(target)
            ttl_s.append(min(ttl_s[-1], link_ttl_s))
        return chain, ttl_s


def parse_message(data: bytes, *, multicast: bool = False) -> DnsMessage:
    """The message in `data`; `multicast` takes the top bit of classes as mDNS's flag (RFC 6762 §10.2). Raises ValueError with the offset."""
    if len(data) < HEADER_BYTES:
        raise ValueError(f"a DNS header has {HEADER_BYTES} bytes, here are {len(data)}")
    flags, *counts = (int.from_bytes(data[place : place + 2]) for place in range(2, HEADER_BYTES, 2))
    class_mask = 0x7FFF if multicast else 0xFFFF
    questions, position = _questions(data, counts[0], class_mask)
    sections: list[tuple[Record, ...]] = []
    cut = False
    for count in counts[1:]:
        records, position, cut = _section(data, position, 0 if cut else count, class_mask, cut)
        sections.append(records)
    return DnsMessage(
        id=int.from_bytes(data[:2]),
        response=bool(flags & 0x8000),
        opcode=flags >> 11 & 15,
        rcode=flags & 15,
        truncated=bool(flags & 0x0200),
        questions=questions,
        answers=sections[0],
        authorities=sections[1],
        additionals=sections[2],
        announced_answers=counts[1],
        extra_bytes=0 if cut else len(data) - position,
        cut=cut,
    )


def _questions(data: bytes, count: int, class_mask: int) -> tuple[tuple[Question, ...], int]:
    questions, position = [], HEADER_BYTES
    for _ in range(count):
        name, behind = read_name(data, position)
        position = behind + 4
        if position > len(data):
            raise ValueError(f"the bytes end inside a question at offset {behind}")
        questions.append(Question(name, int.from_bytes(data[behind : behind + 2]), int.from_bytes(data[behind + 2 : position]) & class_mask))
    return tuple(questions), position


def _section(data: bytes, position: int, count: int, class_mask: int, cut: bool) -> tuple[tuple[Record, ...], int, bool]:
    records: list[Record] = []
    for _ in range(count):
        try:
            record, position = _record(data, position, class_mask)
        except CutShortError:
            return tuple(records), position, True
        records.append(record)
    return tuple(records), position, cut


def _record(data: bytes, position: int, class_mask: int) -> tuple[Record, int]:
    name, fixed = read_name(data, position)
    start = fixed + 10
    stop = start + int.from_bytes(data[fixed + 8 : start])
    if max(start, stop) > len(data):
        raise CutShortError(f"the bytes end inside a record at offset {position}")
    rtype, rclass = int.from_bytes(data[fixed : fixed + 2]), int.from_bytes(data[fixed + 2 : fixed + 4])
    ttl_s = int.from_bytes(data[fixed + 4 : fixed + 8])
    record_class = rclass if rtype == 41 else rclass & class_mask
    return Record(name, rtype, record_class, ttl_s if ttl_s < 1 << 31 else 0, stop - start, _value(rtype, record_class, data, start, stop)), stop


def _value(rtype: int, rclass: int, data: bytes, start: int, stop: int) -> Value:
    try:
        return value_of(rtype, rclass, data, start, stop)
    except ValueError:
        return None


def _alias_target(rtype: int, value: Value) -> WireText | None:
    if rtype == CNAME and isinstance(value, str):
        return WireText(value)
    if rtype in (SVCB, HTTPS) and isinstance(value, ServiceBinding) and value.priority == 0 and value.target != ".":
        return value.target
    return None


def _without_attributes(name: WireText) -> WireText:
    """The host that `_8443._https.host` speaks of (RFC 9460 §9.1)."""
    labels = name.split(".")
    while len(labels) > 1 and labels[0].startswith("_"):
        del labels[0]
    return WireText(".".join(labels))
