"""Display filters that find flows again: by service, by five-tuple, by address, by the device's address alone, whichever is short enough."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.findings.finding import LONGEST_FILTER_BYTES
from gdsi_audit.findings.flow_tuples import ERRORS, WITH_PORTS, FlowTuples, Tuple, service
from gdsi_audit.frames.ranges import Ranges

ICMP_PAIRS = {8: 0, 10: 9, 13: 14, 15: 16, 17: 18}  # request and reply share a flow (RFC 792, RFC 1256)
ICMP6_PAIRS = {128: 129, 130: 131, 133: 134, 135: 136, 139: 140, 144: 145}  # RFC 4443, RFC 2710, RFC 4861, RFC 4620, RFC 6275
LONGEST_TERMS_BYTES = LONGEST_FILTER_BYTES // 2
SHORTEST_TERM_BYTES, SHORTEST_ADDRESS_BYTES = 40, 4
"""No term and no listed address takes less, so that forms which cannot fit need not be written."""
FRAGMENT = "ip.flags.mf == 1 || ip.frag_offset > 0 || ipv6.fraghdr"


class Terms(NamedTuple):
    """A filter without its frame range, and whether it finds no more than asked."""

    text: str
    exact: bool


def terms_of(known: FlowTuples, rows: NDArray[np.intp], capture: int, ranges: Ranges, *, fragments: bool) -> Terms:
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
    protocol, quoting = ("ipv6.nxt", "icmp6") if ":" in one.local_addr else ("ip.proto", "icmp")
    errors = ", ".join(str(number) for number in ERRORS[quoting])
    return f"{protocol} == {one.transport.removeprefix('ip-')} && !({quoting.replace('p6', 'pv6')}.type in {{{errors}}})"


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
