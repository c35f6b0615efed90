"""The TLS parser: messages written by hand, Python's own TLS as an independent oracle, and anything at all."""

from __future__ import annotations

import contextlib
import hashlib
import ssl

import made_certificates as making
import numpy as np
import pytest
import tls_messages as made
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from gdsi_audit.protocols import HEAD_BYTES, NEED_MORE, Heads, NeedMore, tls

HELLO = bytes.fromhex(
    "16 0301 0059"  # record: handshake, TLS 1.0, 89 bytes
    "01 000055"  # ClientHello of 85 bytes
    "0303"  # TLS 1.2
    + "11"
    * 32  # random
    + "00"  # no session id
    "0004 c02f 0035"  # two cipher suites
    "01 00"  # no compression
    "0028"  # 40 bytes of extensions
    "0000 0010 000e 00 000b 6578616d706c652e6f7267"  # server_name: example.org
    "000a 0004 0002 0017"  # one group
    "000b 0002 01 00"  # one point format
    "0023 0002 abcd"  # a session ticket
)


def heads(*payloads: bytes) -> Heads:
    count = len(payloads)
    rows = np.frombuffer(b"".join(payload[:HEAD_BYTES].ljust(HEAD_BYTES, b"\0") for payload in payloads), np.uint8).reshape(count, HEAD_BYTES)
    lengths = np.array([len(payload) for payload in payloads], np.int32)
    ports = np.zeros(count, np.uint16)
    return Heads(rows, lengths, np.full(count, 6, np.uint8), ports, ports, np.zeros(count, np.uint8))


def bulk(*streams: list[bytes]) -> list[list[tuple[tls.Body, int]] | None]:
    """(body, chunk of the stream that completed it) of each stream; None: to be read chunk by chunk."""
    chunks = [chunk for stream in streams for chunk in stream]
    lengths = np.array([len(chunk) for chunk in chunks], np.int32)
    first = np.cumsum([0, *map(len, streams)])
    data = np.frombuffer(bytearray(b"".join(chunks)), np.uint8)
    told = tls.flights(data, np.cumsum(lengths) - lengths, lengths, np.zeros(lengths.size, np.int32), first)
    placed = [[] if done else None for done in told.done]
    for body, row in zip(told.bodies, told.rows, strict=True):
        stream = int(np.searchsorted(first, row, side="right")) - 1
        placed[stream].append((body, row - int(first[stream])))
    return placed


def chunk_by_chunk(stream: list[bytes]) -> list[tuple[tls.Body, int]] | None:
    """The same from `parse`, as a stream is read; None: not all that it will say is said, or something is odd."""
    said, buffer = [], b""
    for row, chunk in enumerate(stream):
        buffer += chunk
        while buffer:
            try:
                outcome = tls.parse(buffer, from_responder=False)
            except ValueError:
                return None
            if isinstance(outcome, NeedMore):
                break
            bodies = outcome[0] if isinstance(outcome[0], tuple) else (outcome[0],)
            said += [(body, row) for body in bodies]
            buffer = buffer[outcome[1] :]
            if bodies[-1].satisfied or isinstance(bodies[-1], tls.ClientHello):
                return said
    return None


def test_client_hello_by_hand():
    hello, used = tls.parse(HELLO, from_responder=False)
    assert used == len(HELLO)
    assert (hello.server_name, hello.version, hello.cipher_suites, hello.groups) == ("example.org", 0x0303, (0xC02F, 0x35), (0x17,))
    assert (hello.extensions, hello.point_formats, hello.resumes, hello.satisfied) == ((0, 10, 11, 35), (0,), True, False)
    assert hello.ja3 == hashlib.md5(b"771,49199-53,0-10-11-35,23,0").hexdigest()
    assert list(hello.names()) == [("example.org", "tls-sni")]


def test_grease_is_left_out_and_noted():
    hello, _ = tls.parse(made.client_hello(), from_responder=False)
    assert (hello.cipher_suites, hello.groups, hello.versions) == ((0x1301, 0xC02B), (0x1D, 0x17), (0x0304, 0x0303))
    assert hello.grease and made.GREASE not in hello.extensions
    assert (hello.version, hello.alpn, hello.resumes, hello.satisfied) == (0x0304, ("h2", "http/1.1"), False, True)
    assert hello.ja4.startswith("t13d0208h2_")


def test_encrypted_client_hello_is_offered():
    hello, _ = tls.parse(
        made.client_hello((*made.BROWSER, made.extension(0xFE0D, bytes(9)), made.extension(0xFFCE, b""), made.extension(0x29, b""))),
        from_responder=False,
    )
    assert (hello.ech, hello.esni, hello.resumes, hello.early_data) == ("offered", True, True, False)
    assert tls.parse(made.client_hello(), from_responder=False)[0].ech == ""


def test_name_is_stored_in_display_form():
    hello, _ = tls.parse(made.client_hello((made.server_name(b"a\x00\xff<\\.example"),)), from_responder=False)
    assert hello.server_name == "a\\x00\\xff<\\x5c.example"


def test_every_beginning_needs_more():
    whole = made.client_hello()
    assert all(tls.parse(whole[:size], from_responder=False) is NEED_MORE for size in range(len(whole)))


@pytest.mark.parametrize("piece_bytes", [1, 3, 4, 5, 50, 1000])
def test_message_over_several_records(piece_bytes):
    hello = made.message(1, made.client_hello_body())
    data = b"".join(made.record(hello[at : at + piece_bytes]) for at in range(0, len(hello), piece_bytes))
    assert tls.parse(data, from_responder=False) == (tls.parse(made.record(hello), from_responder=False)[0], len(data))
    assert bulk([data]) == [chunk_by_chunk([data])]


def test_several_messages_in_one_record_come_together():
    certificate = made.message(11, made.sized(made.sized(b"no DER", 3), 3))
    data = made.record(made.message(2, made.server_hello_body(0xC02F)) + certificate + made.message(14, b""))
    (hello, chain), used = tls.parse(data, from_responder=True)
    assert (used, hello.cipher_suite, hello.satisfied) == (len(data), 0xC02F, False)
    assert chain.chain[0].unreadable and chain.satisfied and list(chain.names()) == []


def test_message_cut_behind_another_is_waited_for_unless_final():
    data = made.record(made.message(2, made.server_hello_body(0xC02F)) + b"\x0b\x00\x10\x00half")
    assert tls.parse(data, from_responder=True) is NEED_MORE
    body, used = tls.parse(data, from_responder=True, final=True)
    assert (body.cipher_suite, used) == (0xC02F, len(data))
    assert tls.parse(data[:60], from_responder=True, final=True)[0] == body


def test_garbage_behind_a_message_does_not_lose_it():
    body, used = tls.parse(made.record(made.message(2, made.server_hello_body(5)) + b"\xee" * 9), from_responder=True)
    assert (body.cipher_suite, used) == (5, 56)


def test_server_hello_of_version_1_3():
    body, _ = tls.parse(
        made.record(made.message(2, made.server_hello_body(0x1301, (made.extension(0x2B, b"\x03\x04"), made.extension(0x33, b""))))),
        from_responder=True,
    )
    assert (body.version, body.hello_retry, body.satisfied) == (0x0304, False, True)
    assert body.ja3s == hashlib.md5(b"771,4865,43-51").hexdigest()


def test_hello_retry_request_then_the_real_one():
    retry_random = hashlib.sha256(b"HelloRetryRequest").digest()
    extensions = (made.extension(0x2B, b"\x03\x04"),)
    retry = made.record(made.message(2, made.server_hello_body(0x1301, extensions, random=retry_random)))
    change = made.record(b"\x01", 20, 0x0303)
    second = made.record(made.message(2, made.server_hello_body(0x1301, extensions)))
    body, used = tls.parse(retry + change + second, from_responder=True)
    assert body.hello_retry and not body.satisfied
    body, used = tls.parse(change + second, from_responder=True)
    assert used == len(change + second) and not body.hello_retry and body.satisfied


def test_cut_hello_still_names_the_server():
    whole = made.client_hello()
    cut = tls.parse(whole[:-20], from_responder=False, final=True)
    assert cut[1] == len(whole) - 20
    assert (cut[0].server_name, cut[0].ja3, cut[0].ja4, cut[0].cut) == ("www.example.com", "", "", True)
    assert cut[0].cipher_suites == tls.parse(whole, from_responder=False)[0].cipher_suites
    with pytest.raises(ValueError, match="cut before its extensions"):
        tls.parse(whole[:80], from_responder=False, final=True)


def test_alpn_of_the_server():
    assert tls.parse(made.record(made.message(2, made.server_hello_body(5, (made.alpn(b"h2"),)))), from_responder=True)[0].alpn == "h2"


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (made.record(b"\x02\x30", 21), tls.Alert(2, 48)),
        (made.record(b"\x01\x70", 21), tls.Alert(1, 112)),
        (made.record(bytes(24), 21), tls.Encrypted(21)),
        (made.record(bytes(24), 23), tls.Encrypted(23)),
        (made.record(b"\x01", 20) + made.record(b"\x9d" * 40), tls.Encrypted(22)),
        (made.record(b"\x01", 20) + made.record(b"\x9d" * 40, 23), tls.Encrypted(23)),
    ],
)
def test_records_that_are_no_handshake(data, body):
    assert tls.parse(data, from_responder=False) == (body, len(data))


def test_only_final_alerts_satisfy():
    assert [tls.Alert(2, 48).satisfied, tls.Alert(1, 112).satisfied, tls.Alert(1, 0).satisfied] == [True, False, True]


def test_change_of_cipher_waits_for_what_follows():
    change = made.record(b"\x01", 20)
    assert tls.parse(change, from_responder=False) is NEED_MORE
    assert tls.parse(change, from_responder=False, final=True) == (tls.Encrypted(20), len(change))


def test_hello_whose_last_extension_does_not_fit_still_says_what_comes_before():
    hello, _ = tls.parse(made.record(made.message(1, made.client_hello_body()[:-1])), from_responder=False)
    assert (hello.cut, hello.ja3, hello.ja4, list(hello.names())) == (True, "", "", [("www.example.com", "tls-sni")])


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"\x16\x02\x00\x00\x05",  # major version 2
        b"\x16\x03\x01\xff\xff",  # record of 65535 bytes
        b"\x16\x03\x01\x00\x00",  # record of nothing
        made.record(b"\xc8\x00\x00\x04"),  # unknown handshake type
        made.record(b"\x01\x04\x00\x01"),  # message of more than 256 KiB
        made.record(b"\x01\x00\x40\x00half") + made.record(b"\x02\x30", 21),  # alert inside a message
        made.record(made.message(1, b"\x03\x03")),
        made.record(made.message(2, made.server_hello_body(5)[:30])),
        made.record(made.message(2, made.server_hello_body(5, (b"\0\0\0\x09",)))),
        made.record(made.message(11, b"\0\0\x09")),
        made.record(made.message(11, made.sized(b"\0\0\x09", 3))),
    ],
)
def test_what_cannot_be_raises(data):
    with pytest.raises(ValueError):
        tls.parse(data, from_responder=False)
    assert bulk([data]) == [None]


def test_ssl2_compatible_hello():
    data = bytes.fromhex("802e010301001500000010" + "00002f 000035 00000a 010080 0700c0 030080 0000ff" + "ab" * 16)
    hello, used = tls.parse(data, from_responder=False)
    assert (used, hello.version, hello.cipher_suites, hello.ja3, hello.ja4) == (
        48,
        0x0301,
        (0x2F, 0x35, 0x0A, 0x010080, 0x0700C0, 0x030080, 0xFF),
        "",
        "",
    )
    assert tls.recognise(heads(data, data + b"\0")).tolist() == [True, False]
    assert bulk([data]) == [None]


def test_recognise():
    yes = [
        HELLO,
        made.client_hello(),
        made.record(made.message(2, made.server_hello_body(5))),
        made.record(b"\x02\x28", 21),
        made.record(bytes(40), 23),
        made.record(b"\x01", 20) + b"\x16",
    ]
    no = [
        b"GET / HTTP/1.1",
        b"\x16\x03\x01",
        b"\x16\x03\x01\x00\x40\x09\x00\x00\x00\x03",
        b"\x17\x03\x05\x00\x40" + bytes(40),
        b"\x16\x03\x01\x00\x40\x01\x00\x00\x3c\x07",
        b"",
    ]
    assert tls.recognise(heads(*yes)).tolist() == [True] * len(yes)
    assert tls.recognise(heads(*no)).tolist() == [False] * len(no)


def test_bulk_gives_what_parse_gives():
    whole = made.client_hello()
    old_server = made.message(2, made.server_hello_body(0xC02F))
    new_server = made.message(2, made.server_hello_body(0x1301, (made.extension(0x002B, b"\x03\x04"),)))
    chain = made.message(11, b"\0\0\0")
    answer = made.record(old_server) + made.record(chain[:5]) + made.record(chain[5:])
    streams = [
        [whole],
        [whole[:3], whole[3:70], whole[70:]],
        [whole[:-1]],
        [made.record(whole[5:60]) + made.record(whole[60:])],
        [b"\x16"],
        [b"\x16\x03\x01\x00\x01\x01"],
        [answer],
        [answer[:50], answer[50:-2], answer[-2:] + b"\x17\x03\x03"],
        [made.record(old_server + chain)],
        [made.record(new_server) + made.record(b"\1", 20)],
        [made.record(b"\x02\x30", 21)],
        [made.record(old_server), made.record(b"\x01\x00", 21), made.record(b"\x17" * 20, 23)],
        [made.record(b"\x17" * 40, 23)[:9], b"rest"],
        [made.record(b"\x63\0\0\0")],
    ]
    assert bulk(*streams) == [chunk_by_chunk(stream) for stream in streams]


def test_bulk_ends_where_the_cipher_changes():
    stream = [made.record(made.message(2, made.server_hello_body(0xC02F))) + made.record(b"\1", 20)]
    assert [body for body, _ in bulk(stream)[0]][1:] == [tls.Encrypted(20)]


@given(st.data())
def test_bulk_and_parse_agree_on_any_damage(data):
    server = made.record(made.message(2, made.server_hello_body(0xC02F)) + made.message(11, b"\0\0\0"))
    stream = bytearray(data.draw(st.sampled_from([made.client_hello(), server, made.client_hello() + server])))
    for _ in range(data.draw(st.integers(0, 3))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(stream)))
    chunks = [bytes(piece) for piece in (stream[:cut], stream[cut:]) if piece]
    told = bulk(chunks)[0]
    if told is not None and tls.Encrypted(20) not in [body for body, _ in told]:
        assert told == chunk_by_chunk(chunks)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=4), st.integers(0, 300), st.booleans())
def test_mutated_hellos_bulk_equals_parse(changes, cut, browser):
    data = bytearray(made.client_hello() if browser else HELLO)
    for at, value in changes:
        data[at % len(data)] = value
    payload = bytes(data[: cut or len(data)])
    told = bulk([payload])[0]
    assert told is None or told == chunk_by_chunk([payload])


@given(
    st.sampled_from(
        [b"", b"\x16\x03\x01", b"\x16\x03\x01\x00\x80\x01\x00\x00\x7c\x03\x03", b"\x14\x03\x03\x00\x01\x01", b"\x80\x2e\x01", HELLO[:50]]
    ),
    st.binary(max_size=300),
    st.booleans(),
)
def test_anything_is_a_body_need_more_or_value_error(beginning, rest, final):
    data = beginning + rest
    try:
        parsed = tls.parse(data, from_responder=True, final=final)
    except ValueError:
        return
    if not isinstance(parsed, NeedMore):
        assert 0 < parsed[1] <= len(data)


def handshake(version: ssl.TLSVersion, pem: str) -> tuple[bytes, bytes, ssl.SSLObject]:
    """Bytes of client and server of a whole handshake by OpenSSL, and the client."""
    of_client, of_server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    of_client.check_hostname, of_client.verify_mode = False, ssl.CERT_NONE
    of_server.load_cert_chain(pem)
    for context in (of_client, of_server):
        context.minimum_version = context.maximum_version = version
        context.set_alpn_protocols(["h2", "http/1.1"])
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = of_client.wrap_bio(to_client, to_server, server_hostname="device.example.net")
    server_out = ssl.MemoryBIO()
    server_in = ssl.MemoryBIO()
    server = of_server.wrap_bio(server_in, server_out, server_side=True)
    sent: dict[str, bytes] = {"client": b"", "server": b""}
    for _ in range(4):
        for side in (client, server):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
            from_client, from_server = to_server.read(), server_out.read()
            sent["client"] += from_client
            sent["server"] += from_server
            server_in.write(from_client)
            to_client.write(from_server)
    return sent["client"], sent["server"], client


@pytest.fixture(scope="module")
def key_and_certificate(tmp_path_factory):
    key = rsa.generate_private_key(65537, 2048)
    made_certificate = making.make("device.example.net", "device.example.net", key, key, ("device.example.net", "*.example.net"))
    path = tmp_path_factory.mktemp("tls") / "device.pem"
    path.write_bytes(making.pem_with_key(made_certificate, key))
    return str(path)


def bodies(data: bytes) -> list[tls.Body]:
    found: list[tls.Body] = []
    while data and not (found and found[-1].satisfied):
        parsed = tls.parse(data, from_responder=False)
        assert not isinstance(parsed, NeedMore)
        body, used = parsed
        found.extend(body if isinstance(body, tuple) else (body,))
        data = data[used:]
    return found


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_handshake_of_openssl(version, key_and_certificate):
    of_client, of_server, client = handshake(version, key_and_certificate)
    hello = bodies(of_client)[0]
    assert (hello.server_name, hello.alpn, hello.version) == ("device.example.net", ("h2", "http/1.1"), int(version))
    server = bodies(of_server)
    assert (server[0].version, tls.version_name(server[0].version)) == (
        int(version),
        client.version().replace("v", " ") + ("" if "." in client.version() else ".0"),
    )
    assert server[0].cipher_suite in {
        cipher["id"] & 0xFFFF for cipher in ssl.create_default_context().get_ciphers() if cipher["name"] == client.cipher()[0]
    }
    if version == ssl.TLSVersion.TLSv1_2:
        assert server[0].alpn == client.selected_alpn_protocol() == "h2"
        assert server[1].chain[0].sha256 == hashlib.sha256(client.getpeercert(binary_form=True)).hexdigest()
        assert list(server[1].names()) == [("device.example.net", "certificate"), ("*.example.net", "certificate")]
    assert isinstance(bodies(of_client)[-1], tls.Encrypted if version == ssl.TLSVersion.TLSv1_2 else tls.ClientHello)
