"""Stage 10: the audit becomes text or bytes. Every public file is one format; its name is the `--format`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gdsi_audit.audit import Audit


class Report(Protocol):
    """A file on this shelf."""

    SUFFIXES: tuple[str, ...]
    """File suffixes that choose this format for `-o`: (".html",). Empty: only by `--format`."""

    def render(self, audit: Audit) -> str | bytes | Iterator[str]:
        """The whole report, or its text piece by piece where it may be large. The same audit gives the same bytes."""
        ...
