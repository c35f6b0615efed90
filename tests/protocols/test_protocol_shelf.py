"""What holds for every parser on the shelf."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from conftest import heads_of
from hypothesis import given, settings
from hypothesis import strategies as st

from gdsi_audit import discover
from gdsi_audit.protocols import NEED_MORE

TRANSPORTS = {"tcp": 6, "udp": 17, "icmp": 1, "icmp6": 58, "sctp": 132}
PROTOCOLS = discover.modules("gdsi_audit.protocols")
SMALL = (
    *("dhcp", "dhcpv6", "dns_tcp", "ftp", "http", "imap", "llmnr", "mdns", "mqtt", "nbns", "ntp", "pop", "router_advertisement", "smtp"),
    *("socks", "ssdp", "ssh", "stun", "stun_tcp", "adb", "irc", "ldap", "rdp", "redis", "rfb", "rtsp", "snmp", "telnet", "terminal"),
    *("bare_file", "unnamed_text", "unnamed_text_udp", "tftp"),
)
CLAIM_THE_REST = ("unnamed_text", "unnamed_text_udp")
"""Asked last: what they recognise may belong to a protocol before them."""
BEGINNINGS = (
    *(b"", b"\5\1\0\5\1\0\3\x09", b"\4\1\0\x50\0\0\0\1", b"\x10\x20\0\4MQTT\4\xc6\0\x3c", b"AUTH PLAIN ", b"USER ", b"a LOGIN ", b"220-", b"+OK "),
    *(b"\0\1\0\x08\x21\x12\xa4\x42" + bytes(12), b"\x86\0\0\0" + bytes(12), b"\7\0\0\1\0\3\0\x20", b"\x0c\0" + bytes(32) + b"\0\x09\0\x10"),
    *(b"\x24\2\6\xec" + bytes(44), b"\1\1\6\0" + bytes(232) + b"\x63\x82\x53\x63", b"SSH-2.0-", b"NOTIFY * HTTP/1.1\r\n"),
    *(b"\0\7\x84\0\0\0\0\1\0\0\0\0\x20" + b"CK" * 16 + b"\0\0\x21\0\1\0\0\0\0\0\x13\1", b"\0\x30\0\1\1\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1"),
)


def module_named(name: str):
    return next(module for module in PROTOCOLS if module.__name__.endswith("." + name))


@pytest.mark.parametrize("name", SMALL)
@settings(max_examples=60)
@given(beginning=st.sampled_from(BEGINNINGS), tail=st.binary(max_size=60), from_responder=st.booleans())
def test_any_bytes_give_a_message_need_more_or_value_error(name, beginning, tail, from_responder):
    module, data = module_named(name), beginning + tail
    try:
        outcome = module.parse(data if module.TRANSPORT == "tcp" else [data], from_responder=from_responder)
    except ValueError:
        return
    if outcome is NEED_MORE:
        return
    body, used = outcome if module.TRANSPORT == "tcp" else (outcome, len(data))
    assert dataclasses.is_dataclass(body) and body.__dataclass_params__.frozen and not hasattr(body, "__dict__")
    assert 0 < used <= len(data) or not data
    assert hash(repr(body)) is not None


@pytest.mark.parametrize("module", PROTOCOLS, ids=lambda module: module.__name__.rpartition(".")[2])
def test_the_contract_of_a_file(module):
    assert module.TRANSPORT in TRANSPORTS
    assert module.TRANSPORT == "tcp" or isinstance(module.EVERY_DATAGRAM, bool)
    assert module.__doc__
    empty = module.recognise(heads_of([], transport=TRANSPORTS[module.TRANSPORT]))
    assert (empty.dtype, empty.shape) == (np.dtype(np.bool_), (0,))


@pytest.mark.parametrize("name", SMALL)
def test_random_bytes_are_seldom_recognised(name):
    module = module_named(name)
    noise = np.random.default_rng(2).integers(0, 256, (20_000, 32), np.uint8)
    heads = heads_of([row.tobytes() for row in noise], transport=TRANSPORTS[module.TRANSPORT])
    assert module.recognise(heads).sum() <= 2


def test_no_real_datagram_is_claimed_twice(shared_datagrams):
    for datagram in shared_datagrams:
        heads = heads_of([datagram.payload], orig_port=datagram.src_port, resp_port=datagram.dst_port)
        claims = [module.__name__ for module in PROTOCOLS if module.TRANSPORT == "udp" and module.recognise(heads)[0]]
        claims = [name for name in claims if not name.endswith(CLAIM_THE_REST)]
        assert len(claims) <= 1, (datagram.capture, datagram.frame)
