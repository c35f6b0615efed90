"""`gdsi-audit audit`: captures against a declaration."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gdsi_audit import discover, ending
from gdsi_audit.commands._arguments import captures_argument, output_option, say_what_was_not_read
from gdsi_audit.commands._output import REPORTS, check_place, format_of, write
from gdsi_audit.commands._progress_bar import progress_bar
from gdsi_audit.findings.finding import SEVERITIES

if TYPE_CHECKING:
    from gdsi_audit.audit import Audit

GEODB_FOLDERS = ("as", "cloud", "entities", "location", "oui", "tables")


def _report_names(_context: click.Context, _option: click.Parameter, typed: str) -> list[str]:
    """For shell completion."""
    return [name for name in discover.names(REPORTS) if name.startswith(typed)]


def _geodb(_context: click.Context, _option: click.Parameter, folder: str | None) -> str | None:
    """A folder that is laid out as the embedded one."""
    if folder and not any(Path(folder, name).is_dir() for name in GEODB_FOLDERS):
        raise click.BadParameter(f"{folder} holds none of the folders {', '.join(GEODB_FOLDERS)}; lay it out as geodb is")
    return folder


@click.command(short_help="Holds captures against a declaration.")
@captures_argument
@click.option(
    "--declaration", "-d", multiple=True, type=click.Path(readable=False),
    help="What the vendor states: TOML, JSON or MUD. May be given several times.",
)  # fmt: skip
@click.option("--format", "-f", "style", shell_complete=_report_names, help=f"One of {', '.join(discover.names(REPORTS))}. Default: terminal.")
@output_option
@click.option("--device", default="", metavar="NAME", help="Judge only this device: a declared name, a MAC or an address.")
@click.option("--from", "since", default="", metavar="TIME", help="Leave out what was before: 2026-11-01T10:00:00Z.")
@click.option("--to", "until", default="", metavar="TIME", help="Leave out what was from then on.")
@click.option("--exclude", default="", metavar="FILTER", help='Leave out frames, in Wireshark\'s words: "tcp.port == 22 && ip.addr == 192.168.1.9".')
@click.option(
    "--indicators", multiple=True, type=click.Path(readable=False), help="What is known to be bad: STIX, MISP, CSV, hosts file or plain list."
)
@click.option("--geodb", type=click.Path(file_okay=False), callback=_geodb, help="A folder of databases in place of the embedded ones.")
@click.option("--fail-on", type=click.Choice(SEVERITIES), default="medium", show_default=True, help="Exit with 1 for findings of this severity.")
@click.option("--strict", is_flag=True, help="Exit with 4 when a verdict is inconclusive.")
def command(
    captures: Sequence[str],
    declaration: Sequence[str],
    style: str | None,
    output: str | None,
    device: str,
    since: str,
    until: str,
    exclude: str,
    indicators: Sequence[str],
    geodb: str | None,
    fail_on: str,
    strict: bool,
) -> None:
    """Replays captures (files, folders, - for standard input) and holds them against a declaration.

    \b
    Example: gdsi-audit audit captures/smart_camera/smart_camera.pcap --declaration captures/smart_camera/smart_camera.toml -o camera.html
    """
    chosen = format_of(REPORTS, style, output, "terminal")
    check_place(output, (*captures, *declaration, *indicators))
    from gdsi_audit.audit import audit

    with progress_bar() as progress:
        result = audit(
            captures, declaration or None, device=device, since=since, until=until, exclude=exclude, indicators=indicators, geodb=geodb,
            progress=progress,
        )  # fmt: skip
    _print(result, chosen, output)
    say_what_was_not_read(captures)
    sys.exit(_exit_code(result, fail_on, strict))


def _print(result: Audit, chosen: str, output: str | None) -> None:
    """The report; for a reader at a terminal with colours."""
    report = discover.module(REPORTS, chosen)
    if chosen == "terminal" and output is None and sys.stdout is not None and sys.stdout.isatty():
        from rich.console import Console

        report.show(result, Console())
    else:
        write(report.render(result), output)
    if output is not None and sys.stderr.isatty():
        sys.stderr.write(f"findings: {len(result.findings)}, verdicts: {len(result.verdicts)}, written to {output}\n")


def _exit_code(result: Audit, fail_on: str, strict: bool) -> int:
    if ending.incomplete(result.traffic.captures, "audited"):
        return ending.UNREADABLE
    if any(finding.at_least(fail_on) for finding in result.findings):
        return ending.FINDINGS
    if strict and any(verdict.verdict == "inconclusive" for verdict in result.verdicts):
        return ending.INCONCLUSIVE
    return 0
