"""Context: everything that belongs to one call of a layer; Stream: counter-based randomness."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.autodiff.primitive import strip
from pellucid.autodiff.tape import Tape
from pellucid.autodiff.variable import Variable
from pellucid.basics.arrays import Array, HostArray
from pellucid.basics.errors import ConfigError, DifferentiationError
from pellucid.interfaces.parameters import State
from pellucid.ops.base import Backend
from pellucid.ops.random import _MASK, Stream, mix, site_key

EVERY_INPUT = (True,) * 32
"""``needs_dx`` of a layer whose every input gradient is wanted, whatever their number."""


class _Call:
    """What all contexts of one call of a model share."""

    __slots__ = ("asked", "cell", "dtype", "epoch", "held", "index", "micro", "seed", "share", "step", "updates",
                 "uses_streams")  # fmt: skip

    def set_key(self) -> None:
        """Derive the step's key; no layer without randomness pays for it."""
        self.cell[0] = self.key(self.step + 1)

    def key(self, number: Any) -> Any:
        return mix((self.seed & _MASK) ^ mix(number))

    def __init__(self, seed: int, dtype: Any) -> None:
        self.seed, self.share = seed, 1.0
        self.dtype = np.dtype(dtype)
        self.step = self.micro = 0
        self.epoch: int | None = 0
        self.cell = np.zeros(2, np.uint64)
        self.index: np.ndarray[Any, Any] | None = None
        self.updates: list[tuple[State, Array, float]] = []
        self.uses_streams = False
        self.held: dict[Any, Any] | None = None
        self.asked: dict[str, str] = {}


class Context:
    """The context of one call of one layer; composites give each call site a child of its own.

    What comes in: ``ops`` and ``xp`` (the backend and its array namespace), ``training``, ``step``, ``epoch``,
    ``needs_dx[i]`` (whether the gradient at input i is wanted). Anything may be saved on it for ``backward``.

    A root context is made by the trainer, by ``predict`` and by the gradient checker::

        ctx = Context(ops, training=True, seed=0)
    """

    tape: Tape | None = None
    """What a Composite records its forward on."""

    def __init__(
        self, ops: Backend, *, training: bool = False, seed: int = 0, dtype: Any = "float32",
        needs_dx: tuple[bool, ...] = EVERY_INPUT,
    ) -> None:  # fmt: skip
        self._open(ops, training, needs_dx, "", _Call(seed, dtype))
        self.begin(0, 0)

    def _open(self, ops: Backend, training: bool, needs_dx: tuple[bool, ...], path: str, call: _Call) -> None:
        self.ops = ops
        self.xp = ops.xp
        self.training = training
        self.needs_dx = needs_dx
        self.path = path
        self.count: float = 1.0
        self.parts: dict[str, Array] = {}
        self._call = call
        self._children: dict[Any, Context] = {}
        self._scratch: dict[Any, Array] = {}
        self._streams: dict[str, int] = {}
        self._rng: tuple[int, np.random.Generator] | None = None

    def __getattr__(self, name: str) -> Any:
        # Reached only for what was never saved.
        raise AttributeError(
            f"Nothing was saved as ctx.{name} at '{self.__dict__.get('path', '')}'. "
            "Save it in forward; backward needs a forward on the same context before it."
        )

    if TYPE_CHECKING:

        def __setattr__(self, name: str, value: Any) -> None: ...

    def twin(self) -> Context:
        """Another root of the same run, with memory of its own: same seed, place in the run and pending updates. The
        trainer keeps one per batch size."""
        return self._another("", self.needs_dx)

    def _another(self, path: str, needs_dx: tuple[bool, ...]) -> Context:
        another = Context.__new__(Context)
        another._open(self.ops, self.training, needs_dx, path, self._call)
        return another

    # -- the tree of calls ---------------------------------------------------------------------------------------

    def child(self, key: Any, needs_dx: tuple[bool, ...] | None = None) -> Context:
        """The context of the call site ``key``: the same object at every step; ``needs_dx`` replaces its own."""
        child = self._children.get(key)
        if child is None:
            wanted = EVERY_INPUT if needs_dx is None else needs_dx
            child = self._children[key] = self._another(f"{self.path}/{key}", wanted)
        elif needs_dx is not None:
            child.needs_dx = needs_dx
        return child

    def has_child(self, key: Any) -> bool:
        """Whether the call site ``key`` has been reached before, so that what was found out for it still holds."""
        return key in self._children

    @property
    def dtype(self) -> np.dtype[Any]:
        """The model's floating-point type."""
        return self._call.dtype

    @property
    def step(self) -> int:
        """The number of optimizer steps before this one. Whoever asks is not replayed, see :attr:`asked_of_step`."""
        self._call.asked[self.path] = "ctx.step"
        return self._call.step

    @property
    def epoch(self) -> int:
        """The number of whole epochs before this one. A ``train_step`` belongs to none: a ConfigError."""
        if self._call.epoch is None:
            raise ConfigError(
                "This step belongs to no epoch, and what grows with the epochs would never grow: train_step takes "
                "single steps. Count steps instead, as warmup_steps does in place of warmup_epochs, or train with fit."
            )
        self._call.asked[self.path] = "ctx.epoch"
        return self._call.epoch

    @property
    def asked_of_step(self) -> dict[str, str]:
        """By path, what was asked that is another at every step and no array: ``ctx.step``, ``ctx.epoch``, ``ctx.rng``.
        In a recorded plan it would stand still."""
        return self._call.asked

    @property
    def batch_share(self) -> float:
        """The rows of this micro-batch over those of a full one: less than 1 for what is left of an epoch."""
        return self._call.share

    @property
    def row_offset(self) -> HostArray:
        """The rows of this step before this micro-batch's first, (1,), rewritten in place: a kernel reads it when it
        runs, so that it can be replayed."""
        return self._call.cell[1:]

    @property
    def uses_streams(self) -> bool:
        """Whether any layer of this run draws from a stream, so that the step's key is wanted."""
        return self._call.uses_streams

    def keys(self, times: int) -> list[tuple[HostArray, HostArray]]:
        """The cell of the step's key, and the keys of so many steps from this one on; none where nobody draws."""
        if not (call := self._call).uses_streams:
            return []
        return [(call.cell[:1], call.key(np.arange(call.step + 1, call.step + 1 + times, dtype=np.uint64)))]

    # -- memory --------------------------------------------------------------------------------------------------

    def scratch(self, name: Any, shape: tuple[int, ...], dtype: Any = None) -> Array:
        """An uninitialised array, the same one at every call with this shape. It lives until this context's next
        forward: copy what leaves for the user."""
        array = self._scratch.get(name)
        wanted = self._call.dtype if dtype is None else dtype
        if array is None or array.shape != shape or array.dtype != wanted:
            array = self._scratch[name] = self.ops.empty(shape, wanted)
        return array

    # -- randomness ----------------------------------------------------------------------------------------------

    @property
    def rng(self) -> np.random.Generator:
        """A generator keyed by (seed, step, micro-batch, path). Prefer :meth:`uniform` and :meth:`normal`, which do
        not depend on how a batch is split."""
        call = self._call
        call.asked[self.path] = "ctx.rng"
        moment = (call.step << 20) + call.micro
        if self._rng is None or self._rng[0] != moment:
            key = [mix(call.seed & _MASK) ^ site_key(self.path), moment]
            self._rng = moment, np.random.Generator(np.random.Philox(key=key))
        return self._rng[1]

    def stream(self, name: str = "") -> Stream:
        """The random numbers of this call site; see :class:`Stream`. Give each use in one layer its own name."""
        site = self._streams.get(name)
        if site is None:
            site = self._streams[name] = site_key(f"{self.path}:{name}")
        call = self._call
        if not call.uses_streams:
            call.uses_streams = True
            call.set_key()
        return Stream(call.cell, site, None if self.training else call.index)

    def uniform(self, shape: tuple[int, ...], name: str = "") -> Array:
        """Numbers uniform in [0, 1), as scratch; the first axis is the batch."""
        out = self.scratch(("uniform", name), shape)
        self.ops.random_uniform(self.stream(name), out)
        return out

    def normal(self, shape: tuple[int, ...], name: str = "") -> Array:
        """Standard normal numbers, as scratch; the first axis is the batch."""
        out = self.scratch(("normal", name), shape)
        self.ops.random_normal(self.stream(name), out)
        return out

    # -- states --------------------------------------------------------------------------------------------------

    def update(self, state: State, value: Array, rate: float = 1.0) -> None:
        """Ask for ``state ← state + rate·(value − state)`` at the commit. Updates are applied in order, so those of
        several micro-batches compose as those of several steps do.

        The rate is that of a full batch. One of fewer rows counts by its :attr:`batch_share` s, ``1 − (1 − rate)ˢ``:
        two halves keep as much of the state as a whole does, and an epoch's last row is no batch. A rate of 1 replaces.
        """
        copied = self.scratch(("update", state.path, self._call.micro), tuple(value.shape), state.data.dtype)
        self.ops.copy(value, copied)
        share = self._call.share
        self._call.updates.append((state, copied, rate if share == 1 else 1 - max(0.0, 1 - rate) ** share))

    @property
    def requested_updates(self) -> list[tuple[State, Array, float]]:
        """The updates asked for since the last commit: state, value, rate."""
        return self._call.updates

    def commit(self) -> None:
        """Apply the updates (the trainer calls this when the step has been found finite)."""
        for state, value, rate in self._call.updates:
            self.ops.lerp(state.data, value, rate)
        self.discard()

    def discard(self) -> None:
        """Forget the updates, those of a rejected step."""
        self._call.updates.clear()

    def stop(self, name: str, value: Any) -> Any:
        """The same value, through which no gradient flows: an objective, or a layer, says what it stops, such as the
        prediction of a moving target. Its gradient is that of a function in which this is a constant, and who checks it
        by differences holds the value at what it was. Each value of a call site has a name of its own."""
        if isinstance(value, Variable):
            return self.variable(self.stop(name, strip(value)))
        held = self._call.held
        return value if held is None else held.setdefault((self.path, name), self.xp.array(value))

    def hold(self, stopped: dict[Any, Any]) -> None:
        """Keep what is stopped in a table, and take from there what it holds already (the gradient checker does)."""
        self._call.held = stopped

    # -- for whoever makes the root ------------------------------------------------------------------------------

    def begin(
        self, step: int, epoch: int | None, *, micro: int = 0, row_offset: int = 0,
        index: np.ndarray[Any, Any] | None = None, share: float = 1.0,
    ) -> None:  # fmt: skip
        """Set what the next call is: its place in the run, its share of a full batch and, in evaluation, which samples
        it holds. The epoch is None where steps are taken that belong to none."""
        call = self._call
        call.step, call.epoch, call.micro, call.index, call.share = step, epoch, micro, index, share
        call.cell[1] = row_offset
        if call.uses_streams:
            call.set_key()

    # -- for Composite.call --------------------------------------------------------------------------------------

    def variable(self, value: Any) -> Variable:
        """A parameter, a state or an array as a Variable; only inside ``Composite.call``."""
        if self.tape is None:
            raise DifferentiationError(
                "ctx.variable was called outside Composite.call, where there is no tape. In a layer with a backward of "
                "its own use the array: param.data."
            )
        return self.tape.own(value)

    def op(self, name: str) -> Callable[..., Any]:
        """A plugin's kernel by its registered name, for this backend: ``ctx.op("cnn/conv2d")``."""
        return self.ops.op(name)
