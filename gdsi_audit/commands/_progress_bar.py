"""How far reading has come, on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gdsi_audit import interrupt

if TYPE_CHECKING:
    from gdsi_audit.observe import Progress


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
