"""Bounds that bite are counted, hide no betrayal behind a flood, and accuse nobody who is honest."""

from __future__ import annotations

import pytest

from captures._device import begun
from captures._home import CAMERA, behind_router
from captures._tls import tls13
from gdsi_audit import assembly
from gdsi_audit.assembly import device_shares
from gdsi_audit.audit import audit
from gdsi_audit.messages import Messages, resolutions

HONEST = (
    *("smart_camera/smart_camera_honest", "detectors/relay_traversal_benign", "detectors/decoy_name_benign", "detectors/hidden_name_benign"),
    *("detectors/covert_payload_benign", "detectors/cleartext_traffic_benign", "detectors/dns_tunnelling_benign"),
)


def bind(monkeypatch, bound, size):
    if bound == "messages":
        monkeypatch.setitem(Messages.__init__.__kwdefaults__, "most", size)
    else:
        where = {"MOST_ROWS": resolutions, "MOST_FLOWS_IN_MEMORY": assembly, "MOST_FLOWS": device_shares}[bound]
        monkeypatch.setattr(where, bound, size)
        monkeypatch.setattr(assembly, "CERTAINLY_KEPT", 0)


def accused(repository, name):
    path = (repository / "captures" / name).with_suffix(".pcap")
    declarations = (path.with_suffix(".toml"), path.with_name(path.name.replace("_honest", "").replace("_benign", "")).with_suffix(".toml"))
    result = audit(path, next((one for one in declarations if one.exists()), None))
    return {(one.detector, one.severity, one.subject) for one in result.findings if one.at_least("low")}, {gap.kind for gap in result.gaps}


@pytest.mark.parametrize(
    ("bound", "size", "kind"),
    [
        ("MOST_ROWS", 0, "limit:dns_in_memory"),
        ("MOST_ROWS", 5, "limit:dns_in_memory"),
        ("messages", 0, "limit:messages"),
        ("messages", 12, "limit:messages"),
        ("MOST_FLOWS_IN_MEMORY", 4, "limit:flows_in_memory"),
        ("MOST_FLOWS", 4, ""),
    ],
)
def test_where_a_bound_bites_no_honest_device_is_accused(repository, monkeypatch, bound, size, kind):
    whole = [accused(repository, name)[0] for name in HONEST]
    bind(monkeypatch, bound, size)
    counted = set()
    for name, before in zip(HONEST, whole, strict=True):
        found, gaps = accused(repository, name)
        assert found <= before, name
        counted |= gaps
    assert not kind or kind in counted


@pytest.mark.parametrize("ip_version", [4, 6])
@pytest.mark.parametrize(("bound", "unheld"), [("MOST_FLOWS_IN_MEMORY", "limit:flows_in_memory"), ("MOST_FLOWS", "")])
def test_a_flood_of_probes_hides_no_upload_that_comes_after_it(ip_version, bound, unheld, tmp_path, monkeypatch):
    capture, path = begun(ip_version, "flood"), tmp_path / "flood.pcap"
    for number in range(300):
        probed = behind_router(f"203.0.113.{number % 250 + 1}", f"2001:db8:9::{number % 250 + 1:x}")
        capture.syn(2 + number / 100, CAMERA, probed, 1_000 + number)
    outside = behind_router("47.91.64.1", "2400:3200::1")
    tls13(capture, 8.0, CAMERA, outside, "collect.elsewhere.example", [(True, 500_000, 0.01)])
    path.write_bytes(capture.pcap())
    bind(monkeypatch, bound, 100)
    result = audit(path)
    (share,) = [share for share in result.traffic.devices if CAMERA.mac in share.device.macs]
    assert "collect.elsewhere.example" in share.tables.flows.distinct("name")
    assert len(share.tables.flows) + share.folded > 300 and share.folded >= 200
    assert not unheld or unheld in {gap.kind for gap in result.gaps}
