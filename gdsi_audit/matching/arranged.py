"""Flows that another flow arranged: where the media of an RTSP session go over UDP (RFC 2326 section 12.39)."""

from __future__ import annotations

from collections.abc import Iterator

from gdsi_audit.messages import unread
from gdsi_audit.traffic import DeviceTraffic


def arranged_media(traffic: DeviceTraffic) -> Iterator[tuple[int, tuple[int, ...]]]:
    """(row of the session in `traffic.tables.flows`, ports of the other side that the device's answer or the other side's own names)."""
    if "rtsp" not in traffic.messages:
        return
    flows, said = traffic.tables.flows, unread(traffic.messages, "rtsp")
    row_of = dict(zip(flows["flow"].tolist(), range(len(flows)), strict=True))
    for flow, answers, body in zip(said.flow.tolist(), said.from_responder.tolist(), said.bodies, strict=True):
        row = row_of.get(flow)
        if row is None or not answers:
            continue
        ports = getattr(body, "server_ports" if flows["device_is_originator"][row] else "client_ports", ())
        if ports:
            yield row, ports
