"""The second process that compiles on a first run: it may fail, and never outlives its use."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from gdsi_audit import first_run
from gdsi_audit.first_run import Compiling


@pytest.fixture
def on_first_run(monkeypatch):
    monkeypatch.setattr(first_run, "_is_first_run", lambda: True)
    monkeypatch.setattr(first_run, "_processors", lambda: 2)


@pytest.fixture
def sleeper(monkeypatch, on_first_run):
    """Stands in for the second process."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    monkeypatch.setattr(first_run, "_start", lambda stages: process)
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("program", ["false", "no such program"])
def test_without_a_second_process_this_one_goes_on(monkeypatch, on_first_run, program):
    monkeypatch.setattr(sys, "executable", shutil.which(program) or program)
    second = Compiling(naming=False)
    second.wait()
    second.wait()


def test_one_processor_or_a_filled_cache_needs_no_second_process(monkeypatch, on_first_run):
    monkeypatch.setattr(first_run, "_start", lambda stages: pytest.fail("started"))
    monkeypatch.setattr(first_run, "_processors", lambda: 1)
    Compiling(naming=True).wait()
    monkeypatch.setattr(first_run, "_processors", lambda: 2)
    monkeypatch.setattr(first_run, "_is_first_run", lambda: False)
    Compiling(naming=True).wait()


def test_the_second_process_ends_with_its_object(sleeper):
    second = Compiling(naming=False)
    assert sleeper.poll() is None
    del second
    assert sleeper.returncode is not None


def test_a_second_process_that_takes_too_long_is_ended(monkeypatch, sleeper):
    monkeypatch.setattr(first_run, "LONGEST_WAIT_S", 0.01)
    Compiling(naming=False).wait()
    assert sleeper.returncode is not None
