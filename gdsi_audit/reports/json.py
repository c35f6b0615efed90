"""The faithful form: everything that the other formats print, for programs. Its schema is published as `schema.json` beside this file."""

from __future__ import annotations

import json
from typing import Any

from gdsi_audit.audit import Audit
from gdsi_audit.reports._document import document

SUFFIXES = (".json",)

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(", ", ": ")).encode


def render(audit: Audit) -> str:
    """One object. Rows of its lists stand on lines of their own, so that reports can be compared line by line."""
    return "{\n" + ",\n".join(f"{_encode(key)}: {_value(value)}" for key, value in document(audit).items()) + "\n}\n"


def _value(value: Any) -> str:
    if not isinstance(value, list) or not value:
        return _encode(value)
    return "[\n" + ",\n".join(map(_encode, value)) + "\n]"
