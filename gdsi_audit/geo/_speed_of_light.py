"""Countries that a round-trip time strikes out. It can only refute, never confirm, and needs a declared place for the capture point.

Nothing answers faster than light in fibre goes there and back: about 200 km per millisecond. A server that answers within RTT is no farther
than RTT / 2 times that. The nearest border point, with islands, must be farther by the slack before a country falls.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.geo._folder import embedded

FIBRE_KM_PER_S = 200_000.0
"""Two thirds of the speed of light in vacuum."""
VACUUM_KM_PER_S = 299_792.458
EARTH_RADIUS_KM = 6371.0
SLACK_KM = 50.0
"""Border points are up to 50 km apart and rounded to centidegrees; the worst place measured lay 14 km nearer than its nearest border point."""
SHORTEST_RTT_S = 0.0001
"""A shorter one is a proxy on the same machine or a time stamp too coarse."""
FEWEST_DESTINATIONS = 5
NEAR_RTT_S = 0.005
SAME_SPREAD_S = 0.001


class Borders:
    """Geometry of every country: `geometry/countrygeom.npz`."""

    def __init__(self, path: Path) -> None:
        """Raises FileNotFoundError when `path` is missing, ValueError when it is malformed."""
        with np.load(path, allow_pickle=False) as stored:
            missing = {"codes", "points_centidegrees", "ring_start", "ring_country"} - set(stored.files)
            if missing:
                raise ValueError(f"{path.name}: without {', '.join(sorted(missing))}")
            self.codes: list[str] = stored["codes"].tolist()
            self._degrees: NDArray[np.float64] = stored["points_centidegrees"] / 100.0
            self._ring_start: NDArray[np.int32] = stored["ring_start"]
            self._ring_country: NDArray[np.int16] = stored["ring_country"]
        self._unit = _unit_vectors(self._degrees)
        first_rings = np.searchsorted(self._ring_country, np.arange(len(self.codes)))
        self._country_start = self._ring_start[first_rings]

    def distances_km(self, latitude: float, longitude: float) -> dict[str, float]:
        """Least distance from a point (degrees) to each country, by ISO 3166-1 alpha-2; 0 inside its borders."""
        cosines = self._unit @ _unit_vectors(np.array([[latitude, longitude]]))[0]
        nearest = np.maximum.reduceat(cosines, self._country_start)
        kilometres = EARTH_RADIUS_KM * np.arccos(np.clip(nearest, -1.0, 1.0))
        home = self._containing(latitude, longitude)
        return {code: 0.0 if code in home else float(distance) for code, distance in zip(self.codes, kilometres, strict=True)}

    def _containing(self, latitude: float, longitude: float) -> set[str]:
        """Countries with the point inside, by the even-odd rule over all edges of their rings; rings may be unwrapped past ±180."""
        start, end = self._degrees[:-1], self._degrees[1:]
        is_edge = np.ones(len(start), dtype=bool)
        is_edge[self._ring_start[1:-1] - 1] = False
        rows = np.flatnonzero(is_edge & ((start[:, 0] > latitude) != (end[:, 0] > latitude)))
        share = (latitude - start[rows, 0]) / (end[rows, 0] - start[rows, 0])
        crossing = start[rows, 1] + share * (end[rows, 1] - start[rows, 1])
        owner = self._ring_country[np.searchsorted(self._ring_start, rows, side="right") - 1]
        inside: set[str] = set()
        for turn in (-360.0, 0.0, 360.0):
            odd = np.bincount(owner[crossing > longitude + turn], minlength=len(self.codes)) % 2
            inside.update(self.codes[index] for index in np.flatnonzero(odd))
        return inside


def _unit_vectors(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    latitude, longitude = np.radians(degrees).T
    return np.stack([np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)], axis=1)


@cache
def embedded_borders() -> Borders:
    """The geometry that comes with this package."""
    return Borders(embedded() / "geometry" / "countrygeom.npz")


def refuted(
    rtt_s: float, latitude: float, longitude: float, countries: Iterable[str], *, radius_km: float = 0.0, borders: Borders | None = None
) -> dict[str, float]:
    """Those of `countries` that are too far from the vantage for `rtt_s`, each with the least round-trip time in seconds that it would take.

    `radius_km`: how far the vantage may be from the given degrees. Countries without geometry are never refuted.
    """
    distances = (borders or embedded_borders()).distances_km(latitude, longitude)
    return too_far(rtt_s, {country: distance - radius_km for country, distance in distances.items()}, countries)


def too_far(rtt_s: float, distances_km: Mapping[str, float], countries: Iterable[str]) -> dict[str, float]:
    """As `refuted`, with the distances known."""
    least_s = {country: least_rtt_s(distances_km[country]) for country in sorted(set(countries)) if country in distances_km}
    return {country: least for country, least in least_s.items() if rtt_s < least}


def least_rtt_s(distance_km: float) -> float:
    """The shortest round-trip time, in seconds, that a country `distance_km` away allows, slack taken off."""
    return max(0.0, distance_km - SLACK_KM) * 2 / FIBRE_KM_PER_S


def least_vacuum_rtt_s(distance_km: float) -> float:
    """The same in vacuum: what no medium can beat."""
    return max(0.0, distance_km - SLACK_KM) * 2 / VACUUM_KM_PER_S


def usable(rtt_s_by_destination: Sequence[float]) -> bool:
    """Whether least round-trip times, one per unrelated destination, may be read as distances at all.

    Not when something between answers for them: most destinations equally near, or nearer than any network. Then a proxy, a VPN gateway or a
    capture on the server's side of a translator is being timed.
    """
    times = np.sort(np.asarray(rtt_s_by_destination, dtype=np.float64))
    if not len(times) or np.median(times) < SHORTEST_RTT_S:
        return False
    near = times[times < NEAR_RTT_S]
    alike = np.searchsorted(near, near + SAME_SPREAD_S) - np.arange(len(near))
    most = int(alike.max(initial=0))
    return most < FEWEST_DESTINATIONS or 2 * most < len(times)
