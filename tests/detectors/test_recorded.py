"""What is said of captures that were recorded with real tools (captures/recorded/with_tools.py), and of honest ones."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from gdsi_audit.audit import Audit, audit
from gdsi_audit.findings.finding import SEVERITIES

FOLDER = Path(__file__).parents[2] / "captures" / "recorded"
DECLARATION = FOLDER / "with_tools.toml"
DEVICE = "02:00:5e:10:00:14"
STRANGER, PEER, OWN_RESOLVER = (
    {4: "203.0.113.66", 6: "2001:db8:30::66"},
    {4: "203.0.113.80", 6: "2001:db8:30::80"},
    {4: "198.51.100.53", 6: "2001:db8:10::53"},
)
FIRST_IN_LAN = {4: "192.168.1.1", 6: "fd00:20::1"}
REPORTED = [
    ("iodine", "dns_tunnelling", "example.org"),
    ("iodine_direct", "dns_tunnelling", "example.org"),
    ("iodine_direct", "resolver_bypass", OWN_RESOLVER),
    ("dns2tcp", "dns_tunnelling", "example.org"),
    ("ptunnel", "icmp_tunnelling", PEER),
    ("telnet_shell", "inbound_control", "tcp/23"),
    ("telnet_shell", "undeclared_listener", "tcp/23"),
    ("dropbear_shell", "inbound_control", "tcp/22"),
    ("dropbear_shell", "undeclared_listener", "tcp/22"),
    ("reverse_shell", "inbound_control", STRANGER),
    ("port_mapping", "port_mapping", "tcp/554"),
    ("port_mapping_pmp", "port_mapping", "tcp/554"),
    ("lan_sweep", "lan_reconnaissance", "hosts of the local network"),
    ("ssh_guessing", "outbound_attack", STRANGER),
    ("ssh_forward", "anonymising_tunnel", STRANGER),
    ("mqtt_password", "cleartext_credentials", "example.com"),
    ("basic_auth", "cleartext_credentials", "example.com"),
    ("wireguard", "anonymising_tunnel", PEER),
    ("openvpn", "anonymising_tunnel", "example.net"),
    ("tor_bridge", "anonymising_tunnel", PEER),
    ("dns_over_tls", "resolver_bypass", "example.net"),
]
"""Capture, detector and what its subject says, by version of IP where that makes a difference."""
IPV4_ONLY = {"dns2tcp", "ptunnel", "port_mapping", "port_mapping_pmp", "port_status"}
HONEST = ("ping", "ntp", "port_status", "mqtt_anonymous", "mqtt_tls", "web_tls", "ssh_upload")
SHOWN = {
    "telnet_shell": STRANGER, "dropbear_shell": STRANGER, "openvpn": PEER, "dns_over_tls": OWN_RESOLVER, "ssh_forward": STRANGER,
    "iodine_direct": OWN_RESOLVER, "iodine": FIRST_IN_LAN, "dns2tcp": FIRST_IN_LAN,
    "lan_sweep": FIRST_IN_LAN,
}  # fmt: skip
"""Whom the observation names, where the subject is a name or a port."""


def versions(name: str) -> tuple[int, ...]:
    return (4,) if name in IPV4_ONLY else (4, 6)


@functools.cache
def result(name: str, version: int, declaration: Path | None = None) -> Audit:
    return audit(FOLDER / f"{name}{'_v6' if version == 6 else ''}.pcap", declaration)


def above(severity: str, found: Audit) -> list[tuple[str, str, str]]:
    return [(one.detector, one.severity, one.subject) for one in found.findings if SEVERITIES.index(one.severity) > SEVERITIES.index(severity)]


@pytest.mark.parametrize(
    ("name", "version", "detector", "subject"),
    [
        (name, version, detector, subject[version] if isinstance(subject, dict) else subject)
        for name, detector, subject in REPORTED
        for version in versions(name)
    ],
)
def test_what_a_tool_does_is_reported(name, version, detector, subject):
    found = [one for one in result(name, version).findings if one.detector == detector and subject in one.subject]
    assert len(found) == 1
    assert found[0].device == DEVICE
    assert SEVERITIES.index(found[0].severity) >= SEVERITIES.index("low")
    assert SHOWN.get(name, {}).get(version, "") in found[0].observation


@pytest.mark.parametrize("version", [4, 6])
def test_passwords_that_are_tried_side_by_side_are_an_attack(version):
    (found,) = (one for one in result("ssh_guessing", version).findings if one.detector == "outbound_attack")
    assert found.severity == "medium"
    assert "17 short sessions alike with SSH" in found.observation
    assert ", up to 7 at once;" in found.observation


@pytest.mark.parametrize(("name", "version"), [(name, version) for name in HONEST for version in versions(name)])
def test_what_is_honest_is_not(name, version):
    assert above("low", result(name, version)) == []
    assert above("info", result(name, version, DECLARATION)) == []


@pytest.mark.parametrize(
    "name", sorted({name for name, *_ in REPORTED} - {"dns_over_tls", "wireguard", "openvpn", "tor_bridge", "ssh_forward", "ssh_guessing"})
)
def test_a_declaration_that_is_silent_on_it_absolves_nothing(name):
    for version in versions(name):
        assert above("low", result(name, version, DECLARATION))


def test_every_recording_is_judged():
    recorded = {path.stem.removesuffix("_v6") for path in FOLDER.glob("*.pcap")} - {"web_session"}
    assert recorded == {name for name, *_ in REPORTED} | set(HONEST)


@pytest.mark.parametrize("path", sorted(set(FOLDER.glob("*.pcap")) - {FOLDER / "web_session.pcap"}), ids=lambda path: path.stem)
def test_every_frame_is_read(path):
    seen = result(path.stem.removesuffix("_v6"), 6 if path.stem.endswith("_v6") else 4)
    assert seen.traffic.captures[0].ledger.adds_up()
    assert seen.traffic.captures[0].ledger.skipped.total() == 0
    assert [gap for gap in seen.gaps if gap.kind.startswith("bad_")] == []
