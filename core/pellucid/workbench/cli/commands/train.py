"""pellucid train [EXPERIMENT]: train an experiment, and leave model, figures and curves in a run folder."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from signal import Signals
from typing import TYPE_CHECKING, Any

from pellucid.basics.errors import ConfigError, PellucidError
from pellucid.workbench.cli.console import Output, Parser, table
from pellucid.workbench.local import ACTIVE, local_plugins

if TYPE_CHECKING:
    from pellucid.workbench.experiments.folder import RunFolder
    from pellucid.workbench.figures.listing import Drawn

SIGNALLED = 128
"""Exit codes after a signal are 128 + its number, as shells have it: 130 after Ctrl-C, 143 after SIGTERM."""


def configure(parser: Parser) -> None:
    parser.remedy = _as_setting
    parser.add_argument("experiment", nargs="?", metavar="EXPERIMENT", type=Path, help="an experiment file (TOML)")
    parser.add_argument("--model", metavar="NAME", help="the model, instead of the file's")
    parser.add_argument("--dataset", metavar="NAME", help="the data set, instead of the file's; or a file: my.csv")
    parser.add_argument(
        "--target", metavar="COLUMN", action="append", help="the column of targets in that file, by name or number; "
        "may be given again for several",
    )  # fmt: skip
    for section in ("loss", "objective", "optimizer", "schedule", "sampler"):
        parser.add_argument(f"--{section}", metavar="NAME", help=f"the {section}, instead of the file's")
    parser.add_argument(
        "--set", action="append", default=[], metavar="SECTION.KEY=VALUE", dest="settings",
        help="change a setting; the value is TOML: --set train.epochs=3 --set 'model.hidden=[64, 32]'",
    )  # fmt: skip
    parser.add_argument("--out", metavar="DIR", type=Path, help="the run folder (default: runs/MODEL-DATA-TIME)")
    parser.add_argument("--resume", action="store_true", help="continue the run in --out, with the same bits")
    parser.add_argument("--trust", action="store_true", help="run the files that the experiment names under 'plugins'")
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.add_argument("--figures", action="store_true", help="draw figures, as evaluate does")


def run(args: argparse.Namespace, output: Output) -> int:
    if args.resume and args.out is None:
        raise ConfigError("--resume needs the folder of the run to be continued: pellucid train --resume --out DIR.")
    sections = _sections(args)
    with local_plugins(*trusted(sections, args.experiment or args.out, args.trust)):
        return _train(sections, args, output)


def _train(sections: dict[str, Any], args: argparse.Namespace, output: Output) -> int:
    from pellucid.workbench.experiments.experiment import check, prepare
    from pellucid.workbench.experiments.file_reading import told_of_texts
    from pellucid.workbench.experiments.folder import RunFolder, new_path
    from pellucid.workbench.experiments.training import train
    from pellucid.workbench.figures.of_run import require_matplotlib

    if args.figures:
        require_matplotlib("--figures")
    experiment = check(sections)
    if args.out is not None and not args.resume:
        RunFolder(args.out).check_free()
    with told_of_texts(args.dataset):
        prepared = prepare(experiment)
    if ACTIVE:
        prepared.resolved["plugins"] = [str(file) for file in ACTIVE.values()]
    model, data = (prepared.resolved[section]["type"] for section in ("model", "data"))
    with new_path(model, data, datetime.now()) if args.out is None else nullcontext(args.out) as path:
        folder = RunFolder(path)
        outcome = train(prepared, folder, resume=args.resume, verbose=not args.quiet, note=output.note)
    if isinstance(outcome, Signals):
        return _interrupted(outcome, folder, prepared.trainer, output)
    drawn = _draw(folder, outcome, output) if args.figures else None
    figures = {} if drawn is None else {"figures": drawn.as_json()}
    text = _text(outcome, folder) + ("" if drawn is None else f"\n{drawn}")
    output.result({"run": str(folder.path), **outcome, **figures}, text)
    return 0


def _draw(folder: RunFolder, summary: dict[str, Any], output: Output) -> Drawn | None:
    """The figures of a finished run; it is finished without them, too."""
    from pellucid.workbench.evaluation.evaluation import evaluate_run
    from pellucid.workbench.experiments.finished import SplitName, open_run
    from pellucid.workbench.figures.of_run import draw_run

    split: SplitName = "test" if summary["test"] else "validation" if summary["validation"] else "train"
    try:
        run = open_run(folder.path)
        return draw_run(run, evaluate_run(run, split=split), split=split)
    except PellucidError as error:
        output.note(f"No figures are drawn: {error} The run is complete without them.")
        return None


def trusted(sections: dict[str, Any], source: Path, trust: bool) -> list[Path]:
    """The files that an experiment names as its plugins, ``plugins = ["layers.py"]``, taken out of its sections.

    Args:
        source: the experiment's file, or another one in its folder.
        trust: whether somebody has asked on the command line that they be run.

    Raises:
        ConfigError: nobody has.
    """
    named = sections.pop("plugins", [])
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        raise ConfigError(f'plugins: expected a list of files, plugins = ["layers.py"]. Received: {named!r}.')
    files = [Path(source).absolute().parent / name for name in named]
    foreign = [str(file) for file in files if file not in ACTIVE.values()]
    if foreign and not trust:
        raise ConfigError(
            f"The experiment names plugins of its own, which would be run as programs: {', '.join(foreign)}. "
            "Look into them, and if you trust them add --trust."
        )
    return files


def _sections(args: argparse.Namespace) -> dict[str, Any]:
    from pellucid.workbench.experiments.file_reading import reader_named_by
    from pellucid.workbench.experiments.folder import RunFolder
    from pellucid.workbench.experiments.sections import change, choose, read_sections

    source = args.experiment
    if args.resume and source is None:
        folder = RunFolder(args.out)
        folder.check_resumable()
        source = folder.experiment
    if source is None and args.dataset is None:
        raise ConfigError(
            "pellucid train needs an experiment: a file, pellucid train experiment.toml, or at least a model and a "
            "data set, pellucid train --model ann --dataset iris; a table of your own proposes a model: pellucid train "
            "--dataset my.csv --target price. Names: pellucid list model, pellucid list dataset."
        )
    sections = {} if source is None else read_sections(source)
    choose(sections, "model", args.model)
    choose(sections, "data", args.dataset, reader_named_by(sections.get("model"), args.dataset))
    for section in ("loss", "objective", "optimizer", "schedule", "sampler"):
        choose(sections, section, getattr(args, section))
    if args.target:
        data = sections.get("data", {})
        sections["data"] = {"type": data} if isinstance(data, str) else data
        sections["data"]["target"] = args.target if args.target[1:] else args.target[0]
    change(sections, args.settings)
    return sections


def _as_setting(words: Sequence[str]) -> str:
    """``--epochs 3`` as the setting that is meant: ``--set train.epochs=3``."""
    from dataclasses import fields

    from pellucid.workbench.experiments.experiment import TrainSettings

    option, _, value = words[0].lstrip("-").partition("=")
    key = option.replace("-", "_")
    value = value or next((word for word in words[1:2] if not word.startswith("--")), "…")
    if key in [field.name for field in fields(TrainSettings)]:
        return f" Write --set train.{key}={value}."
    return f" Write --set {_MEANT[key]}={value}." if key in _MEANT else ""


_MEANT = {"lr": "optimizer.lr", "learning_rate": "optimizer.lr", "weight_decay": "optimizer.weight_decay"}
_MEANT |= {key: f"data.{key}" for key in ("test", "validation", "classify", "header")}
_MEANT |= {key: f"model.{key}" for key in ("hidden", "outputs", "activation", "task")}
"""What options of other tools are called in the sections of an experiment."""


def _interrupted(by: Signals, folder: RunFolder, trainer: Any, output: Output) -> int:
    resume = f"pellucid train --resume --out {folder.path}"
    where = f"after {trainer.epochs} epochs and {trainer.steps} steps"
    output.result(
        {"run": str(folder.path), "stopped_by": by.name, "epochs": trainer.epochs,
         "steps": trainer.steps, "resume": resume},
        f"Stopped {where}; everything is saved. Continue with:\n  {resume}",
    )  # fmt: skip
    sys.stdout.flush()
    return SIGNALLED + int(by)


def _text(summary: dict[str, Any], folder: RunFolder) -> str:
    def figures(values: dict[str, Any] | None) -> str:
        shown = (values or {}).items()
        return "  ".join(f"{name} {value:.4f}" for name, value in shown if isinstance(value, float)) or "none"

    chosen = f", chosen by {summary['chosen_by']}" if summary["chosen_by"] else ""
    return table(
        [
            ("best epoch", f"{summary['best_epoch']} of {summary['epochs']}{chosen}"),
            ("validation", figures(summary["validation"])),
            ("test", figures(summary["test"])),
            ("training", f"{summary['training_seconds']:.2f} s, seed {summary['seed']}"),
            ("run folder", str(folder.path)),
        ]
    )
