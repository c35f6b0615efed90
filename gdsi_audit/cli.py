"""The command line: commands from their shelf, and how they end. Report to stdout or `-o`; progress and summary to stderr, only on a terminal."""

from __future__ import annotations

import atexit
import gc
import io
import os
import sys
from typing import NoReturn

import click

from gdsi_audit import __version__, discover, ending, interrupt
from gdsi_audit.tables.collecting import EVERY_OBJECTS

# Nothing here multiplies matrices, but NumPy's library for it starts a thread per processor, and each of them waits for work on a busy processor.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

COMMANDS = "gdsi_audit.commands"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__)
def command() -> None:
    """Audits what a networked product really does on the wire against what its vendor declared.

    \b
    Example: gdsi-audit audit captures/smart_camera/smart_camera.pcap --declaration captures/smart_camera/smart_camera.toml -o camera.html
    """


for name in discover.names(COMMANDS):
    command.add_command(discover.module(COMMANDS, name).command, name)


def main() -> NoReturn:
    """The entry point."""
    # Hardly anything here refers back to itself: looking for what does, as often as Python would, takes longer than some detectors.
    # Nor need it be looked for in what is about to go.
    gc.set_threshold(EVERY_OBJECTS, 50, 50)
    atexit.register(gc.freeze)
    interrupt.listen()
    _make_streams_safe()
    ending.run(lambda: command(standalone_mode=False))


def _make_streams_safe() -> None:
    """What a terminal cannot show is escaped, as it is in reports; who closed stderr wants to hear nothing."""
    if sys.stderr is None:
        sys.stderr = io.StringIO()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    main()
