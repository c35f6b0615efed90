"""Does something else travel on the port, or in the fields, of a protocol that filters let pass?

Looks for: datagrams on port 53 that are no DNS message and on port 123 that are no NTP message, counted one by one, so that a few real ones do not
hide the rest; connections to port 53 that speak something else; NTP extension fields that belong to no known extension, and NTP timestamps that lie
ten years or more from the capture and from each other, as random bytes do and a wrong clock does not. To an address without name that no item
declares, a connection to port 443 that speaks neither TLS nor HTTP is `low`. Inside the local network it is `low` too. Bytes are payload less what
was understood.

Also looks like this: an update, or a zone transfer, that the reader of DNS does not know; a captive portal; a VPN that its user set to port 53; a
vendor's own protocol on port 443. Declaring the port does not silence data in another protocol's fields; naming the protocol in the item's purpose
and moving it to a port of its own does.

References: RFC 1035; RFC 5905 section 7.3; RFC 7822 (NTP extension fields); RFC 8915 (network time security).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _subjects
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.finding import Finding
from gdsi_audit.matching import match
from gdsi_audit.protocols import Message
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "high"
COMMITMENTS = ("GDSI-2", "GDSI-7")

SEVERITY_OF_LITTLE = "medium"
ENOUGH_BYTES = 1_000
"""Payload beside the protocol from which on it is of base severity."""
NAME = "covert_payload"
DNS_PORT, NTP_PORT, TLS_PORT = 53, 123, 443
MOST_MESSAGES_PER_FLOW = 64
"""So many NTP messages of a flow are kept: more cannot be told from none."""
TEN_YEARS_NS = 315_576_000 * 10**9
NTP_EPOCH_S = 2_208_988_800
NTS_FIELDS = frozenset({0x0104, 0x0404})
"""Unique identifier and authenticator: with both, the other fields of the range are network time security's (RFC 8915 section 5)."""
KNOWN_FIELDS = frozenset({0x2005, 0x0104, 0x0204, 0x0304, 0x0404})
AUTOKEY = 0x02
"""Low byte of Autokey's field types (RFC 5906 section 10)."""
ALTERNATIVES = (
    "a VPN or relay that its user set to this port because it is seldom blocked",
    "a message of the protocol that this program cannot read",
    "a captive portal or middle box that answers in the service's place",
)


def detect(
    traffic: DeviceTraffic, declaration: Declaration, *, fewest_pkts: int = 5, least_share: float = 0.5, least_bytes: int = 100
) -> Iterator[Finding]:
    """See `Detector`. At least `fewest_pkts` packets with `least_bytes` of payload, and `least_share` of what the device sent."""
    flows = traffic.flows
    ports = flows["remote_port"].where(flows["device_is_originator"], flows["local_port"])
    chosen = flows[ports.isin([DNS_PORT, NTP_PORT, TLS_PORT]) & (flows["up_bytes"] > 0) & flows["transport"].isin(["udp", "tcp"])]
    chosen = chosen[~chosen["remote_is_multicast"]].assign(port=ports, foreign_pkts=0, foreign_bytes=0, kind="")
    if chosen.empty:
        return
    chosen = pd.concat([_on_53(traffic, chosen), _on_53_stream(chosen), _on_123(traffic, chosen), _fields(traffic, chosen)])
    enough = (chosen["foreign_bytes"] >= least_bytes) & (chosen["foreign_pkts"] >= least_share * chosen["up_pkts"])
    judged = chosen[enough & (match(traffic, declaration)["verdict"].loc[chosen.index] != "bench").to_numpy()]
    for (kind, address), group in judged.groupby(["kind", judged["remote_addr"].astype(object)], sort=True):
        if int(group["foreign_pkts"].sum()) >= fewest_pkts:
            yield _finding(traffic, declaration, group, str(kind), str(address))
    yield from _on_443(traffic, declaration, flows[ports == TLS_PORT])


def _on_53(traffic: DeviceTraffic, chosen: pd.DataFrame) -> pd.DataFrame:
    """Datagrams that are no DNS message."""
    part = chosen[(chosen["port"] == DNS_PORT) & (chosen["transport"] == "udp")]
    part = part[part["device_is_originator"] | (part["service"] != "dns")]
    sent = traffic.dns[~traffic.dns["response"]].groupby("flow")["message_bytes"]
    read, read_bytes = (part["flow"].map(sums).fillna(0).astype("int64") for sums in (sent.size(), sent.sum()))
    return part.assign(foreign_pkts=part["up_pkts"] - read, foreign_bytes=part["up_bytes"] - read_bytes, kind="no DNS on port 53")


def _on_53_stream(chosen: pd.DataFrame) -> pd.DataFrame:
    """Connections seen from their beginning that were recognised as something else, or as nothing."""
    part = chosen[(chosen["port"] == DNS_PORT) & (chosen["transport"] == "tcp") & (chosen["service"] != "dns_tcp")]
    part = part[part["history"].astype(str).str.upper().str.startswith("S") & (part["down_pkts"] > 0) & (part["missed_bytes"] == 0)]
    return part.assign(foreign_pkts=part["up_pkts"], foreign_bytes=part["up_bytes"], kind="no DNS on port 53")


def _on_123(traffic: DeviceTraffic, chosen: pd.DataFrame) -> pd.DataFrame:
    """Datagrams that are no NTP message."""
    part = chosen[(chosen["port"] == NTP_PORT) & (chosen["transport"] == "udp")]
    counts = pd.Series([message.flow for message in traffic.messages.get("ntp", ())], dtype="int64").value_counts()
    read = part["flow"].map(counts).fillna(0).to_numpy()
    pkts = (part["up_pkts"] + part["down_pkts"]).to_numpy()
    share = np.where(read >= MOST_MESSAGES_PER_FLOW, 0.0, 1 - read / np.maximum(pkts, 1))
    foreign = np.floor(share * part["up_pkts"]).astype(np.int64)
    return part.assign(foreign_pkts=foreign, foreign_bytes=np.floor(share * part["up_bytes"]).astype(np.int64), kind="no NTP on port 123")


def _fields(traffic: DeviceTraffic, chosen: pd.DataFrame) -> pd.DataFrame:
    """NTP messages of the device with fields that hold something else."""
    sides = dict(zip(chosen["flow"], chosen["device_is_originator"], strict=True))
    pkts: dict[int, int] = {}
    sizes: dict[int, int] = {}
    for message in traffic.messages.get("ntp", ()):
        if sides.get(message.flow) != message.from_responder and message.flow in sides:
            size = _foreign_bytes(message)
            pkts[message.flow] = pkts.get(message.flow, 0) + (size > 0)
            sizes[message.flow] = sizes.get(message.flow, 0) + size
    part = chosen[chosen["flow"].isin([flow for flow, count in pkts.items() if count])]
    return part.assign(foreign_pkts=part["flow"].map(pkts), foreign_bytes=part["flow"].map(sizes), kind="data in NTP fields")


def _foreign_bytes(message: Message) -> int:
    """Bytes of one NTP message in unknown extension fields, and in timestamps that no clock made."""
    kinds = {kind for kind, _ in message.body.extensions}
    secured = kinds >= NTS_FIELDS
    unknown = [size for kind, size in message.body.extensions if not (kind & 0xFF == AUTOKEY or kind == 0x2005 or (secured and kind in KNOWN_FIELDS))]
    away = [stamp for stamp in message.body.timestamps if stamp and abs(_unix_ns(stamp) - message.time) > TEN_YEARS_NS]
    scattered = len(away) >= 2 and max(map(_unix_ns, away)) - min(map(_unix_ns, away)) > TEN_YEARS_NS
    found: int = sum(unknown) + 8 * len(away) * scattered
    return found


def _unix_ns(stamp: int) -> int:
    return ((stamp >> 32) - NTP_EPOCH_S) * 10**9


def _finding(traffic: DeviceTraffic, declaration: Declaration, group: pd.DataFrame, kind: str, address: str) -> Finding:
    who = _subjects.audited(traffic, declaration)
    pkts, size = int(group["foreign_pkts"].sum()), int(group["foreign_bytes"].sum())
    cautious = bool((group["remote_is_local"] | (~group["device_is_originator"] & (group["initiator"] == "unknown"))).all())
    severity = "low" if cautious else SEVERITY if size >= ENOUGH_BYTES else SEVERITY_OF_LITTLE
    protocols = _subjects.listed(group["service"].astype(object)) or "nothing known"
    return finding(
        traffic,
        traffic.flows.loc[sorted(set(group.index))],
        detector=NAME,
        subject=f"{address} {kind}",
        severity=severity,
        confidence="high" if size >= ENOUGH_BYTES else "medium",
        commitments=COMMITMENTS,
        observation=f"{who[0].upper()}{who[1:]} sent {address} {size:,} bytes in {pkts:,} packets that are {kind} (recognised: {protocols}); "
        f"altogether {_subjects.moved(group)}.",
        inference="A port that filters let pass carries something else than its protocol.",
        alternatives=ALTERNATIVES,
        refuted_by="A reader of the protocol that understands these packets, or the vendor's description of what they are.",
        measures={"foreign_pkts": pkts, "foreign_bytes": size},
    )


def _on_443(traffic: DeviceTraffic, declaration: Declaration, flows: pd.DataFrame) -> Iterator[Finding]:
    """Neither TLS nor HTTP, to an address without a name that is not declared."""
    begun = flows["history"].astype(str).str.startswith("S") & (flows["transport"] == "tcp") & (flows["service"] == "") & (flows["name"] == "")
    both = (flows["up_bytes"] > 0) & (flows["down_bytes"] > 0) & (flows["missed_bytes"] == 0) & ~flows["remote_is_local"]
    part = flows[begun & both]
    if part.empty:
        return
    part = part[~match(traffic, declaration)["verdict"].loc[part.index].isin(["declared", "bench", "background"])]
    for address, group in part.groupby(part["remote_addr"].astype(object), sort=True):
        yield finding(
            traffic,
            group,
            detector=NAME,
            subject=f"{address} no TLS on port 443",
            severity="low",
            confidence="low",
            commitments=COMMITMENTS,
            observation=f"{_subjects.moved(group)} with {address} on port 443 began with neither TLS nor HTTP, and the address has no name.",
            inference="A protocol of its own uses the port of TLS.",
            alternatives=("a vendor's own protocol on a port that is seldom blocked", *ALTERNATIVES),
            refuted_by="The vendor's description of the protocol, and a name for the address.",
        )
