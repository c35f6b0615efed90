"""How much a flow matters, by what moved in it: the scale that undeclared contacts are graded on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.detectors._who_began import perhaps_inbound
from gdsi_audit.findings.finding import SEVERITIES
from gdsi_audit.tables.columns import Columns

INFO, LOW = SEVERITIES.index("info"), SEVERITIES.index("low")


def grades(flows: Columns, base: str) -> NDArray[np.int64]:
    """Row in SEVERITIES for each flow: nothing beyond a bare handshake is `info`, a TLS or QUIC handshake alone `low`, payload upload `base`.

    ICMP carries no service, so what it says of a destination is at most `low`; so is a flow that the device may not have begun. Where it only
    echoes what others send, as every host must (RFC 1122 section 3.2.2.6), it is `info`.
    """
    handshake = np.where(flows["up_bytes"] > 0, LOW, INFO)
    graded = np.where(flows["application_data"] & (handshake == LOW), SEVERITIES.index(base), handshake)
    echoed = flows.is_any("transport", ("icmp", "icmp6")) & ~flows["device_is_originator"] & (flows["up_bytes"] <= flows["down_bytes"])
    graded = np.where(echoed, INFO, graded)
    doubtful = flows.is_any("transport", ("icmp", "icmp6")) | perhaps_inbound(flows)
    return np.where(doubtful, np.minimum(graded, LOW), graded).astype(np.int64)


def worst(graded: NDArray[np.int64]) -> str:
    """The highest severity word of a group."""
    return SEVERITIES[int(graded.max())]
