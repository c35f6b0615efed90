from __future__ import annotations

import os
import subprocess
import sys

import pytest

OUT_OF_RANGE = """
import numpy as np
from gdsi_audit.kernels import kernel

def reads(data, at):
    return data[at]

print(kernel(reads)(np.zeros(4, dtype=np.uint8), {at}))
"""

MODULE = """
from gdsi_audit.kernels import kernel

@kernel
def doubled(number):
    return 2 * number
"""

KERNEL_IN_A_MODULE = """
from gdsi_audit.kernels import compile_seconds
from a_module import doubled

print(doubled(21), compile_seconds(doubled) > 0)
"""


def run(source, repository, **environment):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GDSI_", "NUMBA_"))}
    return subprocess.run(
        [sys.executable, "-c", source],
        env=inherited | {"PYTHONPATH": str(repository)} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_planted_read_out_of_range_raises_under_bounds_checks(repository):
    outside = run(OUT_OF_RANGE.format(at=1_000), repository, GDSI_AUDIT_BOUNDSCHECK="1")
    assert outside.returncode != 0
    assert "IndexError" in outside.stderr
    inside = run(OUT_OF_RANGE.format(at=3), repository, GDSI_AUDIT_BOUNDSCHECK="1")
    assert (inside.returncode, inside.stdout) == (0, "0\n")


@pytest.fixture
def a_module(repository, tmp_path):
    """What PYTHONPATH has to be for a module with one small kernel in it to be found."""
    (tmp_path / "a_module.py").write_text(MODULE)
    return f"{repository}{os.pathsep}{tmp_path}"


@pytest.mark.parametrize("wanted", ["a file", "a read-only folder"])
def test_where_the_cache_cannot_be_written_a_message_is_given_and_kernels_work(wanted, repository, tmp_path, a_module):
    cache = tmp_path / "cache"
    if wanted == "a file":
        cache.write_bytes(b"")
    else:
        cache.mkdir(mode=0o500)
        if os.access(cache, os.W_OK):
            pytest.skip("this user may write to a read-only folder")
    done = run(KERNEL_IN_A_MODULE, repository, GDSI_AUDIT_CACHE=str(cache), PYTHONPATH=a_module)
    assert done.stdout == "42 True\n"
    assert "cannot keep compiled kernels in" in done.stderr
    assert "compiling into a temporary folder" in done.stderr


def test_the_second_run_compiles_nothing(repository, tmp_path, a_module):
    assert run(KERNEL_IN_A_MODULE, repository, GDSI_AUDIT_CACHE=str(tmp_path), PYTHONPATH=a_module).stdout == "42 True\n"
    assert run(KERNEL_IN_A_MODULE, repository, GDSI_AUDIT_CACHE=str(tmp_path), PYTHONPATH=a_module).stdout == "42 False\n"


IMPORTED_BEFORE = """
import numba
import gdsi_audit.kernels as kernels
from a_module import doubled

doubled(1)
print(any(kernels.CACHE_FOLDER.rglob("a_module.doubled*.nbi")), numba.config.LOOP_VECTORIZE)
"""


def test_the_cache_is_ours_where_numba_was_imported_before_and_its_settings_are_left_alone(repository, tmp_path, a_module):
    assert run(IMPORTED_BEFORE, repository, GDSI_AUDIT_CACHE=str(tmp_path), PYTHONPATH=a_module).stdout == "True 1\n"
