"""The embedded databases through the ladder, against well-known addresses."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from datetime import date

import geoip2.database
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdsi_audit import discover
from gdsi_audit.geo import RUNGS, Place, _explained
from gdsi_audit.geo._folder import embedded
from gdsi_audit.geo._places import NOT_AN_ADDRESS, Places


@pytest.fixture(scope="module")
def places() -> Places:
    return Places()


@pytest.mark.parametrize(
    ("address", "located", "candidates", "registered", "hosted", "asn"),
    [
        ("47.91.64.1", "", ("DE", "US"), "CN", "CN", 45102),
        ("31.13.64.35", "", ("IE", "IN"), "US", "US", 32934),
        ("47.88.0.1", "US", (), "CN", "CN", 45102),
        ("43.157.0.1", "DE", (), "CN", "CN", 132203),
        ("119.8.1.1", "MX", (), "HK", "CN", 136907),
        ("91.108.56.130", "NL", (), "VG", "AE", 62041),
        ("52.28.0.1", "DE", (), "US", "US", 16509),
        ("34.89.100.1", "GB", (), "US", "US", 396982),
        ("20.50.2.1", "NL", (), "US", "US", 8075),
    ],
)
def test_location_registration_and_seat_are_separate_answers(places, address, located, candidates, registered, hosted, asn):
    place = places.place(address)
    assert (place.located_in.country, place.located_in.candidates) == (located, candidates)
    assert (place.registered_in.country, place.hosted_by.country, place.asn) == (registered, hosted, asn)
    assert place.located_in.confidence == ("high" if located else "low")
    assert not place.multi_location


@pytest.mark.parametrize(
    ("address", "names", "cname_chain"),
    [
        ("1.1.1.1", (), ()),
        ("8.8.8.8", (), ()),
        ("::ffff:1.1.1.1", (), ()),
        ("2002:101:101::1", (), ()),
        ("64:ff9b::101:101", (), ()),
        ("2606:4700::1111", (), ()),
        ("151.101.1.69", (), ()),
        ("198.41.0.4", (), ()),
        ("52.28.0.1", ("D111.CloudFront.net.",), ()),
        ("52.28.0.1", ("www.example.com",), ("d111.cloudfront.net",)),
        ("31.13.64.35", ("scontent.xx.fbcdn.net",), ()),
    ],
)
def test_anycast_and_edge_networks_get_no_country(places, address, names, cname_chain):
    place = places.place(address, names, cname_chain)
    assert place.multi_location
    assert place.located_in.country == ""
    assert place.reason.startswith("multi-location")


def test_a_name_of_a_network_that_the_address_is_not_in_moves_nothing(places):
    """The audited device chooses the names it shows."""
    for name in ("d111.cloudfront.net", "s3.eu-west-3.amazonaws.com", "scontent.xx.fbcdn.net"):
        assert places.place("202.108.22.5", [name]).located_in == places.place("202.108.22.5").located_in


@pytest.mark.parametrize(
    ("name", "address", "country", "confidence"),
    [
        ("s3.eu-central-1.amazonaws.com", "52.28.0.1", "DE", "high"),
        ("ec2-52-28-0-1.eu-central-1.compute.amazonaws.com", "52.28.0.1", "DE", "high"),
        ("vm1.westeurope.cloudapp.azure.com", "20.50.2.1", "NL", "high"),
        ("eu-west-3.s3.eu-central-1.amazonaws.com", "52.28.0.1", "DE", "high"),
        ("eu-west-1.oss-eu-central-1.aliyuncs.com", "47.91.64.1", "DE", "high"),
        ("oss-eu-central-1.aliyuncs.com", "47.91.64.1", "DE", "high"),
        ("oss-ap-southeast-1.aliyuncs.com", "47.91.64.1", "SG", "medium"),
    ],
)
def test_a_region_in_the_name_outranks_databases(places, name, address, country, confidence):
    located = places.place(address, [name]).located_in
    assert (located.country, located.confidence) == (country, confidence)
    assert located.candidates == () or country in located.candidates


@pytest.mark.parametrize(
    "name", ["bucket-eu-west-3.s3.amazonaws.com", "a.eu-west-3.s3.amazonaws.com", "eu-west-3.example.com", "eu-west-9.amazonaws.com"]
)
def test_a_tenants_label_is_no_region(places, name):
    assert not places.claims("52.28.0.1", [name])["host-name-region"]


@pytest.mark.parametrize("name", ["s3-eu-west-3.amazonaws.com", "ec2-52-28-0-1.compute-1.amazonaws.com"])
def test_the_provider_s_list_outranks_the_region_in_a_name(places, name):
    place = places.place("52.28.0.1", [name])
    assert (place.located_in.country, place.reason) == ("DE", "vendor's region: Amazon Web Services eu-central-1")
    assert places.claims("52.28.0.1", [name])["host-name-region"][0].country != "DE"


def test_operator_by_name_only_when_curated_and_never_for_tenants(places):
    assert places.place("43.157.0.1", ["a1.tuyaeu.com"]).operated_by.country == "CN"
    assert places.place("43.157.0.1", ["tenant.s3.amazonaws.com"]).operated_by.country == ""
    assert places.place("43.157.0.1", ["evil-tuyaeu.com"]).operated_by.country == ""
    assert places.place("43.157.0.1").operated_by.country == ""


@pytest.mark.parametrize("address", ["47.91.64.1", "52.28.0.1", "192.168.1.1", "nowhere", "::ffff:47.91.64.1"])
@pytest.mark.parametrize("name", ["www.alibaba.com", "a1.tuyaeu.com", "tenant.s3.amazonaws.com", "www.example.com", ""])
def test_who_runs_a_service_is_the_same_asked_alone(places, address, name):
    assert places.operated_by(address, name) == places.place(address, [name]).operated_by
    aged = Places(on=date(2028, 1, 1))
    assert aged.operated_by(address, name) == aged.place(address, [name]).operated_by


def test_an_organisation_s_own_network_is_a_second_source_for_its_seat(places):
    own = places.place("47.91.64.1", ["www.alibaba.com"]).operated_by
    assert (len(own.sources), own.country) == (2, "CN")
    assert len(places.place("52.28.0.1", ["www.alibaba.com"]).operated_by.sources) == 1


@pytest.mark.parametrize(
    ("address", "special"),
    [
        ("192.168.1.1", "private"),
        ("fe80::1%eth0", "link-local"),
        ("::1", "loopback"),
        ("239.255.255.250", "multicast"),
        ("0.0.0.0", "this-network"),
        ("::", "unspecified"),
    ],
)
def test_special_addresses_are_nowhere(places, address, special):
    place = places.place(address)
    assert place.special == special
    assert place == Place(special=special, reason=place.reason)


@pytest.mark.parametrize("text", ["", "1.2.3", "01.2.3.4", "::g", "name.example", "1.2.3.4\x00", "\\xff", "é::1"])
def test_what_is_no_address_is_no_error(places, text):
    assert places.place(text) == NOT_AN_ADDRESS


@settings(max_examples=50)
@given(st.one_of(st.ip_addresses().map(str), st.text(max_size=20)), st.lists(st.text(max_size=40), max_size=3))
def test_anything_gets_a_place(places, address, names):
    place = places.place(address, names, names)
    assert not (place.located_in.country and place.multi_location)
    assert places.place(address, names, names) is place


def test_memory_is_bounded(places, monkeypatch):
    monkeypatch.setattr("gdsi_audit.geo._places.MOST_REMEMBERED", 3)
    small = Places()
    for last in range(10):
        small.place(f"9.9.9.{last}")
    assert 0 < len(small._remembered) <= 3


def test_every_public_file_is_a_source():
    for module in discover.modules("gdsi_audit.geo"):
        assert module.RUNG in RUNGS
        assert callable(module.load)
        assert module.__doc__


def test_manifest_matches_files(places):
    editions = places.editions()
    assert {entry["path"] for entry in editions} == {
        str(path.relative_to(embedded())) for path in embedded().glob("*/*") if path.parent.name not in ("LICENSES", "tables", "__pycache__")
    }
    for entry in editions:
        assert hashlib.sha256((embedded() / entry["path"]).read_bytes()).hexdigest() == entry["sha256"]
        assert entry["edition"] and entry["attribution"] and entry["upstream"]
        for licence in entry["licence"].split(" AND "):
            assert licence.startswith("LicenseRef") or (embedded() / "LICENSES" / f"{licence}.txt").is_file()


def test_geoip2_itself_opens_the_files():
    with geoip2.database.Reader(embedded() / "location" / "country.mmdb") as reader:
        assert reader.country("52.28.0.1").country.iso_code == "DE"
    with geoip2.database.Reader(embedded() / "second-opinion" / "ipfire-country.mmdb") as reader:
        assert reader.country("47.91.64.1").country.iso_code == "US"
    with geoip2.database.Reader(embedded() / "as" / "asn.mmdb") as reader:
        assert reader.asn("1.1.1.1").autonomous_system_number == 13335


def test_no_network_and_no_web_client():
    """In a process of its own: nothing here may open a socket or load what could."""
    script = """
import datetime, socket, sys
def refuse(*_, **__): raise AssertionError("a socket was opened")
socket.socket = socket.create_connection = socket.getaddrinfo = refuse
from gdsi_audit.geo._places import Places
from gdsi_audit.geo import _explained
places = Places()
places.place("8.8.8.8", ["dns.google"]); _explained.lookup(places, "dns.google"); _explained.info(places, datetime.date(2026, 11, 1))
print([name for name in ("aiohttp", "requests", "geoip2.webservice") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_lookup_and_info_explain(places):
    lines = _explained.lookup(places, "47.91.64.1")
    assert "database: DE (dbip 2026-06-01)" in lines
    assert any(line.startswith("decided by: contested") for line in lines)
    assert _explained.lookup(places, "www.tuya.com")[0].startswith("service-operator: CN, Tuya")
    assert _explained.lookup(places, "no.such.example") == ["nothing is known of the name no.such.example"]
    rows = _explained.info(places, date(2026, 11, 1))
    assert json.dumps(rows)
    assert next(row for row in rows if row["path"] == "location/country.mmdb")["age_days"] == 153


def test_lookup_of_a_name_says_what_the_name_gives_away(places):
    lines = _explained.lookup(places, "d1.s3.eu-central-1.amazonaws.com")
    assert lines[0].startswith("host-name-region: DE, Amazon Web Services, Amazon Web Services eu-central-1")
    assert lines[-1].startswith("the name was not resolved") and lines[-1].endswith("in that operator's network")
    assert _explained.lookup(places, "d111.cloudfront.net")[0].startswith("multi-location: edge network steered by DNS")


@pytest.mark.parametrize(("on", "confidence"), [(date(2027, 6, 1), "high"), (date(2027, 6, 2), "medium"), (date(2020, 1, 1), "high")])
def test_what_rests_on_a_source_over_a_year_old_is_less_sure(on, confidence):
    place = Places(on=on).place("193.99.144.80")
    assert (place.located_in.country, place.located_in.confidence) == ("DE", confidence)
    assert ("dbip 2026-06-01, 366 days old" in place.reason) == (confidence == "medium")


def test_what_a_folder_lacks_comes_from_the_embedded_one(places, tmp_path, monkeypatch):
    assert Places(tmp_path).place("8.8.8.8") == places.place("8.8.8.8")
    monkeypatch.setenv("GDSI_GEODB", str(tmp_path))
    (tmp_path / "tables").mkdir()
    assert Places().folder == tmp_path
