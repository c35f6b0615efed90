"""Every way to end has one exit code and one line that says why.

0 nothing at or above --fail-on · 1 findings · 2 usage · 3 input unreadable or incomplete · 4 verdicts inconclusive under --strict · 70 our bug ·
130 interrupted. Where several hold, the first of 130, 70, 2, 3, 1, 4 counts.
"""

from __future__ import annotations

import errno
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NoReturn

import click

from gdsi_audit import interrupt

if TYPE_CHECKING:
    from gdsi_audit.traffic import Capture

FINDINGS, USAGE, UNREADABLE, INCONCLUSIVE, BUG, INTERRUPTED = 1, 2, 3, 4, 70, 130


def say(message: str) -> None:
    """A line on stderr, marked as ours. Names of files may be hostile, too."""
    from gdsi_audit.wire_text import display

    shown = message if message.isprintable() else display(message.encode("utf-8", "surrogateescape"))
    sys.stderr.write(f"gdsi-audit: {shown}\n")


def incomplete(captures: Iterable[Capture], done: str) -> bool:
    """Whether some capture could not be read to its end; says which, why, and that what came before it is `done`."""
    from gdsi_audit.readers._endings import in_words

    cut = [capture for capture in captures if capture.incomplete]
    for capture in cut:
        say(f"{capture.path}: {in_words(capture.incomplete)}; everything before it is {done}")
    return bool(cut)


def run(command: Callable[[], object]) -> NoReturn:
    """Runs a click command to one of the ways to end."""
    try:
        command()
    except (click.exceptions.Abort, KeyboardInterrupt):
        _interrupted()
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE)
    except (OSError, ValueError) as error:
        from gdsi_audit.readers import UnreadableInputError  # heavy: only where something went wrong

        _fail(_reason(error), UNREADABLE if isinstance(error, UnreadableInputError) else USAGE)
    except Exception:
        if not interrupt.came():
            traceback.print_exc()
        _fail("this is our bug; please report the lines above", BUG)
    sys.exit(0)


def _interrupted() -> NoReturn:
    say("interrupted; no file was written")
    sys.exit(INTERRUPTED)


def _fail(message: str, code: int) -> NoReturn:
    """Ends with `code`; where the user interrupted, whatever failed afterwards was a consequence."""
    if interrupt.came():
        _interrupted()
    say(message)
    sys.exit(code)


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"no room is left for temporary files in {tempfile.gettempdir()}; make room, or set TMPDIR to a folder that has some"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}; check its name and permissions"
    return str(error)
