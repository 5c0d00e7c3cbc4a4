"""gru on a CUDA device; h' U of all three gates is one product, of which the candidate's part is q without c."""

from __future__ import annotations

from typing import Any

from pellucid import Array

from pellucid_recurrent.cuda.sequence import HEAD, add_sums, not_here, place, project, put_out, start_back

STEP = (
    HEAD
    + """
KERNEL void forward(T *gates, const T *mixed, const T *candidate, const T *before, T *state, T *extra,
                    const bool *mask, L count, L units, L steps, L t) {
    EACH
        T *a = gates + r * 3 * units + c;
        const T *m = mixed + r * 3 * units + c;
        T z = SIGMOID(a[0] + m[0]), reset = SIGMOID(a[units] + m[units]), q = m[2 * units] + candidate[c];
        T n = tanh(a[2 * units] + reset * q);
        a[0] = z;
        a[units] = reset;
        a[2 * units] = n;
        extra[i] = q;
        state[i] = goes ? n + z * (before[i] - n) : before[i];
    }
}

KERNEL void backward(const T *dy, const T *gates, const T *extra, const T *before, T *dgates, T *own, T *dextra,
                     T *dstate, const bool *mask, L count, L units, L steps, L t) {
    EACH
        L at = r * 3 * units + c;
        T z = gates[at], reset = gates[at + units], n = gates[at + 2 * units], dh = GRADIENT;
        T dn = dh * ((T)1 - z) * ((T)1 - n * n);
        T dz = dh * (before[i] - n) * z * ((T)1 - z), dr = dn * extra[i] * reset * ((T)1 - reset);
        dgates[at] = own[at] = goes ? dz : (T)0;
        dgates[at + units] = own[at + units] = goes ? dr : (T)0;
        dgates[at + 2 * units] = goes ? dn : (T)0;
        dextra[i] = own[at + 2 * units] = goes ? dn * reset : (T)0;
        dstate[i] = goes ? dh * z : dh; /* what goes through the gates is added by the product with the weights */
    }
}
"""
)


def gru_forward(
    ops: Any, x: Array, mask: Array | None, weight: Array, recurrent: Array, bias: Array, candidate: Array,
    backwards: bool, xs: Array, gates: Array, states: Array, extra: Array, y: Array | None,
) -> Any:  # fmt: skip
    if not_here(mask):
        return NotImplemented
    project(ops, x, weight, bias, backwards, xs, gates)
    steps, n, units = extra.shape
    mixed = ops.empty((n, 3 * units), xs.dtype)
    for t in range(steps):
        ops.product(states[t], recurrent, mixed)
        ops.each(STEP, "forward", n * units, gates[t], mixed, candidate, states[t], states[t + 1], extra[t], mask,
                 n * units, units, steps, place(t, steps, backwards), dtype=xs.dtype)  # fmt: skip
    put_out(ops, states, backwards, y)
    return None


def gru_backward(
    ops: Any, dy: Array | None, dlast: Array | None, mask: Array | None, weight: Array, recurrent: Array,
    backwards: bool, xs: Array, gates: Array, states: Array, extra: Array, dgates: Array, dextra: Array, dstate: Array,
    dweight: Array | None, drecurrent: Array | None, dbias: Array | None, dcandidate: Array | None, dx: Array | None,
) -> Any:  # fmt: skip
    if not_here(mask):
        return NotImplemented
    start_back(ops, dlast, dstate)
    steps, n, units = extra.shape
    own = ops.empty(dgates.shape, dgates.dtype)
    for t in reversed(range(steps)):
        ops.each(STEP, "backward", n * units, dy, gates[t], extra[t], states[t], dgates[t], own[t], dextra[t], dstate,
                 mask, n * units, units, steps, place(t, steps, backwards), dtype=xs.dtype)  # fmt: skip
        ops.product(own[t], recurrent, dstate, add=True, tb=True)
    add_sums(ops, xs, states, dgates, own, weight, backwards, dweight, drecurrent, dbias, dx)
    if dcandidate is not None:
        ops.column_sums("dy[i]", dextra.reshape(-1, units), out=dcandidate)
    return None
