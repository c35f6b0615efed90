"""Flows become evidence: their exact frames, and a Wireshark display filter that finds them again.

A display filter is applied to one file, so there is one Evidence per capture. It is `exact` only where that can be known: the filter names addresses
and ports, and what else these could match (an error that quotes the packet, another flow of the same ports) is excluded or shown to be absent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.findings.finding import LONGEST_FILTER_BYTES, Evidence
from gdsi_audit.findings.flow_tuples import ERRORS, WITH_PORTS, FlowTuples, Tuple, flow_tuples, service
from gdsi_audit.frames.ranges import Ranges
from gdsi_audit.traffic import DeviceTraffic

ICMP_PAIRS = {8: 0, 10: 9, 13: 14, 15: 16, 17: 18}  # request and reply share a flow (RFC 792, RFC 1256)
ICMP6_PAIRS = {128: 129, 130: 131, 133: 134, 135: 136, 139: 140, 144: 145}  # RFC 4443, RFC 2710, RFC 4861, RFC 4620, RFC 6275
LONGEST_TERMS_BYTES = LONGEST_FILTER_BYTES // 2
SHORTEST_TERM_BYTES, SHORTEST_ADDRESS_BYTES = 40, 4
"""No term and no listed address takes less, so that forms which cannot fit need not be written."""
MOST_LISTED_FRAMES = 20
"""A bare list of frame numbers counts as evidence up to here."""

FRAGMENT = "ip.flags.mf == 1 || ip.frag_offset > 0 || ipv6.fraghdr"


class Terms(NamedTuple):
    """A filter without its frame range, and whether it finds no more than asked."""

    text: str
    exact: bool


def evidence(
    traffic: DeviceTraffic,
    flows: NDArray[np.bool_] | Collection[int],
    *,
    filter_terms: str = "",
    frames: Sequence[tuple[int, Ranges]] | None = None,
) -> tuple[Evidence, ...]:
    """Evidence for `flows` (a mask over `traffic.tables.flows`, or flow ids), one per capture, in the order of captures.

    `filter_terms` is a display filter that narrows it further (`dns.qry.type == 16`); `frames` are then the frames it narrows to, as
    FrameIndex.frames gives them. Up to twenty such frames are listed in the filter, which makes it exact; more make it a superset.
    """
    return evidence_at(traffic, _rows(flow_tuples(traffic), flows), filter_terms=filter_terms, frames=frames)


def evidence_at(
    traffic: DeviceTraffic, rows: NDArray[np.intp], *, filter_terms: str = "", frames: Sequence[tuple[int, Ranges]] | None = None
) -> tuple[Evidence, ...]:
    """The same for the flows at ascending positions in `traffic.tables.flows`."""
    known = flow_tuples(traffic)
    if filter_terms or frames is not None:
        return _made(traffic, known, rows, filter_terms, frames)
    # Several detectors speak of the same flows; what is shown for these is the same.
    if traffic not in _LAST:
        _LAST.clear()
    made, key = _LAST.setdefault(traffic, {}), hashlib.blake2b(rows.tobytes(), digest_size=16).digest()
    if key not in made:
        made[key] = _made(traffic, known, rows, "", None)
    return made[key]


_LAST: WeakKeyDictionary[DeviceTraffic, dict[bytes, tuple[Evidence, ...]]] = WeakKeyDictionary()
"""Of one device at most, as in flow_tuples."""


def _made(
    traffic: DeviceTraffic, known: FlowTuples, rows: NDArray[np.intp], filter_terms: str, frames: Sequence[tuple[int, Ranges]] | None
) -> tuple[Evidence, ...]:
    found = frames if frames is not None else _frames(traffic, rows)
    complete = _is_complete(known, rows, found) if frames is None else True
    single = int(rows[0]) if rows.size == 1 else None
    made = []
    for capture, ranges in found:
        terms = _terms(known, rows, capture, ranges, fragments=not complete)
        text, exact = _narrowed(terms, filter_terms, ranges, listed=frames is not None)
        made.append(
            Evidence(
                frames=((traffic.captures[capture].sha256, ranges),),
                display_filter=text,
                filter_kind="exact" if exact and complete else "superset",
                five_tuple="" if single is None else _five_tuple(known.tuple_of(single)),
                community_id="" if single is None else str(traffic.tables.flows.take(rows)["community_id"][0]),
            )
        )
    return tuple(made)


def _rows(known: FlowTuples, flows: NDArray[np.bool_] | Collection[int]) -> NDArray[np.intp]:
    """Positions in the table, ascending."""
    given = np.asarray(flows if isinstance(flows, np.ndarray) else list(flows))
    return np.flatnonzero(given if given.dtype == np.bool_ else np.isin(known.flow, given))


def _frames(traffic: DeviceTraffic, rows: NDArray[np.intp]) -> list[tuple[int, Ranges]]:
    """The exact frames; where the index does not know the flows, the first and last frame of each."""
    table = traffic.tables.flows
    found = traffic.frames.frames(table["flow"][rows])
    if found or not rows.size:
        return found
    ends = [(table[f"{end}_capture"][rows], table[f"{end}_frame"][rows]) for end in ("first", "last")]
    by_capture = sorted({pair for captures, frames in ends for pair in zip(captures.tolist(), frames.tolist(), strict=True)})
    captures = sorted({capture for capture, _ in by_capture})
    return [(capture, Ranges((frame, frame) for of, frame in by_capture if of == capture)) for capture in captures]


def _is_complete(known: FlowTuples, rows: NDArray[np.intp], found: Sequence[tuple[int, Ranges]]) -> bool:
    """Whether every packet is one frame and every frame one packet: no fragments, no tunnel, nothing unknown to the index."""
    frames = sum(ranges.frame_count for _, ranges in found)
    return int(known.pkts[rows].sum()) == frames and not known.inside_tunnel[rows].any()


def _terms(known: FlowTuples, rows: NDArray[np.intp], capture: int, ranges: Ranges, *, fragments: bool) -> Terms:
    """The shortest form that fits: by service, then by five-tuple, then by address, then by the device's address alone."""
    inside, outside = known.overlapping(rows, capture, ranges[0][0], ranges[-1][1])
    whole = known.are_whole_services(inside, outside)
    pairs = sorted(known.tuples(inside, known.pair))
    if _may_fit(known, inside, pairs, whole=whole):
        chosen = set(map(service, known.tuples(inside, known.service))) if whole else known.tuples(inside, known.conversation)
        text = _joined([_term(one) for one in sorted(chosen)], fragments=fragments)
        if len(text) <= LONGEST_TERMS_BYTES:
            return Terms(text, (whole or known.are_apart(inside, outside)) and not known.quotes[inside].any())
    text = _by_address(pairs) if len(pairs) <= LONGEST_TERMS_BYTES // SHORTEST_ADDRESS_BYTES else ""
    text = text if text and len(text) <= LONGEST_TERMS_BYTES else _by_device(pairs)
    return Terms(f"{text} || {_arp_of(pairs)}" if known.arp[inside].any() else text, False)


def _may_fit(known: FlowTuples, inside: NDArray[np.intp], pairs: Sequence[Tuple], *, whole: bool) -> bool:
    """Whether the terms of `inside` are few enough to be worth writing: two directions of a conversation may share one."""
    most = LONGEST_TERMS_BYTES // SHORTEST_TERM_BYTES
    ported = inside[known.with_ports[inside]]
    keys = known.service if whole else known.conversation
    return len(pairs) <= most and np.unique(keys[ported]).size <= 2 * most


@lru_cache(maxsize=16_384)
def _term(one: Tuple) -> str:
    if one.transport == "arp":
        return f"(arp.src.proto_ipv4 == {one.local_addr} && arp.dst.proto_ipv4 == {one.remote_addr}) || " + (
            f"(arp.src.proto_ipv4 == {one.remote_addr} && arp.dst.proto_ipv4 == {one.local_addr})"
        )
    field = _address_field(one.local_addr)
    between = f"{field} == {one.local_addr} && {field} == {one.remote_addr}"
    return f"{between} && {_above(one)}"


def _above(one: Tuple) -> str:
    """The part of a term above the addresses."""
    if one.transport in WITH_PORTS:
        ports = [port for port in (one.local_port, one.remote_port) if port >= 0]
        quoted = "icmpv6" if ":" in one.local_addr else "icmp"
        return " && ".join([*(f"{one.transport}.port == {port}" for port in ports), f"!{quoted}"])
    if one.transport in ERRORS:
        return _icmp(one)
    protocol = "ipv6.nxt" if ":" in one.local_addr else "ip.proto"
    return f"{protocol} == {one.transport.removeprefix('ip-')}"


def _icmp(one: Tuple) -> str:
    protocol = "icmpv6" if one.transport == "icmp6" else "icmp"
    kind, pairs = _icmp_type(one), ICMP6_PAIRS if one.transport == "icmp6" else ICMP_PAIRS
    if kind in ERRORS[one.transport]:
        return f"{protocol}.type == {kind}"
    types = sorted({kind, pairs.get(kind, kind), *(request for request, reply in pairs.items() if reply == kind)})
    alternatives = " || ".join(f"{protocol}.type == {number}" for number in types)
    errors = ", ".join(str(number) for number in ERRORS[one.transport])
    return f"({alternatives}) && !({protocol}.type in {{{errors}}})"


def _icmp_type(one: Tuple) -> int:
    return one.local_port if one.device_is_originator else one.remote_port


def _joined(terms: Sequence[str], *, fragments: bool) -> str:
    """Any of `terms`. A datagram in fragments shows its ports in one of them only, so the others are asked for by what marks a fragment."""
    distinct = list(dict.fromkeys(terms))
    either = [*distinct, FRAGMENT] if fragments else distinct
    return either[0] if len(either) == 1 else " || ".join(f"({term})" for term in either)


def _by_address(tuples: Sequence[Tuple]) -> str:
    pairs = sorted({(one.local_addr, one.remote_addr) for one in tuples})
    texts = []
    for local in sorted({local for local, _ in pairs}):
        remotes = ", ".join(remote for of, remote in pairs if of == local)
        texts.append(f"({_address_field(local)} == {local} && {_address_field(local)} in {{{remotes}}})")
    return " || ".join(texts)


def _by_device(tuples: Sequence[Tuple]) -> str:
    return " || ".join(f"{_address_field(local)} == {local}" for local in sorted({one.local_addr for one in tuples})[:50])


def _arp_of(tuples: Sequence[Tuple]) -> str:
    """ARP of the device's own: it carries addresses where no field of IP is."""
    locals_ = sorted({one.local_addr for one in tuples if ":" not in one.local_addr})[:50]
    return " || ".join(f"arp.src.proto_ipv4 == {local} || arp.dst.proto_ipv4 == {local}" for local in locals_)


def _address_field(address: str) -> str:
    return "ipv6.addr" if ":" in address else "ip.addr"


def _narrowed(terms: Terms, filter_terms: str, ranges: Ranges, *, listed: bool) -> tuple[str, bool]:
    """The whole filter: terms, what narrows them, and the frames."""
    parts = [f"({terms.text})", *([f"({filter_terms})"] if filter_terms else [])]
    if listed and ranges.frame_count <= MOST_LISTED_FRAMES:
        numbers = chain.from_iterable(range(first, last + 1) for first, last in ranges)
        return " && ".join([*parts, f"frame.number in {{{', '.join(map(str, numbers))}}}"]), True
    parts.append(f"frame.number >= {ranges[0][0]} && frame.number <= {ranges[-1][1]}")
    return " && ".join(parts), terms.exact and not listed and not filter_terms


def _five_tuple(one: Tuple) -> str:
    """`tcp 192.168.1.50:49152 > 203.0.113.9:443`, originator first."""
    local, remote = _end(one.local_addr, one.local_port), _end(one.remote_addr, one.remote_port)
    first, second = (local, remote) if one.device_is_originator else (remote, local)
    return f"{one.transport} {first} > {second}"


def _end(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
