"""Further element-wise functions, continuing the table in ``pellucid.autodiff.elementwise``."""

# A rule may name itself and functions below it.
# mypy: disable-error-code="has-type"

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from pellucid.autodiff.elementwise import beside, chosen, divide, elementwise, maximum, minimum, sqrt
from pellucid.autodiff.functions import Constant
from pellucid.autodiff.primitive import namespace, strip
from pellucid.autodiff.shapes import where
from pellucid.basics.arrays import Array


def whole(name: str, a: Any, b: Any) -> Any:
    """``a/b`` rounded by ``floor`` or ``trunc``: constant between jumps."""
    ratio = divide(strip(a), strip(b))
    return getattr(namespace(ratio), name)(ratio)


def length(y: Any) -> Any:
    """``y`` to divide by; at the tip of a cone, y = 0, the slopes around average to 0, whatever is divided by."""
    return where(strip(y) == 0, 1.0, y)


# fmt: off
# y = f(a, b)                        da                                  db
hypot = elementwise("hypot",         lambda dy, y, a, b: dy * a / length(y), lambda dy, y, a, b: dy * b / length(y))
logaddexp2 = elementwise("logaddexp2", lambda dy, y, a, b: dy * exp2(a - y), lambda dy, y, a, b: dy * exp2(b - y))
fmax = elementwise("fmax",           lambda dy, y, a, b: chosen(dy, a, b, y), lambda dy, y, a, b: chosen(dy, b, a, y))
fmin = elementwise("fmin",           lambda dy, y, a, b: chosen(dy, a, b, y), lambda dy, y, a, b: chosen(dy, b, a, y))
remainder = elementwise("remainder", lambda dy, y, a, b: dy,             lambda dy, y, a, b: -dy * whole("floor", a, b))
fmod = elementwise("fmod",           lambda dy, y, a, b: dy,             lambda dy, y, a, b: -dy * whole("trunc", a, b))

# y = f(x)                           dx
fabs = elementwise("fabs",           lambda dy, y, x: dy * namespace(x).sign(strip(x)))
cbrt = elementwise("cbrt",           lambda dy, y, x: dy / (3 * y * y))
exp2 = elementwise("exp2",           lambda dy, y, x: dy * y * 0.6931471805599453)
deg2rad = elementwise("deg2rad",     lambda dy, y, x: dy * 0.017453292519943295)
radians = elementwise("radians",     lambda dy, y, x: dy * 0.017453292519943295)
rad2deg = elementwise("rad2deg",     lambda dy, y, x: dy * 57.29577951308232)
degrees = elementwise("degrees",     lambda dy, y, x: dy * 57.29577951308232)
arcsinh = elementwise("arcsinh",     lambda dy, y, x: dy / hypot(x, 1.0))
arccosh = elementwise("arccosh",     lambda dy, y, x: dy / (sqrt(x - 1) * sqrt(x + 1)))
arctanh = elementwise("arctanh",     lambda dy, y, x: beside(y, dy / (1 - x * x)))
# fmt: on


def clip(x: Array, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Array:
    low, high = a_min if min is None else min, a_max if max is None else max
    raised = x if low is None else maximum(x, low)
    return raised if high is None else minimum(raised, high)


CONSTANT = (
    "heaviside", "copysign", "nonzero", "flatnonzero", "argwhere", "searchsorted", "digitize", "isin", "argpartition",
    "isposinf", "isneginf", "nanargmax", "nanargmin", "iscomplexobj", "isrealobj",
)  # fmt: skip
TABLE: dict[Any, Callable[..., Any]] = {
    getattr(numpy, f.name): f
    for f in (
        hypot, logaddexp2, fmax, fmin, remainder, fmod, fabs, cbrt, exp2, deg2rad, radians, rad2deg, degrees, arcsinh,
        arccosh, arctanh,
    )
} | {numpy.clip: clip} | {getattr(numpy, name): Constant(getattr(numpy, name)) for name in CONSTANT}  # fmt: skip
