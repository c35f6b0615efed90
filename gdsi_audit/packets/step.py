"""Where a part of the packet kernels leaves what it found: places in one small array."""

from __future__ import annotations

# Places in `step`, where a function leaves what it found.
OFFSET, KIND, VLAN, TUNNEL, PROTOCOL, FRAGMENT_OFFSET, MORE, IDENTIFICATION = 0, 1, 2, 3, 4, 5, 6, 7
STEP_PLACES = 8
