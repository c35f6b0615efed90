from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdsi_audit.gap import SKIP_REASONS, Ledger


def test_a_ledger_adds_up_only_when_every_frame_and_byte_is_booked():
    ledger = Ledger(read=10, read_bytes=1_000)
    ledger.decoded, ledger.decoded_bytes = 7, 700
    ledger.skip("not_ip", 2, 200)
    assert not ledger.adds_up()
    ledger.skip("short_frame", 1, 99)
    assert not ledger.adds_up()
    ledger.skipped_bytes["short_frame"] += 1
    assert ledger.adds_up()


def test_nothing_is_booked_for_no_frames():
    ledger = Ledger()
    ledger.skip("not_ip", 0, 0)
    assert (dict(ledger.skipped), dict(ledger.skipped_bytes)) == ({}, {})


def test_reasons_are_a_closed_list():
    with pytest.raises(ValueError, match="'because' is not on the closed list"):
        Ledger().skip("because", 1, 60)


@given(st.lists(st.tuples(st.sampled_from(SKIP_REASONS), st.integers(1, 1_000), st.integers(0, 10**9))))
def test_sums_of_any_bookings(bookings):
    ledger = Ledger(read=sum(frames for _, frames, _ in bookings), read_bytes=sum(wire for _, _, wire in bookings))
    for reason, frames, wire in bookings:
        ledger.skip(reason, frames, wire)
    assert ledger.adds_up()
