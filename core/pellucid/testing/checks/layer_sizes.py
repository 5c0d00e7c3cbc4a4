"""What holds for a layer at other sizes than its example's: many rows and one, wider samples, axes of other lengths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from pellucid.basics.errors import PellucidError
from pellucid.glassbox.failure import ConformanceError, require, require_close
from pellucid.testing.check import checks, has_expressions
from pellucid.testing.checks.layer_maths import compare
from pellucid.testing.checks.layer_trial import LayerTrial
from pellucid.testing.slopes import require_slope
from pellucid.testing.subject import MANY, ROUNDING, VARIABLE, Specs, Subject, declared_shape, more_classes

MORE = 9
"""By how much an axis grows: from any length to more than a vector of eight."""
BLOCKS, THOUSANDS, MANY_NUMBERS, BLOCK = 320, 2_043, 60_000, 9
"""Rows of large batches, a multiple of what loops go by and none, this of so many numbers; and how many go alone."""
WIDE, LONG = 301, 70
"""Lengths beyond any block that sums or loops are cut into: of the last axis, and of a variable one."""
NUMBERS = 40_000
"""How many numbers a batch of many rows may have; samples that are larger are tried in fewer rows."""


def many_rows(subject: Subject) -> None:
    """A batch of more than a hundred rows has the gradients, equations and backends of a small one, row by row."""
    rows = min(MANY, max(5, NUMBERS // max(1, sum(map(_size, subject.example.input_shapes)))))
    trial = LayerTrial(subject, rows=rows)
    _require_right(subject, trial, f"of a batch of {rows} rows", rows=rows)
    require_slope(trial, f"of a batch of {rows} rows in evaluation", training=False)
    whole = trial.call(training=False)
    for row in sorted({0, rows // 2, rows - 2, rows - 1}):
        ctx = trial.context(training=False, index=np.array([row], np.int64))
        single = trial.call(*(array[row : row + 1] for array in trial.given), ctx=ctx)
        for a, b in zip((*single.y, *single.dx), (*whole.y, *whole.dx), strict=True):
            if a is not None:
                require_close(
                    f"Row {row} evaluated alone, against the same row in a batch of {rows},", a[0], b[row], 1e-9,
                    "Let nothing depend on the number of rows, or on which row it is.",
                )  # fmt: skip


def hundreds_of_rows(subject: Subject) -> None:
    """Batches of hundreds of rows, and of thousands, are right in every row: gradients, and each as it is among few."""
    size = max(1, sum(map(_size, subject.example.input_shapes)))
    few = LayerTrial(subject, rows=MANY if size < MANY else 17)
    for rows in (BLOCKS, THOUSANDS)[: 2 if size * THOUSANDS < MANY_NUMBERS else 1]:
        try:
            trial = LayerTrial(subject, rows=rows)
        except PellucidError:  # a layer that knows something of each row may refuse so many
            return
        require_slope(trial, f"of a batch of {rows} rows")
        if has_expressions(subject) and all(len(declared_shape(spec)) < 2 for spec in subject.example.input_shapes):
            compare(trial, f" of a batch of {rows} rows")  # of filters it would take long
        for training in (True, False):
            if _differing(few, training) is not None:
                continue  # of statistics of the batch the equations know
            row = _differing(trial, training)
            require(
                row is None, f"Rows from {row} on, called alone, differ from the same rows in a batch of {rows} "
                f"({'training' if training else 'evaluation'}).", expected="what they give in a small batch",
                received=row, remedy="Let nothing depend on the number of rows, or on which row it is.",
            )  # fmt: skip


def _differing(trial: LayerTrial, training: bool) -> int | None:
    """The first of some blocks of rows that alone is another than in the whole batch."""
    rows = len(trial.given[0])
    whole = trial.call(ctx=trial.context(training=training, index=np.arange(rows, dtype=np.int64)))
    for row in dict.fromkeys((0, *range(rows // 7, rows - BLOCK, rows // 7), rows - BLOCK)):
        part = slice(row, row + BLOCK)
        index = np.arange(row, row + BLOCK, dtype=np.int64)
        ctx = trial.context(training=training, index=index, row_offset=3 + row)
        alone = trial.call(*(array[part] for array in trial.given), ctx=ctx)
        for a, b in zip((*alone.y, *alone.dx), (*whole.y, *whole.dx), strict=True):
            if a is not None and not np.allclose(a, b[part], rtol=1e-9, atol=1e-9, equal_nan=True):
                return row
    return None


def _size(spec: tuple[Any, ...]) -> int:
    return prod(VARIABLE if n is None else n for n in declared_shape(spec))


def few_rows(subject: Subject) -> None:
    """One row, and two, have the gradients and equations of many."""
    for rows in (1, 2):
        trial = LayerTrial(subject, rows=rows)
        for training in (True, False):
            mode = "training" if training else "evaluation"
            require_slope(trial, f"of a batch of {rows} row(s) in {mode}", training=training)
        if has_expressions(subject):
            compare(trial, f" for {rows} row(s)")


def wider_samples(subject: Subject) -> None:
    """Samples that are wider than the example's, and arguments that are larger, are refused, or right."""
    for specs in wider(subject.example.input_shapes):
        if (trial := _built(subject, specs)) is not None:
            shapes = ", ".join(str(declared_shape(spec)) for spec in specs)
            _require_right(subject, trial, f"for samples of shape {shapes}", specs=specs)
    for other in _larger_arguments(subject):
        if (trial := _built(other, other.example.input_shapes)) is not None:
            _require_right(other, trial, f"of {other.label} on {other.example.input_shapes}")


def any_length(subject: Subject) -> None:
    """An axis of variable length may have any: gradients, equations and backends are right for all."""
    for length in (1, 2, 11, LONG):
        specs = tuple(
            (*spec[: len(spec) - len(shape)], *(length if n is None else n for n in shape))
            for spec, shape in ((spec, declared_shape(spec)) for spec in subject.example.input_shapes)
        )
        trial = LayerTrial(subject)
        try:
            trial.model.output_shape(*map(declared_shape, specs))
        except PellucidError:
            continue
        trial.specs = specs
        trial.use(*trial.draw_inputs(4))
        _require_right(subject, trial, f"for a variable axis of length {length}")


def has_any_length(subject: Subject) -> bool:
    """Whether an axis of its example may have any length."""
    return any(n is None for spec in subject.example.input_shapes for n in declared_shape(spec))


def _require_right(subject: Subject, trial: LayerTrial, when: str, **options: Any) -> None:
    """Raise ConformanceError unless the output is finite, and gradients, equations and the faster backend agree."""
    for y in trial.call().y:
        require(np.isfinite(y).all(), f"The output {when} is not finite.", expected="finite numbers", received=y,
                remedy="Let no formula divide by what is 0 at other sizes.")  # fmt: skip
    require_slope(trial, when)
    if has_expressions(subject):
        compare(trial, f" {when}")
    if subject.backends.fast is None or not options or subject.entry.kind == "model":
        return
    one, other = subject.compared(LayerTrial, dtype="float32", **options)
    for training in (True, False):
        other.call(training=training).require_close(
            one.call(training=training), 4 * ROUNDING, f"on backend '{other.ops.name}' ({when})",
            "The reference in ops/ is the specification: hold the kernel against it.",
        )  # fmt: skip


def wider(specs: Specs) -> Iterator[Specs]:
    """These shapes with all last axes longer, very long, of length 1, and with all others longer, where there are
    such."""
    last = {spec[-1] for spec in specs if declared_shape(spec) and spec[-1] is not None}
    others = {n for spec in specs for n in declared_shape(spec)[:-1] if n is not None}
    for grown in (last, others - last):
        if grown:
            yield tuple(_sized(spec, {n: n + MORE for n in grown}) for spec in specs)
    flat = all(len(declared_shape(spec)) < 2 for spec in specs)
    for length in (1, *((WIDE,) if flat else ())):
        if last - {length}:
            yield tuple(_sized(spec, dict.fromkeys(last, length)) for spec in specs)


def _sized(spec: tuple[Any, ...], lengths: dict[int, int]) -> tuple[Any, ...]:
    shape = declared_shape(spec)
    mark = spec[: len(spec) - len(shape)]
    return (*mark, *(n if n is None else lengths.get(n, n) for n in shape))


def _larger_arguments(subject: Subject) -> Iterator[Subject]:
    """The same component with one of its whole numbers larger, units, filters, heads; and with all larger that say how
    many classes there are, which its inputs then have."""
    example = subject.example
    highs = {spec[1] for spec in example.input_shapes if spec[:1] == ("int",)}
    if highs:
        grown = {k: v + MORE if type(v) is int and v in highs else v for k, v in example.arguments.items()}
        specs = more_classes(example.input_shapes, MORE)
        yield replace(subject, example=replace(example, arguments=grown, input_shapes=specs))
    for name, value in example.arguments.items():
        if type(value) is int and 1 <= value <= 64:
            for more in (MORE, 1):
                arguments = {**example.arguments, name: value + more}
                yield replace(subject, example=replace(example, arguments=arguments))


def _built(subject: Subject, specs: Specs) -> LayerTrial | None:
    """A trial of other shapes or arguments than those that are promised to work; None where it is refused."""
    try:
        trial = LayerTrial(subject, rows=3, specs=specs)
        trial.call()
    except PellucidError:
        return None
    except Exception as error:
        if specs == subject.example.input_shapes:
            return None  # what an argument may be besides the example's is only known to its author
        if isinstance(error, ConformanceError):
            raise
        raise ConformanceError(
            f"Samples of shape {', '.join(str(declared_shape(spec)) for spec in specs)} raise {type(error).__name__}.",
            expected="a ShapeError from build or output_shape, or to work", received=str(error),
            remedy="Take sizes from the shape that build is given, not from the example.",
        ) from error  # fmt: skip
    return trial


CHECKS = (
    *checks(many_rows, few_rows, wider_samples), *checks(any_length, applies=has_any_length),
    *checks(hundreds_of_rows, applies=lambda subject: subject.entry.kind == "layer"),  # a network is made of layers
)  # fmt: skip
