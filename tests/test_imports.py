"""What an audit does not need is not imported for it: start-up and memory are everybody's."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("pandas", "pyarrow", "rich", "jinja2", "duckdb", "matplotlib", "scapy")
NEEDED_BY = {"json": (), "csv": (), "html": ("jinja2",), "terminal": ("rich",)}
PROGRAM = """
import sys
from gdsi_audit.audit import audit
from gdsi_audit.discover import module
for name in sys.argv[3:]:
    assert name not in sys.modules, name
from gdsi_audit.commands._output import write
write(module("gdsi_audit.reports", sys.argv[2]).render(audit(sys.argv[1])), "/dev/null")
print(*(name for name in sys.argv[3:] if name in sys.modules))
"""


@pytest.mark.parametrize("style", NEEDED_BY)
def test_an_audit_imports_only_what_its_format_needs(repository, style):
    capture = str(repository / "captures/smart_camera/smart_camera.pcap")
    done = subprocess.run([sys.executable, "-c", PROGRAM, capture, style, *HEAVY], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) <= set(NEEDED_BY[style])
