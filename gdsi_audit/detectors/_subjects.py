"""How findings name what they are about: who is audited, which endpoint, how much moved."""

from __future__ import annotations

import pandas as pd

from gdsi_audit import names
from gdsi_audit.declarations import Declaration
from gdsi_audit.endpoints import CONFIDENT_SOURCES
from gdsi_audit.traffic import DeviceTraffic

MOST_SHOWN = 5
"""Names, addresses or services that a sentence lists."""


def audited(traffic: DeviceTraffic, declaration: Declaration) -> str:
    """Whose traffic it is: never the vendor's, whose software may share the device with other parties'."""
    if declaration.product.scope.startswith("app:"):
        return f"the app {declaration.product.scope.removeprefix('app:')} on this device"
    if declaration.vantage.position == "wan":
        return f"everything behind {next(iter(traffic.device.addresses), traffic.device.id)}"
    return "this device"


def parties(flows: pd.DataFrame) -> pd.Series[str]:
    """The other side of each flow: registered domain of its confident name, else its address. On the index of `flows`."""
    named = (flows["name_source"].isin(list(CONFIDENT_SOURCES)) & ~flows["ambiguous"]).tolist()
    hosts = flows["name"].astype(object).tolist()
    addresses = flows["remote_addr"].astype(object).tolist()
    domains = {host: names.registered_domain(host) for host in sorted(set(hosts)) if host}
    texts = [domains.get(host, address) if is_named else address for host, address, is_named in zip(hosts, addresses, named, strict=True)]
    return pd.Series(texts, index=flows.index, dtype="object")


def listed(texts: pd.Series[str] | list[str], most: int = MOST_SHOWN) -> str:
    """Distinct `texts` in order, the tail as a number: `a, b and 7 more`."""
    distinct = sorted({str(text) for text in texts if text != ""})
    shown = ", ".join(distinct[:most])
    return f"{shown} and {len(distinct) - most} more" if len(distinct) > most else shown


def services(flows: pd.DataFrame) -> list[str]:
    """`tcp/443` for each flow: transport and the responder's port; transport alone where there are no ports."""
    ports = flows["remote_port"].where(flows["device_is_originator"], flows["local_port"])
    pairs = zip(flows["transport"].astype(object), ports, strict=True)
    return [f"{transport}/{port}" if transport in ("tcp", "udp", "sctp") else str(transport) for transport, port in pairs]


def moved(flows: pd.DataFrame) -> str:
    """`12,345 payload bytes up, 678 down, in 3 flows`."""
    count = len(flows)
    up, down = int(flows["up_bytes"].sum()), int(flows["down_bytes"].sum())
    return f"{up:,} payload bytes up, {down:,} down, in {count:,} flow{'' if count == 1 else 's'}"


def measures(flows: pd.DataFrame) -> dict[str, float | int | str]:
    """Sums over `flows`."""
    sums = {name: int(flows[name].sum()) for name in ("up_bytes", "down_bytes", "up_pkts", "down_pkts")}
    return {"flows": len(flows), "addresses": int(flows["remote_addr"].nunique()), **sums}
