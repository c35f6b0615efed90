"""A camera that looks names up where its network cannot see it, and one that asks the resolvers it was given.

Reported: DNS to a resolver written into its firmware, over TLS, over QUIC, over HTTPS to a public resolver (with and without a server name), to one
that says so by its name, and over two plain HTTP interfaces.
Benign: DNS to the offered resolver, over TLS to the same, and an ordinary connection to an interface with similar words in its path. The declaration
lists a resolver of the vendor's own, over HTTPS.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from captures._device import begun, found, uploads
from captures._home import CAMERA, ROUTER, behind_router
from captures._names import AAAA, A, address_record, dns_message
from captures._quic import crypto_frame, initial, parameter
from captures._tls import client_hello, tls13
from captures._writer import Capture, Host, Turn

INTERFACE = behind_router("52.28.0.10", "2a05:d014:1::10")
OWN_RESOLVER = behind_router("52.28.0.53", "2a05:d014:1::53")
GOOGLE = behind_router("8.8.8.8", "2001:4860:4860::8888")
QUAD9 = behind_router("9.9.9.9", "2620:fe::fe")
CLOUDFLARE = behind_router("1.1.1.1", "2606:4700:4700::1111")
HOSTED = behind_router("116.202.1.1", "2a01:4f8:1::1")
ANSWERED = {4: "52.28.0.10", 6: "2a05:d014:1::10"}
SMALL = [(True, 90, 0.02), (False, 160, 0.03)]


def reported(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "resolver bypass")
    uploads(capture, 1.0, INTERFACE, 900, "api.cams.example")
    plain(capture, 5.0, HOSTED, 53, "sync.cams.example")
    plain(capture, 6.0, QUAD9, 53, "logs.cams.example")
    tls13(capture, 10.0, CAMERA, QUAD9, "dns.quad9.net", SMALL * 6, port=853, protocols=("dot",))
    quic(capture, 12.0, HOSTED, "names.tracking.example", port=853)
    tls13(capture, found(capture, 14.0, GOOGLE, "dns.google") + 0.01, CAMERA, GOOGLE, "dns.google", SMALL * 6, protocols=("h2",))
    tls13(capture, 16.0, CAMERA, CLOUDFLARE, "", SMALL * 6, protocols=("h2",))
    tls13(capture, found(capture, 18.0, HOSTED, "doh.tracking.example") + 0.01, CAMERA, HOSTED, "doh.tracking.example", SMALL, protocols=("h2",))
    asks(capture, 20.0, HOSTED, "/resolve?name=sync.cams.example&type=A")
    asks(capture, 22.0, INTERFACE, "/d?dn=sync.cams.example&ttl=1")
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "resolver bypass, benign")
    uploads(capture, 1.0, INTERFACE, 900, "api.cams.example")
    inside = replace(CAMERA, ipv6="fd00:0:0:50::50")
    tls13(capture, 5.0, inside, ROUTER, "", SMALL * 6, port=853, protocols=("dot",))
    known_s = found(capture, 9.0, OWN_RESOLVER, "doh.cams.example")
    tls13(capture, known_s + 0.01, CAMERA, OWN_RESOLVER, "doh.cams.example", SMALL * 6, protocols=("h2",))
    return capture.pcap()


def plain(capture: Capture, at_s: float, resolver: Host, port: int, name: str) -> None:
    """A question and its answer."""
    number, own = capture.whole(1, 65_536), capture.port()
    question = [(name, A if capture.ip_version == 4 else AAAA)]
    capture.udp(at_s, CAMERA, own, resolver, port, dns_message(number, 0x0100, question))
    answer = dns_message(number, 0x8180, question, [address_record(name, ANSWERED[capture.ip_version])])
    capture.udp(at_s + 0.02, resolver, port, CAMERA, own, answer)


def quic(capture: Capture, at_s: float, server: Host, name: str, *, port: int) -> None:
    """Both Initial packets, then datagrams behind a short header."""
    own = capture.port()
    first, client, answering = capture.noise(8), capture.noise(5), capture.noise(8)
    hello = client_hello(capture, name, ("doq",), quic=parameter(1, b"\x80\x00\x75\x30") + parameter(0x0F, client))
    capture.udp(at_s, CAMERA, own, server, port, initial(first, client, first, crypto_frame(hello), side="client"))
    capture.udp(at_s + 0.02, server, port, CAMERA, own, initial(client, answering, first, crypto_frame(capture.noise(90)), side="server"))
    for number in range(12):
        capture.udp(at_s + 0.1 * number, CAMERA, own, server, port, b"\x40" + answering + capture.noise(400))
        capture.udp(at_s + 0.1 * number + 0.03, server, port, CAMERA, own, b"\x40" + client + capture.noise(160))


def asks(capture: Capture, at_s: float, server: Host, target: str) -> None:
    """A name looked up over plain HTTP, by address."""
    host = server.address(capture.ip_version)
    request = f"GET {target} HTTP/1.1\r\nHost: {host if capture.ip_version == 4 else f'[{host}]'}\r\n\r\n"
    answer = ANSWERED[capture.ip_version]
    response = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(answer)}\r\n\r\n{answer}"
    capture.tcp(at_s, CAMERA, server, 80, [Turn(True, request.encode()), Turn(False, response.encode(), 0.02)])


CAPTURES = {
    "resolver_bypass.pcap": partial(reported, ip_version=4),
    "resolver_bypass_v6.pcap": partial(reported, ip_version=6),
    "resolver_bypass_benign.pcap": partial(benign, ip_version=4),
    "resolver_bypass_benign_v6.pcap": partial(benign, ip_version=6),
}
