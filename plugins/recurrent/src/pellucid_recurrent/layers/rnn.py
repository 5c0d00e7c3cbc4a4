"""RNN: the state is a dense layer of the input and the state before."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pellucid import Array, ConfigError, Context, Equation, Example, Initializer, Interval

from pellucid_recurrent.layers.recurrent import BACK, EACH, OUTPUTS, STEPS, SUMS, Recurrent


class RNN(Recurrent):
    """``h_t = f(x_t W + h_{t−1} U + b)`` (Elman, 1990; Goodfellow, Bengio & Courville, Deep Learning, §10.2).

    Args:
        units: H, numbers of the state.
        activation: f, tanh or relu.
        return_sequences: the output is every state, (T, H), or the last one, (H,).
        backwards: the steps are taken from the last to the first.
        carry: how many rows of a step carry their state over to the next step; 0: every sample begins with zeros.
        init, recurrent_init: initializers of W and of U, or their names. b starts at zero.

    Shapes: x (N, T, F), and optional mask (N, T), begins (N,) -> y (N, T, H) or (N, H); W (F, H); U (H, H); b (H,).

    Raises:
        ShapeError: inputs of other shapes; more rows in a step than are carried.
    """

    equations = (
        *STEPS,
        Equation(
            "steps", r"(a, h)_t \text{ of } s_t, h_{t-1}",
            "lambda: (lambda h: [{'a': (a := s[t] @ W + h @ U + b), 'h': (h := np.where(m[t], f(a), h))}"
            " for t in range(len(s))])(h)",
        ),
        EACH,
        Equation("a", r"a_t = s_t W + h_{t-1} U + b", "each('a')"),
        Equation("gates", r"a_t", "each('a')"),
        Equation("hs", r"h_t = f(a_t) \text{ where } m_t, \text{ else } h_{t-1}", "each('h')"),
        *OUTPUTS,
        Equation("slope", r"f'_t = f'(a_t)", "f.derivative(a)"),
        Equation(
            "returns", r"(dh, da)_t \text{ of } e_t, dh_{t+1}, da_{t+1}",
            "lambda: (lambda dh: [{'dh': (d := e[t] + dh), 'da': (p := np.where(m[t], d * slope[t], 0)),"
            " 'h': (dh := np.where(m[t], p @ U.T, d))} for t in range(len(s) - 1, -1, -1)])(np.zeros_like(h))",
        ),
        BACK,
        Equation("dhs", r"dh_t = e_t + da_{t+1} U^\top \text{ where } m_{t+1}, \text{ else } e_t + dh_{t+1}",
                 "back('dh')"),
        Equation("da", r"da_t = m_t\, dh_t \odot f'_t", "back('da')"),
        *SUMS,
        Equation("dU", r"dU = \sum_t h_{t-1}^\top da_t", "np.einsum('tnh,tng->hg', before, da)"),
    )  # fmt: skip
    symbols: ClassVar = {"W": "weight", "U": "recurrent_weight", "b": "bias", "f": "activation", "S": "carried_state"}
    examples = (
        Example({"units": 3}, ((4, 2),)),
        Example({"units": 4, "activation": "relu", "return_sequences": False}, ((5, 3), ("bool", 5))),
        Example({"units": 2, "backwards": True}, ((3, 2), ("bool", 3))),
        Example({"units": 3}, ((None, 2),)),
        Example({"units": 3, "carry": 2048}, ((3, 2),)),
    )

    def __init__(
        self, units: int, activation: Literal["tanh", "relu"] = "tanh", *, return_sequences: bool = True,
        backwards: bool = False, carry: int = 0, init: str | Initializer = "glorot",
        recurrent_init: str | Initializer = "orthogonal",
    ) -> None:  # fmt: skip
        super().__init__(
            units, return_sequences=return_sequences, backwards=backwards, carry=carry, init=init,
            recurrent_init=recurrent_init,
        )  # fmt: skip
        if activation not in ("tanh", "relu"):
            raise ConfigError(f"The 'activation' of RNN must be 'tanh' or 'relu'. Received: {activation!r}.")
        self.activation = activation

    def output_interval(self, *inputs: Interval) -> Interval:
        return (-1.0, 1.0) if self.activation == "tanh" else (0.0, float("inf"))

    def forward(self, ctx: Context, x: Array, *more: Array) -> Array:
        y = self.open(ctx, x, more)
        ctx.op("recurrent/rnn_forward")(
            ctx.x, ctx.mask, self.weight.data, self.recurrent_weight.data, self.bias.data, self.activation,
            self.backwards, ctx.s, ctx.gates, ctx.carried[0], y,
        )  # fmt: skip
        return self.close(ctx, y)

    def backward(self, ctx: Context, dy: Array) -> Any:
        found = self.gradients(ctx, dy)
        ctx.op("recurrent/rnn_backward")(activation=self.activation, **found)
        return self.answer(ctx, found["dx"])
