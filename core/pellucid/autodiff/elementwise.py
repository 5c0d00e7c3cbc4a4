"""The derivatives of the element-wise functions, as the table in the back of the textbook."""

# A rule may name itself and functions below it.
# mypy: disable-error-code="has-type"

from __future__ import annotations

from math import nan
from typing import Any

from pellucid.autodiff.primitive import Primitive, Recorded, Rule, namespace, shape_of, strip
from pellucid.autodiff.shapes import sum_to, where as where_
from pellucid.basics.arrays import Array


def elementwise(name: str, *rules: Rule) -> Primitive:
    """A primitive whose inputs are broadcast against each other: each gradient is summed back to its input's shape."""

    def fitted(i: int, rule: Rule) -> Rule:
        return lambda dy, y, *inputs: sum_to(rule(dy, y, *inputs), shape_of(inputs[i]))

    return Primitive(name, *(fitted(i, rule) for i, rule in enumerate(rules)))


def beside(y: Any, dx: Any) -> Any:
    """``dx``, and NaN where the value ``y`` is NaN: what is not defined has no slope, though a formula may give one."""
    return where_(namespace(y).isnan(strip(y)), nan, dx)


def chosen(dy: Array, mine: Any, other: Any, y: Any) -> Any:
    """The share of ``dy`` that goes to ``mine``, if it is the larger (or smaller) one, ``y``: half of it at a tie."""
    return beside(y, where_(strip(mine) == strip(y), where_(strip(mine) == strip(other), 0.5 * dy, dy), 0.0))


def less_one(a: Any, b: Any) -> Any:
    """``b − 1`` as the exponent of ``b a^(b−1)``, which is 0 at b = 0 whatever it is: not a⁻¹ there, which may be
    infinite. Where grad is nested its own derivative by b is wanted, so only a = b = 0 is taken out then."""
    if isinstance(b, int | float):
        return b - 1 if b != 0 else 0
    nothing = strip(b) == 0
    return where_(nothing & (strip(a) == 0) if isinstance(b, Recorded) else nothing, 0.0, b - 1)


def log_or_zero(a: Any) -> Any:
    """``log a``, and 0 at a = 0, where ``a^b log a`` → 0."""
    return log(where_(strip(a) == 0, 1.0, a))


# fmt: off
# y = f(a, b)                        da                                  db
add = elementwise("add",             lambda dy, y, a, b: dy,             lambda dy, y, a, b: dy)
subtract = elementwise("subtract",   lambda dy, y, a, b: dy,             lambda dy, y, a, b: -dy)
multiply = elementwise("multiply",   lambda dy, y, a, b: dy * b,         lambda dy, y, a, b: dy * a)
divide = elementwise("divide",       lambda dy, y, a, b: dy / b,         lambda dy, y, a, b: -dy * y / b)
power = elementwise("power",         lambda dy, y, a, b: dy * b * power(a, less_one(a, b)),
                                     lambda dy, y, a, b: dy * y * log_or_zero(a))
maximum = elementwise("maximum",     lambda dy, y, a, b: chosen(dy, a, b, y), lambda dy, y, a, b: chosen(dy, b, a, y))
minimum = elementwise("minimum",     lambda dy, y, a, b: chosen(dy, a, b, y), lambda dy, y, a, b: chosen(dy, b, a, y))
logaddexp = elementwise("logaddexp", lambda dy, y, a, b: dy * exp(a - y), lambda dy, y, a, b: dy * exp(b - y))
arctan2 = elementwise("arctan2",     lambda dy, y, a, b: dy * b / (a * a + b * b),
                                     lambda dy, y, a, b: -dy * a / (a * a + b * b))

# y = f(x)                           dx
negative = elementwise("negative",   lambda dy, y, x: -dy)
positive = elementwise("positive",   lambda dy, y, x: dy)
absolute = elementwise("absolute",   lambda dy, y, x: dy * namespace(x).sign(strip(x)))
square = elementwise("square",       lambda dy, y, x: dy * 2 * x)
reciprocal = elementwise("reciprocal", lambda dy, y, x: -dy * y * y)
sqrt = elementwise("sqrt",           lambda dy, y, x: dy * 0.5 / y)
exp = elementwise("exp",             lambda dy, y, x: dy * y)
expm1 = elementwise("expm1",         lambda dy, y, x: dy * (y + 1))
log = elementwise("log",             lambda dy, y, x: beside(y, dy / x))
log1p = elementwise("log1p",         lambda dy, y, x: beside(y, dy / (1 + x)))
log2 = elementwise("log2",           lambda dy, y, x: beside(y, dy / (x * 0.6931471805599453)))
log10 = elementwise("log10",         lambda dy, y, x: beside(y, dy / (x * 2.302585092994046)))
sin = elementwise("sin",             lambda dy, y, x: dy * cos(x))
cos = elementwise("cos",             lambda dy, y, x: -dy * sin(x))
tan = elementwise("tan",             lambda dy, y, x: dy * (1 + y * y))
arcsin = elementwise("arcsin",       lambda dy, y, x: dy / sqrt(1 - x * x))
arccos = elementwise("arccos",       lambda dy, y, x: -dy / sqrt(1 - x * x))
arctan = elementwise("arctan",       lambda dy, y, x: dy / (1 + x * x))
sinh = elementwise("sinh",           lambda dy, y, x: dy * cosh(x))
cosh = elementwise("cosh",           lambda dy, y, x: dy * sinh(x))
tanh = elementwise("tanh",           lambda dy, y, x: dy * (1 - y * y))
# fmt: on
