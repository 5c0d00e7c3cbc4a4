"""Recurrent: what rnn, gru and lstm have in common: inputs, outputs, steps left out, the state that is carried over."""

from __future__ import annotations

from abc import ABC
from typing import Any, ClassVar

from pellucid import (
    Array,
    ConfigError,
    Context,
    Equation,
    Initializer,
    Interval,
    Layer,
    Param,
    Shape,
    ShapeError,
    State,
    check_int,
    check_type,
    contiguous,
)

STEPS = (
    Equation(
        "s", r"s_1, \dots, s_T = x_1, \dots, x_T \quad\text{(backwards: } x_T, \dots, x_1)",
        "inputs[0].swapaxes(0, 1)[::-1 if backwards else 1]",
    ),
    Equation(
        "m", r"m_t = 1 \quad\text{(with a mask: whether step } t \text{ is taken)}",
        "inputs[1].T[::-1 if backwards else 1, :, None] if len(inputs) > 1 and inputs[1].ndim == 2"
        " else np.ones((len(s), 1, 1), np.bool_)",
    ),
    Equation(
        "h", r"h_0 = 0 \quad\text{(in training with carry: } S \text{ of the same rows)}",
        "S[row_offset:row_offset + s.shape[1]] if carry and training else np.zeros((s.shape[1], units))",
    ),
)  # fmt: skip
"""The equations before those of a cell: the steps, which of them are taken, the first state."""

EACH = Equation("each", r"t = 1, \dots, T", "lambda name: np.stack([step[name] for step in steps()])")
"""Something of all steps that ``steps`` makes, one after another; of what stands between is made the next, so each of
them is an equation of its own: a gate of a step is explained by the state before, and that by the gates before."""
BACK = Equation("back", r"t = T, \dots, 1", "lambda name: np.stack([step[name] for step in returns()][::-1])")
"""The same of the gradients, which ``returns`` makes from the last step to the first."""

OUTPUTS = (
    Equation(
        "y", r"y_t = h_t \quad\text{or}\quad y = h_T",
        "hs[::-1 if backwards else 1].swapaxes(0, 1) if return_sequences else hs[-1]",
    ),
    Equation("before", r"h_{t-1}", "np.concatenate([h[None], hs[:-1]])"),
    Equation(
        "e", r"e_t = \partial L / \partial y_t",
        "dy.swapaxes(0, 1)[::-1 if backwards else 1] if return_sequences"
        " else np.concatenate([np.zeros((len(s) - 1, *dy.shape)), dy[None]])",
    ),
)  # fmt: skip
"""The equations between: the output, and the gradient that comes from it."""

SUMS = (
    Equation("dx", r"dx_t = da_t W^\top", "(da @ W.T)[::-1 if backwards else 1].swapaxes(0, 1)"),
    Equation("dW", r"dW = \sum_t s_t^\top da_t", "np.einsum('tnf,tng->fg', s, da)"),
    Equation("db", r"db = \sum_{tn} da_t", "da.sum((0, 1))"),
    Equation(
        "S",
        r"S = h_T \quad\text{(of the rows of the step)}",
        "np.concatenate([S[:row_offset], hs[-1], S[row_offset + s.shape[1]:]]) if carry else S",
    ),
)
"""The equations at the end: all steps at once."""


class Recurrent(Layer, ABC):
    """A state that goes from step to step: ``h_t = cell(x_t, h_{t−1})``.

    Inputs after x are truth values, each optional, and told apart by their shapes: a **mask** (T,) says which steps are
    taken, and a step that is left out leaves the state as it was; **begins** (), for a layer with ``carry``, says that
    a sample begins a new sequence. In evaluation and ``predict`` every sample begins with zeros: give whole sequences.
    """

    gates: ClassVar[int] = 1
    """How many gates of H numbers there are."""
    carried: ClassVar[tuple[str, ...]] = ("state",)
    """Names of the states that are carried over."""
    capturable = True
    takes_mask = True
    beside = 0
    """How many inputs there are beside the sequences, known when it is built."""
    weight: Param
    recurrent_weight: Param
    bias: Param
    carried_state: State | None

    def __init__(
        self, units: int, *, return_sequences: bool = True, backwards: bool = False, carry: int = 0,
        init: str | Initializer = "glorot", recurrent_init: str | Initializer = "orthogonal",
    ) -> None:  # fmt: skip
        check_int(self, "units", units, "[1, inf)")
        check_int(self, "carry", carry, "[0, inf)")
        check_type(self, "return_sequences", return_sequences, (bool,), "true or false")
        check_type(self, "backwards", backwards, (bool,), "true or false")
        check_type(self, "init", init, (str, Initializer), "an initializer or its name")
        check_type(self, "recurrent_init", recurrent_init, (str, Initializer), "an initializer or its name")
        if carry and backwards:
            raise ConfigError(
                f"{type(self).__name__} cannot carry a state over and go backwards: the state after the first step of "
                f"a batch is not where the next batch's last begins. Received: carry={carry}, backwards=True. Choose "
                "one of the two."
            )
        self.units = units
        self.return_sequences = return_sequences
        self.backwards = backwards
        self.carry = carry
        self.init = init
        self.recurrent_init = recurrent_init

    def build(self, x: Shape, *more: Shape) -> None:
        self.output_shape(x, *more)
        self.beside = len(more)
        features, units, width = int(x[-1] or 0), self.units, self.gates * self.units
        self.weight = self.param(
            "weight", (features, width), init=self.init, decay=True, fan_in=features, fan_out=units
        )
        self.recurrent_weight = self.param(
            "recurrent_weight", (units, width), init=self.recurrent_init, decay=True, fan_in=units, fan_out=units
        )
        self.bias = self.param("bias", (width,), init=self.first_bias())
        for name in self.carried:
            setattr(self, f"carried_{name}", self.state(f"carried_{name}", (self.carry, units)) if self.carry else None)

    @property
    def integer_inputs(self) -> tuple[int, ...]:  # type: ignore[override]
        return tuple(range(1, 1 + self.beside))

    def first_bias(self) -> str | Initializer:
        """The initializer of the bias."""
        return "zeros"

    def output_shape(self, x: Shape, *more: Shape) -> Shape:
        name, received = type(self).__name__, f"Received: inputs of shapes {[tuple(shape) for shape in (x, *more)]}."
        if len(x) != 2 or x[-1] is None:
            raise ShapeError(
                f"{name} needs sequences, samples of 2 axes: (steps, features), of which the steps may vary, None. "
                f"{received} A series of single numbers has one feature: x[..., None]."
            )
        steps = x[0]
        masks, begins = ([shape for shape in more if len(shape) == axes] for axes in (1, 0))
        fits = all(shape[0] is None or steps is None or shape[0] == steps for shape in masks)
        if len(masks) + len(begins) != len(more) or len(masks) > 1 or len(begins) > 1 or not fits:
            raise ShapeError(
                f"{name} takes beside its sequences a mask of shape ({steps},) and, with carry, begins of shape (). "
                f"{received}"
            )
        if begins and not self.carry:
            raise ShapeError(
                f"{name} carries no state over, so every sample begins a sequence. {received} Leave the input of shape "
                "() out, or set carry to the number of rows of a step."
            )
        return (steps, self.units) if self.return_sequences else (self.units,)

    def output_interval(self, *inputs: Interval) -> Interval:
        return (-1.0, 1.0)

    # -- what the cells share --------------------------------------------------------------------------------------

    def open(self, ctx: Context, x: Array, more: tuple[Array, ...]) -> Array | None:
        """Note on ``ctx`` what a call works in: s, gates, states, cells; returns y, or None for the last state."""
        n, steps, _ = x.shape
        if not steps:
            raise ShapeError(
                f"{type(self).__name__} needs at least one step. Received: an input of shape {tuple(x.shape)}."
            )
        ctx.x, ctx.inputs = contiguous(ctx, x, "x"), 1 + len(more)
        ctx.mask = next((contiguous(ctx, part, "mask") for part in more if part.ndim == 2), None)
        begins = next((contiguous(ctx, part, "begins") for part in more if part.ndim == 1), None)
        if ctx.mask is not None and ctx.mask.shape != (n, steps):
            raise ShapeError(
                f"{type(self).__name__} needs a mask of shape {(n, steps)} for an input of shape {tuple(x.shape)}. "
                f"Received: {tuple(ctx.mask.shape)}."
            )
        ctx.s = ctx.scratch("s", (steps, n, x.shape[2]))
        ctx.gates = ctx.scratch("gates", (steps, n, self.gates * self.units))
        ctx.carried = [ctx.scratch(name, (steps + 1, n, self.units)) for name in self.carried]
        for kept, states in zip(self._kept(ctx, n), ctx.carried, strict=True):
            if kept is None:
                ctx.ops.fill(states[0], 0.0)
            else:
                ctx.op("recurrent/begin")(kept.data, ctx.row_offset, begins, states[0])
        return ctx.scratch("y", (n, steps, self.units)) if self.return_sequences else None

    def close(self, ctx: Context, y: Array | None) -> Array:
        """The output; and what is carried over is asked for."""
        for kept, states in zip(self._kept(ctx, ctx.x.shape[0]), ctx.carried, strict=True):
            if kept is not None:
                asked = (value for state, value, _ in reversed(ctx.requested_updates) if state is kept)
                before = next(asked, kept.data)  # with what the micro-batches before have asked for
                now = ctx.scratch(("kept", kept.name), kept.shape)
                ctx.op("recurrent/keep")(before, ctx.row_offset, states[-1], now)
                ctx.update(kept, now)
        return ctx.carried[0][-1] if y is None else y

    def _kept(self, ctx: Context, n: int) -> list[State | None]:
        """The carried states; None where every sample begins with zeros: without carry, and in evaluation, whose
        samples are those of other sequences."""
        if not self.carry or not ctx.training:
            return [None] * len(self.carried)
        first = int(ctx.row_offset[0])
        if first + n > self.carry:
            raise ShapeError(
                f"{type(self).__name__} carries the state of {self.carry} rows over. Received: a step with rows "
                f"{first} to {first + n - 1}. Give it carry = the rows of a step, batch_size · accumulate."
            )
        return [getattr(self, f"carried_{name}") for name in self.carried]

    def gradients(self, ctx: Context, dy: Array) -> dict[str, Any]:
        """What a backward works in and adds to, by the names of the ops."""

        def grad(param: Param) -> Array | None:
            return param.grad if param.trainable else None

        dy = contiguous(ctx, dy, "dy")
        n = ctx.x.shape[0]
        return {
            "dy": dy if self.return_sequences else None, "dlast": None if self.return_sequences else dy,
            "mask": ctx.mask, "weight": self.weight.data, "recurrent": self.recurrent_weight.data,
            "backwards": self.backwards, "xs": ctx.s, "states": ctx.carried[0],
            "dgates": ctx.scratch("dgates", ctx.gates.shape), "dstate": ctx.scratch("dstate", (n, self.units)),
            "dweight": grad(self.weight), "drecurrent": grad(self.recurrent_weight), "dbias": grad(self.bias),
            "dx": ctx.scratch("dx", ctx.x.shape) if ctx.needs_dx[0] else None,
        }  # fmt: skip

    def answer(self, ctx: Context, dx: Array | None) -> Any:
        """The gradient at each input: none at truth values."""
        return dx if ctx.inputs == 1 else (dx, *[None] * (ctx.inputs - 1))
