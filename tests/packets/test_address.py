"""Addresses and their text."""

from __future__ import annotations

import ipaddress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdsi_audit.packets import address

PAIRS = [
    ("192.0.2.1", 0, 0xFFFF_C000_0201),
    ("0.0.0.0", 0, 0xFFFF_0000_0000),
    ("::", 0, 0),
    ("::1", 0, 1),
    ("2001:db8::1", 0x20010DB8_00000000, 1),
    ("fe80::1:0:0:1", 0xFE80_0000_0000_0000, 0x0001_0000_0000_0001),
]


@pytest.mark.parametrize(("text", "hi", "lo"), PAIRS)
def test_text_and_value_agree(text, hi, lo):
    assert address.text(hi, lo) == text
    assert address.value(text) == (hi, lo)


def test_texts_keeps_order_and_repeats():
    hi = np.array([0, 0x20010DB8_00000000, 0], dtype=np.uint64)
    lo = np.array([0xFFFF_C000_0201, 1, 0xFFFF_C000_0201], dtype=np.uint64)
    assert address.texts(hi, lo).tolist() == ["192.0.2.1", "2001:db8::1", "192.0.2.1"]
    assert address.texts(hi[:0], lo[:0]).tolist() == []


@given(st.ip_addresses())
def test_any_address_comes_back(ip):
    text = str(ip.ipv4_mapped or ip) if isinstance(ip, ipaddress.IPv6Address) else str(ip)
    assert address.text(*address.value(str(ip))) == text


@pytest.mark.parametrize("text", ["", "1.2.3", "fe80::1%eth0", "2001:db8::/32", "example.org"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError):
        address.value(text)


def test_mac_text():
    assert address.mac_text(0x0200_0000_00FF) == "02:00:00:00:00:ff"


@given(st.lists(st.sampled_from((0, 0, 1, 0xABC, 0xFFFF)), min_size=8, max_size=8))
def test_runs_of_zeros_are_shortened_as_rfc_5952_says(groups):
    number = sum(group << 16 * place for place, group in enumerate(groups))
    ip = ipaddress.IPv6Address(number)
    assert address.text(number >> 64, number & (1 << 64) - 1) == str(ip.ipv4_mapped or ip)
