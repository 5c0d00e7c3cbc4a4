"""References of lstm; its gates are i, f, o and g, side by side in this order."""

from __future__ import annotations

from pellucid import Array, Ops

from pellucid_recurrent.ops.sequence import add_sums, back, keep, only, project, put_dx, put_out, sigmoid


def lstm_forward(
    ops: Ops, x: Array, mask: Array | None, weight: Array, recurrent: Array, bias: Array, backwards: bool, xs: Array,
    gates: Array, states: Array, cells: Array, extra: Array, y: Array | None,
) -> None:  # fmt: skip
    """``i, f, o = σ(x W + h' U + b)``, ``g = tanh(x W + h' U + b)``, ``c = f ⊙ c' + i ⊙ g``, ``h = o ⊙ tanh c``.

    x (N, T, F), mask (N, T) or None, states and cells (T + 1, N, H) with the first given; xs (T, N, F), gates
    (T, N, 4H) = i, f, o, g, extra (T, N, H) = tanh c, the other states and cells and y (N, T, H), unless it is None,
    are overwritten.
    """
    units = len(recurrent)
    project(x, weight, bias, backwards, xs, gates)
    for t in range(len(xs)):
        gates[t] += states[t] @ recurrent
        gates[t][:, : 3 * units] = sigmoid(ops, gates[t][:, : 3 * units])
        gates[t][:, 3 * units :] = ops.xp.tanh(gates[t][:, 3 * units :])
        i, f, o, g = (gates[t][:, k * units : (k + 1) * units] for k in range(4))
        cells[t + 1] = f * cells[t] + i * g
        states[t + 1] = o * ops.xp.tanh(cells[t + 1])
        keep(ops, mask, t, backwards, cells)
        keep(ops, mask, t, backwards, states)
        extra[t] = ops.xp.tanh(cells[t + 1])
    put_out(states, backwards, y)


def lstm_backward(
    ops: Ops, dy: Array | None, dlast: Array | None, mask: Array | None, weight: Array, recurrent: Array,
    backwards: bool, xs: Array, gates: Array, states: Array, cells: Array, extra: Array, dgates: Array, dstate: Array,
    dcell: Array, dweight: Array | None, drecurrent: Array | None, dbias: Array | None, dx: Array | None,
) -> None:  # fmt: skip
    """With dh and dc at a step and ``d = dc + dh ⊙ o ⊙ (1 − tanh²c)``, before the gates' functions:
    ``da_i = d ⊙ g ⊙ i(1 − i)``, ``da_f = d ⊙ c' ⊙ f(1 − f)``, ``da_o = dh ⊙ tanh c ⊙ o(1 − o)``,
    ``da_g = d ⊙ i ⊙ (1 − g²)``; then ``dc' = d ⊙ f`` and ``dh' = [da_i, da_f, da_o, da_g] Uᵀ``.

    dy (N, T, H), or dlast (N, H) at the last state. dgates (T, N, 4H), dstate and dcell (N, H) are work space;
    dweight, drecurrent, dbias are added to, dx (N, T, F) is overwritten, each unless it is None.
    """
    units = dstate.shape[1]
    dcell[...] = 0
    for t in back(dy, dlast, len(xs), backwards, dstate):
        i, f, o, g = (gates[t][:, k * units : (k + 1) * units] for k in range(4))
        squashed = extra[t]
        d = dcell + dstate * o * (1 - squashed * squashed)
        parts = (
            d * g * i * (1 - i), d * cells[t] * f * (1 - f), dstate * squashed * o * (1 - o), d * i * (1 - g * g),
        )  # fmt: skip
        for k, part in enumerate(parts):
            dgates[t][:, k * units : (k + 1) * units] = only(ops, mask, t, backwards, part, 0)
        dcell[...] = only(ops, mask, t, backwards, d * f, dcell)
        dstate[...] = only(ops, mask, t, backwards, dgates[t] @ recurrent.T, dstate)
    add_sums(xs, states, dgates, dgates, dweight, drecurrent, dbias)
    put_dx(dgates, weight, backwards, dx)
