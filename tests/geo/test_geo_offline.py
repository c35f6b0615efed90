"""The audit opens no socket, and opening and asking the databases keeps to its time."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
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


@pytest.mark.skipif(not CAPTURE.is_file(), reason="the generated captures are not beside the tests")
def test_the_audit_opens_no_socket():
    assert run(way="refused") == "True []"


@pytest.mark.skipif(not CAPTURE.is_file(), reason="the generated captures are not beside the tests")
def test_the_audit_runs_where_there_is_no_network():
    isolated = ("unshare", "--net", "--map-root-user")
    if not shutil.which("unshare") or subprocess.run([*isolated, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody make a network namespace")
    assert run(*isolated, way="without a network") == "True []"


def test_databases_open_quickly():
    from gdsi_audit.geo._places import Places

    begun = time.process_time()
    Places().place("192.0.2.1")
    assert time.process_time() - begun < 1.0, "half a second is the aim; the rest is for a busy machine"
