"""What is not declared is found, graded by what moved, and never more is said than that."""

from __future__ import annotations

import pytest

from gdsi_audit.declarations import NOTHING_DECLARED, Destination, Product, Vantage
from gdsi_audit.detectors.undeclared_destination import detect

SEVERITY_OF = [
    # name, flow columns, severity, confidence
    ("unanswered SYN", "up_bytes=0 down_bytes=0 conn_state=S0", "info", "high"),
    ("bare handshake", "up_bytes=0 down_bytes=0 down_pkts=1 conn_state=S1", "info", "high"),
    ("TLS handshake only", "up_bytes=517 application_data=no", "low", "high"),
    ("payload upload", "up_bytes=517", "high", "high"),
    ("datagram without reply", "transport=udp up_bytes=517 down_bytes=0", "high", "high"),
    ("ping", "transport=icmp up_bytes=56", "low", "high"),
    ("perhaps inbound", "initiator=unknown device_is_originator=no", "low", "high"),
    ("begun by the other side, answered", "initiator=remote", "high", "high"),
    ("no name though it could have one", "name=- name_source=-", "high", "medium"),
    ("local network", "remote=192.168.1.9:80 name=- name_source=-", "low", "high"),
    ("local name", "remote=192.168.1.9:80", "low", "high"),
    ("multicast", "remote=224.0.0.251:5353 transport=udp service=mdns name=- name_source=-", "low", "high"),
    ("DHCP", "local=192.168.1.50:68 remote=255.255.255.255:67 transport=udp service=dhcp name=- name_source=-", "info", "high"),
    ("offered resolver", "remote=192.168.1.1:53 transport=udp service=dns name=- name_source=-", "info", "high"),
    ("offered resolver elsewhere", "remote=9.9.9.9:53 transport=udp service=dns name=- name_source=-", "info", "high"),
    ("other resolver", "remote=8.8.8.8:53 transport=udp service=dns name=- name_source=-", "high", "medium"),
    ("certificate of its own making", "name_source=certificate", "high", "medium"),
    ("certificate only, with a declared name", "name=a.cams.example name_source=certificate", None, None),
    ("certificate only, of the domain of a declared name", "name=cams.example name_source=certificate", None, None),
    ("certificate only, name not observable", "name_source=certificate nameable=no", None, None),
    ("expired name", "name_source=dns-expired", None, None),
    ("mid-stream", "name=- name_source=- nameable=no", None, None),
]


def one_flow(columns: str) -> str:
    cells = {"remote": "203.0.113.9:443", "name": "x.evil.example", "name_source": "tls-sni"} | dict(pair.split("=") for pair in columns.split())
    return f"{' '.join(cells)}\n{' '.join(cells.values())}"


def over_ipv6(table: str) -> str:
    for address in ("203.0.113.9", "192.168.1.50", "9.9.9.9", "8.8.8.8"):
        table = table.replace(f"{address}:", f"[2001:db8::{address.rpartition('.')[2]}{len(address)}]:")
    table = table.replace("224.0.0.251:", "[ff02::fb]:").replace("192.168.1.9:", "[fd00::9]:").replace("192.168.1.1:", "[fd00::1]:")
    return table.replace("255.255.255.255:", "[ff02::2]:").replace(" icmp ", " icmp6 ")


@pytest.mark.parametrize("twin", [str, over_ipv6], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize(("case", "columns", "severity", "confidence"), SEVERITY_OF, ids=[row[0] for row in SEVERITY_OF])
def test_severity_follows_what_moved(device_traffic, declared, case, columns, severity, confidence, twin):
    offered = {"resolver": ("192.168.1.1", "9.9.9.9", "fd00::1", "2001:db8::97")}
    found = list(detect(device_traffic(twin(one_flow(columns)), offered=offered), declared("*.cams.example")))
    assert [(one.severity, one.confidence) for one in found] == ([(severity, confidence)] if severity else [])


def test_statements_that_are_not_the_vendors_weigh_less(device_traffic, declared):
    found = list(detect(device_traffic(one_flow("")), declared("*.cams.example", by="tester")))
    assert [one.severity for one in found] == ["medium"] and found[0].contradicts[0].by == "tester"


def test_grouped_by_registered_domain(device_traffic, declared):
    table = """
    remote           name              name_source  up_bytes
    203.0.113.1:443  a.evil.example    tls-sni      100
    203.0.113.2:443  b.evil.example    tls-sni      200
    203.0.113.3:443  evil-cams.example tls-sni      300
    203.0.113.4:443  api.cams.example  tls-sni      400
    """
    found = list(detect(device_traffic(table), declared("*.cams.example")))
    assert [(one.subject, one.count, one.bytes) for one in found] == [("evil-cams.example", 1, 300), ("evil.example", 2, 300)]
    broken = found[1].contradicts[0]
    assert (broken.table, broken.field, broken.file, broken.line) == ("destination", "name", "camera.toml", 10)
    assert "this device" in found[1].observation.lower() and "vendor" not in found[1].observation.lower()


def test_another_port_of_a_declared_name_contradicts_that_item(device_traffic, declared):
    item = Destination(name="api.cams.example", transport="tcp", ports=((443, 443),))
    table = "remote name name_source application_data up_bytes\n203.0.113.1:8443 api.cams.example tls-sni no 517"
    (found,) = detect(device_traffic(table), declared("b.example", item))
    assert (found.severity, found.confidence, found.subject) == ("high", "high", "api.cams.example by another port")
    assert [(one.field, one.line) for one in found.contradicts] == [("ports", 11)]


def test_an_attempt_that_nobody_answered_breaks_no_field_in_earnest(device_traffic, declared):
    item = Destination(name="api.cams.example", ports=((443, 443),))
    table = "remote name name_source up_bytes down_bytes conn_state\n203.0.113.1:8443 api.cams.example dns 0 0 S0"
    assert [one.severity for one in detect(device_traffic(table), declared(item))] == ["info"]


def test_unanswered_contacts_from_outside_are_one_row(device_traffic, declared):
    table = """
    local             remote            initiator  conn_state  up_bytes  down_bytes  up_pkts  down_pkts
    192.168.1.50:22   203.0.113.1:4000  remote     S0          0         0           0        1
    192.168.1.50:23   203.0.113.2:4000  remote     REJ         0         0           1        1
    """
    (found,) = detect(device_traffic(table), declared("a.example"))
    assert (found.severity, found.subject, found.count) == ("info", "unanswered contacts from outside", 2)


def test_nothing_is_found_where_nothing_is_declared(device_traffic, declared):
    assert list(detect(device_traffic(one_flow("")), NOTHING_DECLARED)) == []
    assert list(detect(device_traffic(one_flow("")), declared())) == []
    assert list(detect(device_traffic(""), declared("a.example"))) == []


def test_a_closed_declaration_denies_all_that_it_does_not_list(device_traffic, declared):
    (found,) = detect(device_traffic(one_flow("")), declared(closed=True))
    assert found.severity == "high" and found.contradicts[0].file == "camera.toml"


def test_of_several_undeclared_names_none_is_given_for_certain(device_traffic, declared):
    table = "remote name name_source ambiguous up_bytes\n203.0.113.1:80 x.evil.example dns yes 5000"
    (found,) = detect(device_traffic(table), declared("api.cams.example"))
    assert (found.severity, found.subject) == ("high", "203.0.113.1")
    assert "with 203.0.113.1 (one of several names, such as x.evil.example) (tcp/80)" in found.observation


def test_ambiguous_names_are_one_info_row(device_traffic, declared):
    table = "remote name name_source ambiguous\n203.0.113.1:80 api.cams.example dns yes"
    answers = ["api.cams.example 203.0.113.1", "x.evil.example 203.0.113.1"]
    (found,) = detect(device_traffic(table, answers=answers), declared("*.cams.example"))
    assert (found.severity, found.subject) == ("info", "ambiguous names")


def test_whose_traffic_it_is(device_traffic, declared):
    wan = list(detect(device_traffic(one_flow("")), declared("a.example", vantage=Vantage(position="wan"))))
    assert wan[0].observation.startswith("Everything behind 192.168.1.50 exchanged")
    app = list(detect(device_traffic(one_flow("app=cam")), declared("a.example", product=Product(scope="app:cam"))))
    assert app[0].observation.startswith("The app cam on this device exchanged")


def test_too_many_destinations_become_one_finding(device_traffic, declared):
    lines = [f"203.0.113.{number}:443 x{number}.example tls-sni {number}" for number in range(1, 6)]
    found = list(detect(device_traffic("\n".join(["remote name name_source up_bytes", *lines])), declared("a.example"), most_subjects=2))
    assert [one.subject for one in found] == ["further destinations", "x4.example", "x5.example"]
