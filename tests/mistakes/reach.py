"""Which tests reach a mistake: the quickest that ran its line, where that was measured; then those that name the file
or what it defines, the kit over what is registered from it, and the folders of tests beside it. Nearest first: most
mistakes are caught at once."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

Command = tuple[str, ...]
"""Arguments of Python."""
FOLDERS: dict[str, tuple[str, ...]] = {
    "core/pellucid/basics": ("tests/core", "tests/config", "tests/registry", "tests/saving"),
    "core/pellucid/registry": ("tests/registry", "tests/config", "tests/cli", "tests/saving"),
    "core/pellucid/ops": ("tests/kernels", "tests/components", "tests/core"),
    "core/pellucid/autodiff": ("tests/autodiff", "tests/witnesses", "tests/testing/test_gradients.py"),
    "core/pellucid/interfaces": ("tests/core", "tests/data", "tests/config", "tests/components"),
    "core/pellucid/model": ("tests/core", "tests/config", "tests/saving", "tests/components"),
    "core/pellucid/training": ("tests/core", "tests/saving", "tests/data", "tests/witnesses", "tests/experiments"),
    "core/pellucid/saving": ("tests/saving", "tests/config", "tests/experiments"),
    "core/pellucid/standard/ops": ("tests/components", "tests/kernels"),
    "core/pellucid/standard/derivatives": ("tests/autodiff", "tests/glassbox"),
    "core/pellucid/standard/callbacks": ("tests/core", "tests/saving", "tests/experiments"),
    "core/pellucid/workbench/data_pictures": ("tests/photos", "tests/experiments"),
    "core/pellucid/standard": (
        "tests/components",
        "tests/core",
        "tests/data",
        "tests/saving",
        "tests/autodiff",
        "tests/testing",
    ),
    "core/pellucid/glassbox": ("tests/glassbox", "tests/components/test_equations.py"),
    "core/pellucid/workbench": ("tests/experiments", "tests/cli", "tests/photos", "tests/data"),
    "core/pellucid/testing": ("tests/testing",),
    "datasets": ("datasets/tests", "tests/data"),
    "ext": ("tests/kernels", "tests/components/test_equations.py", "tests/core", "tests/testing/test_conformance.py"),
}
"""Tests of the folders of the core; of a plugin they are its own."""
NOT_NEAR = tuple(f"tests/{name}/" for name in ("docs", "packaging", "benchmarks", "studies", "faults", "mistakes"))
"""Tests of pages and packages: they run for a minute, and see everything from afar."""
COPIES = "tests/kernels/test_fused.py"
"""Holds what plugins have of the core's files in C to be the same."""
LISTS = tuple(f"tests/registry/test_{name}.py" for name in (
    "defaults", "limits", "verbs", "controls", "parameters", "layers_inside", "refused",
))  # fmt: skip
"""What all components take and say, in lists: that is read when a module is imported, and not when a test runs."""
FAR = ("tests/benchmarks", "tests/studies", "tests/faults")
"""Folders of tests that see the code from afar, tried when all others have passed; those of pages take minutes."""
SANITIZED = "tests/kernels/test_sanitizers.py"
"""What `make slow` says of C: it sees what is written beside an array, too."""
NEAR = 8
"""Files of tests, at the most, that are tried before whole folders: of the folders beside the file, and of others."""


@cache
def tests(root: Path) -> dict[str, str]:
    """The files of tests, and what is in them."""
    patterns = ("tests/**/test_*.py", "plugins/*/tests/test_*.py", "datasets/tests/*.py")
    found = [path for pattern in patterns for path in root.glob(pattern)]
    named = {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in sorted(found)}
    return {name: text for name, text in named.items() if not name.startswith(NOT_NEAR) and "sample_plugin" not in name}


def commands(root: Path, path: Path, quickest: Sequence[str] = ()) -> list[Command]:
    """What is run for a mistake in a file, one after the other, until one of them fails.

    Args:
        quickest: the tests that are known to run its line.
    """
    place = str(path.relative_to(root))
    folders = next((FOLDERS[folder] for folder in sorted(FOLDERS, reverse=True) if place.startswith(f"{folder}/")), ())
    if place.startswith("plugins/"):
        folders = ("/".join((*place.split("/")[:2], "tests")),)
        if path.suffix != ".py":
            folders += (COPIES,)
    near = _near(root, path)
    beside = [name for name in near if name.startswith(folders)][:NEAR]
    others = [name for name in near if not name.startswith(folders)][:NEAR]
    names = registered(root, path) if path.suffix == ".py" else ()
    kit = [("-m", "tests.mistakes.kit", *names)] if names else []
    of_files = [pytest(files) for files in (beside, others) if files]
    return [
        *([pytest(quickest)] if quickest else []),
        *of_files[:1],
        *kit,
        *of_files[1:],
        *(pytest([folder]) for folder in folders),
        *([pytest(LISTS), pytest(FAR)] if path.suffix == ".py" else [pytest([SANITIZED], "slow")]),
    ]


def pytest(names: Sequence[str], marked: str = "not slow and not kit") -> Command:
    chosen = ("-m", marked, "-p", "no:cacheprovider")
    return ("-m", "pytest", "-x", "-q", "--tb=line", "--no-header", *chosen, *names)


def _near(root: Path, path: Path) -> list[str]:
    """Files of tests by how often they name the module or what it defines; common words are no names."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        module = module_of(path)
        defined = [node.name for node in ast.parse(text).body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
        words = [re.escape(module), *(name for name in defined if re.search(r"^[A-Z]\w{4}|._.|\w{9}", name))]
    else:
        words = re.findall(r"\brun_(\w+)", text)
    if not words:
        return []
    pattern = re.compile(rf"\b(?:{'|'.join(words)})\b")
    scored = {name: len(pattern.findall(text)) for name, text in tests(root).items()}
    return sorted((name for name, score in scored.items() if score), key=lambda name: -scored[name])


def registered(root: Path, path: Path) -> tuple[str, ...]:
    """The registered names of the classes and functions that stand in a file."""
    from pellucid.registry.registry import default_registry

    module = module_of(path)
    entries = [each for each in default_registry().entries() if each.kind not in ("op", "backend")]
    return tuple(each.name for each in entries if str(each.target).partition(":")[0] == module)


def module_of(path: Path) -> str:
    """The name that a file is imported by."""
    return ".".join(path.relative_to(_package_root(path)).with_suffix("").parts).removesuffix(".__init__")


def _package_root(path: Path) -> Path:
    """The folder that the outermost package lies in."""
    folder = path.parent
    while (folder / "__init__.py").exists():
        folder = folder.parent
    return folder
