"""What holds for a view: it suits its models and refuses others, its controls are taken, all values can be shown,
equal values alike, and looking changes nothing."""

from __future__ import annotations

import inspect
from collections.abc import Generator, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import fields, is_dataclass
from itertools import islice
from typing import Any

import numpy as np

from pellucid.basics.errors import PellucidError
from pellucid.glassbox.failure import ConformanceError, require
from pellucid.glassbox.views.controls import (
    ViewChoice,
    ViewDrawing,
    ViewPlane,
    ViewSlider,
    ViewSwitch,
    ViewText,
)
from pellucid.glassbox.views.view import Viewed
from pellucid.interfaces.layer import require_runtime
from pellucid.interfaces.parameters import Param, State
from pellucid.interfaces.samples import Split
from pellucid.model.build import build
from pellucid.testing.check import checks
from pellucid.testing.checks.view_parts import require_controls, require_parts
from pellucid.testing.fingerprint import difference, fingerprint
from pellucid.testing.subject import Subject
from pellucid.training.trainer import Trainer

MOST_STATES = 2_000
"""States of one generator that are looked at: what has more has no end."""
MOST_OPTIONS = 12
"""Words of a choice that are tried: the first and the last ones."""
STRANGE = ("", " ", "\n", "\0", "é€ж漢🙂", "<b>&amp;", "0" * 10_000)
"""Texts that people type in; the last is cut to the most letters of the control."""


def tried(subject: Subject) -> list[Viewed]:
    """The models that the view names, to try it on."""
    found = list(subject.target.tried_on())
    require(
        found and all(isinstance(opened, Viewed) for opened in found),
        "It names no model that it can be tried on.", expected="tried_on to give at least one Viewed",
        received=found, remedy="Build a small model there, and yield pellucid.Viewed.of(model, data).",
    )  # fmt: skip
    return found


def first_values(controls: Sequence[Any]) -> dict[str, Any]:
    """The values with which a page begins."""
    return {control.name: _values_of(control)[0] for control in controls}


def _values_of(control: Any) -> list[Any]:
    """The values that are tried of a control, as the studio gives them, the first one first."""
    match control:
        case ViewSlider():
            kind = int if isinstance(control.step, int) else float
            return [kind(control.value), kind(control.low), kind(control.high)]
        case ViewChoice():
            others = [option for option in control.options if option != control.value]
            return [control.value, *others[: MOST_OPTIONS // 2], *others[MOST_OPTIONS // 2 :][-MOST_OPTIONS // 2 :]]
        case ViewSwitch():
            return [control.value, not control.value]
        case ViewText():
            return [control.value, *(text[: control.most] for text in STRANGE)]
        case ViewPlane():
            low, high = float(control.low), float(control.high)
            x, y = map(float, control.value)
            return [(x, y), (low, low), (low, high), (high, low), (high, high)]
        case ViewDrawing():
            stroke = np.zeros(control.shape, np.float32)
            stroke[control.shape[0] // 4 : 3 * control.shape[0] // 4, control.shape[1] // 2] = 1.0
            return [np.zeros(control.shape, np.float32), stroke, np.ones(control.shape, np.float32)]
    return [0, 1, 1_000_000]  # how often a button was pressed


def _trials(controls: Sequence[Any], *, few: bool = False) -> Iterator[tuple[dict[str, Any], bool]]:
    """Values to show, and whether a text among them is one that nobody need understand: each control at each of its
    values, or only at the last of them, the others as they begin; then all at once at their lowest and highest."""
    first = first_values(controls)
    yield first, False
    for control in controls:
        for value in _values_of(control)[1:][-1 if few else 0 :]:
            yield first | {control.name: value}, isinstance(control, ViewText)
    for place in (1, -1):
        kept = {c.name: first[c.name] if isinstance(c, ViewText) else _values_of(c)[place:][0] for c in controls
                if len(_values_of(c)) > 1}  # fmt: skip
        yield first | kept, False


def shown(view: Any, opened: Viewed, values: Mapping[str, Any], *, most: int = MOST_STATES) -> list[Any]:
    """All that is shown for these values, one sequence of parts after the other; of one without end so many."""
    given = view.show(opened, **values)
    if isinstance(given, Iterator):
        states = list(islice(given, most + 1))
        require(states, "Nothing is shown.", expected="a generator that yields parts", received="nothing",
                remedy="Yield at least once, a PageNote if there is nothing else to show.")  # fmt: skip
        return states
    return [given]


def use_view(subject: Subject) -> Any:
    """Ask a view as the studio asks it, with the values that its controls begin with."""
    view = subject.create()
    for opened in tried(subject):
        require(view.suits(opened) is True, "It does not suit a model that it names to be tried on.", expected=True,
                received=repr(view.suits(opened)), remedy="Correct suits, or tried_on.")  # fmt: skip
        controls = view.controls(opened)
        require_controls(controls)
        for parts in shown(view, opened, first_values(controls)):
            require_parts(parts, "What is shown")
    return view


# -- what holds ------------------------------------------------------------------------------------------------------


def has_words(subject: Subject) -> None:
    """It has a title, and a docstring whose first sentence can stand below it; it is made without arguments."""
    require(isinstance(subject.target.title, str) and subject.target.title.strip(), "It has no title.",
            expected='title = "…"', received=repr(subject.target.title), remedy="Set title in the class.")  # fmt: skip
    require((subject.target.__doc__ or "").strip(), "It has no docstring of its own.", expected="a sentence",
            received="none", remedy="Say what one sees, in a docstring of the class.")  # fmt: skip
    needed = list(inspect.signature(subject.target).parameters)
    require(not needed, "It takes arguments.", expected="a class that is made without any", received=needed,
            remedy="A page makes it by its name: what can be set are its controls.")  # fmt: skip


def refuses_others(subject: Subject) -> None:
    """suits says yes or no of any model, without raising and without changing it; where it says yes, it can show it."""
    view = subject.create()
    for opened in _others():
        before = _described(opened)
        try:
            said = view.suits(opened)
        except Exception as error:
            raise ConformanceError(
                f"suits raises for {opened.name}.", expected="True or False",
                received=f"{type(error).__name__}: {error}",
                remedy="Look at the class of opened.model, or at its runtime, before all else.",
            ) from error  # fmt: skip
        require(isinstance(said, bool), f"suits gives no bool for {opened.name}.", expected="True or False",
                received=repr(said), remedy="return isinstance(opened.model, …)")  # fmt: skip
        _require_unchanged(before, opened, "suits")
        if said:
            _require_shown(view, opened, f"with {opened.name}, which it says it suits")


def without_data(subject: Subject) -> None:
    """Of a model whose data is not at hand it says so, by a PellucidError, or does without."""
    view = subject.create()
    for known in tried(subject):
        opened = Viewed.of(known.model)
        if view.suits(opened):
            _require_shown(view, opened, "without data")


def controls_taken(subject: Subject) -> None:
    """Controls have names of their own, which show takes; they begin within their bounds, and are the same again."""
    view = subject.create()
    for opened in tried(subject):
        controls = view.controls(opened)
        require_controls(controls)
        try:
            inspect.signature(view.show).bind(opened, **first_values(controls))
        except TypeError as error:
            raise ConformanceError(
                "show does not take the names of the controls.", expected=[control.name for control in controls],
                received=str(error), remedy="Give show a keyword for each control, or **values.",
            ) from None  # fmt: skip
        require(_same(controls, view.controls(opened)), "Its controls are others when they are asked for again.",
                expected="the same", received="others", remedy="Draw random numbers from a seed.")  # fmt: skip


def shown_at_bounds(subject: Subject) -> None:
    """Every value of a control, up to its bounds, can be shown: parts of the known classes, and generators that end."""
    view = subject.create()
    for opened in tried(subject):
        for values, strange in _trials(view.controls(opened)):
            told = f"What is shown for {_told(values)}"
            try:
                states = shown(view, opened, values)
            except PellucidError as error:
                require(strange, f"{told} is an error.", expected="parts", received=str(error),
                        remedy="Narrow the control, or show what there is; only texts may be refused.")  # fmt: skip
                continue
            require(len(states) <= MOST_STATES, f"{told} has no end.", expected=f"at most {MOST_STATES} states",
                    received="more", remedy="Let the generator end; show every k-th state.")  # fmt: skip
            for parts in states:
                require_parts(parts, told)


def equal_values_equal_parts(subject: Subject) -> None:
    """Equal values give equal parts: asked again, after other values, of a view made anew; nothing stays on self."""
    view = subject.create()
    for opened in tried(subject):
        asked = [values for values, strange in _trials(view.controls(opened), few=True) if not strange]
        before = fingerprint(view)
        first = [shown(view, opened, values) for values in asked]
        place = difference(before, fingerprint(view))
        require(not place, f"show keeps something on self: {place}.", expected="nothing", received=place,
                remedy="Keep it with opened.once(name, make), which knows when the weights change.")  # fmt: skip
        for again in (view, subject.create()):
            for values, parts in list(zip(asked, first, strict=True))[::-1]:
                require(_same(parts, shown(again, opened, values)), f"Equal values give other parts: {_told(values)}.",
                        expected="the same parts", received="others",
                        remedy="Draw random numbers from a seed that is a control.")  # fmt: skip


def model_untouched(subject: Subject) -> None:
    """Looking changes neither weights, nor states, nor anything else of the model, nor NumPy's random numbers."""
    view = subject.create()
    for opened in tried(subject):
        before, drawn = _described(opened), _global_random()
        controls = view.controls(opened)
        _require_unchanged(before, opened, "controls")
        for values, _ in _trials(controls, few=True):
            try:
                shown(view, opened, values)
            except PellucidError:
                continue
            _require_unchanged(before, opened, "show")
        require(_same(drawn, _global_random()), "It draws from NumPy's global random numbers.",
                expected="numpy.random.default_rng(seed)", received="numpy.random.…",
                remedy="Make a generator from a seed that is a control.")  # fmt: skip


def seen_anew(subject: Subject) -> None:
    """What is shown is what the model is now: other weights, other parts, as another view of them shows."""
    for opened in tried(subject):
        view, controls = subject.create(), subject.create().controls(opened)
        shown(view, opened, first_values(controls))
        rng = np.random.default_rng(5)
        for param in opened.model.parameters():
            data = require_runtime(opened.model).ops.to_host(param.data)
            moved = data + 0.3 * rng.normal(size=param.shape)
            param.data[...] = require_runtime(opened.model).ops.asarray(np.asarray(moved, data.dtype))
        fresh = Viewed(deepcopy(opened.model), opened.name, opened.read)
        values = first_values(view.controls(fresh))
        require(_same(shown(view, opened, values), shown(subject.create(), fresh, values)),
                "It shows weights that the model had before.", expected="parts of the present weights",
                received="others", remedy="Keep what is computed with opened.once(name, make) alone.")  # fmt: skip


def can_be_left(subject: Subject) -> None:
    """A generator that is closed before its end closes without a word, and nothing of it stays."""
    view = subject.create()
    for opened in tried(subject):
        values = first_values(view.controls(opened))
        before, given = _described(opened), view.show(opened, **values)
        if not isinstance(given, Iterator):
            continue
        next(given, None)
        require(isinstance(given, Generator), "What show gives cannot be left.", received=type(given).__name__,
                expected="a generator, or a sequence of parts", remedy="Write show with yield.")  # fmt: skip
        given.close()  # type: ignore[attr-defined]
        _require_unchanged(before, opened, "a show that was left")


# -- what they share -------------------------------------------------------------------------------------------------


def _require_shown(view: Any, opened: Viewed, when: str) -> None:
    """Its first values can be shown, or it says in pellucid's words why not."""
    try:
        controls = view.controls(opened)
        require_controls(controls)
        states = shown(view, opened, first_values(controls), most=20)
    except PellucidError:
        return
    except ConformanceError:
        raise
    except Exception as error:
        raise ConformanceError(
            f"It fails {when}.", expected="parts, or a PellucidError", received=f"{type(error).__name__}: {error}",
            remedy="Let suits say no, or raise DataError or ConfigError with what is missing.",
        ) from error  # fmt: skip
    for parts in states:
        require_parts(parts, f"What is shown {when}")


def _others() -> Iterator[Viewed]:
    """Models of many kinds, of which a view suits few: small, large outputs, integers in, several inputs, never
    trained, without data."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(8, 4)).astype(np.float32)
    rows = Split(x, np.arange(8) % 3, ("a", "b", "c"))
    dense = {"type": "core/dense", "units": 3}
    trained = build(dense, input_shape=(4,), seed=0)
    Trainer(trained, loss="softmax_cross_entropy", seed=0).fit(rows, epochs=1, verbose=False)
    yield Viewed.of(trained, rows, "a classifier of rows")
    line = build({**dense, "units": 1}, input_shape=(4,), seed=0)
    yield Viewed.of(line, Split(x, x[:, :1]), "a regression")
    yield Viewed.of(build(dense, input_shape=(4,), seed=0), None, "a model that was never trained, without data")
    pictures = [{"type": "core/flatten"}, {**dense, "units": 10}]
    images = Split(rng.uniform(size=(8, 28, 28)).astype(np.float32), np.arange(8))
    model = build({"type": "core/sequential", "layers": pictures}, input_shape=(28, 28), seed=0)
    yield Viewed.of(model, images, "a classifier of pictures")
    two = {"type": "core/parallel", "layers": [dense, dense]}
    yield Viewed.of(build(two, input_shape=(4,), seed=0), rows, "a model of two branches")


def _described(opened: Viewed) -> dict[str, Any]:
    """All that is set of a model, as copies."""
    model = opened.model
    runtime = require_runtime(model)
    parts: list[Param | State] = [*model.parameters(), *model.states()]
    owned = {f"{type(part).__name__} {part.path}": np.array(runtime.ops.to_host(part.data)) for part in parts}
    about = {"metadata": repr(runtime.metadata), "classes": runtime.classes, "seed": runtime.seed}
    transforms = {f"transform {k}": fingerprint(each) for k, each in enumerate(runtime.transforms)}
    return {**owned, **about, **transforms, "attributes": fingerprint(model)}


def _require_unchanged(before: dict[str, Any], opened: Viewed, what: str) -> None:
    after = _described(opened)
    changed = [name for name in {**before, **after} if not _same(before.get(name), after.get(name))]
    require(not changed, f"{what} changes the model: {changed[:1]}.", expected="the model as it was",
            received=", ".join(changed), remedy="Look by model.predict, by in_batches, or on a copy.")  # fmt: skip


def _global_random() -> Any:
    """Where NumPy's global random numbers stand, which a view must not draw."""
    return np.random.get_state(legacy=False)  # noqa: NPY002


def _told(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r:.40}" for name, value in values.items()) or "no values"


def _same(a: Any, b: Any) -> bool:
    """Whether two values, parts or tables of them hold the same."""
    if is_dataclass(a) and not isinstance(a, type):
        return type(a) is type(b) and all(_same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    if isinstance(a, Mapping):
        return isinstance(b, Mapping) and set(a) == set(b) and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        a, b = np.asarray(a), np.asarray(b)
        if a.dtype.kind in "fc" and b.dtype.kind in "fc":
            return a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=True))
        return bool(np.array_equal(a, b))
    if isinstance(a, Sequence) and not isinstance(a, str | bytes):
        return isinstance(b, Sequence) and len(a) == len(b) and all(map(_same, a, b))
    return bool(a == b) or (a != a and b != b)


CHECKS = checks(
    has_words,
    controls_taken,
    shown_at_bounds,
    equal_values_equal_parts,
    model_untouched,
    seen_anew,
    can_be_left,
    refuses_others,
    without_data,
)
