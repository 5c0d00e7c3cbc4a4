"""Authors import from `pellucid` alone, and from the conformance kit; docs/plugins/public.md names all there is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pellucid

ROOT = Path(__file__).resolve().parents[2]
SOURCES = (
    "plugins/*/src", "datasets/src", "tests/sample_plugin", "core/pellucid/workbench/cli/commands/templates",
)  # fmt: skip
PAGE = (ROOT / "docs/plugins/public.md").read_text(encoding="utf-8")
MODULES = {"pellucid", "pellucid.testing"}
WORKBENCH = "plugins/studio/"
"""A part of the workbench that comes as a distribution of its own, and moves with it."""


def imported(source: str) -> Iterator[str]:
    """The core's modules that a file imports from, inside of functions too."""
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
            if names == ["pellucid"]:  # from pellucid import ops
                names += [f"pellucid.{alias.name}" for alias in node.names if alias.name not in pellucid.__all__]
        yield from (name for name in names if name.partition(".")[0] == "pellucid")


def test_authors_import_from_the_top_alone() -> None:

    files = [path for place in SOURCES for folder in ROOT.glob(place) for path in folder.rglob("*.py")]
    files = [path for path in files if not path.relative_to(ROOT).as_posix().startswith(WORKBENCH)]
    found = {(str(path.relative_to(ROOT)), name) for path in files for name in imported(path.read_text("utf-8"))}
    assert len(files) > 80 and len(found) > 80
    private = sorted(f"{path}: {name}" for path, name in found if name not in MODULES)
    assert not private, "These are not in docs/plugins/public.md:\n" + "\n".join(private)


def test_the_page_names_all_that_is_public() -> None:
    rows = re.findall(r"^\|[^|]+\|(.+)\|$", PAGE, re.M)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert named - {"pellucid"} == set(pellucid.__all__) - {"__version__"}


def test_a_private_import_is_noticed() -> None:
    source = (
        "from pellucid import ops, Layer\ndef f():\n    from pellucid.ops import base\n    import pellucid.autodiff\n"
    )
    assert set(imported(source)) - MODULES == {"pellucid.ops", "pellucid.autodiff"}
