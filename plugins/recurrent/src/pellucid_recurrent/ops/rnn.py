"""References of rnn: ``h_t = f(x_t W + h_{t−1} U + b)``."""

from __future__ import annotations

from pellucid import Array, Ops

from pellucid_recurrent.ops.sequence import add_sums, back, keep, only, project, put_dx, put_out


def rnn_forward(
    ops: Ops, x: Array, mask: Array | None, weight: Array, recurrent: Array, bias: Array, activation: str,
    backwards: bool, xs: Array, gates: Array, states: Array, y: Array | None,
) -> None:  # fmt: skip
    """x (N, T, F), mask (N, T) or None, states (T + 1, N, H) with the first given; xs (T, N, F), gates (T, N, H), the
    other states and y (N, T, H), unless it is None, are overwritten. f is tanh or relu."""
    project(x, weight, bias, backwards, xs, gates)
    for t in range(len(xs)):
        gates[t] += states[t] @ recurrent
        states[t + 1] = ops.xp.tanh(gates[t]) if activation == "tanh" else ops.xp.maximum(gates[t], 0)
        keep(ops, mask, t, backwards, states)
    put_out(states, backwards, y)


def rnn_backward(
    ops: Ops, dy: Array | None, dlast: Array | None, mask: Array | None, weight: Array, recurrent: Array,
    activation: str, backwards: bool, xs: Array, states: Array, dgates: Array, dstate: Array, dweight: Array | None,
    drecurrent: Array | None, dbias: Array | None, dx: Array | None,
) -> None:  # fmt: skip
    """``dz_t = dh_t ⊙ f'(z_t)``, ``dh_{t−1} = dy_{t−1} + dz_t Uᵀ``; dy (N, T, H), or dlast (N, H) at the last state.

    dgates (T, N, H) and dstate (N, H) are work space; dweight, drecurrent, dbias are added to and dx (N, T, F) is
    overwritten, each unless it is None.
    """
    for t in back(dy, dlast, len(xs), backwards, dstate):
        h = states[t + 1]
        dgates[t] = only(ops, mask, t, backwards, dstate * ((1 - h * h) if activation == "tanh" else (h > 0)), 0)
        dstate[...] = only(ops, mask, t, backwards, dgates[t] @ recurrent.T, dstate)
    add_sums(xs, states, dgates, dgates, dweight, drecurrent, dbias)
    put_dx(dgates, weight, backwards, dx)
