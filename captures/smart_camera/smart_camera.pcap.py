"""An hour and a bit of a smart camera: what it does as declared, and one thing that it does not say. Also as an honest twin, and both over IPv6.

The camera gets its address, keeps a telemetry connection to the vendor's cloud in Germany, asks the vendor's programming interface for work every
five minutes, fetches firmware from France, keeps its clock, announces itself in the home, and uploads video while somebody moves (the two `interact`
phases). In those phases the phone's app looks at the live picture through the declared listener, port 554. `smart_camera.toml` declares all of it.

What is wrong: in the quiet between, four times, the camera looks up `relay.vision-insight.example` and uploads some 350 kB to it, at an address
that both embedded databases place in Brazil. The name is not declared, and neither is the country. The honest twin has the same hour without that.

Names are of the reserved domain `example`. Addresses beyond the home are chosen for the country that the databases give them; nobody was contacted.
"""

from __future__ import annotations

from functools import partial

from captures._home import CAMERA, CAMERA_INSIDE, PHONE, PHONE_INSIDE, PREFIXES, ROUTER, START_S, behind_router
from captures._names import lookup
from captures._services import configure, mdns, mdns_question, ntp, ssdp, upkeep
from captures._tls import certificate, tls12_turns, tls13, tls13_turns
from captures._writer import Capture, Host, Turn

LASTS_S = 3_700
TELEMETRY = behind_router("35.156.1.40", "2a05:d014:1::40")
INTERFACE = behind_router("52.28.0.10", "2a05:d014:1::10")
INGEST = behind_router("52.28.0.20", "2a05:d014:1::20")
UPDATES = behind_router("51.158.1.30", "2a05:d012:1::30")
CLOCK = behind_router("192.53.103.108", "2001:638:610:be01::108")
RELAY = behind_router("177.71.200.10", "2600:1f1e:100::10")

MOTION = ((1_230.0, 310_000), (1_395.5, 190_000), (1_612.2, 260_000), (2_731.4, 280_000), (2_960.8, 150_000), (3_151.9, 330_000))
"""When somebody moves, and how many bytes of video that makes."""
QUIET = ((760.3, 352_000), (2_052.7, 347_000), (2_441.1, 355_000), (3_461.6, 349_000))
"""When the camera uploads what nobody was told of."""
LOOKS = ((1_260.0, 160), (2_760.0, 200))
"""When the phone looks at the live picture, and for how many pieces of it."""


def betrayed(*, ip_version: int) -> bytes:
    """The hour with four quiet uploads to Brazil, under a name that nobody declared."""
    capture = _hour(ip_version)
    for at_s, size in QUIET:
        _upload(capture, at_s, ("relay.vision-insight.example",), RELAY, size, rtt_s=0.205)
    return capture.pcap()


def honest(*, ip_version: int) -> bytes:
    """The same hour as declared, nothing else."""
    return _hour(ip_version).pcap()


def _hour(ip_version: int) -> Capture:
    """What is declared, seen at the router's access point."""
    capture = Capture(ip_version, START_S, f"smart camera {ip_version}")
    _begin(capture)
    _telemetry(capture)
    _interface(capture)
    _update(capture)
    _home(capture)
    for at_s, size in MOTION:
        _upload(capture, at_s, ("ingest.cams.example", "eu-ingest.cams.example"), INGEST, size, rtt_s=0.021)
    for at_s, pieces in LOOKS:
        _look(capture, at_s, pieces)
    return capture


def _find(capture: Capture, at_s: float, client: Host, server: Host, *chain: str) -> float:
    return lookup(capture, at_s, client, ROUTER, chain, [server.address(capture.ip_version)])


def _begin(capture: Capture) -> None:
    configure(capture, 0.0, CAMERA, ROUTER, host_name="camera-c1", prefixes=PREFIXES, vendor="Example Cameras C1")
    upkeep(capture, 0.3, CAMERA_INSIDE, ROUTER)
    for at_s in (2.0, 1_026.0, 2_050.0, 3_074.0):
        found_s = _find(capture, at_s, CAMERA, CLOCK, "time.cams.example", "clock.lab.example")
        ntp(capture, found_s + 0.01, CAMERA, CLOCK)


def _telemetry(capture: Capture) -> None:
    """One connection that stays: MQTT inside TLS, a report every minute."""
    found_s = _find(capture, 5.0, CAMERA, TELEMETRY, "mqtt.cams.example", "eu-mqtt.cams.example")
    reports = [(speaks, 210 if speaks else 32, 59.9 if speaks else 0.03) for _ in range(60) for speaks in (True, False)]
    first = [(True, 96, 0.01), (False, 32, 0.01)]
    turns = tls13_turns(capture, "mqtt.cams.example", first + reports, ("mqtt",))
    capture.tcp(found_s + 0.004, CAMERA, TELEMETRY, 8883, turns[:-1], rtt_s=0.019, close="open")


def _interface(capture: Capture) -> None:
    """Is there work to do, every five minutes."""
    for at_s in range(8, LASTS_S, 300):
        found_s = _find(capture, at_s + capture.between(0, 2), CAMERA, INTERFACE, "api.cams.example", "eu-api.cams.example")
        tls13(capture, found_s + 0.003, CAMERA, INTERFACE, "api.cams.example", [(True, 640, 0.01), (False, 1_420, 0.04)], rtt_s=0.020)


def _update(capture: Capture) -> None:
    found_s = _find(capture, 20.0, CAMERA, UPDATES, "update.cams.example")
    chain = [certificate("update.cams.example", "*.cams.example", organisation="Example Cameras")]
    turns = tls12_turns(capture, "update.cams.example", chain, [(True, 420, 0.01), (False, 240_000, 0.06)])
    capture.tcp(found_s + 0.004, CAMERA, UPDATES, 443, turns, rtt_s=0.028)


def _home(capture: Capture) -> None:
    """What is heard in the home: the camera's announcements, the app's questions, the app's own cloud traffic."""
    where = "http://192.168.1.50:8080/description.xml" if capture.ip_version == 4 else f"http://[{CAMERA_INSIDE.ipv6}]:8080/description.xml"
    for at_s in range(3, LASTS_S, 900):
        mdns(capture, at_s, CAMERA_INSIDE, "_rtsp._tcp.local", "Camera C1", "model=C1")
        ssdp(capture, at_s + 1.5, CAMERA_INSIDE, "urn:schemas-upnp-org:device:DigitalSecurityCamera:1", where)
    for at_s in range(120, LASTS_S, 240):
        upkeep(capture, at_s + 0.4, CAMERA, ROUTER)
    for at_s, _ in LOOKS:
        mdns_question(capture, at_s - 10, PHONE_INSIDE, "_rtsp._tcp.local")
        found_s = _find(capture, at_s - 8, PHONE, INTERFACE, "api.cams.example", "eu-api.cams.example")
        tls13(capture, found_s + 0.003, PHONE, INTERFACE, "api.cams.example", [(True, 900, 0.01), (False, 5_200, 0.04)], rtt_s=0.022)


def _upload(capture: Capture, at_s: float, chain: tuple[str, ...], server: Host, size: int, *, rtt_s: float) -> None:
    found_s = _find(capture, at_s, CAMERA, server, *chain)
    sizes = [(True, 380, 0.01), (True, size, 0.05), (False, 210, 0.02)]
    tls13(capture, found_s + 0.004, CAMERA, server, chain[0], sizes, rtt_s=rtt_s)


def _look(capture: Capture, at_s: float, pieces: int) -> None:
    """The app watches: RTSP in clear text inside the home, the picture interleaved (RFC 7826 section 14)."""
    where = f"rtsp://{'192.168.1.50' if capture.ip_version == 4 else f'[{CAMERA_INSIDE.ipv6}]'}/live"
    upkeep(capture, at_s - 0.2, PHONE_INSIDE, CAMERA_INSIDE)
    said = []
    for number, (method, answer) in enumerate((("OPTIONS", "Public: DESCRIBE, SETUP, PLAY"), ("SETUP", "Session: 1050"), ("PLAY", "Session: 1050"))):
        sequence = f"CSeq: {number + 1}"
        said.append(Turn(True, f"{method} {where} RTSP/1.0\r\n{sequence}\r\nUser-Agent: cams-app/3\r\n\r\n".encode()))
        said.append(Turn(False, f"RTSP/1.0 200 OK\r\n{sequence}\r\n{answer}\r\n\r\n".encode()))
    for number in range(pieces):
        size = 1_400
        stream = b"\x80\x60" + number.to_bytes(2, "big") + (number * 3_000).to_bytes(4, "big") + b"\x00\x00\x10\x50" + capture.noise(size - 12)
        said.append(Turn(False, b"$\x00" + size.to_bytes(2, "big") + stream, 0.1))
    capture.tcp(at_s, PHONE_INSIDE, CAMERA_INSIDE, 554, said, rtt_s=0.003)


CAPTURES = {
    "smart_camera.pcap": partial(betrayed, ip_version=4),
    "smart_camera_v6.pcap": partial(betrayed, ip_version=6),
    "smart_camera_honest.pcap": partial(honest, ip_version=4),
    "smart_camera_honest_v6.pcap": partial(honest, ip_version=6),
}
