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

KERNEL_IN_A_MODULE = """
import numpy as np
from gdsi_audit.kernels import compile_seconds
from gdsi_audit.protocols import dns

empty = np.zeros(0, np.int64)
columns = dns.columns(np.zeros(64, np.uint8), empty, empty.astype(np.int32))
print(len(columns.messages), compile_seconds(dns.read_all) > 0)
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


@pytest.mark.parametrize("wanted", ["a file", "a read-only folder"])
def test_where_the_cache_cannot_be_written_a_message_is_given_and_kernels_work(wanted, repository, tmp_path):
    cache = tmp_path / "cache"
    if wanted == "a file":
        cache.write_bytes(b"")
    else:
        cache.mkdir(mode=0o500)
        if os.access(cache, os.W_OK):
            pytest.skip("this user may write to a read-only folder")
    done = run(KERNEL_IN_A_MODULE, repository, GDSI_AUDIT_CACHE=str(cache))
    assert done.stdout == "0 True\n"
    assert "cannot keep compiled kernels in" in done.stderr
    assert "compiling into a temporary folder" in done.stderr


def test_the_second_run_compiles_nothing(repository, tmp_path):
    assert run(KERNEL_IN_A_MODULE, repository, GDSI_AUDIT_CACHE=str(tmp_path)).stdout == "0 True\n"
    assert run(KERNEL_IN_A_MODULE, repository, GDSI_AUDIT_CACHE=str(tmp_path)).stdout == "0 False\n"
