"""Fixtures of the packet tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from numpy.typing import NDArray
from packets_frames import frames_of, rows_of

from gdsi_audit.packets.decode import Decoder


@pytest.fixture
def decode() -> Callable[..., tuple[NDArray, Decoder]]:
    """Rows of some packets and the decoder that made them, finished; the ledger's identity is asserted on the way."""

    def run(packets: list[bytes], linktype: int = 1, **options: int) -> tuple[NDArray, Decoder]:
        decoder = Decoder()
        rows = rows_of(decoder, frames_of(packets, linktype, **options))
        decoder.finish()
        assert all(ledger.adds_up() for ledger in decoder.ledgers.values())
        return rows, decoder

    return run
