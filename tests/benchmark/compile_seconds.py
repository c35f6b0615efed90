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
        found = [
            (kernels.compile_seconds(thing), module.__name__, name)
            for module in list(sys.modules.values())
            if getattr(module, "__name__", "").startswith("gdsi_audit.")
            for name, thing in vars(module).items()
            if hasattr(thing, "get_metadata") and thing.py_func.__module__ == module.__name__
        ]
    for seconds, module, name in sorted(found, reverse=True):
        if seconds:
            print(f"{seconds:7.2f} s  {module}.{name}")
    print(f"{whole:7.2f} s  CPU in all, imports and audit included")


if __name__ == "__main__":
    main()
