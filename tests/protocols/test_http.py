"""HTTP/1.x by hand, and any bytes."""

from __future__ import annotations

import contextlib

import pytest
from conftest import heads_of
from hypothesis import given, settings
from hypothesis import strategies as st

from gdsi_audit.protocols import NEED_MORE, _http_target, http

REQUEST = (
    b"POST /up?id=1 HTTP/1.1\r\nHost: API.Example:8080\r\nUser-Agent: cam/1\r\nAuthorization: Basic dTpw\r\nCookie: a=b\r\n"
    b"Referer: http://r/\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
)


def parsed(data: bytes, *, from_responder: bool = False):
    return http.parse(data, from_responder=from_responder)


def test_a_request_with_its_body():
    request, used = parsed(REQUEST + b"GET / HTTP/1.1\r\n")
    assert used == len(REQUEST)
    assert (request.method, request.target, request.version, request.host) == ("POST", "/up?id=1", "1.1", "api.example")
    assert (request.user_agent, request.authorization_scheme, request.authorization) == ("cam/1", "basic", "Basic dTpw")
    assert (request.cookie, request.referer, request.content_type, request.content_length) == (True, "http://r/", "text/plain", 5)
    assert (request.body_prefix, request.body_bytes_missing, request.malformed_lines) == (b"hello", 0, 0)
    assert list(request.names()) == [("api.example", "http-host")]
    assert request.headers[0] == ("host", "API.Example:8080")


def test_a_short_body_is_waited_for_and_counted_where_it_never_comes():
    assert parsed(REQUEST[:-3]) is NEED_MORE
    request, used = http.parse(REQUEST[:-3], from_responder=False, final=True)
    assert (used, request.body_prefix, request.body_bytes_missing) == (len(REQUEST) - 3, b"he", 3)
    request, used = parsed(REQUEST.replace(b": 5", b": 5000"))
    assert (request.body_prefix, request.body_bytes_missing) == (b"hello", 4995), "a long one is not"


def test_a_head_that_has_not_ended_waits_until_it_is_too_long():
    head = b"GET / HTTP/1.1\r\nHost: a.example\r\nCookie: "
    assert parsed(head) is NEED_MORE
    assert parsed(b"GE") is NEED_MORE
    request, used = parsed(head.ljust(17_000, b"x"))
    assert (request.host, used, request.body_bytes_missing) == ("a.example", 17_000, -1)


@pytest.mark.parametrize(
    ("data", "hosts", "user_agent"),
    [
        (b"GET /a HTTP/1.1\r\nHost: cam.example\r\nUser-Agent: fw", ("cam.example",), ""),
        (b"GET /a HTTP/1.1\r\nHost: cam.exam", (), ""),
        (b"GET /a HTTP/1.1\r\nUser-Agent: fw/2\r\nHost: cam.example\r\n", ("cam.example",), "fw/2"),
    ],
)
def test_of_a_head_that_never_ends_the_lines_that_did_are_read(data, hosts, user_agent):
    assert http.parse(data, from_responder=False) is NEED_MORE
    request, _ = http.parse(data, from_responder=False, final=True)
    assert (request.target, request.hosts, request.user_agent) == ("/a", hosts, user_agent)


def test_of_a_start_line_that_never_ends_nothing_is_read():
    assert http.parse(b"GET /images/logo.gif HTTP", from_responder=False, final=True) is NEED_MORE


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        (b"a.example", "a.example"),
        (b" A.example.:443 ", "a.example"),
        (b"[2001:DB8::1]:80", "2001:db8::1"),
        (b"[::1]", "::1"),
        (b"192.0.2.1:8000", "192.0.2.1"),
        (b"", ""),
        (b"a:b:c", "a:b:c"),
        (b"evil\x1b[0m", "evil\\x1b[0m"),
    ],
)
def test_the_host_of_an_authority(authority, host):
    assert _http_target.host_of(authority) == host


@pytest.mark.parametrize(
    ("head", "hosts"),
    [
        (b"GET http://user@o.example:80/x HTTP/1.1\r\nHost: h.example", ("o.example", "h.example")),
        (b"GET / HTTP/1.0\r\nX: y", ()),
        (b"GET / HTTP/1.1\r\nHost :  h.example  ", ("h.example",)),
        (b"GET / HTTP/1.1\r\nX: a\r\n b\r\nHOST:h.example", ("h.example",)),
        (b"GET / HTTP/1.1\r\nHost:\r\n h.example", ("h.example",)),
        (b"GET /a b HTTP/1.1\r\nHost: h.example", ("h.example",)),
        (b"\r\nGET / HTTP/1.1\r\nHost: h.example", ("h.example",)),
        (b"GET / HTTP/1.1\r\nHost: h.example\r\nHost: i.example", ("h.example", "i.example")),
    ],
)
def test_hosts_of_a_request(head, hosts):
    for line_end in (b"\r\n", b"\n"):
        request, used = parsed(head.replace(b"\r\n", line_end) + line_end * 2)
        assert request.hosts == hosts
        assert used == len(head.replace(b"\r\n", line_end)) + len(line_end) * 2


def test_a_connect_request_names_its_target_and_is_a_class_of_its_own():
    request, _ = parsed(b"CONNECT t.example:443 HTTP/1.1\r\nHost: proxy.example\r\n\r\n")
    assert type(request).__name__ == "Connect"
    assert list(request.names()) == [("t.example", "connect")]


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("body", "prefix", "missing", "behind"),
    [
        (b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", b"abcde", 0, b"HTTP/1.1"),
        (b"3\r\nabc\r\n0\r\nT: u\r\n\r\n", b"abc", 0, b"HTTP/1.1"),
        (b"3\nabc\n0\n\n", b"abc", 0, b"HTTP/1.1"),
        (b"ff\r\nabc", b"abc", -1, b""),
        (b"3\r\nabc\r\n", b"abc", -1, b""),
        (b"zz\r\nabc", b"", -1, b""),
    ],
)
def test_chunked_bodies(body, prefix, missing, behind):
    response, used = parsed(CHUNKED + body + behind, from_responder=True)
    assert (response.body_prefix, response.body_bytes_missing, used) == (prefix, missing, len(CHUNKED + body))


@pytest.mark.parametrize(
    ("head", "missing", "used_of_body"),
    [(b"204 No Content", 0, 0), (b"304 Not Modified\r\nContent-Length: 9", 0, 0), (b"200 OK", -1, 4), (b"200\r\nContent-Length: 2", 0, 2)],
)
def test_responses_and_where_their_bodies_end(head, missing, used_of_body):
    data = b"HTTP/1.1 " + head + b"\r\n\r\n"
    response, used = parsed(data + b"body", from_responder=True)
    assert (response.body_bytes_missing, used) == (missing, len(data) + used_of_body)


def test_a_switch_of_protocols_ends_http():
    response, _ = parsed(b"HTTP/1.1 101 Switching\r\nUpgrade: WebSocket\r\nServer: s\r\n\r\n\x81\x05", from_responder=True)
    assert (response.satisfied, response.upgrade, response.status, response.server) == (True, "websocket", 101, "s")


def test_the_preface_of_http2():
    assert parsed(http.PREFACE + b"\0\0") == (http.Http2Preface(), 24)
    assert parsed(http.PREFACE[:20]) is NEED_MORE
    with pytest.raises(ValueError, match="preface"):
        parsed(b"PRI * HTTP/2.0\r\n\r\nXX")


def test_conflicting_lengths_are_told():
    request, _ = parsed(b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\nnonsense\r\n\r\n0\r\n\r\n")
    assert (request.conflicting_lengths, request.malformed_lines) == (True, 1)


@pytest.mark.parametrize("data", [b"\x16\x03\x01\x00", b"GET(/ HTTP/1.1", b"OPTIONS sip:x SIP/2.0\r\n\r\n", b"A" * 40, b"SSH-2.0-x\r\n\r\n"])
def test_other_protocols_are_refused(data):
    with pytest.raises(ValueError, match="offset 0"):
        parsed(data)


def test_requests_of_protocols_that_borrow_the_methods_are_not_http():
    payloads = [b"OPTIONS rtsp://192.168.1.50/live RTSP/1.0\r\n", b"NOTIFY sip:camera@example SIP/2.0\r\n", b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n"]
    payloads += [b"OPTIONS * HTTP/1.1\r\n", b"GET /of/RTSP/1.0 HTTP/1.1\r\n"]
    assert http.recognise(heads_of(payloads, transport=6)).tolist() == [False, False, False, True, True]


def test_recognition():
    payloads = [REQUEST, b"HTTP/1.1 200 OK\r\n", http.PREFACE, b"FROB / HTTP/1.1\r\n", b"USER anonymous\r\n", b"\x16\x03\x01", b"get / HTTP/1.1"]
    assert http.recognise(heads_of(payloads, transport=6)).tolist() == [True, True, True, True, False, False, False]


@settings(max_examples=200)
@given(st.sampled_from([b"", REQUEST, CHUNKED, b"GET / HTTP/1.1\r\n", b"HTTP/1.0 200 OK\r\n\r\n"]), st.integers(0, 200), st.binary(max_size=80))
def test_any_bytes_give_a_message_need_more_or_value_error(seed, cut, tail):
    with contextlib.suppress(ValueError):
        outcome = parsed(seed[:cut] + tail)
        assert outcome is NEED_MORE or 0 < outcome[1] <= len(seed[:cut] + tail)


def test_a_response_with_a_type_waits_for_the_first_bytes_of_its_body():
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 9\r\n\r\n"
    assert http.parse(head, from_responder=True) is NEED_MORE
    assert http.parse(head + b"\x7fELF", from_responder=True)[0].body_prefix == b"\x7fELF"
    message, used = http.parse(head, from_responder=True, final=True)
    assert (message.body_prefix, message.body_bytes_missing, used) == (b"", 9, len(head))
    tunnel = b"HTTP/1.1 200 Connection established\r\n\r\n"
    assert http.parse(tunnel, from_responder=True)[1] == len(tunnel)
