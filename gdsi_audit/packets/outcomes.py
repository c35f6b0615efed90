"""What becomes of a frame: 0, it is decoded, or 1 + the index of a reason in SKIP_REASONS."""

from __future__ import annotations

from gdsi_audit.gap import SKIP_REASONS

UNKNOWN_LINKTYPE = SKIP_REASONS.index("unknown_linktype") + 1
ENCRYPTED_LINK = SKIP_REASONS.index("encrypted_link") + 1
NOT_IP = SKIP_REASONS.index("not_ip") + 1
SHORT_FRAME = SKIP_REASONS.index("short_frame") + 1
BAD_HEADER = SKIP_REASONS.index("bad_header") + 1
FRAGMENT_UNREASSEMBLED = SKIP_REASONS.index("fragment_unreassembled") + 1
FRAGMENT_OVERLAP = SKIP_REASONS.index("fragment_overlap") + 1
LIMIT_REASSEMBLY = SKIP_REASONS.index("limit:reassembly") + 1
LIMIT_TUNNEL_DEPTH = SKIP_REASONS.index("limit:tunnel_depth") + 1
LIMIT_EXTENSION_HEADERS = SKIP_REASONS.index("limit:extension_headers") + 1
PENDING = 255
"""The frame is booked when its datagram is complete or given up."""
