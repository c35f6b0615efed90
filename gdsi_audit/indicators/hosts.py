"""A hosts file that sends bad names nowhere: `0.0.0.0 evil.example` (hosts(5))."""

from __future__ import annotations

from gdsi_audit.indicators import Entry, Listed
from gdsi_audit.indicators._lines import text_lines
from gdsi_audit.indicators._values import entry

SUFFIXES = (".hosts",)

NOWHERE = frozenset({"0.0.0.0", "127.0.0.1", "127.0.1.1", "::", "::1", "fe80::1%lo0", "255.255.255.255", "ff00::0", "ff02::1", "ff02::2", "ff02::3"})
OWN_NAMES = frozenset({"localhost", "localhost.localdomain", "local", "broadcasthost", "0.0.0.0"})


def claims(raw: bytes) -> bool:
    """Whether every line is an address of nowhere and names."""
    try:
        lines = text_lines(raw)
    except ValueError:
        return False
    return bool(lines) and all(len(words) > 1 and words[0] in NOWHERE for words in (line.split() for _, line in lines))


def read(raw: bytes) -> Listed:
    """See `Format`. A name stands for itself only, as in the resolver that reads such a file."""
    entries: list[Entry] = []
    left_out: list[str] = []
    for number, line in text_lines(raw):
        address, *listed = line.split()
        if address not in NOWHERE:
            raise ValueError(f"line {number}: {address[:60]!r} is a place to go to, so this is no list of bad names")
        for name in listed:
            if name.lower() in OWN_NAMES or name.lower().startswith("ip6-"):
                continue
            try:
                entries.append(entry(name, number, kind="name")._replace(below=False))
            except ValueError as error:
                left_out.append(f"line {number}: {name[:60]!r} {error}")
    return Listed(tuple(entries), tuple(left_out))
