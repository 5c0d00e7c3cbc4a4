"""LSTM: a cell that gates write to, keep and read from, so that gradients pass through many steps."""

from __future__ import annotations

from typing import Any, ClassVar

from pellucid import Array, Context, Equation, Example, Initializer, State, check_float

from pellucid_recurrent.initializers import ForgetBias
from pellucid_recurrent.layers.recurrent import OUTPUTS, STEPS, SUMS, Recurrent


class LSTM(Recurrent):
    """``c_t = f_t ⊙ c_{t−1} + i_t ⊙ g_t``, ``h_t = o_t ⊙ tanh c_t`` with gates i, f, o = σ(x_t W + h_{t−1} U + b) and
    the candidate g = tanh(x_t W + h_{t−1} U + b), each with columns of its own.

    Hochreiter & Schmidhuber, 1997; Gers, Schmidhuber & Cummins, 2000. W, U and b hold the input gate i, the forget gate
    f, the output gate o and the candidate g side by side, in this order.

    Args:
        units: H, numbers of the state and of the cell.
        return_sequences: the output is every state, (T, H), or the last one, (H,).
        backwards: the steps are taken from the last to the first.
        carry: how many rows of a step carry state and cell over to the next step; 0: every sample begins with zeros.
        forget_bias: what b starts with for the forget gate; it is 0 elsewhere.
        init, recurrent_init: initializers of W and of U, or their names.

    Shapes: x (N, T, F), and optional mask (N, T), begins (N,) -> y (N, T, H) or (N, H); W (F, 4H); U (H, 4H); b (4H,).

    Raises:
        ShapeError: inputs of other shapes; more rows in a step than are carried.
    """

    equations = (
        *STEPS,
        Equation(
            "c", r"c_0 = 0 \quad\text{(with carry: } C \text{ of the same rows)}",
            "C[row_offset:row_offset + s.shape[1]] if carry else np.zeros_like(h)",
        ),
        Equation("sigma", r"\sigma(a) = 1/(1 + e^{-a})", "lambda a: 1 / (1 + np.exp(-a))"),
        Equation(
            "both",
            r"i_t = \sigma(s_t W_i + h_{t-1} U_i + b_i),\ f_t = \sigma(s_t W_f + h_{t-1} U_f + b_f),\ "
            r"o_t = \sigma(s_t W_o + h_{t-1} U_o + b_o),\ g_t = \tanh(s_t W_g + h_{t-1} U_g + b_g),\ "
            r"c_t = f_t \odot c_{t-1} + i_t \odot g_t,\ h_t = o_t \odot \tanh c_t"
            r" \text{ where } m_t, \text{ else } c_{t-1}, h_{t-1}",
            "lambda k: (lambda h, c: np.stack([((a := s[t] @ W + h @ U + b), (i := sigma(a[:, :units])),"
            " (f := sigma(a[:, units:2 * units])),"
            " (c := np.where(m[t], f * c + i * np.tanh(a[:, 3 * units:]), c)),"
            " (h := np.where(m[t], sigma(a[:, 2 * units:3 * units]) * np.tanh(c), h)))[-2:] for t in range(len(s))]))"
            "(k * h, k * c)",
        ),
        Equation("read", r"h_t", "lambda k: both(k)[:, 1]"),
        Equation("cs", r"c_t = f_t \odot c_{t-1} + i_t \odot g_t \text{ where } m_t, \text{ else } c_{t-1}",
                 "both(1)[:, 0]"),
        *OUTPUTS,
        Equation("cell", r"c_{t-1}", "np.concatenate([c[None], cs[:-1]])"),
        Equation("a", r"a_t = s_t W + h_{t-1} U + b", "s @ W + before @ U + b"),
        Equation("i", r"i_t = \sigma(a_{t,i})", "sigma(a[..., :units])"),
        Equation("f", r"f_t = \sigma(a_{t,f})", "sigma(a[..., units:2 * units])"),
        Equation("o", r"o_t = \sigma(a_{t,o})", "sigma(a[..., 2 * units:3 * units])"),
        Equation("g", r"g_t = \tanh(a_{t,g})", "np.tanh(a[..., 3 * units:])"),
        Equation(
            "da",
            r"dh_t = e_t + da_{t+1} U^\top,\ d_t = f_{t+1} \odot d_{t+1} + dh_t \odot o_t \odot (1 - \tanh^2 c_t),\ "
            r"da_t = m_t [d_t \odot g_t \odot i_t (1 - i_t),\ d_t \odot c_{t-1} \odot f_t (1 - f_t),\ "
            r"dh_t \odot \tanh c_t \odot o_t (1 - o_t),\ d_t \odot i_t \odot (1 - g_t^2)]",
            "(lambda dh, dc: np.stack([((k := e[t] + dh), (d := dc + k * o[t] * (1 - np.tanh(cs[t]) ** 2)),"
            " (p := m[t] * np.concatenate([d * g[t] * i[t] * (1 - i[t]), d * cell[t] * f[t] * (1 - f[t]),"
            " k * np.tanh(cs[t]) * o[t] * (1 - o[t]), d * i[t] * (1 - g[t] ** 2)], 1)),"
            " (dc := np.where(m[t], d * f[t], dc)), (dh := np.where(m[t], p @ U.T, k)))[2]"
            " for t in range(len(s) - 1, -1, -1)]))(np.zeros_like(h), np.zeros_like(h))[::-1]",
        ),
        *SUMS,
        Equation("dU", r"dU = \sum_t h_{t-1}^\top da_t", "np.einsum('tnh,tng->hg', before, da)"),
        Equation(
            "C", r"C = c_T \quad\text{(of the rows of the step)}",
            "np.concatenate([C[:row_offset], cs[-1], C[row_offset + s.shape[1]:]]) if carry else C",
        ),
    )  # fmt: skip
    symbols: ClassVar = {"W": "weight", "U": "recurrent_weight", "b": "bias", "S": "carried_state", "C": "carried_cell"}
    examples = (
        Example({"units": 3}, ((4, 2),)),
        Example({"units": 4, "return_sequences": False}, ((5, 3), ("bool", 5))),
        Example({"units": 2, "backwards": True, "forget_bias": 0.5}, ((3, 2), ("bool", 3))),
        Example({"units": 3}, ((None, 2),)),
        Example({"units": 3, "carry": 2048}, ((3, 2),)),
    )
    gates = 4
    carried = ("state", "cell")
    carried_cell: State | None

    def __init__(
        self, units: int, *, return_sequences: bool = True, backwards: bool = False, carry: int = 0,
        forget_bias: float = 1.0, init: str | Initializer = "glorot",
        recurrent_init: str | Initializer = "recurrent/orthogonal",
    ) -> None:  # fmt: skip
        super().__init__(
            units, return_sequences=return_sequences, backwards=backwards, carry=carry, init=init,
            recurrent_init=recurrent_init,
        )  # fmt: skip
        check_float(self, "forget_bias", forget_bias, "(-inf, inf)")
        self.forget_bias = forget_bias

    def first_bias(self) -> Initializer:
        return ForgetBias(self.forget_bias)

    def forward(self, ctx: Context, x: Array, *more: Array) -> Array:
        y = self.open(ctx, x, more)
        ctx.extra = ctx.scratch("extra", (*ctx.gates.shape[:2], self.units))
        ctx.op("recurrent/lstm_forward")(
            ctx.x, ctx.mask, self.weight.data, self.recurrent_weight.data, self.bias.data, self.backwards, ctx.xs,
            ctx.gates, *ctx.carried, ctx.extra, y,
        )  # fmt: skip
        return self.close(ctx, y)

    def backward(self, ctx: Context, dy: Array) -> Any:
        found = self.gradients(ctx, dy)
        ctx.op("recurrent/lstm_backward")(
            gates=ctx.gates, cells=ctx.carried[1], extra=ctx.extra,
            dcell=ctx.scratch("dcell", (dy.shape[0], self.units)), **found,
        )  # fmt: skip
        return self.answer(ctx, found["dx"])
