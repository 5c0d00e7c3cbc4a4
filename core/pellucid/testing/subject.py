"""Subject: a registered component with one of its examples, and the backends that it is tried on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from unittest import SkipTest

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.component import Example
from pellucid.basics.errors import ConfigError
from pellucid.ops.backends import get_ops
from pellucid.registry.config import create
from pellucid.registry.manifest import Entry
from pellucid.standard.ops.base import Ops, ReferenceOps

Made = TypeVar("Made")
VARIABLE = 3
"""The length that an axis of variable length has in the kit's data."""
MANY = 131
"""Rows that reach beyond a batch of 64, 100 or 128, and divide by nothing."""
ROUNDING = 3e-5
"""What float32 results may differ by, relative to max(1, |value|): sums of some dozens of terms."""
NO_PLAN = "the backend recorded no plan: no kernel is called, or one of the calls falls back to the reference"


@dataclass(frozen=True)
class Backends:
    """The reference, and a faster backend to compare it with or the reason why there is none."""

    reference: Ops = field(default_factory=ReferenceOps)
    fast: Ops | None = None
    why_none: str = ""

    def all(self) -> tuple[Ops, ...]:
        """The backends that there are."""
        return (self.reference,) if self.fast is None else (self.reference, self.fast)


def installed_backends() -> Backends:
    """The reference, and the compiled kernels where they are installed."""
    try:
        return Backends(fast=get_ops("cython"))
    except ConfigError as error:
        return Backends(why_none=f"there is no other backend here to compare with. {error}")


@dataclass(frozen=True)
class Subject:
    """What a case is about.

    Attributes:
        entry: the registered name.
        target: the class or factory function that it stands for.
        example: the constructor's arguments and the input shapes.
        backends: what it is tried on.
    """

    entry: Entry
    target: Any
    example: Example
    backends: Backends

    @property
    def label(self) -> str:
        """``acme/sine(omega=30)``."""
        return f"{self.entry.name}({', '.join(f'{k}={_short(v)}' for k, v in self.example.arguments.items())})"

    def create(self) -> Any:
        """A new component, made by its registered name."""
        return create(self.entry.kind, self.entry.name, **self.example.arguments)

    @property
    def fast(self) -> Ops:
        """The backend to compare with, or SkipTest with the reason why there is none."""
        if self.backends.fast is None:
            raise SkipTest(self.backends.why_none)
        return self.backends.fast

    def compared(self, make: Callable[..., Made], **options: Any) -> tuple[Made, Made]:
        """What ``make`` gives for this subject on the reference, and on the backend to compare with."""
        return make(self, ops=self.backends.reference, **options), make(self, ops=self.fast, **options)


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return str(value.get("type", "…"))
    if isinstance(value, list | tuple):
        return f"[{', '.join(_short(item) for item in value)}]"
    text = repr(value)
    return text if len(text) <= 24 else text[:23] + "…"


# -- data for examples -----------------------------------------------------------------------------------------------


def declared_shape(spec: tuple[Any, ...]) -> tuple[int | None, ...]:
    """The shape in an example's input, without the mark of integers or masks."""
    return spec[_MARKS.get(spec[0], 0) if spec else 0 :]


Specs = tuple[tuple[Any, ...], ...]
"""The inputs of an example."""


def more_classes(specs: Specs, more: int) -> Specs:
    """The same inputs with integers up to a higher number, and with axes that are as long as there were integers as
    long as there are: of a prediction of four classes and their labels one of thirteen."""
    highs = {spec[1] for spec in specs if spec and spec[0] == "int"}

    def grown(spec: tuple[Any, ...]) -> tuple[Any, ...]:
        shape = declared_shape(spec)
        mark = ("int", spec[1] + more) if spec and spec[0] == "int" else spec[: len(spec) - len(shape)]
        return (*mark, *(n if n is None or n not in highs else n + more for n in shape))

    return tuple(map(grown, specs))


def is_integer(spec: tuple[Any, ...]) -> bool:
    """Whether an example's input holds integers, ``("int", high, …)``, or is a mask, ``("bool", …)``."""
    return bool(spec) and spec[0] in ("int", "bool")


_MARKS = {"int": 2, "bool": 1, "shares": 1}
"""What an input of other than any floating numbers begins with, and how many items belong to that."""


def draw_input(
    spec: tuple[Any, ...], rows: int, rng: np.random.Generator, dtype: Any = "float64", *, unit: bool = False
) -> HostArray:
    """Random data for an example's input: integers below ``high``, truth values, shares that add up to 1, or N(0, 1),
    for ``unit`` uniform in [0, 1)."""
    shape = (rows, *(VARIABLE if n is None else n for n in declared_shape(spec)))
    if is_integer(spec):
        return rng.integers(0, spec[1], shape) if spec[0] == "int" else rng.integers(0, 2, shape).astype(bool)
    if spec and spec[0] == "shares":
        parts = rng.uniform(0.01, 1.0, shape)
        return np.asarray(parts / parts.sum(axis=-1, keepdims=True)).astype(dtype)
    return (rng.uniform(size=shape) if unit else rng.normal(size=shape)).astype(dtype)


def draw_inputs(
    specs: Sequence[tuple[Any, ...]], rows: int, rng: np.random.Generator, dtype: Any, ops: Ops
) -> tuple[Any, ...]:
    """Random data for all inputs, as arrays of the backend."""
    return tuple(ops.asarray(draw_input(spec, rows, rng, dtype)) for spec in specs)


def at_arguments(component: Any, shape: tuple[int, ...], rng: np.random.Generator) -> HostArray | None:
    """Numbers that are a component's arguments, of both signs, or 0: where a threshold is met. None without any."""
    numbers = [float(v) for v in component.arguments().values() if type(v) in (int, float) and abs(v) < 1e3]
    return rng.choice([0.0, *numbers, *(-v for v in numbers)], shape) if numbers else None


def tie(array: HostArray) -> HostArray:
    """The numbers of a batch made to meet, in place, as behind a ReLU: whole numbers, so that maxima are equal, a
    feature and a row of zeros, and a last row that repeats the first. Integers and masks are only repeated."""
    if array.dtype.kind == "f":
        np.rint(array, out=array)
        array[1] = 0.0
        if array.ndim > 1 and array.shape[-1] > 1:
            array[..., -1] = 0.0
    array[-1] = array[0]
    return array
