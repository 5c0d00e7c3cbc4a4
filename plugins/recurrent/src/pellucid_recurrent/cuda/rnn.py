"""rnn on a CUDA device."""

from __future__ import annotations

from typing import Any

from pellucid import Array

from pellucid_recurrent.cuda.sequence import HEAD, add_sums, not_here, place, project, put_out, start_back

STEP = (
    HEAD
    + """
KERNEL void forward(const T *z, const T *before, T *state, const bool *mask, L count, L units, L steps, L t, L relu) {
    EACH
        T h = relu ? (z[i] > 0 || z[i] != z[i] ? z[i] : (T)0) : tanh(z[i]);
        state[i] = goes ? h : before[i];
    }
}

KERNEL void backward(const T *dy, const T *state, T *dz, T *dstate, const bool *mask, L count, L units, L steps, L t,
                     L relu) {
    EACH
        T dh = GRADIENT, h = state[i];
        dz[i] = goes ? dh * (relu ? (T)(h > 0) : (T)1 - h * h) : (T)0;
        dstate[i] = goes ? (T)0 : dh; /* what goes through the step is added by the product with the weights */
    }
}
"""
)


def rnn_forward(
    ops: Any, x: Array, mask: Array | None, weight: Array, recurrent: Array, bias: Array, activation: str,
    backwards: bool, xs: Array, gates: Array, states: Array, y: Array | None,
) -> Any:  # fmt: skip
    if not_here(mask):
        return NotImplemented
    project(ops, x, weight, bias, backwards, xs, gates)
    steps, n, units = gates.shape
    for t in range(steps):
        ops.product(states[t], recurrent, gates[t], add=True)
        ops.each(STEP, "forward", n * units, gates[t], states[t], states[t + 1], mask, n * units, units, steps,
                 place(t, steps, backwards), int(activation == "relu"), dtype=xs.dtype)  # fmt: skip
    put_out(ops, states, backwards, y)
    return None


def rnn_backward(
    ops: Any, dy: Array | None, dlast: Array | None, mask: Array | None, weight: Array, recurrent: Array,
    activation: str, backwards: bool, xs: Array, states: Array, dgates: Array, dstate: Array, dweight: Array | None,
    drecurrent: Array | None, dbias: Array | None, dx: Array | None,
) -> Any:  # fmt: skip
    if not_here(mask):
        return NotImplemented
    start_back(ops, dlast, dstate)
    steps, n, units = dgates.shape
    for t in reversed(range(steps)):
        ops.each(STEP, "backward", n * units, dy, states[t + 1], dgates[t], dstate, mask, n * units, units, steps,
                 place(t, steps, backwards), int(activation == "relu"), dtype=xs.dtype)  # fmt: skip
        ops.product(dgates[t], recurrent, dstate, add=True, tb=True)
    add_sums(ops, xs, states, dgates, dgates, weight, backwards, dweight, drecurrent, dbias, dx)
    return None
