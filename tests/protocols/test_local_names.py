"""NetBIOS names and SSDP by hand."""

from __future__ import annotations

import pytest
from conftest import heads_of

from gdsi_audit.protocols import nbns, ssdp


def encoded(name: str, suffix: int = 0) -> bytes:
    raw = name.encode().ljust(15) + bytes([suffix])
    return b"\x20" + b"".join(bytes([0x41 + (byte >> 4), 0x41 + (byte & 15)]) for byte in raw) + b"\0"


QUERY = b"\0\7\x01\x10\0\1\0\0\0\0\0\0" + encoded("FILESRV", 0x20) + b"\0\x20\0\1"
REGISTRATION = b"\0\7\x29\x10\0\1\0\0\0\0\0\1" + encoded("CAM") + b"\0\x20\0\1" + b"\xc0\x0c\0\x20\0\1\0\0\0\0\0\6\0\0\xc0\0\2\5"
STATUS = b"\0\7\x84\0\0\0\0\1\0\0\0\0" + encoded("*") + b"\0\x21\0\1\0\0\0\0\0\x13\1" + b"CAM".ljust(15) + b"\0\4\0"


def test_a_query_a_registration_and_a_status_response():
    assert nbns.recognise(heads_of([QUERY, REGISTRATION, STATUS, QUERY[:12] + bytes(40)], resp_port=137)).tolist() == [True, True, True, False]
    query, registration, status = (nbns.parse([data], from_responder=False) for data in (QUERY, REGISTRATION, STATUS))
    assert (query.name, query.suffix, query.opcode, list(query.hosts())) == ("FILESRV", 0x20, 0, [])
    assert (registration.opcode, list(registration.hosts())) == (5, [("CAM", "192.0.2.5")])
    assert (status.response, status.name, status.host_names) == (True, "*", ("CAM",))


@pytest.mark.parametrize("data", [b"", QUERY[:40], QUERY[:4] + bytes(8) + QUERY[12:], REGISTRATION[:-1]])
def test_what_is_no_name_message(data):
    with pytest.raises(ValueError, match="offset"):
        nbns.parse([data], from_responder=False)


NOTIFY = (
    b"NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNT: upnp:rootdevice\r\nNTS: ssdp:alive\r\nUSN: uuid:1::upnp:rootdevice\r\n"
    b"LOCATION: http://192.0.2.5/d.xml\r\nSERVER: Linux UPnP/1.0 cam/1\r\n\r\n"
)


def test_a_notification_a_search_and_a_response():
    seen = ssdp.parse([NOTIFY], from_responder=False)
    assert (seen.kind, seen.target, seen.state, seen.unique_name) == ("notify", "upnp:rootdevice", "ssdp:alive", "uuid:1::upnp:rootdevice")
    assert (seen.location, seen.server) == ("http://192.0.2.5/d.xml", "Linux UPnP/1.0 cam/1")
    search = ssdp.parse([b'M-SEARCH * HTTP/1.1\r\nMAN: "ssdp:discover"\r\nST: ssdp:all'], from_responder=False)
    assert (search.kind, search.target, search.status) == ("search", "ssdp:all", 0)
    assert ssdp.parse([b"HTTP/1.1 200 OK\r\nST: a\r\n\r\n"], from_responder=True).status == 200
    assert ssdp.recognise(heads_of([NOTIFY, b"M-SEARCH * HTTP/1.1\r\n", b"GET / HTTP/1.1"])).tolist() == [True, True, False]
    with pytest.raises(ValueError, match="offset 0"):
        ssdp.parse([b"GET / HTTP/1.1\r\n\r\n"], from_responder=False)
