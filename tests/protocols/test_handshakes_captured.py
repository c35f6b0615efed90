"""Names and fingerprints of real handshakes, as tshark and FoxIO give them."""

from __future__ import annotations

import csv
import subprocess

import numpy as np
import pytest

from gdsi_audit.protocols import NeedMore, quic, tls

pytestmark = pytest.mark.usefixtures("tshark")
FIELDS = ("tcp.payload", "udp.payload", "tls.handshake.ja3", "tls.handshake.ja3s", "tls.handshake.extensions_server_name", "tcp.srcport")
WITH_TLS = (
    "mercury/top_100_fingerprints.pcap",
    "ja4/browsers-x509.pcapng",
    "ndpi/selfsigned.pcap",
    "wireshark/tls13-rfc8446.pcap",
    "ndpi/tls_ech.pcapng",
)
WITH_QUIC = ("ndpi/quic-27.pcap", "ja4/quic-tls-handshake.pcapng", "zeek/quic__curl-8.1.2-dev-http3-www-google-de.pcap")


def rows(path, display_filter):
    """FIELDS of the frames that the filter finds, each frame by itself."""
    command = ["tshark", "-n", "-r", str(path), "-o", "tcp.desegment_tcp_streams:FALSE", "-Y", display_filter, "-T", "fields", "-E", "occurrence=f"]
    command += [part for field in FIELDS for part in ("-e", field)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [dict(zip(FIELDS, line.split("\t"), strict=True)) for line in output.splitlines()]


def bodies(data):
    parsed = tls.parse(data, from_responder=False, final=True)
    assert not isinstance(parsed, NeedMore)
    return parsed[0] if isinstance(parsed[0], tuple) else (parsed[0],)


@pytest.mark.parametrize("name", WITH_TLS)
def test_clients_and_servers_as_tshark_sees_them(shared_captures, name):
    found = [row for row in rows(shared_captures / name, "tls.handshake.type in {1, 2}") if row["tcp.payload"][:4] == "1603"]
    assert found
    for row in found:
        body = bodies(bytes.fromhex(row["tcp.payload"]))[0]
        if isinstance(body, tls.ClientHello):
            assert (body.ja3, body.server_name) == (row["tls.handshake.ja3"], row["tls.handshake.extensions_server_name"])
        else:
            assert body.ja3s == row["tls.handshake.ja3s"]


def test_bulk_gives_what_parse_gives(shared_captures):
    found = rows(shared_captures / WITH_TLS[0], "tls.handshake.type == 1")
    payloads = [bytes.fromhex(row["tcp.payload"]) for row in found]
    lengths = np.array([len(payload) for payload in payloads], np.int32)
    offsets = np.concatenate(([0], np.cumsum(lengths[:-1]))).astype(np.int64)
    data = np.frombuffer(bytearray(b"".join(payloads)), np.uint8)
    told = tls.flights(data, offsets, lengths, np.zeros(lengths.size, np.int32), np.arange(lengths.size + 1))
    assert told.bodies == [tls.parse(payload, from_responder=False)[0] for payload in payloads]


@pytest.mark.parametrize("name", WITH_QUIC)
def test_quic_clients_as_tshark_sees_them(shared_captures, name):
    found = rows(shared_captures / name, "quic && tls.handshake.type == 1")
    assert found
    for row in found:
        body = quic.parse([bytes.fromhex(row["udp.payload"])], from_responder=False)
        assert (body.client_hello.ja3, body.client_hello.server_name) == (row["tls.handshake.ja3"], row["tls.handshake.extensions_server_name"])


def test_ja4_as_foxio_gives_it(shared_captures):
    with (shared_captures / "GROUND_TRUTH_ja4.csv").open() as table:
        truth = {
            row["sport"]: row["ja4"]
            for row in csv.DictReader(table)
            if row["file"] == "ja4/browsers-x509.pcapng" and row["source"].startswith("FoxIO")
        }
    found = {
        row["tcp.srcport"]: bodies(bytes.fromhex(row["tcp.payload"]))[0].ja4
        for row in rows(shared_captures / "ja4/browsers-x509.pcapng", "tls.handshake.type == 1")
    }
    assert truth and found == truth
