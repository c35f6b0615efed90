"""Case 11: a hole in the router and a sweep of the home, and questions to the router and visits to one store of files.

Planted: AddPortMapping opens the camera's port 23 to the internet for good, then 252 hosts of the home get a SYN on port 445. Harmless: the camera
asks the router for its outer address, and opens 252 connections to the one file server of the home, in bursts while somebody looks at recordings.
"""

from __future__ import annotations

from ipaddress import ip_address

from captures._home import CAMERA, CAMERA_INSIDE, ROUTER
from captures._services import upkeep
from captures._vendor import case, started
from captures._writer import Capture, Host, Turn

SERVICE = "urn:schemas-upnp-org:service:WANIPConnection:1"
CONTROL, SMB = 5_000, 445
STORE = Host("02:00:00:00:00:99", "192.168.1.9", "fd00:0:0:50::9")
NEGOTIATE = b"\x00\x00\x00\x44\xfeSMB\x40\x00" + bytes(58) + b"\x24\x00"
"""SMB2 NEGOTIATE, cut to its fixed head."""
HOSTS = tuple(number for number in range(2, 255) if number != 50)


def _inside(ip_version: int) -> Host:
    return CAMERA if ip_version == 4 else CAMERA_INSIDE


def _calls_router(capture: Capture, at_s: float, action: str, arguments: dict[str, str]) -> None:
    """One action of the UPnP Internet Gateway Device, as SOAP over HTTP."""
    where = f"{ROUTER.ipv4}:{CONTROL}" if capture.ip_version == 4 else f"[{ROUTER.ipv6}]:{CONTROL}"
    given = "".join(f"<{key}>{value}</{key}>" for key, value in arguments.items())
    call = f'<u:{action} xmlns:u="{SERVICE}">{given}</u:{action}>'
    envelope = '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
    body = f'{envelope} s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>{call}</s:Body></s:Envelope>'
    head = f'POST /ctl/IPConn HTTP/1.1\r\nHost: {where}\r\nContent-Type: text/xml\r\nSOAPAction: "{SERVICE}#{action}"\r\n'
    answer = body.replace(f"u:{action}", f"u:{action}Response").replace(given, "") if given else body
    said = f"{head}Content-Length: {len(body)}\r\n\r\n{body}"
    heard = f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {len(answer)}\r\n\r\n{answer}"
    capture.tcp(at_s, _inside(capture.ip_version), ROUTER, CONTROL, [Turn(True, said.encode()), Turn(False, heard.encode())], rtt_s=0.002)


def planted(*, ip_version: int) -> bytes:
    """AddPortMapping, and a sweep of 252 hosts on port 445."""
    capture = started(ip_version, "case 11")
    client = _inside(ip_version)
    mapping = {
        "NewRemoteHost": "", "NewExternalPort": "2323", "NewProtocol": "TCP", "NewInternalPort": "23",
        "NewInternalClient": client.address(ip_version), "NewEnabled": "1", "NewPortMappingDescription": "camera", "NewLeaseDuration": "0",
    }  # fmt: skip
    _calls_router(capture, 20.0, "AddPortMapping", mapping)
    for place, number in enumerate(HOSTS):
        home = Host(ROUTER.mac, f"192.168.1.{number}", str(ip_address(int(ip_address("fd00:0:0:50::")) + number)))
        capture.syn(40.0 + 0.05 * place, client, home, SMB)
    return capture.pcap()


def harmless(*, ip_version: int) -> bytes:
    """A question to the router, and 252 connections to one file server."""
    capture = started(ip_version, "case 11, harmless")
    client = _inside(ip_version)
    _calls_router(capture, 20.0, "GetExternalIPAddress", {})
    upkeep(capture, 39.0, client, STORE)
    at_s = 40.0
    for _ in HOSTS:
        at_s += capture.between(0.1, 1.0) if capture.between(0, 1) < 0.95 else capture.between(20, 200)
        capture.tcp(at_s, client, STORE, SMB, [Turn(True, NEGOTIATE), Turn(False, NEGOTIATE + capture.noise(60))], rtt_s=0.002)
    return capture.pcap()


CAPTURES = case("case_11_port_map_sweep", planted, harmless)
