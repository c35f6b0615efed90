"""Compiled kernels as files of machine code, loaded and called without the compiler.

Importing the compiler and preparing it takes several times as long as loading all kernels. What it made of a kernel once is therefore kept as an
object file, which LLVM alone can load, and called with plain numbers of 64 bits: an address and the lengths of each array, and the numbers.
They stand in one room, of which a kernel is given the address: handing them over one by one would take longer than many a kernel runs.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import json
import struct
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import llvmlite
import llvmlite.binding as llvm
import numpy as np

Shape = tuple[Any, ...]
"""What a kernel is compiled for, per argument: ("array", dtype, dimensions), ("number",), ("nothing",) or ("tuple", class, shapes of its fields)."""


class Code(NamedTuple):
    """One kernel compiled for one list of shapes."""

    symbol: str
    results: int
    """Numbers that it gives back; -1: one, not as a tuple; 0: none."""
    object_file: bytes
    needs: tuple[str, ...]
    """Names that the object file takes from elsewhere."""


def shapes_of(arguments: Sequence[Any]) -> tuple[Shape, ...]:
    """Raises TypeError for what no kernel takes."""
    return tuple(map(_shape_of, arguments))


def _shape_of(argument: Any) -> Shape:
    if isinstance(argument, np.ndarray):
        return ("array", argument.dtype, argument.ndim)
    if argument is None:
        return ("nothing",)
    if isinstance(argument, tuple):
        return ("tuple", type(argument), shapes_of(argument))
    if isinstance(argument, int | np.integer | np.bool_):
        return ("number",)
    raise TypeError(f"a kernel takes arrays, integers, None and named tuples of these, not {type(argument).__name__}")


def arguments_of(values: Sequence[Any], kinds: list[int], plain: list[int]) -> None:
    """Appends the C arguments to `plain`, and to `kinds` what tells shapes apart: equal kinds, equal shapes, as long as no dtype is freed.

    Raises TypeError for an array whose rows do not lie one behind the other.
    """
    for value in values:
        if isinstance(value, np.ndarray):
            if not value.flags.c_contiguous:
                raise TypeError("a kernel takes contiguous arrays only")
            kinds += (id(value.dtype), value.ndim)
            plain.append(_address(value))
            plain += value.shape
        elif value is None:
            kinds.append(-1)
        elif isinstance(value, tuple):
            kinds += (-2, id(type(value)))
            arguments_of(value, kinds, plain)
        else:
            kinds.append(-3)
            plain.append(int(value))


def _address(array: Any) -> int:
    """What `array.ctypes.data` says, where that is possible in a third of the time."""
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(array))
    except (TypeError, ValueError):  # read-only, or empty
        return int(array.ctypes.data)


def name_of(shapes: tuple[Shape, ...]) -> str:
    """For the file: it differs wherever the machine code may."""
    text = "\n".join([*_described(shapes), *_machine()])
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _described(shapes: tuple[Shape, ...]) -> Iterator[str]:
    for kind, *rest in shapes:
        if kind == "array":
            dtype, dimensions = rest
            yield f"{dimensions} {dtype.descr if dtype.names else dtype.str} {dtype.itemsize} {dtype.alignment}"
        elif kind == "tuple":
            yield f"{rest[0].__module__}.{rest[0].__qualname__}("
            yield from (*_described(rest[1]), ")")
        else:
            yield kind


@cache
def _machine() -> tuple[str, ...]:
    """Processor and compiler."""
    found = importlib.util.find_spec("numba")
    compiler = str(Path(found.origin).stat().st_mtime_ns) if found and found.origin else ""
    return llvm.get_process_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten(), llvmlite.__version__, compiler


def write(file: Path, code: Code) -> None:
    """Puts a whole file in place, or none. Raises OSError."""
    head = json.dumps({"symbol": code.symbol, "results": code.results, "needs": code.needs, "sha256": _digest(code.object_file)}).encode()
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".", delete=False) as part:
        part.write(head + b"\n" + code.object_file)
    try:
        Path(part.name).replace(file)
    except OSError:
        Path(part.name).unlink(missing_ok=True)
        raise


def read(file: Path) -> Code | None:
    """None where there is no such file, or one that is not whole: LLVM would end the process over it."""
    try:
        head, _, object_file = file.read_bytes().partition(b"\n")
        fields = json.loads(head)
        if fields["sha256"] != _digest(object_file):
            return None
        return Code(fields["symbol"], fields["results"], object_file, tuple(fields["needs"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def callable_of(code: Code, shapes: tuple[Shape, ...]) -> Callable[[Sequence[int]], Any]:
    """The kernel as a function of the list of its C arguments; it runs without the interpreter lock.

    Raises RuntimeError where LLVM cannot load it.
    """
    for name in code.needs:
        if not llvm.address_of_symbol(name):
            llvm.add_symbol(name, ctypes.cast(ctypes.CDLL(None).abort, ctypes.c_void_p).value)
    engine = _new_engine()
    engine.add_object_file(llvm.ObjectFileRef.from_data(code.object_file))
    engine.finalize_object()
    address = engine.get_function_address(code.symbol)
    if not address:
        raise RuntimeError(f"no {code.symbol[:80]} in the object file")
    return _caller(ctypes.CFUNCTYPE(None, ctypes.c_void_p)(address), sum(map(_width, shapes)), code.results)


def _caller(function: Callable[[int], None], arguments: int, results: int) -> Callable[[Sequence[int]], Any]:
    """Puts the numbers into a room, behind which the results come. A room is used by one call at a time, for kernels run in several threads."""
    pack = struct.Struct(f"{arguments}q")
    given = struct.Struct(f"{abs(results)}q")
    rooms: list[tuple[Any, int]] = []

    def call(plain: Sequence[int]) -> Any:
        try:
            room, address = rooms.pop()
        except IndexError:
            room = ctypes.create_string_buffer(pack.size + given.size)
            address = ctypes.addressof(room)
        pack.pack_into(room, 0, *plain)
        function(address)
        found = given.unpack_from(room, pack.size)
        rooms.append((room, address))
        return found if results > 0 else found[0] if results else None

    return call


def _width(shape: Shape) -> int:
    """How many C arguments it takes."""
    kind, *rest = shape
    if kind == "array":
        return 1 + int(rest[1])
    return sum(map(_width, rest[1])) if kind == "tuple" else int(kind == "number")


_ENGINES: list[Any] = []
"""Machine code lives as long as its engine."""


def _new_engine() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
    _ENGINES.append(llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine))
    return _ENGINES[-1]
