"""The audit opens no socket."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent.parent
SCRIPT = """
import socket, sys
def refuse(*_, **__): raise AssertionError("a socket was opened")
if sys.argv[2] == "refused":
    socket.socket.connect = socket.socket.bind = socket.create_connection = socket.getaddrinfo = refuse
from gdsi_audit.audit import audit
result = audit(sys.argv[1])
loaded = [name for name in ("aiohttp", "requests", "geoip2.webservice", "urllib.request", "gdsi_audit.geo._update") if name in sys.modules]
print(len(result.traffic.endpoints) > 0, loaded)
"""
CAPTURE = REPOSITORY / "captures" / "detectors" / "undeclared_jurisdiction.pcap"


def run(*before: str, way: str) -> str:
    command = [*before, sys.executable, "-c", SCRIPT, str(CAPTURE), way]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPOSITORY).stdout.strip()


def test_the_audit_opens_no_socket():
    assert run(way="refused") == "True []"


def test_the_audit_runs_where_there_is_no_network():
    isolated = ("unshare", "--net", "--map-root-user")
    if not shutil.which("unshare") or subprocess.run([*isolated, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody make a network namespace")
    assert run(*isolated, way="without a network") == "True []"
