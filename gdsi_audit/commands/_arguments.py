"""What several commands take."""

from __future__ import annotations

from collections.abc import Sequence

import click

from gdsi_audit.ending import say

MOST_NAMED = 5

captures_argument = click.argument("captures", nargs=-1, required=True, metavar="CAPTURE...", type=click.Path(allow_dash=True, readable=False))
output_option = click.option("-o", "--output", type=click.Path(dir_okay=False, readable=False), help="Write here; the suffix picks the format.")


def say_what_was_not_read(captures: Sequence[str]) -> None:
    """Names what the folders among `captures` hold beside captures: it may have been meant for one."""
    from gdsi_audit.readers._inputs import ignored

    if others := ignored(captures):
        more = f" and {len(others) - MOST_NAMED:,} more" if len(others) > MOST_NAMED else ""
        files = "1 file holds no capture and was" if len(others) == 1 else f"{len(others):,} files hold no capture and were"
        say(f"{files} not read: {', '.join(others[:MOST_NAMED])}{more}")
