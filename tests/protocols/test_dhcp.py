"""DHCP, DHCPv6 and router advertisements by hand."""

from __future__ import annotations

from ipaddress import IPv6Address

import pytest
from conftest import heads_of

from gdsi_audit.protocols import dhcp, dhcpv6, router_advertisement

MAC = bytes.fromhex("020000000050")


def option(code: int, value: bytes) -> bytes:
    return bytes([code, len(value)]) + value


def option6(code: int, value: bytes) -> bytes:
    return code.to_bytes(2) + len(value).to_bytes(2) + value


def bootp(*options: bytes, operation: int = 1, file: bytes = b"", yours: bytes = bytes(4)) -> bytes:
    fixed = bytes([operation, 1, 6, 0]) + b"\0\0\0\x2a" + bytes(8) + yours + bytes(8) + MAC + bytes(10) + bytes(64) + file.ljust(128, b"\0")
    return fixed + dhcp.COOKIE + b"".join(options) + b"\xff"


def test_a_request():
    data = bootp(
        *(option(53, b"\3"), option(12, b"cam\0"), b"\0", option(60, b"udhcp 1.2"), option(61, b"\1" + MAC), option(50, bytes([192, 0, 2, 5]))),
        *(option(55, b"\1\3\6"), option(81, b"\0\0\0cam.example"), option(161, b"https://m.example/c.json")),
    )
    assert dhcp.recognise(heads_of([data], orig_port=68, resp_port=67))[0]
    request = dhcp.parse([data], from_responder=False)
    assert (request.message_type, request.transaction, request.client_mac, request.from_server) == (3, 42, 0x020000000050, False)
    assert (request.hostname, request.vendor_class, request.fqdn) == ("cam", "udhcp 1.2", "cam.example")
    assert (request.client_id, request.requested_address) == ("\\x01\\x02\\x00\\x00\\x00\\x00P", "192.0.2.5")
    assert (request.parameters, request.mud_url) == ((1, 3, 6), "https://m.example/c.json")
    assert request.options[:2] == ((53, 1), (12, 4))


def test_an_offer_with_a_split_option_and_one_in_the_boot_file():
    servers = [option(6, bytes([192, 0, 2, 1])), option(6, bytes([192, 0, 2, 2]))]
    file = option(42, bytes([192, 0, 2, 3])) + b"\xff"
    lease = (option(51, b"\0\0\x0e\x10"), option(54, bytes([192, 0, 2, 1])), option(3, bytes([192, 0, 2, 254])), option(15, b"lab"))
    offer = dhcp.parse([bootp(*servers, *lease, option(52, b"\1"), operation=2, file=file, yours=bytes([192, 0, 2, 9]))], from_responder=True)
    assert (offer.from_server, offer.your_address, offer.lease_s, offer.server_id) == (True, "192.0.2.9", 3600, "192.0.2.1")
    assert (offer.dns_servers, offer.ntp_servers) == (("192.0.2.1", "192.0.2.2"), ("192.0.2.3",))
    assert (offer.routers, offer.domain) == (("192.0.2.254",), "lab")


@pytest.mark.parametrize("data", [b"", bootp()[:235], b"\3" + bootp()[1:], bootp()[:-1] + b"\x0c\x09ab", bootp()[:-1] + b"\x0c"])
def test_what_is_no_dhcp_message(data):
    with pytest.raises(ValueError, match="offset"):
        dhcp.parse([data], from_responder=False)


def test_the_name_in_labels():
    assert dhcp.parse([bootp(option(81, b"\4\0\0\3cam\7example"))], from_responder=False).fqdn == "cam.example"


SERVER = IPv6Address("2001:db8::53")
REPLY6 = (
    b"\7\0\0\x2a"
    + option6(1, b"\0\3\0\1" + MAC)
    + option6(3, bytes(12) + option6(5, IPv6Address("2001:db8::9").packed + bytes(8)))
    + option6(25, bytes(12) + option6(26, bytes(8) + b"\x38" + IPv6Address("2001:db8:1::").packed))
    + option6(23, SERVER.packed)
    + option6(24, b"\3lab\7example\0")
    + option6(39, b"\0\3cam\7example")
    + option6(56, option6(1, IPv6Address("2001:db8::123").packed))
    + option6(16, b"\0\0\1\x37\0\3abc")
    + option6(112, b"https://m.example/c.json")
)


def test_a_reply_of_dhcpv6():
    assert dhcpv6.recognise(heads_of([REPLY6], orig_port=546, resp_port=547))[0]
    reply = dhcpv6.parse([REPLY6], from_responder=True)
    assert (reply.message_type, reply.transaction, reply.client_mac, reply.duid) == (7, 42, 0x020000000050, "00030001020000000050")
    assert (reply.addresses, reply.prefixes) == (("2001:db8::9",), ("2001:db8:1::/56",))
    assert (reply.dns_servers, reply.ntp_servers, reply.domains) == (("2001:db8::53",), ("2001:db8::123",), ("lab.example",))
    assert (reply.fqdn, reply.vendor_enterprise, reply.vendor_class) == ("cam.example", 311, "abc")
    assert reply.mud_url == "https://m.example/c.json"


def test_a_relayed_message_is_taken_out_of_its_envelopes():
    data, peer = REPLY6, IPv6Address("fe80::9")
    for _ in range(2):
        data = b"\x0d\0" + bytes(16) + peer.packed + option6(9, data)
    reply = dhcpv6.parse([data], from_responder=True)
    assert (reply.relays, reply.peer_address, reply.addresses) == (2, "fe80::9", ("2001:db8::9",))


@pytest.mark.parametrize("data", [b"\1\0", b"\x0c" + bytes(33), REPLY6[:-1], REPLY6[:7]])
def test_what_is_no_dhcpv6_message(data):
    with pytest.raises(ValueError, match=r"header|relay|option"):
        dhcpv6.parse([data], from_responder=False)


def test_a_router_advertisement():
    data = b"\x86\0\0\0\x40\xc0\x07\x08" + bytes(8) + b"\1\1" + MAC
    data += b"\3\4\x40\xc0" + bytes(12) + IPv6Address("2001:db8::").packed + b"\x19\3\0\0\0\0\x02\x58" + SERVER.packed
    data += b"\x1f\3\0\0\0\0\x02\x58\3lab\7example\0" + bytes(3)
    assert router_advertisement.recognise(heads_of([data], transport=58))[0]
    seen = router_advertisement.parse([data], from_responder=False)
    assert (seen.lifetime_s, seen.managed, seen.other, seen.router_mac) == (1800, True, True, 0x020000000050)
    assert (seen.prefixes, seen.resolvers, seen.domains) == (("2001:db8::/64",), (("2001:db8::53", 600),), ("lab.example",))
    for broken in (data[:15], data[:-1], data + bytes(8)):
        with pytest.raises(ValueError, match="offset"):
            router_advertisement.parse([broken], from_responder=False)
