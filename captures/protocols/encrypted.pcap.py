"""Encrypted protocols: TLS 1.3 and 1.2, DTLS, QUIC and SSH, each as far as it can be read without keys. Nothing is wrong with any of it."""

from __future__ import annotations

import struct
from functools import partial

from captures._device import begun, found
from captures._home import CAMERA, behind_router
from captures._quic import crypto_frame, initial, parameter
from captures._tls import CIPHERS, certificate, client_hello, extension, server_hello, server_name, shorts, tls12_turns, tls13_turns, vector
from captures._writer import Capture, Turn

SERVER = behind_router("52.28.0.10", "2a05:d014:1::10")
LIKE_13, LIKE_12 = "tls13.cams.example", "tls12.cams.example"
KEX_LISTS = (
    "curve25519-sha256", "ssh-ed25519", "aes128-gcm@openssh.com", "aes128-gcm@openssh.com", "hmac-sha2-256", "hmac-sha2-256", "none", "none", "", "",
)  # fmt: skip


def tls(*, ip_version: int) -> bytes:
    """One connection of each version; of the older, the certificate is seen."""
    capture = begun(ip_version, "tls")
    known_s = found(capture, 1.0, SERVER, LIKE_13)
    capture.tcp(known_s + 0.002, CAMERA, SERVER, 443, tls13_turns(capture, LIKE_13, [(True, 500, 0.01), (False, 3_000, 0.03)]))
    known_s = found(capture, 3.0, SERVER, LIKE_12)
    chain = [certificate(LIKE_12, "*.cams.example"), certificate("root.cams.example")]
    capture.tcp(known_s + 0.002, CAMERA, SERVER, 443, tls12_turns(capture, LIKE_12, chain, [(True, 500, 0.01), (False, 3_000, 0.03)]))
    return capture.pcap()


def dtls(*, ip_version: int) -> bytes:
    """A DTLS 1.2 hello in one fragment, and the answer that asks for the cookie (RFC 6347)."""
    capture = begun(ip_version, "dtls")
    known_s = found(capture, 1.0, SERVER, "dtls.cams.example")
    port = capture.port()
    extensions = server_name("dtls.cams.example") + extension(10, vector(shorts((29, 23)))) + extension(13, vector(shorts((0x0403, 0x0401))))
    random = capture.noise(32)
    for place, cookie in enumerate((b"", capture.noise(20))):
        body = b"\xfe\xfd" + random + b"\x00" + vector(cookie, 1) + vector(shorts(CIPHERS[3:7])) + b"\x01\x00" + vector(extensions)
        capture.udp(known_s + 0.01 + 0.1 * place, CAMERA, port, SERVER, 5684, dtls_record(1, place, body))
        answer = b"\xfe\xff" + vector(cookie or bytes(20), 1) if not place else b"\xfe\xfd" + capture.noise(32) + b"\x00\xc0\x2b\x00"
        capture.udp(known_s + 0.05 + 0.1 * place, SERVER, 5684, CAMERA, port, dtls_record(2 if place else 3, place, answer))
    return capture.pcap()


def dtls_record(kind: int, sequence: int, body: bytes) -> bytes:
    """A handshake message that is one fragment, in one record."""
    message = bytes([kind]) + len(body).to_bytes(3, "big") + struct.pack(">H", sequence) + bytes(3) + len(body).to_bytes(3, "big") + body
    return b"\x16\xfe\xfd\x00\x00" + sequence.to_bytes(6, "big") + vector(message)


def quic(*, ip_version: int) -> bytes:
    """Both Initial packets, then datagrams behind a short header."""
    capture = begun(ip_version, "quic")
    known_s = found(capture, 1.0, SERVER, "quic.cams.example")
    port = capture.port()
    first, client, server = capture.noise(8), capture.noise(5), capture.noise(8)
    parameters = parameter(1, b"\x80\x00\x75\x30") + parameter(3, b"\x45\xc0") + parameter(4, b"\x80\x10\x00\x00") + parameter(0x0F, client)
    hello = client_hello(capture, "quic.cams.example", ("h3",), quic=parameters)
    capture.udp(known_s + 0.01, CAMERA, port, SERVER, 443, initial(first, client, first, crypto_frame(hello), side="client"))
    answer = b"\x02\x00\x00\x00\x00" + crypto_frame(server_hello(capture, session=b""))
    capture.udp(known_s + 0.04, SERVER, 443, CAMERA, port, initial(client, server, first, answer, side="server"))
    for place in range(6):
        short = b"\x40" + (client if place % 2 else server) + capture.noise(900 if place % 2 else 120)
        ends = (SERVER, 443, CAMERA, port) if place % 2 else (CAMERA, port, SERVER, 443)
        capture.udp(known_s + 0.08 + 0.02 * place, *ends, short)
    return capture.pcap()


def ssh(*, ip_version: int) -> bytes:
    """Banners and the lists of what both sides can do (RFC 4253)."""
    capture = begun(ip_version, "ssh")
    known_s = found(capture, 1.0, SERVER, "shell.cams.example")
    client, server = (_ssh_lists(capture) for _ in range(2))
    turns = [
        Turn(False, b"SSH-2.0-OpenSSH_9.6\r\n"),
        Turn(True, b"SSH-2.0-dropbear_2024.85\r\n" + client),
        Turn(False, server),
        Turn(True, capture.noise(240)),
        Turn(False, capture.noise(400)),
    ]
    capture.tcp(known_s + 0.002, CAMERA, SERVER, 22, turns)
    return capture.pcap()


def _ssh_lists(capture: Capture) -> bytes:
    payload = b"\x14" + capture.noise(16) + b"".join(vector(names.encode(), 4) for names in KEX_LISTS) + bytes(5)
    padding = 16 - (5 + len(payload)) % 8
    return struct.pack(">IB", 1 + len(payload) + padding, padding) + payload + bytes(padding)


CAPTURES = {
    f"{maker.__name__}{'_v6' * (version == 6)}.pcap": partial(maker, ip_version=version) for maker in (tls, dtls, quic, ssh) for version in (4, 6)
}
