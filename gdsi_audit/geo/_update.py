"""`gdsi-audit geodb add` and `update`: the user's own databases. Nothing but `update` opens a network connection, and nothing else imports one.

What comes from the network is checked before it counts (`_acceptance`, `_agreement`), and counts all at once (`_user_files`): a broken download
changes nothing.
"""

from __future__ import annotations

import base64
import hashlib
import os
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from gdsi_audit import __version__
from gdsi_audit.geo import _folder
from gdsi_audit.geo._acceptance import Accepted, accepted, ready_ranges
from gdsi_audit.geo._agreement import compared
from gdsi_audit.geo._cloud_prefixes import LISTS
from gdsi_audit.geo._user_files import UserFiles

ADDRESSES: Mapping[str, str] = {
    "dbip-country": "https://download.db-ip.com/free/dbip-country-lite-{month}.mmdb.gz",
    "dbip-asn": "https://download.db-ip.com/free/dbip-asn-lite-{month}.mmdb.gz",
    "maxmind-country": "https://download.maxmind.com/geoip/databases/GeoLite2-Country/download?suffix=tar.gz",
    "maxmind-asn": "https://download.maxmind.com/geoip/databases/GeoLite2-ASN/download?suffix=tar.gz",
    "sapics-country": "https://github.com/sapics/ip-location-db/releases/download/latest/server-country.mmdb",
    "cloud-aws": "https://ip-ranges.amazonaws.com/ip-ranges.json",
    "cloud-gcp": "https://www.gstatic.com/ipranges/cloud.json",
    "cloud-oracle": "https://docs.oracle.com/iaas/tools/public_ip_ranges.json",
    "cloud-cloudflare": "https://www.cloudflare.com/ips-v4 https://www.cloudflare.com/ips-v6",
    "cloud-fastly": "https://api.fastly.com/public-ip-list",
    "anycast-bgptools": "https://raw.githubusercontent.com/bgptools/anycast-prefixes/master/anycatch-v4-prefixes.txt"
    " https://raw.githubusercontent.com/bgptools/anycast-prefixes/master/anycatch-v6-prefixes.txt",
}
"""By source and file. Azure dates the address of its list: download ServiceTags_Public.json by hand, then `geodb add` it."""
SOURCES = tuple(dict.fromkeys(name.partition("-")[0] for name in ADDRESSES))
ACCOUNT, KEY = "GDSI_MAXMIND_ACCOUNT_ID", "GDSI_MAXMIND_LICENCE_KEY"
TIMEOUT_S = 60.0
MOST_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Change:
    """One file that changed, or did not."""

    path: str
    edition: str
    rows: int
    agreement: float | None
    """With the file in force before; None: there was none."""

    def __str__(self) -> str:
        against = "" if self.agreement is None else f", agrees with the one before on {self.agreement:.1%} of the probes"
        return f"{self.path}: edition {self.edition}, {self.rows:,} rows{against}"


def add(path: Path, *, user_files: UserFiles | None = None, today: date | None = None) -> Change:
    """Validates a user's file (GeoIP2, GeoLite2 or DB-IP database, geofeed, provider's list of prefixes) and keeps a copy in the user's data folder.

    Raises OSError where it cannot be read and ValueError where it is none of these.
    """
    kept = user_files or UserFiles()
    found = accepted(path.name, path.read_bytes(), path.name, _text_of(today), existing_cloud=_existing(LISTS))
    _put(kept, [found])
    return Change(found.path, str(found.entry["edition"]), int(found.entry["rows"]), None)


def update(
    source: str = "dbip",
    *,
    user_files: UserFiles | None = None,
    addresses: Mapping[str, str] = ADDRESSES,
    environment: Mapping[str, str] | None = None,
    today: date | None = None,
) -> list[Change]:
    """Downloads the files of `source` (one of SOURCES), checks them and puts them in force together.

    Raises OSError when something cannot be fetched and ValueError when it is not what it should be, shrank by more than a fifth or agrees with the
    file in force on less than nine tenths of the probes: then nothing has changed.
    """
    if source not in SOURCES:
        raise ValueError(f"{source!r} is no source; one of {', '.join(SOURCES)}")
    wanted = {name: text for name, text in addresses.items() if name.startswith(f"{source}-")}
    headers = _maxmind(os.environ if environment is None else environment) if source == "maxmind" else {}
    files: dict[str, Accepted] = {}
    changes: dict[str, Change] = {}
    for name, text in wanted.items():
        raw, origin = _fetched(text, headers, today or datetime.now(UTC).date())
        cloud = files[LISTS].content if LISTS in files else _existing(LISTS)
        found = accepted(name, raw, origin, _text_of(today), existing_cloud=cloud)
        before = _existing(found.path)
        agreement = compared(found, before) if before else None
        files[found.path] = _with_upstream(found, files.get(found.path))
        changes[found.path] = Change(found.path, str(found.entry["edition"]), int(found.entry["rows"]), agreement)
    _put(user_files or UserFiles(), list(files.values()))
    return list(changes.values())


def rollback(*, user_files: UserFiles | None = None) -> str:
    """Takes the last `add` or `update` back and says what is in force now. Raises ValueError when there is nothing to take back."""
    before = (user_files or UserFiles()).rollback()
    return "the user's files before the last change are in force" if before else "only the embedded files are in force"


def _text_of(today: date | None) -> str:
    return (today or datetime.now(UTC).date()).isoformat()


def _existing(path: str) -> bytes:
    """The file in force; empty: there is none."""
    found = _folder.file(None, path)
    return found.read_bytes() if found.is_file() else b""


def _with_upstream(found: Accepted, earlier: Accepted | None) -> Accepted:
    """A file made of several downloads names them all."""
    if earlier is None:
        return found
    return Accepted(found.content, {**found.entry, "upstream": [*earlier.entry["upstream"], *found.entry["upstream"]]})


def _put(user_files: UserFiles, found: Sequence[Accepted]) -> None:
    """Puts them in force; lists of prefixes also in the form that is ready to be searched."""
    every = [*found, *(ready_ranges(one) for one in found if one.path == LISTS)]
    user_files.put({one.path: one.content for one in every}, [one.entry for one in every])


def _maxmind(environment: Mapping[str, str]) -> dict[str, str]:
    """The key stands in the environment: never in an argument, a log or a redirect."""
    account, key = environment.get(ACCOUNT, ""), environment.get(KEY, "")
    if not account or not key:
        raise ValueError(f"MaxMind needs an account: set {ACCOUNT} and {KEY}")
    return {"Authorization": "Basic " + base64.b64encode(f"{account}:{key}".encode()).decode()}


def _fetched(text: str, headers: Mapping[str, str], today: date) -> tuple[bytes, str]:
    """(content, address) of an address; of several, their lines together; with `{month}`, this month's or else the last one's."""
    if "{month}" in text:
        last_month = today.replace(day=1) - timedelta(days=1)
        for day in (today, last_month):
            try:
                return _download(text.format(month=f"{day:%Y-%m}"), headers), text.format(month=f"{day:%Y-%m}")
            except urllib.error.HTTPError as error:
                if error.code != 404 or day == last_month:
                    raise
                error.close()
    contents = [_download(address, headers) for address in text.split()]
    if headers:
        _verify(contents[0], _download(f"{text}.sha256", headers))
    return b"\n".join(contents), text


def _verify(content: bytes, stated: bytes) -> None:
    wanted = next(iter(stated.decode("ascii", "replace").split()), "")
    if hashlib.sha256(content).hexdigest() != wanted:
        raise ValueError("the download's sha256 is not the one that its publisher states")


def _download(address: str, headers: Mapping[str, str]) -> bytes:
    """Raises OSError (urllib's own among them) when it fails, ValueError for plain HTTP to anything but this machine and for too much."""
    parts = urlsplit(address)
    if parts.scheme != "https" and (parts.scheme, parts.hostname) != ("http", "127.0.0.1"):
        raise ValueError(f"{address}: only https is fetched")
    request = urllib.request.Request(address, headers={"User-Agent": f"gdsi-audit/{__version__}"})
    for name, value in headers.items():
        # A redirect leads to another party's store, which must not see the key.
        request.add_unredirected_header(name, value)
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
        content: bytes = answer.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"{address}: larger than {MOST_BYTES >> 20} MiB")
    return content
