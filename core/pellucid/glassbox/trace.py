"""Trace: the numbers of one step, or of one prediction, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.component import Equation
from pellucid.basics.errors import DataError
from pellucid.basics.suggest import did_you_mean
from pellucid.glassbox.equations import evaluate
from pellucid.glassbox.page.render import LARGEST, write
from pellucid.glassbox.quantity import Call, Quantity
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.registry.config import config_or_none
from pellucid.training.run import Training
from pellucid.training.stepper import Step

Cell = tuple[int, ...]


@dataclass(eq=False)
class Setting:
    """What the numbers depend on besides the quantities of a trace.

    Attributes:
        model: the model; None of a trace that was loaded from a file.
        training: the trainer; None of a prediction.
        step, epoch, total_steps: steps and epochs before this one, and the planned number of steps.
        seed: of random layers.
        sizes: rows of each micro-batch; full: those of a full one.
        told: all else, as data: dtype, backend, clip_norm, the configurations of model, objective, optimizer,
            schedule; None of what is not registered.
    """

    model: Layer | None
    training: Training | None
    step: int = 0
    epoch: int | None = 0
    total_steps: int = 0
    seed: int = 0
    sizes: tuple[int, ...] = ()
    full: int = 0
    told: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of_step(cls, training: Training, step: Step, number: int, epoch: int | None, total: int) -> Setting:
        """The setting of a step that is about to be taken."""
        told = _told(training.model) | {
            "objective": config_or_none(training.objective), "optimizer": config_or_none(training.optimizer),
            "schedule": None if training.schedule is None else config_or_none(training.schedule),
            "scheduled": training.schedule is not None, "clip_norm": training.clip_norm,
        }  # fmt: skip
        sizes = tuple(len(batch.batch) for batch in step.batches)
        full = step.batches[0].source.full
        return cls(training.model, training, number, epoch, total, training.seed, sizes, full, told)

    @classmethod
    def of_prediction(cls, model: Layer) -> Setting:
        return cls(model, None, seed=require_runtime(model).seed, told=_told(model))


def _told(model: Layer) -> dict[str, Any]:
    runtime = require_runtime(model)
    return {
        "model": runtime.config or config_or_none(model), "input_shapes": [list(shape) for shape in runtime.input_shapes],
        "dtype": str(runtime.dtype), "backend": runtime.ops.name,
    }  # fmt: skip


class Trace:
    """What happened in one step, or in one prediction: every array by its name, in the order in which they came to be.

    ::

        trace = trainer.trace_step(x, y)
        trace.names()                               # ["layers.0.weight", …, "x", "y", "layers.0.z", …, "loss", …]
        trace["layers.0.weight.grad"]               # an array
        print(trace.why("layers.0.weight.grad", (3, 7)))

    Attributes:
        calls: the components that were called, outermost first; each has those inside of it.
        setting: what the numbers depend on besides.
    """

    def __init__(self, quantities: Mapping[str, Quantity], calls: Sequence[Call], setting: Setting) -> None:
        self._quantities = dict(quantities)
        self.calls, self.setting = list(calls), setting
        self._evaluated: dict[int, dict[str, Any]] = {}

    # -- quantities ------------------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """The quantities in the order in which they came to be."""
        return list(self._quantities)

    def __iter__(self) -> Iterator[str]:
        return iter(self._quantities)

    def __len__(self) -> int:
        return len(self._quantities)

    def __contains__(self, name: object) -> bool:
        return name in self._quantities

    def __getitem__(self, name: str) -> HostArray:
        """The array of this name. One that only an equation knows, see ``Quantity.origin``, is computed in float64.

        Raises:
            DataError: there is no such quantity.
        """
        quantity = self.quantity(name)
        if quantity.array is None:
            quantity.array = np.asarray(self._by_equation(quantity))
        return quantity.array

    def quantity(self, name: str) -> Quantity:
        """The array with what is known of it."""
        if name not in self._quantities:
            raise DataError(
                f"This trace has no quantity {name!r}.{did_you_mean(name, self._quantities)} trace.names() lists all "
                f"{len(self)}."
            )
        return self._quantities[name]

    def _by_equation(self, quantity: Quantity) -> Any:
        call = quantity.call
        assert call is not None
        known = self.evaluated(call, quantity.of)
        return known[quantity.of]

    def evaluated(self, call: Call, wanted: str) -> dict[str, Any]:
        """The equations of a call up to that of ``wanted``, each computed from what was recorded."""
        known = self._evaluated.setdefault(id(call), {})
        if wanted not in known:
            scope = {**self.scope(call), **known}
            for equation in self.equations(call):
                if equation.of in known:
                    continue
                value = evaluate((equation,), {k: v for k, v in scope.items()})[equation.of]
                known[equation.of] = value
                recorded = call.made.get(equation.of)
                held = self._quantities.get(recorded) if recorded else None
                scope[equation.of] = value if held is None or held.array is None else held.array
                if equation.of == wanted:
                    break
        return known

    @staticmethod
    def equations(call: Call) -> tuple[Equation, ...]:
        """The equations of a call that hold in it and have an expression, in order."""
        phases = call.phases
        return (*phases.forward, *phases.backward, *phases.states)

    def scope(self, call: Call) -> dict[str, Any]:
        """What the equations of a call may name: recorded arrays, arguments, functions."""
        scope: dict[str, Any] = {} if call.component is None else dict(call.component.arguments())
        scope |= call.values
        for of, name in (*call.given.items(), *call.made.items()):
            held = self._quantities.get(name)
            if held is not None and held.array is not None and (of not in call.made or of not in call.given):
                scope[of] = held.array
        for of, name in call.given.items():  # of what is given and made, such as theta, the equations begin with the former
            held = self._quantities.get(name)
            if held is not None:
                scope[of] = self[name]
        if "inputs" in call.values:
            scope["inputs"] = tuple(scope[of] for of in call.values["inputs"] if of in scope)
        return scope

    # -- to be looked at -------------------------------------------------------------------------------------------

    def html(self, path: Any, limit: int = LARGEST) -> Path:
        """Write a page on which all of this can be opened: one HTML file that needs no network; returns its path.

        Args:
            limit: bytes that it may have.

        Raises:
            DataError: it would have more; the message names the largest quantities, and what to leave out.
            CheckpointError: it cannot be written there.
        """
        return write(self, path, limit)

    def __repr__(self) -> str:
        what = "prediction" if self.setting.training is None and not self.setting.sizes else f"step {self.setting.step + 1}"
        return f"<Trace of {what}: {len(self)} quantities>"
