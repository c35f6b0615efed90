"""What was declared and never seen is listed, and is no fault."""

from __future__ import annotations

from gdsi_audit.declarations import Destination
from gdsi_audit.detectors.unused_declaration import detect

TABLE = "remote name name_source\n203.0.113.1:443 api.cams.example tls-sni"


def test_one_row_lists_them_with_their_lines(device_traffic, declared):
    items = [
        *("api.cams.example", "*.cams.example", "update.cams.example"),
        *(
            Destination(klass="time"),
            Destination(name="c.example", not_assessable="unbound"),
            Destination(name="api.cams.example", ports=((80, 80),)),
        ),
    ]
    (found,) = detect(device_traffic(TABLE), declared(*items))
    assert found.severity == "info" and found.contradicts == ()
    assert "1 of 6 destinations were never contacted: update.cams.example (camera.toml:12)." in found.observation


def test_nothing_to_say(device_traffic, declared):
    assert list(detect(device_traffic(TABLE), declared("api.cams.example"))) == []
    assert list(detect(device_traffic(""), declared("api.cams.example"))) == []
