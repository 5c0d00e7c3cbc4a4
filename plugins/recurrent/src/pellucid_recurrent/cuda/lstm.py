"""lstm on a CUDA device."""

from __future__ import annotations

from typing import Any

from pellucid import Array

from pellucid_recurrent.cuda.sequence import HEAD, add_sums, not_here, place, project, put_out, start_back

STEP = (
    HEAD
    + """
KERNEL void forward(T *gates, const T *state_before, const T *cell_before, T *state, T *cell, T *extra,
                    const bool *mask, L count, L units, L steps, L t) {
    EACH
        T *a = gates + r * 4 * units + c;
        T in = SIGMOID(a[0]), forget = SIGMOID(a[units]), out = SIGMOID(a[2 * units]), g = tanh(a[3 * units]);
        a[0] = in;
        a[units] = forget;
        a[2 * units] = out;
        a[3 * units] = g;
        T now = goes ? forget * cell_before[i] + in * g : cell_before[i], squashed = tanh(now);
        cell[i] = now;
        extra[i] = squashed;
        state[i] = goes ? out * squashed : state_before[i];
    }
}

KERNEL void backward(const T *dy, const T *gates, const T *cell_before, const T *extra, T *dgates, T *dstate, T *dcell,
                     const bool *mask, L count, L units, L steps, L t) {
    EACH
        const T *a = gates + r * 4 * units + c;
        T *da = dgates + r * 4 * units + c;
        T in = a[0], forget = a[units], out = a[2 * units], g = a[3 * units], squashed = extra[i], dh = GRADIENT;
        T d = dcell[i] + dh * out * ((T)1 - squashed * squashed);
        da[0] = goes ? d * g * in * ((T)1 - in) : (T)0;
        da[units] = goes ? d * cell_before[i] * forget * ((T)1 - forget) : (T)0;
        da[2 * units] = goes ? dh * squashed * out * ((T)1 - out) : (T)0;
        da[3 * units] = goes ? d * in * ((T)1 - g * g) : (T)0;
        if (goes) dcell[i] = d * forget;
        dstate[i] = goes ? (T)0 : dh; /* what goes through the step is added by the product with the weights */
    }
}
"""
)


def lstm_forward(
    ops: Any, x: Array, mask: Array | None, weight: Array, recurrent: Array, bias: Array, backwards: bool, xs: Array,
    gates: Array, states: Array, cells: Array, extra: Array, y: Array | None,
) -> Any:  # fmt: skip
    if not_here(mask):
        return NotImplemented
    project(ops, x, weight, bias, backwards, xs, gates)
    steps, n, units = extra.shape
    for t in range(steps):
        ops.product(states[t], recurrent, gates[t], add=True)
        ops.each(STEP, "forward", n * units, gates[t], states[t], cells[t], states[t + 1], cells[t + 1], extra[t],
                 mask, n * units, units, steps, place(t, steps, backwards), dtype=xs.dtype)  # fmt: skip
    put_out(ops, states, backwards, y)
    return None


def lstm_backward(
    ops: Any, dy: Array | None, dlast: Array | None, mask: Array | None, weight: Array, recurrent: Array,
    backwards: bool, xs: Array, gates: Array, states: Array, cells: Array, extra: Array, dgates: Array, dstate: Array,
    dcell: Array, dweight: Array | None, drecurrent: Array | None, dbias: Array | None, dx: Array | None,
) -> Any:  # fmt: skip
    if not_here(mask):
        return NotImplemented
    start_back(ops, dlast, dstate)
    ops.fill(dcell, 0.0)
    steps, n, units = extra.shape
    for t in reversed(range(steps)):
        ops.each(STEP, "backward", n * units, dy, gates[t], cells[t], extra[t], dgates[t], dstate, dcell, mask,
                 n * units, units, steps, place(t, steps, backwards), dtype=xs.dtype)  # fmt: skip
        ops.product(dgates[t], recurrent, dstate, add=True, tb=True)
    add_sums(ops, xs, states, dgates, dgates, weight, backwards, dweight, drecurrent, dbias, dx)
    return None
