"""Network: a copy of a model that others may compute with while the model is trained, and what a page is told of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from math import prod
from typing import Any

import numpy as np
from pellucid import Context, HostArray, Layer, Param, require_runtime
from pellucid.basics.component import parts_in
from pellucid.model.inputs import given_inputs, ready

from pellucid_studio.look import Look

SHOWN = ("units", "filters", "rate", "hidden", "size", "heads", "factor", "shape")
"""Arguments that stand in the title of a layer."""


def take(model: Layer, look: Look) -> None:
    """Give a copy of a model the weights, states and fitted transforms of a look."""
    runtime = require_runtime(model)
    runtime.arena.data[...] = runtime.ops.asarray(look.weights)
    for state, values in zip(model.states(), look.states, strict=True):
        state.data[...] = runtime.ops.asarray(values)
    runtime.transforms = list(look.transforms)
    runtime.target_transforms = list(look.target_transforms)


class Network:
    """A model of its own with the weights of a :class:`Look`, and the outputs of each of its layers.

    It belongs to one thread at a time.

    Args:
        model: the built model, which is copied and not touched.
    """

    def __init__(self, model: Layer) -> None:
        self.model = deepcopy(model)
        self.runtime = require_runtime(self.model)
        self.leaves = [(path, layer) for path, layer in self.model.walk() if not any(True for _ in layer.children())]
        self._contexts: dict[Any, Context] = {}
        self._outputs: dict[str, HostArray] | None = None
        for path, layer in self.leaves:
            self._watch(path, layer)

    def _watch(self, path: str, layer: Layer) -> None:
        forward = layer.forward

        def watched(ctx: Context, *inputs: Any, **named: Any) -> Any:
            y = forward(ctx, *inputs, **named)
            if self._outputs is not None and not isinstance(y, tuple):
                self._outputs[path] = np.array(self.runtime.ops.to_host(y))
            return y

        vars(layer)["forward"] = watched  # past __setattr__, as the recorder does: the copy is nobody else's

    @contextmanager
    def _kept(self) -> Iterator[dict[str, HostArray]]:
        found: dict[str, HostArray] = {}
        self._outputs = found
        try:
            yield found
        finally:
            self._outputs = None

    def inputs(self, x: Any) -> tuple[HostArray, ...]:
        """Samples in the unit of the data as the first layer gets them, after the transforms."""
        return tuple(ready(self.model, given_inputs(self.model, x)))

    def outputs(self, x: Any) -> tuple[Any, dict[str, HostArray]]:
        """The outputs for samples in the unit of the data, and those of every layer by its path, in evaluation."""
        ops = self.runtime.ops
        arrays = tuple(map(ops.asarray, self.inputs(x)))
        ctx = self._context(tuple(a.shape for a in arrays), len(arrays[0]))
        with np.errstate(all="ignore"), ops.quiet(), self._kept() as found:
            y = self.model.forward(ctx, *arrays)
        y = tuple(np.array(ops.to_host(part)) for part in y) if isinstance(y, tuple) else np.array(ops.to_host(y))
        for transform in self.runtime.target_transforms[::-1] if not isinstance(y, tuple) else ():
            y = transform.inverse(np.asarray(y, np.float64))
        return y, found

    def _context(self, key: Any, rows: int) -> Context:
        """The memory of calls of these shapes, which the next one works in again."""
        if key not in self._contexts:
            if len(self._contexts) > 8:
                self._contexts.clear()
            ctx = Context(self.runtime.ops, training=False, seed=self.runtime.seed, dtype=self.runtime.dtype)
            ctx.begin(0, 0, index=np.arange(rows, dtype=np.int64))
            self._contexts[key] = ctx
        return self._contexts[key]

    # -- what a page is told ---------------------------------------------------------------------------------------

    def described(self, sample: Any, features: Any, classes: Any) -> dict[str, Any]:
        """NETWORK of the protocol; ``sample``: one sample as a batch, from which shapes are found."""
        y, outputs = self.outputs(sample)
        layers = [self._layer(path, layer, outputs.get(path)) for path, layer in self.leaves]
        y = y[0] if isinstance(y, tuple) else y
        count = int(prod(y.shape[1:]))
        inputs = sum(prod(n or 1 for n in shape) for shape in self.runtime.input_shapes)
        names = [str(name) for name in features or ()]
        for transform in self.runtime.transforms:  # of a table: a column of texts becomes one for each text
            names = [str(name) for name in getattr(transform, "names_out", names)]
        return {
            "layers": layers,
            "inputs": names if len(names) == inputs else [f"x{i + 1}" for i in range(min(inputs, 1024))],
            "outputs": [str(c) for c in classes] if classes and len(classes) in (count, count + 1)
            else [f"y{i + 1}" for i in range(min(count, 1024))],
            "parameters": int(sum(prod(param.shape) for param in self.model.parameters())),
        }  # fmt: skip

    def _layer(self, path: str, layer: Layer, y: HostArray | None) -> dict[str, Any]:
        shape = [] if y is None else list(y.shape[1:])
        return {
            "path": path, "type": type_name(layer), "title": title_of(layer), "units": shape[-1] if shape else 0,
            "shape": shape, "parameters": {name: list(param.shape) for name, param in parts_in(layer, Param)},
            "equations": [{"of": e.of, "latex": e.latex} for e in layer.equations],
        }  # fmt: skip


def type_name(layer: Layer) -> str:
    """The registered name of a layer, or that of its class."""
    from pellucid.registry.registry import default_registry

    try:
        return default_registry().entry_of(type(layer)).name
    except Exception:  # a class that is not registered has its own name
        return type(layer).__name__


def title_of(layer: Layer) -> str:
    """``dense 8, tanh``: the name, what is its size, and its activation."""
    given = layer.arguments()
    shown = [str(given[name]) for name in SHOWN if given.get(name) is not None]
    first = " ".join([type_name(layer).rpartition("/")[2].replace("_", " "), *shown[:1]])
    activation = given.get("activation")
    return f"{first}, {activation}" if isinstance(activation, str) else first
