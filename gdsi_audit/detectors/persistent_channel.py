"""Does the device hold a connection open over which somebody can reach it at any time?

Looks for: connections beyond the local network that stay open and carry payload both ways for an hour or longer, those that outlive a silence or a
change of file included. A declared `persistent = true` makes it `info`, `persistent = false` is contradicted. To a party that is declared without the
field, or where no declaration speaks of destinations, it is `low`.

Also looks like this: push notifications, message queues and home assistants, which all keep one connection; a long call or stream; a VPN of the
user's. Declare the destination with `persistent = true` and its purpose.

References: RFC 9293 section 3.8.4 (keep-alive); RFC 1122 section 4.2.3.6; OASIS MQTT 5.0 section 3.1.2.10.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _subjects
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.finding import Broken, Finding
from gdsi_audit.matching import match
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "medium"
COMMITMENTS = ("GDSI-7",)

NAME = "persistent_channel"
NOT_JUDGED = ("bench", "background", "unanswered", "link_upkeep")
ROLES = ("ntp", "dns", "dns_tcp", "stun")
ALTERNATIVES = (
    "push notifications or a message queue that a declared function needs",
    "a long call, stream or download that the user asked for",
    "a VPN that its user set up",
)


def detect(traffic: DeviceTraffic, declaration: Declaration, *, longest_promised_s: float = 3600.0) -> Iterator[Finding]:
    """See `Detector`. A connection is persistent from `longest_promised_s` on."""
    flows = traffic.flows
    chosen = flows[flows["transport"].isin(["tcp", "udp"]) & ~flows["remote_is_local"] & ~flows["service"].isin(ROLES)]
    if chosen.empty or int(_ends(chosen).max() - chosen["start"].min()) < longest_promised_s * 1e9:
        return
    chosen = chosen.assign(connection=_connections(chosen), end=_ends(chosen))
    sums = chosen.groupby("connection", sort=True).agg(start=("start", "min"), end=("end", "max"), up=("up_bytes", "sum"), down=("down_bytes", "sum"))
    long = sums[(sums["end"] - sums["start"] >= longest_promised_s * 1e9) & (sums["up"] > 0) & (sums["down"] > 0)]
    kept = chosen[chosen["connection"].isin(long.index)]
    for party, group in kept.groupby(_subjects.parties(kept), sort=True):
        yield from _finding(traffic, declaration, group, str(party), float((long["end"] - long["start"]).loc[group["connection"]].max()) / 1e9)


def _ends(flows: pd.DataFrame) -> pd.Series[int]:
    return flows["start"] + (flows["duration_s"] * 1e9).round().astype("int64")


def _connections(flows: pd.DataFrame) -> list[int]:
    """The first flow of the connection that each flow is part of; flows stand in order."""
    first: dict[int, int] = {}
    for flow, continues in zip(flows["flow"].tolist(), flows["continues"].tolist(), strict=True):
        first[flow] = first.get(continues, flow)
    return list(first.values())


def _finding(traffic: DeviceTraffic, declaration: Declaration, group: pd.DataFrame, party: str, longest_s: float) -> Iterator[Finding]:
    matches = match(traffic, declaration).loc[group.index]
    verdict = str(matches["verdict"].iloc[0])
    if verdict in NOT_JUDGED:
        return
    severity, contradicts, says = _graded(declaration, verdict, int(matches["destination"].iloc[0]))
    who = _subjects.audited(traffic, declaration)
    count = group["connection"].nunique()
    yield finding(
        traffic,
        group.drop(columns=["connection", "end"]),
        detector=NAME,
        subject=party,
        severity=severity,
        confidence="high",
        commitments=COMMITMENTS,
        observation=f"{who[0].upper()}{who[1:]} kept {count:,} connection{'' if count == 1 else 's'} with {party} "
        f"({_subjects.listed(_subjects.services(group))}) open for up to {longest_s / 3600:.2f} h: {_subjects.moved(group)}; {says}.",
        inference="Whoever is at the other end can reach the device whenever it likes, through any firewall that lets the device out.",
        alternatives=ALTERNATIVES,
        refuted_by="The vendor's description of what this connection is for, or its end when the function is switched off.",
        contradicts=contradicts,
        measures={"connections": int(count), "longest_s": round(longest_s, 3)},
    )


def _graded(declaration: Declaration, verdict: str, item: int) -> tuple[str, tuple[Broken, ...], str]:
    """(severity, what it contradicts, in words)."""
    if verdict == "declared" and item >= 0:
        declared = declaration.destinations[item]
        if declared.persistent is None:
            return "low", (), "the declaration says nothing of connections that stay open"
        if declared.persistent:
            return "info", (), "declared as persistent"
        source = declared.source
        return SEVERITY, (Broken("destination", "persistent", source.file, source.line, source.by),), "declared as not persistent"
    if verdict in ("undeclared", "unnamed") and declaration.destinations:
        return SEVERITY, (), "the party is not declared"
    return "low", (), "nothing is declared of it"
