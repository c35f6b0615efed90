"""The compiler of kernels: numba, loaded only when there is something to compile.

A kernel is called from C through a function made for its shapes: it is given the address of a room of numbers, in which the arrays stand as addresses
and lengths; they are arrays again before the kernel sees them. Kernels raise nothing: where they could, the process would have no way to hear of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from itertools import count
from types import FunctionType
from typing import Any

import llvmlite.binding as llvm
import numba
from llvmlite import ir
from numba import carray, extending, types

from gdsi_audit.kernels.machine_code import Code, Shape
from gdsi_audit.kernels.prefetch import prefetch

Function = Callable[..., Any]


def dispatcher(function: Function, inner: Collection[Function], *, boundscheck: bool, inside: bool = False) -> Any:
    """numba's own form of `function`, in which what its file has of `inner`, imported or its own, is compiled too. `inside`: only kernels call it."""
    names = _names_seen(function.__globals__, inner, boundscheck=boundscheck)
    options: dict[str, Any] = {"no_cfunc_wrapper": True, "no_cpython_wrapper": inside}
    return numba.njit(nogil=True, error_model="numpy", boundscheck=boundscheck, **options)(_seeing(function, names))


def _names_seen(plain: dict[str, Any], inner: Collection[Function], *, boundscheck: bool) -> dict[str, Any]:
    """A copy of a file's names in which its inner functions are numba's; the file itself keeps plain functions."""
    names = _NAMES.setdefault((id(plain), boundscheck), {})
    options: dict[str, Any] = {"no_cfunc_wrapper": True, "no_cpython_wrapper": True}
    for name, given in plain.items():
        known = names.get(name)
        # A kernel that other kernels call stands there as what Python calls.
        value = getattr(given, "function", given)
        if value is prefetch:
            names[name] = _prefetch
        elif not isinstance(value, FunctionType) or value not in inner:
            names[name] = given
        elif value.__globals__ is not plain:
            # A part of another file sees the names of that file.
            names[name] = _names_seen(value.__globals__, inner, boundscheck=boundscheck)[value.__name__]
        elif getattr(known, "plain", None) is not value:
            names[name] = numba.njit(nogil=True, error_model="numpy", boundscheck=boundscheck, **options)(_seeing(value, names))
            names[name].plain = value
    return names


_NAMES: dict[tuple[int, bool], dict[str, Any]] = {}
"""By the id of a file's names, which live as long as the process, so that each inner function is compiled once."""


def _seeing(function: Function, names: dict[str, Any]) -> Function:
    """The same function, which sees `names` for the names of its file."""
    seeing = FunctionType(function.__code__, names, function.__name__, function.__defaults__, function.__closure__)
    seeing.__module__, seeing.__qualname__, seeing.__annotations__ = function.__module__, function.__qualname__, function.__annotations__
    return seeing


def compile_kernel(function: Function, inner: Collection[Function], shapes: tuple[Shape, ...]) -> Code:
    """Machine code of `function` for arguments of these shapes."""
    with _without_loop_vectorisation():
        kernel = dispatcher(function, inner, boundscheck=False, inside=True)
        kernel.compile(tuple(map(_type_of, shapes)))
        gives = kernel.nopython_signatures[0].return_type
        results = len(gives) if isinstance(gives, types.BaseTuple) else 0 if gives == types.none else -1
        entry = numba.cfunc(types.void(types.CPointer(types.int64)), nopython=True)(_entry(kernel, shapes, results))
        return _emitted(entry, results)


def _emitted(entry: Any, results: int) -> Code:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    module = llvm.parse_assembly(entry.inspect_llvm())
    processor, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    machine = llvm.Target.from_default_triple().create_target_machine(cpu=processor, features=features, opt=3, jit=True)
    things = (*module.functions, *module.global_variables)
    needs = tuple(thing.name for thing in things if thing.is_declaration and not thing.name.startswith("llvm."))
    return Code(entry.native_name, results, machine.emit_object(module), needs)


def _type_of(shape: Shape) -> Any:
    kind, *rest = shape
    if kind == "array":
        return types.Array(numba.from_dtype(rest[0]), rest[1], "C")
    if kind == "tuple":
        return types.NamedTuple(tuple(map(_type_of, rest[1])), rest[0])
    return types.none if kind == "nothing" else types.int64


@extending.intrinsic
def _pointer(_: Any, number: Any) -> Any:
    """A number as the address that it is."""
    return types.voidptr(number), lambda _context, builder, _signature, values: builder.inttoptr(values[0], ir.PointerType(ir.IntType(8)))


@extending.intrinsic
def _prefetch(_: Any, array: Any, place: Any, offset_bytes: Any) -> Any:
    """What `prefetch` says: LLVM's instruction of that name, for reading, into every cache."""

    def written(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        data = context.make_array(array)(context, builder, values[0]).data
        byte, word = ir.PointerType(ir.IntType(8)), ir.IntType(32)
        line = builder.gep(builder.bitcast(builder.gep(data, [values[1]]), byte), [values[2]])
        instruction = builder.module.declare_intrinsic("llvm.prefetch", [byte], ir.FunctionType(ir.VoidType(), [byte, word, word, word]))
        builder.call(instruction, [line, word(0), word(3), word(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64), written


def _entry(kernel: Any, shapes: tuple[Shape, ...], results: int) -> Function:
    """A function of a room of numbers that calls `kernel`. Its text depends on nothing but the shapes."""
    names: dict[str, Any] = {"kernel": kernel, "carray": carray, "pointer": _pointer}
    places = count()
    call = f"kernel({', '.join(_spelled(shape, places, names) for shape in shapes)})"
    behind = next(places)
    into = [f"room[{behind + place}] = given[{place}]" for place in range(results)] if results >= 0 else [f"room[{behind}] = given"]
    exec("\n    ".join(("def entry(room):", f"given = {call}", *into)) + "\n", names)
    entry: Function = names["entry"]
    return entry


def _spelled(shape: Shape, places: Iterator[int], names: dict[str, Any]) -> str:
    """The expression for one argument, from the next places of the room; what it names besides is put among the names."""
    kind, *rest = shape
    if kind == "array":
        here = next(places)
        names[f"dtype{here}"] = rest[0]
        return f"carray(pointer(room[{here}]), ({''.join(f'room[{next(places)}], ' for _ in range(rest[1]))}), dtype{here})"
    if kind == "tuple":
        name = f"tuple{len(names)}"
        names[name] = rest[0]
        return f"{name}({', '.join(_spelled(field, places, names) for field in rest[1])})"
    return "None" if kind == "nothing" else f"room[{next(places)}]"


@contextmanager
def _without_loop_vectorisation() -> Iterator[None]:
    """Kernels walk bytes that depend on each other; trying to vectorise them finds nothing and takes a fifth of the compile time."""
    settings: Any = numba.config
    before = settings.LOOP_VECTORIZE
    settings.LOOP_VECTORIZE = 0
    try:
        yield
    finally:
        settings.LOOP_VECTORIZE = before
