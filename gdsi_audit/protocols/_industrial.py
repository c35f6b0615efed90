"""What the protocols of industrial control share: a message is a request or an answer, and reads or changes something."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Operation:
    """One message of a control protocol."""

    name: str
    """What it does, in the protocol's own words: `write single register`."""
    code: int
    """The number that says so."""
    target: str
    """Unit, station or object that it is for, in display form; empty: none is named."""
    request: bool
    """False: an answer, or the link's own business."""
    changes: bool
    """A request that writes, operates, restarts, stops or loads; False: it reads, or keeps the connection up."""

    @property
    def routine(self) -> bool:
        """Whether it is one of the many messages of which some are enough."""
        return not self.changes

    @property
    def satisfied(self) -> bool:
        """Whether nothing more is to be learnt: never, the next message may change something."""
        return False
