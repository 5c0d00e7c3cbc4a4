"""Sensitivities: what a number depends on and how much, measured; the answer to "why?" where there is no expression."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray, as_tuple
from pellucid.glassbox.prove.differences import STEP, slope
from pellucid.glassbox.prove.twin import Twin, unregistered
from pellucid.glassbox.record.names import numbered
from pellucid.glassbox.record.quantity import Call, Quantity
from pellucid.glassbox.why.aside import note_of
from pellucid.glassbox.why.expr import Expr, Place
from pellucid.glassbox.why.handed import NEAR, Handed, influential
from pellucid.glassbox.why.reason import Why
from pellucid.glassbox.why.terms import Term
from pellucid.interfaces.context import Context

MOST = 24
"""Cells whose influence is measured: those that matter most by the code's own backward."""
MEASURED = "measured: no equation with an expression is of it; derivatives by central differences in float64"
Cell = tuple[int, ...]


class Sensitivity:
    """Measures derivatives on a twin of the trace.

    Args:
        trace: of a step, or of a prediction.
    """

    def __init__(self, trace: Any) -> None:
        self.trace = trace
        self._twin: Twin | None = None

    @property
    def _states(self) -> set[str]:
        """What states became: no derivative of them is asked for."""
        return {f"{state.path}.new" for state in self.twin.model.states()}

    @property
    def twin(self) -> Twin:
        """A copy in float64, made when it is first needed."""
        if self._twin is None:
            self._twin = Twin(self.trace, exact=True)
        return self._twin

    def why(self, quantity: Quantity, cell: Cell) -> Why | None:
        """Why a cell is what it is, by derivatives; None of what no layer, loss or objective has made."""
        call, of = quantity.call, quantity.of
        if unregistered(self.trace.setting):
            return None  # no twin can be made of the file: the code that made it is all that is known
        if call is not None and call.kind == "layer" and quantity.kept:
            return self._of_kept(quantity, call, cell)
        if call is None or not of:
            return None
        if call.kind == "layer" and of in call.made and quantity.name not in self._states:
            return (
                self._of_output(quantity, call, cell)
                if of.startswith("y")
                else self._of_gradient(quantity, [call], of, cell)
            )
        if call.kind == "layer" and of.startswith("dy") and call.path == "":
            return self._of_objective_gradient(quantity, call, of, cell)
        if call.kind == "layer" and of in call.given and of.startswith(("x", "dy")):
            return self._of_handed(quantity, call, of, cell)
        if call.kind == "trainer" and of == "grad":
            owners = self._owners(call.path)
            return self._of_gradient(quantity, owners, call.path, cell) if owners else None
        if call.kind in ("loss", "objective") and of in call.made:
            return self._of_loss(quantity, call, of, cell)
        return None

    # -- layers ------------------------------------------------------------------------------------------------------

    def _inputs(self, call: Call) -> dict[str, HostArray]:
        """What a call was given, floating numbers in float64."""
        names = {of: call.given[of] for of in call.values["inputs"]}
        arrays = {of: np.array(self.trace[name]) for of, name in names.items()}
        return {of: a.astype(np.float64) if a.dtype.kind == "f" else a for of, a in arrays.items()}

    def _context(self, call: Call) -> Context:
        twin = self.twin
        rows = sum(twin.rows[: call.micro - 1])
        ctx = Context(twin.ops, training=call.training, seed=twin.setting.seed, dtype=np.float64)
        if twin.rows:
            twin.begin(ctx, call.micro - 1, rows)
        else:
            ctx.begin(0, 0, index=np.arange(len(next(iter(self._inputs(call).values())))))
        ctx.path = call.place
        return ctx

    def _forward(self, call: Call, inputs: dict[str, HostArray]) -> tuple[Context, dict[str, HostArray]]:
        ctx = self._context(call)
        with self.twin.ops.quiet():
            y = self.twin.layer_of(call).forward(ctx, *inputs.values())
        return ctx, {of: np.array(part) for of, part in numbered("y", as_tuple(y)).items()}

    def _movable(self, call: Call, inputs: dict[str, HostArray]) -> Iterator[tuple[str, HostArray]]:
        """The arrays that an output depends on, by the quantities' names: inputs and parameters."""
        for of, array in inputs.items():
            if array.dtype.kind == "f":
                yield call.given[of], array
        layer = self.twin.layer_of(call)
        for param in layer.parameters():
            if param.path in self.trace:
                yield param.path, param.data

    def _of_output(self, quantity: Quantity, call: Call, cell: Cell) -> Why:
        inputs = self._inputs(call)
        ctx, outputs = self._forward(call, inputs)
        layer, of = self.twin.layer_of(call), quantity.of
        one = {name: np.zeros_like(y) for name, y in outputs.items()}
        one[of][cell] = 1.0
        for param in layer.parameters():
            param.grad[...] = 0.0
        dx = as_tuple(layer.backward(ctx, *one.values()))
        slopes: list[HostArray | None] = [
            None if part is None else np.array(part)
            for part, x in zip(dx, inputs.values(), strict=False)
            if x.dtype.kind == "f"
        ]
        slopes += [np.array(param.grad) for param in layer.parameters() if param.path in self.trace]
        moved = list(self._movable(call, inputs))
        return self._measured(
            quantity, cell, moved, slopes, lambda: float(self._forward(call, inputs)[1][of][cell]), of
        )

    def _of_gradient(self, quantity: Quantity, calls: Sequence[Call], of: str, cell: Cell) -> Why:
        """``dx = Σ dy · ∂y/∂x``, a term for each output that x has a part in, with the derivatives measured.

        Of a parameter: over all calls of its layer, each by the part of its micro-batch in the mean.
        """
        of_input = of in calls[0].made
        name = calls[0].given[of[1:]] if of_input else of
        terms, parents = [], [(name, cell)]
        for call in calls:
            share = 1.0 if of_input else quantity.call.values.get(f"s{call.micro - 1}", 1.0)  # type: ignore[union-attr]
            shares = () if share == 1.0 else (Expr("cell", share, symbol=f"s{call.micro}"),)
            for y_of, dy_name, slopes in self._slopes(call, of[1:] if of_input else of, cell):
                dy = self.trace[dy_name]
                for place in map(tuple, np.argwhere((slopes != 0) & (dy != 0)).tolist()):
                    symbol = f"∂{y_of}{_at(place)}/∂{of[1:] if of_input else of}{_at(cell)}"
                    told = Expr("cell", float(dy[place]), symbol=f"d{y_of}", index=place, quantity=dy_name)
                    terms.append(Term(1, (*shares, told, Expr("cell", float(slopes[place]), symbol=symbol)), ()))
                    parents.append((dy_name, place))
        return self._answer(quantity, cell, terms, parents)

    def _slopes(self, call: Call, moved: str, cell: Cell) -> Iterator[tuple[str, str, HostArray]]:
        """Of each output that a gradient came to: what it is called, the gradient, and its derivatives by a cell of an
        input or a parameter."""
        inputs = self._inputs(call)
        array = inputs[moved] if moved in inputs else dict(self._movable(call, inputs))[moved]
        step, before = STEP * max(1.0, abs(float(array[cell]))), float(array[cell])
        outputs = []
        for x in (before + step, before - step):
            array[cell] = x
            outputs.append(self._forward(call, inputs)[1])
        array[cell] = before
        for y_of, right in outputs[0].items():
            dy_name = call.given.get("d" + y_of)
            if dy_name is not None and dy_name in self.trace:
                yield y_of, dy_name, (right - outputs[1][y_of]) / (2 * step)

    def _of_handed(self, quantity: Quantity, call: Call, of: str, cell: Cell) -> Why | None:
        """What a layer that was written by hand has given to one inside of it."""
        outer, back = self.trace.inside.parent(call), of.startswith("dy")
        if outer is None:
            return None
        which = [name for name in call.given if name.startswith("dy")] if back else list(call.values["inputs"])
        recorded = float(self.trace[quantity.name][cell])
        try:
            handed = Handed(self.trace, self.twin.layer_of, outer, back=back)

            def value() -> float:
                with self.twin.ops.quiet():
                    return float(handed.run(self._context(outer), call)[which.index(of)][cell])

            if not abs(value() - recorded) <= NEAR * max(1.0, abs(recorded)):
                return None  # the code looks at more than what stands in for the layers inside
            moved = [(name, array) for name, array in handed.arrays.items() if array.dtype.kind == "f" and array.size]
            return self._searched(quantity, cell, moved, value, of)
        except Exception:  # code of strangers, which may ask of layers inside what a stand-in has not
            return None

    def _of_kept(self, quantity: Quantity, call: Call, cell: Cell) -> Why | None:
        """What the code of a layer has put aside for its backward, under no name of its equations."""
        recorded = self.trace[quantity.name]
        if recorded.dtype.kind != "f":
            return None
        try:
            inputs = self._inputs(call)

            def value() -> float:
                return float(getattr(self._forward(call, inputs)[0], quantity.kept)[cell])

            if not abs(value() - float(recorded[cell])) <= NEAR * max(1.0, abs(float(recorded[cell]))):
                return None  # memory that nothing was written to, say
            return self._searched(quantity, cell, list(self._movable(call, inputs)), value, quantity.kept)
        except Exception:  # what code leaves on its context is its own affair
            return None

    def _searched(
        self, quantity: Quantity, cell: Cell, moved: Sequence[tuple[str, HostArray]], value: Callable[[], float],
        symbol: str,
    ) -> Why:  # fmt: skip
        """Derivatives by the cells that it turns out to depend on."""
        rng = np.random.default_rng(0)
        slopes: list[HostArray | None] = []
        for _, array in moved:
            found = np.zeros(array.size)
            for i in influential(value, array, rng, MOST):
                found[i] = slope(value, array, i, STEP * max(1.0, abs(float(array.flat[i]))))
            slopes.append(found.reshape(array.shape))
        return self._measured(quantity, cell, moved, slopes, value, symbol)

    def _owners(self, path: str) -> list[Call]:
        """The calls of the innermost layer that a parameter belongs to."""
        param, found = self.twin.params.get(path), []
        for top in self.trace.calls:
            for call in top.within():
                if call.kind != "layer" or param is None:
                    continue
                mine = any(p is param for p in self.twin.layer_of(call).parameters())
                inside = any(
                    any(p is param for p in self.twin.layer_of(inner).parameters())
                    for inner in call.inner
                    if inner.kind == "layer"
                )
                if mine and not inside:
                    found.append(call)
        return found

    # -- losses and objectives ---------------------------------------------------------------------------------------

    @contextmanager
    def _given_outputs(self, call: Call, outputs: dict[str, HostArray]) -> Iterator[None]:
        """Within: the model gives these outputs, whatever its inputs."""
        layer = self.twin.layer_of(call)
        values = tuple(outputs.values())
        vars(layer)["forward"] = lambda *given, **never: values if len(values) > 1 else values[0]
        try:
            yield
        finally:
            del vars(layer)["forward"]

    def _root(self, micro: int) -> Call | None:
        for top in self.trace.calls:
            for call in top.within():
                if call.kind == "layer" and call.path == "" and call.micro == micro:
                    return call
        return None

    def _outputs(self, root: Call) -> dict[str, HostArray]:
        return {
            of: np.array(self.trace[n], np.float64)
            for of, n in root.made.items()
            if of.startswith("y") and n in self.trace
        }

    def _figure(self, micro: int, part: str) -> float:
        return self.twin.of_batch(micro - 1, part)[0]

    def _of_loss(self, quantity: Quantity, call: Call, of: str, cell: Cell) -> Why | None:
        root = self._root(call.micro)
        if root is None:
            return None
        if of == "dprediction":  # of the loss that there is, a gradient at the only output
            outputs, shape = self._outputs(root), self.trace[quantity.name].shape
            alone = list(outputs) == ["y"] and outputs["y"].shape == shape
            return self._of_objective_gradient(quantity, root, "dy", cell) if alone and call.path == "loss" else None
        part = "loss" if of in ("objective", "loss") else of
        outputs = self._outputs(root)

        def value() -> float:
            with self._given_outputs(root, outputs):
                return self._figure(call.micro, part)

        moved = [(root.made[name], array) for name, array in outputs.items()]
        slopes: list[HostArray | None] = [None] * len(moved)
        for i, (of_y, _) in enumerate(outputs.items()):
            dy = root.given.get(f"d{of_y}")
            if part == "loss" and dy is not None and dy in self.trace:
                slopes[i] = np.array(self.trace[dy], np.float64)
        return self._measured(quantity, cell, moved, slopes, value, part)

    def _of_objective_gradient(self, quantity: Quantity, root: Call, of: str, cell: Cell) -> Why | None:
        """``dy = ∂L/∂y``, measured."""
        outputs = self._outputs(root)
        array = outputs.get(of[1:])
        if array is None:
            return None
        step, before, values = STEP * max(1.0, abs(float(array[cell]))), float(array[cell]), []
        for x in (before + step, before - step):
            array[cell] = x
            with self._given_outputs(root, outputs):
                values.append(self._figure(root.micro, "loss"))
        array[cell] = before
        slope = (values[0] - values[1]) / (2 * step)
        y_name = root.made[of[1:]]
        term = Term(1, (Expr("cell", slope, symbol=f"∂loss/∂{y_name}{_at(cell)}"),), ())
        return self._answer(quantity, cell, [term], [(y_name, cell)])

    # -- what they share -----------------------------------------------------------------------------------------------

    def _measured(
        self, quantity: Quantity, cell: Cell, moved: Sequence[tuple[str, HostArray]],
        slopes: Sequence[HostArray | None], value: Callable[[], float], symbol: str,
    ) -> Why:  # fmt: skip
        """Derivatives by the cells that matter most: by the code's own gradient, measured here."""
        places: list[tuple[float, str, HostArray, Cell]] = []
        for (name, array), known in zip(moved, slopes, strict=False):
            weight = np.abs(array) if known is None else np.abs(known)
            order = np.argsort(-weight, axis=None)[:MOST]
            found = [tuple(int(i) for i in np.unravel_index(int(k), array.shape)) for k in order]
            places += [(float(weight[at]), name, array, at) for at in found if weight[at] > 0]
        terms, parents = [], []
        for _, name, array, at in sorted(places, key=lambda place: -place[0])[:MOST]:
            step, before, values = STEP * max(1.0, abs(float(array[at]))), float(array[at]), []
            for x in (before + step, before - step):
                array[at] = x
                values.append(value())
            array[at] = before
            slope_here = (values[0] - values[1]) / (2 * step)
            terms.append(Term(1, (Expr("cell", slope_here, symbol=f"∂{symbol}/∂{name}{_at(at)}"),), ()))
            parents.append((name, at))
        return self._answer(quantity, cell, terms, parents, adds=False)

    def _answer(
        self, quantity: Quantity, cell: Cell, terms: list[Term], parents: Sequence[Place], *, adds: bool = True
    ) -> Why:
        value = float(self.trace[quantity.name][cell])
        told = None
        if quantity.call is not None:
            told = next((e for e in quantity.call.equations if e.of == quantity.of), None)
        note = MEASURED + (f" ({told.why})" if told is not None and told.why else "")
        if told is None and quantity.kept:
            note += "; " + note_of(self.trace, quantity)
        unique = list(dict.fromkeys(parents))
        symbol = quantity.of or quantity.kept or quantity.name
        return Why(quantity.name, cell, value, told, None, symbol, terms, unique, True, note, adds)


def _at(cell: Cell) -> str:
    return f"[{','.join(map(str, cell))}]" if cell else ""
