"""EnsembleTrainer: trains the members of tabular/ensemble beside each other, and chooses among them on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from math import sqrt
from typing import Any

import numpy as np
from pellucid import (
    Augmentation,
    Batch,
    ConfigError,
    Context,
    History,
    HostArray,
    Layer,
    Optimizer,
    Pack,
    Run,
    Trainer,
    build,
    read,
    require_runtime,
    to_config,
)

from pellucid_tabular.ensemble import Ensemble
from pellucid_tabular.ensemble_memory import Compared, Memory, which
from pellucid_tabular.folds import Without, folds_of
from pellucid_tabular.layers.piecewise_linear import PiecewiseLinear
from pellucid_tabular.recipe import WIDTH, optimizer_of
from pellucid_tabular.selection import Selection


class EnsembleTrainer(Trainer):
    """Trains ``tabular/ensemble`` as ``pellucid.Trainer`` trains a network: the same arguments, ``fit``, ``evaluate``.

    The members are trained by a :class:`pellucid.Pack`, on one preparation of the data. After every epoch each member
    whose validation loss is better than before is noted with its weights; one that has not been better for
    ``model.patience`` epochs stops; and the ensemble is chosen anew among the best weights of all members
    (:class:`pellucid_tabular.selection.Selection`). The history holds the figures of this ensemble: ``loss`` is the
    mean of the members' training losses.

    Where no validation rows are given, members hold out ``model.folds`` parts of the training rows in turn
    (:mod:`pellucid_tabular.folds`): those of one part are chosen among themselves, and the parts count alike; the
    figures of validation are those of each row by the members that have not seen it. Of few rows nothing is held out:
    all members are trained to the end and have equal weights.

    Args:
        model: a built ``tabular/ensemble``.
        loss, objective, metrics, clip_norm, accumulate, callbacks, seed, sampler: see :class:`pellucid.Trainer`; the
            loss is that of each member, and must be one of the model's task.
        optimizer: of each member. Its learning rate and its groups' are multiplied by the member's factor, and as they
            are meant for hidden layers of 256 units, those of weights also by √(256 / width), and the weight decay by
            the inverse of that. None: that of :func:`pellucid_tabular.recipe.recipe`, with its schedule; of another
            architecture than ``tabular/mlp`` adam.
        schedule: of each member.

    Raises:
        ConfigError: another model, an objective that is no loss, a loss of another task, something that looks at
            gradients or opens steps, of which the ensemble has none.
    """

    def __init__(self, model: Layer, *, optimizer: Any = None, schedule: Any = None, **how: Any) -> None:
        if not isinstance(model, Ensemble):
            raise ConfigError(f"EnsembleTrainer trains a tabular/ensemble. Received: {type(model).__name__}.")
        if optimizer is None and model.architecture != "tabular/mlp":
            optimizer = "adam"
        elif optimizer is None:
            columns = require_runtime(model).input_shapes[0][0] or 0
            bins = [layer.weight.shape[1] for _, layer in model.walk() if isinstance(layer, PiecewiseLinear)]
            most = max(bins, default=int(columns > len(model.categories)))
            optimizer = optimizer_of(model.task, most, model.categories, (WIDTH,))
            schedule = "tabular/coslog" if schedule is None else schedule
        super().__init__(model, optimizer=optimizer, schedule=schedule, **how)
        loss = getattr(self.objective, "loss", None)
        wanted = model.kind_of_output
        if loss is None or loss.predicts not in (wanted, None):
            raise ConfigError(
                f"loss: a tabular/ensemble of task {model.task!r} with {model.outputs} outputs takes a loss of "
                f"{wanted}, such as its own. Received: {to_config(self.objective)!s:.200}."
            )
        self.pack: Pack | None = None
        self.compared: Compared | None = None
        self.keepers = [Memory(self)]
        self._held: list[HostArray] = []
        self._parts: list[tuple[HostArray, HostArray]] = []

    def fit(
        self, data: Any, y: Any = None, *, validation: Any = None, epochs: int = 1, batch_size: int | None = None,
        sample_weight: Any = None, verbose: bool | None = None,
    ) -> History:  # fmt: skip
        """See :meth:`pellucid.Trainer.fit`. A second call of the same trainer goes on with all members; one that ends
        where an interrupted one would have ended, as after a checkpoint, with those that had not been stopped.

        Raises:
            ConfigError: a run that was saved by another class of trainer is to be continued: it says nothing of
                members; a transform is an augmentation.
        """
        if self.pack is None and (self.epochs or self.position):
            raise ConfigError(
                f"This checkpoint of a tabular/ensemble, of {self.epochs} epochs, is not of an EnsembleTrainer: it "
                "says nothing of what the members' optimizers remember. Begin a new run, by pellucid.trainer_for."
            )
        planned = self.plan.get("epochs")
        how = {"epochs": epochs, "batch_size": batch_size, "sample_weight": sample_weight, "verbose": verbose}
        with self._undisturbed.alone(self.slots, self.run):
            run = self._begin(data, y, True, validation=validation, **how)
            if run.data.source is None or not isinstance(run.validation, tuple | None):
                raise ConfigError(
                    "tabular/ensemble trains on rows in memory, which its members share. Received: "
                    f"{type(data).__name__}, which is read as it is needed."
                )
            if random := [type(each).__name__ for each in self.runtime.transforms if isinstance(each, Augmentation)]:
                raise ConfigError(
                    "tabular/ensemble: its members are given the transformed rows as they are, so that nothing can "
                    f"change them at every step. Received: {', '.join(random)} among the transforms. Leave it out, or "
                    "train a tabular/mlp."
                )
            self._fold(run)
            with self._undisturbed.held(), self.runtime.ops.quiet(), run:
                if run.gradient_observers or run.openers or self.openers:
                    raise ConfigError(
                        "tabular/ensemble: somebody wants to look at gradients or into steps, and an ensemble has none "
                        "of its own: its members are trained each by itself. Look at one: pellucid.Trainer of "
                        "model.network(k), built."
                    )
                self._train(run, planned == run.last_epoch, batch_size, sample_weight)
            self._model.choose(self.runtime.ops.to_host(self._model.weights.data))  # as callbacks have left them
        return self.history

    @property
    def _model(self) -> Ensemble:
        assert isinstance(self.model, Ensemble)
        return self.model

    def _fold(self, run: Run) -> None:
        """Where no validation rows are given: which rows are held out by whom, and epochs validated on."""
        host, source = self.runtime.ops.to_host, run.data.source
        x, y = host(source.inputs[0]), host(source.y)
        self._held = [np.arange(0)]
        if run.validation is not None:
            self._parts = [(run.validation[0][0], run.validation[1])]
            return
        if (folds := min(self._model.folds, self._model.members)) > 1:
            self._held = folds_of(y, folds, self.seed)
        self._parts = [(x[rows], y[rows]) for rows in self._held] if len(self._held) > 1 else []
        if self._parts:
            if self.sampler is not None:
                raise ConfigError(
                    "tabular/ensemble: a sampler chooses among all rows, and each member holds some of them out. Give "
                    "validation rows, or a model with folds=1."
                )
            whole = tuple(np.concatenate(each) for each in zip(*self._parts, strict=True))
            run.validation = ((whole[0],), whole[1])

    def _train(self, run: Run, resumed: bool, batch_size: int | None, sample_weight: Any) -> None:
        source, host, rows = run.data.source, self.runtime.ops.to_host, which(self._parts)
        pack = self.pack = self.new_pack() if self.pack is None else self.pack
        ahead = [k in pack._ahead for k in range(len(pack))]
        if self.compared is None or self.compared.rows != rows:
            self.compared = Compared(len(pack), rows)
        fresh = [early and why is None for early, why in zip(ahead, self.compared.stopped, strict=True)]
        if not resumed:
            self.compared.goes_on()
        for k, member in enumerate(pack.trainers):
            without = self._held[k % len(self._held)]
            member.sampler = Without(without) if len(without) else deepcopy(self.sampler)
        if run.stop_reason is not None:
            return
        try:
            pack._undisturbed = _Heard(self._undisturbed, run)
            pack.fit(
                host(source.inputs[0]), host(source.y),
                validation=[self._parts[k % len(self._parts)] for k in range(len(pack))] if self._parts else None,
                epochs=[self._left(k, run.last_epoch - self.epochs - ahead[k], resumed) for k in range(len(pack))],
                batch_size=batch_size, sample_weight=sample_weight, on_epoch=_Epochs(self, pack, run, fresh),
                verbose=False,
            )  # fmt: skip
        finally:
            pack._undisturbed = self._undisturbed
            run.whole = all(member.run.whole or member.failure is not None for member in pack._members)
            self.compared.stopped = [
                each or (None if member.failure is None else str(member.failure))
                for each, member in zip(self.compared.stopped, pack._members, strict=True)
            ]

    def _left(self, k: int, epochs: int, resumed: bool) -> int:
        """How many epochs member k has still to train, of a call of so many."""
        assert self.pack is not None and self.compared is not None
        if not resumed:
            return max(0, epochs)
        member = self.pack.trainers[k]
        return 0 if self.compared.stopped[k] else member.plan.get("epochs", epochs) - member.epochs

    def new_pack(self) -> Pack:
        """The members before their first step."""
        return Pack([self._member(k) for k in range(self._model.members)])

    def _member(self, k: int) -> Trainer:
        """The trainer of member k, a model by itself."""
        model, drawn, runtime = self._model, self._model.drawn[k], self.runtime
        network = build(
            model.network(k), input_shape=runtime.input_shapes[0], seed=drawn.seed, dtype=str(runtime.dtype),
            backend=runtime.ops,
        )  # fmt: skip
        return Trainer(
            network, objective=deepcopy(self.objective), optimizer=self._scaled(max(drawn.hidden), drawn.rate),
            schedule=deepcopy(self.schedule), clip_norm=self.clip_norm, accumulate=self.accumulate, seed=drawn.seed,
        )  # fmt: skip

    def _scaled(self, width: int, rate: float) -> Any:
        """The optimizer of a member of this width, whose learning rate has this factor."""
        optimizer: Any = deepcopy(self.optimizer)
        wide = sqrt(WIDTH / width)
        for each in _made_of(optimizer):
            if "lr" in vars(each):
                each.lr = each.lr * rate * wide
            if getattr(each, "weight_decay", 0.0):
                each.weight_decay = each.weight_decay / wide
            if groups := getattr(each, "groups", None):
                each.groups = [{**g, "lr": g["lr"] * rate} if "lr" in g else dict(g) for g in groups]
        return optimizer

    def __getstate__(self) -> dict[str, Any]:
        """For copies and pickles: all that members need to go on, without the rows of the last call."""
        return {**super().__getstate__(), "_held": [], "_parts": []}


class _Heard:
    """What a pack's signals are heard by: the trainer's own, and between two steps whoever has stopped its run."""

    def __init__(self, own: Any, run: Run) -> None:
        self._own, self._run = own, run

    def hear(self) -> None:
        self._own.hear()
        if self._run.stop_reason is not None:
            raise Pack.Halt

    def __reduce__(self) -> Any:
        return self._own.__reduce__()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)


class _Epochs:
    """What is done when all members have finished an epoch.

    Args:
        fresh: which members have finished it already, in a call before.
    """

    def __init__(self, trainer: EnsembleTrainer, pack: Pack, run: Run, fresh: Sequence[bool]) -> None:
        assert trainer.compared is not None
        self.trainer, self.pack, self.run, self.parts = trainer, pack, run, trainer._parts
        self.model, self.compared, parts = trainer._model, trainer.compared, trainer._parts
        count = len(pack)
        self.records = [len(each.history) - known for each, known in zip(pack.trainers, fresh, strict=True)]
        smoothing = float(getattr(trainer.objective.loss, "label_smoothing", 0.0))  # type: ignore[attr-defined]
        kind = self.model.kind_of_output
        self.members = [np.arange(part, count, len(parts)) for part in range(len(parts))]
        self.selections = [
            Selection(len(own), kind, y, smoothing) for own, (_, y) in zip(self.members, parts, strict=True)
        ]
        for k, outputs in enumerate(self.compared.outputs):
            if outputs is not None:
                self.selections[k % len(parts)].take(k // len(parts), outputs)
        if parts:
            run.objective = _Combined(trainer.objective, self)  # type: ignore[assignment]

    def __call__(self, epoch: int, outputs: Sequence[HostArray | None]) -> None:
        trainer, run = self.trainer, self.run
        fresh = [k for k, each in enumerate(self.pack.trainers) if len(each.history) > self.records[k]]
        for k in fresh:
            self.records[k] = len(self.pack.trainers[k].history)
            self._look(k, outputs[k])
        if (weights := self._weights()) is not None:
            self.model.choose(weights)
        losses = [float(self.pack.trainers[k].history[-1]["loss"]) for k in fresh]
        trainer.totals["loss"] = np.array([np.nansum(losses), max(len(losses), 1)])
        trainer.slots.t[()] = max(each.steps for each in self.pack.trainers)
        run.loss = float(np.nanmean(losses)) if losses else float("nan")
        run.step_done()
        # The members have had this epoch, so signals wait until it is counted: the pack hears them then.
        own, trainer._undisturbed = trainer._undisturbed, read("callback", "undisturbed")
        try:
            trainer._end_epoch(run)
        finally:
            trainer._undisturbed = own

    def _weights(self) -> HostArray | None:
        """Of all members: those of each part are chosen on its rows, and the parts count alike; None if none is there
        to be chosen yet."""
        weights = np.zeros(len(self.pack))
        for own, selection in zip(self.members, self.selections, strict=True):
            if (chosen := selection.weights()) is not None:
                weights[own] = chosen
        return weights / weights.sum() if weights.any() else None

    def _look(self, k: int, outputs: HostArray | None) -> None:
        """Keep member k as it is now if it has never been better; stop it if that is long ago."""
        member, compared = self.pack.trainers[k], self.compared
        if not self.parts:
            self._keep(k)
            return
        loss = float(member.history[-1]["validation_loss"])
        if loss < compared.best[k] and outputs is not None:
            compared.best[k], compared.since[k] = loss, 0
            own = compared.outputs[k] = outputs.reshape(-1, self.model.outputs)
            self.selections[k % len(self.parts)].take(k // len(self.parts), own)
            self._keep(k)
            return
        compared.since[k] += 1
        if self.model.patience is not None and compared.since[k] >= self.model.patience:
            compared.stopped[k] = why = f"no better on the validation rows for {compared.since[k]} epochs"
            self.pack.stop(k, why)

    def _keep(self, k: int) -> None:
        own, its = self.model.networks[k], self.pack.trainers[k].model
        for ours, theirs in zip(own.parameters(), its.parameters(), strict=True):
            ours.data = theirs.data
        for ours_state, theirs_state in zip(own.states(), its.states(), strict=True):
            ours_state.data[...] = theirs_state.data

    def outputs(self) -> HostArray:
        """Of the ensemble as it is chosen now, on the validation rows: each part by the members that hold it out."""
        ops, found = self.trainer.runtime.ops, []
        weights = ops.to_host(self.model.weights.data)
        for own, (_, y) in zip(self.members, self.parts, strict=True):
            used = own[weights[own] > 0]
            used = used if len(used) else own
            each = weights[used] if weights[used].any() else np.ones(len(used), weights.dtype)
            out = ops.empty((len(y), self.model.outputs), self.trainer.runtime.dtype)
            ops.op("tabular/mixture_forward")(
                ops.asarray(np.stack([self._at_best(k, len(y)) for k in used])), ops.asarray(each / each.sum()),
                ops.asarray(np.arange(len(used))), self.model.kind_of_output, out,
            )  # fmt: skip
            found.append(ops.to_host(out))
        return np.concatenate(found)

    def _at_best(self, k: int, rows: int) -> HostArray:
        """What member k said at its best; 0 of one that has never given a finite loss."""
        own = self.compared.outputs[k]
        return np.zeros((rows, self.model.outputs), self.trainer.runtime.dtype) if own is None else own


class _Combined:
    """The objective of an epoch's validation: the members' outputs are there already."""

    def __init__(self, objective: Any, epochs: _Epochs) -> None:
        self.objective, self.epochs = objective, epochs

    def forward(self, ctx: Context, model: Layer, batch: Batch) -> Any:
        assert batch.index is not None
        if batch.index[0] == 0:
            self.all = self.epochs.outputs()
        rows = slice(int(batch.index[0]), int(batch.index[-1]) + 1)
        self.pair = ctx.ops.asarray(self.all[rows]), batch.y
        own = ctx.child("loss")
        value = self.objective.loss.forward(own, *self.pair)
        ctx.count = own.count
        return value

    def metric_pair(self, ctx: Context) -> Any:
        return self.objective.loss.scored(*self.pair)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.objective, name)


def _made_of(optimizer: Any) -> Iterator[Any]:
    """An optimizer and those inside of it: of one that is made of others, each has its own rates."""
    yield optimizer
    for value in optimizer.arguments().values():
        for each in value.values() if isinstance(value, dict) else (value,):
            if isinstance(each, Optimizer):
                yield from _made_of(each)
