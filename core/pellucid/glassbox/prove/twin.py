"""Twin: a copy of model and training as they were before a step, on which the step can be made again."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from copy import deepcopy
from typing import Any, Protocol

import numpy as np

from pellucid.basics.arrays import Array, HostArray
from pellucid.basics.component import Equation
from pellucid.basics.errors import ConfigError, DataError, NumericalError, PellucidWarning, raised
from pellucid.glassbox.record.names import prefix_of
from pellucid.glassbox.record.quantity import Call, Quantity
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.parameters import Arena, Param, State
from pellucid.model.build import allocate, declare
from pellucid.ops.backends import get_ops
from pellucid.ops.random import Stream
from pellucid.registry.config import read
from pellucid.saving.model import reason
from pellucid.standard.ops.base import ReferenceOps
from pellucid.training.microbatch import MicroBatch, Source
from pellucid.training.run import Run, Training
from pellucid.training.stepper import Step, Stepper
from pellucid.training.update import Update


class Opened(Protocol):
    """What a twin is made from: a :class:`pellucid.Trace`."""

    calls: list[Call]

    @property
    def setting(self) -> Any: ...
    def names(self) -> list[str]: ...
    def __contains__(self, name: object) -> bool: ...
    def __getitem__(self, name: str) -> HostArray: ...
    def quantity(self, name: str) -> Quantity: ...
    def scope(self, call: Call) -> dict[str, Any]: ...
    def equations(self, call: Call) -> tuple[Equation, ...]: ...


class AsDrawn(ReferenceOps):
    """The reference in float64, with the random numbers that a model in float32 has drawn: those of the trace."""

    def random_uniform(self, stream: Stream, out: Array) -> None:
        drawn = np.empty(out.shape, np.float32)
        super().random_uniform(stream, drawn)
        out[...] = drawn

    def random_normal(self, stream: Stream, out: Array) -> None:
        drawn = np.empty(out.shape, np.float32)
        super().random_normal(stream, drawn)
        out[...] = drawn


class Twin:
    """What a trace was taken of, once more, in memory of its own: nothing that is done here reaches the trainer.

    Weights, states, the optimizer's memory and the batch are those that were recorded; layers, objective, optimizer and
    schedule are copies of those of the trace, or made by their configurations where the trace was read from a file.

    Args:
        trace: of a step or of a prediction.
        exact: in float64, by the reference; otherwise in the model's own type on its own backend, which gives its bits.

    Attributes:
        model: the copy.
        training: of a step, the other copies.
        params: the parameters by path.
        rows: of each micro-batch; none of a prediction.
        counts: what the loss of each micro-batch was divided by, when it was last computed.
        micro: which of them is being computed, from 1.
        parts: the loss and its parts, by their names; last: those of the last micro-batch.

    Raises:
        ConfigError: something cannot be copied, or is not registered and the trace was read from a file.
        DataError: a quantity that is needed was not kept.
    """

    def __init__(self, trace: Opened, *, exact: bool = False) -> None:
        self.trace, self.exact = trace, exact
        self.setting = setting = trace.setting
        self.is_step = bool(setting.sizes)
        self.model, self._parts = _copied(setting) if setting.model is not None else _made(trace, exact)
        runtime = require_runtime(self.model)
        if exact:
            single = np.dtype(setting.told["dtype"]) == np.float32
            _move(self.model, np.float64, AsDrawn() if single else ReferenceOps())
        runtime.seed, runtime.transforms, runtime.target_transforms = setting.seed, [], []  # the batch has been through
        self.ops, self.dtype, self.arena = runtime.ops, runtime.dtype, runtime.arena
        self.params: dict[str, Param] = {param.path: param for param in self.arena.params}
        self.layers: dict[str, Layer] = {path or "model": layer for path, layer in self.model.walk()}
        self.rows: tuple[int, ...] = tuple(setting.sizes)
        self.counts: list[float] = []
        self.micro = 1
        self.parts: list[str] = []
        self.last: dict[str, float] = {}
        self.reset()
        if self.is_step:
            self._prepare()

    # -- as it was -------------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Weights, states and the optimizer's memory as they were before the step."""
        owned: list[Param | State] = [*self.arena.params, *self.model.states()]
        for own in owned:
            own.data[...] = self._recorded(own.path)
        if self.is_step and hasattr(self, "training"):
            self._remember()

    def _recorded(self, name: str) -> Array:
        """A recorded array in the twin's type, on its backend."""
        value = self.host(name)
        return self.ops.asarray(value.astype(self.dtype) if value.dtype.kind == "f" else value)

    def host(self, name: str) -> HostArray:
        """A recorded array.

        Raises:
            DataError: it was not kept.
        """
        if name not in self.trace:
            raise DataError(
                f"This trace has not kept '{name}', without which nothing can be computed once more. Trace with "
                "keep='*'."
            )
        return self.trace[name]

    def _prepare(self) -> None:
        setting, parts = self.setting, self._parts
        for path, param in self.params.items():  # who is frozen has no gradient there
            if any(f"{other}.grad" in self.trace for other in self.params):
                param._trainable = f"{path}.grad" in self.trace  # past the setter: nothing that others use has changed
        self.training = Training(
            self.model, parts["objective"], parts["optimizer"], parts["schedule"], [], [],
            setting.told.get("clip_norm"), 1, setting.seed,
        )  # fmt: skip
        self.training.epochs = setting.epoch or 0
        self.run = self.training.run = Run(self.training)
        self.run.last_epoch = 0 if setting.epoch is None else setting.epoch + 1
        self.run.total_steps = setting.total_steps
        self.source = self._source()
        self._stepper = Stepper(self.training.slots, setting.seed, _held, _rejected)
        ctx = Context(self.ops, training=True, seed=setting.seed, dtype=self.dtype)
        self._ctx = ctx
        self._batches = [MicroBatch(ctx, self.model, self.training.objective, self.source, rows) for rows in self.rows]
        self._stopped: list[dict[Any, Any]] = [{} for _ in self.rows]
        self._remember()

    def _source(self) -> Source:
        """The rows of all micro-batches, as the model was given them."""
        parts: dict[str, list[HostArray]] = {}
        owned = {*self.params, *(state.path for state in self.model.states())}  # a layer may be called y
        for k in range(len(self.rows)):
            prefix = prefix_of(k + 1)
            for name in self.trace.names():
                own = name.removeprefix(prefix)
                given = name.startswith(prefix) and self.trace.quantity(name).origin == "given"
                if given and name not in owned and own.partition(".")[0] in ("x", "y", "sample_weight", "rows"):
                    parts.setdefault(own, []).append(self.trace[name])
        for name in parts if "x" in parts or "x.0" in parts else ("x",):
            for k in range(len(self.rows)):
                self.host(f"{prefix_of(k + 1)}{name}")
        whole = {name: self._given(np.concatenate(each)) for name, each in parts.items()}
        inputs = tuple(value for name, value in whole.items() if name.partition(".")[0] == "x")
        named = {name[2:]: value for name, value in whole.items() if name.startswith("y.")}
        y: Any = whole.get("y")
        if named:
            in_order = list(named) == [str(k) for k in range(len(named))]
            y = tuple(named.values()) if in_order else named
        if y is None and self.training.objective.needs_target:
            self.host("y")
        source = Source(inputs, y, whole.get("sample_weight"), numbers=whole.get("rows"))
        source.full = self.setting.full
        return source

    def _given(self, value: HostArray) -> Array:
        return self.ops.asarray(value.astype(self.dtype) if value.dtype.kind == "f" and self.exact else value)

    def _remember(self) -> None:
        """The optimizer's memory as it was before the step."""
        slots = self.training.slots
        slots.t[()] = self.setting.step
        for buffer in slots.buffers.values():
            self.ops.fill(buffer, 0.0)
        for name in self.trace.names():
            path = max((p for p in self.params if name.endswith(f".{p}")), key=len, default=None)
            if path and name.startswith("optimizer.") and self.trace.quantity(name).origin == "given":
                buffer = slots.buffer(name.removeprefix("optimizer.").removesuffix(f".{path}"))
                param = self.params[path]
                start = self.arena.offsets[self.arena.params.index(param)]
                self.arena.view(buffer, param, start)[...] = self._recorded(name)

    def layer_of(self, call: Call) -> Layer:
        """The copy of the layer that was called."""
        return self.layers[call.path or "model"]

    # -- once more -------------------------------------------------------------------------------------------------

    @property
    def player(self) -> str | None:
        """Whose turn the step was."""
        return self.training.objective.player(self.setting.step)

    def moved(self) -> list[Param]:
        """The parameters whose gradients the step has used: those of the player, if there are turns."""
        player = self.player
        return [p for p in self.arena.params if player is None or f"{p.path}.".startswith(f"{player}.")]

    def step(
        self, opener: Callable[[Step], AbstractContextManager[None]] | None = None, *, lr: float | None = None
    ) -> None:  # fmt: skip
        """Take the step; ``lr`` in place of the optimizer's learning rates, before the schedule's factor.

        Raises:
            NumericalError: a loss or a gradient is not finite.
        """
        self.source.cursor[()] = 0
        if lr is not None:
            for segment in self.update().segments:
                segment.base_lr = segment.hyper[0] = lr
        self.training.openers = [] if opener is None else [(1, opener)]
        with np.errstate(under="ignore"), self.ops.quiet(), warnings.catch_warnings():
            warnings.simplefilter("ignore", PellucidWarning)  # what there is to say the step itself has said
            self._stepper.advance(self.run, self.source, self.rows)

    def outputs(self) -> Any:
        """What the model gives for the inputs of a prediction, an array or a tuple of them."""
        names = [name for name in self.trace.names() if name == "x" or name.startswith("x.")]
        inputs = [self._given(self.host(name)) for name in names]
        ctx = Context(self.ops, training=False, seed=self.setting.seed, dtype=self.dtype)
        ctx.begin(0, 0, index=np.arange(len(inputs[0]), dtype=np.int64))
        with np.errstate(under="ignore"), self.ops.quiet():
            return self.model.forward(ctx, *inputs)

    def update(self) -> Update:
        """What applies gradients at this step."""
        return self._stepper.update(self.training, self.player)

    def loss(self) -> float:
        """The loss of the step at the weights as they are now: the mean over the rows of all micro-batches."""
        losses: list[float] = []
        self._each(lambda k, batch: losses.append(self.last["loss"]))
        return sum(share * each for share, each in zip(self.shares(), losses, strict=True) if share)

    def gradients(self) -> dict[str, HostArray]:
        """Its gradient at each parameter."""
        found = {path: np.zeros(param.shape, np.float64) for path, param in self.params.items()}
        weighted: list[dict[str, HostArray]] = []

        def backward(k: int, batch: MicroBatch) -> None:
            self.ops.fill(self.arena.grad, 0.0)
            if batch.ctx.count:
                batch.backward()
            weighted.append({path: np.array(self.ops.to_host(p.grad)) for path, p in self.params.items()})

        self._each(backward)
        for share, gradients in zip(self.shares(), weighted, strict=True):
            for path, gradient in gradients.items():
                found[path] += share * gradient
        self.ops.fill(self.arena.grad, 0.0)
        return found

    def gradient_of_frozen(self, path: str) -> HostArray:
        """The gradient at a parameter that no gradient moves, for which a step has none."""
        param = self.params[path]
        param._trainable = True  # past the setter, as above
        try:
            return self.gradients()[path]
        finally:
            param._trainable = False

    def shares(self) -> list[float]:
        """The part that each micro-batch has in the mean over all rows."""
        total = sum(self.counts) or 1.0
        return [count / total for count in self.counts]

    def of_batch(self, k: int, part: str) -> tuple[float, float]:
        """The loss of the k-th micro-batch alone, or a part of it, and what it was divided by."""
        found: list[tuple[float, float]] = []

        def kept(each: int, batch: MicroBatch) -> None:
            if each == k:
                value = self.last[part]
                found.append((value, float(batch.ctx.count)))

        self._each(kept)
        return found[0]

    def _each(self, then: Callable[[int, MicroBatch], None]) -> None:
        """The loss of each micro-batch, and what then is done with it."""
        rows, self.counts = 0, []
        self.source.cursor[()] = 0
        with np.errstate(under="ignore"), self.ops.quiet():
            for k, batch in enumerate(self._batches):
                self.micro = k + 1
                self.begin(self._ctx, k, rows)
                self._ctx.hold(self._stopped[k])
                loss = batch.forward()
                self.last = {"loss": float(loss)} | {name: float(part) for name, part in batch.ctx.parts.items()}
                self.parts = self.parts or [*self.last]
                self.counts.append(float(batch.ctx.count))
                then(k, batch)
                self._ctx.discard()
                rows += len(batch.batch)

    def begin(self, ctx: Context, k: int, rows: int) -> None:
        """Set a root context to the k-th micro-batch, which begins at this row."""
        setting = self.setting
        ctx.begin(setting.step, setting.epoch, micro=k, row_offset=rows, share=self.rows[k] / setting.full)

    @contextmanager
    def weighted(self, weight: HostArray) -> Iterator[None]:
        """Within: the samples have these weights."""
        batches, before = self._batches, self.source.weight
        self._stepper.forget()  # whose batches have other weights
        self.source.weight = self.ops.asarray(np.asarray(weight, np.float64 if self.exact else self.dtype))
        try:
            self._batches = [
                MicroBatch(self._ctx, self.model, self.training.objective, self.source, rows) for rows in self.rows
            ]
            yield
        finally:
            self.source.weight, self._batches = before, batches
            self._stepper.forget()

    @contextmanager
    def watched(self, watch: Callable[[str, Layer, str, Any, tuple[Any, ...]], Any]) -> Iterator[None]:
        """Within: each ``forward`` and ``backward`` of a layer is ``watch(path, layer, method, code, arguments)``."""
        with ExitStack() as shadows:
            for path, layer in self.layers.items():
                for method in ("forward", "backward"):
                    code = getattr(layer, method)
                    vars(layer)[method] = _shadow(watch, path, layer, method, code)
                    shadows.callback(vars(layer).pop, method)
            yield


def _shadow(watch: Callable[..., Any], path: str, layer: Layer, method: str, code: Any) -> Callable[..., Any]:
    return lambda *given, **never: watch(path, layer, method, code, given)


def _held(*, needless: bool = False) -> AbstractContextManager[None]:
    return nullcontext()


def _rejected(training: Training, step: Step) -> NumericalError:
    return NumericalError(
        f"This step, taken once more, is not finite: its loss is {float(step.figures['loss'])}. Expected: a finite "
        "loss and gradient. Change less, or a smaller learning rate."
    )


def _copied(setting: Any) -> tuple[Layer, dict[str, Any]]:
    """Copies of model, objective, optimizer and schedule. Of the last three, one that is another now is made as it was,
    by its configuration.

    Raises:
        ConfigError: the model has changed since the trace was taken, or what has no configuration.
    """
    taken, told = setting.as_taken, setting.told
    taken.require(setting.model)
    try:
        parts: dict[str, Any] = deepcopy(taken.roots)
    except Exception as error:
        raise ConfigError(
            f"What the trace was taken of cannot be copied: {raised(error)}. A component keeps what cannot be copied, "
            "such as an open file, out of its attributes, or defines __deepcopy__."
        ) from error
    model = parts.pop("model")
    for name, own in taken.roots.items():
        if own is not None and name in parts and any(taken.changes(own)):
            if told[name] is None:
                taken.require(own)
            parts[name] = read(name, told[name], path=name, saved=True)
    return model, parts


def _needed(setting: Any) -> tuple[str, ...]:
    step = ("objective", "optimizer") if setting.sizes else ()
    return ("model", *step, *(("schedule",) if setting.told.get("scheduled") else ()))


def unregistered(setting: Any) -> list[str]:
    """What of a trace in a file has no configuration, so that it cannot be made anew."""
    return [name for name in _needed(setting) if setting.model is None and setting.told.get(name) is None]


def _made(trace: Opened, exact: bool) -> tuple[Layer, dict[str, Any]]:
    """Model, objective, optimizer and schedule by the configurations that a trace from a file holds."""
    setting = trace.setting
    told = setting.told
    for name in unregistered(setting):
        raise ConfigError(
            f"The {name} of this trace is not registered, so it cannot be made anew from a file. Use the trace in "
            f"the process that has taken it, or register what the {name} is made of, see docs/plugins, and trace "
            "again."
        )
    ops, dtype = (get_ops("reference"), "float64") if exact else (get_ops(told["backend"]), told["dtype"])
    shapes = [tuple(shape) for shape in told["input_shapes"]]
    try:
        model: Layer = read(("model", "layer"), told["model"], path="model", saved=True)
        declare(model, *shapes)
        parts = {name: read(name, told[name], path=name, saved=True) for name in _needed(setting)[1:]}
    except Exception as error:  # a file may bring a stranger's component into any state
        raise ConfigError(f"What {setting.file} is a trace of cannot be made here: {reason(error)}") from error
    owned: list[Param | State] = [*model.parameters(), *model.states()]
    for own in owned:  # before memory is taken: a small file must not ask for much
        if own.path in trace and trace[own.path].shape != own.shape:
            raise DataError(
                f"The model of {setting.file} has '{own.path}' of shape {own.shape}, and what was recorded of it is of "
                f"{trace[own.path].shape}. The file was changed, or the layer is of another version: trace again."
            )
    allocate(model, *shapes, seed=setting.seed, dtype=dtype, ops=ops, config=told["model"])
    return model, {"schedule": None, **parts}


def _move(model: Layer, dtype: Any, ops: Any) -> None:
    """Give a model other memory, of another type; what it held is lost. No component notices: it is nobody else's."""
    runtime = require_runtime(model)
    arena = Arena(model.parameters(), dtype, ops)
    for state in model.states():
        state.data = ops.zeros(state.shape, arena.dtype)
    runtime.ops, runtime.dtype, runtime.arena, runtime.idle_predictions = ops, arena.dtype, arena, {}
