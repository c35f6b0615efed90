"""Where commands write: standard output or a file that appears whole, and never what they read."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from gdsi_audit import discover, interrupt

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


def check_place(output: str | None, read: Sequence[str] = ()) -> None:
    """Raises BadParameter before any work is done where `output` could not be written in the end, or is evidence: among the files `read`."""
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
    elif place.is_file() and any(_reads(source, place) for source in read):
        wrong = "is read as well; name another file"
    if wrong:
        raise click.BadParameter(f"{output}: {wrong}", param_hint="--output")


def _reads(source: str, place: Path) -> bool:
    """Whether `source`, a file or a folder of captures, stands for `place` too."""
    if Path(source).is_dir():
        from gdsi_audit.readers._inputs import holds_capture

        return place.resolve().is_relative_to(Path(source).resolve()) and holds_capture(place)
    return Path(source).exists() and place.samefile(source)


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
