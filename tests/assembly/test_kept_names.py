"""Which names are kept where there are too many."""

from __future__ import annotations

import numpy as np
import pytest

from gdsi_audit.assembly.kept_names import kept_names
from gdsi_audit.messages.facts import NAMES

CERTIFICATE, HOST, SNI = 9, 1, 4
GIVEN = ((1, SNI), (1, CERTIFICATE), (1, HOST), (2, SNI), (7, CERTIFICATE), (7, SNI))


def kept(most, serials, piece=6):
    rows = np.zeros(len(GIVEN), NAMES)
    rows["serial"], rows["source"] = zip(*GIVEN, strict=True)
    mask = kept_names([rows[first : first + piece] for first in range(0, rows.size, piece)], rows.size, np.array(serials, np.int64), most)
    return [name for name, held in zip(GIVEN, mask.tolist(), strict=True) if held]


@pytest.mark.parametrize(
    ("most", "serials", "expected"),
    [
        (3, [7, 1, 2], [(1, HOST), (2, SNI), (7, SNI)]),
        (5, [7, 1, 2], [(1, SNI), (1, HOST), (2, SNI), (7, CERTIFICATE), (7, SNI)]),
        (9, [2, 7], [(2, SNI), (7, CERTIFICATE), (7, SNI)]),
        (9, [], []),
    ],
)
def test_the_strongest_of_each_flow_that_is_judged_come_first(most, serials, expected):
    assert kept(most, serials) == expected


def test_names_may_come_in_pieces():
    assert kept(9, [1, 2, 7], piece=2) == list(GIVEN)
