"""What holds for building a layer: the shape rule, building twice, clear errors, frozen parameters."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from pellucid.basics.arrays import as_tuple, fits
from pellucid.basics.errors import PellucidError, ShapeError
from pellucid.glassbox.failure import ConformanceError, require, require_all_close, require_same
from pellucid.testing.check import checks
from pellucid.testing.checks.layer_trial import LayerTrial, on_every_backend
from pellucid.testing.fingerprint import fingerprint
from pellucid.testing.subject import VARIABLE, Subject, declared_shape, draw_inputs, is_integer

NOTHING = "0 inputs"
"""Of which there are no sizes to be told."""


def shape_rule(subject: Subject) -> None:
    """output_shape gives the shape of the real output, for every number of rows, before and after building."""
    shapes = tuple(declared_shape(spec) for spec in subject.example.input_shapes)
    unbuilt = subject.create()
    before = fingerprint(unbuilt)
    with suppress(ShapeError):  # a layer that shares the weight of another one must wait for it
        _rule(unbuilt, shapes)
    require(
        fingerprint(unbuilt) == before, "output_shape changes the layer.", expected="a pure rule",
        received="another self after the call", remedy="Do in build what build is for; compute shapes from shapes.",
    )  # fmt: skip
    trial = LayerTrial(subject)
    ruled = _rule(trial.model, trial.shapes)
    for rows in (1, 4):
        ctx = trial.context()
        ctx.begin(0, 0, share=rows / 4)
        outputs = trial.forward(ctx, *trial.draw_inputs(rows))
        require(
            len(outputs) == len(ruled), "output_shape gives another number of outputs than forward.",
            expected=len(outputs), received=len(ruled), remedy="Return one shape per output, several as a tuple.",
        )  # fmt: skip
        for y, shape in zip(outputs, ruled, strict=True):
            require(
                fits(y.shape, (rows, *shape)), f"output_shape and the output of forward differ for {rows} row(s).",
                expected=("N", *y.shape[1:]), received=("N", *shape),
                remedy="Correct output_shape, or the output; its first axis is the batch.",
            )  # fmt: skip
    if any(None in shape for shape in trial.shapes):
        _require_any_length(trial, subject)


def _require_any_length(trial: LayerTrial, subject: Subject) -> None:
    """An axis of variable length may have any, and output_shape knows what follows from it."""
    for length in (1, VARIABLE + 2):
        specs = tuple(tuple(length if n is None else n for n in spec) for spec in subject.example.input_shapes)
        inputs = draw_inputs(specs, 2, np.random.default_rng(0), trial.dtype, trial.ops)
        outputs = trial.forward(trial.context(), *inputs)
        got, want = tuple(y.shape[1:] for y in outputs), _rule(trial.model, tuple(map(declared_shape, specs)))
        require(got == want, f"output_shape is wrong for a variable axis of length {length}.", expected=got,
                received=want, remedy="Let None stay None, and known lengths follow the rule.")  # fmt: skip


def _rule(layer: Any, shapes: tuple[Any, ...]) -> tuple[Any, ...]:
    result = layer.output_shape(*shapes)
    require(isinstance(result, tuple), "output_shape returns no tuple.", expected="a tuple of int or None",
            received=repr(result), remedy="Return a shape such as (3,), without the batch axis.")  # fmt: skip
    return result if result and all(isinstance(part, tuple) for part in result) else (result,)


def built_twice(subject: Subject) -> None:
    """Building again for the same shapes changes nothing."""
    trial = LayerTrial(subject)
    before, params = trial.values(), trial.model.parameters()
    trial.model.build(*trial.shapes)
    again = trial.model.parameters()
    require(
        len(again) == len(params) and all(a is b for a, b in zip(again, params, strict=True)),
        "Building again makes new parameters.", expected=params, received=again,
        remedy="Declare them by self.param and self.state, which return what is there already, and only in build.",
    )  # fmt: skip
    require_all_close("after building again", trial.values(), before, "Let build only declare.")


def same_seed(subject: Subject) -> None:
    """The same seed gives the same parameters."""
    first, second = (LayerTrial(subject, seed=7).values() for _ in range(2))
    require_all_close("of the same seed", second, first, "Draw only from the generator that the initializer is given.")


def integers_declared(subject: Subject) -> None:
    """integer_inputs names the inputs that hold indices or masks: a model hands on all others as floating numbers."""
    trial = LayerTrial(subject)
    of_example = tuple(i for i, spec in enumerate(subject.example.input_shapes) if is_integer(spec))
    require(
        tuple(sorted(trial.model.integer_inputs)) == of_example, "integer_inputs does not fit the example.",
        expected=of_example, received=tuple(trial.model.integer_inputs),
        remedy="Say integer_inputs = (0,) of a layer whose first input holds indices or a mask, ('int', …) or "
        "('bool', …) in its examples.",
    )  # fmt: skip


def wrong_shapes(subject: Subject) -> None:
    """Shapes that do not fit are a ShapeError that names the layer; those that fit work."""
    specs = subject.example.input_shapes
    for i, spec in enumerate(specs):
        shape = declared_shape(spec)
        mark = spec[: len(spec) - len(shape)]
        for other in _others(shape):
            _refused_or_works(subject, (*specs[:i], (*mark, *other), *specs[i + 1 :]), other)


def _others(shape: tuple[int | None, ...]) -> list[tuple[Any, ...]]:
    """Shapes with more axes, with fewer, and with one axis longer or of length 1."""
    if not shape:
        return [(2,)]
    first, last = shape[0], shape[-1]
    others: list[tuple[Any, ...]] = [(*shape, 2), shape[:-1], (2, *shape), (*shape, 2, 2), shape[1:]]
    if last is not None:
        others += [(*shape[:-1], last + 1), (*shape[:-1], 1)]
    if first is not None:
        others += [(first + 1, *shape[1:]), (1, *shape[1:])]
    return list(dict.fromkeys(other for other in others if other != shape))


def wrong_number(subject: Subject) -> None:
    """One input too many or too few, or none, is a ShapeError that names the layer, unless it works."""
    specs = subject.example.input_shapes
    for other in dict.fromkeys(((*specs, specs[-1] if specs else (5,)), specs[:-1], ())):
        _refused_or_works(subject, other, f"{len(other)} inputs")


def _refused_or_works(subject: Subject, specs: Any, what: Any) -> None:
    """Inputs of a layer that was built for others: a clear ShapeError, or an output."""
    trial, shapes = LayerTrial(subject), tuple(declared_shape(spec) for spec in specs)
    try:
        trial.model.build(*shapes)
        outputs = _rule(trial.model, shapes)
    except PellucidError as error:
        _require_clear(error, trial.model, what)
        return
    except ConformanceError:
        raise
    except Exception as error:
        raise ConformanceError(
            f"Input shapes {shapes} raise {type(error).__name__}.", expected="a ShapeError, or to work",
            received=str(error), remedy="Check shapes in build and output_shape, and raise ShapeError.",
        ) from error  # fmt: skip
    _require_works(trial, specs, what, outputs)


def _require_clear(error: PellucidError, layer: Any, what: Any) -> None:
    text = str(error)
    names = {type(part).__name__ for _, part in layer.walk()}
    sizes = any(map(str.isdigit, text)) or not what or what == NOTHING
    require(
        isinstance(error, ShapeError) and any(name in text for name in names) and sizes,
        f"The error for {_shown(what)} is not clear.",
        expected=f"a ShapeError that names the layer ({', '.join(sorted(names))}) and the sizes",
        received=f"{type(error).__name__}: {text}",
        remedy="Say what, where, expected, received, remedy: raise ShapeError(f'{type(self).__name__} needs …').",
    )


def _require_works(trial: LayerTrial, specs: Any, what: Any, outputs: Any) -> None:
    """What build and output_shape accept must be accepted by forward, with that output, and by backward."""
    inputs = draw_inputs(specs, 2, np.random.default_rng(5), trial.dtype, trial.ops)
    ctx = trial.context()
    try:
        y = as_tuple(trial.model.forward(ctx, *inputs))  # of any number, other than that of the example
    except Exception as error:
        raise ConformanceError(
            f"build and output_shape accept {_shown(what)}, and forward raises {type(error).__name__}.",
            expected="a ShapeError from build or output_shape, before data flows", received=str(error),
            remedy="Check the shape in build: self.param raises for a parameter that exists with another shape. "
            "Name the inputs in both, one shape each, and their number is checked.",
        ) from error  # fmt: skip
    got, promised = tuple(part.shape for part in y), tuple((2, *shape) for shape in outputs)
    require(
        len(got) == len(promised) and all(map(fits, got, promised)), f"output_shape is wrong for {_shown(what)}.",
        expected=got, received=promised, remedy="Correct output_shape, or refuse the shape with a ShapeError.",
    )  # fmt: skip
    gradients = as_tuple(trial.model.backward(ctx, *y))
    require(
        len(gradients) == len(inputs), f"backward gives another number of gradients for {_shown(what)}.",
        expected=len(inputs), received=len(gradients),
        remedy="Name the inputs in build and output_shape, one shape each; backward returns a gradient for each.",
    )  # fmt: skip


def _shown(what: Any) -> str:
    return what if isinstance(what, str) else f"the input shape {what}"


def frozen(subject: Subject) -> None:
    """Freezing one parameter changes no other gradient, on any backend."""
    for trial in on_every_backend(subject):
        whole = trial.call()
        for param in trial.model.parameters():
            param.trainable = False
            rest = trial.call()
            param.trainable = True
            when = f"with '{param.path}' frozen on backend '{trial.ops.name}'"
            for path, grad in whole.grads.items():
                if path != param.path:
                    require_same(f"The gradient of '{path}' {when}", rest.grads[path], grad,
                                 "Leave out the gradient of the frozen parameter only.")  # fmt: skip
            for i, (a, b) in enumerate(zip(rest.dx, whole.dx, strict=True)):
                if b is not None:
                    require_same(f"The gradient of input {i} {when}", a, b,
                                 "The gradient flows through a frozen layer.")  # fmt: skip


CHECKS = checks(integers_declared, shape_rule, built_twice, same_seed, wrong_shapes, wrong_number, frozen)
