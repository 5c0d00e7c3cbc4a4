"""HeardLosses: what passes between a loss and those that it is made of, for equations that name it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from pellucid.basics.component import Component
from pellucid.glassbox.record.record import parts_of_kind, restore
from pellucid.interfaces.context import Context


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
