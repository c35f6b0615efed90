"""Findings made by hand."""

from __future__ import annotations

from gdsi_audit.findings.finding import Broken, Evidence, Finding

START_NS = 1_790_000_000_000_000_000
SHA256 = "ab" * 32


def finding(number: int, severity: str = "medium", **given) -> Finding:
    whole = {
        "detector": "undeclared_destination", "device": "camera", "subject": f"host{number}.example", "severity": severity, "confidence": "high",
        "commitments": ("GDSI-3", "GDSI-7"), "observation": f"This device sent {number:,} bytes.", "inference": "It may be more.",
        "alternatives": ("a forgotten declaration", "a test"), "refuted_by": "A longer capture.", "count": 3, "bytes": 1000 * number,
        "evidence": (Evidence(frames=((SHA256, ((number, number + 3), (number + 9, number + 9))),), display_filter=f"frame.number == {number}"),),
        "first_seen": START_NS, "last_seen": START_NS + 1_500_000_000, "measures": {"up_bytes": number, "share": 0.5},
    }  # fmt: skip
    return Finding(**{**whole, **given})


SIX = (
    finding(1, "critical", contradicts=(Broken("destination", "ports", "camera.toml", 10, "vendor"),), detector="cleartext_credentials"),
    finding(2, "high", commitments=("GDSI-5",), detector="undeclared_jurisdiction"),
    finding(3, "medium", first_seen=0, last_seen=0),
    finding(4, "low", measures={"ratio": float("nan")}),
    finding(5, "info", detector="unused_declaration"),
    finding(6, "info", confidence="low", evidence=finding(6).evidence * 5),
)
