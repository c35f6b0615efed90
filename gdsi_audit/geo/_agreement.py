"""Whether a file that is to replace another mostly agrees with it."""

from __future__ import annotations

import gzip

from gdsi_audit.geo import _cloud_lists
from gdsi_audit.geo._acceptance import Accepted
from gdsi_audit.geo._database_file import Database, probes

LEAST_AGREEMENT = 0.9
LEAST_SIZE = 0.8


def compared(new: Accepted, old: bytes) -> float:
    """Share of the probes that `old` answers on which `new` says the same; 1.0 where `old` answers none.

    Raises ValueError when `new` shrank by more than a fifth or agrees on less than nine tenths: then something is wrong with the one or the other.
    """
    if new.path.endswith(".mmdb"):
        now, then = Database(new.content), Database(old)
        answered = [(address, said) for address in probes() if (said := then.answer(address))]
        agreement = sum(now.answer(address) == said for address, said in answered) / len(answered) if answered else 1.0
        kept = now.nodes / then.nodes
    else:
        kept, agreement = _cloud_lists.likeness(gzip.decompress(new.content).decode(), gzip.decompress(old).decode())
    if kept < LEAST_SIZE:
        raise ValueError(f"{new.path}: refused, it shrank to {kept:.0%} of the one in force")
    if agreement < LEAST_AGREEMENT:
        raise ValueError(f"{new.path}: refused, it agrees with the one in force on only {agreement:.1%} of the probes")
    return agreement
