"""GRU: a gate says how much of the state stays, another how much of it the candidate sees."""

from __future__ import annotations

from typing import Any, ClassVar

from pellucid import Array, Context, Equation, Example, Param, Shape

from pellucid_recurrent.layers.recurrent import BACK, EACH, OUTPUTS, STEPS, SUMS, Recurrent


class GRU(Recurrent):
    """``h_t = (1 − z_t) ⊙ n_t + z_t ⊙ h_{t−1}``, n_t = tanh(x_t Wₙ + bₙ + r_t ⊙ (h_{t−1} Uₙ + c)), z_t and r_t gates.

    Cho et al., 2014, with the reset gate after the product, so that all products with U are one. W, U and b hold the
    update gate z, the reset gate r and the candidate n side by side, in this order.

    Args:
        units: H, numbers of the state.
        return_sequences: the output is every state, (T, H), or the last one, (H,).
        backwards: the steps are taken from the last to the first.
        carry: how many rows of a step carry their state over to the next step; 0: every sample begins with zeros.
        init, recurrent_init: initializers of W and of U, or their names. b and c start at zero.

    Shapes: x (N, T, F), and optional mask (N, T), begins (N,) -> y (N, T, H) or (N, H); W (F, 3H); U (H, 3H);
    b (3H,); c (H,).

    Raises:
        ShapeError: inputs of other shapes; more rows in a step than are carried.
    """

    equations = (
        *STEPS,
        Equation("sigma", r"\sigma(a) = 1/(1 + e^{-a})", "lambda a: 1 / (1 + np.exp(-a))"),
        Equation(
            "steps", r"(a, u, z, r, q, n, h)_t \text{ of } s_t, h_{t-1}",
            "lambda: (lambda h: [{'a': (a := s[t] @ W + b), 'u': (u := h @ U),"
            " 'z': (z := sigma(a[:, :units] + u[:, :units])),"
            " 'r': (r := sigma(a[:, units:2 * units] + u[:, units:2 * units])),"
            " 'q': (q := u[:, 2 * units:] + c), 'n': (n := np.tanh(a[:, 2 * units:] + r * q)),"
            " 'gates': np.concatenate([z, r, n], 1),"
            " 'h': (h := np.where(m[t], (1 - z) * n + z * h, h))} for t in range(len(s))])(h)",
        ),
        EACH,
        Equation("a", r"a_t = s_t W + b", "each('a')"),
        Equation("u", r"u_t = h_{t-1} U", "each('u')"),
        Equation("z", r"z_t = \sigma(a_{t,z} + u_{t,z})", "each('z')"),
        Equation("r", r"r_t = \sigma(a_{t,r} + u_{t,r})", "each('r')"),
        Equation("q", r"q_t = u_{t,n} + c", "each('q')"),
        Equation("n", r"n_t = \tanh(a_{t,n} + r_t \odot q_t)", "each('n')"),
        Equation("gates", r"[z, r, n]_t", "each('gates')"),
        Equation("hs", r"h_t = (1 - z_t) \odot n_t + z_t \odot h_{t-1} \text{ where } m_t, \text{ else } h_{t-1}",
                 "each('h')"),
        *OUTPUTS,
        Equation(
            "returns", r"(dh, da_z, da_r, da_n, dq)_t \text{ of } e_t \text{ and those of } t + 1",
            "lambda: (lambda dh: [{'dh': (d := e[t] + dh), 'dn': (k := m[t] * d * (1 - z[t]) * (1 - n[t] ** 2)),"
            " 'dz': (v := m[t] * d * (before[t] - n[t]) * z[t] * (1 - z[t])),"
            " 'dr': (w := k * q[t] * r[t] * (1 - r[t])), 'dq': (p := k * r[t]),"
            " 'h': (dh := np.where(m[t], d * z[t] + np.concatenate([v, w, p], 1) @ U.T, d))}"
            " for t in range(len(s) - 1, -1, -1)])(np.zeros_like(h))",
        ),
        BACK,
        Equation(
            "dhs",
            r"dh_t = e_t + z_{t+1} \odot dh_{t+1} + [da_z, da_r, dq]_{t+1} U^\top \text{ where } m_{t+1}, "
            r"\text{ else } e_t + dh_{t+1}",
            "back('dh')",
        ),
        Equation("dn", r"da_n = m_t\, dh_t \odot (1 - z_t) \odot (1 - n_t^2)", "back('dn')"),
        Equation("dz", r"da_z = m_t\, dh_t \odot (h_{t-1} - n_t) \odot z_t \odot (1 - z_t)", "back('dz')"),
        Equation("dr", r"da_r = da_n \odot q_t \odot r_t \odot (1 - r_t)", "back('dr')"),
        Equation("dq", r"dq = da_n \odot r_t", "back('dq')"),
        Equation("da", r"da = [da_z, da_r, da_n]", "np.concatenate([dz, dr, dn], 2)"),
        *SUMS,
        Equation("dU", r"dU = \sum_t h_{t-1}^\top [da_z, da_r, dq]",
                 "np.einsum('tnh,tng->hg', before, np.concatenate([dz, dr, dq], 2))"),
        Equation("dc", r"dc = \sum_{tn} dq", "dq.sum((0, 1))"),
    )  # fmt: skip
    symbols: ClassVar = {
        "W": "weight", "U": "recurrent_weight", "b": "bias", "c": "candidate_bias", "S": "carried_state",
    }  # fmt: skip
    examples = (
        Example({"units": 3}, ((4, 2),)),
        Example({"units": 4, "return_sequences": False}, ((5, 3), ("bool", 5))),
        Example({"units": 2, "backwards": True}, ((3, 2), ("bool", 3))),
        Example({"units": 3}, ((None, 2),)),
        Example({"units": 3, "carry": 2048}, ((3, 2),)),
    )
    gates = 3
    candidate_bias: Param

    def build(self, x: Shape, *more: Shape) -> None:
        super().build(x, *more)
        self.candidate_bias = self.param("candidate_bias", (self.units,))

    def forward(self, ctx: Context, x: Array, *more: Array) -> Array:
        y = self.open(ctx, x, more)
        ctx.q = ctx.scratch("q", (*ctx.gates.shape[:2], self.units))
        ctx.op("recurrent/gru_forward")(
            ctx.x, ctx.mask, self.weight.data, self.recurrent_weight.data, self.bias.data, self.candidate_bias.data,
            self.backwards, ctx.s, ctx.gates, ctx.carried[0], ctx.q, y,
        )  # fmt: skip
        return self.close(ctx, y)

    def backward(self, ctx: Context, dy: Array) -> Any:
        found = self.gradients(ctx, dy)
        candidate = self.candidate_bias
        ctx.op("recurrent/gru_backward")(
            gates=ctx.gates, extra=ctx.q, dextra=ctx.scratch("dextra", ctx.q.shape),
            dcandidate=candidate.grad if candidate.trainable else None, **found,
        )  # fmt: skip
        return self.answer(ctx, found["dx"])
