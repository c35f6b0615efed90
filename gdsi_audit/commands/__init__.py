"""What can be typed after `gdsi-audit`. Every public file is one command; its name is the word."""

from __future__ import annotations

from typing import Protocol

import click


class Command(Protocol):
    """A file on this shelf. What it needs to run is imported when it runs, so that `--help` does not wait for it."""

    command: click.Command
