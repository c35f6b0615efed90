"""What stands behind a link header, by Ethernet type; Ethernet itself, PPP and 802.2 have numbers here too."""

from __future__ import annotations

IPV4, IPV6, ARP_TYPE, ETHERNET, PPP = 0x0800, 0x86DD, 0x0806, 0x6558, 0x880B
PPPOE, MPLS, MPLS_MULTICAST, FABRICPATH = 0x8864, 0x8847, 0x8848, 0x8903
BACKBONE_BRIDGE, PORT_EXTENSION, VN_TAG, MACSEC, SERVICE_HEADER = 0x88E7, 0x893F, 0x8926, 0x88E5, 0x894F
LLC = 0x0004
"""802.2, in front of which Ethernet has a length."""
