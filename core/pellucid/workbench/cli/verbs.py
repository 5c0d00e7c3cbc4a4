"""Commands of plugins (``pellucid studio``), and verbs: what a trained model can do besides train, evaluate and predict
(``pellucid encode RUN``, ``sample``, …).

A model's manifest names them: ``verbs={"sample": "pellucid_acme.verbs:sample"}``. A verb is a plain function, equally
usable from Python; its first parameter is the path of the run, the others become options of the command line::

    def sample(run: Path, *, count: int = 16, seed: int = 0) -> dict[str, Any]:
        \"\"\"Draw samples.

        Args:
            run: a run folder or a saved model.
            count: how many.
        \"\"\"

Arguments before the ``*`` are words of the command line, in their order: ``def compare(run: Path, texts: list[str])``.
What it returns is printed, or with ``--json`` written as JSON. A verb that takes its time yields texts, which are shown
as they come, and returns the same as a whole for ``--json``.

A command belongs to no model: ``registry.command("studio", "pellucid_acme.studio:studio", …)``. All of its arguments
are read from its signature, and what it returns is shown in the same way.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pellucid.basics.errors import ConfigError
from pellucid.basics.suggest import absent, did_you_mean, listed
from pellucid.registry.blame import blaming
from pellucid.registry.manifest import Entry
from pellucid.registry.registry import default_registry
from pellucid.workbench.cli.commands import COMMANDS
from pellucid.workbench.cli.console import Output, new_parser, table
from pellucid.workbench.cli.function_parser import add_options, documented, options_of


def run_verb(verb: str, argv: Sequence[str]) -> int:
    """Run a verb of the model that was trained in the run that ``argv`` begins with.

    Raises:
        ConfigError: no installed model has this verb, or the model of this run has not.
    """
    registry = default_registry()
    commands = [entry for entry in registry.entries("command") if verb in (entry.name, entry.short_name)]
    if commands:
        return _run_plugins_command(registry.find("command", verb), argv)
    models = registry.entries("model")
    able = [entry for entry in models if verb in entry.verbs]
    if not able:
        verbs = sorted({name for entry in models for name in entry.verbs})
        of_plugins = sorted(entry.short_name for entry in registry.entries("command"))
        known = [*COMMANDS, *of_plugins, *verbs]
        suggestion = absent(verb, registry.plugins.found) or did_you_mean(verb, known)
        raise ConfigError(
            f"pellucid has no command '{verb}'.{suggestion} Commands: {listed(COMMANDS)}. "
            f"Commands of the installed plugins: {listed(of_plugins)}. Verbs of the installed models: {listed(verbs)}."
        )
    if len(able) > 1 and {"-h", "--help"} & set(argv) and not _run_named(argv):
        print(_needs_a_run(verb, able))
        return 0
    entry = _model_in_question(verb, able, argv)
    function: Callable[..., Any] = registry.load_target(entry.verbs[verb], f"The verb '{verb}' of {entry.name}", entry)
    with blaming(entry, f"verb '{verb}' of the"):
        summary, meanings = documented(function)
        parser = new_parser(verb, summary)
        parser.add_argument("run", metavar="RUN", type=Path, help=f"a run folder or saved model of {entry.name}")
        add_options(parser, function, meanings)
    args = parser.parse_args(argv)
    with Output(as_json=args.json) as output, blaming(entry, f"verb '{verb}' of the"):
        _tell(function(args.run, **options_of(function, args)), output)
    return 0


def _run_plugins_command(entry: Entry, argv: Sequence[str]) -> int:
    """Run a command that a plugin brings, or what stands in its place where its first word says so."""
    word = argv[0] if argv and argv[0] in entry.verbs else ""
    words = f"{entry.short_name} {word}".rstrip()
    target = entry.verbs[word] if word else entry.target
    function: Callable[..., Any] = default_registry().load_target(target, f"The command '{words}'", entry)
    part = f"'{word}' of the" if word else ""
    with blaming(entry, part):
        summary, meanings = documented(function)
        parser = new_parser(words, summary)
        if entry.verbs and not word:
            parser.epilog = f"Also: {', '.join(f'pellucid {words} {verb} …' for verb in entry.verbs)}."
        add_options(parser, function, meanings, after=0)
    args = parser.parse_args(argv[1:] if word else argv)
    with Output(as_json=args.json) as output, blaming(entry, part):
        options = options_of(function, args, after=0)
        signature = inspect.signature(function).parameters
        by_place = [options.pop(name) for name, p in signature.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
        _tell(function(*by_place, **options), output)
    return 0


def _tell(outcome: Any, output: Output) -> None:
    """Show what a verb or command has returned, or yields."""
    if isinstance(outcome, Generator):
        output.result(_shown(outcome, output), "")
    else:
        output.result(outcome, _as_text(outcome))


def _shown(pieces: Generator[str, None, Any], output: Output) -> Any:
    """What the pieces are as a whole, which the verb returns; each is shown at once, unless that whole is all that is
    asked for. Where nobody reads any more, no more are made."""
    begun = False
    while True:
        try:
            piece = next(pieces)
        except StopIteration as end:
            return end.value
        except BaseException:
            if begun:
                output.piece("\n")  # what is said of it, of Ctrl-C too, begins a line
            raise
        begun = True
        if not output.piece(piece):
            pieces.close()
            return None


def _model_in_question(verb: str, able: Sequence[Entry], argv: Sequence[str]) -> Entry:
    """The model whose verb is meant: that of the run, or for ``--help`` the only one that has it."""
    run = _run_named(argv)
    if run is not None:
        name = model_name(Path(run))
        for entry in able:
            if entry.name == name:
                return entry
        raise ConfigError(
            f"{run} holds a model {name}, which has no verb '{verb}'. "
            f"It is a verb of: {listed(entry.name for entry in able)}."
        )
    if len(able) == 1:
        return able[0]
    raise ConfigError(_needs_a_run(verb, able))


def _run_named(argv: Sequence[str]) -> str | None:
    """The RUN among the words, before the options of its verb are known: the first that is a path which exists. What
    stands behind an option is most likely its value, and is looked at last."""
    words = [place for place, word in enumerate(argv) if not word.startswith("-")]
    alone = [place for place in words if not _is_value(argv, place)]
    likely = [argv[place] for place in (*alone, *words)]
    return next((word for word in likely if Path(word).exists()), next(iter(likely), None))


def _is_value(argv: Sequence[str], place: int) -> bool:
    before = argv[place - 1] if place else ""
    return before.startswith("--") and "=" not in before and before not in ("--json", "--debug")


def _needs_a_run(verb: str, able: Sequence[Entry]) -> str:
    return (
        f"pellucid {verb} needs a RUN: a run folder or saved model of {listed(entry.name for entry in able)}. "
        f"Its options depend on the model: pellucid {verb} RUN --help."
    )


def model_name(run: Path) -> str:
    """The canonical name of the model that a run folder or model file holds."""
    from pellucid.saving.reading import read_header
    from pellucid.workbench.experiments.folder import RunFolder

    header = read_header(RunFolder(run).model if run.is_dir() else run, "model")
    return str(header.document["model"]["config"].get("type"))


def _as_text(outcome: Any) -> str:
    if outcome is None:
        return "Done."
    if isinstance(outcome, Mapping):
        return table((str(key), str(value)) for key, value in outcome.items())
    return str(outcome)
