"""pellucid new plugin NAME: writes a plugin package that is complete and passes its own conformance test."""

from __future__ import annotations

import argparse
import keyword
import re
import sys
from pathlib import Path

from pellucid.basics.errors import ConfigError
from pellucid.registry.manifest import NAME
from pellucid.registry.plugins import CORE
from pellucid.registry.registry import default_registry
from pellucid.workbench.cli.console import Output

PLACEHOLDER = "plugname"
"""Stands for the plugin's name in the files and paths of the template, which is itself working code."""
TEMPLATE = Path(__file__).parent / "templates" / "plugin"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["plugin"], help="what to write")
    parser.add_argument("name", metavar="NAME", help="the vendor: what it registers is called NAME/…")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write it (default: pellucid-NAME)")


def run(args: argparse.Namespace, output: Output) -> None:
    check_name(args.name)
    folder: Path = args.out or Path(f"pellucid-{args.name}")
    files = write_plugin(args.name, folder)
    listing = "\n".join(f"  {file}" for file in files)
    output.result(
        {"plugin": args.name, "folder": str(folder), "files": [str(file) for file in files]},
        f"Wrote the plugin '{args.name}':\n{listing}\n\nNext:\n  cd {folder}\n  pip install -e .\n  pytest\n"
        f"  pellucid show {args.name}/gain",
    )


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


def write_plugin(name: str, folder: Path) -> list[Path]:
    """Copy the template to a folder that does not exist or is empty; returns the files."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} exists already and is not an empty folder. Choose another with --out DIR.")
    files = []
    for source in sorted(path for path in TEMPLATE.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        target = folder / str(source.relative_to(TEMPLATE)).replace(PLACEHOLDER, name)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(source.read_text(encoding="utf-8").replace(PLACEHOLDER, name), encoding="utf-8")
        except OSError as error:
            raise ConfigError(
                f"Cannot write {target}: {error.strerror or error}. Choose a folder that you may write to: --out DIR."
            ) from error
        files.append(target)
    return files
