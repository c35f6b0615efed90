"""Seconds that each kernel takes to compile: `python tests/benchmark/compile_seconds.py [CAPTURE...]`. Not run with the tests.

The whole audit runs over the captures (the recorded session, if none is named) with an empty kernel cache; what it did not need is not in the list.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

RECORDED = Path(__file__).parents[2] / "captures" / "recorded" / "web_session.pcap"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        # Before the first import: the folder is chosen once.
        os.environ["GDSI_AUDIT_CACHE"] = folder
        begun = time.process_time()
        from gdsi_audit import audit, kernels

        audit(sys.argv[1:] or [str(RECORDED)])
        whole = time.process_time() - begun
        found = [(kernel.compile_seconds, kernel.name) for kernel in kernels.KERNELS]
    for seconds, name in sorted(found, reverse=True):
        if seconds:
            print(f"{seconds:7.2f} s  {name}")
    print(f"{whole:7.2f} s  CPU in all, imports and audit included")


if __name__ == "__main__":
    main()
