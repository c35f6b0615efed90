"""Apache Parquet, written column by column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.flow_log._rows import NULL_WHERE_NEGATIVE, Piece
from gdsi_audit.tables.words import Words

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIXES = (".parquet",)


def write(tables: Iterator[Piece], out: BinaryIO) -> None:
    """See `Format`."""
    import pyarrow as pa
    from pyarrow import parquet

    writer: parquet.ParquetWriter | None = None
    for table in tables:
        batch = pa.Table.from_arrays([_arrow(column, values) for column, values in table.items()], names=list(table))
        if writer is None:
            words = [column for column, values in table.items() if isinstance(values, Words)]
            writer = parquet.ParquetWriter(out, batch.schema, use_dictionary=words)
        writer.write_table(batch)
    if writer is not None:
        writer.close()


def _arrow(column: str, values: NDArray[Any] | Words | list[Any]) -> pa.Array:
    """A column for Arrow, over its own buffers (its constructors that take anything load pandas); texts as a dictionary of those that occur."""
    import pyarrow as pa

    if isinstance(values, list):
        return _names(values)
    if isinstance(values, Words):
        used, code = np.unique(values.codes, return_inverse=True)
        return pa.DictionaryArray.from_arrays(_numbers(code.ravel().astype(np.int32)), _texts([values.words[row].encode() for row in used.tolist()]))
    if values.dtype.kind == "S":
        return _texts(values.tolist())
    return _numbers(values, values >= 0 if column in NULL_WHERE_NEGATIVE else None)


def _numbers(values: NDArray[Any], valid: NDArray[np.bool_] | None = None) -> pa.Array:
    import pyarrow as pa

    bits = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [bits, pa.py_buffer(np.ascontiguousarray(values))])


def _texts(pieces: Sequence[bytes]) -> pa.Array:
    import pyarrow as pa

    ends = np.cumsum([0, *map(len, pieces)], dtype=np.int32)
    return pa.StringArray.from_buffers(len(pieces), pa.py_buffer(ends), pa.py_buffer(b"".join(pieces)))


def _names(names: Sequence[Sequence[Mapping[str, Any]]]) -> pa.Array:
    """A list of (name, source, frame) per flow."""
    import pyarrow as pa

    given = [name for of_flow in names for name in of_flow]
    frames = _numbers(np.array([name["frame"] for name in given], np.int64))
    fields = [*(_texts([name[field].encode() for name in given]) for field in ("name", "source")), frames]
    ends = np.cumsum([0, *map(len, names)], dtype=np.int32)
    return pa.ListArray.from_arrays(_numbers(ends), pa.StructArray.from_arrays(fields, ["name", "source", "frame"]))
