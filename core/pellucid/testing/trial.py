"""Trial: a component with data drawn at random, the bench that cases work at; Result: what a call at it gave."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.glassbox.failure import require_close
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.parameters import Param, State
from pellucid.standard.ops.base import Ops
from pellucid.testing.subject import Subject

Arrays = tuple[Any, ...]


@dataclass(frozen=True)
class Result:
    """Copies of what one forward and backward gave.

    Attributes:
        y: the outputs; of a loss or an objective its value.
        dx: the gradients at the inputs, or None.
        grads: the parameters' gradients by path.
        count: ``ctx.count``.
        words: what messages call y and dx.
    """

    y: Arrays
    dx: Arrays
    grads: dict[str, HostArray]
    count: float
    words: tuple[str, str]

    @property
    def loss(self) -> Any:
        """The value of a loss or an objective."""
        return self.y[0]

    @property
    def gradient(self) -> Any:
        """The gradient at the prediction of a loss."""
        return self.dx[0]

    @property
    def arrays(self) -> list[HostArray]:
        """The outputs, and the gradients at inputs that have one."""
        return [*self.y, *(dx for dx in self.dx if dx is not None)]

    def require_close(self, expected: Result, tolerance: float, when: str, remedy: str) -> None:
        """Raise ConformanceError unless all of it equals ``expected``; ``when`` completes "the output …"."""
        for word, mine, theirs in zip(self.words, (self.y, self.dx), (expected.y, expected.dx), strict=True):
            for i, (a, b) in enumerate(zip(mine, theirs, strict=True)):
                if a is not None or b is not None:
                    require_close(f"{word}{f' {i}' if len(mine) > 1 else ''} {when}", a, b, tolerance, remedy)
        for path, grad in expected.grads.items():
            require_close(f"The gradient of '{path}' {when}", self.grads[path], grad, tolerance, remedy)
        require_close(f"ctx.count {when}", self.count, expected.count, tolerance, remedy)


class Trial:
    """A component of an example, and the model that holds its parameters, if it has any."""

    component: Any
    model: Layer | None = None

    def __init__(self, subject: Subject, dtype: str, ops: Ops | None) -> None:
        self.dtype = np.dtype(dtype)
        self.ops = subject.backends.reference if ops is None else ops

    def owned(self) -> list[Param | State]:
        """The parameters and states."""
        return [] if self.model is None else [*self.model.parameters(), *self.model.states()]

    def parameters(self) -> list[Param]:
        """The parameters."""
        return [] if self.model is None else self.model.parameters()

    def zero_gradients(self) -> None:
        for param in self.parameters():
            self.ops.fill(param.grad, 0.0)

    def gradients(self) -> dict[str, HostArray]:
        """Copies of the parameters' gradients by path."""
        return {p.path: np.array(self.ops.to_host(p.grad)) for p in self.parameters()}

    def values(self) -> dict[str, HostArray]:
        """Copies of parameters and states by path."""
        return {p.path: np.array(self.ops.to_host(p.data)) for p in self.owned()}


class CallTrial(Trial, ABC):
    """A component that is called in a context, forwards and backwards.

    Attributes:
        given: the arrays that a call is given unless it is given others.
        names: what messages call them.
    """

    modes: ClassVar[tuple[bool, ...]] = (True,)
    """Whether its calls promise the same in training (True) and in evaluation (False)."""
    words: ClassVar[tuple[str, str]] = ("The output", "The gradient of input")
    """What messages call its outputs and the gradients at its inputs."""
    share: float = 1.0
    """Of a full batch. A single row is what is left of an epoch: layers may refuse to train on nothing else."""
    given: Arrays
    names: tuple[str, ...]

    @abstractmethod
    def draw(self, rows: int, seed: int = 0) -> Arrays:
        """Random arrays to call it with."""

    @abstractmethod
    def forward(self, ctx: Context, *given: Any) -> Arrays:
        """The outputs."""

    @abstractmethod
    def backward(self, ctx: Context, *given: Any) -> Arrays:
        """The gradients at the inputs; those of parameters are added to."""

    @abstractmethod
    def differentiated(self, given: Arrays) -> Arrays:
        """Of these arrays those whose gradients backward returns, in that order."""

    def moved(self, step: int) -> list[Param]:
        """The parameters whose gradients belong to this step."""
        return self.parameters()

    @abstractmethod
    def total(self, y: Arrays, given: Arrays) -> float:
        """The number whose gradients backward computes: of a layer Σ dy ⊙ y."""

    def ways(self, given: Arrays) -> list[Arrays]:
        """The ways in which it may be called with these arrays; None stands for one that is left out."""
        return [given]

    def context(
        self, *, training: bool = True, step: int = 0, epoch: int = 0, row_offset: int = 3, index: Any = None,
        seed: int = 0,
    ) -> Context:  # fmt: skip
        """A new root context; ``index`` says which samples an evaluation is about, the first ones if left out. Rows
        are counted from 3, as in a later micro-batch."""
        ctx = Context(self.ops, training=training, seed=seed, dtype=self.dtype)
        if index is None and not training:
            index = np.arange(len(self.given[0]), dtype=np.int64)
        self.begin(ctx, step, row_offset, index, epoch)
        return ctx

    def begin(self, ctx: Context, step: int, row_offset: int = 3, index: Any = None, epoch: int = 0) -> None:
        """Set the step of the next call in a context."""
        ctx.begin(step, epoch, row_offset=row_offset, index=index, share=self.share)

    def call(self, *given: Any, training: bool = True, ctx: Context | None = None) -> Result:
        """One forward and backward from zeroed gradients."""
        given = given or self.given
        ctx = self.context(training=training) if ctx is None else ctx
        self.zero_gradients()
        y = self.copies(self.forward(ctx, *given))
        return self.result(ctx, y, self.backward(ctx, *given))

    def result(self, ctx: Context, y: Arrays, dx: Arrays, grads: dict[str, HostArray] | None = None) -> Result:
        """Copies of what a forward and a backward gave; None takes the parameters' gradients as they are now."""
        grads = self.gradients() if grads is None else grads
        return Result(self.copies(y), self.copies(dx), grads, float(ctx.count), self.words)

    def copies(self, arrays: Iterable[Any]) -> Arrays:
        """Copies on the host; None stays None."""
        return tuple(None if a is None else np.array(self.ops.to_host(a)) for a in arrays)
