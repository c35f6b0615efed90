"""Borders of every country as points no more than 50 km apart, with the places that lie outside them.

Natural Earth 1:50m (TopoJSON of world-atlas) leaves out small and far islands; GeoNames places farther than 20 km from their
country's polygons are added as rings of one point. Without them a server in Ascension or on Easter Island would be struck out wrongly.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from iso3166 import countries_by_numeric
from numpy.typing import NDArray

SPACING_KM = 50.0
FAR_KM = 20.0
EARTH_RADIUS_KM = 6371.0
WITHOUT_NUMBER = {
    "Kosovo": ["XK"],
    "N. Cyprus": ["CY"],
    "Somaliland": ["SO"],
    "Siachen Glacier": ["IN", "PK"],
    "Indian Ocean Ter.": ["AU"],
    "Ashmore and Cartier Is.": ["AU"],
}

Ring = NDArray[np.float64]
"""(n, 2) degrees: latitude, longitude; longitudes unwrapped, so a ring over the antimeridian runs past ±180."""


def rings_by_country(atlas: dict[str, Any]) -> dict[str, list[Ring]]:
    arcs = _arcs(atlas)
    rings: dict[str, list[Ring]] = defaultdict(list)
    for feature in atlas["objects"]["countries"]["geometries"]:
        for ring in _rings(feature, arcs):
            for code in _codes(feature):
                rings[code].append(ring)
    return rings


def _arcs(atlas: dict[str, Any]) -> list[Ring]:
    scale, translate = np.array(atlas["transform"]["scale"]), np.array(atlas["transform"]["translate"])
    return [(np.cumsum(np.array(arc), axis=0) * scale + translate)[:, ::-1] for arc in atlas["arcs"]]


def _codes(feature: dict[str, Any]) -> list[str]:
    number = feature.get("id")
    return [countries_by_numeric[number].alpha2] if number in countries_by_numeric else WITHOUT_NUMBER[feature["properties"]["name"]]


def _rings(feature: dict[str, Any], arcs: list[Ring]) -> Iterator[Ring]:
    polygons = {"Polygon": [feature.get("arcs")], "MultiPolygon": feature.get("arcs")}[feature["type"]]
    for polygon in polygons:
        for indexes in polygon:
            ring = np.concatenate([arcs[i] if i >= 0 else arcs[~i][::-1] for i in indexes])
            ring[:, 1] = np.unwrap(ring[:, 1], period=360.0)
            yield _densified(ring)


def _densified(ring: Ring) -> Ring:
    steps = np.maximum(1, np.ceil(_distances_km(ring[:-1], ring[1:]) / SPACING_KM)).astype(int)
    pieces = [np.linspace(start, end, count, endpoint=False) for start, end, count in zip(ring[:-1], ring[1:], steps, strict=True)]
    return np.concatenate([*pieces, ring[-1:]])


def _distances_km(one: Ring, other: Ring) -> NDArray[np.float64]:
    latitude, longitude = np.radians(one).T
    other_latitude, other_longitude = np.radians(other).T
    half = np.sin((other_latitude - latitude) / 2) ** 2 + np.cos(latitude) * np.cos(other_latitude) * np.sin((other_longitude - longitude) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(1.0, half)))


def _inside(places: Ring, rings: list[Ring]) -> NDArray[np.bool_]:
    """Which `places` lie inside: the even-odd rule over all rings of a country, so holes count themselves out."""
    odd = np.zeros(len(places), dtype=bool)
    for ring in rings:
        (lat0, lon0), (lat1, lon1) = ring[:-1].T, ring[1:].T
        for turn in (-360.0, 0.0, 360.0):
            low, high = ring.min(axis=0), ring.max(axis=0)
            turned = places + np.array([0.0, turn])
            for index in np.flatnonzero(np.all((turned >= low) & (turned <= high), axis=1)):
                latitude, longitude = turned[index]
                crosses = (lat0 > latitude) != (lat1 > latitude)
                at = lon0[crosses] + (latitude - lat0[crosses]) / (lat1[crosses] - lat0[crosses]) * (lon1[crosses] - lon0[crosses])
                odd[index] ^= bool(np.count_nonzero(longitude < at) % 2)
    return odd


def far_places(rings: list[Ring], places: Ring) -> list[Ring]:
    """Those of one country's `places` that no polygon and no place taken before comes near, in the order given."""
    known = np.concatenate(rings) if rings else np.empty((0, 2))
    far: list[Ring] = []
    for place in places[~_inside(places, rings)]:
        if not len(known) or _distances_km(place[None, :], known).min() > FAR_KM:
            far.append(place[None, :])
            known = np.concatenate([known, place[None, :]])
    return far


def build(atlas_file: Path, places_file: Path, target: Path) -> int:
    """Writes `target` (npz) and says how many points it holds."""
    rings = rings_by_country(json.loads(atlas_file.read_text()))
    places: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for place in json.loads(places_file.read_text()):
        places[place["country"]].append((float(place["lat"]), float(place["lng"])))
    for code in sorted(places):
        rings[code] = rings.get(code, []) + far_places(rings.get(code, []), np.array(sorted(places[code])))
    return _write(target, rings)


def _write(target: Path, rings: dict[str, list[Ring]]) -> int:
    codes = sorted(rings)
    ordered = [(index, ring) for index, code in enumerate(codes) for ring in rings[code]]
    points = np.round(np.concatenate([ring for _, ring in ordered]) * 100).astype(np.int16)
    lengths = np.array([len(ring) for _, ring in ordered])
    np.savez_compressed(
        target,
        codes=np.array(codes),
        points_centidegrees=points,
        ring_start=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32),
        ring_country=np.array([index for index, _ in ordered], dtype=np.int16),
    )
    return len(points)
