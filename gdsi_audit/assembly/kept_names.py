"""Which names are kept where there are more than may be held: of each flow that is judged the strongest before its weaker ones."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.assembly.kept_flows import least_repeated
from gdsi_audit.tables.distinct import ordinals


def kept_names(pieces: Iterable[NDArray[np.void]], rows: int, serials: NDArray[np.int64], most: int) -> NDArray[np.bool_]:
    """Which of `rows` names are kept, at most `most`. `pieces`: all of them, facts.NAMES rows, those of a flow together; `serials`: of the flows
    that are judged."""
    wanted, of_judged, rank, first = np.sort(serials), np.empty(rows, np.bool_), np.empty(rows, np.uint16), 0
    for piece in pieces:
        behind = first + piece.size
        place = np.minimum(np.searchsorted(wanted, piece["serial"]), max(wanted.size - 1, 0))
        of_judged[first:behind] = wanted[place] == piece["serial"] if wanted.size else False
        rank[first:behind] = _ranks(piece)
        first = behind
    return least_repeated(rank, of_judged, most)


def _ranks(piece: NDArray[np.void]) -> NDArray[np.int64]:
    """How many stronger names of its flow each has. A flow that lies in two pieces begins anew in the second."""
    order = np.lexsort((piece["source"], piece["serial"]))
    rank = np.empty(piece.size, np.int64)
    rank[order] = ordinals(piece["serial"][order])
    return rank
