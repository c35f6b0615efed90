"""What is seen in the sample captures of protocols, link types and tunnels, before anyone judges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gdsi_audit.endpoints import NAME_SOURCES
from gdsi_audit.observation import Observation
from gdsi_audit.observe import observe
from gdsi_audit.readers._inputs import inputs

CAPTURES = Path(__file__).parent.parent / "captures"
LINKS = sorted((CAPTURES / "linktypes").glob("*.pcap"))
PROTOCOLS = sorted((CAPTURES / "protocols").glob("*.pcap"))
KEY = ["transport", "orig_hi", "orig_lo", "resp_hi", "resp_lo", "orig_port", "resp_port", "orig_pkts", "resp_pkts", "orig_bytes", "resp_bytes"]
KEY += ["orig_ip_bytes", "resp_ip_bytes", "conn_state", "history", "handshake_rtt_ns", "first_frame", "last_frame", "start", "end"]
NAMED = {
    "http": "http.cams.example http-host",
    "socks": "behind.proxied.example http-host",
    "tls": "tls13.cams.example tls-sni",
    "dtls": "dtls.cams.example tls-sni",
    "quic": "quic.cams.example quic-sni",
}


def seen_in(path: Path) -> Observation:
    seen = observe(inputs([str(path)]))
    ledger = seen.captures[0].ledger
    assert ledger.adds_up()
    assert ledger.skipped.total() == 0
    assert seen.gaps == []
    return seen


def table(spool) -> np.ndarray:
    return np.concatenate(list(spool.pieces(1000)))


def conversation(path: Path) -> list[list[object]]:
    """The flows to the two services of the conversation, whatever is around them."""
    rows = table(seen_in(path).rows)
    kept = rows[np.isin(rows["resp_port"], (53, 80))]
    return sorted(row[KEY].tolist() for row in kept)


@pytest.mark.parametrize("path", LINKS, ids=lambda path: path.stem)
def test_the_same_flows_on_every_link(path):
    plain = "ethernet_v6.pcap" if path.stem.endswith("_v6") else "ethernet.pcap"
    expected = conversation(path.with_name(plain))
    assert len(expected) == 2
    assert conversation(path) == expected


def named_in(path: Path) -> set[str]:
    seen = seen_in(path)
    return {f"{seen.texts.of_row[row['name']]} {NAME_SOURCES[row['source']]}" for row in table(seen.names)}


@pytest.mark.parametrize("name", sorted(NAMED))
@pytest.mark.parametrize("suffix", ["", "_v6"])
def test_the_names_that_a_protocol_gives(name, suffix):
    assert NAMED[name] in named_in(CAPTURES / "protocols" / f"{name}{suffix}.pcap")


@pytest.mark.parametrize("path", PROTOCOLS, ids=lambda path: path.stem)
def test_the_protocol_is_recognised(path):
    seen = seen_in(path)
    services = {seen.texts.of_row[row] for row in table(seen.facts)["service"]}
    assert path.stem.removesuffix("_v6") in services | set(seen.messages)
