"""Imported lists of what is known to be bad, ready for looking names and addresses up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network

from gdsi_audit.indicators import Indicator
from gdsi_audit.matching.flow_kinds import parsed_address

MOST_LABELS = 128
Network = IPv4Network | IPv6Network


class Lists:
    """All indicators, ready for looking up."""

    def __init__(self, indicators: Sequence[Indicator]) -> None:
        self.by_kind: dict[str, dict[str, list[Indicator]]] = defaultdict(lambda: defaultdict(list))
        for one in indicators:
            self.by_kind[one.kind][one.value].append(one)
        self._networks: dict[tuple[int, int], dict[int, list[Indicator]]] = defaultdict(lambda: defaultdict(list))
        for value, listed in self.by_kind["prefix"].items():
            network: Network = ip_network(value)
            self._networks[network.version, network.prefixlen][int(network.network_address)].extend(listed)

    def name(self, name: str) -> tuple[tuple[Indicator, ...], bool]:
        """(indicators, whether it is only below them: a wildcard means what is below it)."""
        listed = self.by_kind["name"]
        plain = name.lower().removesuffix(".")
        if plain in listed:
            return tuple(listed[plain]), False
        for _ in range(MOST_LABELS):
            _, _, plain = plain.partition(".")
            if f"*.{plain}" in listed:
                return tuple(listed[f"*.{plain}"]), False
            above = tuple(one for one in listed.get(plain, ()) if one.below)
            if above or not plain:
                return above, True
        return (), True

    def address(self, address: str) -> tuple[Indicator, ...]:
        """Itself, and every prefix around it."""
        parsed = parsed_address(address)
        if parsed is None:
            return ()
        found = list(self.by_kind["address"].get(str(parsed), ()))
        for (version, length), networks in self._networks.items():
            if version == parsed.version:
                found += networks.get(int(parsed) >> (parsed.max_prefixlen - length) << (parsed.max_prefixlen - length), ())
        return tuple(found)


@lru_cache(maxsize=4)
def lists(indicators: tuple[Indicator, ...]) -> Lists:
    """Of these indicators; made once, whatever the number of devices."""
    return Lists(indicators)
