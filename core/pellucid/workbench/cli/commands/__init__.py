"""The commands of ``pellucid``, one module each.

A new command is a line here and a module of its name with two functions: ``configure(parser)`` declares the arguments,
``run(args, output)`` does the work and reports through ``output``. The module is imported only when its command runs;
what is slow to import it imports inside ``run``.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

COMMANDS = {
    "train": "train an experiment; leaves a run folder with model, figures and curves",
    "sweep": "train many runs from one file, with a section [sweep], over processes; goes on where it was ended",
    "evaluate": "the figures of a trained model on test data, or on other data",
    "predict": "what a trained model says about the samples in files, or about a photo",
    "import-weights": "weights that others have trained, as a run folder",
    "compare": "runs side by side: their figures, and in what they differ",
    "trace": "open a step of a run: every number, forward, loss, backward, update",
    "why": "why a number of a step is what it is: pellucid why RUN 'layers.0.z[3,7]'",
    "certify": "a step's gradients against central differences, its equations against its numbers",
    "list": "what can be built by name",
    "show": "all about one name: arguments, equations, origin",
    "show-data": "what a table or a data set holds, in words and as a picture, what was decided and why",
    "plugins": "which plugins are installed, and in which state",
    "doctor": "versions, backends, threads, and what is wrong with this installation",
    "new": "write a new plugin package: pellucid new plugin NAME",
}
"""Name -> what it does, in the order of the help."""


def run_command(name: str, argv: Sequence[str]) -> int:
    """Import the module of a command, parse its arguments, run it."""
    from pellucid.workbench.cli.console import Output, new_parser  # argparse with it, which --help does not need

    module = import_module(f"{__name__}.{name.replace('-', '_')}")
    parser = new_parser(name, (module.__doc__ or "").partition(": ")[2].strip() or COMMANDS[name])
    module.configure(parser)
    args = parser.parse_args(argv)
    with Output(as_json=args.json) as output:
        return module.run(args, output) or 0
