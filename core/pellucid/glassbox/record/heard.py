"""Heard: what passes between an objective and its model, or a loss and those in it, for equations that name it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from pellucid.basics.arrays import as_tuple
from pellucid.basics.component import Component
from pellucid.glassbox.record.names import numbered
from pellucid.glassbox.record.record import parts_of_kind, restore
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer


class Heard:
    """What an objective has asked of its model, if it has asked once, and what it has drawn.

    Attributes:
        names: ``seen`` (the model's inputs, all of them), ``y`` or ``y0``, ``y1``, … (its outputs), ``drawn`` (random
            numbers, by the names given to ``ctx.uniform`` and ``ctx.normal``, which are their own where none is given).
        made: what is the objective's own doing: ``seen0``, … and the gradients ``dy`` or ``dy0``, … at the outputs.
    """

    def __init__(self, ops: Any) -> None:
        self._ops = ops
        self.calls = 0
        self.names: dict[str, Any] = {"drawn": {}}
        self.made: dict[str, Any] = {}

    def _copy(self, array: Any) -> Any:
        return np.array(self._ops.to_host(array))

    @contextmanager
    def listening(self, ctx: Context, model: Layer) -> Iterator[None]:
        """Within: the objective is called."""
        forward, backward = model.forward, model.backward

        def asked(of: Context, *inputs: Any) -> Any:
            result = forward(of, *inputs)
            self.calls += 1
            self.names["seen"] = tuple(map(self._copy, inputs))
            self.made |= {f"seen{i}": x for i, x in enumerate(self.names["seen"])}
            self.names |= numbered("y", [self._copy(y) for y in as_tuple(result)])
            return result

        def told(of: Context, *dy: Any) -> Any:
            self.made |= {name: self._copy(part) for name, part in numbered("dy", dy).items() if part is not None}
            return backward(of, *dy)

        def drawing(what: str) -> Any:
            draw = getattr(ctx, what)

            def drawn(shape: tuple[int, ...], name: str = "") -> Any:
                numbers = draw(shape, name)
                self.names["drawn"][name or what] = self._copy(numbers)
                return numbers

            return drawn

        shadows: dict[str, Any] = {"forward": asked, "backward": told}
        vars(model).update(shadows)
        vars(ctx).update(uniform=drawing("uniform"), normal=drawing("normal"))
        try:
            yield
        finally:
            for name in shadows:
                del vars(model)[name]
            del vars(ctx)["uniform"], vars(ctx)["normal"]
        if self.calls > 1:  # which of them is meant, nobody could say
            self.names, self.made = {"drawn": self.names["drawn"]}, {}


class HeardLosses:
    """What a loss gives to the losses that it is made of, and what they answer, in the order in which it calls them.

    Attributes:
        names: ``parts`` and ``dparts``: values, and gradients at their predictions; nothing of a loss without others.
        made: ``weight0``, ``weight1``, …: the weights that it gives them.
    """

    def __init__(self) -> None:
        self.names: dict[str, Any] = {}
        self.made: dict[str, Any] = {}
        self._depth = 0
        self._numbers: dict[int, int] = {}  # by contexts

    @contextmanager
    def listening(self, loss: Component) -> Iterator[None]:
        """Within: the loss is called, forward and backward."""
        with ExitStack() as shadows:
            for _, part in parts_of_kind(loss, ("loss",)):
                for method, note in (("forward", self._forward), ("backward", self._backward)):
                    self._shadow(shadows, part, method, note)
            yield

    def _shadow(self, shadows: ExitStack, part: Any, method: str, note: Any) -> None:
        code = getattr(part, method)

        def shadow(*given: Any, **named: Any) -> Any:
            self._depth += 1
            try:
                result = code(*given, **named)
            finally:
                self._depth -= 1
            if not self._depth:
                note(result, *given, **named)
            return result

        shadows.callback(restore, vars(part), method, vars(part).get(method))
        vars(part)[method] = shadow

    def _forward(self, result: Any, ctx: Context, prediction: Any, target: Any, weight: Any = None) -> None:
        values = self.names.setdefault("parts", [])
        self._numbers[id(ctx)] = len(values)
        if weight is not None:
            self.made[f"weight{len(values)}"] = np.array(ctx.ops.to_host(weight))
        values.append(np.array(ctx.ops.to_host(result)))

    def _backward(self, result: Any, ctx: Context) -> None:
        self.names.setdefault("dparts", {})[self._numbers[id(ctx)]] = np.array(ctx.ops.to_host(result))
