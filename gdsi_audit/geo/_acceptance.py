"""What a file must show before it counts: that it is what it says.

A kind of file has one place in the layout of `geodb`. What cannot be placed is refused with ValueError.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

from gdsi_audit.geo import _cloud_lists, _cloud_prefixes
from gdsi_audit.geo._country_database import normalised
from gdsi_audit.geo._database_file import PROBES, Database, is_database, probes

MOST_BYTES = 1 << 30
LICENCES = {
    "DBIP": ("CC-BY-4.0", "IP Geolocation by DB-IP, https://db-ip.com"),
    "GeoLite2": ("LicenseRef-GeoLite2-EULA", "GeoLite2 data by MaxMind, https://www.maxmind.com; delete within 30 days of a newer release"),
    "GeoIP2": ("LicenseRef-user", "GeoIP2 data by MaxMind, https://www.maxmind.com"),
}


@dataclass(frozen=True, slots=True)
class Accepted:
    """A file that may be kept: its bytes as they are stored, and its manifest row."""

    content: bytes
    entry: dict[str, Any]

    @property
    def path(self) -> str:
        """In the layout of `geodb`."""
        return str(self.entry["path"])


def accepted(name: str, raw: bytes, origin: str, retrieved: str, *, existing_cloud: bytes = b"") -> Accepted:
    """Recognises `raw` by its content: an MMDB file (bare, .gz or .tar.gz), a provider's list of prefixes (JSON or text), or a geofeed (CSV).

    `origin`: file name or address it came from; `retrieved`: date; `existing_cloud`: prefixes of other providers, which are kept.
    """
    content = unpacked(raw)
    if is_database(content):
        return _database(name, content, _provenance(raw, origin, retrieved))
    return _text(name, content, _provenance(raw, origin, retrieved), existing_cloud)


def _provenance(raw: bytes, origin: str, retrieved: str) -> dict[str, Any]:
    return {"upstream": [{"package": origin, "sha256": hashlib.sha256(raw).hexdigest()}], "retrieved": retrieved}


def unpacked(raw: bytes) -> bytes:
    """`raw` without gzip, and out of a tar archive its only database. Raises ValueError when it is broken or too large."""
    try:
        if raw.startswith(b"\x1f\x8b"):
            with gzip.open(io.BytesIO(raw)) as stream:
                raw = stream.read(MOST_BYTES + 1)
        if raw[257:262] == b"ustar":
            with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
                found = [member for member in archive if member.isfile() and member.name.endswith(".mmdb")]
                stored = archive.extractfile(found[0]) if len(found) == 1 else None
                raw = stored.read(MOST_BYTES + 1) if stored else b""
    except (OSError, EOFError, tarfile.TarError) as error:
        raise ValueError(f"a broken archive ({error})") from error
    if not raw or len(raw) > MOST_BYTES:
        raise ValueError("empty, without a single database in it, or larger than 1 GiB")
    return raw


def _database(name: str, content: bytes, provenance: dict[str, Any]) -> Accepted:
    database = Database(content)
    path = _place_of(database.kind)
    if not any(database.answer(address) for address in probes()):
        raise ValueError(f"{name}: {database.kind!r} answers none of {PROBES} probes; a GeoIP2 Country, City or ASN database is needed")
    licence, attribution = next(
        (given for word, given in LICENCES.items() if word in database.kind), ("LicenseRef-user", f"added by the user: {name}")
    )
    edition = datetime.fromtimestamp(database.build_epoch, UTC).date().isoformat()
    titles = {"location/country.mmdb": "dbip", "as/asn.mmdb": "asn"}
    row = {"path": path, "name": titles.get(path, database.kind), "edition": edition, "build_epoch": database.build_epoch}
    return _row(content, {**row, "licence": licence, "attribution": attribution, "rows": database.nodes, "transform": "none", **provenance})


def _place_of(kind: str) -> str:
    """DB-IP's own databases take the place of the embedded one; others stand beside it as one more opinion, flat ones apart from the rest."""
    if kind.startswith("country "):
        return "user/ip-location-db.mmdb"
    if "Country" in kind or "City" in kind:
        return "location/country.mmdb" if "DBIP" in kind.upper().replace("-", "") else "user/country.mmdb"
    if "ASN" in kind or kind.startswith("asn "):
        return "as/asn.mmdb"
    raise ValueError(f"a database of type {kind!r}, where a Country, City or ASN database is needed")


def _text(name: str, content: bytes, provenance: dict[str, Any], existing_cloud: bytes) -> Accepted:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{name}: neither an MMDB database nor text") from error
    listed = _cloud_lists.read(text)
    if listed is not None:
        stored, rows = _cloud_lists.merged(gzip.decompress(existing_cloud).decode() if existing_cloud else "", listed)
        facts = {"path": _cloud_prefixes.LISTS, "name": "cloud", "edition": listed.edition, "attribution": "published by the providers"}
    else:
        stored, rows = _geofeed(name, text, provenance["retrieved"])
        facts = {
            "path": "geofeed/prefixes.csv.gz",
            "name": "geofeed",
            "edition": provenance["retrieved"],
            "attribution": f"added by the user: {name}",
        }
    return _row(
        gzip.compress(stored.encode(), mtime=0), {**facts, "licence": "LicenseRef-user", "rows": rows, "transform": "compacted", **provenance}
    )


def ready_ranges(lists: Accepted) -> Accepted:
    """Accepted lists of prefixes in the form that is ready to be searched."""
    row = {"path": _cloud_prefixes.READY, "name": "cloud-ranges", "transform": "ready to be searched"}
    return _row(_cloud_prefixes.ready(lists.content), {**lists.entry, **row})


def _row(content: bytes, entry: dict[str, Any]) -> Accepted:
    return Accepted(content, {**entry, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)})


def _geofeed(name: str, text: str, edition: str) -> tuple[str, int]:
    """`prefix,country,region,city,postal` (RFC 8805, 2.1.1) as `prefix,country`. Raises ValueError naming the line that is none."""
    kept: dict[str, str] = {}
    for number, row in enumerate(csv.reader(text.splitlines()), 1):
        if not row or row[0].lstrip().startswith("#"):
            continue
        try:
            prefix = str(ip_network(row[0].strip()))
        except ValueError as error:
            raise ValueError(f"{name}:{number}: {error}; a geofeed has a prefix and a country per line") from error
        country = normalised(row[1]) if len(row) > 1 else ""
        if country:
            kept[prefix] = country
    if not kept:
        raise ValueError(f"{name}: no prefix with a country; a geofeed has `prefix,country` per line")
    lines = (f"{prefix},{country}" for prefix, country in sorted(kept.items()))
    return "\n".join((f"# {edition}", *lines)) + "\n", len(kept)
