"""Plugins import public modules of the core and nothing else; which these are stands in docs/plugins/public.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("plugins/*/src", "datasets/src", "tests/sample_plugin/src", "core/pellucid/workbench/cli/commands/templates")
MODULES = {
    ".".join(path.relative_to(ROOT / "core").with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "core" / "pellucid").rglob("*.py")
}
PUBLIC = re.findall(r"^\| `(pellucid[\w.*]*)` \|", (ROOT / "docs/plugins/public.md").read_text(encoding="utf-8"), re.M)


def imported(source: str) -> Iterator[str]:
    """The core's modules that a file imports, inside of functions too."""
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
            inside = [f"{node.module}.{alias.name}" for alias in node.names]  # from pellucid.ops import base
            names += [name for name in inside if name in MODULES]
        yield from (name for name in names if name.partition(".")[0] == "pellucid")


def is_public(module: str) -> bool:
    return any(fnmatchcase(module, pattern) for pattern in PUBLIC)


def test_plugins_import_public_modules_only() -> None:
    files = [path for place in SOURCES for folder in ROOT.glob(place) for path in folder.rglob("*.py")]
    found = {(str(path.relative_to(ROOT)), name) for path in files for name in imported(path.read_text("utf-8"))}
    assert len(files) > 80 and len({name for _, name in found}) > 30
    private = sorted(f"{path}: {name}" for path, name in found if not is_public(name))
    assert not private, "These are not in docs/plugins/public.md:\n" + "\n".join(private)


def test_every_public_module_is_there() -> None:
    for module in PUBLIC:
        assert module.removesuffix(".*") in MODULES, module


def test_a_private_import_is_noticed() -> None:
    source = "from pellucid import ops\ndef f():\n    from pellucid.ops import base\n    import pellucid.autodiff\n"
    modules = list(imported(source))
    assert [module for module in modules if not is_public(module)] == ["pellucid.ops.base", "pellucid.autodiff"]
