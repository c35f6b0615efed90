"""`gdsi-audit flows`: what was seen, for other tools."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from gdsi_audit import discover, ending
from gdsi_audit.commands._arguments import captures_argument, output_option, say_what_was_not_read
from gdsi_audit.commands._output import FLOW_LOG, check_place, format_of, sink
from gdsi_audit.commands._progress_bar import progress_bar


@click.command(short_help="Lists flows, names and fingerprints.")
@captures_argument
@click.option("--format", "-f", "style", type=click.Choice(discover.names(FLOW_LOG)), help="Default: table.")
@output_option
@click.option("--no-names", is_flag=True, help="Only count: no payload is looked at.")
def command(captures: Sequence[str], style: str | None, output: str | None, no_names: bool) -> None:
    """Lists the flows of captures, with names and fingerprints.

    \b
    Example: gdsi-audit flows captures/smart_camera/smart_camera.pcap --format jsonl -o camera.jsonl
    """
    from gdsi_audit.flow_log._pieces import pieces
    from gdsi_audit.hosts import devices
    from gdsi_audit.hosts.hostnames import gateways
    from gdsi_audit.observe import observe
    from gdsi_audit.readers._inputs import inputs

    chosen = format_of(FLOW_LOG, style, output, "table")
    check_place(output, captures)
    with progress_bar() as progress:
        seen = observe(inputs(list(captures)), naming=not no_names, evidence=False, hashing=False, progress=progress)
    hosts = devices.find(seen.rows.pieces(), (), gateways(seen.messages))
    with sink(output) as out:
        discover.module(FLOW_LOG, chosen).write(pieces(seen, hosts, names=not no_names), out)
    say_what_was_not_read(captures)
    sys.exit(ending.UNREADABLE if ending.incomplete(seen.captures, "listed") else 0)
