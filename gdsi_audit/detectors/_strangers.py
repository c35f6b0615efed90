"""Names shown at addresses that DNS never gave this device for them, in networks that are strange to every address it gave."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.detectors import _encrypted_dns, _subjects
from gdsi_audit.matching.outer_names import STAND_INS
from gdsi_audit.naming import GRACE_S, names
from gdsi_audit.naming.mismatches import NameMismatch, name_mismatches, plain
from gdsi_audit.traffic import DeviceTraffic

SHARED_BITS = {4: 16, 6: 48}
"""Addresses whose networks' holders are unknown count as neighbours when this much of them is the same."""


class Decoy(NamedTuple):
    """One reason, for one name."""

    kind: str
    """address, certificate, fronting, hello."""
    rows: NDArray[np.intp]
    ceiling: str
    """The highest severity that this reason can carry."""
    confidence: str
    says: str


def elsewhere(traffic: DeviceTraffic) -> Iterator[tuple[str, Decoy]]:
    """One reason for each such name. Flows that nobody answered, and those before the first answer, say nothing."""
    found = name_mismatches(traffic.tables.flows, traffic.tables.answers, dns_kept_until=traffic.complete_until("dns"))
    if not found:
        return
    proxied = _proxied(traffic)
    hidden_dns = _encrypted_dns.is_used(traffic)
    for mismatch in found:
        if mismatch.name in STAND_INS:  # nobody's identity, so that no address is strange to it
            continue
        rows = _of_strangers(traffic, mismatch, proxied)
        asked = _Asked(traffic, mismatch.name)
        timely = rows[asked.since(traffic.tables.flows["start"][rows])] if rows.size else rows
        if timely.size:
            yield mismatch.name, _elsewhere_says(traffic, mismatch, timely, asked, hidden_dns=hidden_dns)


def _of_strangers(traffic: DeviceTraffic, mismatch: NameMismatch, proxied: NDArray[np.int64]) -> NDArray[np.intp]:
    """Rows of `mismatch` whose address is neither in a network of the answered ones, nor answered for a sibling name, nor a proxy's."""
    flows, answers = traffic.tables.flows, traffic.tables.answers
    domain = names.registered_domain(mismatch.name)
    siblings = answers.fits("name", lambda name: name.endswith(domain) and names.registered_domain(name) == domain)
    family = set(answers.take(siblings).distinct("address"))
    heard = flows["nameable"][mismatch.rows] & (flows["down_pkts"][mismatch.rows] > 0)
    rows = mismatch.rows[heard & ~np.isin(flows["flow"][mismatch.rows], proxied)]
    addresses = [address for address in flows.take(rows).distinct("remote_addr") if plain(address) not in family]
    strange = [address for address in addresses if _is_stranger(traffic, address, mismatch)]
    return rows[flows.is_any("remote_addr", strange)[rows]]


def _is_stranger(traffic: DeviceTraffic, address: str, mismatch: NameMismatch) -> bool:
    return all(_kinship(traffic, address, answered) != "same" for answered in mismatch.answered) and any(
        _kinship(traffic, address, answered) in ("other", "unknown") for answered in mismatch.answered
    )


def _kinship(traffic: DeviceTraffic, address: str, answered: str) -> str:
    """same, other (by holders of networks), unknown (no holder known, no common prefix), incomparable."""
    one, two = traffic.networks.get(address), traffic.networks.get(answered)
    if one is not None and two is not None and one.asn and two.asn:
        return "same" if one.asn == two.asn or (one.holder and one.holder == two.holder) else "other"
    first, second = ip_address(plain(address)), ip_address(plain(answered))
    if first.version != second.version:
        return "incomparable"
    return "same" if _prefix(str(first)) == _prefix(str(second)) else "unknown"


def _prefix(address: str) -> int:
    """What neighbours share."""
    parsed = ip_address(address)
    return int(parsed) >> (parsed.max_prefixlen - SHARED_BITS[parsed.version])


class _Asked:
    """When a name was answered to the device, and until when that held."""

    def __init__(self, traffic: DeviceTraffic, name: str) -> None:
        answers = traffic.tables.answers
        mine = answers.take(answers.is_any("name", (name,)) & answers["solicited"])
        order = np.argsort(mine["time"], kind="stable")
        self.times = mine["time"][order]
        self.until = np.maximum.accumulate(self.times + (mine["ttl_s"][order].astype(np.int64) + GRACE_S) * 1_000_000_000)
        dns = traffic.tables.dns
        own = dns.is_any("query", (name,)) if len(dns) else np.zeros(0, np.bool_)
        self.unanswered = int(np.count_nonzero(own & ~dns["response"])) > int(np.count_nonzero(own & dns["response"]))

    def since(self, starts: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Flows that begin after the first answer: before it, an address may have been known from earlier."""
        return np.asarray(starts >= self.times[0], np.bool_)

    def is_fresh(self, starts: NDArray[np.int64]) -> bool:
        """Whether one of these flows begins while an answer holds."""
        place = np.searchsorted(self.times, starts, side="right") - 1
        return bool((self.until[place] >= starts).any())


def _elsewhere_says(traffic: DeviceTraffic, mismatch: NameMismatch, rows: NDArray[np.intp], asked: _Asked, *, hidden_dns: bool) -> Decoy:
    flows = traffic.tables.flows.take(rows)
    addresses = flows.distinct("remote_addr")
    known = all(_kinship(traffic, address, answered) == "other" for address in addresses for answered in mismatch.answered)
    fresh = asked.is_fresh(flows["start"])
    doubts = [
        *([] if known else ["whose networks these are is not known"]),
        *([] if fresh else ["the answers had expired"]),
        *(["the device also asks resolvers that cannot be overheard"] if hidden_dns else []),
        *(["a lookup of the name has no answer in the capture"] if asked.unanswered else []),
    ]
    told = f"DNS gave this device only {_subjects.listed(_placed(traffic, address) for address in mismatch.answered)} for it"
    there = f"the traffic went to {_subjects.listed(_placed(traffic, address) for address in addresses)}"
    says = f"{told}, and {there}{''.join(f'; {doubt}' for doubt in doubts)}"
    return Decoy("address", rows, "low" if doubts else "high", "low" if doubts else "medium", says)


def _placed(traffic: DeviceTraffic, address: str) -> str:
    network = traffic.networks.get(address)
    return f"{address} (AS{network.asn} {network.holder})" if network is not None and network.asn else address


def _proxied(traffic: DeviceTraffic) -> NDArray[np.int64]:
    """Flows that ask a proxy: its address is not the name's."""
    flows = [message.flow for message in traffic.messages.get("socks", ()) if message.body.command]
    for message in traffic.messages.get("http", ()):
        target = getattr(message.body, "target", "")
        if target and (getattr(message.body, "hands_over", False) or "://" in target[:12]):
            flows.append(message.flow)
    return np.array(sorted(set(flows)), np.int64)
