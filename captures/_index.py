"""Which generators there are, and what they make."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).parent
Contents = dict[str, Callable[[], bytes]]


def generators() -> list[Path]:
    """Every generator, in order of its path."""
    return sorted(FOLDER.rglob("*.pcap.py"))


def load(generator: Path) -> Contents:
    """File name and maker of each capture that `generator` writes beside itself."""
    specification = importlib.util.spec_from_file_location(generator.name.removesuffix(".pcap.py"), generator)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    contents: Contents = module.CAPTURES
    return contents
