"""How far addresses reach: the host itself, its link, its site, a group, the world."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.tables.stored_table import Table

UNSPECIFIED, LOOPBACK, LINK_LOCAL, PRIVATE, MULTICAST, GLOBAL = range(6)

U64 = np.uint64

INITIAL_TTLS = (64, 128, 255)
"""Of packets that no router has passed on."""


def reaches(hi: NDArray[np.uint64], lo: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Reach of each address, as one of the constants above. Special purposes beyond that are the business of `geo`."""
    address = np.where(hi == 0, lo, 0)
    v4 = (hi == 0) & (lo >> U64(32) == U64(0xFFFF))
    low = address & U64(0xFFFFFFFF)
    top = (low >> U64(24)).astype(np.uint8)
    reach = np.full(hi.size, GLOBAL, np.uint8)
    private4 = (top == 10) | (low >> U64(20) == U64(0xAC1)) | (low >> U64(16) == U64(0xC0A8)) | (low >> U64(22) == U64(0x64400000 >> 22))
    reach[v4 & private4] = PRIVATE
    reach[v4 & (low >> U64(16) == U64(0xA9FE))] = LINK_LOCAL
    reach[v4 & (top >= 224)] = MULTICAST
    reach[v4 & (top == 127)] = LOOPBACK
    reach[v4 & (top == 0)] = UNSPECIFIED
    v6 = ~v4
    reach[v6 & (hi >> U64(57) == U64(0xFC >> 1))] = PRIVATE
    reach[v6 & (hi >> U64(54) == U64(0xFE80 >> 6))] = LINK_LOCAL
    reach[v6 & (hi >> U64(56) == U64(0xFF))] = MULTICAST
    reach[v6 & (hi == 0) & (lo == 1)] = LOOPBACK
    reach[v6 & (hi == 0) & (lo == 0)] = UNSPECIFIED
    return reach


def on_link(hi: NDArray[np.uint64], other: Table, side: str, routers: frozenset[int]) -> NDArray[np.bool_]:
    """Whether the `side` of CLOSED rows `other` stands on the link of the global IPv6 addresses whose first halves are `hi`: the same /64 prefix.

    A frame of its own shows it: one that no router sent, or a time to live that none has lowered. Behind a router the prefix alone shows nothing.
    """
    alike: NDArray[np.bool_] = (hi == other[f"{side}_hi"]) & (hi >> U64(61) == U64(1))
    if not alike.any():
        return alike
    macs, ttls = other[f"{side}_mac"], other[f"{side}_first_ttl"]
    direct = (macs != U64(0)) & (~np.isin(macs, np.array(sorted(routers), np.uint64)) | np.isin(ttls, INITIAL_TTLS))
    return np.asarray(alike & direct)
