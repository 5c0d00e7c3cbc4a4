"""References of gru; its gates are z, r and the candidate n, side by side in this order."""

from __future__ import annotations

from pellucid import Array, Ops

from pellucid_recurrent.ops.sequence import add_sums, back, keep, only, project, put_dx, put_out, sigmoid


def gru_forward(
    ops: Ops, x: Array, mask: Array | None, weight: Array, recurrent: Array, bias: Array, candidate: Array,
    backwards: bool, xs: Array, gates: Array, states: Array, extra: Array, y: Array | None,
) -> None:  # fmt: skip
    """``z, r = σ(x W + h' U + b)``, ``q = h' Uₙ + c``, ``n = tanh(x Wₙ + bₙ + r ⊙ q)``, ``h = (1 − z) ⊙ n + z ⊙ h'``.

    x (N, T, F), mask (N, T) or None, candidate (H,) = c, states (T + 1, N, H) with the first given; xs (T, N, F),
    gates (T, N, 3H) = z, r, n, extra (T, N, H) = q, the other states and y (N, T, H), unless it is None, are
    overwritten.
    """
    units = len(candidate)
    project(x, weight, bias, backwards, xs, gates)
    for t in range(len(xs)):
        h, both, n = states[t], gates[t][:, : 2 * units], gates[t][:, 2 * units :]
        both[...] = sigmoid(ops, both + h @ recurrent[:, : 2 * units])
        z, r = both[:, :units], both[:, units:]
        extra[t] = h @ recurrent[:, 2 * units :] + candidate
        n[...] = ops.xp.tanh(n + r * extra[t])
        states[t + 1] = n + z * (h - n)
        keep(ops, mask, t, backwards, states)
    put_out(states, backwards, y)


def gru_backward(
    ops: Ops, dy: Array | None, dlast: Array | None, mask: Array | None, weight: Array, recurrent: Array,
    backwards: bool, xs: Array, gates: Array, states: Array, extra: Array, dgates: Array, dextra: Array, dstate: Array,
    dweight: Array | None, drecurrent: Array | None, dbias: Array | None, dcandidate: Array | None, dx: Array | None,
) -> None:  # fmt: skip
    """With dh at a step, before the gates' functions: ``da_n = dh ⊙ (1 − z) ⊙ (1 − n²)``, ``dq = da_n ⊙ r``,
    ``da_r = da_n ⊙ q ⊙ r(1 − r)``, ``da_z = dh ⊙ (h' − n) ⊙ z(1 − z)``, ``dh' = dh ⊙ z + [da_z, da_r, dq] Uᵀ``.

    dy (N, T, H), or dlast (N, H) at the last state. dgates (T, N, 3H), dextra (T, N, H) = dq and dstate (N, H) are work
    space; dweight, drecurrent, dbias, dcandidate are added to, dx (N, T, F) is overwritten, each unless it is None.
    """
    units = dstate.shape[1]
    for t in back(dy, dlast, len(xs), backwards, dstate):
        h = states[t]
        z, r, n = (gates[t][:, k * units : (k + 1) * units] for k in range(3))
        dn = dstate * (1 - z) * (1 - n * n)
        parts = (dstate * (h - n) * z * (1 - z), dn * extra[t] * r * (1 - r), dn)
        for k, part in enumerate(parts):
            dgates[t][:, k * units : (k + 1) * units] = only(ops, mask, t, backwards, part, 0)
        dextra[t] = only(ops, mask, t, backwards, dn * r, 0)
        through = dgates[t][:, : 2 * units] @ recurrent[:, : 2 * units].T + dextra[t] @ recurrent[:, 2 * units :].T
        dstate[...] = only(ops, mask, t, backwards, dstate * z + through, dstate)
    own = ops.xp.concatenate([dgates[:, :, : 2 * units], dextra], axis=2)
    add_sums(xs, states, dgates, own, dweight, drecurrent, dbias)
    if dcandidate is not None:
        dcandidate += dextra.reshape(-1, units).sum(axis=0, dtype="float64")
    put_dx(dgates, weight, backwards, dx)
