"""`gdsi-audit explain`: the manual pages."""

from __future__ import annotations

import click

from gdsi_audit import discover
from gdsi_audit.commands._output import write


def _topics(_context: click.Context, _argument: click.Parameter, typed: str) -> list[str]:
    """For shell completion: detectors, commitments and verdicts."""
    from gdsi_audit.commitments.initiative import initiative
    from gdsi_audit.glossary import VERDICTS

    known = (*discover.names("gdsi_audit.detectors"), *(item.id for item in initiative().commitments), *VERDICTS)
    return [name for name in known if name.startswith(typed)]


@click.command(short_help="Manual pages of detectors, commitments and words.")
@click.argument("words", nargs=-1, metavar="[DETECTOR|COMMITMENT|WORD]", shell_complete=_topics)
def command(words: tuple[str, ...]) -> None:
    """Prints the manual page of a detector, what traffic can show of a commitment, or what a word of a report means.

    \b
    Example: gdsi-audit explain undeclared_destination
    """
    import shutil

    from gdsi_audit import manual

    width = min(manual.WIDTH, shutil.get_terminal_size((manual.WIDTH, 0)).columns)
    write(f"{manual.page(' '.join(words), width) if words else manual.contents(width)}\n", None)
