"""Recorder: looks on while a step is taken or a prediction made, and copies the numbers as they come to be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from fnmatch import fnmatchcase
from threading import RLock, get_ident
from typing import Any

import numpy as np

from pellucid.basics.arrays import Array, HostArray, as_tuple
from pellucid.basics.component import Component, parts_in
from pellucid.basics.errors import DataError
from pellucid.glassbox.equations import used, used_names
from pellucid.glassbox.record.names import is_helper, numbered, prefix_of, symbols
from pellucid.glassbox.record.quantity import Call, Quantity
from pellucid.interfaces.context import Context
from pellucid.interfaces.objective import Objective
from pellucid.interfaces.parameters import Param, State

_ALONE = RLock()
"""Components are watched on themselves, so one step at a time; a step may be watched by several."""
Draw = Callable[[tuple[int, ...]], HostArray]


def parts_of_kind(component: Component, kinds: Sequence[str], path: str = "") -> Iterator[tuple[str, Component]]:
    """What stands in the attributes of a component, and in lists and tables of these, with where."""
    for name, part in parts_in(component, Component):
        if part.kind in kinds:
            yield f"{path}{name}", part
            yield from parts_of_kind(part, kinds, f"{path}{name}.")


class Recorder:
    """Keeps what happens while it is watching.

    ``forward`` and ``backward`` of layers and losses, and the like of all else that a step is made of, are shadowed on
    the instances for that time: there is no second path, and no cost for who does not look. A container may add to what
    a layer inside has given it, so each array is copied as its call returns.

    Args:
        keep: names of quantities, or patterns of them; all others are left out.
        limit: bytes that may be kept.
        again: of a context and a micro-batch -> one at the same place, whose streams give the same numbers.
        moment: the step and the epoch, for equations of objectives that name them.

    Attributes:
        quantities: by name, in the order in which they came to be.
        calls: the outermost ones.
        micro: which micro-batch is being computed, from 1; counts: what the loss of each so far was divided by.
    """

    def __init__(
        self, ops: Any, *, keep: Sequence[str] = ("*",), limit: int = 2**30,
        again: Callable[[Context, int], Context | None] = lambda ctx, micro: None,
        moment: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.ops, self.keep, self.limit, self._again, self._moment = ops, keep, limit, again, dict(moment or {})
        self.quantities: dict[str, Quantity] = {}
        self.calls: list[Call] = []
        self.micro = 1
        self.several = False  # micro-batches: then a loss without their number is that of the step
        self.counts: list[float] = []
        self.bytes = 0
        self._all = "*" in keep
        self._stack: list[Call] = []
        self._open: dict[tuple[int, int], Call] = {}  # forwards, by component and context
        self._numbers: dict[tuple[int, str], int] = defaultdict(int)
        self._places: dict[Any, list[str]] = defaultdict(list)  # of arrays in memory -> quantities recorded there
        self._asked: dict[str, list[Any]] = defaultdict(list)  # by states -> where the arrays lay that were asked for
        self._thread = get_ident()

    # -- quantities ----------------------------------------------------------------------------------------------

    @property
    def prefix(self) -> str:
        return prefix_of(self.micro)

    def figure(self, name: str) -> str:
        """The name of a loss, or of a part of it, of the micro-batch under way: that of the step is made of them."""
        return f"micro.{self.micro}.{name}" if self.several else name

    def host(self, array: Array) -> HostArray:
        return np.array(self.ops.to_host(array))

    def add(
        self, name: str, array: Any, call: Call | None = None, of: str = "", origin: str = "recorded", *,
        shared: bool = True, again: bool = True, place: Any = None,
    ) -> str:  # fmt: skip
        """Keep a copy under this name, or a second one if the name is taken; returns the name.

        Args:
            shared: whether it may be an array that was recorded before under another name, and still holds the same.
            again: whether such a one is kept under this name, too.
            place: where the array lay that this is a copy of.
        """
        own = name
        for n in range(2, 1 << 20):
            if own not in self.quantities:
                break
            own = f"{name}~{n}"
        if not self._wanted(own):
            return own
        same, place = None, place or self._place(array)
        value = self.host(array)
        for before in reversed(self._places[place]) if shared and place is not None else ():
            kept = self.quantities[before].array
            if kept is not None and kept.tobytes() == value.tobytes():
                same, value = self.quantities[before].same or before, kept
                break
        if same is not None and not again:
            return same
        if same is None:
            self._count(own, value.nbytes)
        value.flags.writeable = False  # several names may stand for it
        self.quantities[own] = Quantity(own, value, call, of, origin, same)
        if place is not None:
            self._places[place].append(own)
        return own

    def add_equation(self, name: str, call: Call, of: str) -> None:
        """Note that an equation gives this quantity."""
        if name not in self.quantities and self._wanted(name):
            self.quantities[name] = Quantity(name, None, call, of, "equation")

    def _wanted(self, name: str) -> bool:
        return self._all or any(fnmatchcase(name, pattern) for pattern in self.keep)

    def add_asked(self, name: str, path: str, number: int, value: Any) -> None:
        """Keep what a layer asks a state to become, by its how-many-th call for an update, from 0."""
        places = self._asked[path]
        self.add(name, value, place=places[number] if number < len(places) else None)

    def _place(self, array: Any) -> Any:
        shape, dtype = getattr(array, "shape", None), getattr(array, "dtype", None)
        if shape is None or 0 in shape or isinstance(array, np.generic):
            return None
        on_host = isinstance(array, np.ndarray)  # as the numbers of rows are, whatever the backend
        address = array.__array_interface__["data"][0] if on_host else self.ops.address(array)
        return on_host, address, shape, str(dtype)

    def _count(self, name: str, size: int) -> None:
        self.bytes += size
        if self.bytes > self.limit:
            sizes = sorted(
                (q.array.nbytes, q.name) for q in self.quantities.values() if q.array is not None and not q.same
            )
            largest = ", ".join(f"{n} ({b / 2**20:.3g} MiB)" for b, n in sizes[:-4:-1])
            raise DataError(
                f"A trace may keep {self.limit:,} bytes, and with '{name}' it has {self.bytes:,}. The largest so far: "
                f"{largest or name}. Give fewer rows, choose quantities, keep=('loss', 'layers.0.*'), or raise limit=…."
            )

    # -- watching ------------------------------------------------------------------------------------------------

    @contextmanager
    def watching(self, parts: Sequence[tuple[str, Component]]) -> Iterator[None]:
        """Within: these are watched, each by its path."""
        methods = {"layer": ("forward", "backward"), "loss": ("forward", "backward"), "objective": ("forward",)}
        if not _ALONE.acquire(timeout=60):
            raise DataError("Another thread has been tracing for a minute, and one step is traced at a time.")
        try:
            with ExitStack() as watched:
                for path, part in parts:
                    for method in methods.get(part.kind, ()):
                        self._shadow(watched, path, part, method)
                yield
        finally:
            _ALONE.release()

    def _shadow(self, watched: ExitStack, path: str, part: Any, method: str) -> None:
        code, look = getattr(part, method), getattr(self, f"_{method}")
        before = part.__dict__.get(method)

        def shadow(*given: Any, **named: Any) -> Any:
            if get_ident() != self._thread:  # other threads may predict meanwhile
                return code(*given, **named)
            return look(path, part, code, given, named)

        part.__dict__[method] = shadow  # past __setattr__: nothing of the component has changed
        watched.callback(restore, part.__dict__, method, before)

    def _begin(self, path: str, part: Component, ctx: Context | None) -> Call:
        named = path or "model"
        key = self.micro, named
        self._numbers[key] += 1
        number = self._numbers[key]
        called = named if number == 1 else f"{named}#{number}"
        call = Call(
            path, part, part.kind, f"{self.prefix}{called}.{{}}", number, self.micro,
            ctx is None or ctx.training, "" if ctx is None else ctx.path,
        )  # fmt: skip
        (self._stack[-1].inner if self._stack else self.calls).append(call)
        return call

    def _forward(self, path: str, part: Any, code: Any, given: tuple[Any, ...], named: Any) -> Any:
        ctx = given[0]
        call = self._begin(path, part, ctx)
        if part.kind == "layer":
            self._given_layer(call, given[1:])
        elif part.kind == "loss":
            self._given_loss(call, *given[1:], **named)
        else:
            self._given_objective(call, *given[1:])
        self._stack.append(call)
        try:
            with self._draws(call, ctx):
                result = code(*given, **named)
        finally:
            self._stack.pop()
        self._open[id(part), id(ctx)] = call
        if part.kind == "layer":
            self._made_layer(call, ctx, result)
        else:
            self._made_loss(call, ctx, result)
        return result

    def _given_layer(self, call: Call, inputs: Sequence[Array]) -> None:
        asking = self._stack[-1] if call.path == "" and self._stack and self._stack[-1].kind == "objective" else None
        for i, (of, x) in enumerate(numbered("x", inputs).items()):
            made = None if asking is None or not _tells(asking, f"seen{i}") else asking
            call.given[of] = self.add(call.pattern.format(of), x, made or call, of if made is None else f"seen{i}")
            if made is not None:
                made.made[f"seen{i}"] = call.given[of]
        call.values["inputs"] = tuple(call.given)  # what the name stands for is looked up with the others
        for symbol, value in symbols(call.component).items():  # type: ignore[arg-type]
            if isinstance(value, Param | State):
                call.given[symbol] = value.path
                if isinstance(value, State) and call.training:
                    call.made[symbol] = f"{value.path}.new"
            else:
                call.values[symbol] = value

    def _given_loss(self, call: Call, prediction: Array, target: Array, weight: Array | None = None) -> None:
        call.given["prediction"] = call.given["z"] = self.add(call.pattern.format("prediction"), prediction, call)
        target_name = self.add(call.pattern.format("target"), target, call)
        call.given |= {"target": target_name, "t": target_name}
        asking, told = self._stack[-1] if self._stack else None, f"weight{self._losses_asked() - 1}"
        made = asking if asking is not None and asking.kind == "loss" and _tells(asking, told) else None
        if weight is None:
            call.values |= dict.fromkeys(("w", "weight"), np.ones(len(prediction)))
        else:
            name = self.add(call.pattern.format("weight"), weight, made or call, "" if made is None else told)
            call.given |= dict.fromkeys(("w", "weight"), name)
            if made is not None:
                made.made[told] = name

    def _losses_asked(self) -> int:
        """How many losses the component that is being called has called so far."""
        return sum(call.kind == "loss" for call in self._stack[-1].inner) if self._stack else 0

    def _given_objective(self, call: Call, model: Any, batch: Any) -> None:
        call.values |= self._moment
        for of, x in numbered("x", batch.inputs).items():
            call.given[of] = self.add(call.pattern.format(of), x, call, of, again=False)
        if batch.y is not None and hasattr(batch.y, "shape"):
            call.given |= dict.fromkeys(
                ("target", "t"), self.add(call.pattern.format("target"), batch.y, call, again=False)
            )
        call.values |= dict.fromkeys(("w", "weight"), np.ones(len(batch)))

    def _made_layer(self, call: Call, ctx: Context, result: Any) -> None:
        self._drawn_again(call, ctx)
        outputs = numbered("y", as_tuple(result))
        for equation in call.phases.forward:
            if equation.of not in (*outputs, *call.values) and not is_helper(equation):  # a symbol of nothing
                self.add_equation(call.name_of(equation.of), call, equation.of)
        for of, y in outputs.items():
            call.made[of] = self.add(call.pattern.format(of), y, call, of)
        self._kept(call, ctx)

    def _made_loss(self, call: Call, ctx: Context, result: Any) -> None:
        if call.kind == "objective":
            self._heard(call, ctx)
            for name, value in ctx.parts.items():
                call.made[name] = self.add(self.figure(f"loss.{name}"), value, call, name)
            call.groups["parts"] = {name: call.made[name] for name in ctx.parts}
        elif losses := [inner for inner in call.inner if inner.kind == "loss"]:
            call.groups["parts"] = [inner.made["loss"] for inner in losses]
        known = {"loss", "objective", "dprediction", *call.made}
        for equation in call.phases.forward:
            if equation.of not in known and not equation.of.startswith(("dy", "seen")) and not is_helper(equation):
                self.add_equation(call.name_of(equation.of), call, equation.of)
        if call.kind == "objective":
            of, name = "objective", self.figure("loss")
            held = self.quantities.get(name)
            if held is not None and held.array is not None and np.array_equal(held.array, self.host(result)):
                call.made[of] = name  # of one loss alone it is that loss
                return
        else:
            of, name = "loss", call.pattern.removesuffix(".{}")
            name = self.figure("loss") if name == f"{self.prefix}loss" else name
        call.made[of] = self.add(name, result, call, of, shared=False)

    def _heard(self, call: Call, ctx: Context) -> None:
        """What an objective has asked of its model, if it has asked once, and what it has drawn."""
        roots = [inner for inner in call.within() if inner.kind == "layer" and inner.path == ""]
        drawn = call.pattern.format("drawn.")
        call.groups["drawn"] = {n.removeprefix(drawn): n for n in self.quantities if n.startswith(drawn)}
        if len(roots) == 1:
            call.groups["seen"] = [roots[0].given[of] for of in roots[0].values["inputs"]]
            call.given |= {of: name for of, name in roots[0].made.items() if of.startswith("y")}
        objective = call.component
        if isinstance(objective, Objective) and {"prediction", "z"} & used_names(objective.equations):
            pair = objective.metric_pair(ctx)  # what its equations call so, as in the conformance kit
            if pair is not None and hasattr(pair[0], "shape"):
                name = self.add(call.pattern.format("prediction"), pair[0], call, again=False)
                call.given |= dict.fromkeys(("prediction", "z"), name)

    def _kept(self, call: Call, ctx: Context) -> None:
        """What the code has put aside for its backward."""
        for name, value in vars(ctx).items():
            if (
                name not in _OF_CONTEXTS
                and not name.startswith("_")
                and hasattr(value, "shape")
                and hasattr(value, "dtype")
            ):
                self.add(call.pattern.format(f"kept.{name}"), value, call, again=False)

    def _backward(self, path: str, part: Any, code: Any, given: tuple[Any, ...], named: Any) -> Any:
        ctx = given[0]
        call = self._open.get((id(part), id(ctx)))
        if call is None:  # its forward ran before anybody looked
            return code(*given, **named)
        telling = next(
            (c for c in self.calls if c.kind == "objective" and c.micro == self.micro and call in c.inner), None
        )
        for of, dy in numbered("dy", given[1:]).items() if part.kind == "layer" else ():
            if dy is not None:
                made = telling if telling is not None and path == "" and _tells(telling, of) else None
                call.given[of] = self.add(call.pattern.format(of), dy, made or call, of)
                if made is not None:
                    made.made[of] = call.given[of]
        self._stack.append(call)
        try:
            result = code(*given, **named)
        finally:
            self._stack.pop()
        if part.kind == "loss":
            if losses := [inner for inner in call.inner if "dprediction" in inner.made]:
                call.groups["dparts"] = [inner.made["dprediction"] for inner in losses]
            call.made["dprediction"] = self.add(call.pattern.format("dprediction"), result, call, "dprediction")
            return result
        wanted = numbered("dx", as_tuple(result) if result is not None else (None,) * len(call.values["inputs"]))
        dxs = {of: dx for (of, dx), want in zip(wanted.items(), ctx.needs_dx, strict=False) if dx is not None and want}
        for equation in call.phases.backward:
            if equation.of not in wanted and not is_helper(equation):
                self.add_equation(call.name_of(equation.of), call, equation.of)
        for of, dx in dxs.items():
            told = "dx" if len(dxs) == 1 and not _tells(call, of) and _tells(call, "dx") else of
            call.made[told] = self.add(call.pattern.format(of), dx, call, told)
        return result

    # -- random numbers ------------------------------------------------------------------------------------------

    @contextmanager
    def _draws(self, call: Call, ctx: Context) -> Iterator[None]:
        """Within: what the code draws by ``ctx.uniform`` and ``ctx.normal`` is kept, and where lay what it asks states
        to become."""

        def drawing(what: str) -> Callable[..., Array]:
            draw = getattr(ctx, what)

            def drawn(shape: tuple[int, ...], name: str = "") -> Array:
                numbers = draw(shape, name)
                self.add(call.pattern.format(f"drawn.{name or what}"), numbers, call, origin="drawn", shared=False)
                return numbers

            return drawn

        ask = ctx.update

        def asking(state: State, value: Array, rate: float = 1.0) -> None:
            self._asked[state.path].append(self._place(value))
            ask(state, value, rate)

        shadows = {"uniform": drawing("uniform"), "normal": drawing("normal"), "update": asking}
        with ExitStack() as watched:
            for what, shadow in shadows.items():
                before, vars(ctx)[what] = vars(ctx).get(what), shadow
                watched.callback(restore, vars(ctx), what, before)
            yield

    def _drawn_again(self, call: Call, ctx: Context) -> None:
        """What a kernel has drawn inside of itself is drawn once more: numbers depend on their place alone."""
        component = call.component
        assert component is not None
        names = frozenset[str]().union(*(used(e.python) for e in component.equations if e.python is not None))
        call.values["row_offset"] = int(ctx.row_offset[0])
        if not names & {"uniform", "normal", "uniform_of", "normal_of"}:
            return
        again = self._again(ctx, self.micro)
        if again is None:
            return
        of_x = self.quantities.get(next(iter(call.given.values()), ""))
        shape = () if of_x is None or of_x.array is None else of_x.array.shape
        for what in ("uniform", "normal"):
            draw: Any = getattr(again, what)
            if what in names and shape and ctx.uses_streams:
                call.given[what] = self.add(call.pattern.format(what), draw(shape), call, origin="drawn", shared=False)
            elif what in names and shape:  # as a rate of 0 does without
                call.values[what] = self.host(draw(shape))
            if f"{what}_of" in names:
                call.values[f"{what}_of"] = _drawn_by(draw, self.ops)


def _tells(call: Call, of: str) -> bool:
    """Whether an equation with an expression of the component is of it."""
    return any(equation.of == of and equation.python is not None for equation in call.equations)


def _drawn_by(draw: Callable[[tuple[int, ...]], Array], ops: Any) -> Draw:
    def drawn(shape: tuple[int, ...]) -> HostArray:
        return np.array(ops.to_host(draw(tuple(shape))))

    return drawn


def restore(attributes: dict[str, Any], method: str, before: Any) -> None:
    if before is None:
        attributes.pop(method, None)
    else:
        attributes[method] = before


_OF_CONTEXTS = frozenset(("ops", "xp", "training", "needs_dx", "path", "count", "parts", "tape"))
