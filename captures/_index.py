"""Which generators there are, what they make, and the index page of it all."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).parent
PAGE = FOLDER / "README.md"
NOT_KEPT = ("cases",)
"""Folders whose captures are too large to keep: tests make them anew, and so does `python -m captures WORD`."""
Contents = dict[str, Callable[[], bytes]]

INTRODUCTION = """\
# Captures

Sample traffic, all of it made by this project. But for `recorded/`, nothing was recorded: a capture is written by the generator `*.pcap.py` beside
it, and `python -m captures [WORD]`, run from the top folder of the repository with the `test` extra installed, writes all of them (or those with
WORD in the generator's path) and this page again, byte for byte. In what is generated, names are of the reserved domain `example`. Addresses beyond
the home network are chosen for the country that the embedded databases give them; none was contacted. Twins with `_v6` are the same over IPv6;
`_benign` and `_honest` look alike and must not be reported. A declaration (`.toml`) beside a capture is what it is held against. The fourteen
cases in `cases/` have generators and declarations only: their captures are large, and are written when WORD asks for them.

Licence of everything here: Apache-2.0, as the project.
"""


def generators() -> list[Path]:
    """Every generator, in order of its path."""
    return sorted(FOLDER.rglob("*.pcap.py"))


def is_kept(generator: Path) -> bool:
    """Whether its captures are part of the repository."""
    return generator.parent.name not in NOT_KEPT


def contents(generator: Path) -> Contents:
    """File name and maker of each capture that `generator` writes beside itself."""
    made: Contents = _module(generator).CAPTURES
    return made


def page() -> str:
    """The index, as it must stand in README.md."""
    return INTRODUCTION + "".join(_section(folder) for folder in sorted({path.parent for path in FOLDER.rglob("*.pcap") if is_kept(path)}))


def _section(folder: Path) -> str:
    shown = dict(_shown(folder))
    rows = [f"| `{path.name}` | {shown.get(path.name, '')} | {_sha256(path)} |" for path in sorted(folder.glob("*.pcap"))]
    return "\n".join((f"\n## {folder.relative_to(FOLDER)}\n", *_made_by(folder), "", "| file | shows | sha256 |", "|---|---|---|", *rows, ""))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _made_by(folder: Path) -> list[str]:
    """The scripts of `folder`, and the page that says more where there is one."""
    scripts = [
        f"- `{path.name}`: {_first_line(ast.get_docstring(ast.parse(path.read_text(encoding='utf-8'))))}" for path in sorted(folder.glob("*.py"))
    ]
    more = folder / "README.md"
    return [*scripts, *([f"- what must happen: [{folder.name}/README.md]({folder.name}/README.md)"] if more.exists() else [])]


def _shown(folder: Path) -> Iterator[tuple[str, str]]:
    """What each capture of `folder` shows: the first line of its maker's docstring, with what the maker was given by name."""
    yield from _recorded(folder)
    for generator in generators():
        if generator.parent == folder:
            for name, maker in contents(generator).items():
                given = [str(value) for value in getattr(maker, "args", ())]
                version = getattr(maker, "keywords", {}).get("ip_version")
                yield name, " · ".join([_first_line(getattr(maker, "func", maker).__doc__), *given, *([f"IPv{version}"] if version else [])])


def _recorded(folder: Path) -> Iterator[tuple[str, str]]:
    """The same of what was recorded: a capture bears the name of the function that records it, and of its version of IP."""
    for script in sorted(folder.glob("with_*.py")):
        functions = [node for node in ast.parse(script.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)]
        for function in functions:
            line = _first_line(ast.get_docstring(function))
            yield f"{function.name}.pcap", f"{line} · IPv4"
            yield f"{function.name}_v6.pcap", f"{line} · IPv6"


def _first_line(documentation: str | None) -> str:
    return (documentation or "").strip().split("\n")[0]


def _module(generator: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location(generator.name.removesuffix(".pcap.py"), generator)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
