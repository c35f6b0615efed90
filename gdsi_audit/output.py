"""Where commands write: standard output or a file that appears whole, a progress bar on a terminal."""

from __future__ import annotations

import errno
import os
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
    if output is None:
        return
    place, folder = Path(output), Path(output).resolve().parent
    wrong = ""
    if not folder.is_dir():
        wrong = f"there is no folder {place.parent}; make it first, or name another"
    elif place.exists() and not os.access(place, os.W_OK):
        wrong = "may not be written to; name another file, or change its permissions"
    elif not (place.exists() and not place.is_file()) and not os.access(folder, os.W_OK | os.X_OK):
        wrong = f"the folder {place.parent} may not be written to; name another, or change its permissions"
    if wrong:
        raise click.BadParameter(f"{output}: {wrong}", param_hint="--output")


@contextmanager
def sink(output: str | None) -> Iterator[BinaryIO]:
    """Standard output, or a file that appears only when it is whole. What is there and no file (device, pipe) is written to, never replaced.

    Raises ValueError that says what to do where no more can be written. Who closes the other end of standard output has seen enough.
    """
    interrupt.check()
    try:
        with _standard_output() if output is None else _file(output) as out:
            yield out
    except BrokenPipeError:
        if output is not None:
            raise ValueError(f"{output}: whoever read it went away; start the reader again") from None
        # A second complaint at shutdown would help nobody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        room = "make room, or " if error.errno == errno.ENOSPC else ""
        raise ValueError(f"{output or 'standard output'}: {error.strerror}; {room}name another file with -o") from error


@contextmanager
def _standard_output() -> Iterator[BinaryIO]:
    if sys.stdout is None:
        raise ValueError("standard output is closed; name a file with -o")
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()


@contextmanager
def _file(output: str) -> Iterator[BinaryIO]:
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
        if whole.exists():
            part.chmod(whole.stat().st_mode & 0o777)  # as private as what it replaces
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
