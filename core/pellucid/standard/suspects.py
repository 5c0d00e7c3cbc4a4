"""Suspects: which component of a step or a prediction does not do what it has promised, and how messages name it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from threading import Lock
from typing import Any

from pellucid.basics.component import Component
from pellucid.interfaces.layer import Layer
from pellucid.standard.trials import Trial

FIXED = "{who} promises capture (capturable = True) and asks for {what}, which a recorded plan holds fast."
BROKEN = "{who} promises capture (capturable = True) and does not keep it."
ONE_OF = "One of these promises capture (capturable = True) and does not keep it: {who}."
_ALONE = Lock()
"""Whoever tries components watches them on themselves: one after the other."""


def held_fast(
    model: Layer, root: str, asked: Mapping[str, str], optimizer: Component | None = None, segments: Iterable[str] = ()
) -> str:
    """Who asked for what is another at every step, as a sentence; nothing if nobody has.

    Args:
        root: the path of the model's context.
        asked: what, by the paths of contexts.
        segments: what was asked of the optimizer's segments.
    """
    for path, what in asked.items():
        return FIXED.format(who=_at(model, root, path), what=what)
    for what in segments:
        return FIXED.format(who=f"The optimizer {type(optimizer).__name__}", what=what)
    return ""


def _at(model: Layer, root: str, path: str) -> str:
    """The layer whose context has a path. Contexts are named by whoever makes them, mostly as layers are."""
    inside, layers = path.removeprefix(root).strip("/").replace("/", "."), dict(model.walk())
    for name in (inside, f"layers.{inside}") if path.startswith(root) else ():
        if name in layers:
            return _layer(name, layers[name])
    return f"What computes at '{path}'"


def _layer(path: str, layer: Layer) -> str:
    return f"{type(layer).__name__} at '{path}'" if path else f"The model ({type(layer).__name__})"


def guilty(proof: Any, method: Callable[[], Any]) -> str:
    """Whose promise is broken, as a sentence: each component is recorded alone, and replayed on other numbers.

    Runs the method once more, with everybody watched; what it changes is the caller's to put back.
    """
    parts = dict(_parts(proof))
    found: list[str] = []
    if not proof.ops.queues:
        with _ALONE, ExitStack() as watched:
            trial = Trial(proof)
            for name, part in parts.items():
                watched.enter_context(trial.watching(name, part))
            with suppress(Exception):  # it has been run already: what only this run raises is of nobody's interest
                method()
                trial.those_without_backward()
        found = _innermost(proof, {name: parts[name] for name in trial.broken})
    if found:
        return " ".join(BROKEN.format(who=name) for name in found)
    return ONE_OF.format(who=", ".join(parts))


def _parts(proof: Any) -> Iterator[tuple[str, Component]]:
    """All that computes, by names for messages; what is made of others after these."""
    layers = [(path, layer) for path, layer in proof.model.walk() if layer.capturable]
    yield from ((_layer(path, layer), layer) for path, layer in reversed(layers))
    if proof.word != "step":
        return
    if proof.gathers:
        yield from ((f"The transform {type(part).__name__}", part) for part in proof.batch.augmentations)
        objective = proof.batch.objective
        if isinstance(loss := getattr(objective, "loss", None), Component):
            yield f"The loss {type(loss).__name__}", loss
        yield f"The objective {type(objective).__name__}", objective
    if proof.learns:
        for param, regularizer in proof.update.regularized:
            yield f"The regularizer {type(regularizer).__name__} of '{param.path}'", regularizer
        yield f"The optimizer {type(proof.update.optimizer).__name__}", proof.update.optimizer


def _innermost(proof: Any, broken: Mapping[str, Component]) -> list[str]:
    """Of those whose promise is broken, those inside of which there is no other."""

    def inside(part: Component) -> set[int]:
        whole = part if isinstance(part, Layer) else proof.model if part.kind == "objective" else None
        parts = [] if whole is None else [layer for _, layer in whole.walk()]
        return {id(other) for other in (*parts, getattr(part, "loss", None))} - {id(part)}

    return [name for name, part in broken.items() if not inside(part) & {id(other) for other in broken.values()}]
