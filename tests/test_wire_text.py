from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gdsi_audit.wire_text import LONGEST_TEXT_BYTES, display, original


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"cams.example", "cams.example"),
        ("bücher.example".encode(), "bücher.example"),
        (b"\x1b]0;PWN\x07", "\\x1b]0;PWN\\x07"),
        (b"a\r\nINFO forged", "a\\x0d\\x0aINFO forged"),
        (b"back\\slash", "back\\x5cslash"),
        (b"\\x41", "\\x5cx41"),
        ("\u202eevil".encode(), "\\xe2\\x80\\xaeevil"),
        (b"\xff\xfe", "\\xff\\xfe"),
        (b"\xed\xa0\x80", "\\xed\\xa0\\x80"),
        (b"\x00", "\\x00"),
        (b"", ""),
    ],
)
def test_display_form(raw, shown):
    assert display(raw) == shown


@given(st.one_of(st.binary(max_size=300), st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass"))))
@example("é\\x".encode())
def test_round_trip(raw):
    shown = display(raw)
    assert shown.isprintable()
    assert original(shown) == raw


def test_long_text_is_cut_and_says_so():
    shown = display(b"a" * (LONGEST_TEXT_BYTES + 1))
    assert shown == "a" * LONGEST_TEXT_BYTES + "\\x…"
    with pytest.raises(ValueError, match="cut"):
        original(shown)
    assert original(display(b"a" * LONGEST_TEXT_BYTES)) == b"a" * LONGEST_TEXT_BYTES
