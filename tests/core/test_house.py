"""The house stands: what import-linter (`make lint`) cannot say of the folders of core/pellucid."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from tests.house import Import, circle, code_lines, imports, modules

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "core" / "pellucid"
FLOORS = ("basics", "registry", "ops", "autodiff", "interfaces", "model", "training", "saving", "standard", "glassbox")
ENGINE = FLOORS[:7]
ENGINE_LINES = 4_800
"""Lines of code of the engine. This number may only fall."""
FOR_TYPING = "pellucid.workbench.cli."
"""What is below imports ours for type checkers only where `pellucid --help` must not pay for it."""
IN_FUNCTIONS: dict[str, str] = {
    "pellucid.registry.plugins: pellucid.registry.hookspecs": "pluggy with it, when the first name is looked up",
    "pellucid.standard.manifest: pellucid.standard.derivatives.TABLE": "NumPy with it, when a rule is missing",
}
"""Imports of ours inside of functions of the floors, each with what is slow or optional about it. Never: a circle."""


def entries(package: Path) -> tuple[list[str], list[str]]:
    """The folders and the files at the top, without what Python and editors leave there."""
    seen = [path for path in sorted(package.iterdir()) if not path.name.startswith((".", "__pycache__"))]
    return [path.name for path in seen if path.is_dir()], [path.name for path in seen if path.is_file()]


def engine_lines(package: Path) -> dict[str, int]:
    """Lines of code of each folder of the engine."""
    return {
        floor: sum(code_lines(path.read_text(encoding="utf-8")) for path in (package / floor).rglob("*.py"))
        for floor in ENGINE
    }


def for_typing(files: Mapping[str, Path]) -> list[str]:
    """Imports of ours under ``if TYPE_CHECKING:`` where there should be none.

    The ``__init__`` of a distribution may: it names what is imported when first used.
    """
    elsewhere = {name: path for name, path in files.items() if "." in name and not f"{name}.".startswith(FOR_TYPING)}
    return [f"{name}:{each.line}: {each.name}" for name, each in _imports(elsewhere) if each.for_typing]


def in_functions(files: Mapping[str, Path]) -> set[str]:
    """Imports of ours inside of functions of the floors."""
    floors = {name: path for name, path in files.items() if name.split(".")[1:2] and name.split(".")[1] in FLOORS}
    return {f"{name}: {each.name}" for name, each in _imports(floors) if each.in_function}


def _imports(files: Mapping[str, Path]) -> Iterator[tuple[str, Import]]:
    for name, path in files.items():
        for each in imports(path.read_text(encoding="utf-8"), "pellucid"):
            yield name, each


def packages() -> list[Path]:
    """The package of every distribution."""
    found = [*ROOT.glob("plugins/*/src/*/__init__.py"), *ROOT.glob("datasets/src/*/__init__.py")]
    return [CORE, *sorted(path.parent for path in found)]


def test_its_top_can_be_read_at_a_glance() -> None:
    folders, files = entries(CORE)
    assert len(folders) <= 13, folders
    assert len(files) <= 3, files


def test_the_engine_is_small() -> None:
    lines = engine_lines(CORE)
    assert all(lines.values()), f"Folders have other names now, and are not counted: {lines}"
    assert sum(lines.values()) <= ENGINE_LINES, lines


def test_annotations_need_no_imports_of_their_own() -> None:
    found = [each for package in packages() for each in for_typing(modules(package))]
    assert not found, "Import it as any other:\n" + "\n".join(found)


def test_imports_inside_of_functions_are_for_what_is_slow_or_optional() -> None:
    found = in_functions(modules(CORE))
    more, gone = sorted(found - IN_FUNCTIONS.keys()), sorted(IN_FUNCTIONS.keys() - found)
    assert not more, "Import it at the top, or say in IN_FUNCTIONS what is slow or optional:\n" + "\n".join(more)
    assert not gone, "Take it out of IN_FUNCTIONS:\n" + "\n".join(gone)


@pytest.mark.parametrize("package", packages(), ids=lambda package: package.name)
def test_no_modules_import_each_other(package: Path) -> None:
    found = circle(modules(package))
    assert not found, " -> ".join(found)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A small house that keeps all rules: its package; beside it a plugin."""
    package = tmp_path / "pellucid"
    for folder in (*FLOORS, "workbench", "testing"):
        (package / folder).mkdir(parents=True)
        (package / folder / "__init__.py").write_text("")
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text("from pellucid.workbench import cli\n")
    (package / "py.typed").write_text("")
    (package / "workbench" / "cli.py").write_text("")
    for name in ("datasets", "ann", "ae", "vae", "cnn", "diffusion"):
        (tmp_path / f"pellucid_{name}").mkdir()
        (tmp_path / f"pellucid_{name}" / "__init__.py").write_text("import pellucid\n")
    return package


def write(package: Path, file: str, text: str) -> dict[str, Path]:
    """One more file; the modules that there are now."""
    (package / file).write_text(text)
    return modules(package)


def test_a_crowded_top_is_noticed(house: Path) -> None:
    (house / "__pycache__").mkdir()
    assert [len(found) for found in entries(house)] == [12, 3]
    (house / "layer.py").touch()
    (house / "layers").mkdir()
    assert [len(found) for found in entries(house)] == [13, 4]


def test_a_line_of_code_is_counted_and_words_about_it_are_not(house: Path) -> None:
    assert sum(engine_lines(house).values()) == 0
    (house / "model" / "build.py").write_text(
        '"""Says\nwhat."""\n\n# why\nLIMIT = (\n    3,  # how many\n)\n"""Below."""\n\n\ndef f():\n    """Words."""\n'
        '    return """a\n\n    text"""\n'
    )
    assert engine_lines(house)["model"] == 3 + 1 + 3
    (house / "standard" / "dense.py").write_text("x = 1\n")  # no part of the engine
    assert sum(engine_lines(house).values()) == 7


def test_an_import_for_typing_is_noticed(house: Path) -> None:
    text = "import typing\nif typing.TYPE_CHECKING:\n    import numpy\n    from pellucid.ops.base import Ops\n"
    write(house, "__init__.py", text)
    assert not for_typing(write(house, "workbench/cli.py", text))
    assert for_typing(write(house, "model/build.py", text)) == ["pellucid.model.build:4: pellucid.ops.base.Ops"]
    assert not for_typing(write(house, "model/build.py", "import typing\nfrom pellucid.ops import base\n"))


@pytest.mark.parametrize("function", ["def f():\n    {}", "class A:\n    async def f(self):\n        {}"])
def test_an_import_inside_of_a_function_is_noticed(house: Path, function: str) -> None:
    lazy = function.format("from pellucid.ops import base")
    assert in_functions(write(house, "model/build.py", lazy)) == {"pellucid.model.build: pellucid.ops.base"}
    write(house, "workbench/cli.py", lazy)  # the command line starts fast
    assert not in_functions(write(house, "model/build.py", function.format("import numpy")))
    assert not in_functions(write(house, "model/build.py", "class A:\n    from pellucid.ops import base\n"))


@pytest.mark.parametrize("back", [
    "import pellucid.model.b\n",
    "from pellucid.model import b\n",
    "from pellucid.model.b import B\n",
    "def f():\n    from pellucid.model.b import B\n",
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pellucid.model.b import B\n",
    "from pellucid.model import B\n",  # by way of the package, which import-linter does not see
])  # fmt: skip
def test_modules_that_import_each_other_are_noticed(house: Path, back: str) -> None:
    write(house, "model/__init__.py", "import pellucid.model.native\nfrom pellucid.model.b import B\n")
    write(house, "model/b.py", "from pellucid.model.a import A\n")
    assert not circle(write(house, "model/a.py", "from pellucid.ops import base\n"))
    found = circle(write(house, "model/a.py", back))
    assert found[0] == found[-1]
    assert {"pellucid.model.a", "pellucid.model.b"} <= set(found) <= set(modules(house))
    for importer, imported in pairwise(found):  # in the direction of the arrows
        assert imported.rpartition(".")[2] in modules(house)[importer].read_text()


def lint(house: Path) -> tuple[int, str]:
    """What import-linter says of a house, by the contracts of pyproject.toml."""
    linter = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", linter, "--no-cache", str(ROOT / "pyproject.toml")]
    done = subprocess.run(command, cwd=house.parent, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_contracts_hold_the_floors(house: Path) -> None:
    code, said = lint(house)
    assert code == 0 and "3 kept, 0 broken" in said, said
    write(house, "ops/base.py", "def f():\n    from pellucid.model import build\n")
    write(house, "model/build.py", "")
    write(house, "testing/kit.py", "import pellucid.workbench.cli\n")
    code, said = lint(house)
    assert code == 1 and "2 kept, 1 broken" in said, said
    assert "pellucid.ops.base -> pellucid.model.build" in said
    assert "pellucid.testing.kit -> pellucid.workbench.cli" in said


def test_the_contracts_know_every_folder(house: Path) -> None:
    (house / "attic").mkdir()
    write(house, "attic/__init__.py", "")
    code, said = lint(house)
    assert code == 1 and "attic" in said, said


def test_the_contracts_hold_the_plugins_apart(house: Path) -> None:
    (house.parent / "pellucid_ae" / "__init__.py").write_text("import pellucid_vae\n")
    write(house, "basics/errors.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pellucid_cnn\n")
    code, said = lint(house)
    assert code == 1 and "pellucid_ae -> pellucid_vae" in said, said
    assert "pellucid.basics.errors -> pellucid_cnn" in said


def test_the_contracts_find_circles(house: Path) -> None:
    packages = {"pellucid.standard": house / "standard", "pellucid_cnn": house.parent / "pellucid_cnn"}
    for name, folder in packages.items():
        (folder / "a.py").write_text(f"from {name} import b\n")
        (folder / "b.py").write_text(f"def f():\n    from {name} import a\n")
    code, said = lint(house)
    assert code == 1 and "2 kept, 1 broken" in said, said
    for name in packages:
        assert f"No cycles are allowed in {name}." in said


def test_the_contracts_name_every_member() -> None:
    """A new plugin is held, too."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    names = {package.name for package in packages()}
    contracts = {contract["id"]: contract for contract in settings["contracts"]}
    assert set(settings["root_packages"]) == set(contracts["circles"]["ancestors"]) == names
    assert {name for layer in contracts["distributions"]["layers"] for name in layer.split(" | ")} == names
