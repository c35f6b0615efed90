"""An observation becomes Traffic: each device gets its own share, and nobody else's."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from captures._device import begun
from captures._home import CAMERA, ROUTER, behind_router
from captures._tls import tls13
from gdsi_audit.audit import audit


def test_dns_belongs_to_the_device_that_owns_the_flow(repository):
    result = audit(repository / "captures/smart_camera/smart_camera.pcap")
    for share in result.traffic.devices:
        assert set(share.dns["flow"]) <= set(share.flows["flow"])
    asking = [share for share in result.traffic.devices if len(share.dns)]
    assert asking, "somebody asked for names in the hour of the camera"


def test_an_address_that_changes_its_mac_leaves_no_device_with_another_s_dns(repository, tmp_path):
    """Half of the frames get another source MAC: the flows change owner, and the DNS messages must go with them."""
    raw = bytearray((repository / "captures/smart_camera/smart_camera.pcap").read_bytes())
    place, number = 24, 0
    while place + 16 <= len(raw):
        (length,) = struct.unpack_from("<I", raw, place + 8)
        if number % 2:
            raw[place + 16 + 11] ^= 0x0F
        place, number = place + 16 + length, number + 1
    changed = tmp_path / "changed.pcap"
    changed.write_bytes(raw)
    for share in audit(changed).traffic.devices:
        assert set(share.dns["flow"]) <= set(share.flows["flow"])


def test_the_public_name_is_the_function_whichever_was_imported_first():
    import gdsi_audit.audit as file
    from gdsi_audit import audit as name

    assert callable(file)
    assert callable(name)


@pytest.mark.parametrize("ip_version", [4, 6])
def test_a_server_name_is_nobody_s_who_calls_the_device(ip_version, tmp_path):
    """The name in a handshake is of whoever was called: where that is the device, it says nothing of the other side."""
    capture, path = begun(ip_version, "called"), tmp_path / "called.pcap"
    outside = behind_router("203.0.113.9", "2001:db8:9::9")
    tls13(capture, 5.0, outside, CAMERA, "camera.cams.example", [(True, 100, 0.01)], port=8443)
    path.write_bytes(capture.pcap())
    (share,) = [share for share in audit(path).traffic.devices if CAMERA.mac in share.device.macs]
    flows = share.tables.flows
    assert flows["name"][flows["local_port"] == 8443].tolist() == [""]
    assert share.endpoints[outside.address(ip_version)].names == ()


@pytest.mark.parametrize("ip_version", [4, 6])
@pytest.mark.parametrize(("silence_s", "flows_seen"), [(100.0, 1), (700.0, 2)])
def test_after_a_silence_a_connection_keeps_its_name(ip_version, silence_s, flows_seen, tmp_path):
    capture, path = begun(ip_version, "silence"), tmp_path / "silence.pcap"
    server = behind_router("203.0.113.9", "2001:db8:9::9")
    tls13(capture, 5.0, CAMERA, server, "push.cams.example", [(True, 100, 0.01), (True, 100, silence_s), (False, 50, 0.01)])
    path.write_bytes(capture.pcap())
    (share,) = [share for share in audit(path).traffic.devices if CAMERA.mac in share.device.macs]
    flows = share.tables.flows
    there = flows["remote_port"] == 443
    assert (
        list(zip(flows["name"][there].tolist(), flows["name_source"][there].tolist(), strict=True)) == [("push.cams.example", "tls-sni")] * flows_seen
    )


@pytest.mark.parametrize(
    ("mac", "ttl", "near"),
    [
        ("02:00:00:00:00:88", 64, True),  # a neighbour
        ("02:00:00:00:00:88", 57, True),  # a neighbour with limits of its own
        (ROUTER.mac, 64, True),  # the router itself
        (ROUTER.mac, 52, False),  # somebody behind it, under a prefix that its network shares
    ],
)
def test_a_global_address_of_the_same_prefix_is_a_neighbour_where_its_frames_show_it(mac, ttl, near, tmp_path):
    capture, path = begun(6, "near"), tmp_path / "near.pcap"
    prefix = CAMERA.ipv6.rpartition("::")[0]
    other = replace(CAMERA, mac=mac, ipv6=f"{prefix}::aa", ttl=ttl)
    tls13(capture, 5.0, CAMERA, behind_router("203.0.113.9", "2001:db8:9::9"), "api.cams.example", [(True, 100, 0.01)])
    tls13(capture, 9.0, CAMERA, other, "hub.cams.example", [(True, 100, 0.01)])
    path.write_bytes(capture.pcap())
    (share,) = [share for share in audit(path).traffic.devices if CAMERA.mac in share.device.macs]
    flows = share.tables.flows
    local = dict(zip(flows["name"].tolist(), flows["remote_is_local"].tolist(), strict=True))
    assert (local["api.cams.example"], local["hub.cams.example"]) == (False, near)
