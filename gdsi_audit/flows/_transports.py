"""Transports that flows are told apart by: IP protocol numbers."""

from __future__ import annotations

TCP, UDP, SCTP, DCCP, UDPLITE = 6, 17, 132, 33, 136
