"""A camera that has the router open ports to it, and one that only asks the router for its outer address and gives an old mapping back.

Reported: over IPv4 a mapping by UPnP, head and body of the request in segments of their own, and one by NAT-PMP, both granted; over IPv6 a pinhole
by UPnP and a mapping by PCP. Benign: the same protocols without a wish for a way in.
"""

from __future__ import annotations

import struct
from functools import partial

from captures._device import begun
from captures._home import CAMERA_INSIDE, ROUTER
from captures._writer import Capture, Turn, packed

CONTROL, MAPPING = 5_000, 5_351
SHELL, VIDEO = 8_443, 8_554
SERVICES = {
    "pinhole": "urn:schemas-upnp-org:service:WANIPv6FirewallControl:1",
    "mapping": "urn:schemas-upnp-org:service:WANIPConnection:1",
}


def soap(capture: Capture, at_s: float, service: str, action: str, arguments: dict[str, str], answer: str = "") -> None:
    """One action of the router (UPnP Device Architecture 1.1, section 3)."""
    kind = SERVICES[service]
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in arguments.items())
    envelope = '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{}</s:Body></s:Envelope>'
    body = envelope.format(f'<u:{action} xmlns:u="{kind}">{inner}</u:{action}>').encode()
    result = envelope.format(f'<u:{action}Response xmlns:u="{kind}">{answer}</u:{action}Response>').encode()
    host = f"[{ROUTER.ipv6}]" if capture.ip_version == 6 else ROUTER.ipv4
    head = f"POST /control HTTP/1.1\r\nHOST: {host}:{CONTROL}\r\nCONTENT-TYPE: text/xml\r\nCONTENT-LENGTH: {len(body)}\r\n"
    head += f'SOAPACTION: "{kind}#{action}"\r\n\r\n'
    said = f"HTTP/1.1 200 OK\r\nCONTENT-TYPE: text/xml\r\nCONTENT-LENGTH: {len(result)}\r\n\r\n".encode() + result
    capture.tcp(at_s, CAMERA_INSIDE, ROUTER, CONTROL, [Turn(True, head.encode()), Turn(True, body, 0.001), Turn(False, said)], rtt_s=0.002)


def asks(capture: Capture, at_s: float, question: bytes, answer: bytes) -> None:
    port = capture.port()
    capture.udp(at_s, CAMERA_INSIDE, port, ROUTER, MAPPING, question)
    capture.udp(at_s + 0.003, ROUTER, MAPPING, CAMERA_INSIDE, port, answer)


def pcp(capture: Capture, operation: int, lifetime_s: int, port: int) -> tuple[bytes, bytes]:
    """A request to map `port`, and the answer that grants it (RFC 6887 sections 7.1 and 11.1)."""
    nonce = capture.noise(12)
    body = nonce + struct.pack(">B3xHH", 6, port, 0) + bytes(16) if operation else b""
    granted = nonce + struct.pack(">B3xHH", 6, port, port) + packed(CAMERA_INSIDE.ipv6) if operation else b""
    question = struct.pack(">BBHI", 2, operation, 0, lifetime_s) + packed(CAMERA_INSIDE.ipv6) + body
    return question, struct.pack(">BBBBII12x", 2, 0x80 | operation, 0, 0, lifetime_s, 3_600) + granted


def reported(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "port mapping")
    if ip_version == 4:
        arguments = {
            "NewRemoteHost": "", "NewExternalPort": str(SHELL), "NewProtocol": "TCP", "NewInternalPort": str(SHELL),
            "NewInternalClient": CAMERA_INSIDE.ipv4, "NewEnabled": "1", "NewPortMappingDescription": "cam", "NewLeaseDuration": "0",
        }  # fmt: skip
        soap(capture, 30.0, "mapping", "AddPortMapping", arguments)
        asks(capture, 60.0, struct.pack(">BBHHHI", 0, 1, 0, VIDEO, VIDEO, 3_600), struct.pack(">BBHIHHI", 0, 0x81, 0, 900, VIDEO, VIDEO, 3_600))
        return capture.pcap()
    arguments = {"RemoteHost": "", "RemotePort": "0", "InternalClient": CAMERA_INSIDE.ipv6, "InternalPort": str(SHELL), "Protocol": "6"}
    soap(capture, 30.0, "pinhole", "AddPinhole", {**arguments, "LeaseTime": "3600"}, "<UniqueID>7</UniqueID>")
    asks(capture, 60.0, *pcp(capture, 1, 7_200, VIDEO))
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "port mapping, benign")
    if ip_version == 4:
        soap(capture, 30.0, "mapping", "GetExternalIPAddress", {}, "<NewExternalIPAddress>203.0.113.7</NewExternalIPAddress>")
        old = {"NewRemoteHost": "", "NewExternalPort": str(SHELL), "NewProtocol": "TCP"}
        soap(capture, 40.0, "mapping", "DeletePortMapping", old)
        asks(capture, 60.0, b"\x00\x00", struct.pack(">BBHI", 0, 0x80, 0, 900) + packed("203.0.113.7"))
        asks(capture, 70.0, struct.pack(">BBHHHI", 0, 1, 0, VIDEO, 0, 0), struct.pack(">BBHIHHI", 0, 0x81, 0, 910, VIDEO, 0, 0))
        return capture.pcap()
    soap(capture, 30.0, "pinhole", "GetFirewallStatus", {}, "<FirewallEnabled>1</FirewallEnabled>")
    asks(capture, 60.0, *pcp(capture, 0, 0, 0))
    asks(capture, 70.0, *pcp(capture, 1, 0, VIDEO))
    return capture.pcap()


CAPTURES = {
    "port_mapping.pcap": partial(reported, ip_version=4),
    "port_mapping_v6.pcap": partial(reported, ip_version=6),
    "port_mapping_benign.pcap": partial(benign, ip_version=4),
    "port_mapping_benign_v6.pcap": partial(benign, ip_version=6),
}
