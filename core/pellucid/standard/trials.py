"""Trial: components are recorded one by one while a step is run, and their plans replayed on other numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from threading import get_ident
from typing import Any

import numpy as np

from pellucid.basics.arrays import Array, HostArray, as_tuple
from pellucid.interfaces.objective import Batch


def moved(values: HostArray) -> HostArray:
    """Other numbers of the same kind: each element at the place of the next, floating ones three quarters as large. Of
    a mask every third is turned, and of integers some take the place of a larger neighbour: how many steps a mask takes
    or what the sum of labels is, another batch answers otherwise, too."""
    rolled = np.roll(values, 1)
    if rolled.dtype.kind == "f":
        return rolled * rolled.dtype.type(0.75)
    if rolled.dtype.kind == "b":
        rolled.reshape(-1)[::3] ^= True
        return rolled
    return np.minimum(rolled, values)


class Trial:
    """Tries those whom it watches when they are called.

    Args:
        proof: of the step or prediction that they are part of, on a backend of the host.

    Attributes:
        broken: the names of those whose plan did something else than their code.
    """

    def __init__(self, proof: Any) -> None:
        self.proof, self.ops, self.broken = proof, proof.ops, list[str]()
        self._requests = proof.ctx.requested_updates
        self._calls: dict[tuple[int, int], tuple[Any, ...]] = {}  # forwards, by component and context
        self._busy, self._thread = False, get_ident()
        self._cell = self.ops.zeros(1, np.float32)
        owned = [*proof.model.parameters(), *proof.model.states()]
        # A prediction leaves them alone: other threads may predict meanwhile.
        self._weights = [own.data for own in owned] if proof.word == "step" else []

    @contextmanager
    def watching(self, name: str, part: Any) -> Iterator[None]:
        """Within: a component is tried when it is called. It is shadowed on the instance, past ``__setattr__``."""
        shadows: dict[str, Any] = {"forward": self._forward, "backward": self._backward}
        if part.kind == "optimizer":
            shadows = {"step": self._step}
        elif part.kind in ("regularizer", "transform"):
            shadows = {"add_gradient" if part.kind == "regularizer" else "augment": self._alone}
        for method, call in shadows.items():
            part.__dict__[method] = self._shadow(name, part, getattr(part, method), call)
        try:
            yield
        finally:
            for method in shadows:
                del part.__dict__[method]

    def _shadow(self, name: str, part: Any, method: Callable[..., Any], call: Any) -> Callable[..., Any]:
        def shadow(*given: Any) -> Any:
            watched = not self._busy and get_ident() == self._thread  # other threads predict meanwhile
            return call(name, part, method, given) if watched else method(*given)

        return shadow

    def _forward(self, name: str, part: Any, forward: Callable[..., Any], given: tuple[Any, ...]) -> Any:
        self._calls[id(part), id(given[0])] = name, given, forward
        return forward(*given)

    def _backward(self, name: str, part: Any, backward: Callable[..., Any], given: tuple[Any, ...]) -> Any:
        """Those inside are tried first, as this calls them; then it is tried as a whole, and called anew."""
        grads = self._grads()
        backward(*given)
        ctx = given[0]
        _, before, forward = self._calls.pop((id(part), id(ctx)))

        def both(copies: Sequence[Any]) -> tuple[Any, ...]:
            y = as_tuple(forward(ctx, *copies[: len(before) - 1]))
            return (*y, *as_tuple(backward(ctx, *copies[len(before) - 1 :])))

        self._try(name, both, (*before[1:], *given[1:]))
        self._quietly(lambda: forward(*before))
        self._set_grads(grads)
        return self._quietly(lambda: backward(*given))

    def those_without_backward(self) -> None:
        """A prediction has none, and nobody wants that of a first layer without parameters."""
        for name, (ctx, *given), forward in self._calls.values():
            self._try(name, lambda copies, ctx=ctx, f=forward: as_tuple(f(ctx, *copies)), given)  # type: ignore[misc]

    def _alone(self, name: str, part: Any, method: Callable[..., Any], given: tuple[Any, ...]) -> Any:
        """Of one method: its first argument, a context or the backend, is passed on."""

        def call(copies: Sequence[Any]) -> tuple[Any, ...]:
            made = method(given[0], *copies)
            return tuple(copies) if made is None else as_tuple(made)

        self._try(name, call, given[1:])
        return self._quietly(lambda: method(*given))

    def _step(self, name: str, part: Any, step: Callable[..., Any], given: tuple[Any, ...]) -> Any:
        update, changed = self.proof.update, tuple(self.proof.changed)

        def call(copies: Sequence[Any]) -> tuple[Any, ...]:
            step(*given)
            return changed

        cells = [update.arena.grad, update.slots.t, *(segment.hyper for segment in update.segments)]
        self._try(name, call, (), changed, cells)
        return self._quietly(lambda: step(*given))

    def _try(
        self, name: str, call: Callable[[Sequence[Any]], tuple[Any, ...]], given: Sequence[Any],
        changed: Sequence[Array] = (), cells: Sequence[Array] = (),
    ) -> None:  # fmt: skip
        """Record a call on copies of what it is given, and hold its plan against it on other numbers.

        Args:
            changed: arrays that it changes, which are put back.
            cells: arrays that it reads beside what it is given.
        """
        own = (*changed, *cells, *self._weights)
        kept = [np.array(array) for array in own]
        copies, arrays = _copied(given)
        originals, grads, count = [array.copy() for array in arrays], self._grads(), len(self._requests)

        def put_back() -> None:
            for array, value in zip(own, kept, strict=True):
                array[...] = value

        def recorded() -> tuple[Any, ...]:
            self.ops.fill(self._cell, 0.0)  # so that there is a plan, whatever else is called
            return call(copies)

        def seen(run: Callable[[], Any]) -> list[bytes | None]:
            """What a run leaves on the other numbers."""
            put_back()
            for array, value in zip(arrays, originals, strict=True):
                array[...] = moved(value)
            for array in (*cells, *(() if cells else self._weights)):
                array[...] = moved(array) if array.dtype.kind == "f" else array + 1
            if not cells:
                self._set_grads([np.zeros_like(grad) for grad in grads])
            made = run()
            return [None if a is None else np.asarray(a).tobytes() for a in (*made, *values, *self._grads())]

        self._busy = True
        try:
            made, plan = self.ops.record(recorded)
            values = [value for _, value, _ in self._requests[count:]]
            if plan is not None and seen(lambda: plan.run() and made) != seen(lambda: call(copies)):
                self.broken += [name] if name not in self.broken else []
        except Exception:  # the numbers are too odd for it, which shows nothing
            return
        finally:
            del self._requests[count:]
            self._set_grads(grads)
            put_back()
            self._busy = False

    def _quietly(self, call: Callable[[], Any]) -> Any:
        """A call that was tried, made again: its memory holds the numbers of the step once more."""
        count = len(self._requests)
        self._busy = True
        try:
            return call()
        finally:
            del self._requests[count:]
            self._busy = False

    def _grads(self) -> list[HostArray]:
        """A copy of the gradients, if there are any."""
        return [np.array(self.proof.update.arena.grad)] if self.proof.word == "step" else []

    def _set_grads(self, grads: Sequence[HostArray]) -> None:
        for grad in grads:
            self.proof.update.arena.grad[...] = grad


def _copied(given: Sequence[Any]) -> tuple[list[Any], list[HostArray]]:
    """Arguments with arrays of their own, and these arrays."""
    arrays: list[HostArray] = []

    def own(a: Any) -> Any:
        if isinstance(a, Batch):
            x = tuple(map(own, a.x)) if isinstance(a.x, tuple) else own(a.x)
            return replace(a, x=x, y=own(a.y), weight=own(a.weight))
        if isinstance(a, np.ndarray):
            arrays.append(a.copy())
            return arrays[-1]
        return a

    return [own(a) for a in given], arrays
