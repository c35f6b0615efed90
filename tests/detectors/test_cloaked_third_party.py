"""Somebody else behind a declared name."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from gdsi_audit.audit import audit
from gdsi_audit.declarations import NOTHING_DECLARED
from gdsi_audit.detectors import _owners
from gdsi_audit.detectors.cloaked_third_party import detect
from gdsi_audit.protocols import Message
from gdsi_audit.traffic import ANSWERS

FLOW = "remote name name_source\n203.0.113.9:443 api.cams.example {}"


def aliased(*chain: str, name: str = "api.cams.example", address: str = "203.0.113.9") -> pd.DataFrame:
    row = dict(capture=0, frame=7, time=0, client="192.168.1.50", server="192.168.1.1", name=name, address=address, ttl_s=60, solicited=True)
    return pd.DataFrame([{**row, "chain": " > ".join(chain)}]).astype(ANSWERS)


def certified(*listed: str, common_name: str = "") -> dict[str, tuple[Message, ...]]:
    leaf = SimpleNamespace(dns_names=listed, common_name=common_name)
    return {"tls": (Message(16, 9, 0, "tls", True, SimpleNamespace(chain=(leaf,))),)}


def found(traffic, declaration):
    return [(one.subject, one.severity, one.confidence) for one in detect(traffic, declaration)]


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        (("c17.audience-insight.example",), [("audience-insight.example behind *.cams.example", "low", "low")]),
        (("cams.sc.omtrdc.net",), [("omtrdc.net behind *.cams.example", "low", "medium")]),
        (("x.cams.example", "cams.hotjar.com"), [("hotjar.com behind *.cams.example", "low", "medium")]),
        (("d111.cloudfront.net",), []),
        (("cams.example.edgekey.net", "e1.a.akamaiedge.net"), []),
        (("lb-1.eu-central-1.elb.amazonaws.com",), []),
        (("cams.azurewebsites.net",), []),
        (("edge.cams.example",), []),
        (("eu.camscloud.example",), []),
        (("eu.examplecams.example",), []),
        (("eu.content.example",), []),
        (("in.partner.example",), []),
        (("other.partner.example",), []),
        ((), []),
    ],
)
def test_where_an_alias_leads(device_traffic, declared, chain, expected):
    traffic = device_traffic(FLOW.format("tls-sni"), answer_table=aliased(*chain))
    assert found(traffic, declared("*.cams.example", "in.partner.example")) == expected


@pytest.mark.parametrize(
    ("answer", "destinations"),
    [
        (aliased("c17.insight.example", address="203.0.113.8"), ("*.cams.example",)),  # another address
        (aliased("c17.insight.example", name="www.cams.example"), ("*.cams.example",)),
        (aliased("c17.insight.example"), ("other.example",)),
        (aliased("c17.insight.example"), ()),
        (aliased("c17.insight.example"), ("*.cams.example", "*.insight.example")),
    ],
)
def test_aliases_that_say_nothing(device_traffic, declared, answer, destinations):
    traffic = device_traffic(FLOW.format("tls-sni"), answer_table=answer)
    assert found(traffic, declared(*destinations) if destinations else NOTHING_DECLARED) == []


def test_an_address_without_data_is_left_alone(device_traffic, declared):
    table = FLOW.format("dns").replace("name_source", "name_source application_data") + " no"
    assert found(device_traffic(table, answer_table=aliased("c17.insight.example")), declared("*.cams.example")) == []


def test_a_time_server_learns_nothing(device_traffic, declared):
    table = FLOW.format("dns").replace("name_source", "name_source service transport") + " ntp udp"
    assert found(device_traffic(table, answer_table=aliased("ntp.laboratory.example")), declared("*.cams.example")) == []


@pytest.mark.parametrize(
    ("listed", "common_name", "expected"),
    [
        (("*.chatdesk.example", "api.cams.example"), "", ["chatdesk.example behind *.cams.example"]),
        (("api.cams.example", "chatdesk.example"), "chatdesk.example", ["chatdesk.example behind *.cams.example"]),
        (("api.cams.example", "chatdesk.example"), "", []),
        (("*.chatdesk.example",), "", []),  # it does not even cover the name: that is a decoy's business
        (("*.cams.example",), "*.cams.example", []),
        (("a.example", "b.example", "c.example", "d.example", "api.cams.example"), "a.example", []),
        (("api.cams.example",), "Example Cameras TLS", []),
        ((), "chatdesk.example", []),
    ],
)
def test_whom_a_certificate_was_made_out_to(device_traffic, declared, listed, common_name, expected):
    traffic = device_traffic(FLOW.format("tls-sni"), messages=certified(*listed, common_name=common_name))
    assert [one.subject for one in detect(traffic, declared("*.cams.example"))] == expected


@pytest.mark.parametrize(
    ("name", "carries", "organisation"),
    [
        ("x.cloudfront.net", True, ""),
        ("cams.github.io", True, ""),
        ("eu.vendor-cdn.example", True, ""),
        ("tracker.example", False, ""),
        ("stats.l.doubleclick.net", False, "Google"),
        ("tag.hotjar.com", False, "Hotjar"),
    ],
)
def test_owners_by_role(name, carries, organisation):
    assert _owners.owner(name)[:2] == (organisation, carries)


def test_names_that_belong_together():
    assert _owners.akin("a.icloud.com", "b.apple.com")
    assert not _owners.akin("api.cams.example", "api.insight.example")
    assert not _owners.akin("x.cam.example", "y.camera-insight.example")  # three letters connect nothing


def test_a_folder_of_the_user_s_comes_before_what_is_embedded(device_traffic, declared, tmp_path):
    (tmp_path / "tables").mkdir()
    row = '{ id = "insight", name = "Insight", seat = "SE", domains = ["audience-insight.example"], shared_domains = ["hotjar.com"] }'
    (tmp_path / "tables" / "organisations.toml").write_text(f'as_of = "2026-06-01"\norganisation = [{row}]\n')
    known, carried = (
        device_traffic(FLOW.format("tls-sni"), answer_table=aliased(one), geodb=tmp_path)
        for one in ("c17.audience-insight.example", "cams.hotjar.com")
    )
    assert found(known, declared("*.cams.example")) == [("audience-insight.example behind *.cams.example", "low", "medium")]
    assert found(carried, declared("*.cams.example")) == [], "rented out, as this table has it"


@pytest.mark.parametrize("twin", ["", "_v6"])
def test_the_captures(repository, twin):
    folder = repository / "captures" / "detectors"
    reported, benign = (audit(folder / f"cloaked_third_party{kind}{twin}.pcap", folder / "cloaked_third_party.toml") for kind in ("", "_benign"))
    seen = [(one.subject, one.severity) for one in reported.findings if one.detector == "cloaked_third_party"]
    assert seen == [("audience-insight.example behind *.cams.example", "low"), ("chatdesk.example behind *.cams.example", "low")]
    assert [one for one in benign.findings if one.severity != "info"] == []
