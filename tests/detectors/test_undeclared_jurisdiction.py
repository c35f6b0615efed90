"""Outside is said only where two sources agree; doubt is a row of its own."""

from __future__ import annotations

import pytest

from gdsi_audit.declarations import Destination, Jurisdictions, Product, Source, Vantage
from gdsi_audit.detectors.undeclared_jurisdiction import detect
from gdsi_audit.geo import Answer, Place

EU = frozenset({"DE", "FR", "SE"})
LIMITS = Jurisdictions(allowed=EU, allowed_words=("EU",), source=Source("camera.toml", 3, "vendor"))
TABLE = "remote name name_source\n203.0.113.1:443 api.cams.example tls-sni"


def located(country: str = "", *candidates: str, sources=("one 2026-06", "two 2026-06"), **given) -> Place:
    return Place(located_in=Answer(country, sources, "high", candidates), **given)


@pytest.mark.parametrize(
    ("place", "severity", "confidence", "subject"),
    [
        (located("US"), "high", "high", "cams.example in US (*.cams.example)"),
        (located("US", sources=("one 2026-06",)), "low", "low", "cams.example in US (*.cams.example)"),
        (located("", "SG", "US"), "low", "low", "cams.example in SG or US (*.cams.example)"),
        (located("", "DE", "US"), "info", "high", "contested addresses"),
        (located("US", multi_location=True), "info", "high", "multi-location addresses"),
        (Place(), "info", "high", "unknown addresses"),
        (located("DE"), None, None, None),
    ],
)
@pytest.mark.parametrize("address", ["203.0.113.1", "2001:db8:f::1"])
def test_severity_follows_the_sources(device_traffic, declared, place, severity, confidence, subject, address):
    table = TABLE if "." in address else TABLE.replace("203.0.113.1:", f"[{address}]:")
    found = list(detect(device_traffic(table, places={address: place}), declared("*.cams.example", jurisdictions=LIMITS)))
    assert [(one.severity, one.confidence, one.subject) for one in found] == ([(severity, confidence, subject)] if severity else [])


@pytest.mark.parametrize(
    ("why", "item", "limits", "nameable", "expected"),
    [
        ("an item is allowed there", Destination(name="a.example", jurisdictions=frozenset({"US"})), LIMITS, "no", ("info", "unnamed addresses")),
        ("a name could be seen", Destination(name="a.example", jurisdictions=frozenset({"US"})), LIMITS, "yes", ("high", "203.0.113.1 in US")),
        ("it is allowed elsewhere", Destination(name="a.example", jurisdictions=frozenset({"CH"})), LIMITS, "no", ("high", "203.0.113.1 in US")),
        ("none has limits of its own", Destination(name="a.example"), LIMITS, "no", ("high", "203.0.113.1 in US")),
        (
            "another port",
            Destination(name="a.example", ports=((80, 80),), jurisdictions=frozenset({"US"})),
            *(LIMITS, "no", ("high", "203.0.113.1 in US")),
        ),
        (
            "denied everywhere",
            Destination(name="a.example", jurisdictions=frozenset({"US"})),
            *(Jurisdictions(denied=frozenset({"US"}), source=LIMITS.source), "no", ("high", "203.0.113.1 in US")),
        ),
    ],
)
def test_a_flow_without_a_name_may_be_one_that_is_allowed_there(device_traffic, declared, why, item, limits, nameable, expected):
    traffic = device_traffic(f"remote nameable\n203.0.113.1:443 {nameable}", places={"203.0.113.1": located("US")})
    assert [(one.severity, one.subject) for one in detect(traffic, declared(item, jurisdictions=limits))] == [expected], why


@pytest.mark.parametrize(
    ("item", "limits", "broken"),
    [
        (Destination(name="api.cams.example"), LIMITS, ("jurisdictions", "allowed", 3)),
        (Destination(name="api.cams.example", jurisdictions=frozenset({"CH"})), LIMITS, ("destination", "jurisdictions", 10)),
        (
            Destination(name="api.cams.example", jurisdictions=frozenset({"US"})),
            Jurisdictions(denied=frozenset({"US"}), source=LIMITS.source),
            ("jurisdictions", "denied", 3),
        ),
    ],
)
def test_which_item_is_broken(device_traffic, declared, item, limits, broken):
    (found,) = detect(device_traffic(TABLE, places={"203.0.113.1": located("US")}), declared(item, jurisdictions=limits))
    assert [(one.table, one.field, one.line) for one in found.contradicts] == [broken]


def test_own_jurisdictions_allow_what_the_default_does_not(device_traffic, declared):
    item = Destination(name="api.cams.example", jurisdictions=frozenset({"US"}))
    assert list(detect(device_traffic(TABLE, places={"203.0.113.1": located("US")}), declared(item, jurisdictions=LIMITS))) == []


@pytest.mark.parametrize(("application_data", "commitments"), [("yes", ("GDSI-4", "GDSI-5")), ("no", ("GDSI-5",))])
def test_uploads_to_the_vendors_home_also_speak_to_storage(device_traffic, declared, application_data, commitments):
    table = f"remote name name_source application_data\n203.0.113.1:443 api.cams.example tls-sni {application_data}"
    given = {"product": Product(home="US"), "vantage": Vantage(country="DE")}
    (found,) = detect(device_traffic(table, places={"203.0.113.1": located("US")}), declared("*.cams.example", jurisdictions=LIMITS, **given))
    assert found.commitments == commitments
    assert "sent to an address located in US, first hop only" in found.observation


def test_data_generated_at_home_may_stay_there(device_traffic, declared):
    limits = Jurisdictions(data_generated_in="US", allowed=EU)
    declaration = declared("*.cams.example", jurisdictions=limits, product=Product(home="US"), vantage=Vantage(country="DE"))
    (found,) = detect(device_traffic(TABLE, places={"203.0.113.1": located("US")}), declaration)
    assert found.commitments == ("GDSI-5",)


def test_local_traffic_classes_and_silence_have_no_jurisdiction(device_traffic, declared):
    table = """
    remote            transport  service  name    name_source  initiator  up_pkts  up_bytes
    192.168.1.9:80    tcp        -        -       -            -          -        -
    203.0.113.1:123   udp        ntp      t.test  dns          -          -        -
    203.0.113.1:4000  tcp        -        -       -            remote     0        0
    """
    declaration = declared(Destination(klass="time"), jurisdictions=LIMITS)
    assert list(detect(device_traffic(table, places={"203.0.113.1": located("US")}), declaration)) == []


def test_nothing_is_found_where_no_jurisdiction_is_declared(device_traffic, declared):
    assert list(detect(device_traffic(TABLE, places={"203.0.113.1": located("US")}), declared("*.cams.example"))) == []
    assert list(detect(device_traffic(""), declared("a.example", jurisdictions=LIMITS))) == []


def test_too_many_parties_become_one_finding_per_country(device_traffic, declared):
    lines = [f"203.0.113.{number}:443 x{number}.example tls-sni {number}" for number in range(1, 6)]
    places = {f"203.0.113.{number}": located("US" if number > 1 else "CA") for number in range(1, 6)}
    traffic = device_traffic("\n".join(["remote name name_source up_bytes", *lines]), places=places)
    found = detect(traffic, declared("a.example", jurisdictions=LIMITS), most_subjects=1)
    assert [one.subject for one in found] == ["further destinations in CA", "further destinations in US", "x5.example in US"]
