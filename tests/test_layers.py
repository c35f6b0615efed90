"""Imports follow the data: down the pipeline only."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "gdsi_audit"

ORDER = (
    *("wire_text", "discover", "interrupt", "gap", "names", "machine_code", "prefetch", "compiler", "kernels"),
    *("spool", "stored_table", "distinct", "columns", "collecting", "freed_memory"),
    *("readers", "packets", "flows", "frame_ranges", "frame_order", "frame_index", "protocols", "content", "geo"),
    *("address_reach", "bindings"),
    *("endpoints", "facts", "messages", "resolutions", "devices", "hostnames", "device_starts", "naming", "name_mismatches", "neighbours", "traffic"),
    *(
        "first_run",
        "observe",
        "perspective",
        "connections",
        "nameable",
        "remote_ends",
        "handshakes",
        "round_trips",
        "device_tables",
        "coverage",
        "jurisdictions",
        "assembly",
    ),
    *("flow_log",),
    *("shared_platforms", "filters", "indicators", "declarations", "selection", "assessment"),
    *("flow_kinds", "outer_names", "declared_items", "arranged", "matching_rules", "matching", "assessed_flows", "finding", "flow_tuples"),
    *("evidence_of", "detectors"),
    *("detection", "initiative", "unjudged", "grounds", "commitments", "audit", "drafting", "glossary"),
    *("evidence", "reports", "manual", "live", "cluster", "ending", "output", "progress_bar", "commands", "cli"),
)


def stage(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def internal_imports(path: Path) -> list[str]:
    found = [name for node in ast.walk(ast.parse(path.read_text())) for name in imported(node)]
    return [name.split(".")[1] for name in found if name.startswith("gdsi_audit.") and name != "gdsi_audit.__version__"]


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module == "gdsi_audit":
        return [f"gdsi_audit.{alias.name}" for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []


def test_imports_go_down_the_pipeline_only():
    wrong = [
        f"{path.relative_to(PACKAGE)} imports gdsi_audit.{target}, which comes later"
        for path in sorted(PACKAGE.rglob("*.py"))
        if stage(path) not in ("__init__", "__main__")
        for target in internal_imports(path)
        if ORDER.index(target) > ORDER.index(stage(path))
    ]
    assert wrong == []
