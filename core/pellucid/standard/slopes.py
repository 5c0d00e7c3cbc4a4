"""slopes: gradients at inputs that can be differentiated again, for what is trained to be smooth."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from pellucid.autodiff import elementwise
from pellucid.autodiff.primitive import Primitive, Recorded, newest_tape, strip
from pellucid.autodiff.tape import Tape
from pellucid.basics.errors import DifferentiationError, PellucidError
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.parameters import Param, State
from pellucid.model.composite import CallTape, Composite, ShapeTape
from pellucid.registry.config import create

_erf = Primitive(
    "erf", lambda dy, y, x: dy * (2.0 / math.sqrt(math.pi)) * elementwise.exp(-x * x),
    compute=np.vectorize(math.erf, otypes=[np.float64]),
)  # fmt: skip
HARMLESS = {f.__name__: f for f in (abs, float, int, len, max, min, range, sum, tuple)}
"""All that an expression may call besides NumPy's functions, ``erf``, and what its component names."""


def slopes(f: Callable[[Any], Any], x: Any) -> Any:
    """``∂ Σ f(x) / ∂x`` as a Variable, so that what is computed of it has a gradient: a penalty on slopes, say.

    ::

        class Critic(pl.Composite):                             # scores, and by how much the slope differs from 1
            def call(self, ctx, x):
                slope = pl.slopes(self.score, x)
                return self.score(x), (np.sqrt(np.sum(slope**2, axis=1)) - 1) ** 2

    Where samples do not depend on each other, row i is the gradient of sample i's own score.

    Args:
        f: a layer, or code of layers and NumPy's functions. Layers are computed by the equation of ``y`` that they
            carry, which the conformance kit has held against their code.
        x: a Variable of ``Composite.call`` or ``CompositeObjective.call``.

    Raises:
        DifferentiationError: x is no such Variable; or a layer has no expression for ``y``, or draws random numbers.
    """
    outer = newest_tape((x,))
    if not isinstance(outer, CallTape | SlopeTape):
        raise DifferentiationError(
            "pellucid.slopes takes a Variable of Composite.call or CompositeObjective.call, ctx.variable(x). Received: "
            f"{type(x).__name__}. To look at slopes of NumPy's functions on arrays use pellucid.grad."
        )
    tape = SlopeTape(outer)
    if isinstance(tape.base, ShapeTape):  # no numbers: layers are built, or asked for their shapes
        f(x)
        return outer.constant(np.ones(x.shape, strip(x).dtype))
    inside = tape.variable(x)
    y = f(inside)
    if not isinstance(y, Recorded) or y.tape is not tape:
        return outer.constant(tape.base.ctx.xp.zeros_like(strip(x)))
    (dx,) = tape.gradients(y, [inside])
    return outer.own(dx)


class SlopeTape(Tape):
    """The tape of ``slopes``: parameters and states are Variables of the tape of the call around it."""

    def __init__(self, outer: CallTape | SlopeTape) -> None:
        super().__init__()
        self.base: CallTape = outer.base if isinstance(outer, SlopeTape) else outer

    def lift(self, value: Any) -> Any:
        return self.base.lift(value)

    def apply(self, layer: Layer, inputs: tuple[Any, ...]) -> Any:
        """A layer as the operations that its own code, or its equations, are made of."""
        code: Any = layer.call if isinstance(layer, Composite) else getattr(layer, "as_calls", None)
        if code is None:
            return self._by_equations(layer, inputs)
        ctx = self.base.ctx.child(f"slopes.{self.base.calls}")
        self.base.calls += 1
        ctx.tape = self.base
        return code(ctx, *inputs)

    def _by_equations(self, layer: Layer, inputs: tuple[Any, ...]) -> Any:
        names = dict(zip(("x",) if len(inputs) == 1 else map("x{}".format, range(len(inputs))), inputs, strict=True))
        for symbol, attribute in layer.symbols.items():
            value: Any = layer
            for part in attribute.split("."):
                value = getattr(value, part)
            names[symbol] = self._symbol(layer, symbol, value)
        scope = Scope(layer, {"training": self.base.ctx.training, **names})
        evaluation = not self.base.ctx.training and "y_evaluation" in scope.expressions
        try:
            return scope["y_evaluation" if evaluation else "y"]
        except (KeyError, NameError) as error:
            missing = getattr(error, "name", None) or error.args[0]
            raise DifferentiationError(
                f"Gradients of gradients need an expression for y, made of what the tape knows. {type(layer).__name__} "
                f"has none for '{missing}'. Compute slopes of layers without it, or give the layer an equation of y "
                "with python=…; random layers have none in training."
            ) from error
        except (TypeError, ValueError, AttributeError) as error:
            if isinstance(error, PellucidError):
                raise
            raise DifferentiationError(
                f"The expression for y of {type(layer).__name__} cannot be differentiated again: {error}."
            ) from error

    def _symbol(self, layer: Layer, symbol: str, value: Any) -> Any:
        if isinstance(value, Param | State):
            return self.lift(value)
        if value is None:  # a parameter that is left out, or no activation
            return 0.0 if any(equation.of == f"d{symbol}" for equation in layer.equations) else lambda z: z
        if isinstance(value, str):
            activation = create("layer", value)
            return lambda z: self._by_equations(activation, (z,))
        return value


class Shaped(NamedTuple):
    """What an expression for y may know of y."""

    shape: tuple[int, ...]


class Scope(dict[str, Any]):
    """The names of an expression; what other equations define is computed when it is first asked for."""

    def __init__(self, layer: Layer, names: dict[str, Any]) -> None:
        super().__init__({**HARMLESS, "np": np, "erf": _erf, **layer.arguments(), **names})
        self.layer, self.inputs = layer, [strip(x) for name, x in names.items() if name.startswith("x")]
        self.expressions = {e.of: e.python for e in layer.equations if e.python is not None}
        for of in self.expressions.keys() & self.keys() - names.keys():
            del self[of]

    def __missing__(self, name: str) -> Any:
        expression = self.expressions.get(name)
        if expression is None:
            raise KeyError(name)
        if name == "y":
            shape = self.layer.output_shape(*(x.shape[1:] for x in self.inputs))
            self["y"] = Shaped((len(self.inputs[0]), *shape))
        tree = ast.parse(expression, mode="eval")
        asked = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        known = {each: self[each] for each in asked if each in self or each in self.expressions}
        code = compile(tree, f"<equation of {name}>", "eval")
        self[name] = eval(code, {"__builtins__": {"__import__": _import_numpy}, **known})
        return self[name]


def _import_numpy(name: str, *rest: Any) -> Any:
    """NumPy's methods import parts of NumPy when they are first called."""
    if name.partition(".")[0] != "numpy":
        raise ImportError(f"an equation cannot import {name}")
    return __import__(name, *rest)
