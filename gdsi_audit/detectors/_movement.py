"""How much a flow matters, by what moved in it: the scale that undeclared contacts are graded on."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gdsi_audit.finding import SEVERITIES

INFO, LOW = SEVERITIES.index("info"), SEVERITIES.index("low")


def grades(flows: pd.DataFrame, base: str) -> NDArray[np.int64]:
    """Row in SEVERITIES for each flow: nothing beyond a bare handshake is `info`, a TLS or QUIC handshake alone `low`, payload upload `base`.

    ICMP carries no service, so what it says of a destination is at most `low`; so is a flow that the device may not have begun.
    """
    handshake = np.where(flows["up_bytes"].to_numpy() > 0, LOW, INFO)
    graded = np.where(flows["application_data"].to_numpy(dtype=bool) & (handshake == LOW), SEVERITIES.index(base), handshake)
    perhaps_inbound = (flows["initiator"] == "unknown") & ~flows["device_is_originator"]
    doubtful = (flows["transport"].isin(["icmp", "icmp6"]) | perhaps_inbound).to_numpy(dtype=bool)
    return np.where(doubtful, np.minimum(graded, LOW), graded).astype(np.int64)


def worst(graded: NDArray[np.int64]) -> str:
    """The highest severity word of a group."""
    return SEVERITIES[int(graded.max())]
