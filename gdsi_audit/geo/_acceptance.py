"""What a file must show before it counts: that it is what it says, and, where it replaces another, that the two mostly agree.

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
from ipaddress import IPv4Address, IPv6Address, ip_network
from random import Random
from typing import Any

import maxminddb

from gdsi_audit.geo import _cloud_lists, _cloud_prefixes
from gdsi_audit.geo._country_database import code_of, normalised

MOST_BYTES = 1 << 30
MMDB_MARKER = b"\xab\xcd\xefMaxMind.com"
MMDB_METADATA_BYTES = 128 * 1024
"""The marker stands in the last of these (MaxMind DB File Format 2.0)."""
PROBES = 2000
PROBES_V6 = 400
LEAST_AGREEMENT = 0.9
LEAST_SIZE = 0.8
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
    if MMDB_MARKER in content[-MMDB_METADATA_BYTES:]:
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


class Database:
    """An MMDB file, asked without its path."""

    def __init__(self, content: bytes) -> None:
        """Raises ValueError when `content` is no MMDB database."""
        try:
            self._reader = maxminddb.open_database(io.BytesIO(content), maxminddb.MODE_FD)
            self._reader.get("192.0.2.1")
        except (maxminddb.InvalidDatabaseError, ValueError, OSError) as error:
            raise ValueError(f"not an MMDB database ({error})") from error
        self.kind: str = self._reader.metadata().database_type
        self.build_epoch: int = self._reader.metadata().build_epoch
        self.nodes: int = self._reader.metadata().node_count

    def answer(self, address: str) -> str:
        """Country code, or AS number as text; empty: none."""
        try:
            record = self._reader.get(address)
        except (maxminddb.InvalidDatabaseError, ValueError):
            return ""
        number = record.get("autonomous_system_number") if isinstance(record, dict) else None
        return str(number) if number else normalised(code_of(record))


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


def probes() -> list[str]:
    """Always the same addresses: IPv4 from all unicast space, IPv6 from the registries' blocks."""
    random = Random(PROBES)
    v4 = [str(IPv4Address(random.randrange(1 << 24, 224 << 24))) for _ in range(PROBES - PROBES_V6)]
    blocks = (0x2001_0200, 0x2400_0000, 0x2600_0000, 0x2800_0000, 0x2A00_0000, 0x2C0F_0000)
    v6 = [str(IPv6Address((random.choice(blocks) + random.randrange(1 << 16) << 96) + random.getrandbits(64))) for _ in range(PROBES_V6)]
    return v4 + v6


def compared(new: Accepted, old: bytes) -> float:
    """Share of the probes that `old` answers on which `new` says the same; 1.0 where `old` answers none.

    Raises ValueError when `new` shrank by more than a fifth or agrees on less than nine tenths: then something is wrong with the one or the other.
    """
    if new.path.endswith(".mmdb"):
        now, then = Database(new.content), Database(old)
        answered = [(address, said) for address in probes() if (said := then.answer(address))]
        agreement = sum(now.answer(address) == said for address, said in answered) / len(answered) if answered else 1.0
        kept = now.nodes / then.nodes
    else:
        kept, agreement = _cloud_lists.likeness(gzip.decompress(new.content).decode(), gzip.decompress(old).decode())
    if kept < LEAST_SIZE:
        raise ValueError(f"{new.path}: refused, it shrank to {kept:.0%} of the one in force")
    if agreement < LEAST_AGREEMENT:
        raise ValueError(f"{new.path}: refused, it agrees with the one in force on only {agreement:.1%} of the probes")
    return agreement
