"""The fields and protocols that a filter may name: which columns hold them, and how a value of theirs is written."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from ipaddress import ip_network
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.packets import ARP

Mask = NDArray[np.bool_]
Range = tuple[int, int]
"""Lowest and highest value, inclusive: a single value is a range of one."""

_V4_MAPPED = 0xFFFF_0000_0000

_MAC = re.compile(r"[0-9a-f]{2}([:-][0-9a-f]{2}){5}|[0-9a-f]{4}(\.[0-9a-f]{4}){2}|[0-9a-f]{2}(\.[0-9a-f]{2}){5}")


class Field(NamedTuple):
    columns: tuple[str, ...]
    """Columns of PACKETS that hold its values; for addresses without the ending _hi or _lo."""
    present: Callable[[NDArray[np.void]], Mask]
    read: Callable[[str], Range]
    """A value as written. Raises ValueError that says what was expected."""


def _v4(packets: NDArray[np.void]) -> Mask:
    return np.asarray(packets["ip_version"] == 4)


def _v6(packets: NDArray[np.void]) -> Mask:
    return np.asarray(packets["ip_version"] == 6)


def every(packets: NDArray[np.void]) -> Mask:
    return np.ones(len(packets), np.bool_)


def _ethernet(packets: NDArray[np.void]) -> Mask:
    return np.asarray((packets["src_mac"] != 0) | (packets["dst_mac"] != 0))


def _tagged(packets: NDArray[np.void]) -> Mask:
    return np.asarray(packets["vlan"] != 0)


def _over(transport: int) -> Callable[[NDArray[np.void]], Mask]:
    return lambda packets: np.asarray(packets["transport"] == transport)


def _address(version: int) -> Callable[[str], Range]:
    def read(text: str) -> Range:
        try:
            network = ip_network(text, strict=False)
        except ValueError as error:
            raise ValueError(f"an IPv{version} address or prefix") from error
        if network.version != version:
            raise ValueError(f"an IPv{version} address or prefix")
        mapped = _V4_MAPPED if version == 4 else 0
        return mapped | int(network.network_address), mapped | int(network.broadcast_address)

    return read


def _mac(text: str) -> Range:
    if not _MAC.fullmatch(text.lower()):
        raise ValueError("a MAC address such as 02:00:00:00:00:50")
    value = int(re.sub(r"[:.-]", "", text), 16)
    return value, value


def _whole(highest: int) -> Callable[[str], Range]:
    def read(text: str) -> Range:
        digits = re.fullmatch(r"0x([0-9a-fA-F]{1,16})|(0|[1-9][0-9]{0,18})", text)
        value = (int(digits[1], 16) if digits[1] else int(digits[2])) if digits else -1
        if not 0 <= value <= highest:
            raise ValueError(f"a whole number from 0 to {highest}")
        return value, value

    return read


def _epoch(text: str) -> Range:
    """Nanoseconds; between two of them the range is empty, and every comparison still holds."""
    try:
        seconds = Decimal(text)
    except InvalidOperation as error:
        raise ValueError("seconds since 1970, as in 1700000000.25") from error
    if not seconds.is_finite() or abs(seconds) >= 1 << 33:
        raise ValueError("seconds since 1970, as in 1700000000.25")
    return math.ceil(seconds * 1_000_000_000), math.floor(seconds * 1_000_000_000)


def _ports(protocol: str, number: int) -> dict[str, Field]:
    columns = {"port": ("src_port", "dst_port"), "srcport": ("src_port",), "dstport": ("dst_port",)}
    return {f"{protocol}.{name}": Field(column, _over(number), _whole(65_535)) for name, column in columns.items()}


def _both_ways(protocol: str, ending: str, present: Callable[[NDArray[np.void]], Mask], read: Callable[[str], Range]) -> dict[str, Field]:
    columns = {"addr": ("src" + ending, "dst" + ending), "src": ("src" + ending,), "dst": ("dst" + ending,)}
    return {f"{protocol}.{name}": Field(column, present, read) for name, column in columns.items()}


FIELDS: Mapping[str, Field] = {
    **_both_ways("ip", "", _v4, _address(4)),
    **_both_ways("ipv6", "", _v6, _address(6)),
    **_both_ways("eth", "_mac", _ethernet, _mac),
    **_ports("tcp", 6),
    **_ports("udp", 17),
    **_ports("sctp", 132),
    "ip.proto": Field(("transport",), _v4, _whole(255)),
    "ip.ttl": Field(("ttl",), _v4, _whole(255)),
    "ipv6.hlim": Field(("ttl",), _v6, _whole(255)),
    "vlan.id": Field(("vlan",), _tagged, _whole(4095)),
    "icmp.type": Field(("src_port",), _over(1), _whole(255)),
    "icmp.code": Field(("dst_port",), _over(1), _whole(255)),
    "icmpv6.type": Field(("src_port",), _over(58), _whole(255)),
    "icmpv6.code": Field(("dst_port",), _over(58), _whole(255)),
    "frame.number": Field(("frame",), every, _whole(2**32 - 1)),
    "frame.len": Field(("wire_bytes",), every, _whole(2**31 - 1)),
    "frame.time_epoch": Field(("time",), every, _epoch),
}

PROTOCOLS: Mapping[str, Callable[[NDArray[np.void]], Mask]] = {
    "frame": every,
    "ip": _v4,
    "ipv6": _v6,
    "arp": _over(ARP),
    "tcp": _over(6),
    "udp": _over(17),
    "icmp": _over(1),
    "icmpv6": _over(58),
    "igmp": _over(2),
    "sctp": _over(132),
    "gre": _over(47),
    "esp": _over(50),
}
