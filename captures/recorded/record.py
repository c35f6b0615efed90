"""Records web_session.pcap: `sudo python captures/recorded/record.py`. Needs Linux, ip, tc, openssl, curl and dumpcap; takes about half a minute.

A device and its internet are two network namespaces with a wire between them. curl on the device fetches from and sends to servers with TLS 1.3,
TLS 1.2 and plain HTTP over IPv4 and IPv6, after asking a DNS server; NTP beside it. What dumpcap sees on the device's interface is kept; only
the checksums that the kernel left to the (virtual) network card are filled in, and the clock is set to SESSION_BEGIN_S. Addresses are those for
documentation (RFC 5737, RFC 3849), names those of RFC 2606. Every run gives other packets of the same kind.
"""

from __future__ import annotations

import http.server
import random
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).parent
DEVICE, INTERNET = "recorded-device", "recorded-internet"
DEVICE_MAC, ROUTER_MAC = "02:00:5e:10:00:14", "02:00:5e:10:00:01"
ROUTER = "192.168.1.1"
SESSION_BEGIN_S = 1_790_000_000
LATENCY = ("delay", "12ms", "3ms", "loss", "0.1%")
JUMBO_BYTES = 1514

HOSTS = {
    "video.example.com": ("198.51.100.10", "2001:db8:10::10", "1.3"),
    "api.example.com": ("198.51.100.20", "2001:db8:10::20", "1.3"),
    "cdn.example.net": ("203.0.113.30", "2001:db8:30::30", "1.3"),
    "telemetry.example.org": ("203.0.113.40", "2001:db8:30::40", "1.2"),
    "shop.example.com": ("198.51.100.50", "2001:db8:10::50", "1.2"),
    "firmware.example.net": ("203.0.113.60", "2001:db8:30::60", "plain"),
    "time.example.org": ("203.0.113.70", "2001:db8:30::70", "none"),
}
"""Name: IPv4, IPv6, version of TLS."""


class Handler(http.server.BaseHTTPRequestHandler):
    """`GET /N` gives N bytes that do not compress; `POST` takes what comes."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "nginx", ""

    def do_GET(self) -> None:
        self._answer(random.randbytes(int(self.path.rsplit("/", 1)[-1])))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(b"{}")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: str, port: int, context: ssl.SSLContext | None) -> None:
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        super().__init__((address, port), Handler)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)


def serve(folder: Path) -> None:
    """The internet: runs until it is ended."""
    for name, (v4, v6, version) in HOSTS.items():
        for address in (v4, v6):
            if version != "none":
                context = None if version == "plain" else tls(folder, name, version)
                threading.Thread(target=Server(address, 443 if context else 80, context).serve_forever, daemon=True).start()
    threading.Thread(target=answer, args=((HOSTS["time.example.org"][0], 123), ntp_answer), daemon=True).start()
    answer((ROUTER, 53), dns_answer)


def tls(folder: Path, name: str, version: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem")
    context.maximum_version = ssl.TLSVersion.TLSv1_3 if version == "1.3" else ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def answer(address: tuple[str, int], reply) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        while True:
            question, client = listener.recvfrom(4096)
            listener.sendto(reply(question), client)


def dns_answer(query: bytes) -> bytes:
    """The address asked for, with compression as in RFC 1035 section 4.1.4."""
    end = query.index(b"\0", 12) + 5
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    kind = struct.unpack_from("!H", query, at + 1)[0]
    known = HOSTS.get(".".join(labels))
    data = {1: lambda: socket.inet_aton(known[0]), 28: lambda: socket.inet_pton(socket.AF_INET6, known[1])}.get(kind, bytes)() if known else b""
    head = query[:2] + struct.pack("!HHHHH", 0x8180 if known else 0x8183, 1, 1 if data else 0, 0, 0)
    return head + query[12:end] + (struct.pack("!HHHIH", 0xC00C, kind, 1, 300, len(data)) + data if data else b"")


def ntp_answer(query: bytes) -> bytes:
    """A server's packet of RFC 5905 section 7.3."""
    now = struct.pack("!II", SESSION_BEGIN_S + 2_208_988_800, 0)
    return struct.pack("!BBBbIII", 0x24, 2, 6, -20, 0x100, 0x200, 0xCB007101) + now + query[40:48] + now + now


def ask_time() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(1)
        asking.sendto(b"\x23" + bytes(39) + struct.pack("!II", SESSION_BEGIN_S & 0x7FFFFFFF, 1), (HOSTS["time.example.org"][0], 123))
        asking.recv(512)


def run(*words: str) -> None:
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def lay_wire() -> None:
    for space in (DEVICE, INTERNET):
        run("ip", "netns", "add", space)
        run("ip", "-n", space, "link", "set", "lo", "up")
    run("ip", "link", "add", "eth0", "netns", DEVICE, "address", DEVICE_MAC, "type", "veth", "peer", "eth0", "netns", INTERNET, "address", ROUTER_MAC)
    for space, number in ((DEVICE, "20"), (INTERNET, "1")):
        # Without this the kernel hands over segments larger than any wire carries.
        run("ip", "-n", space, "link", "set", "eth0", "gso_max_segs", "1", "up")
        run("ip", "-n", space, "address", "add", f"192.168.1.{number}/24", "dev", "eth0")
        run("ip", "-n", space, "address", "add", f"fd00:20::{number}/64", "dev", "eth0", "nodad")
        # Not every kernel can delay and lose packets; the session is recorded all the same.
        subprocess.run(("tc", "-n", space, "qdisc", "add", "dev", "eth0", "root", "netem", *LATENCY), check=False, stderr=subprocess.DEVNULL)
    for v4, v6, _ in HOSTS.values():
        run("ip", "-n", INTERNET, "address", "add", f"{v4}/32", "dev", "lo")
        run("ip", "-n", INTERNET, "address", "add", f"{v6}/128", "dev", "lo", "nodad")
    run("ip", "-n", DEVICE, "route", "add", "default", "via", ROUTER)
    run("ip", "-n", DEVICE, "route", "add", "default", "via", "fd00:20::1")


def use_device(folder: Path) -> None:
    """What the device does, about 4 MB in all."""
    (folder / "upload").write_bytes(random.Random(1).randbytes(60_000))
    clip, small = ["/clips/90000", "/clips/60000"], ["/v1/900", "/v1/4200", "/v1/12000"]
    plan = [
        ("video.example.com", "-4", clip * 2, 2), ("video.example.com", "-6", clip, 2), ("api.example.com", "-4", small * 4, 4),
        ("cdn.example.net", "-4", ["/app.js/140000", "/style.css/22000"], 2), ("cdn.example.net", "-6", ["/image/70000"] * 3, 2),
        ("shop.example.com", "-4", ["/page/45000", "/image/80000", "/image/30000"], 2), ("firmware.example.net", "-4", ["/fw/260000"], 1),
        ("firmware.example.net", "-6", ["/fw/90000", "/fw/40000"], 2), ("api.example.com", "-6", small * 3, 3),
        ("telemetry.example.org", "-4", ["upload"] * 2, 3), ("telemetry.example.org", "-6", ["upload"], 3),
    ]  # fmt: skip
    running = []
    for name, family, paths, connections in plan:
        scheme = "http" if HOSTS[name][2] == "plain" else "https"
        urls = [f"{scheme}://{name}{path}" for path in paths if path != "upload"]
        sent = ["--data-binary", f"@{folder / 'upload'}", *[f"{scheme}://{name}/v1/events"] * paths.count("upload")] if "upload" in paths else []
        for _ in range(connections):
            words = ("curl", "-sk", family, *sent, *(word for url in urls for word in ("-o", "/dev/null", url)))
            running.append(subprocess.Popen(("ip", "netns", "exec", DEVICE, *words), stdout=subprocess.DEVNULL))
            time.sleep(0.15)
        subprocess.run(("ip", "netns", "exec", DEVICE, sys.executable, __file__, "time"), check=True)
    if failed := [process.args for process in running if process.wait(60)]:
        raise SystemExit(f"these failed: {failed}")


def checksum(data: bytes) -> int:
    """RFC 1071."""
    total = sum(struct.unpack(f"!{len(data + b'0') // 2}H", data + b"\0" * (len(data) % 2)))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def with_checksum(frame: bytes) -> bytes:
    """The frame as it would have left a real network card: TCP and UDP checksums filled in."""
    is_v4 = frame[12:14] == b"\x08\x00"
    if not is_v4 and frame[12:14] != b"\x86\xdd":
        return frame
    begin = 14 + (frame[14] & 15) * 4 if is_v4 else 54
    kind, end = (frame[23], 14 + int.from_bytes(frame[16:18])) if is_v4 else (frame[20], 54 + int.from_bytes(frame[18:20]))
    place = begin + {6: 16, 17: 6}.get(kind, -begin)
    if not place:
        return frame
    segment = bytearray(frame[begin:end])
    segment[place - begin : place - begin + 2] = b"\0\0"
    ends = frame[26:34] if is_v4 else frame[22:54]
    value = checksum(ends + struct.pack("!HH", kind, len(segment)) + segment) or 0xFFFF
    return frame[:place] + value.to_bytes(2) + frame[place + 2 :]


def keep(recorded: bytes, target: Path) -> None:
    """Writes `target` from what dumpcap wrote."""
    out, at, first = bytearray(recorded[:24]), 24, None
    while at < len(recorded):
        seconds, micros, size, wire = struct.unpack_from("<IIII", recorded, at)
        frame = recorded[at + 16 : at + 16 + size]
        at += 16 + size
        if wire > JUMBO_BYTES:
            raise SystemExit(f"a frame of {wire} bytes: segmentation was left to the network card")
        first = seconds if first is None else first
        out += struct.pack("<IIII", seconds - first + SESSION_BEGIN_S, micros, size, wire) + with_checksum(frame)
    target.write_bytes(out)


def record(folder: Path) -> None:
    for name, (_, _, version) in HOSTS.items():
        kind = ("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1") if version == "1.3" else ("rsa:2048",)
        pair = ("-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.crt"))
        run(
            "openssl",
            "req",
            "-x509",
            "-nodes",
            "-days",
            "90",
            "-newkey",
            *kind,
            "-subj",
            f"/CN={name}",
            "-addext",
            f"subjectAltName=DNS:{name}",
            *pair,
        )
        (folder / f"{name}.pem").write_bytes((folder / f"{name}.key").read_bytes() + (folder / f"{name}.crt").read_bytes())
    resolver = Path("/etc/netns") / DEVICE / "resolv.conf"
    resolver.parent.mkdir(parents=True)
    resolver.write_text(f"nameserver {ROUTER}\n")
    lay_wire()
    whole = folder / "recorded.pcap"
    internet = subprocess.Popen(("ip", "netns", "exec", INTERNET, sys.executable, __file__, "serve", str(folder)))
    sniffer = subprocess.Popen(("ip", "netns", "exec", DEVICE, "dumpcap", "-q", "-P", "-i", "eth0", "-w", str(whole)), stderr=subprocess.DEVNULL)
    try:
        time.sleep(4)
        use_device(folder)
        time.sleep(2)
    finally:
        sniffer.terminate()
        sniffer.wait()
        internet.terminate()
        internet.wait()
    keep(whole.read_bytes(), HERE / "web_session.pcap")


def main() -> None:
    if sys.argv[1:] == ["time"]:
        ask_time()
    elif sys.argv[1:2] == ["serve"]:
        serve(Path(sys.argv[2]))
    else:
        try:
            # dumpcap gives up its privileges and has to be able to write there.
            with tempfile.TemporaryDirectory() as folder:
                Path(folder).chmod(0o777)
                record(Path(folder))
        finally:
            for space in (DEVICE, INTERNET):
                subprocess.run(("ip", "netns", "del", space), check=False)
                Path("/etc/netns", space, "resolv.conf").unlink(missing_ok=True)
                if Path("/etc/netns", space).is_dir():
                    Path("/etc/netns", space).rmdir()


if __name__ == "__main__":
    main()
