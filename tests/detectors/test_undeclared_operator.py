"""A seat outside is said of a host or an operator, by name of the field that was compared; doubt caps it."""

from __future__ import annotations

import pytest

from gdsi_audit.declarations import Destination, Jurisdictions, Source
from gdsi_audit.detectors.undeclared_operator import detect
from gdsi_audit.endpoints import Endpoint
from gdsi_audit.geo import UNKNOWN, Answer, Place

EU = frozenset({"DE", "FR"})
WHERE = (("hosts_from", Source("camera.toml", 4, "vendor")), ("operators_from", Source("camera.toml", 5, "vendor")))
TABLE = "remote name name_source\n203.0.113.1:443 api.cams.example tls-sni"
CURATED, REGISTERED = "curated organisations 2026-06-01", "AS registration 2026-06-17"
IN_GERMANY = Answer("DE", ("one 2026-06", "two 2026-06"), "high")


def seat(country: str, *sources: str, confidence: str = "high") -> Answer:
    return Answer(country, sources or (CURATED, REGISTERED), confidence)


def limits(**given) -> Jurisdictions:
    return Jurisdictions(allowed=EU, sources=WHERE, source=Source("camera.toml", 3, "vendor"), **given)


def endpoint(address: str, host: Answer = UNKNOWN, **operators: Answer) -> dict[str, Endpoint]:
    named = {name.replace("_", "."): operator for name, operator in operators.items()}
    return {address: Endpoint(address, (), Place(located_in=IN_GERMANY, hosted_by=host), named)}


@pytest.mark.parametrize(
    ("host", "severity", "confidence", "subject"),
    [
        (seat("CN"), "medium", "high", "cams.example: host from CN"),
        (seat("CN", CURATED), "low", "medium", "cams.example: host from CN"),
        (seat("CN", REGISTERED, confidence="low"), "low", "low", "cams.example: host from CN"),
        (UNKNOWN, "info", "high", "hosts of unknown seat"),
        (seat("FR"), None, None, None),
    ],
)
@pytest.mark.parametrize("address", ["203.0.113.1", "2001:db8:f::1"])
def test_hosts_are_held_against_hosts_from(device_traffic, declared, address, host, severity, confidence, subject):
    table = TABLE if "." in address else TABLE.replace("203.0.113.1:", f"[{address}]:")
    traffic = device_traffic(table, endpoints=endpoint(address, host, api_cams_example=seat("CN")))
    found = list(detect(traffic, declared("*.cams.example", jurisdictions=limits(hosts_from=EU))))
    assert [(one.severity, one.confidence, one.subject) for one in found] == ([(severity, confidence, subject)] if severity else [])


def test_a_finding_says_what_was_compared_and_where_the_server_is(device_traffic, declared):
    traffic = device_traffic(TABLE, endpoints=endpoint("203.0.113.1", seat("US"), api_cams_example=seat("CN", CURATED)))
    host, operator = detect(traffic, declared("*.cams.example", jurisdictions=limits(hosts_from=EU, operators_from=EU | {"US"})))
    assert [(one.field, one.line) for one in (*host.contradicts, *operator.contradicts)] == [("hosts_from", 4), ("operators_from", 5)]
    assert (host.measures["compared"], operator.measures["compared"]) == ("hosts_from", "operators_from")
    assert "network or cloud operator has its seat in US, which hosts_from does not list" in host.observation
    assert "run by an organisation with its seat in CN, which operators_from does not list" in operator.observation
    assert all("the server is located in DE" in one.observation for one in (host, operator))
    assert (operator.subject, operator.severity) == ("cams.example: operator from CN", "low")


@pytest.mark.parametrize("item", [Destination(name="api.cams.example"), Destination(name="api.cams.example", jurisdictions=frozenset({"CN"}))])
def test_a_denied_country_beats_the_fields_that_allow_its_seats(device_traffic, declared, item):
    where = (*WHERE, ("denied", Source("camera.toml", 6, "vendor")))
    denying = Jurisdictions(allowed=EU, denied=frozenset({"CN"}), hosts_from=EU | {"CN"}, sources=where, source=Source("camera.toml", 3, "vendor"))
    traffic = device_traffic(TABLE, endpoints=endpoint("203.0.113.1", seat("CN")))
    (found,) = detect(traffic, declared(item, jurisdictions=denying))
    assert (found.subject, [(one.field, one.line) for one in found.contradicts]) == ("cams.example: host from CN", [("denied", 6)])
    assert "its seat in CN, which is denied" in found.observation


def test_only_the_flow_s_own_confident_name_tells_its_operator(device_traffic, declared):
    table = """
    remote            name              name_source  ambiguous  up_bytes
    203.0.113.1:443   api.cams.example  tls-sni      -          100
    203.0.113.1:443   other.example     tls-sni      -          10
    203.0.113.1:443   api.cams.example  dns-later    -          20
    203.0.113.1:443   api.cams.example  dns          yes        30
    203.0.113.1:443   -                 -            -          40
    """
    traffic = device_traffic(table, endpoints=endpoint("203.0.113.1", api_cams_example=seat("CN")))
    outside, unknown = detect(traffic, declared("*.cams.example", jurisdictions=limits(operators_from=EU)))
    assert [(one.subject, one.bytes) for one in (outside, unknown)] == [("cams.example: operator from CN", 100), ("operators of unknown seat", 100)]


@pytest.mark.parametrize(
    ("item", "subjects"),
    [
        (Destination(name="api.cams.example"), ["cams.example: host from US"]),
        (Destination(name="api.cams.example", jurisdictions=frozenset({"US"})), []),
        (Destination(asn=64500, jurisdictions=frozenset({"US"})), []),
        (Destination(klass="time"), []),
        (Destination(klass="time", jurisdictions=frozenset({"DE"})), ["cams.example: host from US"]),
    ],
)
def test_a_destination_s_own_jurisdictions_are_an_exception(device_traffic, declared, item, subjects):
    table = "remote name name_source service transport\n203.0.113.1:123 api.cams.example dns ntp udp"
    one = Endpoint("203.0.113.1", (), Place(hosted_by=seat("US"), asn=64500))
    found = detect(device_traffic(table, endpoints={"203.0.113.1": one}), declared(item, jurisdictions=limits(hosts_from=EU)))
    assert [finding.subject for finding in found] == subjects


@pytest.mark.parametrize(("row", "severity"), [("0 no", "info"), ("500 no", "low"), ("500 yes", "medium")], ids=["unanswered", "handshake", "upload"])
def test_severity_follows_what_moved(device_traffic, declared, row, severity):
    table = f"remote up_bytes application_data\n203.0.113.1:443 {row}"
    traffic = device_traffic(table, endpoints=endpoint("203.0.113.1", seat("US")))
    assert [one.severity for one in detect(traffic, declared("a.example", jurisdictions=limits(hosts_from=EU)))] == [severity]


def test_what_is_not_declared_is_not_assessed(device_traffic, declared):
    table = f"{TABLE}\n192.168.1.9:80 - -"
    traffic = device_traffic(table, endpoints=endpoint("203.0.113.1", seat("US")) | endpoint("192.168.1.9", seat("US")))
    assert list(detect(traffic, declared("*.cams.example", jurisdictions=limits()))) == []
    (found,) = detect(traffic, declared("*.cams.example", jurisdictions=limits(hosts_from=EU)))
    assert found.measures["addresses"] == 1


def test_beyond_a_limit_parties_fold(device_traffic, declared):
    rows = "\n".join(f"203.0.113.{last}:443 {last}" for last in range(1, 6))
    hosts = {f"203.0.113.{last}": endpoint(f"203.0.113.{last}", seat("US"))[f"203.0.113.{last}"] for last in range(1, 6)}
    traffic = device_traffic(f"remote up_bytes\n{rows}", endpoints=hosts)
    found = list(detect(traffic, declared("a.example", jurisdictions=limits(hosts_from=EU)), most_subjects=2))
    assert [one.subject for one in found] == ["203.0.113.4: host from US", "203.0.113.5: host from US", "further destinations: host from US"]
