"""Seconds to open the databases, and to place 100,000 distinct addresses: `python tests/geo/benchmark_places.py`. Not run with the tests."""

from __future__ import annotations

import time
from ipaddress import IPv4Address, IPv6Address
from random import Random

from gdsi_audit.geo._places import Places


def main() -> None:
    random = Random(1)
    addresses = [str(IPv4Address(random.getrandbits(32))) for _ in range(80_000)]
    addresses += [str(IPv6Address((0x20 << 120) + random.getrandbits(120))) for _ in range(20_000)]
    places = Places()
    start = time.process_time()
    places.place("192.0.2.1")
    print(f"open: {time.process_time() - start:.2f} s")
    for words, names in (("without names", ()), ("each with a name", ("a1.device.eu-central-1.example.com",))):
        start = time.process_time()
        for index, address in enumerate(addresses):
            places.place(address, [f"n{index}.{name}" for name in names])
        print(f"100,000 addresses, {words}: {time.process_time() - start:.2f} s")


if __name__ == "__main__":
    main()
