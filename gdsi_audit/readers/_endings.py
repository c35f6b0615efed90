"""Why a capture was not read to its end, in words. The codes stand in ledgers and gaps."""

from __future__ import annotations

WORDS = {
    "truncated_record": "the file ends inside a frame",
    "truncated_compression": "the compressed file ends before its content does",
    "corrupt_compression": "the compressed file is damaged",
    "limit:compression_ratio": "the compressed file unpacks to far more than captures do",
    "bad_caplen": "a frame gives a length that cannot be",
}


def in_words(incomplete: str) -> str:
    """`the file ends inside a frame (truncated_record at byte 98882)` of `truncated_record at byte 98882`."""
    words = WORDS.get(incomplete.split(" ")[0].removesuffix(":"))
    return f"{words} ({incomplete})" if words else incomplete
