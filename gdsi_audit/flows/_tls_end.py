"""Where the clear part of a TLS stream ends: nobody reads encrypted records."""

from __future__ import annotations

from typing import Any

import numpy as np

from gdsi_audit.kernels import part

TLS_UNKNOWN, TLS_RECORDS, TLS_AFTER_CCS, TLS_NONE = range(4)
CHANGE_CIPHER_SPEC, HANDSHAKE, APPLICATION_DATA = 20, 22, 23


@part
def tls_end(endpoint: Any, data: Any, offset: Any, length: Any) -> Any:
    """How many of `length` stream bytes come before the encrypted records; fewer than `length` where those begin.

    Records as of RFC 8446 section 5.1. After ChangeCipherSpec a handshake record is encrypted, unless it is a ClientHello or ServerHello in clear
    (the answer to a HelloRetryRequest).
    """
    place = 0
    left: Any = np.int64(endpoint.record_left)
    head: Any = np.int64(endpoint.record_head)
    begin = 0
    while place < length:
        if head == 5 and left > 0:
            if endpoint.tls == TLS_AFTER_CCS and endpoint.record_type == HANDSHAKE:
                clear = place + 1 < length and 1 <= data[offset + place] <= 2 and data[offset + place + 1] == 0
                if not clear:
                    return begin
                endpoint.tls = TLS_RECORDS
            step = left if left < length - place else length - place
            left -= step
            place += step
            if left == 0:
                head = 0
            continue
        byte = np.int64(data[offset + place])
        if head == 0:
            begin = place
            if byte == APPLICATION_DATA or byte < CHANGE_CIPHER_SPEC or byte > APPLICATION_DATA:
                return begin
            endpoint.record_type = byte
        elif head == 3:
            left = byte << 8
        elif head == 4:
            left |= byte
            if endpoint.record_type == CHANGE_CIPHER_SPEC:
                endpoint.tls = TLS_AFTER_CCS
        head += 1
        if head == 5 and left == 0:
            head = 0
        place += 1
    endpoint.record_left = left
    endpoint.record_head = head
    return length
