"""The shelves: in them a file is the registration."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import ModuleType


@cache
def names(shelf: str) -> tuple[str, ...]:
    """Names of the public modules on `shelf`, sorted: `names("gdsi_audit.detectors")`. Nothing on the shelf itself is imported but the shelf."""
    package = importlib.import_module(shelf)
    return tuple(sorted(found.name for found in pkgutil.iter_modules(package.__path__) if not found.name.startswith("_")))


def module(shelf: str, name: str) -> ModuleType:
    """One module of `shelf`. Raises ValueError that lists what there is when `name` is not one of them."""
    if name not in names(shelf):
        raise ValueError(f"there is no {name!r} among {', '.join(names(shelf))}")
    return importlib.import_module(f"{shelf}.{name}")


def modules(shelf: str) -> tuple[ModuleType, ...]:
    """All public modules of `shelf`, in the order of `names`. A module that fails to import fails the run."""
    return tuple(module(shelf, name) for name in names(shelf))
