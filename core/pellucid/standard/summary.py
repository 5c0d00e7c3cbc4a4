"""summary: the layers of a model, the shapes that they give and the parameters that they own, as a table."""

from __future__ import annotations

import sys
from copy import deepcopy
from functools import partial
from math import prod
from typing import Any

from pellucid.basics.component import parts_in
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.parameters import Param
from pellucid.standard.streams import Stream
from pellucid.training.run import Callback, Run


class Summary(Callback):
    """Prints the table of the model when a run begins; ``model.summary()`` prints it at any time."""

    def on_run_start(self, run: Run) -> None:
        print(table(run.model), file=Stream(sys.stdout))

    def of(self, model: Layer) -> str:
        """The table; of a model that has not been built, its ``repr``."""
        return repr(model) if model.runtime is None else table(model)


def table(model: Layer) -> str:
    """See :meth:`pellucid.Layer.summary`."""
    runtime, shapes = require_runtime(model), output_shapes(model)
    rows = [("layer", "type", "output", "parameters")]
    sizes: dict[int, int] = {}  # by the parameter: tied ones are counted once, as everywhere
    for path, layer in model.walk():
        own = {id(param): prod(param.shape) for _, param in parts_in(layer, Param) if id(param) not in sizes}
        sizes |= own
        rows.append((path, type(layer).__name__, str(shapes.get(path, "")), f"{sum(own.values()):>10,}"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    inputs = ", ".join(map(str, runtime.input_shapes))
    end = f"input {inputs}, {sum(sizes.values()):,} parameters in {runtime.dtype}"
    frozen = sum(prod(param.shape) for param in model.parameters() if not param.trainable)
    return "\n".join([*lines, end + (f", {frozen:,} of them frozen" if frozen else "")])


def output_shapes(model: Layer) -> dict[str, Any]:
    """What each layer gives, by its path. A copy without memory is built for the same inputs again, and each layer in
    it notes what it is asked for; of one that stands at several places the last answer counts."""
    twin = deepcopy(model, {id(layer.runtime): None for _, layer in model.walk() if layer.runtime is not None})
    found: dict[str, Any] = {}

    def noting(path: str, layer: Layer, name: str, *shapes: Any) -> Any:
        result = getattr(type(layer), name)(layer, *shapes)
        found[path] = type(layer).output_shape(layer, *shapes) if name == "build" else result
        return result

    for path, layer in twin.walk():
        for name in ("build", "output_shape"):
            layer.__dict__[name] = partial(noting, path, layer, name)
    twin.build(*require_runtime(model).input_shapes)
    return found
