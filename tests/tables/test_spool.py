import numpy as np

from gdsi_audit.tables.spool import Spool

ROWS = np.dtype([("number", "i8"), ("letter", "S1")])


def test_rows_come_back_in_the_order_of_appending():
    spool = Spool(ROWS)
    spool.append(np.array([(1, b"a"), (2, b"b")], ROWS))
    spool.append(np.zeros(0, ROWS))
    spool.append(np.array([(3, b"c")], ROWS))
    assert spool.all().tolist() == [(1, b"a"), (2, b"b"), (3, b"c")]
    assert [piece.tolist() for piece in spool.pieces(2)] == [[(1, b"a"), (2, b"b")], [(3, b"c")]]


def test_reading_does_not_disturb_appending():
    spool = Spool(ROWS)
    spool.append(np.array([(1, b"a")], ROWS))
    assert spool.all()["number"].tolist() == [1]
    spool.append(np.array([(2, b"b")], ROWS))
    assert spool.all()["number"].tolist() == [1, 2]
    assert spool.piece(1, 10)["number"].tolist() == [2]
