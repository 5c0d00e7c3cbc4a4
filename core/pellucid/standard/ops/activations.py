"""Activations: f(x) element by element and its derivative, and softmax over rows."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

from pellucid.basics.arrays import Array
from pellucid.basics.errors import ConfigError

ACTIVATIONS = ("relu", "leaky_relu", "elu", "sigmoid", "tanh", "softplus", "silu", "gelu")
"""The names that ``activation_forward`` knows; dense also takes ``identity``."""

DEFAULT_ALPHA = {"leaky_relu": 0.01, "elu": 1.0}
"""The parameter of the two activations that have one."""

NEEDS_INPUT = frozenset({"silu", "gelu"})
"""Activations whose derivative needs x; all others find it from y alone."""


def require_activation(name: str, *also: str) -> None:
    """Raise ConfigError if ``name`` is no activation (nor one of ``also``)."""
    if name not in ACTIVATIONS and name not in also:
        raise ConfigError(f"Unknown activation {name!r}. Known: {', '.join((*also, *ACTIVATIONS))}.")


class ActivationOps:
    """x, y, dy, dx of one operation have one shape and dtype; dx is overwritten.

    y may be the same array as x, and dx the same as dy; otherwise outputs do not overlap inputs.
    """

    xp: Any

    def activation_forward(self, name: str, x: Array, y: Array, alpha: float | None = None) -> None:
        """y = f(x).

        relu max(0, x) · leaky_relu x or αx · elu x or α(eˣ − 1) · sigmoid 1/(1 + e⁻ˣ) · tanh · softplus log(1 + eˣ)
        · silu x σ(x) · gelu x Φ(x) with the exact normal distribution function. ``alpha``: see ``DEFAULT_ALPHA``.
        """
        require_activation(name)
        xp, a = self.xp, DEFAULT_ALPHA.get(name, 0.0) if alpha is None else alpha
        values: dict[str, Callable[[], Array]] = {
            "relu": lambda: xp.maximum(x, 0),
            "leaky_relu": lambda: xp.where(x > 0, x, a * x),
            "elu": lambda: xp.where(x > 0, x, a * xp.expm1(xp.minimum(x, 0))),
            "sigmoid": lambda: self._sigmoid(x),
            "tanh": lambda: xp.tanh(x),
            "softplus": lambda: self._softplus(x),
            "silu": lambda: x * self._sigmoid(x),
            "gelu": lambda: x * self._normal_cdf(x),
        }
        y[...] = values[name]()

    def activation_backward(
        self, name: str, dy: Array, x: Array, y: Array, dx: Array, alpha: float | None = None
    ) -> None:
        """dx = dy ⊙ f′(x). x may be None unless the name is in ``NEEDS_INPUT``. ReLU′(0) = 0."""
        require_activation(name)
        xp, a = self.xp, DEFAULT_ALPHA.get(name, 0.0) if alpha is None else alpha
        gradients: dict[str, Callable[[], Array]] = {
            "relu": lambda: xp.where(y > 0, dy, 0),
            "leaky_relu": lambda: xp.where(y > 0, dy, a * dy),
            "elu": lambda: xp.where(y > 0, dy, dy * (y + a)),  # α eˣ = y + α
            "sigmoid": lambda: dy * y * (1 - y),
            "tanh": lambda: dy * (1 - y * y),
            "softplus": lambda: dy * -xp.expm1(-y),  # σ(x) = 1 − e⁻ʸ
            "silu": lambda: dy * ((s := self._sigmoid(x)) * (1 + x * (1 - s))),
            "gelu": lambda: dy * (self._normal_cdf(x) + x * xp.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)),
        }
        dx[...] = gradients[name]()

    def softmax_forward(self, x: Array, y: Array) -> None:
        """y_k = e^{x_k} / Σ_j e^{x_j} over the last axis, shifted by the row's maximum. x, y: (rows, K), K ≥ 1."""
        e = self.xp.exp(x - x.max(axis=-1, keepdims=True))
        y[...] = e / e.sum(axis=-1, keepdims=True)

    def softmax_backward(self, dy: Array, y: Array, dx: Array) -> None:
        """dx = y ⊙ (dy − Σ_j dy_j y_j): the full Jacobian diag(y) − y yᵀ of each row. All (rows, K)."""
        dx[...] = y * (dy - (dy * y).sum(axis=-1, keepdims=True))

    # -- pieces -------------------------------------------------------------------------------------------------

    def _sigmoid(self, x: Array) -> Array:
        """1/(1 + e⁻ˣ), written so that the exponential cannot overflow."""
        e = self.xp.exp(-self.xp.abs(x))
        return self.xp.where(x >= 0, 1 / (1 + e), e / (1 + e))

    def _softplus(self, x: Array) -> Array:
        """log(1 + eˣ) = max(x, 0) + log1p(e^{−|x|})."""
        return self.xp.maximum(x, 0) + self.xp.log1p(self.xp.exp(-self.xp.abs(x)))

    def _normal_cdf(self, x: Array) -> Array:
        """Φ(x) = ½ (1 + erf(x/√2))."""
        return 0.5 * (1 + self._erf(x * (1 / math.sqrt(2))))

    def _erf(self, x: Array) -> Array:
        """The error function, with an absolute error of a few units of the last place (array libraries lack it).

        erfc(z) = t e^{−z² + P(t)} for z = |x| ≥ 0 with t = 2/(2 + z), where P is smooth (Press et al., Numerical
        Recipes, 3rd edition, §6.2.2); P is interpolated at Chebyshev points and summed by Clenshaw's recurrence.
        """
        xp = self.xp
        z = xp.minimum(xp.abs(x), _ERF_END)
        t = 2 / (2 + z)
        u = (2 * t - (1 + _T_END)) * (1 / (1 - _T_END))  # t in [_T_END, 1] -> u in [−1, 1]
        first, *rest = _erf_coefficients(24 if x.dtype.itemsize > 4 else 12)
        b1 = b2 = xp.zeros_like(u)
        for c in reversed(rest):
            b1, b2 = 2 * u * b1 - b2 + c, b1
        erfc = t * xp.exp(u * b1 - b2 + first - z * z)
        return xp.where(x < 0, erfc - 1, 1 - erfc)


_ERF_END = 6.0  # 1 − erf(6) = 2·10⁻¹⁷ is below float64's resolution of 1
_T_END = 2 / (2 + _ERF_END)


@cache
def _erf_coefficients(n: int) -> tuple[float, ...]:
    """The first n Chebyshev coefficients of P(t) = log erfc(z) + z² − log t on [_T_END, 1]."""
    angles = [math.pi * (i + 0.5) / n for i in range(n)]
    values = []
    for angle in angles:
        t = ((1 - _T_END) * math.cos(angle) + 1 + _T_END) / 2
        z = 2 / t - 2
        values.append(math.log(math.erfc(z)) + z * z - math.log(t))
    sums = [math.fsum(v * math.cos(k * a) for v, a in zip(values, angles, strict=True)) * 2 / n for k in range(n)]
    return (sums[0] / 2, *sums[1:])
