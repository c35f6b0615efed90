"""gdsi-audit: audits what a networked product really does on the wire against what its vendor declared.

>>> from gdsi_audit import audit
>>> result = audit("captures/smart_camera/smart_camera.pcap", "captures/smart_camera/smart_camera.toml")
>>> result.worst()
'high'
"""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"
__all__ = ["Audit", "Draft", "Evidence", "Finding", "__version__", "audit", "draft"]


def __getattr__(name: str) -> Any:
    """The public names, loaded on first use: `--help` must not wait for compilers and tables."""
    if name in ("audit", "Audit"):
        import gdsi_audit.audit as pipeline

        globals()["audit"], globals()["Audit"] = pipeline.audit, pipeline.Audit
        return globals()[name]
    if name in ("draft", "Draft"):
        from gdsi_audit import drafting

        return getattr(drafting, name)
    if name in ("Finding", "Evidence"):
        from gdsi_audit.findings import finding

        return getattr(finding, name)
    raise AttributeError(f"module 'gdsi_audit' has no attribute {name!r}")
