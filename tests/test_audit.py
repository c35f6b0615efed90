"""The result, as somebody at a Python prompt meets it."""

from __future__ import annotations

import pytest

from gdsi_audit import audit

CAMERA = "captures/smart_camera/smart_camera.pcap"


def test_a_result_introduces_itself_in_a_line(repository, monkeypatch):
    monkeypatch.chdir(repository)
    result = audit(CAMERA, "captures/smart_camera/smart_camera.toml")
    assert repr(result) == (
        "<Audit of smart_camera.pcap: 6 findings, worst high; camera: 2 contradicted, 2 indicator, 1 no contradiction observed, 1 inconclusive, "
        "1 not testable>"
    )
    (camera,) = result.traffic.devices
    assert repr(camera) == "<DeviceTraffic of camera: 108 flows, 11 endpoints>"
    assert repr(result.traffic).startswith("<Traffic of 1 captures: 1 devices, ")


def test_nothing_to_audit_is_an_error():
    with pytest.raises(ValueError, match="no capture is named"):
        audit([])
