"""`gdsi-audit declare`: a draft of a declaration."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from gdsi_audit import ending
from gdsi_audit.commands._arguments import captures_argument, say_what_was_not_read
from gdsi_audit.commands._output import check_place, write
from gdsi_audit.commands._progress_bar import progress_bar


@click.command(short_help="Drafts a declaration from traffic.")
@captures_argument
@click.option("--mud", is_flag=True, help="Write a Manufacturer Usage Description (RFC 8520) in place of TOML.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, readable=False), help="Write here.")
@click.option("--device", default="", metavar="NAME", help="Only this device: a MAC or an address.")
@click.option("--from", "since", default="", metavar="TIME", help="Leave out what was before: 2026-11-01T10:00:00Z.")
@click.option("--to", "until", default="", metavar="TIME", help="Leave out what was from then on.")
def command(captures: Sequence[str], mud: bool, output: str | None, device: str, since: str, until: str) -> None:
    """Drafts a declaration from observed traffic, and leaves out what looks like abuse.

    \b
    Example: gdsi-audit declare captures/smart_camera/smart_camera.pcap --device 02:00:00:00:00:50 -o draft.toml
    """
    from gdsi_audit.drafting import draft

    check_place(output, captures)
    with progress_bar() as progress:
        made = draft(captures, device=device, since=since, until=until, progress=progress)
    write(made.mud() if mud else made.toml(), output)
    for warning in made.warnings:
        ending.say(warning)
    say_what_was_not_read(captures)
    sys.exit(ending.UNREADABLE if ending.incomplete(made.captures, "drafted") else 0)
