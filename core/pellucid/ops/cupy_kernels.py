"""The element-wise GPU kernels, as data: parameters and a body in the common subset of C and CUDA C++.

``T`` is the floating type of the call. Being plain C, the bodies are also compiled for the CPU and held against the
reference in the tests, which finds mistakes in the arithmetic, though none in the launching.
"""

from __future__ import annotations

from typing import NamedTuple

from pellucid.ops.activations import ACTIVATIONS, NEEDS_INPUT


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

DERIVATIVE = {
    "relu": "y > 0 ? (T)1 : (T)0",
    "leaky_relu": "y > 0 ? (T)1 : (T)alpha",
    "elu": "y > 0 ? (T)1 : y + (T)alpha",
    "sigmoid": "y * (1 - y)",
    "tanh": "1 - y * y",
    "softplus": "-expm1(-y)",
    "silu": "(1 + x * (1 - 1 / (1 + exp(-x)))) / (1 + exp(-x))",
    "gelu": "(T)0.5 * (1 + erf(x * (T)0.70710678118654752)) + x * exp(-x * x / 2) * (T)0.39894228040143268",
}
"""f′(x), from y wherever that is enough."""

MIX = """
__device__ unsigned long long mix64(unsigned long long z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}
"""
"""The finaliser of splitmix64, as in ``pellucid.ops.random.mix``."""

COUNTER = "raw uint64 cell, raw uint64 site, uint64 row, uint64 column, uint64 per_row"
BITS = (
    "unsigned long long bits = mix64(mix64(cell[0] ^ site[0])"
    " + (row * per_row + column + 1ULL) * 0x9E3779B97F4A7C15ULL);"
)

KERNELS: dict[str, Kernel] = {
    **{f"forward_{n}": Kernel("T x, float64 alpha", "T y", f"y = {FORWARD[n]};") for n in ACTIVATIONS},
    **{
        f"backward_{n}": Kernel("T dy, T x, T y, float64 alpha", "T dx", f"dx = dy * ({DERIVATIVE[n]});")
        for n in ACTIVATIONS
    },
    **{  # y holds x W; the bias and the activation go over it in one pass
        f"bias_{n}": Kernel("T bias, float64 alpha", "T y", f"T x = y + bias; y = {f};")
        for n, f in FORWARD.items()
        if n not in NEEDS_INPUT
    },
    **{  # z holds x W and keeps x W + b
        f"bias_{n}": Kernel("T bias, float64 alpha", "T z, T y", f"T x = z + bias; z = x; y = {FORWARD[n]};")
        for n in FORWARD
        if n in NEEDS_INPUT
    },
    "sgd": Kernel(
        "raw float64 hyper",
        "T theta, T grad",
        "theta -= (T)hyper[0] * (grad + (T)hyper[1] * theta); grad = 0;",
    ),
    "sgd_momentum": Kernel(
        "raw float64 hyper, float64 momentum, bool nesterov",
        "T theta, T grad, T velocity",
        "T g = grad + (T)hyper[1] * theta; velocity = (T)momentum * velocity + g;"
        "theta -= (T)hyper[0] * (nesterov ? g + (T)momentum * velocity : velocity); grad = 0;",
    ),
    "adam": Kernel(
        "raw float64 hyper, raw int64 t, float64 beta1, float64 beta2, float64 eps, bool decoupled",
        "T theta, T grad, T m, T v",
        "T lr = (T)hyper[0], decay = (T)hyper[1], g = grad;"
        "if (decoupled) theta -= lr * decay * theta; else g += decay * theta;"
        "m = (T)beta1 * m + (T)(1 - beta1) * g; v = (T)beta2 * v + (T)(1 - beta2) * g * g;"
        "T first = (T)(hyper[0] / (1 - pow(beta1, (double)t[0]))), second = (T)(1 / (1 - pow(beta2, (double)t[0])));"
        "theta -= first * m / (sqrt(v * second) + (T)eps); grad = 0;",
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
