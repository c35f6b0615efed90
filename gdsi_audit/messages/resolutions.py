"""Who asked which name and was told which address: DNS over datagrams and streams, held in bounded rows.

An answer counts as solicited when that client had asked that server for that name in the same flow, under the same identifier. Nothing else ever
names an address.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.messages.facts import Texts
from gdsi_audit.packets.address import value
from gdsi_audit.protocols import Message
from gdsi_audit.tables.spool import Spool

OF_MESSAGE = (
    *((name, "i8") for name in ("flow", "frame", "time")),
    *((name, "u8") for name in ("client_hi", "client_lo", "server_hi", "server_lo")),
    *(("capture", "i4"), ("solicited", "u1")),
)
"""Where a DNS message stands, who asked whom, and whether what it says was asked for."""

QUERIES = np.dtype(
    [
        *OF_MESSAGE,
        ("query", "i4"),  # row in Texts
        ("answers", "i4"),
        ("message_bytes", "i4"),
        ("server_port", "u2"),
        ("qtype", "u2"),
        ("rcode", "u1"),
        ("response", "u1"),
    ],
    align=True,
)
"""One row per DNS message."""

ADDRESSES = np.dtype(
    [
        *OF_MESSAGE,
        ("hi", "u8"),  # the address answered
        ("lo", "u8"),
        ("ttl_s", "i8"),
        ("name", "i4"),  # row in Texts: the name asked for
        ("chain", "i4"),  # row in Texts: CNAME targets joined by " > "
    ],
    align=True,
)
"""One row per address in an answer."""

MOST_OPEN_QUERIES = 65_536
MOST_ROWS = 500_000
"""Of each table; more are counted."""

LATEST = int(np.iinfo(np.int64).max)


class Resolutions:
    """DNS of the whole audit, in the order of reading."""

    def __init__(self, texts: Texts | None = None) -> None:
        self.texts = texts if texts is not None else Texts()
        self.queries = Spool(QUERIES)
        self.addresses = Spool(ADDRESSES)
        self.dropped_queries = self.dropped_addresses = 0
        self.kept_until = LATEST
        """UTC nanoseconds: of what came then or later some is dropped."""
        self._open: OrderedDict[tuple[int, int, str], None] = OrderedDict()

    def add(self, chunks: NDArray[np.void], columns: Any) -> None:
        """Datagrams read by the column: `columns` is dns.DnsColumns, one row per chunk. Rows that need parsing come through `add_message`."""
        messages = columns.messages
        use = (messages["valid"] == 1) & (messages["needs_parse"] == 0) & (messages["opcode"] == 0)
        names = columns.queries()
        rows = self._rows(chunks)
        for field in ("qtype", "rcode", "response", "answers"):
            rows[field] = messages[field]
        rows["message_bytes"] = chunks["wire_length"]
        rows["solicited"] = self._solicited(rows, messages["id"], names, use)
        asked, answered = np.flatnonzero(use), columns.answers["message"]
        # Names of messages that there is no room for are not kept.
        kept = np.union1d(asked[: MOST_ROWS - self.queries.rows], answered[: MOST_ROWS - self.addresses.rows])
        rows["query"][kept] = [self.texts.row(names[row]) for row in kept.tolist()]
        self._keep_queries(rows[asked])
        self._add_addresses(rows, columns)

    def finish(self) -> None:
        """Nothing more comes: which queries are open and which row each text has is forgotten."""
        self._open.clear()
        self.texts.finish()

    def add_message(self, message: Message, chunk: NDArray[np.void]) -> None:
        """One message that was parsed whole; `chunk`, one row of CHUNKS, completed it."""
        body = message.body
        if body.opcode != 0 or not body.questions:
            return
        rows, name, answered = self._rows(chunk), body.questions[0].name.lower(), list(body.addresses())
        rows["qtype"], rows["rcode"], rows["response"] = body.questions[0].qtype, body.rcode, body.response
        rows["answers"], rows["message_bytes"] = len(body.answers), chunk["wire_length"]
        rows["solicited"] = self._solicited(rows, np.array([body.id]), [name], np.ones(1, np.bool_))
        if self.queries.rows < MOST_ROWS or (answered and self.addresses.rows < MOST_ROWS):
            rows["query"] = self.texts.row(name)
        self._keep_queries(rows)
        for one in answered:
            hi, lo = value(one.address)
            chain = " > ".join(one.chain).lower()
            self._append_address(rows, np.zeros(1, np.int64), np.array([hi], np.uint64), np.array([lo], np.uint64), one.ttl_s, [chain])

    def _keep_queries(self, rows: NDArray[np.void]) -> None:
        room = MOST_ROWS - self.queries.rows
        self.queries.append(rows[:room])
        self.dropped_queries += self._dropped(rows[room:])

    def _dropped(self, rows: NDArray[np.void]) -> int:
        if rows.size:
            self.kept_until = min(self.kept_until, int(rows["time"].min()))
        return rows.size

    @staticmethod
    def _rows(chunks: NDArray[np.void]) -> NDArray[np.void]:
        """QUERIES rows with everything that the chunk itself says; the client is the flow's originator."""
        rows = np.zeros(chunks.size, QUERIES)
        for field in ("flow", "frame", "time", "capture"):
            rows[field] = chunks[field]
        for side, role in (("orig", "client"), ("resp", "server")):
            rows[f"{role}_hi"], rows[f"{role}_lo"] = chunks[f"{side}_hi"], chunks[f"{side}_lo"]
        rows["server_port"] = chunks["resp_port"]
        return rows

    def _solicited(self, rows: NDArray[np.void], ids: NDArray[np.integer], names: Sequence[str], use: NDArray[np.bool_]) -> NDArray[np.bool_]:
        solicited = np.ones(rows.size, np.bool_)
        keys = zip(rows["flow"].tolist(), ids.tolist(), names, strict=True)
        for row, (key, response, used) in enumerate(zip(keys, rows["response"].tolist(), use.tolist(), strict=True)):
            if not used:
                continue
            if response:
                solicited[row] = key in self._open
                continue
            self._open[key] = None
            if len(self._open) > MOST_OPEN_QUERIES:
                self._open.popitem(last=False)
        return solicited

    def _add_addresses(self, rows: NDArray[np.void], columns: Any) -> None:
        answers = columns.answers
        if answers.size:
            self._append_address(rows, answers["message"], answers["address_hi"], answers["address_lo"], answers["ttl_s"], columns.chains())

    def _append_address(
        self,
        rows: NDArray[np.void],
        of_row: NDArray[np.int64],
        hi: NDArray[np.uint64],
        lo: NDArray[np.uint64],
        ttl_s: NDArray[np.uint32] | int,
        chains: Sequence[str],
    ) -> None:
        addresses = np.zeros(of_row.size, ADDRESSES)
        for field, _ in OF_MESSAGE:
            addresses[field] = rows[field][of_row]
        addresses["name"] = rows["query"][of_row]
        addresses["hi"], addresses["lo"], addresses["ttl_s"] = hi, lo, ttl_s
        room = MOST_ROWS - self.addresses.rows
        kept = addresses[:room]
        kept["chain"] = [self.texts.row(chain) for chain in chains[:room]]
        self.addresses.append(kept)
        self.dropped_addresses += self._dropped(addresses[room:])
