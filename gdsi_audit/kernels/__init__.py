"""Compiled kernels: the one place that says how they are compiled and where the result is kept.

A kernel is a plain function over NumPy arrays, released from the interpreter lock, compiled on first need and kept as machine code. The folder is in
the user's cache, one per state of the sources, so that no stale machine code can survive an edit; where nothing is writable it is a temporary
folder, with a message. GDSI_AUDIT_BOUNDSCHECK=1 compiles with bounds checks and keeps nothing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from gdsi_audit.kernels import machine_code
from gdsi_audit.kernels.cache_folder import BOUNDSCHECK, CACHE_FOLDER

Function = TypeVar("Function", bound=Callable[..., object])


_announced: list[str] = []


def announce(stage: str) -> None:
    """Says on a terminal, once, that the kernels of `stage` (a folder) are being compiled."""
    if stage not in _announced and sys.stderr.isatty():
        _announced.append(stage)
        sys.stderr.write(f"gdsi-audit: compiling kernels, once per version: {stage}\n")


KERNELS: list[Kernel] = []
"""Every kernel of the modules imported so far."""

_inner: set[Callable[..., Any]] = set()
"""Functions that kernels may call: parts, and kernels' own."""


class Kernel:
    """A function that is compiled for the shapes of its arguments when it is first called with them, or loaded where that was done before."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.compilations = 0
        """In this process."""
        self.compile_seconds = 0.0
        """CPU seconds that these took."""
        self._known: dict[tuple[int, ...], Callable[[Sequence[int]], Any]] = {}
        self._by_shapes: dict[tuple[machine_code.Shape, ...], Callable[..., Any]] = {}

    def __call__(self, *arguments: Any) -> Any:
        kinds: list[int] = []
        plain: list[int] = []
        machine_code.arguments_of(arguments, kinds, plain)
        known = self._known.get(tuple(kinds))
        return known(plain) if known is not None else self.first(kinds, arguments)(plain)

    def first(self, kinds: Sequence[int], arguments: Sequence[Any]) -> Callable[[Sequence[int]], Any]:
        """For arguments of these kinds, which have not been met before."""
        if BOUNDSCHECK:
            return lambda _: self._checked()(*arguments)
        # The shapes hold the dtypes, so that their ids stay their own.
        shapes = machine_code.shapes_of(arguments)
        known = self._known[tuple(kinds)] = self._by_shapes.get(shapes) or self._ready(shapes)
        return known

    @property
    def name(self) -> str:
        return f"{self.function.__module__}.{self.function.__name__}"

    def _ready(self, shapes: tuple[machine_code.Shape, ...]) -> Callable[[Sequence[int]], Any]:
        file = CACHE_FOLDER / f"{self.name}-{machine_code.name_of(shapes)}.o"
        code = machine_code.read(file)
        if code is None:
            code = self._compiled(shapes)
            try:
                machine_code.write(file, code)
            except OSError as error:
                sys.stderr.write(f"gdsi-audit: cannot keep a compiled kernel in {file.parent} ({error.strerror})\n")
        ready = self._by_shapes[shapes] = machine_code.callable_of(code, shapes)
        return ready

    def _compiled(self, shapes: tuple[machine_code.Shape, ...]) -> machine_code.Code:
        stage = _stage(self.function.__module__)
        if stage:
            announce(stage)
        begun = time.process_time()
        from gdsi_audit.kernels import compiler

        code = compiler.compile_kernel(self.function, _inner, shapes)
        self.compilations += 1
        self.compile_seconds += time.process_time() - begun
        return code

    def _checked(self) -> Callable[..., Any]:
        """With bounds checks, which raise IndexError: as numba calls it."""
        from gdsi_audit.kernels import compiler

        ready = self._by_shapes.get(())
        if ready is None:
            ready = self._by_shapes[()] = compiler.dispatcher(self.function, _inner, boundscheck=True)
        return ready


def bound(function: Callable[..., Any], *arguments: Any) -> Callable[..., Any]:
    """The kernel `function` with its first arguments, which are looked at here and not at every call. They have to stay what and where they are."""
    assert isinstance(function, Kernel)
    kinds: list[int] = []
    plain: list[int] = []
    machine_code.arguments_of(arguments, kinds, plain)
    known: dict[tuple[int, ...], Callable[[Sequence[int]], Any]] = {}

    def call(*others: Any) -> Any:
        own: list[int] = []
        given = plain.copy()
        machine_code.arguments_of(others, own, given)
        ready = known.get(tuple(own))
        if ready is None:
            ready = function.first([*kinds, *own], (*arguments, *others))
            if not BOUNDSCHECK:
                known[tuple(own)] = ready
        return ready(given)

    return call


def _stage(module: str) -> str:
    """Folder of the module; empty: it is not ours."""
    package, *inside = module.split(".")
    return inside[0] if package == __package__.split(".")[0] and inside else ""


def kernel(function: Function) -> Function:
    """Compiles `function` on first need: no interpreter lock, division as NumPy does it, kept. It may raise nothing and make no arrays."""
    _inner.add(function)
    KERNELS.append(Kernel(function))
    return cast("Function", KERNELS[-1])


def part(function: Function) -> Function:
    """A function that kernels call, of its own file or of one that imports it: it is compiled into them. Called from Python it is plain Python."""
    _inner.add(function)
    return function
