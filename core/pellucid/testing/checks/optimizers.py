"""What holds for an optimizer: its equations, segments that may be cut anywhere, state in slots only, its cells."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from pellucid.glassbox.equations import require_equations
from pellucid.glassbox.failure import require, require_all_close, require_same
from pellucid.interfaces.optimizer import Optimizer
from pellucid.testing.check import checks, has_expressions, promises_capture
from pellucid.testing.checks.capture import recorded
from pellucid.testing.checks.optimizer_trial import SIZES, OptimizerTrial
from pellucid.testing.fingerprint import unchanged
from pellucid.testing.subject import ROUNDING, Subject
from pellucid.testing.varied import other_arguments

IN_SLOTS = "What is kept from step to step goes into segment.slot(name) and segment.t, nothing on self."
CELLS = (
    "capturable = True promises that step is calls of ops alone, which read lr, weight decay and t from segment.hyper "
    "and segment.t_cell."
)
BY_ITSELF = "Treat each parameter by itself: numbers over all of segment.data depend on where it is cut."


def equations(subject: Subject) -> None:
    """The equations give the steps that the code takes, and the slots.

    Their names: ``theta``, ``g`` (the gradient), ``lr`` and ``weight_decay`` (of the segment), ``t`` (from 1), the
    slots by name, and the constructor's arguments.
    """
    _compare(OptimizerTrial(subject))


def equations_at_ties(subject: Subject) -> None:
    """The equations give the steps that the code takes where parameters and gradients are equal or zero."""
    _compare(OptimizerTrial(subject, tied=True))


def equations_of_segments(subject: Subject) -> None:
    """The equations give the steps where each segment has a learning rate and a weight decay of its own."""
    _compare(OptimizerTrial(subject, grouped=True))


def equations_of_large_gradients(subject: Subject) -> None:
    """The equations give the steps for gradients of 10⁻¹⁰, of a thousandth and of a million, too."""
    for scale in (1e-10, 1e-3, 1e3, 1e6):
        _compare(OptimizerTrial(subject, scale=scale))


def equations_later(subject: Subject) -> None:
    """The equations give the steps of a long run, around the hundredth, and far beyond."""
    trial = OptimizerTrial(subject)
    for start in (9, 99):
        trial.run_long(start)
        _compare(trial, 3)
    for start in (999, 7_001, 60_013, 3_000_017):  # all that it remembers is in slots, so that it may as well be there
        trial.slots.t[()] = start
        _compare(trial, 2)


def equations_of_many_parameters(subject: Subject) -> None:
    """The equations give the steps of parameters of some thousand numbers, and of numbers up to a thousand."""
    _compare(OptimizerTrial(subject, sizes=(67, 71, 1)), 2)
    trial = OptimizerTrial(subject)
    for param in trial.arena.params:
        trial.ops.scale(param.data, 400.0)
    _compare(trial, 2)


def _compare(trial: OptimizerTrial, steps: int = 4) -> None:
    """Take steps and hold the equations against each."""
    for number in range(int(trial.slots.t), int(trial.slots.t) + steps):
        before, slots = trial.values(), {p.path: trial.slot_values(p) for p in trial.arena.params}
        trial.set_gradients(number)
        gradients = trial.gradients()
        trial.step()
        after = trial.values()
        for segment in trial.segments:
            for param in segment.params:
                names: dict[str, Any] = {equation.of: np.zeros(param.shape) for equation in trial.optimizer.equations}
                names |= {"theta": before[param.path], "g": gradients[param.path], "lr": segment.lr,
                          "weight_decay": segment.weight_decay, "t": number + 1, **slots[param.path]}  # fmt: skip
                computed = {"theta": after[param.path], **trial.slot_values(param)}
                where = f" in step {number + 1} for '{param.path}'"
                require_equations(trial.optimizer, names, computed, where=where)


def descends(subject: Subject) -> None:
    """Steps along the gradient of ½‖θ‖² make it smaller."""
    trial = OptimizerTrial(subject)

    def half_square() -> float:
        return float(sum(np.sum(value**2) for value in trial.values().values())) / 2

    start = half_square()
    for _ in range(50):
        for param in trial.arena.params:
            trial.ops.copy(param.data, param.grad)
        trial.step()
    end = half_square()
    require(end < start, "50 steps do not descend.", expected=f"less than {start:.6g}", received=f"{end:.6g}",
            remedy="Subtract the step from segment.data.")  # fmt: skip


def zeroes_grad(subject: Subject) -> None:
    """zeroes_grad = True leaves every gradient at zero."""
    trial = OptimizerTrial(subject)
    trial.run(2)
    left = [param.path for param in trial.arena.params if np.any(trial.ops.to_host(param.grad))]
    require(not left, "zeroes_grad is True, and gradients are left.", expected="all zero", received=left,
            remedy="Clear segment.grad in step, or leave zeroes_grad at False: then the trainer does it.")  # fmt: skip


def segments_cut_anywhere(subject: Subject) -> None:
    """One segment and several for the same parameters take the same step; what is in no segment stays."""
    whole, cut = OptimizerTrial(subject), OptimizerTrial(subject, apart=True)
    whole.run(3)
    cut.run(3)
    require_all_close("with one segment for each parameter", cut.values(), whole.values(), BY_ITSELF)
    turned = OptimizerTrial(subject, apart=True)
    turned.segments.reverse()
    turned.run(3)
    require_all_close("with the segments in another order", turned.values(), whole.values(), BY_ITSELF)
    before = cut.values()
    cut.set_gradients(5)
    cut.step(cut.segments[:1])
    inside = {param.path for param in cut.segments[0].params}
    for path, value in cut.values().items():
        if path not in inside:
            require_same(f"'{path}', which is in no segment,", value, before[path], "Write to segment.data only.")


def zero_gradient(subject: Subject) -> None:
    """Without gradient and weight decay, nothing moves."""
    trial = OptimizerTrial(subject)
    before = trial.values()
    for segment in trial.segments:
        segment.hyper[1] = 0
    for _ in range(2):
        trial.ops.fill(trial.arena.grad, 0.0)
        trial.step()
    remedy = "Read the weight decay from segment.weight_decay or segment.hyper: it is 0 for biases."
    require_all_close("after steps with zero gradient", trial.values(), before, remedy)


def state_in_slots(subject: Subject) -> None:
    """A new optimizer with the old one's slots and step count continues with the same bits."""
    for steps in (3, 12):
        _continued(subject, steps)


def _continued(subject: Subject, steps: int) -> None:
    """Hand over after these steps, and take two more."""
    through, first = OptimizerTrial(subject), OptimizerTrial(subject)
    through.run(steps + 2)
    first.run(steps)
    second = OptimizerTrial(subject)
    for param, own in zip(first.arena.params, second.arena.params, strict=True):
        own.data = param.data
    for name, buffer in first.slots.buffers.items():
        second.ops.copy(buffer, second.slots.buffer(name))
    second.slots.t[()] = first.slots.t
    second.run(2, first=steps)
    require_all_close(f"of a run that was continued after {steps} steps", second.values(), through.values(), IN_SLOTS)


def nothing_kept(subject: Subject) -> None:
    """step changes nothing on self."""
    trial = OptimizerTrial(subject)
    with unchanged(trial.optimizer, what="step", remedy=IN_SLOTS):
        trial.run(12)


def follows_the_schedule(subject: Subject) -> None:
    """The learning rate is read from the segment at every step: a schedule changes it there."""
    trial = OptimizerTrial(subject)
    before = trial.values()
    for segment in trial.segments:
        segment.hyper[0] = 0.0
    trial.run(1)
    remedy = "Take the learning rate from segment.lr or segment.hyper, not from self.lr."
    require_all_close("after a step with learning rate 0", trial.values(), before, remedy)
    half, other = OptimizerTrial(subject), subject.create()
    inner = [(each, each.lr) for each in other.arguments().values() if isinstance(each, Optimizer)]
    other.lr /= 2
    for each, lr in inner:  # an optimizer may leave some parameters to another one, and pass its rate on
        each.lr = lr / 2
    expected = OptimizerTrial(subject, optimizer=other)
    for segment in half.segments:
        segment.hyper[0] = segment.base_lr / 2
    for trial in (half, expected):
        trial.run(2)
    require_all_close("at half the learning rate", half.values(), expected.values(), remedy, 1e-12)


def dtype_kept(subject: Subject) -> None:
    """Parameters and slots keep the model's type."""
    for dtype in ("float32", "float64"):
        trial = OptimizerTrial(subject, dtype=dtype)
        trial.run(1)
        buffers = {"the parameters": trial.arena.data, **trial.slots.buffers}
        for name, buffer in buffers.items():
            require(buffer.dtype == dtype and np.isfinite(buffer).all(), f"{name} are no finite {dtype}.",
                    expected=dtype, received=buffer.dtype, remedy="Update arrays in place.")  # fmt: skip


def single_precision(subject: Subject) -> None:
    """In float32 it takes the steps that it takes in float64, up to rounding."""
    one, other = OptimizerTrial(subject, dtype="float32"), OptimizerTrial(subject)
    for trial in (one, other):
        trial.run(4)
    require_all_close("in float32", one.values(), other.values(), "Compute alike in both types.", 3e-4)


def squares_told(subject: Subject) -> None:
    """Without squares = True weights and slots stay finite for gradients that float32 holds, and whose squares not."""
    trial = OptimizerTrial(subject, dtype="float32", scale=1e25)
    with np.errstate(all="ignore"):
        trial.run(2)
    for name, buffer in {"weights": trial.arena.data, **trial.slots.buffers}.items():
        require(np.isfinite(trial.ops.to_host(buffer)).all(), f"After gradients of 1e25 '{name}' is not finite.",
                expected="finite numbers, or squares = True", received="squares = False",
                remedy="Say squares = True if it keeps squares of gradients: such a step is rejected.")  # fmt: skip


def parity(subject: Subject) -> None:
    """All backends take the same steps."""
    for (dtype, tolerance), tied in product((("float32", ROUNDING), ("float64", 1e-10)), (False, True)):
        one, other = subject.compared(OptimizerTrial, dtype=dtype, tied=tied)
        one.run(4)
        other.run(4)
        remedy = "The reference in ops/ is the specification: hold the kernel against it."
        where = f"on backend '{other.ops.name}' ({dtype}{', at ties' if tied else ''})"
        require_all_close(where, other.values(), one.values(), remedy, tolerance)
        left = f"(what is left of the gradient) {where}"
        require_all_close(left, other.gradients(), one.gradients(), remedy, tolerance)
        for param, twin in zip(one.arena.params, other.arena.params, strict=True):
            slots = f"(a slot of '{param.path}') {where}"
            require_all_close(slots, other.slot_values(twin), one.slot_values(param), remedy, tolerance)


def recorded_plan(subject: Subject) -> None:
    """A recorded step, replayed on other gradients and learning rates, gives the same bits as a step that is run."""
    for sizes in (SIZES, (33, 65, 17)):
        _require_replayed(subject, sizes)


def _require_replayed(subject: Subject, sizes: tuple[int, ...]) -> None:
    trial, eager = (OptimizerTrial(subject, dtype="float32", ops=subject.fast, sizes=sizes) for _ in range(2))
    trial.run(1)  # slots are made at the first step, which is not recorded
    eager.run(1)
    trial.set_gradients(1)
    eager.run(1, first=1)
    trial.slots.asked.clear()
    plan = recorded(subject.fast, trial.step, "of a step")
    require(not trial.slots.asked, "A step asks for what is another at every step.", expected="calls of ops alone",
            received=sorted(trial.slots.asked), remedy=CELLS)  # fmt: skip
    for number in (2, 3):
        for one in (trial, eager):
            one.set_gradients(number)
            for segment in one.segments:
                segment.hyper[0] *= 0.5
        plan.run()
        eager.step()
        require_all_close(
            f"after replay {number - 1} of a recorded step", trial.values(), eager.values(), CELLS,
        )  # fmt: skip


OTHERS = other_arguments(equations, lambda subject: _compare(OptimizerTrial(subject, sizes=(5, 3)), 6))
CHECKS = (
    *checks(descends), *checks(zeroes_grad, applies=lambda subject: getattr(subject.target, "zeroes_grad", False)),
    *checks(segments_cut_anywhere, zero_gradient, state_in_slots, nothing_kept, follows_the_schedule, dtype_kept),
    *checks(
        equations, equations_at_ties, equations_of_segments, equations_of_large_gradients, equations_later,
        equations_of_many_parameters,
        applies=has_expressions,
    ),
    *OTHERS, *checks(single_precision, parity),
    *checks(squares_told, applies=lambda subject: not getattr(subject.target, "squares", False)),
    *checks(recorded_plan, applies=promises_capture),
)  # fmt: skip
