"""The second half of a step, recorded: penalties, norm, clipping, learning rate, optimizer, states."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import numpy as np

from pellucid.glassbox.record.names import is_helper
from pellucid.glassbox.record.own import factor_of, factors_in
from pellucid.glassbox.record.quantity import Call
from pellucid.glassbox.record.record import Recorder, parts_of_kind, restore
from pellucid.interfaces.optimizer import Segment, Slots
from pellucid.standard.optimizers.clipped import Clipped
from pellucid.standard.optimizers.combined import Combined
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
        self._factors: dict[str, list[str]] | None = None  # what scales a gradient down, by paths; None: not yet known
        self._unknown: set[str] = set()  # whose gradients were scaled down by what was not kept
        self._bounds: dict[str, float] = {}  # by paths, what each number of the gradient is kept within
        self._rates: dict[str, str] = {}
        self._noted = False  # whether the gradients are
        self._requests: dict[str, int] = {}  # by states, how often another value was asked for

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Within: the update is watched."""
        update, optimizer = self.update, self.training.optimizer
        with ExitStack() as watched:
            watched.callback(restore, vars(update), "apply", vars(update).get("apply"))
            vars(update)["apply"] = partial(self._apply, update.apply)
            for part in [optimizer, *(part for _, part in parts_of_kind(optimizer, ("optimizer",)))]:
                watched.callback(restore, vars(part), "step", vars(part).get("step"))
                vars(part)["step"] = self._stepping(part, part.step)  # type: ignore[attr-defined]
            run = self.training.run
            if run is not None:  # before others look at the gradients, who may change them
                observers = run.gradient_observers
                look = self._look
                observers.insert(0, look)
                watched.callback(observers.remove, look)
            yield

    def _look(self, segments: Any) -> None:
        self._gradients()

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

    def _apply(self, code: Callable[..., bool], ctx: Any, *rest: Any) -> bool:
        recorder, update = self.recorder, self.update
        moved = {param for segment in update.segments for param in segment.params}
        self.complete(ctx)
        before = {p.path: recorder.host(p.data) for p in self.arena.params}
        old = {s.path: recorder.host(s.data) for s in self.training.model.states()}
        applied = bool(code(ctx, *rest))
        if applied:
            self._left(before, old, moved)
        return applied

    def complete(self, ctx: Any) -> None:
        """Note the complete gradients, what layers ask their states to become, penalties and the learning rate."""
        recorder, update = self.recorder, self.update
        self._gradients()
        for param in self.arena.params:
            held = recorder.quantities.get(f"{param.path}.grad")
            before = None if held is None else held.array
            if before is not None and before.tobytes() != recorder.host(param.grad).tobytes():
                recorder.add(f"{param.path}.observed", param.grad, origin="set", shared=False)
        for state, value, rate in ctx.requested_updates:
            number = self._requests[state.path] = self._requests.get(state.path, 0) + 1
            recorder.add_asked(f"{state.path}.asked{_more(number)}", state.path, number - 1, value)
            recorder.add(f"{state.path}.rate{_more(number)}", np.float64(rate), origin="set")
        penalties = update.penalties()
        for param, regularizer in update.regularized:
            self._penalty(param, regularizer)
        if penalties:
            names = {f"p{k}": f"{p.path}.penalty" for k, (p, _) in enumerate(update.regularized)}
            call = Call("penalty", None, "trainer", "{}", given=names, made={"penalty": "penalty"})
            recorder.add("penalty", np.float64(penalties["penalty"]), call, "penalty")
        self._rate_of_learning()

    def _gradients(self) -> None:
        """Note the gradients as backward has left them; once."""
        recorder = self.recorder
        recorder.micro = 1
        for param in self.arena.params if not self._noted else ():
            if param.trainable:
                name = recorder.add(f"{param.path}.grad", param.grad, shared=False)
                if name in recorder.quantities:
                    self._explain_gradient(name, param)
        if recorder.several and not self._noted:
            self._losses()
        self._noted = True

    def _losses(self) -> None:
        """Note the loss of the step and its parts, means over the rows of all micro-batches."""
        recorder = self.recorder
        for figure, value in self.step.figures.items():
            name = figure if figure == "loss" else f"loss.{figure}"
            parts = [f"micro.{k + 1}.{name}" for k in range(len(recorder.counts))]
            call = Call("loss", None, "trainer", "loss.{}", made={"loss": name})
            if all(part in recorder.quantities for part in parts):
                call.given = {f"l{k}": part for k, part in enumerate(parts)}
                call.values = {f"s{k}": share for k, share in enumerate(self._shares())}
            recorder.add(name, value, call, "loss", shared=False)

    def _explain_gradient(self, name: str, param: Any) -> None:
        """Which calls the gradient is the sum of: each gives what its equation says."""
        recorder = self.recorder
        owners = _owners(recorder.calls, param.path)
        if len(owners) == 1 and len(self.step.batches) == 1:  # it is what that call's equation says
            owner, symbol = owners[0]
            recorder.quantities.pop(owner.name_of(f"d{symbol}"), None)
            owner.made[f"d{symbol}"] = name
            recorder.quantities[name].call, recorder.quantities[name].of = owner, f"d{symbol}"
            return
        call = Call(param.path, None, "trainer", f"{param.path}.{{}}", made={"grad": name})
        shares = self._shares()
        if not owners:  # the code of a layer may tell, call by call: see why/within.py
            call.values = {f"s{k}": share for k, share in enumerate(shares)}
        for k, (owner, symbol) in enumerate(owners):
            quantity = owner.name_of(f"d{symbol}")
            recorder.add_equation(quantity, owner, f"d{symbol}")
            call.given[f"d{k}"] = quantity
            call.values[f"s{k}"] = shares[owner.micro - 1]
        recorder.quantities[name].call, recorder.quantities[name].of = call, "grad"

    def _shares(self) -> list[float]:
        """Each micro-batch's part in the mean over all rows."""
        counts = self.recorder.counts
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
                call.made["lr"] = recorder.add(
                    name, np.float64(segment.hyper[0]), call, "lr", "set" if factor is None else "recorded"
                )
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
            if isinstance(optimizer, Clipped):
                self._bounds |= {param.path: float(optimizer.value) for _, param in params}
            if isinstance(optimizer, Combined):  # those inside of it tell what they are given
                params = [(segment, param) for segment, param in params if optimizer.of(param) is optimizer]
            for _, param in params:
                held[param.path] = self._step_grad(param)
            slots = {name: recorder.host(buffer) for name, buffer in self.slots.buffers.items()}
            with _asked(segments) as asked:
                code(segments)
            for segment, param in params:
                if param.path not in self._new:  # those inside of it have told already
                    self._moved(optimizer, segment, param, held[param.path], {n: slots.get(n) for n in asked}, t)

        return stepping

    def _norms(self) -> None:
        """The norms of the gradient that it was scaled down by, each group's and then that of the whole, or of the
        whole alone where there is no limit."""
        recorder, update = self.recorder, self.update
        if self._factors is not None:
            return
        self._factors = defaultdict(list)
        moved = [param for segment in update.segments for param in segment.params]
        limits = [
            (limit, moved if arrays[0] is self.arena.grad else _within(self.step.ops, moved, arrays))
            for limit, arrays in update.limits
        ]
        for k, (limit, params) in enumerate(limits or [(None, moved)]):
            name = "norm" if params is moved else f"norm.{k}"
            if not all(f"{param.path}.grad" in recorder.quantities for param in params):
                self._unknown |= set() if limit is None else {param.path for param in params}
                continue
            self._norm(name, params)
            if limit is not None:
                factor = name.replace("norm", "clip_factor")
                clip = Call(factor, None, "trainer", f"{factor}.{{}}", given={"norm": name},
                            values={"clip_norm": float(limit)})  # fmt: skip
                norm = recorder.quantities[name].array if name in recorder.quantities else None
                if norm is None:
                    self._unknown |= {param.path for param in params}
                    continue
                value = np.float64(min(1.0, limit / float(norm)) if norm > 0 else 1.0)
                clip.made["clip_factor"] = recorder.add(factor, value, clip, "clip_factor", "equation")
                for param in params:
                    self._factors[param.path].append(factor)

    def _norm(self, name: str, params: Sequence[Any]) -> None:
        recorder = self.recorder
        call = Call(name, None, "trainer", f"{name}.{{}}")
        squares = 0.0
        for k, param in enumerate(params):
            self._scaled(call, param, str(k))
            arrays = {of: np.asarray(recorder.quantities[at].array, np.float64) for of, at in call.given.items()}
            g = arrays[f"g{k}"] + arrays.get(f"p{k}", 0.0)
            for factor in factors_in(arrays, k):
                g = g * arrays[factor]
            squares += float(np.sum(g**2))
        call.made["norm"] = recorder.add(name, np.float64(np.sqrt(squares)), call, "norm", "equation")

    def _scaled(self, call: Call, param: Any, k: str = "") -> None:
        """Give a call the gradient of a parameter, its penalty, and what has scaled it so far."""
        call.given[f"g{k}"] = self._base(param)
        if f"{param.path}.penalty_grad" in self.recorder.quantities:
            call.given[f"p{k}"] = f"{param.path}.penalty_grad"
        assert self._factors is not None
        for j, factor in enumerate(self._factors[param.path]):
            call.given[factor_of(k, j)] = factor

    def _base(self, param: Any) -> str:
        """The gradient that penalties and clipping begin with: as backward left it, or those who observe gradients."""
        observed = f"{param.path}.observed"
        return observed if observed in self.recorder.quantities else f"{param.path}.grad"

    def _step_grad(self, param: Any) -> str:
        """What the optimizer is given: the gradient itself, or what penalties and clipping have made of it."""
        recorder = self.recorder
        own = self._base(param)
        held, given = recorder.quantities.get(own), recorder.host(param.grad)
        if held is not None and held.array is not None and held.array.tobytes() == given.tobytes():
            return own
        if f"{param.path}.step_grad" in recorder.quantities:
            return f"{param.path}.step_grad"
        call = Call(param.path, None, "trainer", f"{param.path}.{{}}")
        if own in recorder.quantities and param.path not in self._unknown:
            self._scaled(call, param)
            if param.path in self._bounds:
                call.values["clip_value"] = self._bounds[param.path]
        call.made["step_grad"] = name = recorder.add(
            f"{param.path}.step_grad", param.grad, call, "step_grad", shared=False
        )
        return name

    def _moved(
        self, optimizer: Any, segment: Segment, param: Any, gradient: str, before: Mapping[str, Any], t: int
    ) -> None:  # fmt: skip
        recorder = self.recorder
        self._new.add(param.path)
        call = Call("optimizer", optimizer, "optimizer", f"optimizer.{{}}.{param.path}")
        call.given |= {"theta": param.path, "g": gradient, "lr": self._rates.get(param.path, "lr")}
        call.values |= {e.of: np.zeros(param.shape) for e in optimizer.equations}  # of memory that it does without
        call.values |= {"t": t, "weight_decay": segment.weight_decay}
        if optimizer is not self.training.optimizer:
            call.path = next(
                p for p, part in parts_of_kind(self.training.optimizer, ("optimizer",)) if part is optimizer
            )
        start = self.arena.offsets[self.arena.params.index(param)]
        new: dict[str, Any] = {}
        for name, flat in before.items():
            old = self._slot_name(name, param)
            if old not in recorder.quantities:
                kept = np.zeros(self.arena.size, self.arena.dtype) if flat is None else flat
                recorder.add(old, self.arena.view(kept, param, start), origin="given")
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
            owners = _owners_of_state(recorder.calls, state.path)
            name = recorder.add(f"{state.path}.new", state.data, shared=False)
            if len(owners) == 1 and self.step.ctx.batch_share == 1.0:
                call, symbol = owners[0]
            else:  # several updates, or that of what is less than a full batch
                for each, of in owners:
                    del each.made[of]
                call, symbol = self._composed(state.path), "new"
            if name in recorder.quantities and call.equations:
                recorder.quantities[name].call, recorder.quantities[name].of = call, symbol

    def _composed(self, path: str) -> Call:
        """The updates of a state that were asked for, one after the other; as batch norm asks for none of one row."""
        call = Call(path, None, "trainer", f"{path}.{{}}", given={"s0": path}, made={"new": f"{path}.new"})
        for k in range(self._requests.get(path, 0)):
            call.given |= {f"a{k}": f"{path}.asked{_more(k + 1)}", f"r{k}": f"{path}.rate{_more(k + 1)}"}
        return call


def _more(number: int) -> str:
    """What tells the further requests of a state from the first."""
    return "" if number == 1 else f"#{number}"


@contextmanager
def _asked(segments: Sequence[Segment]) -> Iterator[list[str]]:
    """Within: the names of the memory that an optimizer asks for; the buffers of all others lie beside it."""
    asked: list[str] = []

    def noting(slots: Slots) -> Callable[[str], Any]:
        code = slots.buffer

        def buffer(name: str) -> Any:
            if name not in asked:
                asked.append(name)
            return code(name)

        return buffer

    with ExitStack() as watched:
        for slots in {id(segment.slots): segment.slots for segment in segments}.values():
            before = vars(slots).get("buffer")
            vars(slots)["buffer"] = noting(slots)
            watched.callback(restore, vars(slots), "buffer", before)
        yield asked


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


def _owners_of_state(calls: Sequence[Call], path: str) -> list[tuple[Call, str]]:
    """The calls that asked for an update of a state, and what they call it."""
    return [
        (call, of) for top in calls for call in top.within() for of, name in call.made.items() if name == f"{path}.new"
    ]


def _within(ops: Any, params: Sequence[Any], gradients: Sequence[Any]) -> list[Any]:
    """The parameters whose gradients lie in these flat arrays."""
    ranges = [(ops.address(gradient), gradient.nbytes) for gradient in gradients]
    return [p for p in params if any(start <= ops.address(p.grad) < start + size for start, size in ranges)]
