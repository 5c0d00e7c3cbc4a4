"""What holds for when a callback acts: again at the same moments in a run that goes on, at every n-th, and as its
equation of 'acts' says."""

from __future__ import annotations

import inspect
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from pellucid.glassbox.equations import require_equations
from pellucid.glassbox.failure import require
from pellucid.saving.checkpoint import restore_checkpoint, save_checkpoint
from pellucid.testing.check import Check, checks, has_expressions
from pellucid.testing.checks.acts import CUT, OF_AN_EPOCH, Acts, Moment, acts_of, fit, listed, said, trainer_with
from pellucid.testing.checks.using import quiet_folder
from pellucid.testing.subject import Subject

CADENCES = ("every", "interval", "period", "frequency", "cadence")
"""What an argument is called, or part of it, that says after how many steps or epochs something is done again."""
WAITS = ("patience", "wait", "delay", "start", "after", "begin")
"""What an argument is called, or part of it, that says how long nothing is done."""


def acts_again_when_continued(subject: Subject) -> None:
    """In a run that is continued from a checkpoint of any step it acts when it does so in one in one piece."""
    with quiet_folder() as folder:
        file = folder.resolve().parent / f"{folder.name}.checkpoint"  # not among what the callback writes
        try:
            whole = _whole(subject, file)
            if not file.exists():
                return  # it stops runs before
            callback = subject.create()
            trainer = trainer_with(subject, callback)
            restore_checkpoint(trainer, file)
            again = fit(trainer, callback)
            twin = whole if _rest(whole) == _rest(again) else _whole(subject, file)
        finally:
            file.unlink(missing_ok=True)
    for word, expected in _rest(whole).items():
        if _rest(twin)[word] == expected:  # what goes by the clock never repeats
            require(_rest(again)[word] == expected,
                    f"In a run that is continued after step {CUT} it {word} at other moments.",
                    expected=said(expected), received=said(_rest(again)[word]),
                    remedy="Count by run.step and run.epoch, or put the count into state and take it back in restore.",
            )  # fmt: skip


def _whole(subject: Subject, file: Path) -> Acts:
    callback = subject.create()
    return fit(trainer_with(subject, callback), callback, lambda run: save_checkpoint(run.trainer, file))


def _rest(acts: Acts) -> dict[str, set[Moment]]:
    """When it does or keeps something after the run was cut; a run that goes on may say so, and count anew."""
    done = {"step": CUT, "gradients": CUT, "epoch": CUT // OF_AN_EPOCH}
    kinds = {word: moments for word, moments in acts.kinds() if word in ("does something", "keeps something")}
    return {word: {(what, n) for what, n in moments if n > done[what]} for word, moments in kinds.items()}


def cadence(subject: Subject) -> None:
    """With ``every=n`` it acts after the n-th, the 2n-th, … of the steps or epochs after which it acts with 1."""
    for name in _cadences(subject):
        once = acts_of(_with(subject, name, 1))
        others = {n: acts_of(_with(subject, name, n)) for n in (2, 3, OF_AN_EPOCH)}
        for n, acts in others.items():
            _require_thinned(subject, name, n, once, acts)


def _require_thinned(subject: Subject, name: str, n: int, once: Acts, acts: Acts) -> None:
    """Raise ConformanceError where it acts less often with n, but after other steps or epochs than each n-th."""
    told = any(equation.of == "acts" for equation in subject.target.equations)
    remedy = f"Act where run.step % {name} == 0 or run.epoch % {name} == 0, as run.on_step(…, every={name}) does; or "
    remedy += "say when by an equation of 'acts'."
    thinner = False
    for (word, before), (_, after) in zip(once.kinds(), acts.kinds(), strict=True):
        for clock in ("step", "gradients", "epoch"):
            one, some = once.numbers(clock, before), acts.numbers(clock, after)
            if one and not told and word != "counts" and clock != "gradients":
                steps = {b - a for a, b in pairwise(one)}
                require(len(one) < 3 or len(steps) > 1 or steps <= {1, OF_AN_EPOCH},
                        f"With {name}=1 it {word} after every {min(steps, default=1)}. {clock}.",
                        expected=f"after every {clock}", received=listed(one), remedy=remedy)  # fmt: skip
                more = [number for number in some if number not in one]
                require(not more, f"With {name}={n} it {word} where with 1 it does not.", expected=listed(one),
                        received=listed(more), remedy=remedy)  # fmt: skip
            if len(some) > 0.75 * len(one) or not one:
                continue
            thinner = True
            other = next((unit for unit in ("epoch", "step", "batch") if unit in name and unit not in (clock, "batch")
                          and not (clock == "gradients" and unit == "step")), "")  # fmt: skip
            require(not other or word == "counts", f"Its '{name}' counts {clock}s.", expected=f"{other}s",
                    received=f"with {n} it {word} after {listed(some)} {clock}s", remedy=remedy)  # fmt: skip
            if told or (word == "counts" and len(some) > len(one) // n + 1):
                continue
            last = min(once.reached[clock], acts.reached[clock])
            wanted = [number for number in range(1, last + 1) if number % n == 0]
            if clock == "gradients":  # a step is done when its gradients have been used: either count is one
                wanted = [number for number in range(1, last + 1) if (number - some[0]) % n == 0] if some else wanted
            whole = one[:last] == list(range(1, last + 1)) and word != "counts"
            right = some == wanted if whole else set(some) <= set(wanted)
            require(right, f"With {name}={n} it {word} at other moments than after every {n}. {clock}.",
                    expected=f"{'' if whole else 'some of '}{listed(wanted)}", received=listed(some), remedy=remedy,
            )  # fmt: skip
    acted = once.seen | once.printed | once.grown
    require(thinner or not acted or vars(acts) != vars(once), f"It acts as often with {name}={n} as with 1.",
            expected=f"about every {n}. time", received=said(acted), remedy=remedy)  # fmt: skip


def has_cadence(subject: Subject) -> bool:
    """Whether an argument says after how many steps or epochs something is done again."""
    return isinstance(subject.target, type) and bool(_cadences(subject))


def _cadences(subject: Subject) -> list[str]:
    """The arguments that are called so, and are whole numbers of which 1, 2 and 3 are taken."""
    found = []
    for p in inspect.signature(subject.target).parameters.values():
        value = subject.example.arguments.get(p.name, p.default)
        if type(value) is int and any(word in p.name for word in CADENCES):
            try:
                for n in (1, 2, 3, OF_AN_EPOCH):
                    _with(subject, p.name, n).create()
            except Exception:  # what it refuses is its own affair
                continue
            found.append(p.name)
    return found


def _with(subject: Subject, name: str, value: int) -> Subject:
    example = subject.example
    return replace(subject, example=replace(example, arguments={**example.arguments, name: value}))


def waits(subject: Subject) -> None:
    """With a patience, or a start, that is larger by one it acts for the first time one step or epoch later."""
    for name in _waits(subject):
        acted = differs = False
        for rate in (0.05, 0.9):  # the loss falls, and that on the validation data rises; or both rise
            runs = [acts_of(_with(subject, name, n), rate) for n in (1, 2, 3)]
            acted = acted or bool(runs[0].seen)
            differs = differs or not vars(runs[0]) == vars(runs[1]) == vars(runs[2])
            first = [min(acts.seen, key=lambda moment: moment[1]) for acts in runs if acts.seen]
            if len(first) < len(runs) or len(set(first)) == 1:
                continue
            clocks, numbers = {clock for clock, _ in first}, [number for _, number in first]
            by, again = numbers[1] - numbers[0], numbers[2] - numbers[1]
            right = len(clocks) == 1 and by == again and by in (1, *((OF_AN_EPOCH,) if "epoch" not in clocks else ()))
            require(
                right, f"With {name} = 1, 2 and 3 it does not act for the first time one step or epoch later each.",
                expected="k, k + 1, k + 2", received=listed(numbers),
                remedy=f"Compare what has passed with {name} itself.",
            )  # fmt: skip
        require(differs or not acted, f"It acts alike with {name} = 1, 2 and 3.", expected="later, the larger it is",
                received=said(runs[0].seen), remedy=f"Compare what has passed with {name} itself.")  # fmt: skip


def _waits(subject: Subject) -> list[str]:
    found = []
    for p in inspect.signature(subject.target).parameters.values():
        value = subject.example.arguments.get(p.name, p.default)
        if type(value) is int and value >= 0 and any(word in p.name for word in WAITS):
            try:
                for n in (1, 2, 3):
                    _with(subject, p.name, n).create()
            except Exception:  # what it refuses is its own affair
                continue
            found.append(p.name)
    return found


def has_wait(subject: Subject) -> bool:
    """Whether an argument says how long nothing is done."""
    return isinstance(subject.target, type) and bool(_waits(subject))


def equations(subject: Subject) -> None:
    """The equation of 'acts' is true after the steps or epochs after which it does something, and after no others.

    Its names: ``step`` and ``epoch``, which are run.step and run.epoch, and the constructor's arguments.
    """
    acts, callback = acts_of(subject), subject.create()
    moments = acts.seen or acts.printed or acts.grown
    clocks = [clock for clock in ("step", "gradients", "epoch") if acts.numbers(clock, moments)]
    for clock in clocks or ("step",):
        for number in range(1, acts.reached[clock] + 1):
            done = (number - 1) // OF_AN_EPOCH
            step, epoch = {
                "step": (number, done), "gradients": (number - 1, done), "epoch": (number * OF_AN_EPOCH, number)
            }[clock]  # fmt: skip
            require_equations(
                callback, {"step": step, "epoch": epoch}, {"acts": (clock, number) in moments},
                where=f" {'at the gradients of step' if clock == 'gradients' else f'after {clock}'} {number}",
            )  # fmt: skip


CHECKS = (
    *checks(acts_again_when_continued), Check(cadence, has_cadence), Check(waits, has_wait),
    *checks(equations, applies=has_expressions),
)  # fmt: skip
