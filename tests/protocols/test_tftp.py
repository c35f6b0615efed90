"""TFTP (RFC 1350)."""

from __future__ import annotations

import pytest
from conftest import heads_of

from gdsi_audit.protocols import tftp

READ = b"\0\x01firmware.bin\0octet\0"  # 00 01 | file name 00 | mode 00
WRITE = b"\0\x02config.txt\0NetASCII\0blksize\0" + b"1428\0"  # with an option (RFC 2347)
BLOCK = b"\0\x03\0\x01\x27\x05\x19\x56" + bytes(508)  # 00 03 | block 00 01 | a U-Boot image


@pytest.mark.parametrize(
    ("data", "port", "expected"),
    [
        (READ, 50_001, True),
        (WRITE, 69, True),
        (BLOCK, 50_001, True),
        (b"\0\x01" + b"long/" * 9 + b"\0octet\0", 69, True),
        (b"\0\x01" + b"long/" * 9 + b"\0octet\0", 50_001, False),
        (b"\0\x03\0\x01plain text in a first block, no magic", 50_001, False),
        (b"\0\x03\0\x02\x27\x05\x19\x56" + bytes(508), 50_001, False),
        (b"\0\x01\0\x08\x21\x12\xa4\x42" + bytes(20), 50_001, False),
        (b"\0\x01a\0b\0", 69, False),
    ],
)
def test_requests_and_first_blocks(data, port, expected):
    assert bool(tftp.recognise(heads_of([data], resp_port=port))[0]) is expected


def test_what_is_asked_for_and_sent():
    asked = tftp.parse([READ], from_responder=False)
    assert (asked.write, asked.file_name, asked.mode) == (False, "firmware.bin", "octet")
    assert tftp.parse([WRITE], from_responder=False).write
    sent = tftp.parse([BLOCK], from_responder=False)
    assert (sent.word, sent.role, len(sent.prefix)) == ("U-Boot image", "code", 512)
    with pytest.raises(ValueError, match="offset 0"):
        tftp.parse([b"\0\x03\0\x02"], from_responder=True)
