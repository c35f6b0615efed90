"""Compiled walk over the first records of many TLS streams (RFC 8446 section 5, RFC 5246 section 6): where the messages are that names come from.

It does what `tls.parse` does chunk by chunk, for streams in which nothing is odd; a test holds that both agree.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import kernel, part

WAITING, DONE, ODD = 0, 1, 2
"""States of a stream. WAITING: its bytes end before all is said. ODD: `tls.parse` has to say what is wrong."""

STREAM, WHAT, AT, SIZE, ROW, COLUMNS = 0, 1, 2, 3, 4, 5
"""Columns of an event. WHAT is a handshake type, or ALERT_IN_CLEAR (AT: level, SIZE: description), or CIPHERTEXT (AT: content type). AT and SIZE:
the body of the message in `room`. ROW: the chunk that completed it."""

CLIENT_HELLO, SERVER_HELLO, CERTIFICATE = 1, 2, 11
ALERT_IN_CLEAR, CIPHERTEXT = 256, 257
CLEAR, ENCRYPTS, RETRIES = 0, 1, 2
MOST_EVENTS = 8
"""Of one stream; more is odd."""

LARGEST_RECORD_BYTES = 16_384 + 2_048
LARGEST_MESSAGE_BYTES = 256 * 1024
_CHANGE_CIPHER_SPEC, _ALERT, _HANDSHAKE, _APPLICATION_DATA, _HEARTBEAT = 20, 21, 22, 23, 24
_ALPN, _VERSIONS = 0x0010, 0x002B
_KINDS = 0x3F1F97F
"""Bits of the handshake types that exist: IANA registry "TLS HandshakeType"."""
_RETRY_BEGINS, _RETRY_ENDS = 0xCF21AD74, 0xC8A8339C
"""First and last four bytes of the random of a HelloRetryRequest (RFC 8446 section 4.1.3)."""


@part
def _number(data: NDArray[np.uint8], at: np.int64) -> np.int64:
    return (np.int64(data[at]) << 8) | np.int64(data[at + 1])


@part
def _server_hello(room: NDArray[np.uint8], at: np.int64, size: np.int64) -> int:
    """ENCRYPTS: all that follows is encrypted; RETRIES: the client has to try again; CLEAR: neither; -1: it does not fit.

    What differs between sessions is blanked, so that equal servers give equal bytes: random, session id, and the content of extensions that say
    neither version nor application protocol.
    """
    end = at + size
    if size < 38:
        return -1
    suite = at + 35 + np.int64(room[at + 34])
    if suite + 3 > end:
        return -1
    retry = (
        _number(room, at + 2) << 16 | _number(room, at + 4) == _RETRY_BEGINS and _number(room, at + 30) << 16 | _number(room, at + 32) == _RETRY_ENDS
    )
    for blank in range(at + 34 if retry else at + 2, suite):
        if blank != at + 34:
            room[blank] = 0
    version = _number(room, at)
    place = suite + 3
    if place + 2 <= end:
        extensions_end = place + 2 + _number(room, place)
        if extensions_end > end:
            return -1
        place += 2
        while place < extensions_end:
            if place + 4 > extensions_end:
                return -1
            kind, inside = _number(room, place), place + 4
            place = inside + _number(room, place + 2)
            if place > extensions_end:
                return -1
            if kind == _VERSIONS:
                version = _number(room, inside) if place - inside == 2 else _number(room, at)
            elif kind != _ALPN:
                for blank in range(inside, place):
                    room[blank] = 0
    if retry:
        return RETRIES
    return ENCRYPTS if version == 0x0304 else CLEAR


@kernel
def scan(
    data: NDArray[np.uint8],
    offset: NDArray[np.int64],
    length: NDArray[np.int32],
    gap_bytes: NDArray[np.int32],
    first: NDArray[np.int64],
    room: NDArray[np.uint8],
    states: NDArray[np.int64],
    events: NDArray[np.int64],
) -> int:
    """Walks streams, and returns how many rows of `events` are filled.

    Stream n is the chunks `first[n]` to `first[n + 1]` of `offset`, `length` and `gap_bytes`, from its first byte on; the chunks lie inside `data`.
    `room` has room for all their bytes, `states` a row and `events` MOST_EVENTS rows for each stream.
    """
    count = 0
    have = np.int64(0)
    for stream in range(first.size - 1):
        row, behind = first[stream], first[stream + 1]
        at = have
        # Handshake bytes are moved together: those not yet read lie from `unread` to `joined`.
        unread = joined = at
        begun = unclosed = count
        changed = answered = False
        state = WAITING
        while state == WAITING:
            size = np.int64(0)
            end = at + 5
            whole = False
            for step in range(2):
                while have < end and row < behind and (row == first[stream] or gap_bytes[row] == 0):
                    # Unsigned places save the look for negative ones.
                    into, source = np.uint64(have), np.uint64(offset[row])
                    for place in range(np.uint64(length[row])):
                        room[into + place] = data[source + place]
                    have += length[row]
                    row += 1
                whole = bool(have >= end)
                if step or not whole:
                    break
                size = _number(room, at + 3)
                end += size
                if room[at] == _APPLICATION_DATA:
                    # Its header says all.
                    break
            if size == 0 and not whole:
                break
            content_type, fragment = room[at], at + 5
            if content_type < _CHANGE_CIPHER_SPEC or content_type > _HEARTBEAT or room[at + 1] != 3 or room[at + 2] > 4:
                state = ODD
                break
            if size == 0 or size > LARGEST_RECORD_BYTES:
                state = ODD
                break
            if not whole:
                break
            at = end
            if content_type == _HANDSHAKE and changed:
                # A second hello in clear, or ciphertext (RFC 8446 appendix D.4).
                state = ODD if size >= 2 and room[fragment] <= SERVER_HELLO and room[fragment] >= CLIENT_HELLO and room[fragment + 1] == 0 else DONE
            if content_type == _HANDSHAKE and not changed:
                for place in range(fragment, end):
                    room[joined] = room[place]
                    joined += 1
                read = 0
                while unread + 4 <= joined and state == WAITING:
                    kind = np.int64(room[unread])
                    body_bytes = np.int64(room[unread + 1]) << 16 | _number(room, unread + 2)
                    if kind > 25 or not (_KINDS >> kind) & 1 or body_bytes > LARGEST_MESSAGE_BYTES:
                        if read:
                            unread = joined
                        else:
                            state = ODD
                        break
                    if unread + 4 + body_bytes > joined:
                        break
                    if kind in (CLIENT_HELLO, SERVER_HELLO, CERTIFICATE):
                        if count - begun == MOST_EVENTS:
                            state = ODD
                            break
                        events[count, STREAM] = stream
                        events[count, WHAT] = kind
                        events[count, AT] = unread + 4
                        events[count, SIZE] = body_bytes
                        count += 1
                    unread += 4 + body_bytes
                    read += 1
                if state == WAITING and unread == joined and count > unclosed:
                    for event in range(unclosed, count):
                        events[event, ROW] = row - 1
                        if events[event, WHAT] == SERVER_HELLO:
                            said = _server_hello(room, events[event, AT], events[event, SIZE])
                            if said < 0:
                                state = ODD
                            elif said == ENCRYPTS and event == count - 1 and state == WAITING:
                                state = DONE
                            answered = answered or said == CLEAR
                    if state == WAITING and events[count - 1, WHAT] != SERVER_HELLO:
                        state = DONE
                    unclosed = count
                continue
            if joined > unread:
                state = ODD
            elif content_type == _CHANGE_CIPHER_SPEC and not answered:
                changed = True
            elif content_type != _HEARTBEAT and state != ODD:
                if count - begun == MOST_EVENTS:
                    state = ODD
                    break
                in_clear = content_type == _ALERT and size == 2 and (room[fragment] == 1 or room[fragment] == 2)
                events[count, STREAM] = stream
                events[count, WHAT] = ALERT_IN_CLEAR if in_clear else CIPHERTEXT
                events[count, AT] = room[fragment] if in_clear else content_type
                events[count, SIZE] = room[fragment + 1] if in_clear else 0
                events[count, ROW] = row - 1
                count += 1
                unclosed = count
                changed = False
                # Behind the change of cipher that follows an answer up to version 1.2 all is ciphertext.
                if not in_clear or room[fragment] == 2 or room[fragment + 1] == 0:
                    state = DONE
        states[stream] = state
        if state != DONE:
            count = begun
    return count
