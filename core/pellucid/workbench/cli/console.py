"""What the commands share: a parser with helpful errors, and an output that people or programs can read."""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from pellucid.basics.errors import ConfigError, PellucidWarning
from pellucid.basics.suggest import did_you_mean
from pellucid.saving.files import to_json
from pellucid.workbench.cli.streams import Alone, printable

if TYPE_CHECKING:
    from pellucid.registry.plugins import Plugins


class Output:
    """Where a command says what it has found.

    Attributes:
        json: the user asked for machine-readable output; then :meth:`result` prints one JSON document.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.json = as_json
        self._alone: Alone | None = None

    def __enter__(self) -> Output:
        """Inside the ``with`` block ``--json`` has standard output for itself."""
        if self.json:
            self._alone = Alone()
        return self

    def __exit__(self, *raised: object) -> None:
        if self._alone is not None:
            self._alone.end()

    def result(self, data: Any, text: str) -> None:
        """The outcome of the command: ``data`` for programs, ``text`` for people. Called once."""
        self._say(_writable(to_json(data, indent=2)) if self.json else printable(text))

    def piece(self, text: str) -> bool:
        """A part of a long text as soon as it is there, without a line's end; with ``--json`` it is left out. False:
        standard output takes no more, so that no more need be made."""
        if self._alone is not None:
            return True
        print(printable(text), end="", flush=True)
        return getattr(sys.stdout, "failure", None) is None

    def long_result(self, data: Callable[[], str], text: Callable[[], str]) -> None:
        """The same of what is long, in place of ``result``: only the one asked for is made, ``data`` as JSON."""
        self._say(data() if self.json else text())

    def note(self, text: str) -> None:
        """A remark on the side; on stderr, so that it never mixes with the result."""
        print(printable(text), file=sys.stderr)

    def _say(self, text: str) -> None:
        if self._alone is None:
            print(text)
        else:
            self._alone.say(text)


def _writable(document: str) -> str:
    """A JSON text in the letters that standard output has: others are escaped, as JSON can. A "?" in the place of a
    letter is enough for people, and another name for programs."""
    try:
        document.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeError:
        return json.dumps(json.loads(document), indent=2)
    return document


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that raises ConfigError, with a suggestion, instead of ending the process.

    Attributes:
        remedy: of a command: from words that are no options of it to how what is meant is written.
    """

    def __init__(self, prog: str, description: str) -> None:
        super().__init__(prog=prog, description=description, allow_abbrev=False)
        self.remedy: Callable[[Sequence[str]], str] = lambda words: ""
        self._words: list[str] = []

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        self._words = list(args or ())
        return super().parse_known_args(args, namespace)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            said = f"there is no {value!r}.{did_you_mean(str(value), known)} Choose from: {', '.join(known)}"
            raise argparse.ArgumentError(action, said)

    def error(self, message: str) -> NoReturn:
        suggestion = ""
        if message.startswith("unrecognized arguments: "):
            wrong = message.partition(": ")[2]
            wrong, *_ = wrong.split() or [wrong]  # an empty word is one, too
            if wrong.startswith("-"):
                words = self._words[self._words.index(wrong) :] if wrong in self._words else [wrong]
                suggestion = self.remedy(words) or did_you_mean(wrong, self._option_string_actions)
        raise ConfigError(f"{self.prog}: {message}.{suggestion} See: {self.prog} --help.")


def new_parser(name: str, description: str) -> Parser:
    """The parser of one command, with the options that every command has."""
    parser = Parser(prog=f"pellucid {name}", description=description)
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of text")
    parser.add_argument("--debug", action="store_true", help="show a traceback with every error")
    local = "also use the plugins in this folder, Python files that are not installed: see pellucid --help"
    parser.add_argument("--plugins-dir", metavar="DIR", help=local)  # taken out before the command sees it
    return parser


@contextmanager
def warnings_as_messages(*, debug: bool) -> Iterator[None]:
    """Inside the ``with`` block pellucid's own warnings are one line each, without the source that gave them; with
    ``debug`` the traceback of what a warning is about follows it."""
    show = warnings.showwarning

    def shown(message: Warning | str, category: type[Warning], *place: Any, **further: Any) -> None:
        if not issubclass(category, PellucidWarning):
            show(message, category, *place, **further)
            return
        print(printable(f"pellucid: warning: {message}"), file=sys.stderr)
        if debug and isinstance(message, Warning) and message.__cause__ is not None:
            import traceback

            traceback.print_exception(message.__cause__)

    warnings.showwarning = shown
    try:
        yield
    finally:
        warnings.showwarning = show


@contextmanager
def lenient(plugins: Plugins) -> Iterator[None]:
    """Inside the ``with`` block loading a plugin raises nothing, whatever ``PELLUCID_STRICT`` says."""
    before, plugins.lenient = plugins.lenient, True
    try:
        yield
    finally:
        plugins.lenient = before


def table(rows: Iterable[Sequence[str]], indent: str = "") -> str:
    """Columns as wide as their widest cell; the last one is free."""
    lines = [list(row) for row in rows]
    if not lines:
        return ""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]) - 1)]
    return "\n".join(
        (indent + "  ".join([*(cell.ljust(w) for cell, w in zip(line, widths, strict=False)), line[-1]])).rstrip()
        for line in lines
    )
