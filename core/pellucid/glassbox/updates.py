"""The second half of a step, recorded: penalties, norm, clipping, learning rate, optimizer, states."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from pellucid.glassbox.names import is_helper
from pellucid.glassbox.own import own_equations
from pellucid.glassbox.quantity import Call
from pellucid.glassbox.record import Recorder, _restore, parts_of_kind
from pellucid.interfaces.optimizer import Segment
from pellucid.training.run import Training
from pellucid.training.stepper import Step

class UpdateRecorder:
    """Records what becomes of complete gradients.

    Args:
        recorder: where quantities are kept.
        training, step: whose step it is.
    """

    def __init__(self, recorder: Recorder, training: Training, step: Step, schedule_step: int, total: int) -> None:
        self.recorder, self.training, self.step = recorder, training, step
        self.update = step.update
        self.arena, self.slots = step.update.arena, step.update.slots
        self.schedule_step, self.total = schedule_step, total
        self._new: set[str] = set()
        self._rates: dict[str, str] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Within: the update is watched."""
        update, optimizer = self.update, self.training.optimizer
        before = update.__dict__.get("apply")
        update.__dict__["apply"] = self._apply
        try:
            with ExitStack() as watched:
                for part in [optimizer, *(part for _, part in parts_of_kind(optimizer, ("optimizer",)))]:
                    vars(part)["step"] = self._stepping(part, part.step)  # type: ignore[attr-defined]
                    watched.callback(_restore, vars(part), "step", None)
                yield
        finally:
            _restore(update.__dict__, "apply", before)

    def weights(self) -> None:
        """Note the weights, states and the optimizer's memory as they are before the step."""
        add = self.recorder.add
        for param in self.arena.params:
            add(param.path, param.data, origin="given")
        for state in self.training.model.states():
            add(state.path, state.data, origin="given")
        for name in self.slots.buffers:
            for param in self.arena.params:
                add(self._slot_name(name, param), self._slot(name, param), origin="given")

    def _slot(self, name: str, param: Any) -> Any:
        start = self.arena.offsets[self.arena.params.index(param)]
        return self.arena.view(self.slots.buffers[name], param, start)

    def _slot_name(self, name: str, param: Any) -> str:
        return f"optimizer.{name}.{param.path}"

    # -- from the gradient to what the optimizer is given -----------------------------------------------------------

    def _apply(self, ctx: Any, *rest: Any) -> bool:
        recorder, update = self.recorder, self.update
        moved = {param for segment in update.segments for param in segment.params}
        self.complete(ctx)
        before = {p.path: recorder.host(p.data) for p in self.arena.params}
        old = {s.path: recorder.host(s.data) for s in self.training.model.states()}
        applied = bool(type(update).apply(update, ctx, *rest))
        if applied:
            self._left(before, old, moved)
        return applied

    def complete(self, ctx: Any) -> None:
        """Note the complete gradients, what layers ask their states to become, penalties and the learning rate."""
        recorder, update = self.recorder, self.update
        recorder.micro = 1
        for param in self.arena.params:
            if param.trainable:
                name = recorder.add(f"{param.path}.grad", param.grad, shared=False)
                if name in recorder.quantities:
                    self._explain_gradient(name, param)
        states: dict[str, int] = {}
        for state, value, rate in ctx.requested_updates:
            states[state.path] = states.get(state.path, 0) + 1
            more = "" if states[state.path] == 1 else f"#{states[state.path]}"
            recorder.add(f"{state.path}.asked{more}", value)
            recorder.add(f"{state.path}.rate{more}", np.float64(rate))
        penalties = update.penalties()
        for param, regularizer in update.regularized:
            self._penalty(param, regularizer)
        if penalties:
            recorder.add("penalty", np.float64(penalties["penalty"]))
        self._rate_of_learning()

    def _explain_gradient(self, name: str, param: Any) -> None:
        """Which calls the gradient is the sum of: each gives what its equation says."""
        recorder = self.recorder
        owners = _owners(recorder.calls, param.path)
        call = Call(param.path, None, "trainer", f"{param.path}.{{}}", made={"grad": name})
        shares = self._shares()
        for k, (owner, symbol) in enumerate(owners):
            quantity = owner.name_of(f"d{symbol}")
            recorder.add_equation(quantity, owner, f"d{symbol}")
            call.given[f"d{k}"] = quantity
            call.values[f"s{k}"] = shares[owner.micro - 1]
        call.own = own_equations(call)
        recorder.quantities[name].call, recorder.quantities[name].of = call, "grad"

    def _shares(self) -> list[float]:
        """Each micro-batch's part in the mean over all rows."""
        counts = [float(batch.ctx.count) for batch in self.step.batches]
        return [count / (sum(counts) or 1.0) for count in counts]

    def _penalty(self, param: Any, regularizer: Any) -> None:
        recorder, ops = self.recorder, self.step.ops
        gradient = ops.empty(param.shape, param.grad.dtype)
        ops.fill(gradient, 0.0)
        regularizer.add_gradient(ops, param.data, gradient)
        call = Call(param.path, regularizer, "regularizer", f"{param.path}.{{}}", given={"theta": param.path})
        call.made["dtheta"] = recorder.add(f"{param.path}.penalty_grad", gradient, call, "dtheta", shared=False)
        call.made["penalty"] = recorder.add(
            f"{param.path}.penalty", np.float64(regularizer.penalty(ops, param.data)), call, "penalty"
        )

    def _rate_of_learning(self) -> None:
        recorder, training = self.recorder, self.training
        factor = None
        if training.schedule is not None:
            call = Call("schedule", training.schedule, "schedule", "schedule.{}",
                        values={"step": self.schedule_step, "total": self.total})  # fmt: skip
            value = np.float64(training.schedule(self.schedule_step, self.total))
            factor = call.made["factor"] = recorder.add("factor", value, call, "factor")
        for segment in self.update.segments:
            alike = [s for s in self.update.segments if s.hyper[0] == segment.hyper[0]]
            name = "lr" if len(alike) == len(self.update.segments) else f"{segment.params[0].path}.lr"
            if name not in recorder.quantities:
                call = Call("lr", None, "trainer", "{}", values={"base_lr": segment.base_lr})
                if factor is not None:
                    call.given["factor"] = factor
                call.made["lr"] = recorder.add(name, np.float64(segment.hyper[0]), call, "lr")
                call.own = own_equations(call)
            for param in segment.params:
                self._rates[param.path] = name

    # -- the optimizer -------------------------------------------------------------------------------------------

    def _stepping(self, optimizer: Any, code: Any) -> Any:
        recorder = self.recorder

        def stepping(segments: Sequence[Segment]) -> None:
            params = [(segment, param) for segment in segments for param in segment.params]
            t = int(segments[0].t_cell) if segments else 0
            held: dict[str, str] = {}
            self._norms()
            for _, param in params:
                held[param.path] = self._step_grad(param)
            slots = {name: recorder.host(buffer) for name, buffer in self.slots.buffers.items()}
            code(segments)
            for segment, param in params:
                if param.path not in self._new:  # those inside of it have told already
                    self._moved(optimizer, segment, param, held[param.path], slots, t)

        return stepping

    def _norms(self) -> None:
        """The norm of the gradient with its penalties, and by how much it has been scaled down."""
        recorder = self.recorder
        if "norm" in recorder.quantities:
            return
        call = Call("norm", None, "trainer", "{}")
        params = [p for p in self.arena.params if f"{p.path}.grad" in recorder.quantities]
        for k, param in enumerate(params):
            call.given[f"g{k}"] = f"{param.path}.grad"
            if f"{param.path}.penalty_grad" in recorder.quantities:
                call.given[f"p{k}"] = f"{param.path}.penalty_grad"
        moved = {param.path for segment in self.update.segments for param in segment.params}
        if not params or any(name.removesuffix(".grad") not in moved for of, name in call.given.items() if of[0] == "g"):
            return
        values = {of: recorder.quantities[name].array for of, name in call.given.items()}
        squares = 0.0
        for k in range(len(params)):
            g = np.asarray(values[f"g{k}"], np.float64) + np.asarray(values.get(f"p{k}", 0.0), np.float64)
            squares += float(np.sum(g**2))
        call.made["norm"] = recorder.add("norm", np.float64(np.sqrt(squares)), call, "norm", "equation")
        call.own = own_equations(call)
        limits = self.update.limits
        if len(limits) == 1 and limits[0][1][0] is self.arena.grad:
            clip = Call("clip_factor", None, "trainer", "{}", given={"norm": "norm"}, values={"clip_norm": limits[0][0]})
            factor = np.float64(min(1.0, limits[0][0] / max(float(np.sqrt(squares)), 1e-300)))
            clip.made["clip_factor"] = recorder.add("clip_factor", factor, clip, "clip_factor", "equation")
            clip.own = own_equations(clip)

    def _step_grad(self, param: Any) -> str:
        """What the optimizer is given: the gradient itself, or what penalties and clipping have made of it."""
        recorder = self.recorder
        own, penalised = f"{param.path}.grad", f"{param.path}.penalty_grad"
        held = recorder.quantities.get(own)
        given = recorder.host(param.grad)
        if held is not None and held.array is not None and held.array.tobytes() == given.tobytes():
            return own
        if f"{param.path}.step_grad" in recorder.quantities:
            return f"{param.path}.step_grad"
        call = Call(param.path, None, "trainer", f"{param.path}.{{}}", given={"g": own})
        clipped = "clip_factor" in recorder.quantities
        if penalised in recorder.quantities:
            call.given["penalty_grad"] = penalised
        if clipped:
            call.given["clip_factor"] = "clip_factor"
        call.made["step_grad"] = name = recorder.add(f"{param.path}.step_grad", param.grad, call, "step_grad", shared=False)
        if not self.update.limits or clipped:
            call.own = own_equations(call)
        return name

    def _moved(
        self, optimizer: Any, segment: Segment, param: Any, gradient: str, before: dict[str, Any], t: int
    ) -> None:  # fmt: skip
        recorder = self.recorder
        self._new.add(param.path)
        call = Call("optimizer", optimizer, "optimizer", f"optimizer.{{}}.{param.path}")
        call.given |= {"theta": param.path, "g": gradient, "lr": self._rates.get(param.path, "lr")}
        call.values |= {e.of: np.zeros(param.shape) for e in optimizer.equations}  # of memory that it does without
        call.values |= {"t": t, "weight_decay": segment.weight_decay}
        if optimizer is not self.training.optimizer:
            call.path = next(p for p, part in parts_of_kind(self.training.optimizer, ("optimizer",)) if part is optimizer)
        start = self.arena.offsets[self.arena.params.index(param)]
        new: dict[str, Any] = {}
        for name in self.slots.buffers:
            old = self._slot_name(name, param)
            if old not in recorder.quantities:
                kept = before.get(name)
                flat = np.zeros(self.arena.size, self.arena.dtype) if kept is None else kept
                recorder.add(old, self.arena.view(flat, param, start), origin="given")
            call.given[name] = old
            new[name] = self._slot(name, param)
        for equation in call.equations:
            if equation.python is not None and equation.of not in (*new, "theta") and not is_helper(equation):
                recorder.add_equation(call.name_of(equation.of), call, equation.of)
        for name, slot in new.items():
            call.made[name] = recorder.add(f"{self._slot_name(name, param)}.new", slot, call, name, shared=False)
        call.made["theta"] = recorder.add(f"{param.path}.new", param.data, call, "theta", shared=False)

    def _left(self, before: dict[str, Any], states: dict[str, Any], moved: Any) -> None:
        """What else is another than before: states, and parts that follow others."""
        recorder = self.recorder
        for param in self.arena.params:
            if param.path not in self._new and not np.array_equal(before[param.path], recorder.host(param.data)):
                call = Call("optimizer", self.training.optimizer, "optimizer", f"optimizer.{{}}.{param.path}",
                            given={"theta": param.path})  # fmt: skip
                recorder.add(f"{param.path}.new", param.data, call, "theta", shared=False)
        for state in self.training.model.states():
            owner = _owner_of_state(recorder.calls, state.path)
            name = recorder.add(f"{state.path}.new", state.data, shared=False)
            if owner is not None and name in recorder.quantities:
                call, symbol = owner
                recorder.quantities[name].call, recorder.quantities[name].of = call, symbol


def _owners(calls: Sequence[Call], path: str) -> list[tuple[Call, str]]:
    """The innermost calls with an equation for the gradient of a parameter, and what they call the parameter."""
    found = []
    for call in calls:
        inside = _owners(call.inner, path)
        told = {e.of for e in call.equations if e.python is not None}
        has_backward = any(name.startswith("dy") for name in call.given)
        own = [of for of, name in call.given.items() if name == path and f"d{of}" in told]
        if inside or call.kind != "layer" or not own or not has_backward:
            found += inside
        else:
            found.append((call, own[0]))
    return found


def _owner_of_state(calls: Sequence[Call], path: str) -> tuple[Call, str] | None:
    """The call that asked for an update of a state; None where several did."""
    owners = [
        (call, of) for top in calls for call in top.within() for of, name in call.made.items() if name == f"{path}.new"
    ]
    return owners[0] if len(owners) == 1 else None
