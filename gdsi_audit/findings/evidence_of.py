"""Flows become evidence: their exact frames, and a Wireshark display filter that finds them again.

A display filter is applied to one file, so there is one Evidence per capture. It is `exact` only where that can be known: the filter names addresses
and ports, and what else these could match (an error that quotes the packet, another flow of the same ports) is excluded or shown to be absent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import chain
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.findings.display_filter import Terms, terms_of
from gdsi_audit.findings.finding import Evidence
from gdsi_audit.findings.flow_tuples import FlowTuples, Tuple, flow_tuples
from gdsi_audit.frames.ranges import Ranges
from gdsi_audit.traffic import DeviceTraffic

MOST_LISTED_FRAMES = 20
"""A bare list of frame numbers counts as evidence up to here."""


def evidence(
    traffic: DeviceTraffic, rows: NDArray[np.intp], *, filter_terms: str = "", frames: Sequence[tuple[int, Ranges]] | None = None
) -> tuple[Evidence, ...]:
    """Evidence for the flows at ascending positions in `traffic.tables.flows`, one per capture, in the order of captures.

    `filter_terms` is a display filter that narrows it further (`dns.qry.type == 16`); `frames` are then the frames it narrows to, as
    FrameIndex.frames gives them. Up to twenty such frames are listed in the filter, which makes it exact; more make it a superset.
    """
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
        terms = terms_of(known, rows, capture, ranges, fragments=not complete)
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
