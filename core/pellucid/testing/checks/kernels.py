"""What a compiled kernel may get wrong beside the numbers of a small example: rests of vectors and parts, more columns
than any vector has, other numbers of threads, memory that it reads unwritten, writes beyond or shares."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from math import prod
from threading import Barrier
from time import perf_counter
from typing import Any

import numpy as np

from pellucid.basics.component import Example
from pellucid.basics.errors import PellucidError
from pellucid.glassbox.failure import ConformanceError, require, require_close
from pellucid.ops.threads import get_num_threads, set_num_threads
from pellucid.testing.check import Check, checks
from pellucid.testing.checks.calls import ON_CTX, spread, trial_of
from pellucid.testing.checks.layer_trial import LayerTrial
from pellucid.testing.checks.loss_trial import LossTrial
from pellucid.testing.checks.optimizer_trial import OptimizerTrial
from pellucid.testing.guarded import guarded
from pellucid.testing.subject import ROUNDING, Subject, declared_shape, is_integer
from pellucid.testing.trial import Result

LENGTHS = (1, 3, 17, 67)
"""Of the last axis: shorter than a vector, of vectors and a rest, more than any vector."""
ROWS = (1, 9, 130)
ELEMENTS = 240_003
"""Of an input, so that kernels divide the work between three threads, and parts have rests."""
MOST = 2_000_000
"""Parameters, or numbers of an output, of what is tried."""
THREADS = (1, 2, 3)
TOGETHER = 0.1
"""Seconds that threads call the same kernel."""
OTHER = 37
"""What a number of units, channels or the like is tried with."""
CUT = "Cut outputs, not sums: whatever the parts, the bits must be the same."
REMEDY = "The reference in array code is the specification: hold the kernel against it at these sizes."


def sizes(subject: Subject) -> None:
    """Kernels give the reference's numbers at other lengths and numbers of rows, and keep to their memory."""
    with guarded(subject.fast) as (ops, fences):
        for variant, what in variants(subject):
            for rows in ROWS:
                one = trial_of(variant, ops=subject.backends.reference, dtype="float32", rows=rows)
                other = trial_of(variant, ops=ops, dtype="float32", rows=rows)
                for training in one.modes:
                    where = f"({what}, {rows} rows, {'training' if training else 'evaluation'})"
                    for mine, theirs in zip(one.ways(one.given), other.ways(other.given), strict=True):
                        wanted, found = one.call(*mine, training=training), other.call(*theirs, training=training)
                        require_like(found, wanted, f"on backend '{ops.name}' {where}")
                        fences.require_whole(where)
                _require_gaps(other, where)


def parts(subject: Subject) -> None:
    """Large batches, which kernels divide, give the reference's numbers; 1, 2 and 3 threads give the same bits."""
    rows = large(subject)
    # New memory holds NaN: else what is not written may hold the right numbers, of the call before.
    with guarded(subject.fast) as (ops, fences):
        one = trial_of(subject, ops=subject.backends.reference, dtype="float32", rows=rows)
        other = trial_of(subject, ops=ops, dtype="float32", rows=rows)
        for mine, theirs in zip(one.ways(one.given), other.ways(other.given), strict=True):
            wanted, alone = one.call(*mine), None
            for count in THREADS:
                with threads(count):
                    found = other.call(*theirs)
                require_like(found, wanted, f"on backend '{ops.name}' ({rows} rows, {count} threads)")
                fences.require_whole(f"({rows} rows, {count} threads)")
                alone = found if alone is None else alone
                found.require_close(alone, 0, f"of {rows} rows on {count} threads", CUT)


def sums(subject: Subject) -> None:
    """Sums over many equal rows are as exact as those of the reference, where the same rounding adds up."""
    rows = large(subject)
    one, other = subject.compared(trial_of, dtype="float32", rows=rows)
    for mine, theirs in zip(one.ways(one.given), other.ways(other.given), strict=True):
        for array in (a for a in (*mine, *theirs) if a is not None):
            array[...] = one.ops.asarray(np.array(one.ops.to_host(array)[:1]))
        require_like(other.call(*theirs), one.call(*mine), f"on backend '{other.ops.name}' ({rows} equal rows)",
                     "Add up rows in double, or in short chains that are added up in double.")  # fmt: skip


def at_the_same_time(subject: Subject) -> None:
    """Threads that call the same kernels on large batches do not disturb each other."""
    trial = trial_of(subject, ops=subject.fast, dtype="float32", rows=large(subject))
    batches = [trial.draw(len(trial.given[0]), seed) for seed in range(3)]
    alone = [trial.copies(trial.forward(trial.context(), *given)) for given in batches]
    together = Barrier(len(batches))

    def disturbed(number: int) -> bool:
        """Whether a thread gets other numbers than it did alone, as often as it can be seen in a short time."""
        ctx, given, calls = trial.context(), batches[number], 0
        together.wait(timeout=30)
        end = perf_counter() + TOGETHER
        while calls < 3 or perf_counter() < end:
            calls += 1
            found = map(trial.ops.to_host, trial.forward(ctx, *given))
            pairs = zip(found, alone[number], strict=True)
            if not all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in pairs):
                return True
        return False

    with ThreadPoolExecutor(len(batches)) as pool:
        seen = list(pool.map(disturbed, range(len(batches))))
    require(not any(seen), "What one of several threads computes is wrong.", expected="what it computes alone",
            received="other numbers", remedy=f"Scratch belongs to the call, never to the kernel. {ON_CTX}")  # fmt: skip


def laid_out(subject: Subject) -> None:
    """Kernels are given no memory that they do not cover: what is strided gives the reference's numbers."""
    one, other = subject.compared(trial_of, dtype="float32", rows=6)
    for mine, theirs in zip(one.ways(one.given), other.ways(other.given), strict=True):
        wanted = one.call(*mine)
        for how, words in ((spread, "of non-contiguous inputs"), (np.asfortranarray, "of inputs in Fortran order")):
            given = (None if a is None else other.ops.asarray(how(other.ops.to_host(a))) for a in theirs)
            require_like(other.call(*given), wanted, f"{words} on backend '{other.ops.name}'",
                         "Ask reads(a) and writes(a) of every array, and leave others to the reference.")  # fmt: skip


def steps(subject: Subject) -> None:
    """Kernels of an optimizer give the reference's steps for many parameters; 1, 2 and 3 threads the same."""
    wide = (61, 1213, 7)
    one = OptimizerTrial(subject, dtype="float32", ops=subject.backends.reference, sizes=wide)
    one.run(3)
    wanted, alone = one.values(), None
    for count in THREADS:
        other = OptimizerTrial(subject, dtype="float32", ops=subject.fast, sizes=wide)
        with threads(count):
            other.run(3)
        found = other.values()
        alone = found if alone is None else alone
        for path, value in found.items():
            where = f"'{path}' after 3 steps of a large model on {count} threads"
            require_close(where, value, wanted[path], ROUNDING, REMEDY)
            require_close(where, value, alone[path], 0, "Whatever the parts, the bits must be the same.")


def penalties(subject: Subject) -> None:
    """Kernels of a regularizer give the reference's gradient for many parameters; 1, 2 and 3 threads the same."""
    data = np.random.default_rng(0).normal(size=(401, 601)).astype("float32")
    grads = []
    for ops, count in [(subject.backends.reference, 1), *((subject.fast, count) for count in THREADS)]:
        own, grad = ops.asarray(data), ops.zeros(data.shape, data.dtype)
        with threads(count):
            subject.create().add_gradient(ops, own, grad)
        grads.append(np.array(ops.to_host(grad)))
    for count, grad in zip(THREADS, grads[1:], strict=True):
        require_close(f"The gradient of a large parameter on {count} threads", grad, grads[0], ROUNDING, REMEDY)
        require_close(f"The same on {count} threads", grad, grads[1], 0, "The bits must be the same.")


def require_like(found: Result, wanted: Result, when: str, remedy: str = REMEDY) -> None:
    """Raise ConformanceError unless the numbers of each array differ by little beside its largest."""
    both = (("Output", found.y, wanted.y), ("Input gradient", found.dx, wanted.dx))
    arrays = {f"{word} {i}": pair for word, mine, theirs in both
              for i, pair in enumerate(zip(mine, theirs, strict=True))}  # fmt: skip
    arrays |= {f"The gradient of '{path}'": (found.grads[path], grad) for path, grad in wanted.grads.items()}
    for name, (a, b) in arrays.items():
        if a is not None or b is not None:
            largest = float(np.max(np.abs(b), initial=1.0, where=np.isfinite(b))) if b.dtype.kind == "f" else 1.0
            require_close(f"{name} {when}", a / largest, b / largest, ROUNDING, remedy)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Within: kernels use so many threads at the most."""
    before = get_num_threads()
    set_num_threads(count)
    try:
        yield
    finally:
        set_num_threads(before)


def large(subject: Subject) -> int:
    """How many rows make an input that is divided between threads; fewer where rows see each other, or are dear."""
    specs = subject.example.input_shapes
    of_row = max(prod(3 if n is None else n for n in declared_shape(spec)) for spec in specs) if specs else 1
    wanted = -(-ELEMENTS // max(of_row, 1))
    some, more = (_seconds(subject, rows) for rows in (wanted // 64 + 2, wanted // 16 + 2))
    dear = more > 0.02 and (more > 8 * some or more > 0.25)
    return (wanted // 16 if dear else wanted) | 1


def _seconds(subject: Subject, rows: int) -> float:
    trial = trial_of(subject, ops=subject.backends.reference, dtype="float32", rows=rows)
    start = perf_counter()
    trial.call()
    return perf_counter() - start


def _require_gaps(trial: Any, where: str) -> None:
    """Between two parameters there are zeros, which kernels leave alone."""
    if trial.model is None or trial.model.runtime is None:
        return
    arena = trial.model.runtime.arena
    inside = np.zeros(arena.size, bool)
    for param, start in zip(arena.params, arena.offsets, strict=True):
        inside[start : start + prod(param.shape)] = True
    for memory in (arena.data, arena.grad):
        left = trial.ops.to_host(memory)[~inside]
        require(not left.any(), f"A kernel writes behind a parameter or its gradient {where}.", expected="zeros",
                received=left[left != 0][:3], remedy="Let loops end where the array does.")  # fmt: skip


def variants(subject: Subject) -> Iterator[tuple[Subject, str]]:
    """The subject, and others of its kind with inputs and numbers among its arguments of other lengths, as far as they
    can be built; and what is special about each."""
    yield subject, "as in the example"
    seen = [subject.example]
    for example, what in _examples(subject):
        variant = replace(subject, example=example)
        if example not in seen and _possible(variant, subject):
            seen.append(example)
            yield variant, what


def _examples(subject: Subject) -> Iterator[tuple[Example, str]]:
    arguments, shapes = dict(subject.example.arguments), subject.example.input_shapes
    if not shapes or not shapes[0] or is_integer(shapes[0]):
        return
    first = shapes[0]
    for axis in range(len(first)):
        for length in LENGTHS if axis == len(first) - 1 else LENGTHS[2:3]:
            changed = tuple(_with(spec, first, axis, length) for spec in shapes)
            yield replace(subject.example, input_shapes=changed), f"axis {axis + 1} of length {length}"
    if subject.entry.kind == "layer":
        for name, value in arguments.items():
            if type(value) is int and value > 0:
                other = {**arguments, name: OTHER}
                yield replace(subject.example, arguments=other), f"{name} = {OTHER}"


def _with(spec: tuple[Any, ...], first: tuple[Any, ...], axis: int, length: int) -> tuple[Any, ...]:
    """A shape with another length where the first one has it; labels are as many as the predictions say."""
    mark, shape = spec[: len(spec) - len(declared_shape(spec))], declared_shape(spec)
    labels = mark[:1] == ("int",) and shape == first[:-1]
    if (len(shape) == len(first) or labels) and axis < len(shape) and shape[axis] == first[axis]:
        return (*mark, *shape[:axis], length, *shape[axis + 1 :])
    if mark[:1] == ("int",) and axis == len(first) - 1 and mark[1] == first[axis]:
        return ("int", length, *shape)
    return spec


def _possible(variant: Subject, subject: Subject) -> bool:
    """Whether it can be built, of the same parts, is not too large, and takes as many rows as are tried."""
    if subject.entry.kind == "loss":
        try:
            LossTrial(variant, rows=2).call()
        except PellucidError:  # a loss may be of outputs of one width, and say so
            return False
    if subject.entry.kind != "layer":
        return True
    try:
        trial, plain = (LayerTrial(one, rows=2) for one in (variant, subject))
    except (PellucidError, ConformanceError, ValueError, TypeError, ArithmeticError):
        return False
    alike = [type(part) for _, part in trial.model.walk()] == [type(part) for _, part in plain.model.walk()]
    numbers = sum(prod(param.shape) for param in trial.parameters()), *(a.size * ROWS[-1] for a in trial.given)
    if not alike or max(numbers) > MOST:
        return False
    try:
        trial.draw(ROWS[-1])  # which calls it
    except PellucidError:  # a layer may carry the states of so many rows and no more
        return False
    return True


def has_kernels(subject: Subject) -> bool:
    """Whether it is a layer that is not made of layers, or a loss."""
    try:
        return subject.entry.kind == "loss" or sum(1 for _ in LayerTrial(subject).model.walk()) == 1
    except Exception:  # what is wrong with it is said by the cases before
        return False


CALLS = (
    *checks(sizes, laid_out, applies=has_kernels),
    *(Check(run, has_kernels, every_example=False) for run in (parts, sums, at_the_same_time)),
)
OPTIMIZER = (Check(steps, every_example=False),)
REGULARIZER = (Check(penalties, every_example=False),)
