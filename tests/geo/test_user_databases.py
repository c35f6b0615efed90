"""Users' own databases: what is accepted and refused, what counts when, what an update may do. The only network is the loopback."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import tempfile
import threading
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdsi_audit.geo import _acceptance, _cloud_lists, _cloud_prefixes, _explained, _folder, _update
from gdsi_audit.geo._places import Places
from gdsi_audit.geo._user_files import UserFiles

mmdb_writer = pytest.importorskip("mmdb_writer", reason="writes the small databases of these tests")
netaddr = pytest.importorskip("netaddr", reason="comes with mmdb_writer")
TODAY = date(2026, 10, 3)
HALVES = ("0.0.0.0/1", "128.0.0.0/1")


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GDSI_AUDIT_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("GDSI_GEODB", raising=False)
    return UserFiles()


def database(rows, kind="DBIP-Country-Lite") -> bytes:
    writer = mmdb_writer.MMDBWriter(ip_version=6, ipv4_compatible=True, database_type=kind)
    for prefix, value in rows.items():
        located = {"country_code": value} if kind.startswith("country ") else {"country": {"iso_code": value}}
        record = {"autonomous_system_number": value} if isinstance(value, int) else located
        writer.insert_network(netaddr.IPSet([prefix]), record)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.mmdb"
        writer.to_db_file(str(path))
        return path.read_bytes()


@pytest.fixture(scope="module")
def halves() -> bytes:
    return database(dict(zip(HALVES, ("DE", "US"), strict=True)))


AWS = {
    "createDate": "2026-10-01-00-00-00",
    "prefixes": [
        {"ip_prefix": "5.0.0.0/16", "region": "eu-central-1", "service": "AMAZON", "network_border_group": "eu-central-1"},
        {"ip_prefix": "5.0.0.0/16", "region": "eu-central-1", "service": "EC2", "network_border_group": "eu-central-1"},
        {"ip_prefix": "5.1.0.0/16", "region": "us-east-1", "service": "EC2", "network_border_group": "us-east-1-bue-1"},
        {"ip_prefix": "5.2.0.0/16", "region": "GLOBAL", "service": "CLOUDFRONT", "network_border_group": "GLOBAL"},
    ],
    "ipv6_prefixes": [{"ipv6_prefix": "2a05:d000::/32", "region": "eu-west-3", "service": "EC2", "network_border_group": "eu-west-3"}],
}
GCP = {"creationTime": "2026-10-01T00:00:00", "prefixes": [{"ipv4Prefix": "5.3.0.0/16", "service": "Google Cloud", "scope": "europe-west9"}]}
AZURE = {
    "changeNumber": 363,
    "values": [
        {"name": "AzureCloud.westeurope", "properties": {"region": "westeurope", "addressPrefixes": ["5.4.0.0/16", "2603:1020::/32"]}},
        {"name": "AzureCloud", "properties": {"region": "", "addressPrefixes": ["5.4.0.0/15"]}},
        {"name": "AzureFrontDoor.Frontend", "properties": {"region": "", "addressPrefixes": ["5.4.9.0/24"]}},
    ],
}
ORACLE = {"last_updated_timestamp": "2026-10-01T00:00:00", "regions": [{"region": "uk-london-1", "cidrs": [{"cidr": "5.6.0.0/16", "tags": ["OCI"]}]}]}
FASTLY = {"addresses": ["5.7.0.0/16"], "ipv6_addresses": ["2a04:4e40::/32"]}
CLOUDFLARE = "5.8.0.0/16\n173.245.48.0/20\n2606:4700::/32\n"
LISTS = [json.dumps(whole) for whole in (AWS, GCP, AZURE, ORACLE, FASTLY)] + [CLOUDFLARE]


def put(tmp_path, name: str, content: bytes | str) -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("packing", ["bare", "gzip", "tar"])
def test_a_database_of_dbip_takes_the_place_of_the_embedded_one(tmp_path, halves, packing):
    content = halves if packing == "bare" else gzip.compress(halves) if packing == "gzip" else tarred(halves)
    change = _update.add(put(tmp_path, "own.mmdb", content), today=TODAY)
    assert change.path == "location/country.mmdb"
    assert "database: DE (dbip" in "\n".join(_explained.lookup(Places(), "47.91.64.1"))
    row = next(row for row in Places().editions() if row["path"] == change.path)
    assert (row["licence"], row["retrieved"], row["sha256"]) == ("CC-BY-4.0", "2026-10-03", hashlib.sha256(halves).hexdigest())
    assert row["upstream"] == [{"package": "own.mmdb", "sha256": hashlib.sha256(content).hexdigest()}]


def tarred(content: bytes) -> bytes:
    stored = io.BytesIO()
    with tarfile.open(fileobj=stored, mode="w:gz") as archive:
        for name, data in (("GeoLite2/LICENSE.txt", b"text"), ("GeoLite2/GeoLite2-Country.mmdb", content)):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return stored.getvalue()


def test_another_database_is_one_more_opinion(tmp_path):
    address = "193.99.144.80"
    assert Places().place(address).located_in.country == "DE"
    change = _update.add(put(tmp_path, "GeoLite2-Country.mmdb", database(dict.fromkeys(HALVES, "FR"), "GeoLite2-Country")))
    place = Places().place(address)
    assert (change.path, place.located_in.country, place.located_in.candidates) == ("user/country.mmdb", "", ("DE", "FR"))
    assert any(source.startswith("geolite2-country") for source in place.located_in.sources)
    assert next(row for row in Places().editions() if row["path"] == change.path)["licence"] == "LicenseRef-GeoLite2-EULA"


def test_a_flat_database_is_an_opinion_of_its_own(own_folder, served):
    base, answers, _ = served
    answers["/server-country.mmdb"] = database(dict.fromkeys(HALVES, "DE"), "country ipvAll")
    (change,) = _update.update("sapics", addresses={"sapics-country": f"{base}/server-country.mmdb"}, today=TODAY)
    located = Places().place("193.99.144.80").located_in
    assert (change.path, located.country, len(located.sources)) == ("user/ip-location-db.mmdb", "DE", 3)
    assert any(source.startswith("ip-location-db ") for source in located.sources)


def test_networks_and_geofeeds_are_used(tmp_path):
    _update.add(put(tmp_path, "asn.mmdb", database(dict.fromkeys(HALVES, 64500), "GeoLite2-ASN")))
    _update.add(put(tmp_path, "feed.csv", "# a feed\n5.0.0.0/16,FR,FR-75,Paris,\n2001:db8::/32,UK,,,\n5.1.0.0/16,,,,\n"), today=TODAY)
    place = Places().place("5.0.0.1")
    assert place.asn == 64500
    assert "geofeed 2026-10-03" in " ".join(_explained.lookup(Places(), "5.0.0.1"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\x1f\x8bbroken", "broken archive"),
        (b"\xff\xfe\x00", "neither an MMDB database nor text"),
        ("5.0.0.1/16,DE", "own.mmdb:1: .*host bits"),
        ("# nothing\n", "no prefix with a country"),
        ('{"a": 1}', "no provider's list"),
        ('{"prefixes": 7, "ipv6_prefixes": []}', "malformed"),
        ('{"addresses": [], "ipv6_addresses": []}', "without prefixes"),
        (b"\x00" * 100 + b"\xab\xcd\xefMaxMind.com\x00", "not an MMDB database"),
    ],
)
def test_what_is_none_of_these_is_refused_and_changes_nothing(tmp_path, own_folder, content, message):
    with pytest.raises(ValueError, match=message):
        _update.add(put(tmp_path, "own.mmdb", content))
    assert own_folder.current() is None


@pytest.mark.parametrize(
    ("rows", "kind", "message"),
    [
        (dict.fromkeys(HALVES, "DE"), "city ipvAll", "city ipvAll"),
        (dict.fromkeys(HALVES, "DE"), "GeoIP2-ISP", "GeoIP2-ISP"),
        ({"192.0.2.0/24": "DE"}, "GeoIP2-Country", "answers none of"),
    ],
)
def test_databases_that_cannot_answer_are_refused(tmp_path, rows, kind, message):
    with pytest.raises(ValueError, match=message):
        _update.add(put(tmp_path, "own.mmdb", database(rows, kind)))


@settings(max_examples=60)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=200).map(str.encode)))
def test_any_bytes_are_accepted_or_a_value_error(raw):
    try:
        found = _acceptance.accepted("any", raw, "any", "2026-10-03")
    except ValueError:
        return
    assert found.entry["rows"] > 0


def test_a_census_of_anycast_gives_way_to_the_regions_inside_it(tmp_path):
    _update.add(put(tmp_path, "aws.json", LISTS[0]))
    _update.add(put(tmp_path, "anycast.txt", "5.0.0.0/12\n5.0.0.0/16\n5.0.7.0/24\n2a02:db00::/32\n"))
    places = Places()
    assert places.claims("5.0.0.1")["cloud-region"][0].country == "DE"
    for address in ("5.0.7.1", "5.10.0.1", "2a02:db00::1"):
        assert places.place(address).multi_location, address
    assert "edge service of an anycast network (anycast list undated)" in "\n".join(_explained.lookup(places, "5.0.7.1"))


def test_every_provider_s_list_joins_the_others(tmp_path):
    for number, text in enumerate(LISTS):
        _update.add(put(tmp_path, f"list{number}", text))
    places = Places()
    expected = {"5.0.0.1": "DE", "5.1.0.1": "AR", "5.3.0.1": "FR", "5.4.0.1": "NL", "5.6.0.1": "GB", "2a05:d000::1": "FR", "2603:1020::1": "NL"}
    assert {address: places.claims(address)["cloud-region"][0].country for address in expected} == expected
    assert all(places.place(address).multi_location for address in ("5.2.0.1", "5.4.9.1", "5.7.0.1", "5.8.0.1"))
    assert places.place("5.0.0.1").located_in.sources[0] == "aws list 2026-10-01-00-00-00"
    assert places.place("5.0.0.1").reason.startswith("contested: vendor's region Amazon Web Services eu-central-1")
    _update.add(
        put(tmp_path, "again", json.dumps({**GCP, "prefixes": [{"ipv4Prefix": "5.9.0.0/16", "service": "Google Cloud", "scope": "us-east1"}]}))
    )
    assert not Places().claims("5.3.0.1")["cloud-region"]
    assert Places().claims("5.6.0.1")["cloud-region"][0].country == "GB"


@given(st.lists(st.tuples(st.integers(0, 255), st.sampled_from(["EC2", "ROUTE53", "S3"]), st.sampled_from(["eu-west-1", "GLOBAL"])), min_size=1))
def test_merged_lists_keep_every_prefix(rows):
    each = [{"ip_prefix": f"5.{octet}.0.0/16", "service": service, "network_border_group": region} for octet, service, region in rows]
    listed = _cloud_lists.read(json.dumps({"createDate": "x", "prefixes": each, "ipv6_prefixes": []}))
    text, count = _cloud_lists.merged("", listed)
    assert count == len({octet for octet, _, _ in rows}) == len(text.splitlines()) - 1
    assert _cloud_lists.merged(text, listed) == (text, count)
    assert all(ip_network(line.split(",")[0]) for line in text.splitlines()[1:])


def test_layers_by_file(tmp_path, halves, monkeypatch):
    _update.add(put(tmp_path, "own.mmdb", halves))
    named, given_folder = tmp_path / "named", tmp_path / "given"
    for folder in (named, given_folder):
        (folder / "location").mkdir(parents=True)
    assert "generation-" in str(_folder.file(None, "location/country.mmdb"))
    (named / "location" / "country.mmdb").write_bytes(halves)
    monkeypatch.setenv("GDSI_GEODB", str(named))
    assert _folder.file(None, "location/country.mmdb").is_relative_to(named)
    assert not _folder.file(None, "as/asn.mmdb").is_relative_to(named)
    (given_folder / "location" / "country.mmdb").write_bytes(halves)
    assert _folder.file(given_folder, "location/country.mmdb").is_relative_to(given_folder)
    row = next(row for row in Places(given_folder).editions() if row["path"] == "location/country.mmdb")
    assert row == {"path": "location/country.mmdb", "name": "country.mmdb", "sha256": hashlib.sha256(halves).hexdigest()}


def test_rollback_goes_back_one_change(tmp_path, own_folder, halves):
    with pytest.raises(ValueError, match="nothing was added"):
        _update.rollback()
    _update.add(put(tmp_path, "own.mmdb", halves))
    first = own_folder.current()
    _update.add(put(tmp_path, "feed.csv", "5.0.0.0/16,FR\n"))
    assert len(own_folder.entries()) == 2
    assert _update.rollback().startswith("the user's files before")
    assert own_folder.current() == first and len(own_folder.entries()) == 1
    assert _update.rollback() == "only the embedded files are in force"
    assert own_folder.current() is None and list(own_folder.root.glob("generation-*")) == []


def test_a_change_that_fails_half_way_changes_nothing(tmp_path, own_folder, halves, monkeypatch):
    _update.add(put(tmp_path, "own.mmdb", halves))
    first = own_folder.current()

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(UserFiles, "_point", full)
    with pytest.raises(OSError, match="no space"):
        _update.add(put(tmp_path, "feed.csv", "5.0.0.0/16,FR\n"))
    assert own_folder.current() == first and list(own_folder.root.glob("generation-*")) == [first]


@pytest.fixture
def served():
    """Serves paths from a dictionary on the loopback; records what was asked with which Authorization."""
    answers: dict[str, bytes | tuple[int, str]] = {}
    asked: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers.get("Authorization", "")))
            answer = answers.get(self.path, (404, ""))
            self.send_response(answer[0] if isinstance(answer, tuple) else 200)
            if isinstance(answer, tuple) and answer[1]:
                self.send_header("Location", answer[1])
            body = b"" if isinstance(answer, tuple) else answer
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", answers, asked
    server.shutdown()
    thread.join()
    server.server_close()


def dbip(base: str) -> dict[str, str]:
    return {"dbip-country": base + "/country-{month}.mmdb.gz"}


def test_an_update_takes_this_month_or_the_last_and_compares(tmp_path, own_folder, halves, served):
    base, answers, asked = served
    _update.add(put(tmp_path, "own.mmdb", halves))
    answers["/country-2026-09.mmdb.gz"] = gzip.compress(halves)
    (change,) = _update.update(addresses=dbip(base), today=TODAY)
    assert [path for path, _ in asked] == ["/country-2026-10.mmdb.gz", "/country-2026-09.mmdb.gz"]
    assert (change.path, change.agreement) == ("location/country.mmdb", 1.0)
    assert own_folder.entries()[0]["upstream"][0]["package"] == f"{base}/country-2026-09.mmdb.gz"


MANY = {f"{first}.{second}.0.0/9": country for first in range(1, 224) for second, country in ((0, "DE"), (128, "US"))}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (dict(list(MANY.items())[:30]), "it shrank"),
        ({prefix: {"DE": "US", "US": "DE"}[code] for prefix, code in MANY.items()}, "on only 0.0% of"),
    ],
)
def test_an_update_that_shrank_or_disagrees_wildly_is_refused(tmp_path, own_folder, served, rows, message):
    base, answers, _ = served
    _update.add(put(tmp_path, "own.mmdb", database(MANY)))
    before = own_folder.current()
    answers["/country-2026-10.mmdb.gz"] = database(rows)
    with pytest.raises(ValueError, match=message):
        _update.update(addresses=dbip(base), today=TODAY)
    assert own_folder.current() == before


def test_a_failed_download_changes_nothing(own_folder, halves, served):
    base, answers, _ = served
    answers["/country-2026-10.mmdb.gz"] = gzip.compress(halves)[:-20]
    with pytest.raises(ValueError, match="broken archive"):
        _update.update(addresses=dbip(base), today=TODAY)
    answers.clear()
    with pytest.raises(OSError, match="404"):
        _update.update(addresses=dbip(base), today=TODAY)
    with pytest.raises(ValueError, match="only https"):
        _update.update(addresses={"dbip-country": "http://192.0.2.1/{month}"}, today=TODAY)
    with pytest.raises(ValueError, match="one of dbip, maxmind, sapics, cloud, anycast"):
        _update.update("nobody")
    assert own_folder.current() is None


def test_the_key_is_from_the_environment_and_never_follows_a_redirect(served):
    base, answers, asked = served
    content = tarred(database(dict.fromkeys(HALVES, "DE"), "GeoLite2-Country"))
    answers["/download?suffix=tar.gz"] = (302, f"{base}/store")
    answers["/store"] = content
    answers["/download?suffix=tar.gz.sha256"] = f"{hashlib.sha256(content).hexdigest()}  GeoLite2-Country.tar.gz\n".encode()
    addresses = {"maxmind-country": f"{base}/download?suffix=tar.gz"}
    with pytest.raises(ValueError, match="GDSI_MAXMIND_LICENCE_KEY"):
        _update.update("maxmind", addresses=addresses, environment={})
    environment = {"GDSI_MAXMIND_ACCOUNT_ID": "1", "GDSI_MAXMIND_LICENCE_KEY": "secret"}
    (change,) = _update.update("maxmind", addresses=addresses, environment=environment, today=TODAY)
    assert change.path == "user/country.mmdb"
    assert [bool(header) for _, header in asked] == [True, False, True]
    answers["/download?suffix=tar.gz.sha256"] = b"00"
    with pytest.raises(ValueError, match="sha256"):
        _update.update("maxmind", addresses=addresses, environment=environment, today=TODAY)


def test_cloud_lists_come_together(own_folder, served, tmp_path):
    base, answers, _ = served
    for number, text in enumerate(LISTS):
        _update.add(put(tmp_path, f"list{number}", text))
    answers.update({f"/{number}": text.encode() for number, text in enumerate(LISTS)})
    answers["/v6"] = b"2a06:98c0::/29"
    addresses = {f"cloud-{number}": f"{base}/{number}" for number in range(5)} | {"cloud-cloudflare": f"{base}/5 {base}/v6"}
    (change,) = _update.update("cloud", addresses=addresses, today=TODAY)
    entry, ranges = own_folder.entries()
    assert (change.path, change.agreement, len(entry["upstream"])) == ("cloud/prefixes.csv.gz", 1.0, 6)
    lists, ready = ((own_folder.current() / each["path"]).read_bytes() for each in (entry, ranges))
    assert ready == _cloud_prefixes.ready(lists)
    assert hashlib.sha256(ready).hexdigest() == ranges["sha256"]
    assert Places().claims("5.0.0.1")["cloud-region"][0].country == "DE"


def test_a_cloud_list_that_shrank_or_moved_is_refused(own_folder, served, tmp_path):
    base, answers, _ = served
    rows = [{"ip_prefix": f"5.{number}.0.0/16", "service": "EC2", "region": "", "network_border_group": "eu-west-1"} for number in range(20)]
    whole = {"createDate": "2026-10-01", "prefixes": rows, "ipv6_prefixes": []}
    _update.add(put(tmp_path, "aws.json", json.dumps(whole)))
    moved = [{**row, "network_border_group": "us-east-1"} for row in rows[:5]] + rows[5:]
    for name, changed, message in (("few", rows[:2], "it shrank"), ("moved", moved, "it agrees")):
        answers[f"/{name}"] = json.dumps({**whole, "prefixes": changed}).encode()
        with pytest.raises(ValueError, match=message):
            _update.update("cloud", addresses={"cloud-aws": f"{base}/{name}"}, today=TODAY)
    assert own_folder.entries()[0]["edition"] == "2026-10-01"


def test_old_files_are_warned_of():
    rows = [
        {"path": "location/country.mmdb", "edition": "2026-06-01", "licence": "CC-BY-4.0"},
        {"path": "user/country.mmdb", "edition": "2026-08-01", "licence": "LicenseRef-GeoLite2-EULA"},
        {"path": "as/asn.mmdb", "edition": "2026-09-01", "licence": ""},
        {"path": "geometry/countrygeom.npz", "edition": "2020-01-01", "licence": ""},
        {"path": "x", "edition": "undated"},
    ]
    assert [text.partition(":")[0] for text in _explained.warnings(rows, TODAY)] == ["location/country.mmdb", "user/country.mmdb"]
