"""Fixtures that every folder of tests may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
SHARED = REPOSITORY.parent / "shared" / "captures"


@pytest.fixture(scope="session")
def shared_captures() -> Path:
    """The measuring set beside the repository. Tests that need it skip loudly where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the measuring set of captures is not beside this repository")
    return SHARED


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


def pytest_configure(config: pytest.Config) -> None:
    os.environ.setdefault("TZ", "UTC")
