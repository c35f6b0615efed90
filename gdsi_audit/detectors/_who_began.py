"""Whether the other side began a flow: as a fact that was seen, or as a guess that no finding may rest on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.tables.columns import Columns


def inbound(flows: Columns) -> NDArray[np.bool_]:
    """Whether it was seen that the other side began."""
    return flows.is_any("initiator", ("remote",))


def perhaps_inbound(flows: Columns) -> NDArray[np.bool_]:
    """Whether the other side seems to have begun, though the beginning was not seen."""
    return np.asarray(flows.is_any("initiator", ("unknown",)) & ~flows["device_is_originator"])
