"""How often what is asserted of cloud addresses is right: `python tests/geo/measure_clouds.py LIST... [--without-lists]`. Not run with the tests.

LIST: a provider's own list of prefixes (ip-ranges.json, cloud.json, ServiceTags_Public.json, public_ip_ranges.json). One address per prefix outside
the edge services is placed. `--without-lists` leaves the embedded lists out: what databases alone are good for.
"""

from __future__ import annotations

import gzip
import os
import sys
import tempfile
from collections import Counter
from ipaddress import ip_network
from pathlib import Path
from random import Random

from gdsi_audit.geo import _cloud_lists, _providers
from gdsi_audit.geo._folder import embedded
from gdsi_audit.geo._places import Places
from gdsi_audit.geo.cloud_region import EVERYWHERE


def main(lists: list[Path], places: Places) -> None:
    providers, _ = _providers.read(embedded())
    random = Random(1)
    for path in lists:
        listed = _cloud_lists.read(path.read_text(encoding="utf-8-sig"))
        if listed is None:
            raise SystemExit(f"{path.name}: no provider's list")
        counts: dict[int, Counter[str]] = {4: Counter(), 6: Counter()}
        for prefix, (region, services) in listed.rows.items():
            country = providers[listed.provider].country(region)
            if not country or EVERYWHERE.intersection((region.upper(), *services.upper().split())):
                continue
            network = ip_network(prefix)
            said = places.place(str(network[random.randrange(network.num_addresses)])).located_in.country
            counts[network.version].update(["prefixes", *(["asserted"] if said else []), *(["wrong"] if said not in ("", country) else [])])
        for version, count in counts.items():
            shares = {word: count[word] / max(1, count["prefixes"]) for word in ("asserted", "wrong")}
            print(f"{path.name} IPv{version}: {count['prefixes']:,} prefixes, {shares['asserted']:.2%} asserted, {shares['wrong']:.3%} wrong")


def without_lists(folder: Path) -> Places:
    """Places that see an empty list of prefixes before the embedded one."""
    (folder / "cloud").mkdir()
    (folder / "cloud" / "prefixes.csv.gz").write_bytes(gzip.compress(b"# \n"))
    return Places(folder)


if __name__ == "__main__":
    os.environ.pop("GDSI_GEODB", None)
    given = [Path(text) for text in sys.argv[1:] if text != "--without-lists"]
    with tempfile.TemporaryDirectory() as temporary:
        main(given, without_lists(Path(temporary)) if "--without-lists" in sys.argv else Places())
