"""A second process that compiles the later stages' kernels, while this one compiles and runs the earlier: on the first run of a version only.

Both write into the same cache, whose files are replaced whole. When the second process fails, or is not worth starting, the first compiles what
it needs itself: the results are the same.
"""

from __future__ import annotations

import os
import subprocess
import sys
import weakref

import numpy as np

from gdsi_audit import kernels
from gdsi_audit.flows import CLOSED
from gdsi_audit.flows.community_id import community_ids
from gdsi_audit.flows.table import FlowTable
from gdsi_audit.kernels.cache_folder import CACHE_FOLDER, CACHE_IS_KEPT
from gdsi_audit.packets import PACKETS
from gdsi_audit.readers import RECORDS, Frames

LONGEST_WAIT_S = 120


class Compiling:
    """The second process, if there is one. It ends with this object or this process at the latest."""

    def __init__(self, *, naming: bool) -> None:
        """`naming` False: nobody will look into payload."""
        self._naming = naming
        self._process = _start(["flows", "tls"] if naming else ["flows"]) if _is_first_run() and _processors() > 1 else None
        if self._process is not None:
            weakref.finalize(self, _end, self._process)

    def wait(self) -> None:
        """To be called before a flow table is used. Meanwhile this process compiles its own share of the later stages."""
        process, self._process = self._process, None
        if process is None:
            return
        if self._naming:
            compile_dns()
        try:
            kernels.announce("flows")
            process.wait(LONGEST_WAIT_S)
        except subprocess.TimeoutExpired:
            _end(process)


def compile_flows() -> None:
    """Compiles the flow table's kernels."""
    table = FlowTable(most_live_flows=1)
    frames = Frames(capture=0, data=np.zeros(1, np.uint8), spare_offset=0, records=np.zeros(0, RECORDS))
    for _ in table.assemble(frames, np.zeros(0, PACKETS)):
        pass
    for _ in table.finish():
        pass
    community_ids(np.zeros(1, CLOSED))


def compile_tls() -> None:
    """Compiles the walks over ClientHellos and over whole handshakes."""
    from gdsi_audit.protocols import _hello_scan, tls
    from gdsi_audit.protocols._client_hello import scan_slices

    data, offset, length, gap_bytes = np.zeros(1, np.uint8), np.zeros(1, np.int64), np.ones(1, np.int32), np.zeros(1, np.int32)
    scan_slices(data, offset, length, _hello_scan.RECORDS)
    tls.flights(data, offset, length, gap_bytes, np.arange(2, dtype=np.int64))


def compile_dns() -> None:
    """Compiles the walk over DNS messages."""
    from gdsi_audit.protocols import dns

    dns.columns(np.zeros(1, np.uint8), np.zeros(1, np.int64), np.ones(1, np.int32))


def _is_first_run() -> bool:
    return CACHE_IS_KEPT and not any(CACHE_FOLDER.glob("*.o"))


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _start(stages: list[str]) -> subprocess.Popen[bytes] | None:
    # The modules are searched for where this process found them, never in the working folder, which may be anybody's.
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    quiet = subprocess.DEVNULL
    try:
        return subprocess.Popen([sys.executable, "-P", "-m", __name__, *stages], env=environment, stdin=quiet, stdout=quiet, stderr=quiet)
    except OSError:
        return None


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


STAGES = {"flows": compile_flows, "tls": compile_tls, "dns": compile_dns}

if __name__ == "__main__":
    for stage in sys.argv[1:]:
        STAGES[stage]()
