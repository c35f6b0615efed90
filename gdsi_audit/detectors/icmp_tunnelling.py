"""Does the device move data inside ICMP messages?

Looks for: echo requests of the device whose data differ from request to request behind the place where senders put the time, replies whose data are
not those of the request that they answer (a host has to return them), and replies that are more or larger than the requests. Bytes moved are the
data of all echo messages with this address. A diagnostic fills every request alike, whatever its size and number, and gets its own data back. Only
the first messages of a flow are looked into; sums are over all of them. And ICMP errors that answer nothing: a host sends one for a packet that it
got, so that it cannot send many more of them to an address than packets came from there. Data that stay in the local network are `low`.

Also looks like this: a probe that fills requests with random bytes on purpose, to defeat compression on the path; a middle box that rewrites
replies. Leave the tester's own probes out with `[[bench]]` or `[[ignore]]`; a declared destination does not silence data in echo messages.

References: RFC 792; RFC 1122 sections 3.2.2 and 3.2.2.6; RFC 4443 sections 2.4 and 4; Project Loki, Phrack 49.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _subjects
from gdsi_audit.detectors._exchanges import by_flow
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.findings.finding import Finding
from gdsi_audit.matching import matches
from gdsi_audit.protocols import Message
from gdsi_audit.tables.columns import Columns
from gdsi_audit.tables.groups import grouped
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "high"
COMMITMENTS = ("GDSI-2", "GDSI-7")

SEVERITY_OF_LITTLE = "medium"
SEVERITY_LOCAL = "low"
ENOUGH_BYTES = 2_000
"""Data of such messages from which on it is of base severity."""
ERRORS = {"icmp": (3, 4, 5, 11, 12), "icmp6": (1, 2, 3, 4)}
NAME = "icmp_tunnelling"
ALTERNATIVES = (
    "a probe that fills its requests with random bytes on purpose",
    "a middle box that answers or rewrites echo messages",
)


def detect(
    traffic: DeviceTraffic, declaration: Declaration, *, fewest_messages: int = 6, least_data_bytes: int = 24, least_share: float = 0.6
) -> Iterator[Finding]:
    """See `Detector`. Of `fewest_messages` with `least_data_bytes` of data, `least_share` have to differ or be answered with other data."""
    yield from _unprovoked(traffic, declaration, fewest_messages)
    heard = by_flow(traffic, "icmp_echo", "icmp6_echo")
    if not heard:
        return
    flows = traffic.tables.flows
    echoes = flows.is_any("transport", ("icmp", "icmp6")) & ~flows["remote_is_multicast"]
    chosen = np.flatnonzero(echoes & ~matches(traffic, declaration).is_any("verdict", ("bench",)))
    known = np.isin(flows["flow"], list(heard))
    for address, rows in grouped(flows.take(chosen)["remote_addr"]):
        group = flows.take(chosen[rows])
        messages = [message for flow in group["flow"].tolist() for message in heard.get(flow, ())]
        signs = list(_signs(group, messages, fewest_messages, least_data_bytes, least_share)) if messages else []
        if signs:
            yield _finding(traffic, declaration, chosen[rows][known[chosen[rows]]], address, signs)


def _unprovoked(traffic: DeviceTraffic, declaration: Declaration, fewest: int) -> Iterator[Finding]:
    """Errors sent to addresses from which far fewer packets came; nothing is said where the capture or the table holds only a part of what came."""
    flows = traffic.tables.flows
    beyond = flows.is_any("tunnel", ("",)) & ~flows["remote_is_multicast"] & ~flows["remote_is_local"]
    errors = np.zeros(len(flows), np.bool_)
    for transport, kinds in ERRORS.items():
        errors |= beyond & flows.is_any("transport", (transport,)) & np.isin(flows["local_port"], kinds) & flows["device_is_originator"]
    if not errors.any() or traffic.folded or 4 * flows["down_pkts"].sum() < flows["up_pkts"].sum():
        return
    sends = np.flatnonzero(errors & ~matches(traffic, declaration).is_any("verdict", ("bench",)))
    codes = flows.codes("remote_addr")
    for address, places in grouped(flows["remote_addr"][sends]):
        rows = sends[places]
        sent, came = int(flows["up_pkts"][rows].sum()), int(flows["down_pkts"][beyond & (codes == codes[rows[0]])].sum())
        if sent >= 2 * (came + fewest):
            says = f"{sent:,} ICMP errors went there, and {came:,} packets came that they could answer"
            yield _finding(traffic, declaration, rows, address, [says])


def _signs(group: Columns, messages: Sequence[Message], fewest: int, least_bytes: int, least_share: float) -> Iterator[str]:
    """What speaks for data, in words."""
    originator = dict(zip(group["flow"].tolist(), group["device_is_originator"].tolist(), strict=True))
    large = [message for message in messages if message.body.data_bytes >= least_bytes]
    requests = [message for message in large if not message.body.reply and message.from_responder != originator[message.flow]]
    fills = {message.body.fill_digest for message in requests}
    if len(requests) >= fewest and len(fills) >= least_share * len(requests):
        yield f"{len(fills)} of the first {len(requests)} requests carry different data"
    other, pairs = _altered(messages)
    if pairs >= fewest and other >= least_share * pairs:
        yield f"{other} of the first {pairs} replies return other data than their request"
    up, down = group.sum("up_pkts"), group.sum("down_pkts")
    few, many = sorted((up, down))
    if len(large) >= fewest and few > 0 and many >= 2 * few + fewest and len(fills | {message.body.fill_digest for message in large}) >= fewest:
        yield f"{up:,} messages went up and {down:,} came down"


def _altered(messages: Sequence[Message]) -> tuple[int, int]:
    """(replies with other data than their request, replies with one). A reply that is cut short is not altered."""
    asked: dict[tuple[int, int, int], Message] = {}
    altered = pairs = 0
    for message in messages:
        body = message.body
        key = (message.flow, body.identifier, body.sequence)
        if not body.reply:
            asked[key] = message
        elif key in asked:
            request = asked[key].body
            pairs += 1
            same = (request.stamp_digest, request.fill_digest) == (body.stamp_digest, body.fill_digest)
            altered += not same and body.data_bytes >= request.data_bytes
    return altered, pairs


def _finding(traffic: DeviceTraffic, declaration: Declaration, rows: NDArray[np.intp], address: str, signs: Sequence[str]) -> Finding:
    group = traffic.tables.flows.take(rows)
    who = _subjects.opening(traffic, declaration)
    up, down = group.sum("up_bytes"), group.sum("down_bytes")
    local = bool(group["remote_is_local"].all())
    severity = SEVERITY if up + down >= ENOUGH_BYTES else SEVERITY_OF_LITTLE
    seconds = float(((group["start"] - group["start"].min()) / 1e9 + group["duration_s"]).max())
    return finding(
        traffic,
        rows,
        detector=NAME,
        subject=address,
        severity=SEVERITY_LOCAL if local else severity,
        confidence="high" if len(signs) > 1 else "medium",
        commitments=COMMITMENTS,
        observation=f"{who} exchanged {up:,} bytes up and {down:,} down with {address} as data of ICMP messages "
        f"{_subjects.paced(up + down, seconds)}: {'; '.join(signs)}.",
        inference="ICMP messages carry data of an application instead of what a diagnostic, or the report of an error, holds.",
        alternatives=ALTERNATIVES,
        refuted_by="The program that sends them, if it fills its requests at random, and replies that return each request unchanged.",
        measures={"estimated_up_bytes": up, "estimated_down_bytes": down, "duration_s": round(seconds, 3), "signs": len(signs)},
    )
