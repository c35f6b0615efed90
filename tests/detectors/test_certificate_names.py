"""Whose certificate it is."""

from __future__ import annotations

import pytest

from gdsi_audit.detectors._certificate_names import fits, other_parties
from gdsi_audit.protocols._certificate_facts import CertificateFacts


def leaf(*names: str, common_name: str = "") -> CertificateFacts:
    return CertificateFacts(sha256="00", dns_names=names, common_name=common_name)


@pytest.mark.parametrize(
    ("certificate", "name", "expected"),
    [
        (leaf("api.cams.example"), "api.cams.example", True),
        (leaf("*.cams.example"), "api.cams.example", True),
        (leaf("*.cams.example"), "a.api.cams.example", False),
        (leaf("*.cams.example"), "cams.example", False),
        (leaf(common_name="API.cams.example"), "api.cams.example", True),
        (leaf("other.example", common_name="api.cams.example"), "api.cams.example", False),
    ],
)
def test_fits(certificate, name, expected):
    assert fits(certificate, name) is expected


@pytest.mark.parametrize(
    ("certificate", "expected"),
    [
        (leaf("relay.tracking.example"), ("tracking.example",)),
        (leaf("relay.tracking.example", "other.cams.example"), ()),
        (leaf(common_name="localhost"), ()),
        (leaf(common_name="Some Device 12"), ()),
        (leaf("router.lan", "192.168.1.1"), ()),
        (leaf(), ()),
    ],
)
def test_other_parties(certificate, expected):
    assert other_parties(certificate, "api.cams.example") == expected
