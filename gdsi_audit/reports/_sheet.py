"""What every part of the report for a terminal is made of: texts, headings, tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    title: str
    from_width: int = 0
    """Shown on lines of at least so many characters."""
    right: bool = False
    """Holds numbers."""
    wide: bool = False
    """Takes what is left of the line."""
    share: float = 1.0
    """Most of the line that it may take otherwise."""
    least: int = 0
    """Characters that it has room for on any line."""


def table(columns: Sequence[Column], rows: Iterable[Sequence[object]], width: int) -> Table:
    """A table on lines of `width` characters; a row has a cell for every column, shown or not."""
    shown = [place for place, column in enumerate(columns) if width >= column.from_width]
    expand = any(columns[place].wide for place in shown)
    sheet = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="dim", show_edge=False, expand=expand)
    for column in (columns[place] for place in shown):
        sheet.add_column(
            column.title, justify="right" if column.right else "left", ratio=1 if column.wide else None, no_wrap=column.right, overflow="fold",
            max_width=max(int(column.share * width), column.least) if column.share < 1 else None, width=column.least if column.wide else None,
        )  # fmt: skip
    for row in rows:
        sheet.add_row(*(cell if isinstance(cell, Text) else text(cell) for cell in (row[place] for place in shown)))
    return sheet
