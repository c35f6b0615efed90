"""DataFrames as the columns that the program works on."""

from __future__ import annotations

import pandas as pd

from gdsi_audit.tables.columns import Column, Columns
from gdsi_audit.tables.words import words_of


def columns_of(frame: pd.DataFrame) -> Columns:
    """The columns of a DataFrame; categories and texts become Words."""
    given: dict[str, Column] = {}
    for name in frame.columns:
        column = frame[name]
        if str(column.dtype) in ("category", "str", "object", "string"):
            given[str(name)] = words_of([str(text) for text in column.astype(object).tolist()])
        else:
            given[str(name)] = column.to_numpy()
    return Columns(given)
