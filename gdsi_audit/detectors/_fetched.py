"""Files that came to the device over protocols without encryption, and what each of them is by its first bytes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from gdsi_audit.protocols import Message
from gdsi_audit.protocols._file_kinds import kind_of
from gdsi_audit.traffic import DeviceTraffic

LEAST_IMAGE_BYTES = 16_384
"""A file that is only named like firmware."""
_IMAGE_TARGET = re.compile(
    r"(?=.*(?:firmware|\bfw|update|upgrade|\bota|rootfs|kernel|u-?boot|release))[^?#]*\.(?:bin|img|fw|rom|ota|trx|chk|upd|upg|pkg|swu|bix)(?:[?#]|$)",
    re.IGNORECASE,
)
_ARCHIVE_TARGET = re.compile(
    r"(?=.*(?:firmware|(?:^|[/_.-])(?:fw|ota)[/_.-]|rootfs|upgrade))[^?#]*\.(?:tar|tgz|tar\.gz|tbz2?|zip|gz|xz|bz2|lzma)(?:[?#]|$)", re.IGNORECASE
)
_LISTED_TYPES = re.compile(r"json|xml|text/plain|octet-stream|yaml|^$", re.IGNORECASE)
_LISTED_IMAGE = re.compile(
    rb"http:(?:\\?/){2}[A-Za-z0-9.\[\]:_-]{1,253}\\?/[^\s\"'<>]{0,300}\.(?:bin|img|fw|rom|ota|ipk|deb|rpm|apk|hex|uf2|exe|trx|swu|squashfs)\b",
    re.IGNORECASE,
)
_CODE_NAME = re.compile(
    r"\.(?:sh|bin|img|fw|rom|ota|elf|ko|ipk|trx|itb|py|lua|hex|uf2)$|(?:^|/)(?:[uz]image|vmlinu[xz]|firmware|update)", re.IGNORECASE
)
_RANGE = re.compile(r"bytes ([0-9]+)-", re.IGNORECASE)


class Fetched(NamedTuple):
    """One file."""

    message: Message
    what: str
    """`ELF program`; `file named like firmware`; `list of updates at http addresses`."""
    way: str
    """HTTP, TFTP, a connection of its own."""
    size_bytes: int
    """-1: not said."""
    certain: bool
    """It is code by its own bytes."""
    asked: bool = False
    """It was only asked for."""


def fetched(traffic: DeviceTraffic) -> Iterator[Fetched]:
    """Of all flows, either direction: who sent it is for the caller to see."""
    yield from _over_http(traffic.messages.get("http", ()))
    for message in traffic.messages.get("bare_file", ()):
        if message.body.role == "code":
            yield Fetched(message, message.body.word, "a connection of its own", -1, True)
    for message in traffic.messages.get("tftp", ()):
        if getattr(message.body, "role", "") == "code":
            yield Fetched(message, message.body.word, "TFTP", -1, True)
        elif not getattr(message.body, "write", True) and _CODE_NAME.search(message.body.file_name):
            yield Fetched(message, f"{message.body.file_name}, asked for", "TFTP", -1, False, asked=True)


def _over_http(messages: tuple[Message, ...]) -> Iterator[Fetched]:
    targets: dict[int, list[str]] = defaultdict(list)
    answered: dict[int, int] = defaultdict(int)
    for message in messages:
        body = message.body
        if hasattr(body, "method"):
            targets[message.flow].append(body.target)
            if body.body_prefix:
                yield from _file(message, body.body_prefix, "")
        elif hasattr(body, "status") and body.status >= 200:
            number = answered[message.flow]
            answered[message.flow] += 1
            if body.status in (200, 203, 206) and _begins(body):
                asked = targets[message.flow]
                yield from _file(message, _first_part(body), asked[number] if number < len(asked) else "")


def _file(message: Message, data: bytes, target: str) -> Iterator[Fetched]:
    body = message.body
    kind = kind_of(data)
    if kind is not None and kind.role == "code":
        yield Fetched(message, kind.word, "HTTP", body.content_length, True)
    elif kind is not None and kind.role == "other" and body.content_length >= LEAST_IMAGE_BYTES and _ARCHIVE_TARGET.match(target):
        yield Fetched(message, "archive named like firmware", "HTTP", body.content_length, False)
    elif kind is None and not data[:64].isascii() and body.content_length >= LEAST_IMAGE_BYTES and _IMAGE_TARGET.match(target):
        yield Fetched(message, "file named like firmware", "HTTP", body.content_length, False)
    elif message.from_responder and b"http:" in data and _LISTED_TYPES.search(body.content_type) and _LISTED_IMAGE.search(data):
        yield Fetched(message, "list of updates at http addresses", "HTTP", body.content_length, False)


def _begins(body: Any) -> bool:
    """Whether this is a whole file or its first part (RFC 9110 section 14.4)."""
    told = next((value for name, value in body.headers if name == "content-range"), "")
    found = _RANGE.match(told)
    return found is None or int(found[1]) == 0


def _first_part(body: Any) -> bytes:
    """The body, or the first of its parts without the part's head (RFC 9110 section 14.6)."""
    prefix: bytes = body.body_prefix
    if not body.content_type.lower().startswith("multipart/"):
        return prefix
    return prefix.partition(b"\r\n\r\n")[2]
