"""What tests/core/test_house.py asks of source text: lines of code, imports and where they stand, circles."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

NO_CODE = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER,
}  # fmt: skip


@dataclass(frozen=True)
class Import:
    """One imported name.

    Attributes:
        name: the module, with the imported name after it where there is one: ``"pellucid.ops.base.Ops"``.
        line: where it stands.
        in_function: a function or method imports it when it is called.
        for_typing: it stands under ``if TYPE_CHECKING:``.
    """

    name: str
    line: int
    in_function: bool
    for_typing: bool


def code_lines(source: str) -> int:
    """Lines with code on them: docstrings, those below attributes too, comments and blank lines are none."""
    documentation: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            documentation.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - documentation)


def modules(package: Path) -> dict[str, Path]:
    """The files of a package by the names of their modules; a package is its ``__init__``."""
    return {
        ".".join(path.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted(package.rglob("*.py"))
    }


def imports(source: str, of: str) -> Iterator[Import]:
    """What a module imports of the packages whose names begin with ``of``."""
    for imported in _imports(ast.parse(source), False, False):
        if imported.name.startswith(of):
            yield imported


def _imports(node: ast.AST, in_function: bool, for_typing: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(alias.name, node.lineno, in_function, for_typing)
    elif isinstance(node, ast.ImportFrom):
        assert not node.level, f"line {node.lineno}: a relative import; write the module's full name"
        for alias in node.names:
            yield Import(f"{node.module}.{alias.name}", node.lineno, in_function, for_typing)
    elif isinstance(node, ast.If) and ast.unparse(node.test).rpartition(".")[2] == "TYPE_CHECKING":
        for child in node.body:
            yield from _imports(child, in_function, True)
        for child in node.orelse:
            yield from _imports(child, in_function, for_typing)
    else:
        inside = in_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from _imports(child, inside, for_typing)


def circle(files: Mapping[str, Path]) -> list[str]:
    """One circle of modules that import each other, the first one again at its end; empty where there is none.

    Counted are all imports: inside of functions, for typing, and those of a package's ``__init__``, which
    import-linter's ``acyclic_siblings`` does not follow from within the package.
    """
    graph = {
        name: {_module(imported.name, files) for imported in imports(path.read_text(encoding="utf-8"), "pellucid")}
        for name, path in files.items()
    }
    try:
        # A package that imports its compiled module does not import itself.
        TopologicalSorter({name: found & files.keys() - {name} for name, found in graph.items()}).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))  # graphlib begins with what is imported
    return []


def _module(name: str, files: Mapping[str, Path]) -> str:
    """The module that an imported name lies in."""
    return name if name in files else name.rpartition(".")[0]
