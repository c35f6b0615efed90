"""Round-trip times hold places to account: what answers sooner than light could go there and back is not there.

A time bounds a distance only from above, so it strikes countries out and never confirms one. It is measured where the capture was taken, from what a
device sends to what answers it (`handshakes`), and says nothing where something in between answers for the server.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from statistics import median

from gdsi_audit.assembly.handshakes import Handshake, timed
from gdsi_audit.assembly.perspective import Sides
from gdsi_audit.endpoints import Endpoint
from gdsi_audit.frames.index import FrameIndex
from gdsi_audit.geo import Place
from gdsi_audit.geo._ladder import struck_out
from gdsi_audit.geo._speed_of_light import SHORTEST_RTT_S, embedded_borders, least_rtt_s, least_vacuum_rtt_s, too_far, usable
from gdsi_audit.protocols import Message
from gdsi_audit.tables.stored_table import Table

TIMED_POSITIONS = frozenset({"device", "access-point", "lan", "wan"})
"""Vantages from which a handshake is timed to the server itself, as far as can be known."""
ANY_PORT = -1


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
    endpoints: Mapping[str, Endpoint],
    rows: Table,
    seen: Sides,
    point: CapturePoint,
    frames: FrameIndex,
    captures: Sequence[str],
    quic: Iterable[Message] = (),
) -> tuple[dict[str, Endpoint], tuple[str, ...]]:
    """(`endpoints` without the countries that are too far from `point` for the time they answered in, notes on what was not tested).

    `rows` are CLOSED rows, `captures` the paths by ordinal, `quic` the messages of QUIC; each country struck out cites the time and the frames of the
    handshake.
    """
    if point.unfit or point.latitude is None or point.longitude is None:
        return dict(endpoints), (f"speed of light not tested: {point.unfit}",)
    handshakes = timed(rows, seen, quic, SHORTEST_RTT_S)
    answered = dict(_answered_in_between(handshakes, {address: endpoint.place for address, endpoint in endpoints.items()}))
    direct = [one for one in handshakes if not answered.keys() & {(one.transport, one.port), (one.transport, ANY_PORT)}]
    distances = embedded_borders().distances_km(point.latitude, point.longitude)
    held = dict(endpoints)
    for address, handshake in sorted(_shortest(direct).items()):
        place = held[address].place
        countries = too_far(handshake.bound_s, distances, {place.located_in.country, *place.located_in.candidates} - {""})
        if countries:
            shown = _shown(handshake, handshake.frames or frames.first(handshake.flow, handshake.pkts), captures)
            words = {country: f"{shown}, {_needed(distances[country])}" for country in countries}
            held[address] = replace(held[address], place=struck_out(place, words))
    return held, tuple(answered.values())


def _shortest(handshakes: Iterable[Handshake]) -> dict[str, Handshake]:
    """The first of `handshakes`, which come shortest first, with each address."""
    found: dict[str, Handshake] = {}
    for handshake in handshakes:
        found.setdefault(handshake.address, handshake)
    return found


def _answered_in_between(handshakes: Sequence[Handshake], places: Mapping[str, Place]) -> Iterator[tuple[tuple[str, int], str]]:
    """((transport, port), note) of what something between answers for many servers; ANY_PORT: on every port."""
    least: dict[str, dict[int, dict[str, float]]] = {}
    for one in handshakes:
        party = _party(places.get(one.address, Place()))
        for port in (ANY_PORT, one.port):
            least.setdefault(one.transport, {}).setdefault(port, {}).setdefault(party, one.rtt_s)
    for transport, ports in sorted(least.items()):
        if not usable(list(ports[ANY_PORT].values())):
            yield (transport, ANY_PORT), _note(transport, ports[ANY_PORT])
            continue
        for port, times in sorted(ports.items()):
            if not usable(list(times.values())):
                yield (transport, port), _note(f"{transport}/{port}", times)


def _party(place: Place) -> str:
    """Destinations are related where one network holds them and the same countries are said of them."""
    return f"{place.asn} {place.located_in.country} {' '.join(place.located_in.candidates)}"


def _note(service: str, least: Mapping[str, float]) -> str:
    nearest = median(least.values()) * 1000
    return f"speed of light not tested on {service}: {len(least)} unrelated destinations answer in about {nearest:.1f} ms, as behind a proxy or VPN"


def _shown(handshake: Handshake, found: Sequence[tuple[int, int]], captures: Sequence[str]) -> str:
    """`3.0 ms from SYN to SYN-ACK in frames 10 and 11 of camera.pcap`."""
    return f"{handshake.rtt_s * 1000:.1f} ms {handshake.words}" + (f" in frames {' and '.join(_cited(found, captures))}" if found else "")


def _cited(found: Sequence[tuple[int, int]], captures: Sequence[str]) -> Iterator[str]:
    for ordinal in sorted({capture for capture, _ in found}):
        numbers = [str(frame) for capture, frame in found if capture == ordinal]
        yield f"{', '.join(numbers)} of {PurePath(captures[ordinal]).name}"


def _needed(distance_km: float) -> str:
    fibre, vacuum = least_rtt_s(distance_km) * 1000, least_vacuum_rtt_s(distance_km) * 1000
    return f"where light takes at least {fibre:.1f} ms in fibre, {vacuum:.1f} ms in vacuum"
