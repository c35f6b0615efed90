"""gdsi-audit: audits what a networked product really does on the wire against what its vendor declared."""

__version__ = "0.1.0"
