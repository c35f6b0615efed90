"""Flows by who they are with, as the declaration sees it. Names of one domain may be declared differently, or not at all: they are judged apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors._subjects import parties
from gdsi_audit.matching import matches
from gdsi_audit.tables.columns import Rows
from gdsi_audit.tables.groups import grouped
from gdsi_audit.traffic import DeviceTraffic


def counterparts(traffic: DeviceTraffic, declaration: Declaration, rows: Rows) -> NDArray[np.object_]:
    """For each flow at `rows`: the title of the declared item that covers it, else registered domain or address of the other side."""
    matched = matches(traffic, declaration).take(rows)
    items = np.where(matched.is_any("verdict", ("declared",)), matched["destination"], -1)
    titles = np.array([*(item.title for item in declaration.destinations), ""], object)
    others = parties(traffic.tables.flows.take(rows))
    beside = np.isin(others, titles[:-1])
    return np.where(items >= 0, titles[items], np.where(beside, others + ", not as declared", others))


def judged_apart(traffic: DeviceTraffic, declaration: Declaration, rows: Rows) -> NDArray[np.object_]:
    """For each flow at `rows`: registered domain or address of the other side, and `counterparts` where these are several of one party."""
    found, apart = parties(traffic.tables.flows.take(rows)), counterparts(traffic, declaration, rows)
    for _, places in grouped(found):
        if len(set(apart[places].tolist())) > 1:
            found[places] = apart[places]
    return found
