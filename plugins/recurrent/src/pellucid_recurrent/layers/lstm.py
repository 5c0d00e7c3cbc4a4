"""LSTM: a cell that gates write to, keep and read from, so that gradients pass through many steps."""

from __future__ import annotations

from typing import Any, ClassVar

from pellucid import Array, Context, Equation, Example, Initializer, State, check_float

from pellucid_recurrent.initializers import ForgetBias
from pellucid_recurrent.layers.recurrent import BACK, EACH, OUTPUTS, STEPS, SUMS, Recurrent


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
            "c", r"c_0 = 0 \quad\text{(in training with carry: } C \text{ of the same rows)}",
            "C[row_offset:row_offset + s.shape[1]] if carry and training else np.zeros_like(h)",
        ),
        Equation("sigma", r"\sigma(a) = 1/(1 + e^{-a})", "lambda a: 1 / (1 + np.exp(-a))"),
        Equation(
            "steps", r"(a, i, f, o, g, c, h)_t \text{ of } s_t, h_{t-1}, c_{t-1}",
            "lambda: (lambda h, c: [{'a': (a := s[t] @ W + h @ U + b), 'i': (i := sigma(a[:, :units])),"
            " 'f': (f := sigma(a[:, units:2 * units])), 'o': (o := sigma(a[:, 2 * units:3 * units])),"
            " 'g': (g := np.tanh(a[:, 3 * units:])), 'gates': np.concatenate([i, f, o, g], 1),"
            " 'c': (c := np.where(m[t], f * c + i * g, c)),"
            " 'h': (h := np.where(m[t], o * np.tanh(c), h))} for t in range(len(s))])(h, c)",
        ),
        EACH,
        Equation("a", r"a_t = s_t W + h_{t-1} U + b", "each('a')"),
        Equation("i", r"i_t = \sigma(a_{t,i})", "each('i')"),
        Equation("f", r"f_t = \sigma(a_{t,f})", "each('f')"),
        Equation("o", r"o_t = \sigma(a_{t,o})", "each('o')"),
        Equation("g", r"g_t = \tanh(a_{t,g})", "each('g')"),
        Equation("gates", r"[i, f, o, g]_t", "each('gates')"),
        Equation("cs", r"c_t = f_t \odot c_{t-1} + i_t \odot g_t \text{ where } m_t, \text{ else } c_{t-1}",
                 "each('c')"),
        Equation("hs", r"h_t = o_t \odot \tanh c_t \text{ where } m_t, \text{ else } h_{t-1}", "each('h')"),
        *OUTPUTS,
        Equation("squashed", r"\tanh c_t", "np.tanh(cs)"),
        Equation("cell", r"c_{t-1}", "np.concatenate([c[None], cs[:-1]])"),
        Equation(
            "returns", r"(dh, dc, da)_t \text{ of } e_t, dh_{t+1}, dc_{t+1}, da_{t+1}",
            "lambda: (lambda dh, dc: [{'dh': (k := e[t] + dh), 'dc': (d := dc + k * o[t] * (1 - squashed[t] ** 2)),"
            " 'da': (p := m[t] * np.concatenate([d * g[t] * i[t] * (1 - i[t]), d * cell[t] * f[t] * (1 - f[t]),"
            " k * squashed[t] * o[t] * (1 - o[t]), d * i[t] * (1 - g[t] ** 2)], 1)),"
            " 'c': (dc := np.where(m[t], d * f[t], dc)), 'h': (dh := np.where(m[t], p @ U.T, k))}"
            " for t in range(len(s) - 1, -1, -1)])(np.zeros_like(h), np.zeros_like(h))",
        ),
        BACK,
        Equation("dhs", r"dh_t = e_t + da_{t+1} U^\top \text{ where } m_{t+1}, \text{ else } e_t + dh_{t+1}",
                 "back('dh')"),
        Equation("dcs", r"dc_t = f_{t+1} \odot dc_{t+1} + dh_t \odot o_t \odot (1 - \tanh^2 c_t)", "back('dc')"),
        Equation(
            "da",
            r"da_t = m_t [dc_t \odot g_t \odot i_t (1 - i_t),\ dc_t \odot c_{t-1} \odot f_t (1 - f_t),\ "
            r"dh_t \odot \tanh c_t \odot o_t (1 - o_t),\ dc_t \odot i_t \odot (1 - g_t^2)]",
            "back('da')",
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
        recurrent_init: str | Initializer = "orthogonal",
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
        ctx.squashed = ctx.scratch("squashed", (*ctx.gates.shape[:2], self.units))
        ctx.op("recurrent/lstm_forward")(
            ctx.x, ctx.mask, self.weight.data, self.recurrent_weight.data, self.bias.data, self.backwards, ctx.s,
            ctx.gates, *ctx.carried, ctx.squashed, y,
        )  # fmt: skip
        return self.close(ctx, y)

    def backward(self, ctx: Context, dy: Array) -> Any:
        found = self.gradients(ctx, dy)
        ctx.op("recurrent/lstm_backward")(
            gates=ctx.gates, cells=ctx.carried[1], extra=ctx.squashed,
            dcell=ctx.scratch("dcell", (dy.shape[0], self.units)), **found,
        )  # fmt: skip
        return self.answer(ctx, found["dx"])
