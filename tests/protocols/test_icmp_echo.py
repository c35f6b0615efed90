"""Echo messages of both versions."""

from __future__ import annotations

import pytest
from conftest import heads_of

from gdsi_audit.protocols import icmp6_echo, icmp_echo

FILL = bytes(range(16, 64))


@pytest.mark.parametrize(("module", "request_type", "reply_type"), [(icmp_echo, 8, 0), (icmp6_echo, 128, 129)])
def test_sizes_and_digests(module, request_type, reply_type):
    header = b"\0\0\0\x47\x11\0\x05"
    request = module.parse([bytes([request_type]) + header + bytes(16) + FILL], from_responder=False)
    reply = module.parse([bytes([reply_type]) + header + b"\1" * 16 + FILL + b"more"], from_responder=True)
    assert (request.reply, request.identifier, request.sequence, request.data_bytes) == (False, 0x4711, 5, 64)
    assert (reply.reply, reply.data_bytes, reply.fill_digest) == (True, 68, request.fill_digest)
    assert reply.stamp_digest != request.stamp_digest
    assert module.parse([bytes([request_type]) + header], from_responder=False).fill_digest == ""


@pytest.mark.parametrize("data", [b"", b"\x08" * 7, b"\3" + bytes(20)])
def test_what_is_no_echo(data):
    for module in (icmp_echo, icmp6_echo):
        with pytest.raises(ValueError, match="offset 0"):
            module.parse([data], from_responder=False)


def test_recognition():
    payloads = [b"\x08" + bytes(7), b"\0" * 8, b"\x08\1" + bytes(8), b"\3" + bytes(30), b"\x80" + bytes(9)]
    assert icmp_echo.recognise(heads_of(payloads, transport=1)).tolist() == [True, True, False, False, False]
    assert icmp6_echo.recognise(heads_of(payloads, transport=58)).tolist() == [False, False, False, False, True]
