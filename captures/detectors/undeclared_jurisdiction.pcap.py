"""A camera whose declared destination is elsewhere than declared, and one of which that cannot be said.

Reported: 50 kB to the declared `ingest.cams.example`, at an address that both embedded databases place in Brazil; Germany and its neighbours in the
union were declared. Benign: the same name at an address in Germany, and a declared name at an anycast network, which is in no single country.
"""

from __future__ import annotations

from functools import partial

from captures._device import begun, uploads
from captures._home import behind_router

INTERFACE = behind_router("52.28.0.10", "2a05:d014:1::10")
FAR = behind_router("177.71.200.10", "2600:1f1e:100::10")
NEAR = behind_router("52.28.0.20", "2a05:d014:1::20")
ANYCAST = behind_router("104.16.1.1", "2606:4700::6810:101")


def reported(*, ip_version: int) -> bytes:
    """An upload to a declared name that is in another country than declared."""
    capture = begun(ip_version, "undeclared jurisdiction")
    uploads(capture, 2.0, INTERFACE, 900, "api.cams.example")
    uploads(capture, 5.0, FAR, 50_000, "ingest.cams.example")
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    """Declared names in the declared place, and at an anycast network."""
    capture = begun(ip_version, "undeclared jurisdiction, benign")
    uploads(capture, 2.0, ANYCAST, 900, "api.cams.example", "cams.content.example")
    uploads(capture, 5.0, NEAR, 50_000, "ingest.cams.example")
    return capture.pcap()


CAPTURES = {
    "undeclared_jurisdiction.pcap": partial(reported, ip_version=4),
    "undeclared_jurisdiction_v6.pcap": partial(reported, ip_version=6),
    "undeclared_jurisdiction_benign.pcap": partial(benign, ip_version=4),
    "undeclared_jurisdiction_benign_v6.pcap": partial(benign, ip_version=6),
}
