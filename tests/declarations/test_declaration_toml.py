"""Every table and key of a declaration in TOML."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gdsi_audit.declarations import Bench, DeclaredDevice, Destination, Identifier, Ignore, Listener, Phase, Source, Statement, json, mud, toml

WHOLE = """\
[statement]
by = "tester"
source = "Privacy notice 3.2, p. 4"
date = 2026-10-01

[product]
vendor = "Example Cameras"
home = "SE"
scope = "app:com.example.cams"

[[device]]
name = "camera"
mac = "02-00-00-00-00-50"
addresses = ["192.168.1.50", "2001:DB8::50"]

[[bench]]
role = "companion"
address = "192.168.1.1"
reason = "lab router"
controller = "https://hub.example/class"
manufacturer = "same-manufacturer"

[[ignore]]
filter = "tcp.port == 22 && ip.addr == 192.168.1.9"
reason = "our shell"

[vantage]
position = "access-point"
country = "DE"
latitude = 50.11
longitude = 8
timezone = "Europe/Berlin"
clock_offset_s = -0.25

[jurisdictions]
data_generated_in = "DE"
allowed = ["EFTA", "DE"]
denied = []
hosts_from = ["US"]

[[destination]]
name = "*.Cams.Example."
transport = "tcp"
ports = [443, "8000-8100"]
initiator = "device"
purpose = "video relay"
recipient = "Example Cloud AB"
role = "processor"
transfer_tool = "SCC"
data = ["video", "telemetry"]
jurisdictions = ["EFTA"]
encryption = "tls"
direction = "upload"
max_upload_bytes_per_day = 200_000_000
period_s = 60
persistent = false
phases = ["interact"]

[[destination]]
address = "203.0.113.0/24"

[[destination]]
address = "2001:db8::1"

[[destination]]
asn = 64500

[[destination]]
class = "time"
transport = "ip-2"

[[listener]]
port = 554
from = "10.0.0.0/8"

[[identifier]]
id = "imei"
kind = "imei"
value = "49-015420-323751-8"
allowed_to = ["api.cams.example"]

[[phase]]
name = "idle"
consent = "withdrawn"
start = 2026-11-01T11:00:00+01:00
end = 2026-11-01T11:00:00Z

[[phase]]
name = "walk past"
start = 2026-11-01T11:00:00.000001Z
end = 2026-11-01T12:00:00Z
"""

HOUR_NS = 3600 * 10**9
START = 1_793_527_200 * 10**9


def read(text: str, name: str = "camera.toml"):
    return toml.read(Path(name), text.encode())


def source(line: int) -> Source:
    return Source("camera.toml", line, "tester")


def test_every_table_and_key():
    declared = read(WHOLE)
    (statement,) = declared.statements
    assert statement == Statement(by="tester", text="Privacy notice 3.2, p. 4", date="2026-10-01", file="camera.toml", sha256=statement.sha256)
    assert len(statement.sha256) == 64 and not declared.by_vendor and declared.given and not declared.closed
    product = declared.product
    assert (product.vendor, product.model, product.home, product.scope) == ("Example Cameras", "", "SE", "app:com.example.cams")
    assert dict(product.sources) == {"vendor": source(7), "home": source(8), "scope": source(9)}
    assert declared.devices == (
        DeclaredDevice(name="camera", macs=("02:00:00:00:00:50",), addresses=("192.168.1.50", "2001:db8::50"), source=source(11)),
    )
    binds = ("controller https://hub.example/class", "same-manufacturer")
    assert declared.bench == (Bench(role="companion", address="192.168.1.1", reason="lab router", binds=binds, source=source(16)),)
    assert declared.ignore == (Ignore(filter="tcp.port == 22 && ip.addr == 192.168.1.9", reason="our shell", source=source(23)),)
    vantage = declared.vantage
    assert (vantage.position, vantage.country, vantage.latitude, vantage.longitude) == ("access-point", "DE", 50.11, 8.0)
    assert (vantage.timezone, vantage.clock_offset_s) == ("Europe/Berlin", -0.25)
    stated = declared.jurisdictions
    assert stated.allowed == {"CH", "IS", "LI", "NO", "DE"} and stated.allowed_words == ("EFTA", "DE") and stated.denied == frozenset()
    assert stated.hosts_from == {"US"} and stated.operators_from is None and stated.data_generated_in == "DE"
    assert declared.listeners == (Listener(port=554, transport="tcp", sender="10.0.0.0/8", source=source(72)),)
    assert declared.identifiers == (Identifier(id="imei", kind="imei", value="490154203237518", allowed_to=("api.cams.example",), source=source(76)),)
    assert declared.phases == (
        Phase(name="idle", start=START, end=START + HOUR_NS, user_active=False, consent="withdrawn", source=source(82)),
        Phase(name="walk past", start=START + HOUR_NS + 1000, end=START + 2 * HOUR_NS, user_active=True, source=source(88)),
    )


def test_every_kind_of_destination():
    first, *others = read(WHOLE).destinations
    assert first == Destination(
        name="*.cams.example",
        transport="tcp",
        ports=((443, 443), (8000, 8100)),
        initiator="device",
        purpose="video relay",
        recipient="Example Cloud AB",
        role="processor",
        transfer_tool="SCC",
        data=("video", "telemetry"),
        jurisdictions=frozenset({"CH", "IS", "LI", "NO"}),
        jurisdiction_words=("EFTA",),
        encryption="tls",
        direction="upload",
        max_upload_bytes_per_day=200_000_000,
        period_s=60.0,
        persistent=False,
        phases=("interact",),
        source=source(41),
    )
    assert others == [
        Destination(network=ip_network("203.0.113.0/24"), source=source(59)),
        Destination(network=ip_network("2001:db8::1/128"), source=source(62)),
        Destination(asn=64500, source=source(65)),
        Destination(klass="time", transport="ip-2", source=source(68)),
    ]


def test_an_empty_file_states_nothing_but_is_a_statement_of_the_vendor():
    declared = read("")
    assert declared.by_vendor and declared.destinations == () and declared.jurisdictions.allowed is None


NAME = '[[destination]]\nname = "a.example"\n'

WRONG = [
    (NAME + "prots = [1]", '3: [[destination]] has no key "prots"; did you mean "ports"?'),
    ("[[destinations]]", "1: there is no table \"destinations\"; did you mean [[destination]]?"),
    ("[products]\na = 1", "1: there is no table \"products\"; did you mean [product]?"),
    ("[destination]", "1: destination is written [[destination]], not as a table"),
    ("[[product]]", "1: product is written [product], not as a list"),
    ("destination = [1]", "1: [[destination]] must be a table, not a number"),
    (NAME + 'ports = "443"', '3: [[destination]] "ports" must be a list, not text'),
    (NAME + 'ports = [\n443,\n"x"]', '5: [[destination]] "ports" must be a port or a range such as "8000-8100", not "x"'),
    (NAME + 'ports = ["9-8"]', '3: [[destination]] "ports" must be a port or a range'),
    (NAME + "ports = [true]", '3: [[destination]] "ports" must be a whole number, not a boolean'),
    (NAME + "ports = [70000]", '3: [[destination]] "ports" must be between 1 and 65535'),
    (NAME + 'transport = "tpc"', '3: [[destination]] "transport" has no word "tpc"; did you mean "tcp"?'),
    (NAME + 'transport = "icmp"\nports = [1]', '4: [[destination]] has "ports", but icmp has none'),
    (NAME + 'encryption = "TLS"', 'has no word "TLS"; did you mean "tls"?'),
    (NAME + 'persistent = "yes"', '3: [[destination]] "persistent" must be true or false, not text'),
    (NAME + "period_s = 0", '"period_s" must be above 0'),
    (NAME + "period_s = nan", '"period_s" must be a finite number'),
    (NAME + "max_upload_bytes_per_day = 2e8", '"max_upload_bytes_per_day" must be a whole number, without a point'),
    (NAME + f"period_s = {'9' * 400}", '"period_s" must be a finite number'),
    (NAME + 'encryption = "\\u202Etls\\n"', '3: [[destination]] "encryption" has no word "\\u202etls\\n"'),
    (NAME + 'jurisdictions = ["EU", "UK"]', '3: [[destination]] "jurisdictions" has an unknown country or group "UK"; did you mean "GB"?'),
    (NAME + "purpose = 3", '3: [[destination]] "purpose" must be text, not a number'),
    (NAME + 'purpose = "a\\u001b[2J"', '"purpose" holds a control character'),
    (NAME + 'address = "192.0.2.1"', "3: [[destination]] needs exactly one of name, address, asn, class, not name and address"),
    ("[[destination]]\nname = 5", '2: [[destination]] "name" must be text, not a number'),
    ("[jurisdictions]\nallowed = [5]", '2: [jurisdictions] "allowed" must be text, not a number'),
    ("[[destination]]", "1: [[destination]] needs exactly one of name, address, asn, class, and has none"),
    ('[[destination]]\nname = "192.0.2.1"', '2: [[destination]] "name" is wrong: "192.0.2.1" is an address, no name: a destination has the key'),
    ('[[destination]]\nname = "*.co.uk"', "covers a whole public suffix"),
    ('[[destination]]\naddress = "203.0.113.1/24"', '2: [[destination]] "address" has "203.0.113.1/24" with host bits set: the network is 203'),
    ('[[destination]]\naddress = "cams.example"', "which is no address and no prefix"),
    ('[[destination]]\nclass = "dns"', '"class" has no word "dns"; it is one of local-network, resolver'),
    ("[[destination]]\nasn = -1", '"asn" must be between 1 and 4294967295'),
    ('[product]\nhome = "Germany"', '2: [product] "home" has an unknown country "Germany"; did you mean "DE"?'),
    ('[product]\nhome = "EU"', '2: [product] "home" has an unknown country "EU"'),
    ('[product]\nscope = "phone"', '"scope" must be "device" or "app:<id>"'),
    ('[statement]\nby = "vender"', '"by" has no word "vender"; did you mean "vendor"?'),
    ("[statement]\ndate = 12:00:00", '"date" must be a date'),
    ("[vantage]\nlatitude = 50", '2: [vantage] needs both "latitude" and "longitude", or neither'),
    ("[vantage]\nlatitude = 91", '"latitude" must be between -90 and 90'),
    ('[vantage]\ntimezone = "Europe/Berln"', '2: [vantage] "timezone" has an unknown time zone "Europe/Berln"; did you mean "Europe/Berlin"?'),
    ('[vantage]\ntimezone = "Europe"', '2: [vantage] "timezone" has an unknown time zone "Europe"'),
    ('[vantage]\ntimezone = "../etc/passwd"', '2: [vantage] "timezone" has an unknown time zone'),
    ('[[device]]\nname = "x"', '1: [[device]] needs "mac" or "addresses"'),
    ('[[device]]\nmac = "02:00"', '"mac" has "02:00", which is no MAC address'),
    ('[[device]]\nmac = "ff:ff:ff:ff:ff:ff"', '2: [[device]] "mac" has "ff:ff:ff:ff:ff:ff", which is no single host\'s MAC'),
    ('[[device]]\nmac = "00-00-00-00-00-00"', "which is no single host's MAC"),
    ('[[device]]\naddresses = ["224.0.0.1"]', '2: [[device]] "addresses" has "224.0.0.1", which is no single host\'s address'),
    ('[[device]]\naddresses = ["255.255.255.255"]', "which is no single host's address"),
    ('[[bench]]\nrole = "tester"\naddress = "ff02::fb"', '3: [[bench]] "address" has "ff02::fb", which is no single host\'s address'),
    ('[[bench]]\nrole = "tester"\naddress = "::"', "which is no single host's address"),
    (NAME + 'transport = "ip-255"', '3: [[destination]] "transport" has no word "ip-255"'),
    ("[[bench]]", '1: [[bench]] needs the key "address"'),
    ('[[ignore]]\nfilter = "tcp.prt == 1"\nreason = "x"',
     '2: [[ignore]] "filter" is no filter: column 1: there is no field or protocol "tcp.prt"; did you mean "tcp.port"?'),
    ('[[ignore]]\nfilter = "tcp"\nreason = " "', '3: [[ignore]] "reason" must not be empty'),
    ("[[listener]]", '1: [[listener]] needs the key "port"'),
    ('[[listener]]\nport = 1\nfrom = "lan"', '3: [[listener]] "from" has "lan", which is no address and no prefix; it is "local"'),
    ('[[phase]]\nname = "x"\nstart = 2026-11-01T10:00:00\nend = 2026-11-01T11:00:00Z', '3: [[phase]] "start" is a local time: write its offset'),
    ('[[phase]]\nname = "x"\nstart = 2026-11-01\nend = 2026-11-01T11:00:00Z', '3: [[phase]] "start" must be a date-time with its offset'),
    ('[[phase]]\nname = "x"\nstart = 2026-11-01T10:00:00Z\nend = 2026-11-01T09:00:00Z', "4: [[phase]] ends before it starts"),
    ('[[phase]]\nname = "x"\nstart = 1969-12-31T23:59:59Z\nend = 2026-11-01T09:00:00Z', "must lie between 1970 and 2261"),
    ("a = 1\na = 2", "2: not TOML: Cannot overwrite a value"),
    ("a =", "1: not TOML: Invalid value"),
    ("x = " + "[" * 5000, "nested too deeply"),
    ("x = " + "[" * 100 + "]" * 100, "nested deeper than 64"),
    ("a." * 100 + "b = 1", "more than 64 parts"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_what_is_wrong_is_named_with_file_line_and_nearest_word(text, message):
    with pytest.raises(ValueError) as raised:
        read(text)
    assert str(raised.value).startswith("camera.toml:")
    assert message in str(raised.value).removeprefix("camera.toml:")


def test_all_problems_of_a_file_are_reported_together():
    with pytest.raises(ValueError) as raised:
        read('[[listener]]\nport = 0\nfrm = 1\n[product]\nhome = "XX"\n')
    assert [line.split(" ")[0] for line in str(raised.value).splitlines()] == ["camera.toml:2:", "camera.toml:3:", "camera.toml:5:"]


IDENTIFIERS = [
    ("imei", "490154203237517", False),
    ("imei", "49015420323751", False),
    ("imsi", "262011234567890", True),
    ("imsi", "2620112345", False),
    ("mac", "02:00:00:00:00:50", True),
    ("mac", "02:00:00:00:00:5g", False),
    ("email", "a@b.example", True),
    ("email", "a.b.example", False),
    ("phone", "+46 (70) 123-45 67", True),
    ("phone", "12x", False),
    ("ssid", "x" * 33, False),
    ("ssid", "Example", True),
    ("gps", "50.11, -8.68", True),
    ("gps", "91,0", False),
    ("advertising_id", "38400000-8cf0-11bd-b23e-10b96e40000d", True),
    ("advertising_id", "38400000", False),
    ("serial", "ABC", False),
    ("serial", "ABCD-1", True),
]


@pytest.mark.parametrize(("kind", "value", "right"), IDENTIFIERS)
def test_identifiers_are_checked_by_kind_and_never_printed(kind, value, right):
    text = f'[[identifier]]\nid = "i"\nkind = "{kind}"\nvalue = "{value}"\n'
    if right:
        assert read(text).identifiers[0].kind == kind
        return
    with pytest.raises(ValueError) as raised:
        read(text)
    assert "camera.toml:4: [[identifier]]" in str(raised.value) and value not in str(raised.value)


def test_a_value_may_stand_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv("CAMERA_SERIAL", "SN-12345")
    (tmp_path / "mail.txt").write_text("a@b.example\n")
    text = (
        '[[identifier]]\nid = "s"\nkind = "serial"\nvalue_from = "env:CAMERA_SERIAL"\n'
        '[[identifier]]\nid = "m"\nkind = "email"\nvalue_from = "file:mail.txt"\n'
    )
    found = toml.read(tmp_path / "camera.toml", text.encode()).identifiers
    assert [item.value for item in found] == ["SN-12345", "a@b.example"]


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("env:GDSI_AUDIT_NOT_SET", "which is not set"),
        ("file:not-there", "which is not there"),
        ("file:.", "which is not there"),
        ("file:a\\u0000b", "holds a control character"),
        ("http://x", 'must be "env:NAME" or "file:PATH"'),
    ],
)
def test_a_value_that_is_not_there_is_an_error(reference, message):
    with pytest.raises(ValueError, match=message):
        read(f'[[identifier]]\nid = "s"\nkind = "serial"\nvalue_from = "{reference}"\n')


@pytest.mark.parametrize(
    ("written", "kept"),
    [("::ffff:192.0.2.1", "192.0.2.1/32"), ("::ffff:192.0.2.0/120", "192.0.2.0/24"), ("::/0", "::/0"), ("2001:DB8::", "2001:db8::/128")],
)
def test_addresses_are_kept_as_packets_show_them(written, kept):
    assert str(read(f'[[destination]]\naddress = "{written}"').destinations[0].network) == kept


@pytest.mark.parametrize(
    ("written", "kept"),
    [("ip-6", "tcp"), ("ip-17", "udp"), ("ip-1", "icmp"), ("ip-58", "icmp6"), ("ip-132", "sctp"), ("arp", "arp")],
)
def test_a_transport_is_called_as_flows_call_it(written, kept):
    assert read(f'[[destination]]\nname = "a.example"\ntransport = "{written}"').destinations[0].transport == kept


@pytest.mark.parametrize("written", ["10.0.0.0/8", "fe80::1%eth0", "10.0.0.0/255.0.0.0", "", "1"])
def test_a_device_has_whole_addresses(written):
    with pytest.raises(ValueError, match=r"camera\.toml:2: .*which is (a prefix and )?no"):
        read(f'[[device]]\naddresses = ["{written}"]')


def test_a_file_full_of_problems_stops_early():
    with pytest.raises(ValueError, match="no more than 50 problems"):
        read('[[destination]]\njurisdictions = ["QX"]\n' * 2_000)


def test_the_value_of_an_identifier_is_not_in_its_representation():
    assert "490154203237518" not in repr(read(WHOLE))


NOTES = [
    ('[[listener]]\nport = 23\nfrom = "anywhere"', "over_broad", 1),
    ('[[listener]]\nport = 23\nfrom = "::/0"', "over_broad", 1),
    ('[[listener]]\nport = 23\nfrom = "128.0.0.0/1"', "over_broad", 1),
    ('[[destination]]\naddress = "0.0.0.0/0"', "over_broad", 1),
    ('[[destination]]\naddress = "224.0.0.0/4"', None, 0),
    ('[[destination]]\naddress = "fc00::/7"', None, 0),
    ('[[destination]]\naddress = "0.0.0.0/1"', "over_broad", 1),
    ('[[destination]]\naddress = "2000::/3"', "over_broad", 1),
    ('[[destination]]\naddress = "::/0"', "over_broad", 1),
    ('[[destination]]\nname = "*.s3.amazonaws.com"', "shared_platform", 1),
    ('[[destination]]\nname = "*.azure-devices.net"', "shared_platform", 1),
    ('[[destination]]\nname = "*.myhuaweicloud.com"', "shared_platform", 1),
    ("[[destination]]\nasn = 16509", "shared_platform", 1),
    ("[[destination]]\nasn = 37963", "shared_platform", 1),
    ("[[destination]]\nasn = 64500", None, 0),
    ("\n".join(f'[[destination]]\naddress = "{first}.0.0.0/8"' for first in (1, 3)), "over_broad", 1),
    ("\n".join(f'[[destination]]\naddress = "{first}.0.0.0/16"' for first in range(1, 10)), None, 0),
    ("\n".join(f'[[destination]]\naddress = "1.{second}.0.0/16"' for second in range(256)), None, 0),
    ("\n".join(f'[[destination]]\naddress = "{first:x}::/16"' for first in (0x2001, 0x2A00)), "over_broad", 1),
    ('[jurisdictions]\nallowed = ["ADEQUACY"]', "conditional_group", 2),
    ('[jurisdictions]\nallowed = ["EU"]\noperators_from = ["ADEQUACY"]', "conditional_group", 3),
    ('[jurisdictions]\nhosts_from = ["ADEQUACY", "EEA"]', "conditional_group", 2),
    ('[[destination]]\nname = "a.cams.example"\njurisdictions = ["ADEQUACY"]', "conditional_group", 1),
    ('[jurisdictions]\nallowed = ["EU"]', None, 0),
    ('[[ignore]]\nfilter = "udp"\nreason = "noise"', "left_out", 1),
    ('[statement]\nby = "tester"\n[[ignore]]\nfilter = "udp"\nreason = "noise"', None, 0),
    ('[[bench]]\nrole = "tester"\naddress = "8.8.8.8"', "left_out", 1),
    ('[[bench]]\nrole = "gateway"\naddress = "192.168.1.1"', None, 0),
    ('[statement]\nby = "tester"\n[[bench]]\nrole = "tester"\naddress = "8.8.8.8"', None, 0),
    ('[[destination]]\nname = "*.cams.example"', None, 0),
]


@pytest.mark.parametrize(("text", "kind", "line"), NOTES)
def test_what_is_over_broad_is_noted(text, kind, line):
    assert [(note.kind, note.source.line) for note in read(text).notes] == ([(kind, line)] if kind else [])


def test_every_country_is_over_broad():
    import iso3166

    everywhere = ", ".join(f'"{code}"' for code in iso3166.countries_by_alpha2)
    (note,) = read(f"[jurisdictions]\nallowed = [{everywhere}]").notes
    assert note.kind == "over_broad" and "250 countries" in note.text


def test_bytes_that_are_no_text_and_files_too_large_are_refused():
    with pytest.raises(ValueError, match=r"camera\.toml:2: byte 5 of the file is not UTF-8"):
        toml.read(Path("camera.toml"), b"a=1\n#\xff")
    with pytest.raises(ValueError, match="larger than a declaration may be"):
        toml.read(Path("camera.toml"), b"#" * (1 << 20) + b"#")


words = st.sampled_from([line for line in WHOLE.splitlines() if line] + ["[statement]", "[", '"', "'''", "a.b = {c = [1", "]]", "\ud7ff", "\x00"])


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.binary(max_size=80), st.lists(words, max_size=25).map(lambda lines: "\n".join(lines).encode())))
def test_any_bytes_are_a_declaration_or_a_value_error(raw):
    for shelf_file in (toml, json, mud):
        assert shelf_file.claims(raw) in (True, False)
        try:
            declared = shelf_file.read(Path("x"), raw)
        except ValueError as error:
            assert str(error).startswith("x:")
        else:
            assert declared.given
