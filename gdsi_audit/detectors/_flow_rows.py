"""Positions in a device's table of flows of the flows that messages, answers and questions belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.traffic import DeviceTraffic


def rows_of(traffic: DeviceTraffic, flows: Iterable[int] | NDArray[np.int64]) -> NDArray[np.intp]:
    """Positions in `traffic.tables.flows` of these flow ids, ascending; those that are not there are left out."""
    wanted = flows if isinstance(flows, np.ndarray) else np.fromiter(flows, np.int64)
    return np.flatnonzero(np.isin(traffic.tables.flows["flow"], wanted))


def row_of(traffic: DeviceTraffic) -> Mapping[int, int]:
    """Position in `traffic.tables.flows` of each flow id."""
    return {flow: row for row, flow in enumerate(traffic.tables.flows["flow"].tolist())}
