"""Fingerprints against the published examples."""

from __future__ import annotations

import pytest

from gdsi_audit.protocols import _ja

CHROME_CIPHERS = [0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014, 0x009C, 0x009D, 0x002F, 0x0035]
CHROME_EXTENSIONS = [0x001B, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002D, 0x000D, 0x0005, 0x0023, 0x0012, 0x002B, 0xFF01, 0x000B, 0x000A, 0x0015]
CHROME_SIGNATURES = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601]


def test_ja4_of_the_published_example():
    assert _ja.ja4("t", 0x0304, True, b"h2", CHROME_CIPHERS, CHROME_EXTENSIONS, CHROME_SIGNATURES) == "t13d1516h2_8daaf6152771_e5627efa2ab1"


def test_ja4_does_not_depend_on_the_order_of_ciphers_and_extensions():
    shuffled = _ja.ja4("t", 0x0304, True, b"h2", CHROME_CIPHERS[::-1], CHROME_EXTENSIONS[::-1], CHROME_SIGNATURES)
    assert shuffled == "t13d1516h2_8daaf6152771_e5627efa2ab1"


@pytest.mark.parametrize(
    ("protocol", "ends"),
    [
        (b"", "00"),
        (b"h2", "h2"),
        (b"http/1.1", "h1"),
        (b"h", "hh"),
        (b"\xab", "ab"),
        (b"\xab\xcd", "ad"),
        (b"0\xab", "3b"),
        (b"h\x00z", "hz"),
        (b"\xe9", "e9"),
    ],
)
def test_ja4_ends_of_the_application_protocol(protocol, ends):
    assert _ja.ja4("q", 0x0304, False, protocol, [], [], []) == f"q13i0000{ends}_000000000000_000000000000"


@pytest.mark.parametrize(
    ("version", "text"),
    [(0x0304, "13"), (0x0303, "12"), (0x0302, "11"), (0x0301, "10"), (0x0300, "s3"), (0xFEFF, "d1"), (0xFEFD, "d2"), (0xFEFC, "d3"), (0x7F1C, "00")],
)
def test_ja4_versions(version, text):
    assert _ja.ja4("t", version, False, b"", [], [], [])[1:3] == text


def test_ja4_counts_stop_at_99_and_signatures_are_optional():
    assert _ja.ja4("t", 0x0303, True, b"", [1] * 120, [0, 16], []).startswith("t12d990200_")
    assert _ja.ja4("t", 0x0303, True, b"", [1], [0, 16], []).endswith("_000000000000")


def test_ja3_of_the_published_example():
    text = _ja.ja3_text(769, [47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4], [0, 10, 11], [23, 24, 25], [0])
    assert text == "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0"
    assert _ja.md5(text) == "ada70206e40642a3e4461f35503241d5"
    assert _ja.md5(_ja.ja3_text(769, [4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99], [], [], [])) == "de350869b8c85de67a350c8d186f11e6"


def test_ja3s_text():
    assert _ja.ja3s_text(769, 47, [65281, 0, 11, 35, 5, 16]) == "769,47,65281-0-11-35-5-16"
