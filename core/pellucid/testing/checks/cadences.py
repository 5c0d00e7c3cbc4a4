"""What holds for when a callback acts: again at the same moments in a run that goes on, at every n-th, and as its
equation of 'acts' says."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise, product
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
NUMBERS = (1, 2, 3, OF_AN_EPOCH)
"""What such an argument is tried with."""
CLOCKS = ("step", "gradients", "epoch")
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
    for name in _named(subject, CADENCES):
        once = acts_of(_with(subject, name, 1))
        for n in NUMBERS[1:]:
            acts = acts_of(_with(subject, name, n))
            remedy = f"Act where run.step % {name} == 0 or run.epoch % {name} == 0, as run.on_step(…, every={name}) "
            remedy += "does; or say when by an equation of 'acts'."
            thinned = [
                _require_thinned(word, clock, once, acts, (name, n), remedy)
                for word, clock in product(dict(once.kinds()), CLOCKS)
            ]
            acted = once.seen | once.printed | once.grown
            require(any(thinned) or not acted or vars(acts) != vars(once),
                    f"It acts as often with {name}={n} as with 1.", expected=f"about every {n}. time",
                    received=said(acted), remedy=remedy)  # fmt: skip


def _require_thinned(
    word: str, clock: str, once: Acts, acts: Acts, argument: tuple[str, int], remedy: str
) -> bool:  # fmt: skip
    """Whether it acts less often with n; ConformanceError where it does after other steps or epochs than each n-th."""
    name, n = argument
    one, some = (each.numbers(clock, dict(each.kinds())[word]) for each in (once, acts))
    if one and clock != "gradients":
        gaps = {b - a for a, b in pairwise(one)}
        require(len(one) < 3 or len(gaps) > 1 or gaps <= {1, OF_AN_EPOCH},
                f"With {name}=1 it {word} after every {min(gaps, default=1)}. {clock}.",
                expected=f"after every {clock}", received=listed(one), remedy=remedy)  # fmt: skip
        more = [number for number in some if number not in one and word != "counts"]
        require(not more, f"With {name}={n} it {word} where with 1 it does not.", expected=listed(one),
                received=listed(more), remedy=remedy)  # fmt: skip
    if not one or len(some) > 0.75 * len(one):
        return False
    if word != "counts":
        unit = "step" if clock == "gradients" else clock
        others = [each for each in ("epoch", "step") if each in name and each != unit]
        require(not others, f"Its '{name}' counts {unit}s.", expected=f"{''.join(others)}s",
                received=f"with {n} it {word} after the {unit}s {listed(some)}", remedy=remedy)  # fmt: skip
    elif len(some) > len(one) // n + 1:  # it counts something else as well
        return True
    last = min(once.reached[clock], acts.reached[clock])
    first = (some or [n])[0] if clock == "gradients" else n  # a step ends when its gradients have been used
    wanted = [number for number in range(1, last + 1) if (number - first) % n == 0]
    whole = one[:last] == list(range(1, last + 1)) and word != "counts"
    require(
        some == wanted if whole else set(some) <= set(wanted),
        f"With {name}={n} it {word} at other moments than after every {n}. {clock}.", received=listed(some),
        expected=f"{'' if whole else 'some of '}{listed(wanted)}", remedy=remedy,
    )  # fmt: skip
    return True


def waits(subject: Subject) -> None:
    """With a patience, or a start, that is larger by one it acts for the first time one step or epoch later."""
    for name in _named(subject, WAITS):
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


def _having(words: Sequence[str]) -> Callable[[Subject], bool]:
    """Whether an argument is called so, and no equation says when it acts."""
    return lambda subject: not _told(subject) and bool(_named(subject, words))


def _told(subject: Subject) -> bool:
    return any(equation.of == "acts" for equation in getattr(subject.target, "equations", ()))


def _named(subject: Subject, words: Sequence[str]) -> list[str]:
    """The arguments that have one of these words in their name, and are whole numbers of which small ones are taken."""
    parameters = inspect.signature(subject.target).parameters.values() if isinstance(subject.target, type) else ()
    given = {p.name: subject.example.arguments.get(p.name, p.default) for p in parameters}
    found = [name for name, value in given.items() if type(value) is int and any(word in name for word in words)]
    return [name for name in found if all(_taken(_with(subject, name, n)) for n in NUMBERS)]


def _taken(subject: Subject) -> bool:
    """Whether it can be made; what it refuses is its own affair."""
    try:
        subject.create()
    except Exception:
        return False
    return True


def _with(subject: Subject, name: str, value: int) -> Subject:
    example = subject.example
    return replace(subject, example=replace(example, arguments={**example.arguments, name: value}))


def equations(subject: Subject) -> None:
    """The equation of 'acts' is true after the steps or epochs after which it does something, and after no others.

    Its names: ``step`` and ``epoch``, which are run.step and run.epoch, and the constructor's arguments. It is tried
    with other cadences and patiences, too.
    """
    _require_told(subject)
    for name in _named(subject, (*CADENCES, *WAITS)):
        for n in NUMBERS:
            _require_told(_with(subject, name, n))


def _require_told(subject: Subject) -> None:
    """Hold the equation of 'acts' against a run."""
    acts, callback = acts_of(subject), subject.create()
    moments = acts.seen or acts.printed or acts.grown
    clocks = [clock for clock in CLOCKS if acts.numbers(clock, moments)]
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
    *checks(acts_again_when_continued), Check(cadence, _having(CADENCES)), Check(waits, _having(WAITS)),
    *checks(equations, applies=has_expressions),
)  # fmt: skip
