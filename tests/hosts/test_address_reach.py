"""How far addresses reach."""

from __future__ import annotations

import numpy as np
import pytest

from gdsi_audit.hosts import address_reach
from gdsi_audit.hosts.address_reach import reaches
from gdsi_audit.packets.address import value


@pytest.mark.parametrize(
    ("address", "reach"),
    [
        ("10.1.2.3", address_reach.PRIVATE),
        ("172.31.255.255", address_reach.PRIVATE),
        ("172.32.0.0", address_reach.GLOBAL),
        ("192.168.0.1", address_reach.PRIVATE),
        ("100.64.0.1", address_reach.PRIVATE),
        ("100.128.0.1", address_reach.GLOBAL),
        ("169.254.1.1", address_reach.LINK_LOCAL),
        ("127.0.0.1", address_reach.LOOPBACK),
        ("224.0.0.251", address_reach.MULTICAST),
        ("255.255.255.255", address_reach.MULTICAST),
        ("0.0.0.0", address_reach.UNSPECIFIED),
        ("8.8.8.8", address_reach.GLOBAL),
        ("fe80::1", address_reach.LINK_LOCAL),
        ("fd00::1", address_reach.PRIVATE),
        ("ff02::fb", address_reach.MULTICAST),
        ("::1", address_reach.LOOPBACK),
        ("::", address_reach.UNSPECIFIED),
        ("2001:db8::1", address_reach.GLOBAL),
    ],
)
def test_reach_of_an_address(address, reach):
    hi, lo = value(address)
    assert reaches(np.array([hi], np.uint64), np.array([lo], np.uint64)).tolist() == [reach]
