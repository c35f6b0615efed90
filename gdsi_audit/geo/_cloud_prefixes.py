"""The providers' prefixes as they are stored: `cloud/prefixes.csv.gz`, and beside it `cloud/prefixes.npz`, the same ready to be searched.

The second spares every audit the parsing of tens of thousands of rows. It counts only for the very file that it was made of, whose hash it
holds; without it the first is parsed.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from gdsi_audit.geo._prefix_table import Flattened, flattened

LISTS, READY = "cloud/prefixes.csv.gz", "cloud/prefixes.npz"
COLUMNS = {"high": np.uint64, "low": np.uint64, "held_by": np.uint16}
"""Of `Flattened`, as they are stored: there are a few hundred different rows."""


@dataclass(frozen=True, slots=True)
class CloudPrefixes:
    """A file of prefixes, each with what stands behind it in its row."""

    title: str
    """The first line, a comment."""
    rows: tuple[str, ...]
    """Every different `provider,region,services`, sorted."""
    flat: Flattened
    """Ranges held by one of `rows`, counted from 1."""


def read(path: Path) -> CloudPrefixes:
    """What `path` (`….csv.gz`) holds. Raises ValueError when a prefix is malformed, or the file beside it that is ready to be searched is."""
    packed, beside = path.read_bytes(), path.parent / Path(READY).name
    return (_loaded(beside, _digest(packed)) if beside.is_file() else None) or parsed(packed)


def parsed(packed: bytes) -> CloudPrefixes:
    """The text in `packed`: a title, then `prefix,provider,region,services` per line. Raises ValueError when a prefix is malformed."""
    title, *lines = gzip.decompress(packed).decode("utf-8").split("\n")
    pairs = [(prefix, rest.rstrip("\r")) for prefix, _, rest in map(str.partition, filter(None, lines), repeat(","))]
    rows = sorted({rest for _, rest in pairs})
    numbers = {rest: number for number, rest in enumerate(rows, 1)}
    by_prefix = [0, *(numbers[rest] for _, rest in pairs)]
    flat = flattened([prefix for prefix, _ in pairs])
    return CloudPrefixes(title, tuple(rows), Flattened(flat.high, flat.low, [by_prefix[number] for number in flat.held_by]))


def ready(packed: bytes) -> bytes:
    """`cloud/prefixes.npz` for a `cloud/prefixes.csv.gz`: same bytes in, same bytes out."""
    found, stream = parsed(packed), io.BytesIO()
    columns: dict[str, Any] = {name: np.array(getattr(found.flat, name), kind) for name, kind in COLUMNS.items()}
    np.savez_compressed(stream, made_of=_digest(packed), title=found.title, rows=np.array(found.rows, np.str_), **columns)
    return stream.getvalue()


def _loaded(path: Path, digest: str) -> CloudPrefixes | None:
    """None: it was made of another file."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            if str(stored["made_of"]) != digest:
                return None
            columns = [stored[name].astype(kind).data for name, kind in COLUMNS.items()]
            return CloudPrefixes(str(stored["title"]), tuple(stored["rows"].tolist()), Flattened(*columns))
    except (zipfile.BadZipFile, KeyError, EOFError, OSError, ValueError) as error:
        raise ValueError(f"{path.name}: not ready to be searched ({error})") from error


def _digest(packed: bytes) -> str:
    return hashlib.sha256(packed).hexdigest()
