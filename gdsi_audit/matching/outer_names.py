"""Names that an encrypted client hello shows instead of the server's: whoever runs the front shows them for all that stand behind it.

Nothing that rests on such a name alone declares a flow or accuses it; what DNS told the device of the address comes next, as a weak name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.messages import unread
from gdsi_audit.protocols._dns_records import ServiceBinding
from gdsi_audit.tables.columns import Columns
from gdsi_audit.tables.words import Words
from gdsi_audit.traffic import DeviceTraffic

STAND_INS = frozenset({"cloudflare-ech.com", "cover.defo.ie", "public.tls-ech.dev"})
"""Names that are known to serve as nothing else."""
SHOWN = ("tls-sni", "quic-sni")
WEAK = "dns-expired"


def offered(traffic: DeviceTraffic) -> dict[str, frozenset[str]]:
    """Names asked for, by the public name of the configurations in the answers (RFC 9848); by themselves where that cannot be read."""
    asked: dict[str, set[str]] = defaultdict(set)
    for binding, owners in _bindings(traffic):
        for name in _fronts(binding) or owners:
            asked[name] |= owners
    return {name: frozenset(owners) for name, owners in asked.items()}


def outer(traffic: DeviceTraffic) -> NDArray[np.bool_]:
    """Which flows show nothing but the name of a front: its name is that of a configuration, or stands in, and the hello has an encrypted part.

    Where hellos were not kept it may have one.
    """
    flows = traffic.tables.flows
    fronts = STAND_INS.union(*(_fronts(binding) for binding, _ in _bindings(traffic)))
    shown = flows.fits("name", lambda name: _spelled(name) in fronts) & flows.is_any("name_source", SHOWN)
    if not shown.any():
        return shown
    encrypted = [flow for protocol in ("tls", "quic") for flow in _encrypted(traffic, protocol)]
    perhaps = flows["start"] >= min(traffic.complete_until(protocol) for protocol in ("tls", "quic", "dns"))
    return np.asarray(shown & (np.isin(flows["flow"], encrypted) | perhaps))


def without(traffic: DeviceTraffic, hidden: NDArray[np.bool_]) -> Columns:
    """The flows, those that are `hidden` by the names that DNS gave the device for their address: weak ones."""
    flows, answers = traffic.tables.flows, traffic.tables.answers
    addresses = np.where(hidden, flows["remote_addr"], "")
    told: dict[str, set[str]] = defaultdict(set)
    here = answers.take(answers.is_any("address", set(addresses.tolist()) - {""}))
    for address, name in zip(here["address"].tolist(), here["name"].tolist(), strict=True):
        told[address].add(name)
    return flows.having(
        {
            "name": _replaced(flows, "name", hidden, {address: min(names) for address, names in told.items()}, addresses),
            "name_source": _replaced(flows, "name_source", hidden, dict.fromkeys(told, WEAK), addresses),
            "ambiguous": np.where(hidden, [len(told.get(address, ())) > 1 for address in addresses.tolist()], flows["ambiguous"]),
            "nameable": flows["nameable"] & ~hidden,
        }
    )


def _bindings(traffic: DeviceTraffic) -> list[tuple[ServiceBinding, set[str]]]:
    """Answers that hand out a configuration, with the names that were asked for."""
    return [
        (record.value, {question.name.lower() for question in message.body.questions} or {record.name.lower()})
        for protocol in ("dns", "dns_tcp")
        for message in traffic.messages.get(protocol, ())
        for record in message.body.answers
        if isinstance(record.value, ServiceBinding) and record.value.ech
    ]


def _fronts(binding: ServiceBinding) -> set[str]:
    """The public names of its configurations, which whoever is audited may spell as they like."""
    return {_spelled(name) for name in binding.public_names}


def _spelled(name: str) -> str:
    return name.lower().removesuffix(".")


def _encrypted(traffic: DeviceTraffic, protocol: str) -> list[int]:
    """Flows whose hello has an encrypted part."""
    said = unread(traffic.messages, protocol)
    hellos = (getattr(body, "client_hello", None) or body for body in said.bodies)
    return [flow for flow, hello in zip(said.flow.tolist(), hellos, strict=True) if getattr(hello, "ech", "")]


def _replaced(flows: Columns, name: str, hidden: NDArray[np.bool_], by_address: Mapping[str, str], addresses: NDArray[np.object_]) -> Words:
    """A column of texts with others, or none, in the hidden rows."""
    words = [*flows.words(name), *dict.fromkeys(["", *by_address.values()])]
    place = {word: row for row, word in reversed(list(enumerate(words)))}
    codes = flows.codes(name).astype(np.int64)
    codes[hidden] = [place[by_address.get(address, "")] for address in addresses[hidden].tolist()]
    return Words(codes, tuple(words))
