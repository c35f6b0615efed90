"""Clouds and anycast: what is asserted of addresses whose place, or whose lack of one, their operators publish themselves."""

from __future__ import annotations

import gzip
from ipaddress import ip_network

import pytest

from gdsi_audit.geo import Question, _cloud_prefixes, cloud_region
from gdsi_audit.geo._address import unwrapped
from gdsi_audit.geo._folder import embedded
from gdsi_audit.geo._places import Places
from gdsi_audit.geo._prefix_table import PrefixTable, span
from gdsi_audit.geo._providers import read as providers

REGIONS = {
    "AE": "3.28.0.1 20.38.124.1 20.203.0.1",
    "AU": "3.104.0.1 13.54.0.1 13.70.64.1 20.37.192.1 34.87.192.1 168.138.0.1",
    "BR": "18.228.0.1 52.67.0.1 191.232.32.1 35.198.0.1",
    "CA": "3.96.0.1 35.182.0.1 13.71.160.1 35.203.0.1",
    "CH": "16.62.0.1 51.107.0.1 34.65.0.1",
    "DE": "3.64.0.1 18.184.0.1 52.28.0.1 51.116.0.1 34.89.128.1 2a05:d014::1",
    "FI": "35.228.0.1",
    "FR": "13.36.0.1 15.188.0.1 20.40.128.1",
    "GB": "3.8.0.1 18.130.0.1 20.49.128.1 51.140.0.1 35.189.64.1 34.89.100.1",
    "HK": "18.162.0.1 13.70.0.1 35.220.128.1",
    "IE": "3.248.0.1 34.240.0.1 13.69.128.1 20.50.64.1 2a05:d018::1",
    "IN": "3.6.0.1 13.126.0.1 13.71.0.1 34.93.0.1",
    "JP": "3.112.0.1 13.112.0.1 13.73.0.1 34.84.0.1 2406:da14::1",
    "KR": "3.34.0.1 13.124.0.1 20.39.184.1 34.64.64.1",
    "NL": "20.50.2.1 13.69.0.1 34.90.0.1",
    "SE": "13.48.0.1 13.51.0.1 20.91.128.1",
    "SG": "3.0.0.1 13.212.0.1 13.67.0.1 34.87.0.1 2406:da18::1",
    "US": "3.80.0.1 18.144.0.1 34.208.0.1 13.64.0.1 20.36.0.1 34.66.0.1 35.224.0.1 2600:1f18::1",
    "ZA": "13.244.0.1 20.87.0.1 34.35.0.1",
}
"""By country, addresses of Amazon, Microsoft, Google and Oracle in regions there, as their documentation has had them for years."""

EVERYWHERE = """
1.1.1.1 1.0.0.1 8.8.8.8 8.8.4.4 9.9.9.9 149.112.112.112 208.67.222.222 208.67.220.220 94.140.14.14 94.140.15.15 45.90.28.1 45.90.30.1
76.76.2.1 76.76.10.1 185.228.168.9 185.228.169.9 64.6.64.6 64.6.65.6 156.154.70.1 156.154.71.1 4.2.2.2 77.88.8.8 119.29.29.29 223.5.5.5 223.6.6.6
185.222.222.222
2606:4700:4700::1111 2001:4860:4860::8888 2620:fe::fe 2620:119:35::35 2a10:50c0::ad1:ff 2a07:a8c0::1 2606:1a40::
198.41.0.4 170.247.170.2 192.33.4.12 199.7.91.13 192.203.230.10 192.5.5.241 192.112.36.4 198.97.190.53 192.36.148.17 192.58.128.30 193.0.14.129
199.7.83.42 202.12.27.33 2001:503:ba3e::2:30 2801:1b8:10::b 2001:500:2::c 2001:500:2d::d 2001:500:a8::e 2001:500:2f::f 2001:500:12::d0d 2001:500:1::53
2001:7fe::53 2001:503:c27::2:30 2001:7fd::1 2001:500:9f::42 2001:dc3::35 192.5.6.30 192.33.14.30 192.26.92.30
103.21.244.1 104.16.132.229 104.21.0.1 141.101.64.1 162.158.0.1 172.64.0.1 172.67.0.1 188.114.96.1 198.41.128.1 2606:4700::1 2400:cb00::1
151.101.1.69 146.75.0.1 199.232.0.1 167.82.0.1 185.31.16.1 23.235.32.1 2a04:4e42::1
13.224.0.1 13.32.0.1 18.64.0.1 52.84.0.1 54.192.0.1 99.84.0.1 108.156.0.1 143.204.0.1 204.246.168.1 2600:9000::1 75.2.60.5 99.83.190.102 3.33.128.1
15.197.128.1 76.223.0.1 205.251.192.1
13.107.42.14 13.107.246.10 150.171.27.10 204.79.197.200 2620:1ec:21::14
142.250.0.1 172.217.0.1 216.58.192.1 216.239.32.10 74.125.0.1 34.117.0.1 34.120.0.1 35.190.0.1 35.186.224.1 2a00:1450:4001::1
2.16.0.1 23.32.0.1 23.192.0.1 104.64.0.1 184.24.0.1 92.122.0.1 96.16.0.1 2a02:26f0::1 2600:1400::1
45.60.0.1 45.223.0.1 107.154.0.1 199.83.128.1 192.230.64.1 192.88.134.1 185.93.228.1 152.195.0.1 152.199.0.1 93.184.216.34 192.229.128.1
185.199.108.153 76.76.21.21 23.227.38.32 104.244.42.1 97.74.100.1 173.201.68.1 129.134.30.12 185.89.218.12
2001:503:a83e::2:30 2001:503:231d::2:30 2001:503:83eb::30 2001:500:856e::30 2001:502:1ca1::30 2001:503:d414::30 2001:503:eea3::30 2001:502:8cc::30
2001:503:39c1::30 2001:502:7094::30 2001:503:d2d::30 2001:500:d937::30 2001:501:b1f9::30 194.0.0.53 194.246.96.1 156.154.100.3 213.248.216.1 194.0.9.1
194.0.28.53 194.146.106.42 194.0.25.24 194.0.6.1 185.159.197.150 203.119.1.1 199.4.144.2 199.19.56.1 193.232.128.6 200.219.148.10 200.219.154.10
192.175.48.1 192.31.196.1 80.80.80.80 199.85.126.10 198.153.192.40 2620:74:1b::1:1 216.218.131.2 216.66.80.18 52.113.194.132 17.253.200.1
23.227.38.65 216.150.1.1 192.0.78.24 216.24.57.1 209.94.90.1 160.79.104.10 178.248.232.1 45.57.8.1 108.175.32.1 162.125.248.18 173.199.96.96
2620:149:ae0::53 2603:5:2140::1 2001:8d8:fe::1 2001:19f0:ccc::1 185.143.232.1 47.246.0.1 198.51.44.1
"""
"""Public resolvers, root servers, content networks, global load balancers and name servers, by their operators' own lists and documentation."""


@pytest.fixture(scope="module")
def places() -> Places:
    return Places()


def test_what_is_asserted_of_a_cloud_region_is_right(places):
    expected = {address: country for country, text in REGIONS.items() for address in text.split()}
    said = {address: places.place(address).located_in.country for address in expected}
    assert {address: country for address, country in said.items() if country and country != expected[address]} == {}
    assert sum(map(bool, said.values())) >= 0.95 * len(said)


def test_no_country_is_asserted_of_the_well_known_anycast_addresses(places):
    addresses = EVERYWHERE.split()
    asserted = {address: place.located_in for address in addresses if (place := places.place(address)).located_in.country}
    assert asserted == {}
    assert sum(places.place(address).multi_location for address in addresses) >= 0.99 * len(addresses)


def test_every_embedded_row_is_read(places):
    folder = embedded()
    _, *rows = gzip.decompress((folder / "cloud" / "prefixes.csv.gz").read_bytes()).decode().splitlines()
    known, _ = providers(folder)
    assert len(rows) == next(entry["rows"] for entry in places.editions() if entry["path"] == "cloud/prefixes.csv.gz")
    unknown = {
        (provider, region)
        for _, provider, region, _ in (row.split(",") for row in rows)
        if region != "GLOBAL" and not known[provider].country(region)
    }
    assert unknown == {("azure", "northeurope2"), ("gcp", "europe-west15")}


def small(folder, *rows):
    (folder / "cloud").mkdir(exist_ok=True)
    (folder / "cloud" / "prefixes.csv.gz").write_bytes(gzip.compress("\n".join(("# aws=2026-10-01", *rows)).encode()))
    return cloud_region.load(folder)


def asked(address, asn=0):
    return Question(*unwrapped(address), (), (), asn)


def test_a_list_without_outposts_leaves_their_countries_possible(tmp_path):
    ask = small(tmp_path, "5.0.0.0/16,aws,af-south-1,", "5.1.0.0/16,aws,eu-west-3,")
    assert (ask(asked("5.0.0.1")).country, ask(asked("5.0.0.1")).elsewhere) == ("ZA", ("NG",))
    assert ask(asked("5.1.0.1")).elsewhere == ()
    ask = small(tmp_path, "5.0.0.0/16,aws,af-south-1,", "5.2.0.0/16,aws,af-south-1-los-1,")
    assert ask(asked("5.0.0.1")).elsewhere == ()
    assert ask(asked("5.2.0.1")).country == "NG"


def test_what_a_provider_leaves_off_its_list_has_no_place(tmp_path):
    ask = small(tmp_path, "5.0.0.0/16,aws,af-south-1,", "13.34.9.0/27,aws,eu-west-3,")
    assert (ask(asked("5.9.0.1", 16509)).country, ask(asked("5.9.0.1", 16509)).detail) == (
        "",
        "in a network of Amazon Web Services, but not on its list",
    )
    assert ask(asked("5.9.0.1", 8075)) is None
    assert ask(asked("13.34.9.1")).country == "FR"
    assert ask(asked("13.34.10.1")).multi_location


def test_what_is_ready_to_be_searched_is_what_the_lists_say():
    path = embedded() / "cloud" / "prefixes.csv.gz"
    packed = path.read_bytes()
    assert path.with_name("prefixes.npz").read_bytes() == _cloud_prefixes.ready(packed)
    stored, text = _cloud_prefixes.read(path), _cloud_prefixes.parsed(packed)
    assert (stored.title, stored.rows) == (text.title, text.rows)
    assert [list(getattr(stored.flat, name)) for name in _cloud_prefixes.COLUMNS] == [
        list(getattr(text.flat, name)) for name in _cloud_prefixes.COLUMNS
    ]


def test_ranges_ready_to_be_searched_count_for_their_own_lists_only(tmp_path):
    small(tmp_path, "5.0.0.0/16,aws,af-south-1,")
    lists = tmp_path / "cloud" / "prefixes.csv.gz"
    lists.with_name("prefixes.npz").write_bytes(_cloud_prefixes.ready(lists.read_bytes()))
    assert cloud_region.load(tmp_path)(asked("5.0.0.1")).country == "ZA"
    assert small(tmp_path, "5.0.0.0/16,aws,eu-west-3,")(asked("5.0.0.1")).country == "FR"
    lists.with_name("prefixes.npz").write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"prefixes\.npz: not ready"):
        cloud_region.load(tmp_path)


@pytest.mark.parametrize(
    "row", ["5.0.0.0/16,nobody,eu,", "5.0.0.0/16,aws,eu", "5.0.0.1/16,aws,eu-west-3,", "5.0.0.0,aws,eu-west-3,", "x/8,aws,eu-west-3,"]
)
def test_a_malformed_list_names_the_row(tmp_path, row):
    with pytest.raises(ValueError, match=r"prefixes\.csv\.gz: "):
        small(tmp_path, row)


@pytest.mark.parametrize("prefix", ["0.0.0.0/0", "10.0.0.0/8", "192.0.2.7/32", "::/0", "2001:db8::/33", "::ffff:0:0/96", "2001:db8::1/128"])
def test_spans_are_those_of_ipaddress(prefix):
    network = ip_network(prefix)
    order, last = span(prefix)
    assert (order >> 8, order & 0xFF, last) == (
        unwrapped(str(network[0]))[1] if "." in prefix else int(network[0]),
        network.prefixlen,
        span_end(network),
    )


def span_end(network):
    return unwrapped(str(network[-1]))[1] if network.version == 4 else int(network[-1])


@pytest.mark.parametrize(
    "prefix",
    ["", "/8", "1.2.3.4", "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/ 8", "1.2.3.4/٨", "::/129", "01.0.0.0/8", "1.0.0.0/8/8", "1.0.0.1/8", "\x00/8"],
)
def test_what_is_no_prefix_is_an_error(prefix):
    with pytest.raises(ValueError, match=r"prefix|bits"):
        PrefixTable.of([(prefix, 1)])
