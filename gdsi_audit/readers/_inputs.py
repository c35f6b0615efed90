"""What is to be read: files, folders and the standard input, in the order of their first packets."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

import numpy as np

from gdsi_audit.readers import RECORDS, UnreadableInputError, Walk
from gdsi_audit.readers._opening import unpacked, walk_of
from gdsi_audit.readers._stream import File, Peeked, RawStream
from gdsi_audit.readers._tally import LARGEST_HELD_BYTES, NO_TIME

STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class Input:
    """One thing to read. `name` is how the user called it."""

    name: str
    path: Path | None = None
    """None: the standard input, or what stands in for it."""
    stdin: File | None = None

    def open(self) -> File:
        """The unbuffered file. Raises OSError."""
        if self.path is not None:
            return self.path.open("rb", buffering=0)
        return self.stdin or FileIO(sys.stdin.fileno(), closefd=False)

    def size_bytes(self) -> int | None:
        """On disk; None for a pipe."""
        return self.path.stat().st_size if self.path is not None and self.path.is_file() else None


def inputs(arguments: Sequence[str], *, stdin: File | None = None) -> tuple[Input, ...]:
    """What `arguments` name: each a file, `-`, or a folder that stands for all captures in it.

    Regular files are put in the order of their first packets (then by path); with a pipe among them the sequence is kept. Raises
    UnreadableInputError, naming the argument, the reason and the next step.
    """
    found = tuple(source for argument in arguments for source in _named(argument, stdin))
    if len(found) < 2 or any(source.size_bytes() is None for source in found):
        return found
    return tuple(sorted(found, key=lambda source: (first_time(source), source.name)))


def ignored(arguments: Sequence[str]) -> tuple[str, ...]:
    """Files in the folders among `arguments` that hold no capture, so that the report can list them."""
    folders = [Path(argument) for argument in arguments if argument != STANDARD_INPUT and Path(argument).is_dir()]
    return tuple(path.as_posix() for folder in folders for path in _files(folder) if not holds_capture(path))


def first_time(source: Input) -> int:
    """UTC nanoseconds of the first packet; as early as can be when there is none near the front."""
    file = source.open()
    try:
        stream = unpacked(RawStream(file, hashing=False))
        return _first_time(stream, walk_of(stream))
    except ValueError:
        return NO_TIME.min
    finally:
        file.close()


def _first_time(stream: Peeked, walk: Walk) -> int:
    room = np.empty(LARGEST_HELD_BYTES, dtype=np.uint8)
    filled = 0
    while filled < room.size and (got := stream.readinto(room.data[filled:])):
        filled += got
    out = np.empty(1, dtype=RECORDS)
    rows, _ = walk.take(room, 0, filled, out)
    return int(out["time"][0]) if rows else int(NO_TIME.min)


def _named(argument: str, stdin: File | None) -> Iterator[Input]:
    path = Path(argument)
    if argument == STANDARD_INPUT:
        yield Input(name=STANDARD_INPUT, stdin=stdin)
        return
    _check_access(argument)
    if path.is_dir():
        captures = [found for found in _files(path) if holds_capture(found)]
        if not captures:
            raise UnreadableInputError(f"{argument}: no capture in this folder; name the files, or another folder")
        yield from (Input(name=found.as_posix(), path=found) for found in captures)
    else:
        yield Input(name=argument, path=path)


def _check_access(name: str) -> None:
    try:
        is_folder = stat.S_ISDIR(Path(name).stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        raise UnreadableInputError(f"{name}: there is no such file; check the name") from None
    except OSError as error:
        raise UnreadableInputError(f"{name}: {error.strerror}; check its name and the permissions of its folder") from None
    if not os.access(name, os.R_OK | (os.X_OK if is_folder else 0)):
        raise UnreadableInputError(f"{name}: it may not be read by this user; change its permissions or run as its owner")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def holds_capture(path: Path) -> bool:
    """Whether `path` begins as a capture does. Raises UnreadableInputError where that cannot be told: it may be what was meant."""
    _check_access(path.as_posix())
    try:
        with path.open("rb", buffering=0) as file:
            walk_of(unpacked(RawStream(file, hashing=False)))
    except (OSError, ValueError):
        return False
    return True
