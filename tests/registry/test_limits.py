"""Limits and tolerances of every module, and what every component says of itself, as they are promised.

That a limit holds is tried elsewhere, most often with a small one in its place, as a table of 10,000 columns takes too
long; and a component that says less of itself than it can do, as that its steps can be recorded, is only slower. So
what they are stands here once more: where a slip of the hand changes one, everybody sees it. Whoever means it writes
the list anew: ``python -m tests.registry.test_limits``.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from pellucid.registry.registry import default_registry

from tests.registry.lists import OURS, ours, write, written

LIST = Path(__file__).with_name("limits.txt")
NOT = ("templates", "testing", "cuda", "cupy", "_version", "__main__")
"""Parts of the names of modules that are left alone: texts for other projects, the kit, and what takes a GPU."""
EXTRAS = ("matplotlib", "PIL", "optuna", "tensorboardX", "compiled kernels")
"""What may not be there: modules that need it are left out, with their limits."""
NO_LIMITS = {"TYPE_CHECKING", "LOCKS", "NUMBERS", "SLOW", "_FORKS"}
"""What is another number on another system, in tests, or while a program runs."""


def numbers() -> Iterator[str]:
    """``module.NAME = value``, and ``kind vendor/name: attribute=value, …``."""
    for module in _modules():
        for name in _constants(module):
            value = getattr(module, name)
            if name not in NO_LIMITS and _is_plain(value):
                yield f"{module.__name__}.{name} = {value!r}"
    for entry in ours():
        target = default_registry().load(entry)
        if inspect.isclass(target):
            said = {name: getattr(target, name) for name in dir(target) if not name.startswith("_")}
            yield f"{entry.kind} {entry.name}: " + ", ".join(f"{n}={v!r}" for n, v in said.items() if _is_plain(v))


def _modules() -> Iterator[ModuleType]:
    packages = {str(entry.target).split(".")[0] for entry in default_registry().entries() if entry.vendor in OURS}
    for package in ["pellucid", *sorted(packages - {"pellucid"})]:
        root = Path(inspect.getfile(importlib.import_module(package))).parent
        for path in sorted(root.rglob("*.py")):
            name = ".".join([package, *path.relative_to(root).with_suffix("").parts]).removesuffix(".__init__")
            if not any(part in NOT for part in name.split(".")):
                try:
                    yield importlib.import_module(name)
                except ImportError as error:
                    if not any(lacking in str(error) for lacking in EXTRAS):
                        raise


def _constants(module: ModuleType) -> Iterator[str]:
    """Names in capitals that the module itself sets, in the order in which it does."""
    for node in ast.parse(inspect.getsource(module)).body:
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            continue
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            for name in target.elts if isinstance(target, ast.Tuple) else [target]:
                if isinstance(name, ast.Name) and re.fullmatch(r"_?[A-Z][A-Z0-9_]*", name.id):
                    yield name.id


def _is_plain(value: Any) -> bool:
    """Whether it is numbers and truth values alone, by name or one after the other."""
    if isinstance(value, dict):
        return bool(value) and all(map(_is_plain, value.values()))
    if isinstance(value, tuple):
        return bool(value) and all(map(_is_plain, value))
    return type(value) in (bool, int, float)


def test_every_limit_and_promise_is_as_written() -> None:
    expected, found = written(LIST), list(numbers())
    assert len(found) > 300
    modules = {module.__name__ for module in _modules()}
    here = [line for line in expected if " = " not in line or line.partition(" = ")[0].rpartition(".")[0] in modules]
    assert found == here, f"If this is meant: python -m {__name__}"


if __name__ == "__main__":
    import matplotlib, optuna, PIL, tensorboardX  # noqa: E401, F401, I001  # else modules would be missing in the list

    write(LIST, numbers())
