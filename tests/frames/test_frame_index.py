import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdsi_audit.flows import CLOSED
from gdsi_audit.frames.index import FrameIndex
from gdsi_audit.frames.order import ENTRIES, FrameOrder
from gdsi_audit.frames.ranges import Ranges, by_capture, merged
from gdsi_audit.tables.spool import Spool


def rows(*flows):
    """(flow id, serial, first capture, first frame, last capture, last frame) each."""
    table = np.zeros(len(flows), CLOSED)
    for field, column in zip(("flow", "serial", "first_capture", "first_frame", "last_capture", "last_frame"), zip(*flows, strict=True), strict=True):
        table[field] = column
    return table


@pytest.mark.parametrize(
    ("numbers", "ranges"),
    [([], []), ([5], [(5, 5)]), ([1, 2, 3], [(1, 3)]), ([1, 2, 4, 5, 9], [(1, 2), (4, 5), (9, 9)])],
)
def test_ascending_numbers_become_ranges(numbers, ranges):
    found = merged(np.array(numbers, np.int64))
    assert found == ranges == list(found) and found == Ranges(ranges) and hash(found) == hash(tuple(ranges))
    assert (len(found), found.frame_count, [found[place] for place in range(len(found))]) == (len(ranges), len(numbers), ranges)
    assert found[1:] == ranges[1:] and found != [*ranges, (20, 20)] and found != len(ranges)


@pytest.fixture
def index():
    """Two captures of four and three frames; flow 16 goes across both, flow 32 has two packets, frame 3 belongs to none."""
    index = FrameIndex()
    index.begin_capture(0)
    index.add(np.array([0 << 32 | 1, 1 << 32 | 2, 0 << 32 | 4]))
    index.begin_capture(4)
    index.add(np.array([0 << 32 | 5, 0 << 32 | 6, 1 << 32 | 7]))
    index.name_flows(rows((16, 0, 0, 1, 1, 2), (32, 1, 0, 2, 1, 3)))
    return index


@pytest.mark.parametrize(
    ("flows", "frames"),
    [
        ([16], [(0, [(1, 1), (4, 4)]), (1, [(1, 2)])]),
        ([32], [(0, [(2, 2)]), (1, [(3, 3)])]),
        ([16, 32], [(0, [(1, 2), (4, 4)]), (1, [(1, 3)])]),
        ([48], []),
        ([], []),
    ],
)
def test_frames_of_flows_are_exact_and_by_capture(index, flows, frames):
    assert index.frames(flows) == frames


@given(st.lists(st.integers(0, 9), max_size=60), st.lists(st.integers(0, 9), unique=True, max_size=10), st.integers(1, 20))
def test_what_does_not_fit_in_memory_is_the_same_from_disk(serials, known, most_in_memory):
    entries = Spool(ENTRIES)
    for number, serial in enumerate(serials):
        entries.append(np.array([(number + 1, serial)], ENTRIES))
    places = np.arange(len(known))
    in_memory = FrameOrder(entries, np.array(known, np.uint32))
    on_disk = FrameOrder(entries, np.array(known, np.uint32), most_in_memory)
    expected = sorted(number + 1 for number, serial in enumerate(serials) if serial in known)
    assert sorted(in_memory.frames(places).tolist()) == sorted(on_disk.frames(places).tolist()) == expected
    for place in range(len(known)):
        assert in_memory.frames(places[place : place + 1]).tolist() == on_disk.frames(places[place : place + 1]).tolist()


def test_frames_of_several_captures_stand_apart_in_order():
    captures, frames = np.array([1, 0, 1, 1, 0]), np.array([5, 9, 4, 5, 2])
    assert by_capture(captures, frames) == [(0, Ranges([(2, 2), (9, 9)])), (1, Ranges([(4, 5)]))]
    assert by_capture(captures[:0], frames[:0]) == []
