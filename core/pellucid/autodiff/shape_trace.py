"""The shapes inside a Composite, found by running its ``call`` on arrays of ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.arity import require_inputs
from pellucid.autodiff.primitive import strip
from pellucid.autodiff.variable import Variable
from pellucid.composite import CallTape, Composite, outputs_of
from pellucid.context import Context
from pellucid.errors import ShapeError
from pellucid.layer import Layer, Param, State
from pellucid.ops import ReferenceOps

if TYPE_CHECKING:
    from pellucid.layer import Array, Shape

BATCH = 2
LENGTHS = (16, 32)
"""What stands for an axis of variable length: it is traced with both, and an output axis that differs is variable."""


class ShapeContext(Context):
    """The context of a trace: nothing is remembered."""

    def update(self, state: State, value: Array, rate: float = 1.0) -> None:
        """No step, so no update."""


class ShapeTape(CallTape):
    """Layers are built, and asked for their shape, instead of being run."""

    def __init__(self, composite: Composite, build: bool) -> None:
        super().__init__(ShapeContext(ReferenceOps(), training=True))
        self.composite = composite
        self.build = build

    def own(self, owned: Any) -> Variable:
        return self.constant(np.ones(owned.shape)) if isinstance(owned, Param | State) else super().own(owned)

    def apply(self, layer: Layer, inputs: tuple[Any, ...]) -> Any:
        given = [strip(self.own(x)) for x in inputs]
        shapes = [x.shape[1:] for x in given]
        try:
            if isinstance(layer, Composite):
                result = trace(layer, shapes, build=self.build)
            else:
                if self.build:
                    layer.build(*shapes)
                result = layer.output_shape(*shapes)
        except ShapeError as error:
            place = next((path for path, part in self.composite.walk() if part is layer), "a layer")
            raise ShapeError(f"{place} ({type(layer).__name__}) of {type(self.composite).__name__}: {error}") from error
        several = bool(result) and isinstance(result[0], tuple)
        rows, dtype = len(given[0]), self.ctx.dtype
        outputs = [self.constant(np.ones((rows, *shape), dtype)) for shape in (result if several else (result,))]
        return tuple(outputs) if several else outputs[0]


def trace(composite: Composite, shapes: Any, *, build: bool) -> Any:
    """The output shape, or a tuple of them, for these input shapes; ``build`` also builds what is called on the way."""
    require_inputs(type(composite), type(composite).call, shapes, before=2)  # self and ctx
    if build:
        composite.declare(*shapes)
    lengths = LENGTHS if any(None in shape for shape in shapes) else LENGTHS[:1]
    found = [_trace_with(composite, shapes, length, build) for length in lengths]
    merged = tuple(_agreed(versions) for versions in zip(*(outputs for _, outputs in found), strict=True))
    return merged if found[0][0] else merged[0]


def _agreed(versions: tuple[tuple[int, ...], ...]) -> Shape:
    """One shape from those of several traces: an axis on whose length they differ is variable."""
    return tuple(axis[0] if len(set(axis)) == 1 else None for axis in zip(*versions, strict=True))


def _trace_with(composite: Composite, shapes: Any, length: int, build: bool) -> tuple[bool, list[tuple[int, ...]]]:
    """Whether there are several outputs, and their shapes, with variable axes of this length."""
    tape = ShapeTape(composite, build)
    tape.ctx.tape = tape
    inputs = []
    for i, shape in enumerate(shapes):
        full = (BATCH, *(length if n is None else n for n in shape))
        integer = i in composite.integer_inputs
        inputs.append(tape.constant(np.zeros(full, np.int64) if integer else np.ones(full, tape.ctx.dtype)))
    try:
        with np.errstate(all="ignore"):
            result = composite.call(tape.ctx, *inputs)
    except (ValueError, IndexError) as error:
        given = ", ".join(str(tuple(shape)) for shape in shapes)
        raise ShapeError(f"{type(composite).__name__}.call does not fit inputs of shape {given}: {error}.") from error
    outputs = outputs_of(composite, tape, result)
    for y in outputs:
        if y.shape[:1] != (BATCH,):
            raise ShapeError(
                f"{type(composite).__name__}.call must keep the batch as the first axis of its output. For {BATCH} "
                f"samples it returned shape {y.shape}."
            )
    return isinstance(result, tuple), [y.shape[1:] for y in outputs]
