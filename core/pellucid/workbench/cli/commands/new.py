"""pellucid new plugin NAME: a package with components of any kind, complete, that passes its own tests at once."""

from __future__ import annotations

import argparse
import keyword
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from pellucid.basics.errors import ConfigError
from pellucid.basics.suggest import did_you_mean
from pellucid.registry.manifest import KINDS, NAME
from pellucid.registry.plugins import CORE
from pellucid.registry.registry import default_registry
from pellucid.workbench.cli.console import Output

PLACEHOLDER = "plugname"
"""Stands for the plugin's name in the files and paths of the template, which is itself working code."""
TEMPLATE = Path(__file__).parent / "templates" / "plugin"
"""A plugin with a component of every kind. What belongs to one stands below a line ``kind: NAME``, up to the next."""
MANIFEST = f"src/pellucid_{PLACEHOLDER}/__init__.py"
BELONGS = {
    "state": "A layer declares its states in build, self.mean = self.state('mean', …): take --kind layer.",
    "parameter": "A layer declares its parameters in build, self.weight = self.param('weight', …): take --kind layer.",
    "activation": "An activation is a layer: take --kind layer.",
    "kernel": "A kernel in C is written by --kernel.",
    "verb": "A verb is registered with its model: take --kind model.",
    "hook": "Any plugin may have hooks, which stand in its manifest: take any kind.",
    "augmentation": "An augmentation is a transform: take --kind transform.",
    "control": "Controls and parts are what a view is made of: take --kind view.",
    "part": "Controls and parts are what a view is made of: take --kind view.",
}
"""What is no kind, and to which it belongs."""
WITHOUT_CASES = frozenset({"backend", "command"})
"""Kinds that the conformance kit has no cases for by themselves."""
KERNEL = TEMPLATE.with_name("kernel")
"""What a plugin with compiled ops has besides, or instead."""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["plugin"], help="what to write")
    parser.add_argument("name", metavar="NAME", help="the vendor: what it registers is called NAME/…")
    parser.add_argument(
        "--kind", action="append", metavar="KIND", dest="kinds",
        help=f"what it registers, a working example; may be given several times: {', '.join(KINDS)} (default: layer)",
    )  # fmt: skip
    parser.add_argument(
        "--kernel",
        action="store_true",
        help="besides, ops with a kernel in C, a layer that calls them, and what builds it",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write it (default: pellucid-NAME)")


def run(args: argparse.Namespace, output: Output) -> None:
    check_name(args.name)
    folder: Path = args.out or Path(f"pellucid-{args.name}")
    kinds = kinds_of(args.kinds, args.kernel)
    files = write_plugin(args.name, folder, kinds, kernel=args.kernel)
    listing = "\n".join(f"  {file}" for file in files)
    # The build of a kernel wants pellucid's header, and finds it where it is installed: here, not in an isolated place.
    tools, alone = ('  pip install "setuptools>=77" cython\n', "--no-build-isolation ") if args.kernel else ("", "")
    output.result(
        {"plugin": args.name, "kinds": kinds, "folder": str(folder), "files": [str(file) for file in files]},
        f"Wrote the plugin '{args.name}':\n{listing}\n\nNext:\n  cd {folder}\n"
        f"{tools}  pip install {alone}-e .\n  pytest\n  pellucid show {args.name}/{_first_name(kinds)}",
    )


def kinds_of(asked: Sequence[str] | None, kernel: bool) -> list[str]:
    """What the plugin shall register, in the order of the kinds; the kernel is that of an op.

    Raises:
        ConfigError: there is no such kind.
    """
    for kind in asked or ():
        if kind not in KINDS:
            hint = f" {BELONGS[kind]}" if kind in BELONGS else did_you_mean(kind, KINDS)
            raise ConfigError(f"--kind: there is no kind '{kind}'.{hint} The kinds are: {', '.join(KINDS)}.")
    chosen = {*(asked or ([] if kernel else ["layer"])), *(["op"] if kernel else [])}
    return [kind for kind in KINDS if kind in chosen]


def check_name(name: str) -> None:
    """Refuse what cannot be a vendor and a module, or is already one that is installed here."""
    if not NAME.fullmatch(name):
        suggestion = re.sub(r"[^a-z0-9]+", "_", name.lower().removeprefix("pellucid")).strip("_")
        hint = f" For example: {suggestion}." if NAME.fullmatch(suggestion) else ""
        raise ConfigError(
            "The name of a plugin must consist of lower-case letters, digits and underscores, and begin with a letter."
            f"{hint} Received: {name!r}."
        )
    if keyword.iskeyword(name) or name in sys.stdlib_module_names:
        raise ConfigError(f"The name of a plugin must not be a word or module of Python. Received: {name!r}.")
    if name == CORE or name in default_registry().plugins.found:
        owner = default_registry().plugins.found[name].distribution
        raise ConfigError(f"The vendor '{name}' is taken here, by {owner}. Choose another name.")


def write_plugin(name: str, folder: Path, kinds: Sequence[str] = ("layer",), *, kernel: bool = False) -> list[Path]:
    """Write the template to a folder that does not exist or is empty; returns the files."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} exists already and is not an empty folder. Choose another with --out DIR.")
    files = []
    for place, text in sorted(_texts(kinds, kernel)):
        target = folder / place.replace(PLACEHOLDER, name)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text.replace(PLACEHOLDER, name), encoding="utf-8")
        except OSError as error:
            raise ConfigError(
                f"Cannot write {target}: {error.strerror or error}. Choose a folder that you may write to: --out DIR."
            ) from error
        files.append(target)
    return files


def _texts(kinds: Sequence[str], kernel: bool) -> Iterator[tuple[str, str]]:
    """The files, by their places in the package: of modules those that the manifest names."""
    texts: dict[str, str] = {}
    wanted = (*kinds, "kernel" if kernel else "plain", "all")
    for root in (TEMPLATE, KERNEL) if kernel else (TEMPLATE,):
        for path in root.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                texts[path.relative_to(root).as_posix()] = _of_kinds(path.read_text(encoding="utf-8"), wanted)
    if kernel:
        implementation = re.compile(rf'(reference="(pellucid_{PLACEHOLDER})\.ops:(\w+)")')
        texts[MANIFEST] = implementation.sub(r'\1, cython="\2.native:\3"', texts[MANIFEST])
    for place, text in texts.items():
        module = re.fullmatch(rf"src/(pellucid_{PLACEHOLDER})/(\w+)\.py", place)
        tested = re.fullmatch(r"tests/test_(\w+)\.py", place)
        if module is not None and module[2] != "__init__" and f"{module[1]}.{module[2]}:" not in texts[MANIFEST]:
            continue
        if tested is not None and tested[1] != "conformance" and tested[1] not in kinds:
            continue
        if tested is not None and tested[1] == "conformance" and WITHOUT_CASES.issuperset(kinds):
            continue
        yield place, text


def _first_name(kinds: Sequence[str]) -> str:
    """The first name that a plugin of these kinds registers."""
    found = re.search(r'registry\.\w+\("(\w+)"', _of_kinds((TEMPLATE / MANIFEST).read_text(encoding="utf-8"), kinds))
    assert found is not None, "a plugin registers something"
    return found[1]


def _of_kinds(text: str, kinds: Sequence[str]) -> str:
    """A text without what belongs to other kinds, and without the lines that say what belongs to which."""
    before, *sections = re.split(r"^ *(?:#|<!--) kind: (\w+)(?: -->)?\n", text, flags=re.MULTILINE)
    chosen = zip(sections[::2], sections[1::2], strict=True)
    return before + "".join(section for kind, section in chosen if kind in kinds)
