"""Which connections of a device have which defects in their handshakes."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.detectors import _tls_defects
from gdsi_audit.detectors._cipher_suites import WEAK
from gdsi_audit.detectors._flow_rows import rows_of
from gdsi_audit.detectors._handshakes import handshakes
from gdsi_audit.detectors._tls_defects import Defect
from gdsi_audit.protocols._client_hello import ClientHello
from gdsi_audit.traffic import DeviceTraffic

WEAK_VERSIONS = frozenset({0x0002, 0x0300, 0x0301, 0x0302, 0xFEFF, 0x0100})
FINISHING_BYTES = 90
"""The least that a client sends behind its hello to end a handshake: key exchange, change of cipher, Finished."""
PADDED_HELLO_BYTES = 517
HOUR_NS = 3_600 * 10**9


def defects(traffic: DeviceTraffic, tolerance_ns: int) -> dict[int, list[Defect]]:
    """Defects by position in `traffic.tables.flows`."""
    found: dict[int, list[Defect]] = defaultdict(list)
    heard = handshakes(traffic)
    weak = [one for one in heard.servers if one.body.version in WEAK_VERSIONS or one.body.cipher_suite in WEAK or one.body.compression]
    for hello in weak:
        for row in rows_of(traffic, hello.flows).tolist():
            found[row].extend(_tls_defects.of_server_hello(hello.body))
    for hello in heard.hellos:
        if hello.body.version == _tls_defects.SSL_2:
            for row in rows_of(traffic, hello.flows).tolist():
                found[row].extend(_tls_defects.of_oldest(hello.body) if traffic.tables.flows["down_bytes"][row] else ())
    _add_chains(traffic, tolerance_ns, found)
    return {row: list(dict.fromkeys(listed)) for row, listed in found.items() if listed}


def offers(traffic: DeviceTraffic) -> tuple[list[str], NDArray[np.intp]]:
    """What is broken in the device's own offers to others, and in which flows."""
    words: set[str] = set()
    flows: list[int] = []
    for hello in handshakes(traffic).hellos:
        broken = _broken_offers(hello.body)
        if broken:
            words.update(broken)
            flows.extend(hello.flows)
    if not flows:
        return [], np.empty(0, np.intp)
    rows = rows_of(traffic, flows)
    table = traffic.tables.flows
    return sorted(words), rows[table["device_is_originator"][rows] & ~table["remote_is_local"][rows]]


@lru_cache(maxsize=4096)
def _broken_offers(hello: ClientHello) -> tuple[str, ...]:
    return tuple(_tls_defects.of_client_hello(hello))


def _add_chains(traffic: DeviceTraffic, tolerance_ns: int, found: dict[int, list[Defect]]) -> None:
    """Certificates of servers over streams, where the device is the client and went on; over datagrams (WebRTC) peers vouch elsewhere."""
    flows = traffic.tables.flows
    chains = [one for one in handshakes(traffic).chains if one.protocol == "tls"]
    if not chains:
        return
    hello_bytes = {flow: _hello_bytes(hello.body) for hello in handshakes(traffic).hellos for flow in hello.flows}
    for chain in chains:
        said = zip(chain.flows, chain.times, chain.from_responder, strict=True)
        times = {flow: time for flow, time, answers in said if answers}
        rows = rows_of(traffic, times)
        rows = rows[flows["device_is_originator"][rows]]
        mine = flows.take(rows)
        shown = np.where(mine.is_any("name_source", ("tls-sni",)), mine["name"], "")
        known: dict[tuple[str, int], list[Defect]] = {}
        for row, flow, up_bytes, name in zip(rows.tolist(), mine["flow"].tolist(), mine["up_bytes"].tolist(), shown.tolist(), strict=True):
            if up_bytes >= hello_bytes.get(flow, PADDED_HELLO_BYTES) + FINISHING_BYTES:
                hour = times[flow] // HOUR_NS
                if (name, hour) not in known:
                    known[name, hour] = list(_tls_defects.of_chain(chain.body.chain, name, times[flow], tolerance_ns))
                found[row].extend(known[name, hour])


@lru_cache(maxsize=4096)
def _hello_bytes(hello: ClientHello) -> int:
    """About how long the record of a hello is: what is not kept of it counts as its usual length."""
    lists = 2 * (len(hello.cipher_suites) + len(hello.groups) + len(hello.signature_algorithms) + len(hello.versions))
    listed = len(hello.server_name) + sum(len(protocol) + 1 for protocol in hello.alpn) + 4 * len(hello.extensions)
    share = 40 if 51 in hello.extensions else 0
    size = 9 + 2 + 32 + 33 + 2 + 2 + 2 + lists + listed + share + 20
    return max(size, PADDED_HELLO_BYTES) if 21 in hello.extensions else size
