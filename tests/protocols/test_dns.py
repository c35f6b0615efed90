"""DNS: messages by hand, the kernel against the parser, and both against tshark."""

from __future__ import annotations

import contextlib
import json
from ipaddress import IPv4Address, IPv6Address

import numpy as np
import pytest
from conftest import heads_of
from hypothesis import given, settings
from hypothesis import strategies as st

from gdsi_audit.protocols import NEED_MORE, dns, dns_tcp, llmnr, mdns
from gdsi_audit.protocols._dns_message import parse_message
from gdsi_audit.protocols._dns_records import ExtensionMechanism, MailExchange, Service, ServiceBinding

POINTER_TO_QUESTION = b"\xc0\x0c"


def wire(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def record(owner: bytes, rtype: int, rdata: bytes, ttl_s: int = 300, rclass: int = 1) -> bytes:
    return owner + rtype.to_bytes(2) + rclass.to_bytes(2) + ttl_s.to_bytes(4) + len(rdata).to_bytes(2) + rdata


def message(*answers: bytes, name: str = "www.example", flags: int = 0x8180, qtype: int = 1, additional: tuple[bytes, ...] = ()) -> bytes:
    header = b"\x12\x34" + b"".join(number.to_bytes(2) for number in (flags, 1, len(answers), 0, len(additional)))
    return header + wire(name) + qtype.to_bytes(2) + b"\0\x01" + b"".join(answers) + b"".join(additional)


QUERY = message(flags=0x0100)
ADDRESS = record(POINTER_TO_QUESTION, 1, bytes([192, 0, 2, 7]))
OVER_CHAIN = message(
    record(POINTER_TO_QUESTION, 5, wire("cdn.example"), 60),
    record(wire("CDN.example"), 5, wire("edge.cdn.example"), 30),
    record(wire("edge.cdn.example"), 1, bytes([192, 0, 2, 1]), 600),
    record(wire("edge.cdn.example"), 28, IPv6Address("2001:db8::1").packed, 20),
    record(wire("other.example"), 1, bytes([203, 0, 113, 1]), 600),
)
HINTS = b"\0\x01" + wire("svc.example") + b"\0\x01\0\x03\x02h2" + b"\0\x04\0\x04" + bytes([192, 0, 2, 9]) + b"\0\x05\0\x01x"


def parsed(data: bytes) -> dns.DnsMessage:
    return dns.parse([data], from_responder=False)


def columns_of(*messages: bytes) -> dns.DnsColumns:
    length = np.array([len(data) for data in messages], np.int32)
    offset = np.cumsum(length, dtype=np.int64) - length
    return dns.columns(np.frombuffer(b"".join(messages), np.uint8), offset, length)


def test_a_query():
    query = parsed(QUERY)
    assert (query.id, query.response, query.opcode, query.rcode, query.truncated) == (0x1234, False, 0, 0, False)
    assert query.questions == (("www.example", 1, 1),)
    assert (query.answers, query.extra_bytes, query.cut, list(query.addresses())) == ((), 0, False, [])


def test_addresses_over_a_chain_carry_the_smallest_time_to_live_and_leave_out_what_nobody_asked():
    assert list(parsed(OVER_CHAIN).addresses()) == [
        ("www.example", "192.0.2.1", 30, ("cdn.example", "edge.cdn.example")),
        ("www.example", "2001:db8::1", 20, ("cdn.example", "edge.cdn.example")),
    ]


def test_hints_of_a_service_binding_are_addresses_of_the_name_asked_for():
    answer = parsed(message(record(POINTER_TO_QUESTION, 65, HINTS), qtype=65, name="_8443._https.www.example"))
    assert answer.answers[0].value == ServiceBinding(1, "svc.example", ("h2",), 0, ("192.0.2.9",), (), True)
    assert list(answer.addresses()) == [("www.example", "192.0.2.9", 300, ("svc.example",))]


ECH = bytes.fromhex(
    "002f"  # length of the list
    "fe0d 002b"  # version and length of the configuration
    "07 0020 0010" + "aa" * 16 + "0004 0001 0001 40"  # number, kind of key, key, cipher suites, longest name
    "0c 66726f6e742e6578616d706c 0000"  # public name, no extensions
)


@pytest.mark.parametrize(
    ("configurations", "names"),
    [(ECH, ("front.exampl",)), (ECH[:-4], ()), (ECH.replace(b"\xfe\x0d", b"\xfe\x0c"), ()), (b"", ()), (b"\x00\x04\xfe\x0d\x00\x00", ())],
)
def test_public_names_of_hidden_hellos(configurations, names):
    data = b"\0\1" + wire("svc.example") + b"\0\5" + len(configurations).to_bytes(2) + configurations
    answer = parsed(message(record(POINTER_TO_QUESTION, 65, data), qtype=65, name="www.example"))
    assert answer.answers[0].value.public_names == names and answer.hides_names


@pytest.mark.parametrize(
    ("rtype", "rdata", "value"),
    [
        (2, wire("ns.example"), "ns.example"),
        (12, b"\x01h" + POINTER_TO_QUESTION, "h.www.example"),
        (15, b"\0\x0a" + wire("mail.example"), MailExchange(10, "mail.example")),
        (16, b"\x03a=b\x01\xff", ("a=b", "\\xff")),
        (33, b"\0\x01\0\x02\x1f\x90" + wire("host.example"), Service(1, 2, 8080, "host.example")),
        (1, b"\1\2\3", None),
        (99, b"anything", None),
        (41, b"\0\x0a\0\x02ab", ExtensionMechanism(1, ((10, 2),))),
    ],
)
def test_record_data_by_type(rtype, rdata, value):
    answer = parsed(message(record(POINTER_TO_QUESTION, rtype, rdata))).answers[0]
    assert (answer.value, answer.rdata_bytes) == (value, len(rdata))


def test_names_are_shown_reversibly():
    odd = message(name="x").replace(b"\x01x\0", b"\x07A.b\\\x01\xc3\xa9\x02\xff\xfe\0")
    assert parsed(odd).questions[0].name == "A\\x2eb\\x5c\\x01é.\\xff\\xfe"


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        (b"\xc0\x0c", "pointer at offset 12"),
        (b"\x01a\xc0\x0c", "pointer at offset 14"),
        (b"\xc0\x00", "pointer at offset 12"),
        (b"\x40", "label at offset 12"),
        ((b"\x3f" + b"a" * 63) * 4 + b"\0", "label at offset 204"),
        (b"\x05ab", "offset 15"),
    ],
)
def test_names_that_cannot_be(name, complaint):
    with pytest.raises(ValueError, match=complaint):
        parsed(QUERY[:12] + name)


def test_a_message_cut_within_its_records_gives_those_before_and_says_so():
    whole = message(ADDRESS, ADDRESS)
    cut = parsed(whole[:-3])
    assert (len(cut.answers), cut.announced_answers, cut.cut) == (1, 2, True)
    assert parsed(whole + b"xyz").extra_bytes == 3


def test_columns_of_a_query_and_a_response():
    table = columns_of(QUERY, OVER_CHAIN, b"short", message(record(POINTER_TO_QUESTION, 65, HINTS)))
    assert table.messages["valid"].tolist() == [1, 1, 0, 1]
    assert table.messages["needs_parse"].tolist() == [0, 1, 0, 1]
    assert table.queries() == ["www.example", "", "", ""]


def test_columns_of_a_chain():
    linked = message(record(POINTER_TO_QUESTION, 5, wire("cdn.example"), 60), record(wire("cdn.example"), 1, bytes([192, 0, 2, 1]), 600))
    table = columns_of(QUERY, linked)
    assert table.chains() == ["cdn.example"]
    assert table.answers[["message", "address_hi", "address_lo", "ttl_s"]].tolist() == [(1, 0, 0xFFFF_C000_0201, 60)]


def test_columns_refuse_datagrams_outside_the_data():
    with pytest.raises(ValueError, match="does not lie within"):
        dns.columns(np.zeros(4, np.uint8), np.array([2], np.int64), np.array([3], np.int32))


def assert_kernel_agrees(messages: list[bytes]) -> None:
    table = columns_of(*messages)
    queries, chains = table.queries(), table.chains()
    rows_of = [range(row["first_answer"], row["first_answer"] + row["address_rows"]) for row in table.messages]
    for row, data, query, rows in zip(table.messages, messages, queries, rows_of, strict=True):
        try:
            message = parsed(data)
        except ValueError:
            assert not row["valid"], data.hex()
            continue
        assert row["valid"], data.hex()
        header = (message.id, message.response, message.opcode, message.rcode, message.truncated, message.announced_answers)
        assert tuple(int(row[name]) for name in ("id", "response", "opcode", "rcode", "truncated", "answers")) == header
        assert (int(row["extra_bytes"]), int(row["cut"])) == (message.extra_bytes, message.cut), data.hex()
        if row["needs_parse"]:
            continue
        assert (query, row["qtype"], row["qclass"]) == (message.questions[0].name.lower(), *message.questions[0][1:])
        found = [(query, address_of(table.answers[place]), int(table.answers[place]["ttl_s"]), chains[place]) for place in rows]
        assert found == [(*answer[:3], " > ".join(answer.chain)) for answer in message.addresses()], data.hex()


def address_of(answer: np.void) -> str:
    high, low = int(answer["address_hi"]), int(answer["address_lo"])
    return str(IPv4Address(low & 0xFFFF_FFFF) if high == 0 and low >> 32 == 0xFFFF else IPv6Address(high << 64 | low))


SEEDS = (
    QUERY,
    OVER_CHAIN,
    message(ADDRESS, ADDRESS),
    message(record(POINTER_TO_QUESTION, 5, b"\x03cdn\xc0\x0c"), record(b"\xc0\x29", 1, b"\1\2\3\4")),
)


@settings(max_examples=150)
@given(
    st.lists(
        st.builds(
            lambda seed, edits, cut: bytes(dict(enumerate(seed), **{}).get(place, 0) if place not in edits else edits[place] for place in range(cut)),
            st.sampled_from(SEEDS),
            st.dictionaries(st.integers(0, 90), st.integers(0, 255), max_size=4),
            st.integers(0, 120),
        ),
        max_size=8,
    )
)
def test_the_kernel_and_the_parser_agree_on_mutations(messages):
    assert_kernel_agrees(messages)


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_message_or_value_error(data):
    for parse in (dns.parse, mdns.parse, llmnr.parse):
        with contextlib.suppress(ValueError):
            assert isinstance(list(parse([data], from_responder=True).addresses()), list)
    with contextlib.suppress(ValueError):
        assert dns_tcp.parse(data, from_responder=True)


def test_the_kernel_and_the_parser_agree_on_real_messages(shared_datagrams):
    payloads = [datagram.payload for datagram in shared_datagrams if datagram.layers & {"dns", "mdns", "llmnr"}]
    assert len(payloads) > 100
    assert_kernel_agrees(payloads)


def plain(names):
    """Names that tshark and we write alike."""
    return {name for name in names if name.isascii() and name.isprintable() and "\\" not in name and name != "<Root>"}


def test_names_and_addresses_equal_those_of_tshark(shared_datagrams, shared_captures):
    truths = {path.name.removesuffix(".tshark.json"): json.loads(path.read_text()) for path in shared_captures.rglob("*.tshark.json")}
    for capture in sorted({datagram.capture for datagram in shared_datagrams}):
        here = [datagram for datagram in shared_datagrams if datagram.capture == capture and datagram.layers & {"dns", "mdns", "llmnr"}]
        messages = [parse_message(datagram.payload, multicast="mdns" in datagram.layers) for datagram in here]
        asked = {question.name for message in messages for question in message.questions}
        assert plain(truths[capture]["dns_queries"]) <= asked, capture
        records = [record for message in messages for record in (*message.answers, *message.authorities, *message.additionals)]
        addresses = {(record.name, record.value) for record in records if record.rtype in (1, 28)}
        wanted = {(name, address) for name, values in truths[capture]["dns_answers"].items() for address in values}
        assert {address for _, address in wanted} <= {address for _, address in addresses}, capture


def test_recognition_by_shape():
    assert dns.recognise(heads_of([QUERY, OVER_CHAIN, b"\x23" + bytes(47), b"\0" * 40, QUERY[:17]])).tolist() == [True, True, False, False, False]
    assert not dns.recognise(heads_of([QUERY], resp_port=5355))[0]
    cut = message(ADDRESS, ADDRESS, ADDRESS)[:45]
    assert dns.recognise(heads_of([cut], resp_port=53))[0] and not dns.recognise(heads_of([cut]))[0]
    assert llmnr.recognise(heads_of([QUERY], resp_port=5355))[0]
    assert mdns.recognise(heads_of([QUERY], orig_port=5353, resp_port=5353))[0]
    assert dns.recognise(heads_of([QUERY], orig_port=5353, resp_port=53))[0]
    assert dns.recognise(heads_of([b"\0\1\x84\1" + bytes(8)], resp_port=53))[0]


@settings(max_examples=50)
@given(st.lists(st.binary(min_size=8, max_size=64), min_size=1, max_size=8))
def test_recognition_takes_any_bytes(payloads):
    for protocol in (dns, mdns, llmnr, dns_tcp):
        assert protocol.recognise(heads_of(payloads)).shape == (len(payloads),)


def test_random_bytes_are_not_dns():
    noise = np.random.default_rng(1).integers(0, 256, (20_000, 32), np.uint8)
    heads = heads_of([row.tobytes() for row in noise])
    assert not dns.recognise(heads).any()
    assert not dns_tcp.recognise(heads).any()


def test_over_tcp_a_message_waits_for_its_length():
    framed = len(QUERY).to_bytes(2) + QUERY
    assert dns_tcp.recognise(heads_of([framed], transport=6))[0]
    assert dns_tcp.parse(framed[:-1], from_responder=False) is NEED_MORE
    assert dns_tcp.parse(framed + b"more", from_responder=False) == (parsed(QUERY), len(framed))
    with pytest.raises(ValueError, match="11 bytes"):
        dns_tcp.parse(b"\0\x0b", from_responder=False)


def test_multicast_hosts_without_cache_flush_bit():
    announcement = bytearray(message(flags=0x8400, additional=(record(wire("Cam.local"), 1, bytes([192, 0, 2, 5]), 120, rclass=0x8001),)))
    assert list(mdns.hosts(mdns.parse([bytes(announcement)], from_responder=True))) == [("cam.local", "192.0.2.5", 120)]
