"""Codes of a TCP endpoint: Zeek's states, marks, and the flags of a segment."""

from __future__ import annotations

FIN, SYN, RST, ACK = 1, 2, 4, 16
INACTIVE, SYN_SENT, SYN_ACK_SENT, PARTIAL, ESTABLISHED, CLOSING, RESET = range(7)
DID_CLOSE, HAS_FIN, HAS_SYN, ASKED = 1, 2, 4, 8
