"""Flows by who they are with, as the declaration sees it: its item where one covers them, else the other side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.columns import Rows
from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors._subjects import parties
from gdsi_audit.matching import matches
from gdsi_audit.traffic import DeviceTraffic


def counterparts(traffic: DeviceTraffic, declaration: Declaration, rows: Rows) -> NDArray[np.object_]:
    """For each flow at `rows`: the title of the declared item that covers it, else registered domain or address of the other side.

    Names of one domain may be declared differently, or not at all: they are judged apart.
    """
    matched = matches(traffic, declaration).take(rows)
    items = np.where(matched.is_any("verdict", ("declared",)), matched["destination"], -1)
    titles = np.array([*(item.title for item in declaration.destinations), ""], object)
    return np.where(items >= 0, titles[items], parties(traffic.tables.flows.take(rows)))
