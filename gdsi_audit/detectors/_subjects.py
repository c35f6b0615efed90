"""How findings name what they are about: who is audited, which endpoint, how much moved."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gdsi_audit import names
from gdsi_audit.columns import Columns, columns_of
from gdsi_audit.declarations import Declaration
from gdsi_audit.endpoints import CONFIDENT_SOURCES
from gdsi_audit.traffic import DeviceTraffic

if TYPE_CHECKING:
    import pandas as pd

MOST_SHOWN = 5
"""Names, addresses or services that a sentence lists."""


def audited(traffic: DeviceTraffic, declaration: Declaration) -> str:
    """Whose traffic it is: never the vendor's, whose software may share the device with other parties'."""
    if declaration.product.scope.startswith("app:"):
        return f"the app {declaration.product.scope.removeprefix('app:')} on this device"
    if declaration.vantage.position == "wan":
        return f"everything behind {next(iter(traffic.device.addresses), traffic.device.id)}"
    return "this device"


def parties(flows: Columns | pd.DataFrame) -> NDArray[np.object_]:
    """The other side of each flow: registered domain of its confident name, else its address."""
    flows = flows if isinstance(flows, Columns) else columns_of(flows)
    named = flows.is_any("name_source", CONFIDENT_SOURCES) & ~flows["ambiguous"] & ~flows.is_any("name", ("",))
    codes = flows.codes("name")
    words = flows.words("name")
    domains = np.array([""] * len(words), object)
    for code in np.unique(codes[named]).tolist():
        domains[code] = names.registered_domain(words[code])
    return np.where(named, domains[codes], flows["remote_addr"])


def listed(texts: Iterable[object], most: int = MOST_SHOWN) -> str:
    """Distinct `texts` in order, the tail as a number: `a, b and 7 more`."""
    distinct = sorted({str(text) for text in texts if text != ""})
    shown = ", ".join(distinct[:most])
    return f"{shown} and {len(distinct) - most} more" if len(distinct) > most else shown


def services(flows: Columns | pd.DataFrame) -> list[str]:
    """`tcp/443` for each flow: transport and the responder's port; transport alone where there are no ports."""
    flows = flows if isinstance(flows, Columns) else columns_of(flows)
    ports = np.where(flows["device_is_originator"], flows["remote_port"], flows["local_port"])
    pairs = zip(flows["transport"].tolist(), ports.tolist(), strict=True)
    return [f"{transport}/{port}" if transport in ("tcp", "udp", "sctp") else str(transport) for transport, port in pairs]


def moved(flows: Columns | pd.DataFrame) -> str:
    """`12,345 payload bytes up, 678 down, in 3 flows`."""
    count = len(flows)
    up, down = int(flows["up_bytes"].sum()), int(flows["down_bytes"].sum())
    return f"{up:,} payload bytes up, {down:,} down, in {count:,} flow{'' if count == 1 else 's'}"


def measures(flows: Columns) -> dict[str, float | int | str]:
    """Sums over `flows`."""
    sums = {name: flows.sum(name) for name in ("up_bytes", "down_bytes", "up_pkts", "down_pkts")}
    return {"flows": len(flows), "addresses": np.unique(flows.codes("remote_addr")).size, **sums}
