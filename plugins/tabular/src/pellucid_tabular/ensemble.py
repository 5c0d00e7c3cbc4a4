"""ensemble: many small networks for one table, each drawn from ranges, averaged with weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, log
from typing import Any, Literal, NamedTuple

import numpy as np
from pellucid import (
    Array,
    ConfigError,
    Context,
    Equation,
    Example,
    HostArray,
    Layer,
    Shape,
    State,
    check_choice,
    check_float,
    check_int,
    read,
    require_runtime,
    transformed,
)

from pellucid_tabular.folds import FOLDS

Task = Literal["classification", "regression"]
INSIDE = "each fₖ is a network with equations of its own"


class Drawn(NamedTuple):
    """What one member is: units of each hidden layer, a factor on the learning rate, the rate of dropout, a seed."""

    hidden: tuple[int, ...]
    rate: float
    dropout: float
    seed: int


class Ensemble(Layer):
    """K small networks, drawn from ranges by a seed and averaged with weights wₖ, Σ wₖ = 1.

    Values: ``y = Σ wₖ fₖ(x)``. Classes: ``y = log Σ wₖ softmax(fₖ(x))``, logits whose softmax is the mean of the
    members' probabilities; yes and no, one output: ``y = log(p / (1 − p))`` with ``p = Σ wₖ σ(fₖ(x))``.

    It has a trainer of its own (:class:`pellucid_tabular.ensemble_trainer.EnsembleTrainer`; ``pellucid train`` and
    ``pellucid.trainer_for`` take it): members are trained beside each other in a :class:`pellucid.Pack`, each up to
    its own best epoch on the validation rows; and the weights are chosen greedily there. A plain Trainer moves all of
    them as one network of equal weights.

    Args:
        outputs: the classes, or 1 for yes and no; in regression the numbers to predict.
        categories: how many indexes each of the last columns has, see ``tabular/mlp``.
        members: K.
        widths: units of a hidden layer, from the least to the most; drawn evenly in the logarithm, in multiples of 8.
        depths: hidden layers, from the least to the most.
        rates: a factor on the learning rate, from the least to the most, drawn evenly in the logarithm.
        dropouts: the rate of dropout, from the least to the most.
        patience: epochs without a better loss on the validation rows after which a member stops; None: it never does,
            for a schedule of several cycles often finds its best weights at the end. The best epoch counts anyway.
        folds: parts of the training rows, where no validation rows are given: member k holds out part k mod ``folds``,
            and is stopped and chosen by that, so that all rows are learned from by most. 1: nothing is held out.
        architecture: the members' registered architecture, of arguments ``outputs``, ``hidden``, ``dropout`` and
            ``task``.
        settings: further arguments of it.
        seed: what all of this is drawn by.
        task: what it is trained for unless told otherwise: ``classification`` takes softmax with cross-entropy (one
            output: binary cross-entropy), ``regression`` the mean squared error.

    Shapes: x (N, D) -> y (N, outputs).

    Source: Caruana et al., Ensemble Selection from Libraries of Models, 2004; Gorishniy, Kotelnikov & Babenko, TabM:
    Advancing Tabular Deep Learning with Parameter-Efficient Ensembling, 2024, on why many small networks do so well.
    """

    trained_by = "pellucid_tabular.ensemble_trainer:EnsembleTrainer"
    equations = (
        Equation("y", r"y = \sum_k w_k f_k(x) \quad \text{or} \quad \log \sum_k w_k\, \mathrm{softmax}(f_k(x))",
                 why=INSIDE),
        Equation("dx", r"dx = \sum_k J_{f_k}^\top\, dz_k, \quad dz_k = w_k\, dy \quad \text{or} \quad"
                 r" q_k \odot dy - p_k \sum_c q_{kc}\, dy_c", why=INSIDE),
    )  # fmt: skip
    capturable = True

    def __init__(
        self, outputs: int, categories: Sequence[int] = (), members: int = 32, *, widths: tuple[int, int] = (64, 160),
        depths: tuple[int, int] = (1, 3), rates: tuple[float, float] = (0.5, 2.0),
        dropouts: tuple[float, float] = (0.0, 0.3), patience: int | None = None, folds: int = FOLDS,
        architecture: str = "tabular/mlp",
        settings: Mapping[str, Any] | None = None, seed: int = 0, task: Task = "classification",
    ) -> None:  # fmt: skip
        check_int(self, "outputs", outputs, "[1, inf)")
        check_int(self, "members", members, "[1, 4096]")
        for name, (least, most), limits in (
            ("widths", _two(self, "widths", widths), "[1, inf)"), ("depths", _two(self, "depths", depths), "[1, 64]"),
        ):  # fmt: skip
            check_int(self, name, least, limits)
            check_int(self, name, most, limits)
        for name, (low, high), limits in (
            ("rates", _two(self, "rates", rates), "(0, inf)"),
            ("dropouts", _two(self, "dropouts", dropouts), "[0, 1)"),
        ):
            check_float(self, name, low, limits)
            check_float(self, name, high, limits)
        if patience is not None:
            check_int(self, "patience", patience, "[1, inf)")
        check_int(self, "folds", folds, "[1, inf)")
        check_int(self, "seed", seed, "[0, inf)")
        check_choice(self, "task", task, ("classification", "regression"))
        self.outputs, self.categories, self.members = outputs, categories, members
        self.widths, self.depths, self.rates, self.dropouts = widths, depths, rates, dropouts
        self.patience, self.folds = patience, folds
        self.architecture, self.settings = architecture, settings
        self.seed, self.task = seed, task
        self.drawn = [self._draw(k) for k in range(members)]
        self.networks = [self.network(k) for k in range(members)]
        self.default_objective = self.networks[0].default_objective

    @property
    def kind_of_output(self) -> str:
        """``values``, ``classes`` or ``answers``: how members are averaged."""
        return "values" if self.task == "regression" else "answers" if self.outputs == 1 else "classes"

    def _draw(self, k: int) -> Drawn:
        rng = np.random.Generator(np.random.Philox(key=[self.seed, k]))
        depth = int(rng.integers(self.depths[0], self.depths[1] + 1))
        width = _even(rng.random(), *self.widths)
        least, most = self.dropouts
        return Drawn(
            (max(self.widths[0], min(self.widths[1], 8 * round(width / 8) or self.widths[0])),) * depth,
            _even(rng.random(), *self.rates), round(least + (most - least) * float(rng.random()), 4),
            int(rng.integers(0, 2**31)),
        )  # fmt: skip

    def network(self, k: int) -> Layer:
        """Member k, not built."""
        drawn = self.drawn[k]
        own: dict[str, Any] = {"outputs": self.outputs, "hidden": list(drawn.hidden), "task": self.task}
        own |= {"categories": list(self.categories)} if self.categories else {}
        own |= {"dropout": drawn.dropout, **(self.settings or {})}
        try:
            made: Layer = read(("model", "layer"), {"type": self.architecture, **own}, path="architecture")
        except ConfigError as error:
            if "has no such argument" not in str(error):
                raise
            raise ConfigError(
                f"{error} What a table proposes is for members of tabular/mlp. Name the model, then nothing is "
                "proposed, and categories are one-hot: --model tabular/ensemble --set "
                f"model.architecture={self.architecture}."
            ) from error
        return made

    # -- shapes --------------------------------------------------------------------------------------------------

    def build(self, input_shape: Shape) -> None:
        for network in self.networks:
            network.build(input_shape)
        self.weights = self.state("weights", (self.members,), fill=1 / self.members)

    def output_shape(self, input_shape: Shape) -> Shape:
        shape: Shape = self.networks[0].output_shape(input_shape)
        return shape

    weights: State

    # -- weights -------------------------------------------------------------------------------------------------

    def choose(self, weights: Sequence[float] | HostArray) -> None:
        """Give every member its weight: at least 0, with the sum 1. Members of weight 0 are not computed any more.

        Raises:
            ConfigError: others than that.
        """
        given, runtime = np.asarray(weights, np.float64), require_runtime(self)
        if given.shape != (self.members,) or not (given >= 0).all() or not np.isclose(given.sum(), 1):
            raise ConfigError(
                f"Ensemble.choose takes a weight for each of {self.members} members, at least 0, with the sum 1. "
                f"Received: {weights!r:.200}."
            )
        self.weights.data[...] = runtime.ops.asarray(given.astype(runtime.dtype))
        self.chosen = tuple(map(int, np.flatnonzero(given)))  # a new attribute lets go of predictions recorded so far

    def _used(self, ctx: Context) -> tuple[list[int], Array]:
        """The members that have a weight: as a list, and as an array that lasts."""
        used = np.flatnonzero(ctx.ops.to_host(self.weights.data))
        array = ctx.scratch("used", used.shape, np.int64)
        array[...] = ctx.ops.asarray(used)
        return used.tolist(), array

    # -- outputs -------------------------------------------------------------------------------------------------

    def as_calls(self, ctx: Context, x: Any) -> Any:
        """The forward as calls of its networks and of NumPy on Variables, see :func:`pellucid.slopes`."""
        weights = np.asarray(ctx.ops.to_host(self.weights.data))
        outputs = [(weights[k], self.networks[k](x)) for k in np.flatnonzero(weights).tolist()]
        if self.kind_of_output == "values":
            return sum(w * z for w, z in outputs)
        if self.kind_of_output == "answers":
            return np.log(sum(w / (1 + np.exp(-z)) for w, z in outputs)) - np.log(
                sum(w / (1 + np.exp(z)) for w, z in outputs)
            )
        powers = [(w, np.exp(z - z.value.max(-1, keepdims=True))) for w, z in outputs]
        return np.log(sum(w * p / p.sum(axis=-1, keepdims=True) for w, p in powers))

    def forward(self, ctx: Context, x: Array) -> Array:
        ctx.members, ctx.used = self._used(ctx)
        outputs = [self.networks[k].forward(ctx.child(k), x) for k in ctx.members]
        z = ctx.scratch("z", (len(outputs), *outputs[0].shape))
        for own, each in zip(z, outputs, strict=True):
            ctx.ops.copy(each, own)
        ctx.z, y = z, ctx.scratch("y", outputs[0].shape)
        ctx.op("tabular/mixture_forward")(z, self.weights.data, ctx.used, self.kind_of_output, y)
        return y

    def of_members(self, x: Any, *, batch_size: int = 1024) -> HostArray:
        """What the members that have a weight say of raw samples ``x``, (U, N, C) in float64: probabilities of the
        classes, or of yes; or values in the unit of the targets."""
        runtime = require_runtime(self)
        (inputs,), ops = transformed(self, x), runtime.ops
        ctx = Context(ops, training=False, seed=runtime.seed, dtype=runtime.dtype)
        used, _ = self._used(ctx)
        found = np.empty((len(used), len(inputs), self.outputs))
        for start in range(0, len(inputs), batch_size):
            rows = slice(start, min(start + batch_size, len(inputs)))
            ctx.begin(0, 0, index=np.arange(rows.start, rows.stop))
            for row, k in enumerate(used):
                own = self.networks[k].forward(ctx.child(k), ops.asarray(inputs[rows]))
                found[row, rows] = self._said(np.asarray(ops.to_host(own), np.float64))
        return found

    def _said(self, z: HostArray) -> HostArray:
        """A member's outputs as probabilities, or as values in the unit of the targets."""
        if self.kind_of_output == "answers":
            return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))
        if self.kind_of_output == "classes":
            p = np.exp(z - z.max(-1, keepdims=True))
            return np.asarray(p / p.sum(-1, keepdims=True))
        for transform in require_runtime(self).target_transforms[::-1]:
            z = transform.inverse(z)
        return z

    def spread(self, x: Any, *, batch_size: int = 1024) -> HostArray:
        """How far the members are from each other: the standard deviation, with their weights, of what they say of raw
        samples ``x``, (N, C); see :meth:`of_members`. Of a single member it is 0."""
        said = self.of_members(x, batch_size=batch_size)
        weights = np.asarray(require_runtime(self).ops.to_host(self.weights.data), np.float64)
        w = (weights[weights > 0] / weights.sum())[:, None, None]
        mean = (w * said).sum(0)
        return np.asarray(np.sqrt((w * (said - mean) ** 2).sum(0)))

    def backward(self, ctx: Context, dy: Array) -> Array | None:
        dz = ctx.scratch("dz", ctx.z.shape)
        ctx.op("tabular/mixture_backward")(dy, ctx.z, self.weights.data, ctx.used, self.kind_of_output, dz)
        dx = None
        for k, own in zip(ctx.members, dz, strict=True):
            its = self.networks[k].backward(ctx.child(k), own)
            if its is not None and ctx.needs_dx[0]:
                if dx is None:
                    dx = ctx.scratch("dx", its.shape)
                    ctx.ops.copy(its, dx)
                else:
                    ctx.ops.add_scaled(dx, its, 1.0)
        return dx


def _two(owner: Any, name: str, given: Any) -> tuple[Any, Any]:
    """The least and the most."""
    if not isinstance(given, list | tuple) or len(given) != 2 or not given[0] <= given[1]:
        raise ConfigError(
            f"The '{name}' of {type(owner).__name__} must be two numbers, the least and the most. Received: {given!r}."
        )
    return given[0], given[1]


def _even(share: float, low: float, high: float) -> float:
    """A number from low to high, evenly in the logarithm."""
    return exp(log(low) + share * (log(high) - log(low)))


Ensemble.examples = (  # its members are of a registered architecture
    Example({"outputs": 3, "members": 3, "widths": [4, 8], "dropouts": [0.0, 0.0]}),
    Example({"outputs": 1, "members": 2, "widths": [4, 8], "depths": [1, 2], "dropouts": [0.0, 0.3], "seed": 2}),
    Example({"outputs": 2, "members": 3, "widths": [4, 8], "task": "regression", "patience": None}),
)
