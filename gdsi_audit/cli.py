"""The command line. Report to stdout or `-o`; progress and summary to stderr, only on a terminal.

Exit codes: 0 nothing at or above --fail-on · 1 findings · 2 usage · 3 input unreadable or incomplete · 4 verdicts inconclusive under --strict ·
70 our bug · 130 interrupted. Where several hold, the first of 130, 70, 2, 3, 1, 4 counts.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from gdsi_audit import __version__, discover, interrupt
from gdsi_audit.finding import SEVERITIES
from gdsi_audit.geodb_commands import geodb
from gdsi_audit.output import FLOW_LOG, REPORTS, check_place, format_of, progress_bar, sink, write

# Nothing here multiplies matrices, but NumPy's library for it starts a thread per processor, and each of them waits for work on a busy processor.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

if TYPE_CHECKING:
    from gdsi_audit.audit import Audit

FINDINGS, USAGE, UNREADABLE, INCONCLUSIVE, BUG, INTERRUPTED = 1, 2, 3, 4, 70, 130
GEODB_FOLDERS = ("as", "cloud", "entities", "location", "oui", "tables")
COLLECT_EVERY_OBJECTS = 100_000


def report_names(_context: click.Context, _option: click.Parameter, typed: str) -> list[str]:
    """For shell completion."""
    return [name for name in discover.names(REPORTS) if name.startswith(typed)]


def topics(_context: click.Context, _argument: click.Parameter, typed: str) -> list[str]:
    """For shell completion: detectors and commitments."""
    from gdsi_audit.initiative import initiative

    known = (*discover.names("gdsi_audit.detectors"), *(item.id for item in initiative().commitments))
    return [name for name in known if name.startswith(typed)]


captures_argument = click.argument("captures", nargs=-1, required=True, metavar="CAPTURE...", type=click.Path(allow_dash=True))
output_option = click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write here; the suffix picks the format.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__)
def command() -> None:
    """Audits what a networked product really does on the wire against what its vendor declared.

    \b
    Example: gdsi-audit audit captures/smart_camera/smart_camera.pcap --declaration captures/smart_camera/smart_camera.toml -o camera.html
    """


@command.command(short_help="Holds captures against a declaration.")
@captures_argument
@click.option("--declaration", "-d", multiple=True, type=click.Path(), help="What the vendor states: TOML, JSON or MUD. May be given several times.")
@click.option("--format", "-f", "style", shell_complete=report_names, help=f"One of {', '.join(discover.names(REPORTS))}. Default: terminal.")
@output_option
@click.option("--device", default="", metavar="NAME", help="Judge only this device: a declared name, a MAC or an address.")
@click.option("--from", "since", default="", metavar="TIME", help="Leave out what was before: 2026-11-01T10:00:00Z.")
@click.option("--to", "until", default="", metavar="TIME", help="Leave out what was from then on.")
@click.option("--exclude", default="", metavar="FILTER", help='Leave out frames, in Wireshark\'s words: "tcp.port == 22 && ip.addr == 192.168.1.9".')
@click.option("--indicators", multiple=True, type=click.Path(), help="What is known to be bad: STIX, MISP, CSV, hosts file or plain list.")
@click.option("--geodb", type=click.Path(file_okay=False), help="A folder of databases in place of the embedded ones.")
@click.option("--fail-on", type=click.Choice(SEVERITIES), default="medium", show_default=True, help="Exit with 1 for findings of this severity.")
@click.option("--strict", is_flag=True, help="Exit with 4 when a verdict is inconclusive.")
def audit(
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
    check_place(output)
    if geodb and not any(Path(geodb, name).is_dir() for name in GEODB_FOLDERS):
        raise click.BadParameter(f"{geodb} holds none of the folders {', '.join(GEODB_FOLDERS)}; lay it out as geodb is", param_hint="--geodb")
    from gdsi_audit.audit import audit as run

    with progress_bar() as progress:
        result = run(
            captures,
            declaration or None,
            device=device,
            since=since,
            until=until,
            exclude=exclude,
            indicators=indicators,
            geodb=geodb,
            progress=progress,
        )
    if chosen == "terminal" and output is None and sys.stdout.isatty():
        show(result)
    else:
        write(discover.module(REPORTS, chosen).render(result), output)
    if output is not None and sys.stderr.isatty():
        sys.stderr.write(f"{len(result.findings)} findings, {len(result.verdicts)} verdicts: {output}\n")
    sys.exit(exit_code(result, fail_on, strict))


@command.command(short_help="Lists flows, names and fingerprints.")
@captures_argument
@click.option("--format", "-f", "style", type=click.Choice(discover.names(FLOW_LOG)), help="Default: table.")
@output_option
@click.option("--no-names", is_flag=True, help="Only count: no payload is looked at.")
def flows(captures: Sequence[str], style: str | None, output: str | None, no_names: bool) -> None:
    """Lists the flows of captures, with names and fingerprints.

    \b
    Example: gdsi-audit flows captures/smart_camera/smart_camera.pcap --format jsonl -o camera.jsonl
    """
    from gdsi_audit import devices
    from gdsi_audit.flow_log._pieces import pieces
    from gdsi_audit.hostnames import gateways
    from gdsi_audit.observe import observe
    from gdsi_audit.readers._inputs import inputs

    chosen = format_of(FLOW_LOG, style, output, "table")
    check_place(output)
    with progress_bar() as progress:
        seen = observe(inputs(list(captures)), naming=not no_names, evidence=False, hashing=False, progress=progress)
    hosts = devices.find(seen.rows.pieces(), (), gateways(seen.messages))
    with sink(output) as out:
        discover.module(FLOW_LOG, chosen).write(pieces(seen, hosts, names=not no_names), out)
    incomplete = [capture for capture in seen.captures if capture.incomplete]
    for capture in incomplete:
        sys.stderr.write(f"gdsi-audit: {capture.path}: {capture.incomplete}; everything before it is listed\n")
    sys.exit(UNREADABLE if incomplete else 0)


@command.command(short_help="Drafts a declaration from traffic.")
@captures_argument
@click.option("--mud", is_flag=True, help="Write a Manufacturer Usage Description (RFC 8520) in place of TOML.")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write here.")
@click.option("--device", default="", metavar="NAME", help="Only this device: a MAC or an address.")
@click.option("--from", "since", default="", metavar="TIME", help="Leave out what was before: 2026-11-01T10:00:00Z.")
@click.option("--to", "until", default="", metavar="TIME", help="Leave out what was from then on.")
def declare(captures: Sequence[str], mud: bool, output: str | None, device: str, since: str, until: str) -> None:
    """Drafts a declaration from observed traffic, and leaves out what looks like abuse.

    \b
    Example: gdsi-audit declare captures/smart_camera/smart_camera.pcap --device 02:00:00:00:00:50 -o draft.toml
    """
    from gdsi_audit.drafting import draft

    check_place(output)
    with progress_bar() as progress:
        made = draft(captures, device=device, since=since, until=until, progress=progress)
    write(made.mud() if mud else made.toml(), output)
    for warning in made.warnings:
        sys.stderr.write(f"gdsi-audit: {warning}\n")
    incomplete = [capture for capture in made.captures if capture.incomplete]
    for capture in incomplete:
        sys.stderr.write(f"gdsi-audit: {capture.path}: {capture.incomplete}; everything before it is drafted\n")
    sys.exit(UNREADABLE if incomplete else 0)


@command.command(short_help="Manual pages of detectors and commitments.")
@click.argument("topic", required=False, shell_complete=topics)
def explain(topic: str | None) -> None:
    """Prints the manual page of a detector, or what traffic can show of a commitment.

    \b
    Example: gdsi-audit explain undeclared_destination
    """
    import shutil

    from gdsi_audit import manual

    width = min(manual.WIDTH, shutil.get_terminal_size((manual.WIDTH, 0)).columns)
    click.echo(manual.page(topic, width) if topic else manual.contents(width))


command.add_command(geodb)


def exit_code(result: Audit, fail_on: str, strict: bool) -> int:
    if result.incomplete:
        for capture in result.traffic.captures:
            if capture.incomplete:
                sys.stderr.write(f"gdsi-audit: {capture.path}: {capture.incomplete}; everything before it is audited\n")
        return UNREADABLE
    if any(finding.at_least(fail_on) for finding in result.findings):
        return FINDINGS
    if strict and any(verdict.verdict == "inconclusive" for verdict in result.verdicts):
        return INCONCLUSIVE
    return 0


def show(result: Audit) -> None:
    """The report for reading, with colours."""
    from rich.console import Console

    discover.module(REPORTS, "terminal").show(result, Console())


def interrupted() -> NoReturn:
    sys.stderr.write("gdsi-audit: interrupted; no file was written\n")
    sys.exit(INTERRUPTED)


def fail(message: str, code: int) -> NoReturn:
    """Ends with `code`; where the user interrupted, whatever failed afterwards was a consequence."""
    if interrupt.came():
        interrupted()
    sys.stderr.write(f"gdsi-audit: {message}\n")
    sys.exit(code)


def main() -> NoReturn:
    """The entry point: every way to end has one exit code."""
    from gdsi_audit.readers import UnreadableInputError

    # Hardly anything here refers back to itself: looking for what does, as often as Python would, takes longer than some detectors.
    # Nor need it be looked for in what is about to go.
    gc.set_threshold(COLLECT_EVERY_OBJECTS, 50, 50)
    atexit.register(gc.freeze)
    interrupt.listen()
    try:
        command(standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        interrupted()
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE)
    except BrokenPipeError:
        # Whoever read our output has seen enough; a second complaint at shutdown would help nobody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except UnreadableInputError as error:
        fail(str(error), UNREADABLE)
    except (OSError, ValueError) as error:
        fail(str(error), USAGE)
    except Exception:
        if not interrupt.came():
            traceback.print_exc()
        fail("this is our bug; please report the lines above", BUG)
    sys.exit(0)


if __name__ == "__main__":
    main()
