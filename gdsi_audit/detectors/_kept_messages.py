"""Whether all that a flow said of a protocol was kept: else nothing can be told from what is not there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.traffic import DeviceTraffic


def all_kept(traffic: DeviceTraffic, protocol: str) -> NDArray[np.bool_]:
    """For each flow of the device: whether it ended before the first message of `protocol` that was not kept."""
    flows = traffic.tables.flows
    return np.asarray(flows["start"] + flows["duration_s"] * 1e9 < traffic.complete_until(protocol), np.bool_)
