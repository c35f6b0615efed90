"""Four network namespaces with a home and an internet in them, and what runs there while one capture is recorded."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

DEVICE, PHONE, ROUTER, INTERNET = SPACES = ("tools-device", "tools-phone", "tools-router", "tools-internet")
MACS = {DEVICE: "02:00:5e:10:00:14", PHONE: "02:00:5e:10:00:1e", ROUTER: "02:00:5e:10:00:01"}
NUMBERS = {DEVICE: 20, PHONE: 30, ROUTER: 1}
SECRET = "correct-horse-7"
"""The password of everything here. It guards nothing."""
ADDRESSES = {
    "server": ("198.51.100.10", "2001:db8:10::10"),
    "names": ("198.51.100.53", "2001:db8:10::53"),
    "stranger": ("203.0.113.66", "2001:db8:30::66"),
    "peer": ("203.0.113.80", "2001:db8:30::80"),
    "time": ("203.0.113.70", "2001:db8:30::70"),
}
NAMES = {"www.example.com": "server", "mqtt.example.com": "server", "vpn.example.net": "peer", "time.example.org": "time", "dns.example.net": "names"}
TUNNEL_DOMAINS = {"t.example.org": "5353", "d.example.org": "5454"}
"""Domain of a tunnel's server, and the port where its name server stands behind the internet's own."""
OUTER = "198.51.100.1"


def at(role: str, version: int) -> str:
    return ADDRESSES[role][version == 6]


def at_home(space: str, version: int) -> str:
    """The address that is reached from outside."""
    return f"192.168.1.{NUMBERS[space]}" if version == 4 else f"2001:db8:20::{NUMBERS[space]}"


def within_home(version: int) -> str:
    """The router, as the device reaches it."""
    return "192.168.1.1" if version == 4 else "fd00:20::1"


def within(address: str) -> str:
    """As it is written before a port."""
    return f"[{address}]" if ":" in address else address


def run(*words: str, check: bool = True) -> None:
    subprocess.run(words, check=check, capture_output=True, input=b"", timeout=90)


class Session:
    """One scenario's home: what was started is ended with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, space: str, *words: str, wait_s: float = 0.7, typed: bytes = b"") -> None:
        """Starts something that goes on until the end; `typed` is its standard input."""
        with (self.folder / "said").open("ab") as said:
            inside = ("ip", "netns", "exec", space, *words)
            process = subprocess.Popen(inside, stdin=subprocess.PIPE, stdout=said, stderr=said, start_new_session=True)
        if typed and process.stdin:
            process.stdin.write(typed)
            process.stdin.flush()
        self._started.append(process)
        time.sleep(wait_s)
        if process.poll() is not None:
            raise SystemExit(f"{' '.join(words)}: {process.returncode}\n{self.said()}")

    def said(self) -> str:
        return (self.folder / "said").read_text(errors="replace")[-2000:]

    def do(self, space: str, *words: str, typed: tuple[str, ...] = (), fails: bool = False, limit_s: float = 60) -> None:
        """Does something and waits for it; `typed` lines come half a second apart. What it says is read when it fails."""
        with (self.folder / "said").open("ab") as said:
            inside = ("ip", "netns", "exec", space, *words)
            process = subprocess.Popen(inside, stdin=subprocess.PIPE, stdout=said, stderr=said, start_new_session=True)
        self._started.append(process)
        assert process.stdin is not None
        with suppress(BrokenPipeError):
            for line in typed:
                time.sleep(0.5)
                process.stdin.write(line.encode())
                process.stdin.flush()
            time.sleep(0.5 if typed else 0)
            process.stdin.close()
        try:
            code = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            code = -1
        if code and not fails:
            raise SystemExit(f"{' '.join(words)}: {code}\n{self.said()}")

    def write(self, name: str, text: str, mode: int = 0o600) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    def noise(self, count_bytes: int) -> str:
        """A file of bytes that do not compress."""
        path = self.folder / f"noise-{count_bytes}"
        path.write_bytes(random.Random(count_bytes).randbytes(count_bytes))
        path.chmod(0o644)
        return str(path)

    def echo(self, space: str, address: str, port: int) -> None:
        """A server that gives back what it gets."""
        family = "TCP6-LISTEN" if ":" in address else "TCP4-LISTEN"
        self.start(space, "socat", f"{family}:{port},bind={within(address)},fork,reuseaddr", "EXEC:cat")

    def exchange(self, target: str, count_bytes: int, space: str = DEVICE) -> None:
        """Sends noise to an echo server and gets it back."""
        self.do(space, "socat", "-t4", f"OPEN:{self.noise(count_bytes)},rdonly!!CREATE:{self.folder}/back", target)

    def end(self) -> None:
        for process in reversed(self._started):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in self._started:
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def wire(space: str, name: str, other: str, other_name: str) -> None:
    mac = ("address", MACS[space]) if space in MACS and name == "eth0" else ()
    run("ip", "link", "add", name, "netns", space, *mac, "type", "veth", "peer", other_name, "netns", other)
    for end, link in ((space, name), (other, other_name)):
        # Without this the kernel hands over segments larger than any wire carries.
        run("ip", "-n", end, "link", "set", link, "gso_max_segs", "1", "up")


def give(space: str, link: str, *addresses: str) -> None:
    for address in addresses:
        run("ip", "-n", space, "address", "add", address, "dev", link, *(("nodad",) if ":" in address else ()))


def lay_wires() -> None:
    for space in SPACES:
        run("ip", "netns", "add", space)
        run("ip", "-n", space, "link", "set", "lo", "up")
    run("ip", "-n", ROUTER, "link", "add", "lan", "address", MACS[ROUTER], "type", "bridge")
    run("ip", "-n", ROUTER, "link", "set", "lan", "up")
    for space, port in ((DEVICE, "port1"), (PHONE, "port2")):
        wire(space, "eth0", ROUTER, port)
        # What belongs to the router speaks as one.
        run("ip", "-n", ROUTER, "link", "set", port, "addrgenmode", "none", "master", "lan")
    for space, link in ((DEVICE, "eth0"), (PHONE, "eth0"), (ROUTER, "lan")):
        number = NUMBERS[space]
        give(space, link, f"192.168.1.{number}/24", f"fd00:20::{number}/64", f"2001:db8:20::{number}/64")
    wire(ROUTER, "wan", INTERNET, "eth0")
    give(ROUTER, "wan", f"{OUTER}/32", "2001:db8:1::1/64")
    give(INTERNET, "eth0", "2001:db8:1::2/64")
    for v4, v6 in ADDRESSES.values():
        give(INTERNET, "lo", f"{v4}/32", f"{v6}/128")
    route()


def route() -> None:
    run("ip", "-n", ROUTER, "route", "add", "198.51.100.10", "dev", "wan")
    run("ip", "-n", ROUTER, "route", "add", "default", "via", "198.51.100.10")
    run("ip", "-n", ROUTER, "route", "add", "default", "via", "2001:db8:1::2")
    run("ip", "-n", INTERNET, "route", "add", OUTER, "dev", "eth0")
    run("ip", "-n", INTERNET, "route", "add", "192.168.1.0/24", "via", OUTER)
    run("ip", "-n", INTERNET, "route", "add", "2001:db8:20::/64", "via", "2001:db8:1::1")
    for space in (DEVICE, PHONE):
        run("ip", "netns", "exec", space, "sysctl", "-w", "net.ipv6.conf.eth0.accept_ra=0")
        run("ip", "-n", space, "route", "add", "default", "via", "192.168.1.1")
        run("ip", "-n", space, "route", "add", "default", "via", "2001:db8:20::1")
    run("ip", "netns", "exec", ROUTER, "sysctl", "-w", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")


def open_home(session: Session) -> None:
    """The router hands out addresses and asks the internet for names; the internet knows ours and refers tunnels to their servers."""
    known = [f"--host-record={name},{','.join(ADDRESSES[role])}" for name, role in NAMES.items()]
    tunnels = [f"--server=/{domain}/{at('names', 4)}#{port}" for domain, port in TUNNEL_DOMAINS.items()]
    empty = session.write("dnsmasq.conf", "")
    daemon = (
        "dnsmasq",
        "--keep-in-foreground",
        f"--conf-file={empty}",
        "--no-hosts",
        "--no-resolv",
        "--pid-file=",
        "--user=root",
        "--bind-interfaces",
    )
    listening = [f"--listen-address={address}" for address in (*ADDRESSES["names"], "127.0.0.1")]
    session.start(INTERNET, *daemon, "--local=/example.com/example.net/example.org/", *listening, *known, *tunnels)
    lease = (
        "--dhcp-range=192.168.1.20,192.168.1.20",
        f"--dhcp-host={MACS[DEVICE]},192.168.1.20,device,1h",
        f"--dhcp-leasefile={session.folder}/leases",
    )
    offer = ("--enable-ra", "--dhcp-range=fd00:20::,ra-only", "--dhcp-option=option6:dns-server,[fd00:20::1]")
    session.start(ROUTER, *daemon, "--interface=lan", "--dhcp-authoritative", *lease, *offer, f"--server={at('names', 4)}", "--cache-size=0")
