"""Names and networks of many tenants."""

from __future__ import annotations

import tomllib

import pytest

from gdsi_audit.naming import shared_platforms


@pytest.mark.parametrize(
    ("pattern", "shared"),
    [
        ("*.s3.amazonaws.com", True),
        ("*.azure-devices.net", True),
        ("*.azure.com", True),
        ("*.aliyuncs.com", True),
        ("*.myhuaweicloud.eu", True),
        ("*.pool.ntp.org", True),
        ("hub.azure-devices.net", False),
        ("*.hub.azure-devices.net", False),
        ("*.cams.example", False),
        ("", False),
    ],
)
def test_wildcards_over_tenants(pattern, shared):
    assert shared_platforms.covers_tenants(pattern) is shared


def test_every_domain_that_is_rented_out_is_known(repository):
    table = tomllib.loads((repository / "geodb" / "tables" / "organisations.toml").read_text(encoding="utf-8"))
    rented = [(domain, row) for row in table["organisation"] for domain in row.get("shared_domains", ())]
    assert rented and not [domain for domain, _ in rented if not shared_platforms.covers_tenants(f"*.{domain}")]
    assert not [asn for _, row in rented for asn in row.get("asns", ()) if shared_platforms.network_operator(asn) != row["name"]]


@pytest.mark.parametrize(("asn", "operator"), [(16509, "Amazon"), (37963, "Alibaba"), (64500, "")])
def test_networks_that_are_rented_out(asn, operator):
    assert shared_platforms.network_operator(asn) == operator
