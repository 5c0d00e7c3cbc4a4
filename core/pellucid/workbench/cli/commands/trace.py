"""pellucid trace RUN: open a step of a run: every number of it, forward, loss, backward and update."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pellucid.workbench.cli.console import Output

if TYPE_CHECKING:
    from pellucid.glassbox.record.quantity import Quantity
    from pellucid.glassbox.trace import Trace

PHASES = ("before", "forward", "loss", "backward", "update")
"""Of a step, in order; ``before`` is what was there: data, weights, memory."""


def configure(parser: argparse.ArgumentParser) -> None:
    which_step(parser)
    parser.add_argument("--all", action="store_true", help="also what code keeps, and arrays that were shown before")
    parser.add_argument("--html", metavar="FILE", type=Path, help="write a page on which all of it can be opened")
    parser.add_argument("--save", metavar="FILE", type=Path, help="write a trace that pellucid.load_trace reads")


def which_step(parser: argparse.ArgumentParser) -> None:
    """The arguments that choose the step, which trace, why and certify have in common."""
    parser.add_argument("run", metavar="RUN", type=Path, help="a run folder; or a trace in a file, .safetensors")
    parser.add_argument("--step", metavar="N", type=int, help="from 1; default: the one after the last checkpoint")
    parser.add_argument("--rows", metavar="ROWS", help="of the training data, in place of the batch: 0:16 or 3,5,8")


def opened(args: argparse.Namespace, output: Output) -> Trace:
    """The step that the arguments choose."""
    from pellucid.workbench.experiments.opened import trace_of_run

    return trace_of_run(args.run, step=args.step, rows=args.rows, note=output.note)


def run(args: argparse.Namespace, output: Output) -> None:
    from pellucid.workbench.experiments.outputs import check_output

    for option, ending in (("save", ".safetensors"), ("html", ".html")):
        if (path := getattr(args, option)) is not None:
            check_output(path, ending, option=option)
    trace = opened(args, output)
    written: dict[str, str] = {}
    if args.save is not None:
        trace.save(args.save)
        written["trace"] = str(args.save)
    if args.html is not None:
        trace.html(args.html)
        written["html"] = str(args.html)
    rows = [figures(trace, name) for name in trace.names() if args.all or shown(trace, name)]
    number = trace.setting.step + 1
    lines = [f"Step {number} of {args.run}: {len(trace)} quantities", *_lines(rows)]
    lines += [f"written: {path}" for path in written.values()]
    lines += [f"Ask of any number: pellucid why {args.run} '{_example(rows)}'"]
    output.result({"run": str(args.run), "step": number, **written, "quantities": rows}, "\n".join(lines))


def shown(trace: Trace, name: str) -> bool:
    """Whether a table has a row for it: not for what code keeps aside, and for what is the same array as one before."""
    quantity = trace.quantity(name)
    return quantity.same is None and not quantity.kept


def phase(quantity: Quantity) -> str:
    """In which part of a step it came to be."""
    call = quantity.call
    if call is None:
        return "update" if quantity.name.endswith((".new", ".asked", ".rate")) else "before"
    if call.kind in ("optimizer", "regularizer", "schedule", "trainer"):
        return "backward" if quantity.name.endswith(".grad") else "update"
    if quantity.of.startswith("d") and quantity.name.partition(".drawn.")[1] == "":
        return "backward"
    if quantity.name.endswith((".grad", ".dy")):
        return "backward"
    return "forward" if call.kind in ("layer", "transform") else "loss"


def figures(trace: Trace, name: str) -> dict[str, Any]:
    """One quantity in figures; those of its numbers are None where an equation cannot be computed."""
    import numpy as np

    from pellucid.basics.errors import PellucidError

    quantity = trace.quantity(name)
    found: dict[str, Any] = {"name": name, "phase": phase(quantity), "origin": quantity.origin, "same": quantity.same}
    try:
        array = trace[name]
    except PellucidError:
        array = np.zeros(0)
    found |= {"shape": list(array.shape), "dtype": str(array.dtype)}
    numbers = dict.fromkeys(("mean", "rms", "min", "max"))
    if array.size and array.dtype.kind in "fiub":
        values = array.astype(np.float64)
        with np.errstate(all="ignore"):
            numbers = {
                "mean": float(values.mean()), "rms": float(np.sqrt(np.mean(values**2))), "min": float(values.min()),
                "max": float(values.max()),
            }  # fmt: skip
    return found | numbers


def _lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    """A table for each phase; it fits a terminal of 80 columns where names are not longer than 28 letters."""
    width = max([8, *(len(row["name"]) for row in rows)])
    shapes = max([5, *(len(_shape(row)) for row in rows)])
    for name in PHASES:
        inside = [row for row in rows if row["phase"] == name]
        if not inside:
            continue
        yield f"\n{name:{width}}  {'shape':>{shapes}}  {'mean':>9} {'RMS':>8} {'min':>9} {'max':>9}"
        for row in inside:
            numbers = "".join(
                f" {_number(row[key]):>{n}}" for key, n in (("mean", 9), ("rms", 8), ("min", 9), ("max", 9))
            )
            note = {"equation": "  by its equation", "drawn": "  drawn", "set": "  set"}.get(row["origin"], "")
            yield f"{row['name']:{width}}  {_shape(row):>{shapes}} {numbers}{note}"
    yield ""


def _shape(row: dict[str, Any]) -> str:
    return "x".join(map(str, row["shape"])) or "1"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _example(rows: list[dict[str, Any]]) -> str:
    """A cell that can be asked about."""
    gradients = [row for row in rows if row["name"].endswith(".grad") and 0 not in row["shape"]]
    row = (gradients or rows)[0]
    return f"{row['name']}[{','.join('0' for _ in row['shape'])}]" if row["shape"] else row["name"]
