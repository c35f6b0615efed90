"""What the first run of a version costs: CPU seconds per kernel from an empty cache, printed (pytest -s)."""

from __future__ import annotations

import json
import os
import subprocess
import sys

FIRST_RUN = """
import json
import struct
import sys
import time
from collections import Counter

from numba.core import event

from gdsi_audit import first_run, kernels
from gdsi_audit.packets.decode import Decoder
from gdsi_audit.readers._inputs import inputs
from gdsi_audit.readers._source import Reading


class Stopwatch(event.Listener):
    # Compilations of each function, by numba's form of it.
    def __init__(self):
        self.times = Counter()

    def on_start(self, event):
        self.times[event.data["dispatcher"].py_func] += 1

    def on_end(self, event):
        pass


stopwatch = Stopwatch()
event.register("numba:compile", stopwatch)
ADDRESSES = bytes([192, 0, 2, 1, 192, 0, 2, 2])
FRAME = bytes(12) + b"\\x08\\0\\x45\\0\\0\\x1c\\0\\0\\0\\0\\x40\\x11\\0\\0" + ADDRESSES + struct.pack(">4H", 1, 2, 8, 0)
FRAGMENT = FRAME[:20] + b"\\x20\\0" + FRAME[22:]


def pcap(linktype, frame):
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, linktype) + struct.pack("<4I", 1, 0, len(frame), len(frame)) + frame


def block(kind, body):
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


SECTION = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)) + block(1, struct.pack("<HHI", 1, 0, 65535))
PCAPNG = SECTION + block(6, struct.pack("<5I", 0, 0, 0, len(FRAME), len(FRAME)) + FRAME + bytes(-len(FRAME) % 4))

for capture in (pcap(1, FRAME), PCAPNG, pcap(101, FRAME[14:]), pcap(1, FRAGMENT)):
    with open(sys.argv[1], "wb") as file:
        file.write(capture)
    decoder = Decoder()
    with Reading(inputs([sys.argv[1]])[0], 0) as reading:
        assert [len(batch) for frames in reading.frames() for batch in decoder.decode(frames)] == [1] * (capture[-22:] != FRAGMENT[-22:])
    decoder.finish()
for compile_stage in first_run.STAGES.values():
    compile_stage()
compiled = {}
for kernel in kernels.KERNELS:
    compiled[kernel.name] = round(kernel.compile_seconds, 2), kernel.compilations
ours = [function for function in stopwatch.times if function.__module__.startswith("gdsi_audit.")]
inner = {f"{function.__module__}.{function.__qualname__}": stopwatch.times[function] for function in ours}
print(json.dumps([compiled, inner]))
"""

FOR_EVERYDAY_RARE_AND_OTHER_LINKS = {"gdsi_audit.packets.network.decode_links": 3}
FOR_TWO_SIZES = {"gdsi_audit.packets.numbers.little": 2, "gdsi_audit.packets.numbers.big": 2}


def test_every_kernel_is_compiled_once_for_one_signature(repository, tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GDSI_", "NUMBA_"))}
    environment |= {"PYTHONPATH": str(repository), "GDSI_AUDIT_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-c", FIRST_RUN, str(tmp_path / "capture")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=600)
    compiled, inner = json.loads(done.stdout)
    for name, (seconds, _) in sorted(compiled.items(), key=lambda item: -item[1][0]):
        print(f"{seconds:7.2f} s  {name.removeprefix('gdsi_audit.')}")
    expected = {name: FOR_EVERYDAY_RARE_AND_OTHER_LINKS.get(name, 1) for name in compiled}
    assert {name: times for name, (_, times) in compiled.items()} == expected
    assert {name: times for name, times in inner.items() if times > FOR_TWO_SIZES.get(name, 1)} == {}
