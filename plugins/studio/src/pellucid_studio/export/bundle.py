"""bundle: ES modules as one script, so that a page needs no other file and its policy can name its hash."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pellucid import PluginError

_IMPORT = re.compile(r'^import \{ ([^}]+) \} from "([^"]+)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let)\b)", re.MULTILINE)
_LEFT = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def bundle(main: Path, kit: Path, makers: Mapping[str, Path]) -> str:
    """The script that ``main`` and all that it imports are together.

    A module becomes a function that returns what others import of it. It may write, in one line,
    ``import { a, b } from "./file.js";``, ``"pellucid"`` for the kit, and ``export`` before functions, classes and
    constants: no more, so that no parser is needed.

    Args:
        main: it imports ``{ makers }`` from ``"makers"``: by name, ``make`` of each module.
        kit: what ``"pellucid"`` stands for.
        makers: the modules that export ``make``, by name.

    Raises:
        PluginError: a module imports or exports in another way, or imports what is not there.
    """
    return _Bundle(kit, makers).script(main)


class _Bundle:
    def __init__(self, kit: Path, makers: Mapping[str, Path]) -> None:
        self.kit, self.makers = kit.resolve(), makers
        self.order: list[Path] = []  # a module stands behind those that it imports
        self.bodies: dict[Path, str] = {}
        self.exports: dict[Path, set[str]] = {}

    def script(self, main: Path) -> str:
        for path in self.makers.values():
            self._take(path.resolve(), {"make"})
        self._take(main.resolve(), set())
        number = {path: i for i, path in enumerate(self.order)}
        entries = ", ".join(f"{_quoted(name)}: m{number[path.resolve()]}.make" for name, path in self.makers.items())
        blocks = []
        for path in self.order:
            if path == main.resolve():
                blocks.append(f"const makers = {{ {entries} }};")
            given = ", ".join(sorted(self.exports[path]))
            body = self.bodies[path]
            for other in self.order:
                body = body.replace(_mark(other), f"m{number[other]}")
            inside = f"{{\n{body.strip()}\nreturn {{ {given} }};\n}}"
            blocks.append(f"// {path.name}\nconst m{number[path]} = (() => {inside})();")
        return '"use strict";\n(() => {\n' + "\n".join(blocks) + "\n})();\n"

    def _take(self, path: Path, names: set[str]) -> None:
        """This module and those that it imports; ``names`` are imported of it."""
        self.exports.setdefault(path, set()).update(names)
        if path in self.bodies:
            return
        try:
            text = path.read_text("utf-8")
        except OSError as error:
            remedy = "Reinstall the package that it belongs to"
            raise PluginError(f"{path} cannot be read: {error.strerror}. {remedy}.") from error
        self.bodies[path] = ""  # a circle ends here

        def taken(match: re.Match[str]) -> str:
            names, source = match[1], match[2]
            if source == "makers":
                return ""
            other = self.kit if source == "pellucid" else (path.parent / source).resolve()
            self._take(other, {name.partition(" as ")[0].strip() for name in names.split(",")})
            return f"const {{ {names.replace(' as ', ': ')} }} = {_mark(other)};"

        body = _EXPORT.sub("", _IMPORT.sub(taken, text))
        left = _LEFT.search(body)
        if left is not None:
            raise PluginError(
                f'{path}: {left[0]!r:.80}. A module of a page writes import {{ a, b }} from "./file.js"; in one line, '
                "and export before function, class, const or let."
            )
        self.bodies[path] = body
        self.order.append(path)


def _mark(path: Path) -> str:
    """What stands for the number of a module until all are known."""
    return f"\0{path}\0"


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
