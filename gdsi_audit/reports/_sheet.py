"""What every part of the report for a terminal is made of: texts, headings, tables."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

STYLES = {
    "contradicted": "bold red", "indicator": "bold yellow", "no contradiction observed": "cyan", "inconclusive": "dim", "not testable": "dim",
    "critical": "bold red", "high": "bold red", "medium": "bold yellow", "low": "cyan", "info": "dim",
    "no": "bold yellow", "not like this": "bold yellow", "outside": "bold red", "contested": "yellow",
}  # fmt: skip
"""Colours are a second sign: the word always stands beside them."""


def text(words: object, style: str = "") -> Text:
    """In the colour that `words` have, where they are one of ours."""
    return Text(str(words), style=style or STYLES.get(str(words), ""))


def heading(title: str, aside: str = "") -> Text:
    """Of a section."""
    return Text.assemble("\n", (title.upper(), "bold"), (f"  {aside}" if aside else "", "dim"))


def table(*columns: str, right: Sequence[str] = (), wide: Sequence[str] = ()) -> Table:
    """Columns `right` hold numbers; those that are `wide` share what is left of the line."""
    sheet = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="dim", show_edge=False, expand=bool(wide))
    for title in columns:
        sheet.add_column(
            title, justify="right" if title in right else "left", ratio=1 if title in wide else None, no_wrap=title in right, overflow="fold"
        )
    return sheet
