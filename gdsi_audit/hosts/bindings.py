"""What was sent with which MAC from which address, and whose MACs are routers': behind these stand many addresses that are not their own."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.hosts.address_reach import GLOBAL, INITIAL_TTLS, LINK_LOCAL, MULTICAST, PRIVATE, UNSPECIFIED, reaches
from gdsi_audit.tables.distinct import distinct_rows

ROUTER_ADDRESSES = 2
"""A MAC that sends from this many global IPv4 addresses, or from a global one beside a private one, is a router's."""
ROUTER_PREFIXES = 4
"""The same for distinct IPv6 /64 prefixes (a host has a few: link-local, unique local, global and its renumbered successor). A MAC that sends from an
address of its own and passes on what another global address sent, its time to live lowered, is a router's too."""

BINDINGS = np.dtype([("mac", "u8"), ("hi", "u8"), ("lo", "u8"), ("pkts", "i8"), ("bytes", "i8"), ("originated", "i8"), ("unrouted", "i8")])
"""What was sent with this MAC from this address: one row per pair. `unrouted`: flows whose time to live no router had lowered."""
SUMMED = ("pkts", "bytes", "originated", "unrouted")

LINK_TTL = 4
"""Up to here a sender means its own surroundings (LLMNR 1, SSDP 2 or 4): what arrives with it was not passed on."""


def bindings(pieces: Iterable[NDArray[np.void]]) -> NDArray[np.void]:
    """BINDINGS of all flows, from pieces of CLOSED rows. Broadcast, multicast and unspecified senders are left out."""
    found = _summed(np.concatenate([np.empty(0, BINDINGS), *(part for piece in pieces for part in (_sent(piece, "orig"), _sent(piece, "resp")))]))
    return found[~np.isin(reaches(found["hi"], found["lo"]), (MULTICAST, UNSPECIFIED))]


def _sent(piece: NDArray[np.void], side: str) -> NDArray[np.void]:
    """BINDINGS of what one side of the flows in `piece` sent."""
    sent = np.flatnonzero(piece[f"{side}_pkts"] > 0)
    found = np.zeros(sent.size, BINDINGS)
    for name, part in (("mac", "mac"), ("hi", "hi"), ("lo", "lo"), ("pkts", "pkts"), ("bytes", "ip_bytes")):
        found[name] = piece[f"{side}_{part}"][sent]
    ttls = piece[f"{side}_first_ttl"][sent]
    found["originated"], found["unrouted"] = side == "orig", np.isin(ttls, INITIAL_TTLS) | (ttls <= LINK_TTL)
    return _summed(found)


def _summed(rows: NDArray[np.void]) -> NDArray[np.void]:
    """One row per sender, ascending."""
    firsts, place = distinct_rows(rows["mac"], rows["hi"], rows["lo"])
    found = rows[firsts]
    for name in SUMMED:
        found[name] = np.bincount(place, rows[name], firsts.size)
    return found


def router_macs(rows: NDArray[np.void]) -> frozenset[int]:
    """MACs of those who pass on what others sent, in BINDINGS rows."""
    reach = reaches(rows["hi"], rows["lo"])
    v4 = (rows["hi"] == 0) & (reach != LINK_LOCAL)
    macs, owner = np.unique(rows["mac"], return_inverse=True)
    owner = owner.ravel()

    def count(chosen: NDArray[np.bool_]) -> NDArray[np.intp]:
        return np.bincount(owner[chosen], minlength=macs.size)

    global4, private4 = count(v4 & (reach == GLOBAL)), count(v4 & (reach == PRIVATE))
    v6 = np.flatnonzero(~v4 & (reach != LINK_LOCAL))
    prefixes6 = np.bincount(owner[v6][distinct_rows(owner[v6], rows["hi"][v6])[0]], minlength=macs.size)
    passed_on = (count((reach == GLOBAL) & (rows["unrouted"] == 0)) > 0) & (count(rows["unrouted"] > 0) > 0)
    routes = passed_on | (global4 >= ROUTER_ADDRESSES) | ((global4 > 0) & (private4 > 0)) | (prefixes6 >= ROUTER_PREFIXES)
    return frozenset(macs[routes & (macs > 0)].tolist())
