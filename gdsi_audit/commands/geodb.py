"""`gdsi-audit geodb`: the databases that say where addresses are, shown, added to and updated."""

from __future__ import annotations

from pathlib import Path

import click

from gdsi_audit import ending
from gdsi_audit.commands._output import write


@click.group(short_help="The databases that say where addresses are.")
def command() -> None:
    """The databases that say where addresses are.

    \b
    Example: gdsi-audit geodb info
    """


@command.command()
def info() -> None:
    """Lists the databases with edition, age, licence and hash.

    \b
    Example: gdsi-audit geodb info
    """
    from datetime import UTC, datetime

    from gdsi_audit import manual

    today = datetime.now(UTC).date()
    write(f"{manual.databases(today)}\n", None)
    for warning in manual.database_warnings(today):
        ending.say(warning)


@command.command(short_help="Explains where an address is said to be.")
@click.argument("subject", metavar="ADDRESS|NAME")
def lookup(subject: str) -> None:
    """Explains where an address is said to be, rung by rung, or what is known of a name, which is not resolved.

    \b
    Example: gdsi-audit geodb lookup 47.91.64.1
    """
    from datetime import UTC, datetime

    from gdsi_audit import manual

    write(f"{manual.lookup(subject, datetime.now(UTC).date())}\n", None)


@command.command(short_help="Adds a database of your own.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
def add(file: str) -> None:
    """Checks a database of your own and keeps a copy: GeoLite2, GeoIP2 or DB-IP, a geofeed (CSV), a cloud's list of prefixes,
    a census of anycast (one prefix per line).

    \b
    Example: gdsi-audit geodb add GeoLite2-Country.mmdb
    """
    from gdsi_audit.geo import _update

    click.echo(str(_update.add(Path(file))))


@command.command(short_help="Downloads newer databases.")
@click.option(
    "--source", default="dbip", show_default=True, help="dbip, sapics, cloud or anycast (prefix lists), or maxmind (key in the environment)."
)
def update(source: str) -> None:
    """Downloads newer databases, checks them and puts them in force together. The only command that opens a network connection.

    \b
    Example: gdsi-audit geodb update --source cloud
    """
    from gdsi_audit.geo import _update

    for change in _update.update(source):
        click.echo(str(change))


@command.command()
def rollback() -> None:
    """Takes the last add or update back.

    \b
    Example: gdsi-audit geodb rollback
    """
    from gdsi_audit.geo import _update

    click.echo(_update.rollback())
