"""Address ranges into MMDB files of the GeoIP2 schema, the same bytes every time.

Only `build.py` uses this; it needs `mmdb_writer`, which nothing needs at run time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mmdb_writer import SearchTreeLeaf, SearchTreeNode, TreeWriter

Range = tuple[int, int, Any]
"""First and last address as 128-bit integers (IPv4 in ::/96), and a hashable value."""


def merged(ranges: Iterable[Range]) -> Iterator[Range]:
    """Sorted `ranges`, neighbours of equal value joined; where two overlap, the one that starts later is cut to what is left."""
    first, last, value = -1, -1, None
    for next_first, next_last, next_value in ranges:
        if next_last <= last:
            continue
        if next_first == last + 1 and next_value == value:
            last = next_last
            continue
        if value is not None:
            yield first, last, value
        first, last, value = max(next_first, last + 1), next_last, next_value
    if value is not None:
        yield first, last, value


def prefixes(first: int, last: int) -> Iterator[tuple[int, int]]:
    """The fewest (address, prefix length) pairs that cover `first` to `last` of 128 bits."""
    while first <= last:
        size = min(first & -first if first else 1 << 128, 1 << (last - first + 1).bit_length() - 1)
        yield first, 129 - size.bit_length()
        first += size


def write(path: Path, ranges: Iterable[Range], records: dict[Any, dict[str, Any]], *, database_type: str, description: str, build_epoch: int) -> int:
    """Writes one file and says how many networks it holds. `records` maps a range's value to the record stored for it."""
    tree, leaves, count = SearchTreeNode(), {value: SearchTreeLeaf(record) for value, record in records.items()}, 0
    for first, last, value in merged(ranges):
        for address, length in prefixes(first, last):
            _insert(tree, address, length, leaves[value])
            count += 1
    TreeWriter(tree, _metadata(database_type, description, build_epoch), "u32").write(str(path))
    return count


def _insert(tree: SearchTreeNode, address: int, length: int, leaf: SearchTreeLeaf) -> None:
    node = tree
    for shift in range(127, 128 - length, -1):
        bit = address >> shift & 1
        child = node[bit]
        if child is None:
            child = node[bit] = SearchTreeNode()
        node = child
    node[address >> (128 - length) & 1] = leaf


def _metadata(database_type: str, description: str, build_epoch: int) -> dict[str, Any]:
    return {
        "ip_version": 6,
        "database_type": database_type,
        "languages": ["en"],
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": build_epoch,
        "description": {"en": description},
    }
