from __future__ import annotations

import os
import subprocess
import sys

import pytest

from gdsi_audit.kernels import cache_folder

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
import sys
from a_module import doubled

print(doubled(21), doubled.compile_seconds > 0)
if not doubled.compilations:
    assert "numba" not in sys.modules
"""

EVERY_SHAPE = """
import sys
from typing import NamedTuple
import numpy as np
from gdsi_audit.kernels import kernel, part

PAIR = np.dtype([("number", "i8"), ("small", "u1")], align=True)
WEIGHTS = np.array([1, 10, 100], np.int64)

class Both(NamedTuple):
    pairs: np.ndarray
    square: np.ndarray

@part
def weighed(number, place):
    return number * WEIGHTS[place]

@kernel
def filled(both, absent, data, flag):
    if absent is not None:
        return 0, 0
    for row in range(len(both.pairs)):
        both.pairs[row].number = weighed(both.square[row, 0], row)
        both.pairs[row].small = data[row]
    return len(both.pairs), 7 if flag else 3

@kernel
def nothing(data):
    data[0] = 1

@kernel
def one(number):
    return -number

pairs, square = np.zeros(3, PAIR), np.arange(6, dtype=np.int64).reshape(3, 2)
print(filled(Both(pairs, square), None, np.arange(3, dtype=np.uint8), True), pairs.tolist())
print(filled(Both(pairs[:1], square), None, np.zeros(1, np.uint8), np.bool_(False)), filled(Both(pairs, square), square, pairs["small"].copy(), 0))
print(nothing(np.zeros(1)), one(np.int32(5)), one(2**40))
try:
    nothing(np.zeros((2, 2))[:, 0])
except TypeError as error:
    print(error)
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


@pytest.mark.parametrize("boundscheck", ["", "1"])
def test_arrays_records_tuples_and_nothing_come_and_go(repository, tmp_path, boundscheck):
    expected = "(3, 7) [(0, 0), (20, 1), (400, 2)]\n(1, 3) (0, 0)\nNone -5 -1099511627776\na kernel takes contiguous arrays only\n"
    for _ in range(2):
        done = run(EVERY_SHAPE, repository, GDSI_AUDIT_CACHE=str(tmp_path), GDSI_AUDIT_BOUNDSCHECK=boundscheck)
        assert (done.stderr, done.stdout) == ("", expected)


def test_a_file_that_is_cut_or_not_ours_is_compiled_again(repository, tmp_path, a_module):
    for content in (lambda whole: whole[:-100], lambda whole: b"", lambda whole: b"{}\n" + whole):
        assert run(KERNEL_IN_A_MODULE, repository, GDSI_AUDIT_CACHE=str(tmp_path), PYTHONPATH=a_module).returncode == 0
        (file,) = tmp_path.rglob("a_module.doubled-*.o")
        file.write_bytes(content(file.read_bytes()))
        assert run(KERNEL_IN_A_MODULE, repository, GDSI_AUDIT_CACHE=str(tmp_path), PYTHONPATH=a_module).stdout == "42 True\n"


IMPORTED_BEFORE = """
import numba
import gdsi_audit.kernels as kernels
from a_module import doubled

doubled(1)
print(any(kernels.CACHE_FOLDER.glob("a_module.doubled*.o")), numba.config.LOOP_VECTORIZE)
"""


def test_the_cache_is_ours_where_numba_was_imported_before_and_its_settings_are_left_alone(repository, tmp_path, a_module):
    assert run(IMPORTED_BEFORE, repository, GDSI_AUDIT_CACHE=str(tmp_path), PYTHONPATH=a_module).stdout == "True 1\n"


BOUND = """
import numpy as np
from gdsi_audit.kernels import bound, kernel
from gdsi_audit.kernels.prefetch import prefetch

@kernel
def summed(into, factor, data, first):
    for place in range(first, len(data)):
        prefetch(data, place, 64)
        into[0] += factor * data[place]
    return into[0], first

into = np.zeros(1, np.int64)
doubled = bound(summed, into, 2)
print(doubled(np.arange(4), 0), doubled(np.ones(3), 1), summed(into, 1, np.arange(4), 3), prefetch(into, 0, 0))
"""


@pytest.mark.parametrize("boundscheck", ["", "1"])
def test_first_arguments_can_stay_and_hints_change_nothing(repository, tmp_path, boundscheck):
    done = run(BOUND, repository, GDSI_AUDIT_CACHE=str(tmp_path), GDSI_AUDIT_BOUNDSCHECK=boundscheck)
    assert (done.stderr, done.stdout) == ("", "(12, 0) (16, 1) (19, 3) None\n")


PART_FILE = """
from gdsi_audit.kernels import part

STEP = 3

@part
def stepped(number):
    return further(number) + STEP

@part
def further(number):
    return number * 10
"""

KERNEL_FILE = """
from gdsi_audit.kernels import kernel
from part_file import stepped

STEP = 500

@kernel
def twice(number):
    return stepped(stepped(number)) + STEP
"""


@pytest.mark.parametrize("boundscheck", ["", "1"])
def test_a_part_of_another_file_sees_the_names_of_that_file(repository, tmp_path, boundscheck):
    (tmp_path / "part_file.py").write_text(PART_FILE)
    (tmp_path / "kernel_file.py").write_text(KERNEL_FILE)
    environment = {"GDSI_AUDIT_CACHE": str(tmp_path), "PYTHONPATH": f"{repository}{os.pathsep}{tmp_path}", "GDSI_AUDIT_BOUNDSCHECK": boundscheck}
    done = run("from kernel_file import twice; print(twice(4))", repository, **environment)
    assert (done.stderr, done.stdout) == ("", "933\n")


def test_every_file_that_a_kernel_or_part_comes_from_is_in_the_state_that_names_the_cache(repository):
    for path in sorted((repository / "gdsi_audit").rglob("*.py")):
        if b"\n@kernel\n" in path.read_bytes() or b"\n@part\n" in path.read_bytes():
            assert path in cache_folder.sources()
