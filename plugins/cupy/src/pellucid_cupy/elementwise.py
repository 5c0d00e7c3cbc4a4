"""The element-wise GPU kernels, as data: parameters and a body in the common subset of C and CUDA C++.

``T`` is the floating type of the call. Being plain C, the bodies are also compiled for the CPU and held against the
reference in the tests, which finds mistakes in the arithmetic, though none in the launching.
"""

from __future__ import annotations

from typing import NamedTuple

from pellucid import ACTIVATIONS


class Kernel(NamedTuple):
    """The arguments of ``cupy.ElementwiseKernel``. Outputs hold what the caller's arrays held, and may be read."""

    inputs: str
    outputs: str
    body: str
    preamble: str = ""


FORWARD = {
    "identity": "x",
    "relu": "x > 0 ? x : (x != x ? x : (T)0)",
    "leaky_relu": "x > 0 ? x : (T)alpha * x",
    "elu": "x > 0 ? x : (T)alpha * expm1(x)",
    "sigmoid": "1 / (1 + exp(-x))",
    "tanh": "tanh(x)",
    "softplus": "(x > 0 ? x : (T)0) + log1p(exp(-fabs(x)))",
    "silu": "x / (1 + exp(-x))",
    "gelu": "(T)0.5 * x * (1 + erf(x * (T)0.70710678118654752))",
}
"""f(x)."""

GRADIENT = {
    "relu": "y > 0 ? dy : (T)0",
    "leaky_relu": "y > 0 ? dy : (T)alpha * dy",
    "elu": "y > 0 ? dy : dy * (y + (T)alpha)",
    "sigmoid": "dy * y * (1 - y)",
    "tanh": "dy * (1 - y * y)",
    "softplus": "dy * -expm1(-y)",
    "silu": "dy * (1 + x * (1 - 1 / (1 + exp(-x)))) / (1 + exp(-x))",
    "gelu": "dy * ((T)0.5 * (1 + erf(x * (T)0.70710678118654752)) + x * exp(-x * x / 2) * (T)0.39894228040143268)",
}
"""dy ⊙ f′(x), from y wherever that is enough."""

MIX = """
__device__ unsigned long long mix64(unsigned long long z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}
"""
"""The finaliser of splitmix64, as in ``pellucid.ops.random.mix``."""

COUNTER = "raw uint64 cell, raw uint64 site, raw int64 rows, bool given, uint64 per_row"
BITS = (
    "unsigned long long r = i / per_row, row = given ? (unsigned long long)rows[r] : cell[1] + r;"
    " unsigned long long bits = mix64(mix64(cell[0] ^ site[0])"
    " + (row * per_row + i % per_row + 1ULL) * 0x9E3779B97F4A7C15ULL);"
)
"""The bits of element i of a flat array; the row's number is ``rows[r]`` where those are given."""

CONTROL = "raw int64 control"
"""The head of a plan's cells; see ``pellucid_cupy.kernels``."""

KERNELS: dict[str, Kernel] = {
    **{f"forward_{n}": Kernel("T x, float64 alpha", "T y", f"y = {FORWARD[n]};") for n in ACTIVATIONS},
    **{f"backward_{n}": Kernel("T dy, T x, T y, float64 alpha", "T dx", f"dx = {GRADIENT[n]};") for n in ACTIVATIONS},
    "copy": Kernel("S x", "T out", "out = (T)x;"),
    "scale": Kernel(f"{CONTROL}, float64 factor", "T out", "if (control[1] == 0) out *= (T)factor;"),
    "add_scaled": Kernel(f"{CONTROL}, T x, float64 factor", "T out", "if (control[1] == 0) out += (T)factor * x;"),
    "lerp": Kernel(f"{CONTROL}, T x, float64 rate", "T out", "if (control[1] == 0) out += (T)rate * (x - out);"),
    "fill": Kernel(f"{CONTROL}, T value", "T out", "if (control[1] != 1) out = value;"),
    "clip_norm": Kernel(
        f"{CONTROL}, raw float64 squares, float64 limit",
        "T out",
        "if (control[1] == 0) { double norm = sqrt(squares[0]); out *= (T)(limit / (norm < limit ? limit : norm)); }",
    ),
    "clip_value": Kernel(
        f"{CONTROL}, float64 limit",
        "T out",
        "if (control[1] == 0) out = out > (T)limit ? (T)limit : (out < (T)-limit ? (T)-limit : out);",
    ),
    "dropout": Kernel(
        f"T x, {COUNTER}, uint64 threshold, float64 scale",
        "T y",
        f"{BITS} y = (bits >> 40) >= threshold ? x * (T)scale : (T)0;",
        MIX,
    ),
    "uniform": Kernel(
        COUNTER,
        "T y",
        f"{BITS} y = sizeof(T) == 4 ? (T)((bits >> 40) / 16777216.0) : (T)((bits >> 11) / 9007199254740992.0);",
        MIX,
    ),
    "normal": Kernel(
        COUNTER,
        "T y",
        f"{BITS} double u1 = ((bits >> 32) + 0.5) / 4294967296.0, u2 = (bits & 0xFFFFFFFFULL) / 4294967296.0;"
        "y = (T)(sqrt(-2 * log(u1)) * cos(6.283185307179586 * u2));",
        MIX,
    ),
}
