"""Indicators of compromise: what somebody else says is bad, imported from a file. None comes with this package.

Every public file on this shelf is one format. What is listed is held against traffic by the detector `known_bad`; the list's file, its hash and
the line stand in the evidence, since an accusation is only as good as the list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

KINDS = (
    "name",  # host name, lower case
    "address",
    "prefix",
    "url",  # http or https
    "ja3",  # MD5 of a TLS client's hello, as all below in lower-case hexadecimal
    "ja3s",
    "certificate-sha256",  # of its DER
    "certificate-sha1",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One thing that is listed."""

    kind: str
    """One of KINDS."""
    value: str
    """Canonical: A-labels, a leading `*.` for all names below, compressed addresses, lower-case digests."""
    below: bool = False
    """A name that stands for all names below it too."""
    label: str = ""
    """What the list says of it, in display form."""
    since: int | None = None
    """UTC nanoseconds from which on it is valid; None: not said."""
    until: int | None = None
    file: str
    sha256: str
    """Of the file."""
    line: int


class Entry(NamedTuple):
    """What a format reads: an indicator that does not know its file yet."""

    kind: str
    value: str
    line: int
    label: str = ""
    below: bool = False
    since: int | None = None
    until: int | None = None


class Listed(NamedTuple):
    """The content of one file."""

    entries: tuple[Entry, ...]
    left_out: tuple[str, ...]
    """`line 7: file:hashes cannot be seen in traffic`: what is not used, and why, one each."""


class Format(Protocol):
    """A file on this shelf: one format."""

    SUFFIXES: tuple[str, ...]
    """`.json`, `.csv`."""

    def claims(self, raw: bytes) -> bool:
        """Whether the content is of this format (STIX and MISP share a suffix)."""
        ...

    def read(self, raw: bytes) -> Listed:
        """What is listed. Raises ValueError naming the line for what is not of this format at all."""
        ...
