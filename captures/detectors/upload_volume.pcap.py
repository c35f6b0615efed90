"""A camera that sends more to its relay in a day than was stated, and one that spreads the same clips over three days.

Reported: four clips of 25 kB within eighteen hours, where 60 kB a day are stated. Benign: the same four clips, a day apart.
"""

from __future__ import annotations

from functools import partial

from captures._device import begun, uploads
from captures._home import behind_router

RELAY = behind_router("116.202.1.1", "2a01:4f8:1::1")
CLIPS, CLIP_BYTES, HOUR_S = 4, 25_000, 3_600.0


def recorded(*, ip_version: int, every_s: float, seed: str) -> bytes:
    capture = begun(ip_version, seed)
    for number in range(CLIPS):
        uploads(capture, 5.0 + every_s * number, RELAY, CLIP_BYTES, "relay.cams.example")
    return capture.pcap()


reported = partial(recorded, every_s=6 * HOUR_S, seed="upload volume")
benign = partial(recorded, every_s=25 * HOUR_S, seed="upload volume, benign")

CAPTURES = {
    "upload_volume.pcap": partial(reported, ip_version=4),
    "upload_volume_v6.pcap": partial(reported, ip_version=6),
    "upload_volume_benign.pcap": partial(benign, ip_version=4),
    "upload_volume_benign_v6.pcap": partial(benign, ip_version=6),
}
