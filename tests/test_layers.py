"""Imports follow the data: down the pipeline only."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "gdsi_audit"

ORDER = (
    *("wire_text", "discover", "interrupt", "gap", "kernels", "tables"),
    *("readers", "packets", "flows", "frames", "protocols", "content", "geo"),
    *("endpoints", "messages", "hosts", "naming", "traffic", "observation"),
    *("first_run", "observe", "assembly", "flow_log"),
    *("filters", "indicators", "declarations", "selection", "matching", "jurisdictions"),
    *("findings", "detectors", "detection", "commitments", "audit", "drafting", "glossary"),
    *("evidence", "reports", "manual", "live", "cluster", "ending", "commands", "cli"),
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


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def modules_named_in(path: Path, modules: set[str]) -> set[str]:
    """Modules that `path` takes names from, or that are such names."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom) and node.module]
    return {found for node in nodes for alias in node.names for found in (_module(node.module, alias.name, modules),) if found}


def _module(origin: str, name: str, modules: set[str]) -> str:
    whole = f"{origin}.{name}"
    return whole if whole in modules else origin if origin in modules else ""


def test_no_modules_import_each_other_in_a_circle():
    # The package's own file hands public names on when they are asked for: it stands above the modules below it, not among them.
    paths = {module_of(path): path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"}
    TopologicalSorter({module: modules_named_in(path, set(paths)) for module, path in paths.items()}).prepare()
