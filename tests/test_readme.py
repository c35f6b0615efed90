"""The README cannot drift: its commands, examples and tables are held against the code."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys

import click
import pytest

from gdsi_audit import discover
from gdsi_audit.cli import command

TIMEOUT_S = 300


@pytest.fixture(scope="session")
def readme(repository):
    return (repository / "README.md").read_text()


def shell_lines(readme):
    """The commands that the README shows, one per line."""
    return [line for block in re.findall(r"```sh\n(.*?)```", readme, re.DOTALL) for line in block.splitlines() if line]


def test_every_command_stands_in_the_readme(readme):
    names = [name for name in command.commands if f"gdsi-audit {name}" not in readme]
    assert names == []


def test_every_folder_of_the_package_stands_in_the_map(readme, repository):
    folders = {path.parent.name for path in (repository / "gdsi_audit").glob("[a-z]*/*.py") if path.name != "__init__.py"}
    assert [name for name in sorted(folders) if f"\n  {name}/ " not in readme] == []


def test_every_command_and_option_has_help_and_every_command_an_example():
    def walk(group, path):
        for name, child in group.commands.items():
            yield (*path, name), child
            if hasattr(child, "commands"):
                yield from walk(child, (*path, name))

    for path, child in walk(command, ("gdsi-audit",)):
        assert f"Example: {' '.join(path[:2])}" in child.help, path
        assert [option.name for option in child.params if isinstance(option, click.Option) and not option.help] == [], path


def examples(group=command):
    for child in group.commands.values():
        yield next(line.split("Example: ", 1)[1] for line in child.help.splitlines() if "Example: " in line)
        if hasattr(child, "commands"):
            yield from examples(child)


@pytest.mark.parametrize("example", sorted({one for one in examples() if not re.search(r"geodb (add|update|rollback)", one)}))
def test_every_example_of_the_help_can_be_pasted(example, repository, tmp_path):
    for folder in ("captures", "gdsi_audit", "geodb"):
        (tmp_path / folder).symlink_to(repository / folder)
    words = shlex.split(example)[1:]
    done = subprocess.run([sys.executable, "-m", "gdsi_audit", *words], cwd=tmp_path, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert done.returncode == (1 if words[0] == "audit" else 0), done.stderr


def test_ci_runs_the_readme_s_test_command(readme, repository):
    command_line = next(line for line in shell_lines(readme) if "pytest" in line and "venv" in line)
    assert command_line in (repository / ".ci" / "run").read_text().splitlines()


def test_every_detector_stands_in_the_table_with_its_commitments(readme):
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", readme, re.MULTILINE))
    expected = {}
    for name in discover.names("gdsi_audit.detectors"):
        expected[name] = " ".join(discover.module("gdsi_audit.detectors", name).COMMITMENTS)
    assert {name: rows.get(name, "").strip() for name in expected} == expected


def test_the_python_example_runs(repository, monkeypatch):
    monkeypatch.chdir(repository)
    found = doctest.testfile(str(repository / "README.md"), module_relative=False, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert found.attempted > 0
    assert found.failed == 0


def test_the_first_command_ends_with_a_readable_report_and_exit_code_1(readme, repository):
    line = next(line for line in shell_lines(readme) if "venv" in line and " audit " in line)
    arguments = shlex.split(line.split("gdsi-audit", 1)[1])
    environment = {**os.environ, "COLUMNS": "110"}
    done = subprocess.run(
        [sys.executable, "-m", "gdsi_audit", *arguments], cwd=repository, capture_output=True, text=True, timeout=TIMEOUT_S, env=environment
    )
    assert done.returncode == 1, done.stderr
    assert "contradicted" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines() if "tshark -r" not in line) <= 120, "lines to paste may be longer"
