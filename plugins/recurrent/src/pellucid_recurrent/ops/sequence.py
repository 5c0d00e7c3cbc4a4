"""What the references of all recurrent layers have in common: time first, steps left out, sums over all steps."""

from __future__ import annotations

from collections.abc import Iterator

from pellucid import Array, HostArray, Ops


def sigmoid(ops: Ops, z: Array) -> Array:
    """``σ(z) = 1/(1 + e⁻ᶻ)``, as ½ + ½ tanh(z/2), which cannot overflow."""
    return 0.5 + 0.5 * ops.xp.tanh(0.5 * z)


def place(t: int, steps: int, backwards: bool) -> int:
    """Where in the sequence step t is."""
    return steps - 1 - t if backwards else t


def project(x: Array, weight: Array, bias: Array, backwards: bool, xs: Array, gates: Array) -> None:
    """xs = x with time first, in the order of the steps; gates = xs W + b, for all steps at once."""
    for t in range(len(xs)):
        xs[t] = x[:, place(t, len(xs), backwards)]
    gates[...] = xs @ weight + bias


def only(ops: Ops, mask: Array | None, t: int, backwards: bool, went: Array, stayed: Array | float) -> Array:
    """``went`` (N, H) of the rows that take step t, ``stayed`` of the others."""
    if mask is None:
        return went
    return ops.xp.where(mask[:, place(t, mask.shape[1], backwards)][:, None], went, stayed)


def keep(ops: Ops, mask: Array | None, t: int, backwards: bool, arrays: Array) -> None:
    """Where step t is left out, arrays[t + 1] is arrays[t]."""
    if mask is not None:
        arrays[t + 1] = only(ops, mask, t, backwards, arrays[t + 1], arrays[t])


def put_out(states: Array, backwards: bool, y: Array | None) -> None:
    """y[:, place of t] = the state after step t."""
    if y is None:
        return
    steps = len(states) - 1
    for t in range(steps):
        y[:, place(t, steps, backwards)] = states[t + 1]


def back(dy: Array | None, dlast: Array | None, steps: int, backwards: bool, dstate: Array) -> Iterator[int]:
    """The steps from the last to the first, at each of which dstate has become the whole gradient at its state."""
    dstate[...] = 0 if dlast is None else dlast
    for t in reversed(range(steps)):
        if dy is not None:
            dstate += dy[:, place(t, steps, backwards)]
        yield t


def add_sums(
    xs: Array, states: Array, dgates: Array, own: Array, dweight: Array | None, drecurrent: Array | None,
    dbias: Array | None,
) -> None:  # fmt: skip
    """dW += xsᵀ dgates, db += Σ dgates, dU += h'ᵀ own, over all steps and rows; own is dgates as U sees them."""
    flat, seen = dgates.reshape(-1, dgates.shape[2]), own.reshape(-1, own.shape[2])
    if dweight is not None:
        dweight += _product(xs, flat)
    if drecurrent is not None:
        drecurrent += _product(states[:-1], seen)
    if dbias is not None:
        dbias += flat.sum(axis=0, dtype="float64")


def _product(left: Array, right: Array) -> Array:
    """The product over all steps and rows, summed in double: a library may add so many floats in one chain."""
    return left.reshape(-1, left.shape[2]).T.astype("float64") @ right.astype("float64")


def put_dx(dgates: Array, weight: Array, backwards: bool, dx: Array | None) -> None:
    """dx[:, place of t] = dgates[t] Wᵀ, unless it is None."""
    if dx is None:
        return
    for t in range(len(dgates)):
        dx[:, place(t, len(dgates), backwards)] = dgates[t] @ weight.T


def begin(ops: Ops, carried: Array, row_offset: HostArray, begins: Array | None, out: Array) -> None:
    """out (N, H) = the ``carried`` states (R, H) of the rows from row_offset on; 0 where one ``begins`` (N,) anew."""
    first = int(row_offset[0])
    own = carried[first : first + len(out)]
    out[...] = own if begins is None else ops.xp.where(begins[:, None], 0, own)


def keep_rows(ops: Ops, before: Array, row_offset: HostArray, states: Array, out: Array) -> None:
    """out (R, H) = ``before`` with the ``states`` (N, H) in the rows from row_offset on."""
    del ops
    first = int(row_offset[0])
    out[...] = before
    out[first : first + len(states)] = states
