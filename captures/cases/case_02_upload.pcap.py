"""Case 2: an upload that nobody was told of goes to an allowed host, and the same upload where it is declared.

Planted and harmless: 4 MB in one connection to the vendor's interface, 200 bytes back. The wire cannot differ, so the declarations do:
`case_02_upload.toml` speaks of settings only, `case_02_upload_benign.toml` of up to 10 MB of video a day.
"""

from __future__ import annotations

from captures._device import uploads
from captures._vendor import API, API_SERVER, case, started

UPLOAD_BYTES = 4_000_000


def upload(*, ip_version: int) -> bytes:
    """4 MB up, 200 bytes down."""
    capture = started(ip_version, "case 2")
    uploads(capture, 60.0, API_SERVER, UPLOAD_BYTES, API)
    return capture.pcap()


CAPTURES = case("case_02_upload", upload, upload)
