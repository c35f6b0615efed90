"""Sources one by one, on small folders of their own."""

from __future__ import annotations

import gzip
import shutil
from ipaddress import ip_address, ip_network
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdsi_audit.geo import Question, _table, asn, cloud_region, multi_location, special_purpose
from gdsi_audit.geo._address import MAPPED, unwrapped
from gdsi_audit.geo._country_database import load, normalised
from gdsi_audit.geo._folder import embedded
from gdsi_audit.geo._organisations import read as organisations
from gdsi_audit.geo._places import Places
from gdsi_audit.geo._prefix_table import PrefixTable
from gdsi_audit.geo._providers import read as providers

mmdb_writer = pytest.importorskip("mmdb_writer", reason="writes the small databases of these tests")
netaddr = pytest.importorskip("netaddr", reason="comes with mmdb_writer")


def write_countries(path, rows, database_type="Test-Country"):
    writer = mmdb_writer.MMDBWriter(ip_version=6, ipv4_compatible=True, database_type=database_type)
    for prefix, code in rows.items():
        writer.insert_network(netaddr.IPSet([prefix]), {"country": {"iso_code": code}})
    path.parent.mkdir(parents=True, exist_ok=True)
    writer.to_db_file(str(path))


@pytest.fixture
def small(tmp_path):
    """A folder as `geodb`, its two country databases replaced per test."""
    for part in ("tables", "as", "entities"):
        shutil.copytree(embedded() / part, tmp_path / part)
    return tmp_path


ROWS = {"5.0.0.0/16": ("DE", "DE"), "5.1.0.0/16": ("DE", "US"), "5.2.0.0/16": ("US", "US"), "5.3.0.0/16": ("UK", "GB"), "5.4.0.0/16": ("EU", "DE")}
SWAP = {"DE": "US", "US": "DE"}


def answers(folder, swap):
    write_countries(folder / "location" / "country.mmdb", {prefix: swap.get(one, one) for prefix, (one, _) in ROWS.items()})
    write_countries(folder / "second-opinion" / "ipfire-country.mmdb", {prefix: swap.get(other, other) for prefix, (_, other) in ROWS.items()})
    places = Places(folder)
    return [places.place(prefix.replace("0.0/16", "9.9")).located_in for prefix in ROWS]


def test_swapping_two_countries_swaps_the_answers(small):
    plain, swapped = answers(small, {}), answers(small, SWAP)
    assert [answer.country for answer in plain] == ["DE", "", "US", "GB", ""]
    assert plain[4].candidates == ("DE",)
    for before, after in zip(plain, swapped, strict=True):
        assert SWAP.get(before.country, before.country) == after.country
        assert sorted(SWAP.get(code, code) for code in before.candidates) == list(after.candidates)
        assert before.confidence == after.confidence


def test_databases_of_another_kind_are_refused_by_name(tmp_path):
    write_countries(tmp_path / "isp.mmdb", {"5.0.0.0/16": "DE"}, database_type="GeoIP2-ISP")
    with pytest.raises(ValueError, match=r"isp.mmdb.*GeoIP2-ISP"):
        load(tmp_path / "isp.mmdb", "isp")
    (tmp_path / "text.mmdb").write_text("no database")
    with pytest.raises(ValueError, match=r"text\.mmdb"):
        load(tmp_path / "text.mmdb", "text")


@pytest.mark.parametrize(
    ("code", "country"), [("UK", "GB"), ("EL", "GR"), ("XK", "XK"), ("eu", ""), ("AP", ""), ("??", ""), ("", ""), ("DE", "DE"), ("DEU", "")]
)
def test_country_codes_of_feeds(code, country):
    assert normalised(code) == country


def question(address, asn=0, names=()):
    text, number = unwrapped(address)
    return Question(text, number, names, (), asn)


def test_special_purpose_agrees_with_the_standard_library():
    """Where the library and the table differ, it is by entries that some Python versions do not know yet, listed here."""
    ask, newer = (
        special_purpose.load(embedded()),
        (
            "5f00::/16",
            "3fff::/20",
            "100:0:0:1::/64",
            "100::/64",
            "64:ff9b:1::/48",
            "192.0.0.0/24",
            "fec0::/10",
            "2001:3::/32",
            "2001:4:112::/48",
            "2001:20::/28",
        ),
    )
    random = Random(1)
    inside = [str(ip_network(row["prefix"])[0]) for row in _table.read(embedded(), "special_purpose")["prefix"]]
    anywhere = [str(ip_address(random.getrandbits(32))) for _ in range(3000)] + [
        str(ip_address(random.getrandbits(125) + (1 << 125))) for _ in range(1000)
    ]
    for text in inside + anywhere:
        address = ip_address(text)
        if str(ip_address(unwrapped(text)[0])) != str(address) or any(
            address.version == ip_network(p).version and address in ip_network(p) for p in newer
        ):
            continue
        ours = ask(question(text)) is not None
        assert ours == (not address.is_global or address.is_multicast) or text in ("192.88.99.0",), text


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("64:ff9b::1.2.3.4", "1.2.3.4"),
        ("2002:102:304::9", "1.2.3.4"),
        ("2001:0:1:2:3:4:fefd:fcfb", "1.2.3.4"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_embedded_ipv4_is_taken_out(text, inner):
    assert unwrapped(text)[0] == inner


@given(st.one_of(st.text(max_size=30), st.ip_addresses().map(str)))
def test_unwrapped_is_an_address_or_a_value_error(text):
    try:
        found, number = unwrapped(text)
    except ValueError:
        return
    assert ip_address(found)
    assert 0 <= number < 1 << 128


NETWORKS = st.lists(st.tuples(st.integers(0, 255), st.integers(0, 8)), max_size=12)


@settings(max_examples=50)
@given(NETWORKS, st.sampled_from([("10.0.0.0", 24), ("2001:db8::", 120), ("2001:db8:0:5::", 56), ("255.255.255.0", 24), ("::", 0), ("ff00::", 8)]))
def test_the_longest_prefix_wins(rows, space):
    base, length = ip_address(space[0]), space[1]
    step = 1 << base.max_prefixlen - length - 8
    prefixes = {str(ip_network((int(base) + start * step, length + longer), strict=False)) for start, longer in rows if base.version == 4}
    prefixes |= {str(ip_network((str(base + start * step), length + longer), strict=False)) for start, longer in rows if base.version == 6}
    table = PrefixTable.of((prefix, prefix) for prefix in sorted(prefixes))
    for last in range(256):
        address = base + last * step
        holding = [prefix for prefix in prefixes if address in ip_network(prefix)]
        assert table.find(_number(address)) == max(holding, key=lambda prefix: ip_network(prefix).prefixlen, default=None)


def _number(address):
    return int(address) + (MAPPED if address.version == 4 else 0)


@pytest.mark.parametrize("content", [b"", b"asn,country", b"\x93NUMPY"])
def test_a_table_of_registrations_that_is_none_is_an_error(tmp_path, content):
    (tmp_path / "registration.npy").write_bytes(content)
    with pytest.raises(ValueError, match=r"registration\.npy: not a table"):
        asn.registration(tmp_path / "registration.npy")


def test_registrations_are_found_by_number(tmp_path):
    def told(*rows):
        np.save(tmp_path / "registration.npy", np.array(list(rows), dtype=[("asn", "<u4"), ("country", "S2")]))
        return asn.registration(tmp_path / "registration.npy")

    country = told((7, b"DE"), (9, b"EU"), (4_294_967_295, b"SE"))
    assert [country(number) for number in (0, 7, 8, 9, 4_294_967_294, 4_294_967_295)] == ["", "DE", "", "", "", "SE"]
    assert told()(7) == ""
    with pytest.raises(ValueError, match="ascend"):
        told((9, b"DE"), (7, b"DE"))


def test_a_vendors_list_and_its_edge_services(small):
    (small / "cloud").mkdir()
    rows = [
        "# 2026-08-22",
        "5.0.0.0/16,aws,eu-central-1,EC2",
        "5.0.9.0/24,aws,eu-central-1,EC2 GLOBALACCELERATOR",
        "5.1.0.0/16,aws,us-east-1-bue-1,EC2",
        "5.2.0.0/16,gcp,global,",
    ]
    (small / "cloud" / "prefixes.csv.gz").write_bytes(gzip.compress("\n".join(rows).encode()))
    ask = cloud_region.load(small)
    assert (ask(question("5.0.1.1")).country, ask(question("5.0.1.1")).source) == ("DE", "aws list 2026-08-22")
    assert ask(question("5.0.9.1")).multi_location
    assert ask(question("5.1.0.1")).country == "AR"
    assert ask(question("5.2.0.1")).multi_location
    assert ask(question("5.9.0.1")) is None
    (small / "cloud" / "prefixes.csv.gz").write_bytes(gzip.compress(b"# 2026\n5.0.0.0/16,nobody,eu,EC2\n"))
    with pytest.raises(ValueError, match="nobody"):
        cloud_region.load(small)


def test_names_of_edge_networks_count_only_inside_them():
    ask = multi_location.load(embedded())
    assert ask(question("52.28.0.1", 16509, ("d1.cloudfront.net",)))
    assert ask(question("52.28.0.1", 4134, ("d1.cloudfront.net",))) is None
    assert ask(question("52.28.0.1", 4134, ("evilcloudfront.net",))) is None


def test_tables_hold_together():
    known, curated = providers(embedded())[0], organisations(embedded())
    codes = {country for provider in known.values() for country in provider.regions.values()}
    seats = {claim.country for claim in [*curated.by_asn.values(), *curated.by_domain.values()] if claim}
    assert all(normalised(code) == code for code in codes | seats)
    assert len(known) > 8
    assert len(curated.by_domain) > 500
    assert all(domain == domain.lower() and "." in domain for domain in curated.by_domain)


def test_an_organisation_listed_twice_is_an_error(tmp_path):
    (tmp_path / "tables").mkdir()
    row = '{ id = "a", name = "A", seat = "DE", domains = ["a.example"] }'
    (tmp_path / "tables" / "organisations.toml").write_text(f'as_of = "2026-06-01"\norganisation = [{row}, {row}]\n')
    with pytest.raises(ValueError, match=r"a\.example belongs to two"):
        organisations(tmp_path)
