"""Round-trip times hold places to account: what answers sooner than light could go there and back is not there.

A time bounds a distance only from above, so it strikes countries out and never confirms one. It is measured where the capture was taken, from a
device's SYN to the SYN-ACK, and says nothing where something in between answers for the server.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.columns import Column, Columns, coded, numbered
from gdsi_audit.devices import GLOBAL, kinds
from gdsi_audit.endpoints import Endpoint
from gdsi_audit.frame_index import FrameIndex
from gdsi_audit.geo import Place
from gdsi_audit.geo._ladder import struck_out
from gdsi_audit.geo._speed_of_light import SHORTEST_RTT_S, embedded_borders, least_rtt_s, least_vacuum_rtt_s, too_far, usable
from gdsi_audit.perspective import TRANSPORTS, Sides, addresses

TIMED_POSITIONS = frozenset({"device", "access-point", "lan", "wan"})
"""Vantages from which a handshake is timed to the server itself, as far as can be known."""
COARSEST_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class CapturePoint:
    """Where the capture was taken."""

    position: str = "unknown"
    """device, device-vpn, access-point, lan, wan, unknown."""
    latitude: float | None = None
    """Degrees, as the longitude."""
    longitude: float | None = None

    @property
    def unfit(self) -> str:
        """Why no time may be read as a distance from here; empty: it may."""
        if self.position not in TIMED_POSITIONS:
            return f"vantage {self.position}"
        return "no latitude and longitude of the vantage are declared" if self.latitude is None or self.longitude is None else ""


def held_to_time(
    endpoints: Mapping[str, Endpoint], rows: NDArray[np.void], seen: Sides, point: CapturePoint, frames: FrameIndex, captures: Sequence[str]
) -> tuple[dict[str, Endpoint], tuple[str, ...]]:
    """(`endpoints` without the countries that are too far from `point` for the time they answered in, notes on what was not tested).

    `rows` are CLOSED rows, `captures` the paths by ordinal; each country struck out cites the time and the frames of the handshake.
    """
    if point.unfit or point.latitude is None or point.longitude is None:
        return dict(endpoints), (f"speed of light not tested: {point.unfit}",)
    samples = _samples(rows, seen)
    answered = _answered_in_between(samples, {address: endpoint.place for address, endpoint in endpoints.items()})
    direct = samples.take(~_is_any_of(samples, [group for group, _ in answered]))
    distances = embedded_borders().distances_km(point.latitude, point.longitude)
    held = dict(endpoints)
    for address, handshake in _shortest(direct):
        place = held[address].place
        countries = too_far(handshake.bound_s, distances, {place.located_in.country, *place.located_in.candidates} - {""})
        if countries:
            shown = _shown(handshake.rtt_s, frames.first(handshake.flow, handshake.pkts), captures)
            words = {country: f"{shown}, {_needed(distances[country])}" for country in countries}
            held[address] = replace(held[address], place=struck_out(place, words))
    return held, tuple(note for _, note in answered)


class Handshake(NamedTuple):
    """One SYN and what answered it."""

    rtt_s: float
    bound_s: float
    """The longest that it can have taken, for the steps of the clock."""
    flow: int
    pkts: int
    """First packets of the flow that show it."""


def _shortest(samples: Columns) -> Iterator[tuple[str, Handshake]]:
    """The shortest handshake with each address, by address."""
    firsts, _ = numbered((samples.codes("address"), len(samples.words("address"))))
    least = samples.take(firsts)
    columns = (least[name].tolist() for name in ("address", "rtt_s", "bound_s", "flow", "pkts"))
    for address, *times in sorted(zip(*columns, strict=True)):
        yield address, Handshake(*times)


def _samples(rows: NDArray[np.void], seen: Sides) -> Columns:
    """One row per handshake that a device began with a global address: address, transport, port, flow, rtt_s, bound_s, pkts; shortest first."""
    hi, lo = seen.remote(rows, "hi"), seen.remote(rows, "lo")
    rtt_ns = rows["handshake_rtt_ns"][seen.row]
    timed = seen.device_is_originator & (rtt_ns >= SHORTEST_RTT_S * 1e9) & (kinds(hi, lo) == GLOBAL)
    part = rows[seen.row[timed]]
    samples: dict[str, Column] = {
        "address": coded(*addresses(hi[timed], lo[timed])),
        "transport": coded(part["transport"], TRANSPORTS),
        "port": part["resp_port"].astype(np.int64),
        "flow": part["flow"],
        "rtt_s": part["handshake_rtt_ns"] / 1e9,
        "bound_s": (part["handshake_rtt_ns"] + clock_step_ns(rows)) / 1e9,
        # Where packets are captured twice, a copy of each stands beside it.
        "pkts": np.where(part["duplicate_pkts"] > 0, 4, 2),
    }
    return Columns(samples, np.lexsort((part["flow"], part["handshake_rtt_ns"])))


def clock_step_ns(rows: NDArray[np.void]) -> int:
    """The power of ten, in nanoseconds, that the time stamps of all CLOSED `rows` are multiples of: a time may be longer than measured by that."""
    instants = np.concatenate((rows["start"], rows["end"]))
    common = int(np.gcd.reduce(instants)) if instants.size else 1
    return max((10**power for power in range(10) if common % 10**power == 0 and 10**power <= COARSEST_NS), default=1)


def _answered_in_between(samples: Columns, places: Mapping[str, Place]) -> list[tuple[tuple[str, int], str]]:
    """((transport, port), note) of what something between answers for many servers; port -1: on every port."""
    least: dict[str, dict[int, dict[str, float]]] = {}
    parties = {address: _party(places.get(address, Place())) for address in samples.words("address")}
    for address, transport, port, rtt_s in zip(*(samples[name].tolist() for name in ("address", "transport", "port", "rtt_s")), strict=True):
        least.setdefault(transport, {}).setdefault(port, {}).setdefault(parties[address], rtt_s)
    found = []
    for transport, ports in sorted(least.items()):
        # Samples come shortest first, so each party's first time on any port is its least.
        anywhere: dict[str, float] = {}
        for times in ports.values():
            anywhere |= {party: min(rtt_s, anywhere.get(party, rtt_s)) for party, rtt_s in times.items()}
        if not usable(list(anywhere.values())):
            found.append(((transport, -1), _note(transport, anywhere.values())))
            continue
        answered = ((port, times.values()) for port, times in sorted(ports.items()) if not usable(list(times.values())))
        found += [((transport, port), _note(f"{transport}/{port}", times)) for port, times in answered]
    return found


def _party(place: Place) -> str:
    """Destinations are related where one network holds them and the same countries are said of them."""
    return f"{place.asn} {place.located_in.country} {' '.join(place.located_in.candidates)}"


def _note(service: str, least: Collection[float]) -> str:
    nearest = float(np.median(list(least))) * 1000
    return f"speed of light not tested on {service}: {len(least)} unrelated destinations answer in about {nearest:.1f} ms, as behind a proxy or VPN"


def _is_any_of(samples: Columns, groups: Sequence[tuple[str, int]]) -> NDArray[np.bool_]:
    chosen = np.zeros(len(samples), np.bool_)
    for transport, port in groups:
        chosen |= samples.is_any("transport", (transport,)) & ((port < 0) | (samples["port"] == port))
    return chosen


def _shown(rtt_s: float, found: Sequence[tuple[int, int]], captures: Sequence[str]) -> str:
    """`3.0 ms from SYN to SYN-ACK in frames 10 and 11 of camera.pcap`."""
    return f"{rtt_s * 1000:.1f} ms from SYN to SYN-ACK" + (f" in frames {' and '.join(_cited(found, captures))}" if found else "")


def _cited(found: Sequence[tuple[int, int]], captures: Sequence[str]) -> Iterator[str]:
    for ordinal in sorted({capture for capture, _ in found}):
        numbers = [str(frame) for capture, frame in found if capture == ordinal]
        yield f"{', '.join(numbers)} of {PurePath(captures[ordinal]).name}"


def _needed(distance_km: float) -> str:
    fibre, vacuum = least_rtt_s(distance_km) * 1000, least_vacuum_rtt_s(distance_km) * 1000
    return f"where light takes at least {fibre:.1f} ms in fibre, {vacuum:.1f} ms in vacuum"
