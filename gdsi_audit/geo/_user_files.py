"""The user's own databases, in generations: a change is a new folder, and one small file says which folder counts."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs

POINTER, MANIFEST = "current", "MANIFEST.json"
ROOT_VARIABLE = "GDSI_AUDIT_DATA"


class UserFiles:
    """What `geodb add` and `geodb update` keep. Two generations stand on disk: the one in force and the one before it."""

    def __init__(self, root: Path | None = None) -> None:
        """`root`: None for the folder `geodb` in GDSI_AUDIT_DATA, else in the user's data folder."""
        self.root = root or Path(os.environ.get(ROOT_VARIABLE) or platformdirs.user_data_dir("gdsi-audit", appauthor=False)) / "geodb"

    def current(self) -> Path | None:
        """The folder in force, laid out as `geodb`; None: the user has put nothing there."""
        try:
            name = (self.root / POINTER).read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            return None
        return self.root / name if name and (self.root / name).is_dir() else None

    def entries(self) -> list[dict[str, Any]]:
        """Manifest rows of the files in force."""
        now = self.current()
        return _manifest(now)["files"] if now else []

    def put(self, files: Mapping[str, bytes], entries: list[dict[str, Any]]) -> Path:
        """Makes a generation of the files in force with `files` (by path) put over them; all of them count from one instant on.

        `entries` are their manifest rows. Raises OSError, and then nothing has changed.
        """
        before = self.current()
        self.root.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix="generation-", dir=self.root))
        try:
            if before:
                shutil.copytree(before, made, dirs_exist_ok=True)
            for name, content in files.items():
                (made / name).parent.mkdir(parents=True, exist_ok=True)
                (made / name).write_bytes(content)
            kept = [entry for entry in (_manifest(before)["files"] if before else []) if entry["path"] not in files]
            rows = sorted([*kept, *entries], key=lambda entry: str(entry["path"]))
            text = json.dumps({"files": rows, "before": before.name if before else ""}, indent=2, ensure_ascii=False)
            (made / MANIFEST).write_text(text + "\n", encoding="utf-8")
            self._point(made.name)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
        self._forget_all_but(made, before)
        return made

    def rollback(self) -> Path | None:
        """Goes back to the generation before this one; None: to the embedded files alone. Raises ValueError when there is nothing to take back."""
        now = self.current()
        if now is None:
            raise ValueError("nothing was added or updated, so there is nothing to take back")
        name = str(_manifest(now)["before"])
        self._point(name)
        before = self.current()
        self._forget_all_but(before, None)
        return before

    def _point(self, name: str) -> None:
        part = self.root / f".{POINTER}.part"
        part.write_text(name, encoding="ascii")
        part.replace(self.root / POINTER)

    def _forget_all_but(self, *kept: Path | None) -> None:
        for folder in self.root.glob("generation-*"):
            if folder not in kept:
                shutil.rmtree(folder, ignore_errors=True)


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        read: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"files": [], "before": ""}
    return {"files": read.get("files", []), "before": read.get("before", "")}
