"""How findings name what they are about: who is audited, which endpoint, how much moved."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration
from gdsi_audit.endpoints import CONFIDENT_SOURCES
from gdsi_audit.findings.quantities import counted, duration
from gdsi_audit.matching.flow_kinds import WITH_PORTS
from gdsi_audit.naming import names
from gdsi_audit.tables.columns import Columns
from gdsi_audit.tables.distinct import numbered
from gdsi_audit.tables.groups import grouped
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


def opening(traffic: DeviceTraffic, declaration: Declaration) -> str:
    """`audited` as a sentence begins."""
    return begun(audited(traffic, declaration))


def begun(words: str) -> str:
    """`words` as a sentence begins."""
    return words[:1].upper() + words[1:]


def parties(flows: Columns) -> NDArray[np.object_]:
    """The other side of each flow: registered domain of its confident name, else its address."""
    named = flows.is_any("name_source", CONFIDENT_SOURCES) & ~flows["ambiguous"] & ~flows.is_any("name", ("",))
    codes = flows.codes("name")
    words = flows.words("name")
    domains = np.full(max(len(words), 1), "", object)
    for code in np.unique(codes[named]).tolist():
        domains[code] = names.registered_domain(words[code])
    return np.where(named, domains[codes], flows["remote_addr"])


def others(flows: Columns) -> NDArray[np.object_]:
    """The other side of each flow as a sentence shows it: its whole name, else its address; of several possible names none is given for certain."""
    named = ~flows.is_any("name", ("",))
    shown = np.where(named, flows["name"], flows["remote_addr"])
    unsure = np.flatnonzero(named & flows["ambiguous"])
    few = flows.take(unsure)
    shown[unsure] = [f"{address} (one of several names, such as {name})" for address, name in zip(few["remote_addr"], few["name"], strict=True)]
    return shown


def gathered(
    parties: NDArray[np.object_], up_bytes: NDArray[np.int64], most: int, rest: str, *, grades: NDArray[np.int64] | None = None
) -> NDArray[np.object_]:
    """`parties`, one per flow, all but the `most` of them to which most was sent called `rest`; with `grades`, the highest grade goes first."""
    rows = dict(grouped(parties))
    if len(rows) <= most:
        return parties
    grade = np.zeros(parties.size, np.int64) if grades is None else grades
    ranked = sorted(rows, key=lambda party: (-int(grade[rows[party]].max()), -int(up_bytes[rows[party]].sum())))
    kept = parties.copy()
    for party in ranked[most:]:
        kept[rows[party]] = rest
    return kept


def listed(texts: Iterable[object], most: int = MOST_SHOWN) -> str:
    """Distinct `texts` in order, the tail as a number: `a, b and 7 more`."""
    distinct = sorted({str(text) for text in texts if text != ""})
    shown = ", ".join(distinct[:most])
    return f"{shown} and {len(distinct) - most} more" if len(distinct) > most else shown


def services(flows: Columns) -> list[str]:
    """`tcp/443` for each flow: transport and the responder's port; transport alone where there are no ports."""
    ports = np.where(flows["device_is_originator"], flows["remote_port"], flows["local_port"]).astype(np.int64)
    ports[~flows.is_any("transport", WITH_PORTS)] = 0
    rows, numbers = numbered((flows.codes("transport"), len(flows.words("transport"))), (ports, 1 << 16))
    pairs = zip(flows["transport"][rows].tolist(), ports[rows].tolist(), strict=True)
    texts = [f"{transport}/{port}" if transport in WITH_PORTS else str(transport) for transport, port in pairs]
    return [texts[number] for number in numbers.tolist()]


def moved(flows: Columns) -> str:
    """`12,345 payload bytes up, 678 down, in 3 flows`."""
    return f"{flows.sum('up_bytes'):,} payload bytes up, {flows.sum('down_bytes'):,} down, in {counted(len(flows), 'flow')}"


def addresses(flows: Columns) -> str:
    """`1 address`, `12 addresses` of the other side."""
    count = len(flows.distinct("remote_addr"))
    return f"{count:,} address{'' if count == 1 else 'es'}"


def lasted(seconds: float) -> str:
    """`in 0.42 s`, `in 21 minutes`."""
    return f"in {duration(seconds)}" if seconds >= 0.001 else "at once"


def paced(moved_bytes: int, seconds: float) -> str:
    """`in 20 s (51.2 bytes/s)`; of less than a second there is no rate to speak of."""
    return f"{lasted(seconds)} ({moved_bytes / seconds:,.1f} bytes/s)" if seconds >= 1 else lasted(seconds)


def measures(flows: Columns) -> dict[str, float | int | str]:
    """Sums over `flows`."""
    sums = {name: flows.sum(name) for name in ("up_bytes", "down_bytes", "up_pkts", "down_pkts")}
    return {"flows": len(flows), "addresses": np.unique(flows.codes("remote_addr")).size, **sums}
