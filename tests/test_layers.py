"""Core imports the standard library only, and of that nothing that does I/O: more than import-linter can say.

The other layers' contracts are in pyproject.toml and run as a step of `./run test`.
"""

import ast
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "samecast"
CORE = sorted((SOURCE / "core").rglob("*.py"))

# What would let the domain touch the disk, the network, the clock of another process, or the environment.
DOES_IO = {"asyncio", "http", "io", "os", "pathlib", "shutil", "socket", "sqlite3", "subprocess", "tempfile", "urllib"}


def imported_by(source: str) -> set[str]:
    """Names of the modules that `source` imports at any depth, with a leading dot for relative ones."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
    return names


def outside_core(names: set[str]) -> set[str]:
    """Those names that neither the standard library nor core itself provides."""
    return {
        name
        for name in names
        if name.partition(".")[0] not in sys.stdlib_module_names
        and name != "samecast.core"
        and not name.startswith("samecast.core.")
    }


def test_core_is_found() -> None:
    assert {"cast.py", "prompt.py", "recipe.py"} <= {path.name for path in CORE}


@pytest.mark.parametrize("path", CORE, ids=lambda path: path.stem)
def test_core_imports_the_standard_library_only(path: Path) -> None:
    names = imported_by(path.read_text(encoding="utf-8"))
    assert outside_core(names) == set()
    assert {name.partition(".")[0] for name in names} & DOES_IO == set()


@pytest.mark.parametrize(
    ("source", "outside"),
    [
        ("import json, numpy.typing", {"numpy.typing"}),
        ("def f():\n    from samecast.services import shooting", {"samecast.services"}),
        ("from samecast.core.cast import Anchor", set()),
        ("from samecast.core_extras import x", {"samecast.core_extras"}),
        ("from . import cast", {"."}),
    ],
)
def test_what_counts_as_outside(source: str, outside: set[str]) -> None:
    assert outside_core(imported_by(source)) == outside
