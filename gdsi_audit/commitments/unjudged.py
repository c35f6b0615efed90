"""What was seen and held against nothing, since the declaration itself takes it out: of its absence nothing may be said."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gdsi_audit.assembly.coverage import share
from gdsi_audit.declarations import Declaration
from gdsi_audit.matching import matches
from gdsi_audit.traffic import DeviceTraffic, Traffic

MOST_WITHOUT_APP = 0.05


def unjudged(device: DeviceTraffic, traffic: Traffic, declaration: Declaration) -> Iterator[str]:
    """One sentence for each thing that keeps a verdict open.

    Bench hosts inside the local network, and what the tester leaves out, are part of how a test is set up. On the internet, and in the vendor's own
    statement, they are not.
    """
    yield from _apart_from_the_app(device, declaration.product.scope)
    yield from _sent_to_bench(device, declaration)
    frames = sum(capture.ledger.skipped["filtered"] for capture in traffic.captures)
    if frames and any(item.source.by == "vendor" for item in declaration.ignore):
        yield f"{frames:,} frames were left out, among them what the vendor's own [[ignore]] names"


def _apart_from_the_app(device: DeviceTraffic, scope: str) -> Iterator[str]:
    """Whether the app that the declaration is of was seen, and how much may be anybody's."""
    if not scope.startswith("app:"):
        return
    flows = device.tables.flows
    if not flows.is_any("app", (scope.removeprefix("app:"),)).any():
        yield f"no flow of {scope} was seen, and the declaration is of nothing else"
        return
    nobodys = share(int(flows["up_bytes"][flows.is_any("app", ("",))].sum()), flows.sum("up_bytes"))
    if nobodys > MOST_WITHOUT_APP:
        yield f"{nobodys:.1%} of upload bytes belong to no known app, more than {MOST_WITHOUT_APP:.0%}"


def _sent_to_bench(device: DeviceTraffic, declaration: Declaration) -> Iterator[str]:
    """What went to hosts on the internet that the vendor calls part of the test."""
    hosts = {host.address for host in declaration.bench if host.source.by == "vendor"}
    if not hosts:
        return
    flows = device.tables.flows
    aside = matches(device, declaration).is_any("verdict", ("bench",)) & ~flows["remote_is_local"] & flows.is_any("remote_addr", hosts)
    sent = int(np.asarray(flows["up_bytes"])[aside].sum())
    if sent:
        yield f"{sent:,} upload bytes to hosts on the internet were not judged, since the vendor declares these as [[bench]]"
