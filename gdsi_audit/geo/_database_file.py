"""MMDB databases as files of bytes (MaxMind DB File Format 2.0), and the addresses that they are tried with."""

from __future__ import annotations

import io
from ipaddress import IPv4Address, IPv6Address
from random import Random

import maxminddb

from gdsi_audit.geo._country_database import code_of, normalised

MMDB_MARKER = b"\xab\xcd\xefMaxMind.com"
MMDB_METADATA_BYTES = 128 * 1024
"""The marker stands in the last of these."""
PROBES = 2000
PROBES_V6 = 400


def is_database(content: bytes) -> bool:
    """Whether it says that it is one."""
    return MMDB_MARKER in content[-MMDB_METADATA_BYTES:]


class Database:
    """An MMDB file, asked without its path."""

    def __init__(self, content: bytes) -> None:
        """Raises ValueError when `content` is no MMDB database."""
        try:
            self._reader = maxminddb.open_database(io.BytesIO(content), maxminddb.MODE_FD)
            self._reader.get("192.0.2.1")
        except (maxminddb.InvalidDatabaseError, ValueError, OSError) as error:
            raise ValueError(f"not an MMDB database ({error})") from error
        self.kind: str = self._reader.metadata().database_type
        self.build_epoch: int = self._reader.metadata().build_epoch
        self.nodes: int = self._reader.metadata().node_count

    def answer(self, address: str) -> str:
        """Country code, or AS number as text; empty: none."""
        try:
            record = self._reader.get(address)
        except (maxminddb.InvalidDatabaseError, ValueError):
            return ""
        number = record.get("autonomous_system_number") if isinstance(record, dict) else None
        return str(number) if number else normalised(code_of(record))


def probes() -> list[str]:
    """Always the same addresses: IPv4 from all unicast space, IPv6 from the registries' blocks."""
    random = Random(PROBES)
    v4 = [str(IPv4Address(random.randrange(1 << 24, 224 << 24))) for _ in range(PROBES - PROBES_V6)]
    blocks = (0x2001_0200, 0x2400_0000, 0x2600_0000, 0x2800_0000, 0x2A00_0000, 0x2C0F_0000)
    v6 = [str(IPv6Address((random.choice(blocks) + random.randrange(1 << 16) << 96) + random.getrandbits(64))) for _ in range(PROBES_V6)]
    return v4 + v6
