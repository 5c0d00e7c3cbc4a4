"""What is recorded of some small steps, in words: names, where each came from, what each call was given and made; what
numbers are made of, and what a page holds of it.

``python -m tests.glassbox.recorded`` writes the three files beside it anew; look at what has changed.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
from pellucid.glassbox.equations import Activation
from pellucid.glassbox.page.export import Export

from tests.glassbox.nets import Two

X, Y = np.array([[0.5, -1.0], [1.0, 0.25], [0.75, 2.0]]), np.array([[1.0], [0.0], [0.5]])


class Shared(pl.Composite):
    """Calls one layer twice, draws, has a parameter of its own, and a layer in front that gives nothing new."""

    def __init__(self) -> None:
        self.flat, self.inner, self.last = pl.Flatten(), pl.Dense(2, "relu"), pl.Dense(1)

    def declare(self, *input_shapes: Any) -> None:
        self.scale = self.param("scale", (2,), init="ones")
        self.seen = self.state("seen", (2,))

    def call(self, ctx: Any, x: Any) -> Any:
        h = self.inner(self.flat(x))
        ctx.update(self.seen, np.mean(h.value, axis=0), 0.25)
        return 0.5 * self.last(self.inner(h) * self.scale + h * ctx.uniform((len(x), 2)))


class Noisy(pl.Objective):
    """``L = Σ (y − x)² / n`` of what the model makes of x and noise, in two parts."""

    equations = (
        pl.Equation("seen0", "x + n", "x + drawn['normal']"),
        pl.Equation("near", "near", "np.sum((y - x) ** 2) / len(y)"),
        pl.Equation("objective", "near", "parts['near']"),
        pl.Equation("dy", "2 (y - x) / n", "2 * (y - x) / len(y)"),
    )
    needs_target = False

    def forward(self, ctx: Any, model: Any, batch: Any) -> Any:
        (x,) = batch.inputs
        y = model.forward(ctx.child("model"), x + ctx.normal(x.shape))
        ctx.off, ctx.count = y - x, len(batch)
        loss = np.float64(np.sum(ctx.off.astype(np.float64) ** 2) / len(x))
        ctx.parts["near"] = loss
        return loss

    def backward(self, ctx: Any, model: Any) -> None:
        model.backward(ctx.child("model"), (2 / len(ctx.off) * ctx.off).astype(ctx.dtype))


def dense() -> pl.Trace:
    """Two layers, a penalty, clipping, momentum, a schedule."""
    decay = pl.create("regularizer", "l2", strength=0.1)
    model = pl.build(
        pl.Sequential([pl.Dense(2, "tanh", regularizer=decay), pl.Dense(1)]),
        input_shape=(2,),
        seed=0,
        backend="reference",
    )
    return pl.Trainer(
        model,
        loss="mse",
        seed=0,
        optimizer={"type": "sgd", "lr": 0.1, "momentum": 0.9},
        schedule="constant",
        clip_norm=0.01,
    ).trace_step(X, Y)


class Look(pl.Callback):
    """Opens the steps of a run."""

    def __init__(self) -> None:
        self.traces: list[Any] = []

    def on_run_start(self, run: pl.Run) -> None:
        run.on_trace(pl.create("callback", "trace").opener(run.trainer, self.traces.append))


def micro() -> pl.Trace:
    """Two micro-batches with weights, states, random numbers, and groups of parameters with rates of their own."""
    model = pl.build(
        pl.Sequential([pl.BatchNorm(), pl.Dropout(0.5), pl.Dense(1)]), input_shape=(2,), seed=0, backend="reference"
    )
    groups = [{"match": "*.bias", "lr": 0.02, "clip_norm": 0.1}]
    sgd = {"type": "sgd", "lr": 0.1, "groups": groups}
    trainer = pl.Trainer(model, loss="mse", seed=0, optimizer=sgd, callbacks=[look := Look()], accumulate=2)
    trainer.fit(X, Y, batch_size=2, sample_weight=np.array([1.0, 2.0, 0.5]), verbose=False)
    return look.traces[0]


def code() -> pl.Trace:
    """Code over layers: one of them called twice, random numbers of its own."""
    model = pl.build(Shared(), input_shape=(2,), seed=0, backend="reference")
    return pl.Trainer(model, loss="mse", seed=0, optimizer="sgd").trace_step(X, Y)


def combined() -> pl.Trace:
    """Several optimizers, one bounded, a frozen parameter, and a state that one full batch updates."""
    model = pl.build(pl.Sequential([pl.BatchNorm(), pl.Dense(1)]), input_shape=(2,), seed=0, backend="reference")
    model.parameters()[0].trainable = False
    clipped = {"type": "clipped", "optimizer": "sgd", "value": 0.001}
    return pl.Trainer(model, loss="mse", seed=0, optimizer={"*.bias": clipped, "*": "adam"}).trace_step(X, Y)


def noisy() -> pl.Trace:
    """An objective with equations of its own, over two micro-batches."""
    model = pl.build(pl.Dense(2), input_shape=(2,), seed=0, backend="reference")
    trainer = pl.Trainer(
        model, objective=Noisy(), seed=0, optimizer="sgd", callbacks=[look := Look()], accumulate=2, clip_value=0.01
    )
    trainer.fit((X, None), batch_size=2, verbose=False)
    return look.traces[0]


def prediction() -> pl.Trace:
    """Two inputs, one of whole numbers."""
    return pl.build(Two(), input_shape=[(2,), ()], seed=0, backend="reference").trace((X, np.array([0, 2, 1])))


STEPS: tuple[Callable[[], pl.Trace], ...] = (dense, micro, code, combined, noisy, prediction)


def told(trace: pl.Trace) -> Iterator[str]:
    """A line for each quantity, and then for each call."""
    calls: list[Any] = [call for top in trace.calls for call in top.within()]
    for name in trace.names():
        own = trace.quantity(name).call
        if own is not None and not any(own is call for call in calls):
            calls.append(own)

    def number(wanted: Any) -> int:
        return next(i for i, call in enumerate(calls) if call is wanted)

    for name in trace.names():
        quantity = trace.quantity(name)
        by = "" if quantity.call is None else f" by {number(quantity.call)} as {quantity.of or '-'}"
        shape = "" if quantity.array is None else f" {quantity.array.dtype}{list(quantity.array.shape)}"
        yield f"{name}: {quantity.origin}{shape}{by}{f' is {quantity.same}' if quantity.same else ''}"
    for i, call in enumerate(calls):
        yield (
            f"{i} {call.kind} {type(call.component).__name__} at {call.path or '-'}, {call.pattern} #{call.number} "
            f"micro {call.micro}{'' if call.training else ' evaluated'} in {call.place or '-'}"
        )
        for what in ("given", "made", "groups", "values"):
            held = {key: _plain(value) for key, value in getattr(call, what).items()}
            if held:
                yield f"  {what} {held}"
        if call.inner:
            yield f"  calls {[number(inner) for inner in call.inner]}"


def _plain(value: Any) -> Any:
    if isinstance(value, Activation):
        return f"activation {value.name}"
    if callable(value):
        return "a function"
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{list(value.shape)}"
    return round(value, 6) if isinstance(value, float) else value


def explained(trace: pl.Trace) -> Iterator[str]:
    """Of the first cell of each quantity that was computed what it is made of, in symbols."""
    for name in trace.names():
        quantity = trace.quantity(name)
        if quantity.origin in ("recorded", "equation") and quantity.same is None:
            why = trace.why(name, (0,) * trace[name].ndim)
            places = ", ".join(f"{place}{list(cell)}" for place, cell in why.parents)
            yield f"{name}: {why.scalar} from {places}{f' ({why.note})' if why.note else ''}"


def paged(trace: pl.Trace) -> Iterator[str]:
    """What its page is made of, but for numbers and source text."""
    data = Export(trace).data
    yield f"{data['title']}, {dict(data['facts']) | {'loss': 0}}, tops {data['tops']}, {data['bytes']} bytes"
    whole = "scale" in trace or not trace.setting.sizes  # what the others would say besides is much the same
    for quantity in data["quantities"] if whole else ():
        yield f"quantity {json.dumps(quantity)}"
    for call in data["calls"]:
        parts = [part["is"] for part in call["parts"]]
        told = {key: call[key] for key in ("path", "title", "kind", "type", "columns", "names")}
        yield f"call {json.dumps(told)} {[e['of'] for e in call['equations']]} {parts}"
    for step in data["steps"]:
        yield f"step {json.dumps(step)}"
    for i, node in enumerate(data["nodes"]) if whole else ():
        yield f"node {i} {json.dumps(node)}"
    yield f"stands {json.dumps(data['stands'])}"


WAYS = {"recorded": told, "explained": explained, "paged": paged}


def written(way: str) -> str:
    """All steps in one of the ways."""
    lines: list[str] = []
    for step in STEPS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pl.PellucidWarning)
            lines += [f"== {step.__name__}", *WAYS[way](step())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for each in WAYS:
        Path(__file__).with_name(f"{each}.txt").write_text(written(each), encoding="utf-8")
