"""Where commands write: standard output or a file that appears whole, a progress bar on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from gdsi_audit import discover, interrupt

if TYPE_CHECKING:
    from gdsi_audit.observe import Progress

REPORTS, FLOW_LOG = "gdsi_audit.reports", "gdsi_audit.flow_log"


def format_of(shelf: str, style: str | None, output: str | None, default: str) -> str:
    """The file on `shelf` that writes: as named by `style`, else by the suffix of `output`. Raises BadParameter that lists what there is."""
    known = discover.names(shelf)
    if style is not None:
        if style not in known:
            raise click.BadParameter(f"{style!r} is not one of {', '.join(known)}", param_hint="--format")
        return style
    return _by_suffix(shelf, Path(output).suffix, output) if output is not None else default


def _by_suffix(shelf: str, suffix: str, output: str) -> str:
    known = discover.names(shelf)
    likely = suffix.removeprefix(".")
    if likely in known and suffix in discover.module(shelf, likely).SUFFIXES:
        return likely  # the others need not be loaded
    formats = {suffix: name for name in known for suffix in discover.module(shelf, name).SUFFIXES}
    if suffix not in formats:
        wrong = f"{output} has no suffix" if not suffix else f"no format has the suffix {suffix!r}"
        raise click.BadParameter(f"{wrong}; use one of {', '.join(formats)}, or name the format with --format", param_hint="--output")
    return formats[suffix]


def check_place(output: str | None) -> None:
    """Raises BadParameter before any work is done where `output` could not be written in the end."""
    folder = Path(output).parent if output is not None else Path()
    if not folder.is_dir():
        raise click.BadParameter(f"{output}: there is no folder {folder}; make it first, or name another", param_hint="--output")


@contextmanager
def sink(output: str | None) -> Iterator[BinaryIO]:
    """Standard output, or a file that appears only when it is whole. What is there and no file (device, pipe) is written to, never replaced."""
    interrupt.check()
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if Path(output).exists() and not Path(output).is_file():
        with Path(output).open("wb") as file:
            yield file
        return
    whole = Path(output).resolve()
    part = whole.with_name(f".{whole.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        interrupt.check()
        part.replace(whole)
    finally:
        part.unlink(missing_ok=True)


def write(rendered: str | bytes | Iterator[str], output: str | None) -> None:
    """All of it."""
    pieces = (rendered,) if isinstance(rendered, str | bytes) else rendered
    with sink(output) as out:
        out.writelines(piece.encode() if isinstance(piece, str) else piece for piece in pieces)


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar on stderr with bytes read and time left; it shows only on a terminal and after the first second."""
    if not sys.stderr.isatty():
        yield lambda _read, _total: interrupt.check()
        return
    import time

    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    begun = time.monotonic()
    columns = (TextColumn("reading"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False)
    task = bar.add_task("reading", total=None)
    drawn = begun

    def show(bytes_read: int, total_bytes: int | None) -> None:
        nonlocal drawn
        interrupt.check()
        now = time.monotonic()
        if now - begun > 1 and now - drawn > 0.1:
            bar.start()
            bar.update(task, completed=bytes_read, total=total_bytes, refresh=True)
            drawn = now

    try:
        yield show
    finally:
        bar.stop()
