"""Trace: the numbers of one step, or of one prediction, by name."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.component import Component, Equation
from pellucid.basics.errors import DataError
from pellucid.basics.suggest import did_you_mean
from pellucid.glassbox.asked import asked
from pellucid.glassbox.equations import evaluate
from pellucid.glassbox.failure import ConformanceError
from pellucid.glassbox.page.render import LARGEST, write
from pellucid.glassbox.prove.certificate import Certificate, certify
from pellucid.glassbox.prove.replay import Replay, replay
from pellucid.glassbox.prove.samples import samples
from pellucid.glassbox.prove.what_if import WhatIf, what_if
from pellucid.glassbox.record.as_taken import AsTaken
from pellucid.glassbox.record.gathered import each, gathered
from pellucid.glassbox.record.quantity import Call, Quantity, exactly
from pellucid.glassbox.trace_writing import write_trace
from pellucid.glassbox.why.asking import not_kept, traced_equations, why
from pellucid.glassbox.why.reason import Why
from pellucid.glassbox.why.sensitivity import Sensitivity
from pellucid.glassbox.why.traced_equations import TracedEquations
from pellucid.glassbox.why.within import Within
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
        as_taken: what model and training were made of; None of a trace that was loaded from a file.
        file: that file.
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
    as_taken: AsTaken | None = None
    file: Path | None = None

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
        as_taken = AsTaken(
            model=training.model, objective=training.objective, optimizer=training.optimizer, schedule=training.schedule
        )
        return cls(training.model, training, number, epoch, total, training.seed, sizes, full, told, as_taken)

    @classmethod
    def of_prediction(cls, model: Layer) -> Setting:
        return cls(model, None, seed=require_runtime(model).seed, told=_told(model), as_taken=AsTaken(model=model))

    def require_as_taken(self, component: Component | None, named: Collection[str] = ()) -> None:
        """Raise ConfigError if a component of the step has changed since, but for arguments ``named``."""
        if self.as_taken is not None and component is not None:
            self.as_taken.require(component, frozenset(named))


def _told(model: Layer) -> dict[str, Any]:
    runtime = require_runtime(model)
    return {
        "model": config_or_none(model) or runtime.config,
        "input_shapes": [list(shape) for shape in runtime.input_shapes],
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
        self._traced: dict[int, TracedEquations] = {}
        self.sensitivity, self.inside = Sensitivity(self), Within(self)

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

    @asked
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
        if not isinstance(name, str):
            raise DataError(f"Quantities have names, texts. Received: {name!r}. trace.names() lists all {len(self)}.")
        if name not in self._quantities:
            layer = name.removesuffix(".dx")
            if layer != name and f"{layer}.dy" in self._quantities:
                raise DataError(
                    f"This trace has no quantity {name!r}: the gradient at this input was not computed, because "
                    "nothing in the step needs it."
                )
            raise DataError(
                f"This trace has no quantity {name!r}.{did_you_mean(name, self._quantities)} trace.names() lists all "
                f"{len(self)}."
            )
        return self._quantities[name]

    def _by_equation(self, quantity: Quantity) -> Any:
        call = quantity.call
        assert call is not None
        try:
            known = {} if call.without else self.evaluated(call, quantity.of)
        except ConformanceError as error:
            raise not_kept(self, quantity, "computed", error) from error
        if quantity.of not in known:
            why = call.without or f"{type(call.component).__name__} has no equation of '{quantity.of}'"
            raise DataError(
                f"'{quantity.name}' is what an equation gives, and there is none: {why}. Use the pellucid and the "
                "plugins that the trace was saved with."
            )
        return known[quantity.of]

    def evaluated(self, call: Call, wanted: str) -> dict[str, Any]:
        """The equations of a call up to that of ``wanted``, each computed from what was recorded."""
        known = self._evaluated.setdefault(id(call), {})
        if wanted not in known:
            scope = self.scope(call)
            for equation in self.equations(call):
                if (of := equation.of) not in known:
                    known |= evaluate((equation,), scope)
                recorded = call.made.get(of)
                held = self._quantities.get(recorded) if recorded else None
                scope[of] = known[of] if held is None or held.array is None else exactly(held.array)
                if of == wanted:
                    break
        return known

    @staticmethod
    def equations(call: Call) -> tuple[Equation, ...]:
        """The equations of a call that hold in it and have an expression, in order."""
        phases = call.phases
        return (*phases.forward, *phases.backward, *phases.states)

    def scope(self, call: Call) -> dict[str, Any]:
        """What the equations of a call may name: recorded arrays, in float64, arguments, functions.

        Raises:
            ConfigError: the component has changed since the trace was taken.
        """
        return {of: each(value, lambda held: exactly(held.array)) for of, value in gathered(self, call).items()}

    # -- questions -------------------------------------------------------------------------------------------------

    @asked
    def why(self, name: str, cell: Any = ()) -> Why:
        """Why a number is what it is: the equation that made it, with the numbers put in, term by term.

        ::

            why = trace.why("layers.0.weight.grad", (3, 7))
            print(why)                      # reads like a worked example
            why.terms, why.total, why.value, why.parents

        Raises:
            DataError: there is no such quantity, or no such cell.
        """
        return why(self, name, cell)

    def traced(self, call: Call) -> TracedEquations:
        """The equations of a call, to be taken apart cell by cell."""
        if id(call) not in self._traced:
            self._traced[id(call)] = traced_equations(self, call)
        return self._traced[id(call)]

    # -- once more -------------------------------------------------------------------------------------------------

    @asked
    def replay(self) -> Replay:
        """Compute everything once more from what was recorded, on a copy, and compare every quantity bit for bit.

        Raises:
            ConfigError: something cannot be copied, or is not registered and the trace was read from a file.
            DataError: a quantity that is needed was not kept.
        """
        return replay(self)

    @asked
    def certify(self, cells: int = 1000, seed: int = 0) -> Certificate:
        """Hold the gradients against central differences at this very batch, and the equations against the numbers.

        ``(L(θ + h) − L(θ − h)) / 2h`` in float64, at random cells of every parameter, every penalty and every floating
        input of every layer, with random numbers and what is stopped held. Each is compared with the recorded gradient
        and with that of the same code in float64, relative to the size of the terms that were added up to it. Where the
        slopes to both sides differ, there is a kink and nothing to compare with. Every equation with an expression is
        evaluated on the recorded numbers.

        What could not be checked is listed with the reason: equations without an expression, or all gradients of a
        trace that has not kept what is needed, see :meth:`replay`.

        Args:
            cells: how many in all, at least one of each gradient.
            seed: chooses the cells.
        """
        return certify(self, cells, seed)

    @asked
    def what_if(
        self, name: str | None = None, cell: Any = (), by: float | None = None, *, lr: float | None = None,
        without_sample: int | None = None,
    ) -> WhatIf:  # fmt: skip
        """What would have been if a weight, the learning rate or the batch had been another one.

        ::

            print(trace.what_if("layers.0.weight", (3, 7), +0.1))
            trace.what_if(lr=0.1)
            trace.what_if(without_sample=12)

        Foretold from the recorded gradient, ``ΔL ≈ g Δθ``, beside what the loss of this batch then is; and what becomes
        of the step. All is computed in float64 on a copy, with the same random numbers. A prediction has no loss: there
        it is the outputs that change.

        Args:
            name, cell, by: a parameter, which of its cells, and by how much it is another.
            lr: in place of the optimizer's learning rates, before the schedule's factor.
            without_sample: a row of the batch, from 0. Its weight becomes 0; it stays in the statistics of the batch.

        Raises:
            ConfigError: other than one thing is supposed, or a number is out of range; see also :meth:`replay`.
            DataError: there is no such parameter, cell or sample.
        """
        return what_if(self, name, cell, by, lr=lr, without_sample=without_sample)

    @asked
    def samples(self, name: str) -> HostArray:
        """What each row of the batch has contributed, (N, *shape) in float64; their sum is the quantity.

        Of a gradient, ``"layers.0.weight.grad"``: what came through each row of the layer's output; of the loss or one
        of its parts, ``"loss"``, the loss's own terms, ``wᵢ lᵢ / Σ w``. Rows count on through the micro-batches, whose
        terms add up to the loss of the whole step. Where layers mix rows, as batch norm does, it is no sample's own
        effect.

        Raises:
            DataError: there are no samples of this quantity, or a trace of a prediction.
            ConfigError: the terms of this loss cannot be told apart; see also :meth:`replay`.
        """
        return samples(self, name)

    # -- files -------------------------------------------------------------------------------------------------------

    @asked
    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all of it to one safetensors file, which :func:`pellucid.load_trace` reads again, equal to the bit.

        What equations give is not written but computed again, and of components their configurations are.

        Raises:
            CheckpointError: the file cannot be written; what was there before stays.
        """
        write_trace(self, path)

    # -- to be looked at -------------------------------------------------------------------------------------------

    @asked
    def html(self, path: Any, limit: int = LARGEST) -> Path:
        """Write a page on which all of this can be opened: one HTML file that needs no network; returns its path.

        Args:
            limit: bytes that it may have.

        Raises:
            DataError: it would have more; the message names the largest quantities, and what to leave out.
            CheckpointError: it cannot be written there.
            ConfigError: the model has changed since the trace was taken.
        """
        if self.setting.as_taken is not None:
            self.setting.require_as_taken(self.setting.model)
        return write(self, path, limit)

    def __repr__(self) -> str:
        what = (
            "prediction"
            if self.setting.training is None and not self.setting.sizes
            else f"step {self.setting.step + 1}"
        )
        return f"<Trace of {what}: {len(self)} quantities>"
