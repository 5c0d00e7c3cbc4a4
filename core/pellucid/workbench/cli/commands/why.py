"""pellucid why RUN 'NAME[CELL]': why a number of a step is what it is, and on to what it came from."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any

from pellucid.basics.errors import ConfigError
from pellucid.workbench.cli.commands.trace import opened, which_step
from pellucid.workbench.cli.console import Output

if TYPE_CHECKING:
    from pellucid.glassbox.why.reason import Why

_CELL = re.compile(r"(?P<name>.+?)(\[(?P<cell>[^\[\]]*)\])?")


def configure(parser: argparse.ArgumentParser) -> None:
    which_step(parser)
    parser.add_argument("cell", metavar="NAME[CELL]", help="a number: 'layers.0.weight.grad[3,7]', 'loss'")
    parser.add_argument("--depth", metavar="K", type=int, default=3, help="how far back towards the data; default: 3")


def run(args: argparse.Namespace, output: Output) -> None:
    from pellucid.glassbox.why.asking import chain, onward

    name, cell = parse_cell(args.cell)
    if args.depth < 1:
        raise ConfigError(f"--depth must be at least 1. Received: {args.depth}.")
    trace = opened(args, output)
    found = chain(trace, name, cell, args.depth)
    text = "\n\n".join(str(why) for why in found)
    if len(found) == args.depth and found[-1].parents:
        parent, place = onward(trace, found[-1])
        on = f"{parent}[{','.join(map(str, place))}]" if place else parent
        text += f"\n\nIt goes on: pellucid why {args.run} '{on}', or --depth {2 * args.depth}."
    data = {"run": str(args.run), "step": trace.setting.step + 1, "whys": [as_data(why) for why in found]}
    output.result(data, text)


def parse_cell(text: str) -> tuple[str, tuple[int, ...]]:
    """``"layers.0.z[3, 7]"`` as a name and a cell; a name alone is one number.

    Raises:
        ConfigError: it is neither.
    """
    found = _CELL.fullmatch(text.strip())
    words = [] if found is None or not found["cell"] else [word.strip() for word in found["cell"].split(",")]
    if found is None or not all(re.fullmatch(r"-?\d{1,18}", word) for word in words):
        raise ConfigError(
            "A number of a step is named by its quantity and its place, 'layers.0.weight.grad[3,7]'. "
            f"Received: {text!r:.80}."
        )
    return found["name"], tuple(map(int, words))


def as_data(why: Why) -> dict[str, Any]:
    """A Why as JSON has it."""
    equation = None
    if why.equation is not None:
        equation = {"of": why.equation.of, "latex": why.equation.latex, "python": why.equation.python}
    return {
        "name": why.name, "cell": list(why.cell), "value": why.value, "equation": equation, "scalar": why.scalar,
        "numbers": why.numbers,
        "terms": [{"label": term.label, "value": term.value, "numbers": term.numbers} for term in why.terms],
        "total": why.total, "parents": [{"name": name, "cell": list(cell)} for name, cell in why.parents],
        "measured": why.measured, "note": why.note,
    }  # fmt: skip
