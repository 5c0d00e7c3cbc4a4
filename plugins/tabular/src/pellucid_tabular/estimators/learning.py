"""From X and y to a trained model: at once, or part by part."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
from pellucid import History, HostArray, Layer, Run, Split, Splits, read, require_runtime, trainer_for
from sklearn.utils import check_random_state

from pellucid_tabular.choice import members_of
from pellucid_tabular.estimators.base import Estimator
from pellucid_tabular.estimators.best import Best
from pellucid_tabular.estimators.distinct import Distinct, distinct, in_proportion, repeated
from pellucid_tabular.estimators.errors import value_errors
from pellucid_tabular.estimators.held_out import HeldOut, stratified
from pellucid_tabular.estimators.kept import arguments_of, require_kept
from pellucid_tabular.estimators.network import network, takes_categories
from pellucid_tabular.estimators.settings import (
    MANY,
    MLP,
    Settings,
    chosen_model,
    folds_itself,
    patience_of,
    recipe_for,
    scaling_of,
    settled,
)
from pellucid_tabular.estimators.tables import columns_transform, ready, training_table
from pellucid_tabular.estimators.targets import Itself
from pellucid_tabular.estimators.threads import respect_joblib
from pellucid_tabular.estimators.told import Told
from pellucid_tabular.estimators.weights import given_weights


def learn(
    estimator: Estimator, X: Any, y: Any, sample_weight: Any, *, part: bool = False, classes: Any = None
) -> None:  # fmt: skip
    """``fit``; or with ``part`` one pass over these rows, that adds to what was learned."""
    with value_errors():
        Lesson(estimator, part).take(X, y, sample_weight, classes)


class Lesson:
    """One call of ``fit`` or ``partial_fit``: what is known of its rows on the way to the trainer."""

    x: HostArray
    codes: HostArray
    found: Distinct
    target: Any

    def __init__(self, estimator: Estimator, part: bool) -> None:
        respect_joblib()
        estimator._check_arguments()
        self.of = estimator
        self.part = part
        self.before: list[dict[str, Any]] = []  # epochs of trainers that came before the one of now
        self.again = hasattr(estimator, "model_") and (part or bool(estimator.warm_start))
        if self.again:
            require_kept(estimator, estimator.begun_with_, part=part)
        state = estimator.random_state
        drawn = check_random_state(state).randint(1 << 31) if not isinstance(state, int) else state
        self.seed = int(drawn)

    def take(self, X: Any, y: Any, sample_weight: Any, classes: Any) -> None:
        estimator, epochs = self.of, 1 if self.part else self.of.epochs
        about = {"estimator": estimator, "X": X, "y": y, "metadata": _metadata(sample_weight)}
        context = None
        if hasattr(estimator, "_skl_callbacks"):
            context = estimator._init_callback_context(max_subtasks=epochs)
            context.call_on_fit_task_begin(**about)
        self._read(X, y, sample_weight, classes)
        kept, held = self._parted()
        rows, weight = self._weighed(kept)
        if not self.again:
            self._begin(rows, weight)
        elif not self.part and estimator.model_.trained_by is None:  # else the members of the model are its trainer's
            self.before = list(estimator.history_)
            self._make_trainer(estimator.model_, self._settled(self._recipe(len(rows)), len(rows)))
        self._train(rows, weight, held, None if context is None else Told(context, about, self._fitted_here))
        if context is not None:
            context.call_on_fit_task_end(**about, reconstruction_attributes=dict)

    def _read(self, X: Any, y: Any, sample_weight: Any, classes: Any) -> None:
        """Everything that is given as numbers, and everything wrong with it said."""
        estimator = self.of
        self.x, schema = training_table(estimator, X, estimator.categorical_features, reset=not self.again)
        if y is None and estimator.__sklearn_tags__().target_tags.required:
            raise ValueError(
                f"This {type(estimator).__name__} estimator requires y to be passed, but the target y is None."
            )
        self.target = estimator.target_ if self.again else estimator._read_target(y, classes)
        self.codes = self._coded(y)
        weight = given_weights(sample_weight, len(self.x))
        weight = estimator._weighted(weight, self.target, y, self.codes)
        self.found = distinct(self.x, self.codes, weight)
        if not self.again:
            estimator.schema_, estimator.target_ = schema, self.target
            estimator.plain_ = all(column.kind == "number" for column in schema.columns)

    def _coded(self, y: Any) -> HostArray:
        if y is None:
            if not isinstance(self.target, Itself):
                raise ValueError(f"This {type(self.of).__name__} was trained with y, and y is None now.")
            return np.zeros(len(self.x))
        codes: HostArray = self.target.coded(y)
        if len(codes) != len(self.x):
            raise ValueError(
                f"Found input variables with inconsistent numbers of samples: [{len(self.x)}, {len(codes)}]. Give y a "
                "row for each row of X."
            )
        return codes

    def _parted(self) -> tuple[HostArray, HostArray]:
        """Which of the distinct rows are trained on, and which are held out."""
        found, estimator = self.found, self.of
        rows, n, stops = np.arange(len(found.rows)), len(found.rows), estimator.early_stopping
        if not (stops if isinstance(stops, bool) else n >= MANY and not self.part):
            return rows, rows[:0]
        if stops == "auto" and folds_itself(estimator, self.target):
            return rows, rows[:0]
        fraction = float(estimator.validation_fraction)
        if self.part:
            chosen = HeldOut.chooses(found.keys, fraction)
            return rows[~chosen], rows[chosen]
        count = max(1, round(fraction * n))
        if count >= n:
            raise ValueError(
                f"{n} different rows, of which {count} are to be held out for early stopping, leave none to train on. "
                "Give more rows, or early_stopping=False."
            )
        labels = self.codes[found.rows] if self.codes.ndim == 1 and self.codes.dtype.kind == "i" else None
        chosen = stratified(n, count, labels, np.random.default_rng([self.seed, 1]))
        return rows[~chosen], rows[chosen]

    def _weighed(self, kept: HostArray) -> tuple[HostArray, HostArray | None]:
        """The rows to train on, and their weights if to repeat rows does not do."""
        weight = None if self.found.weight is None else self.found.weight[kept]
        each = repeated(weight, len(kept))
        return (self.found.rows[kept], weight) if each is None else (self.found.rows[kept[each]], None)

    def _begin(self, rows: HostArray, weight: HostArray | None) -> None:
        """Fit the transform on what is trained on, build the model, make its trainer."""
        estimator, target = self.of, self.target
        model = chosen_model(estimator.model, target, estimator._ensembles)
        transform = columns_transform(
            estimator.schema_, self.x, scaling_of(estimator.scaling, model),
            one_hot=not takes_categories(estimator, model),
        )  # fmt: skip
        if len(rows):
            transform.fit(self.x[rows[in_proportion(weight, len(rows))]])
        several = target.heads is not None or isinstance(estimator.loss, list | dict)
        estimator.loss_ = None if several else read("loss", estimator.loss or target.loss, path="loss")
        estimator.columns_ = transform.numbers + len(transform.categories)
        estimator.transform_, estimator.held_out_ = transform, HeldOut()
        found = self._recipe(len(rows))
        proposed = found.get("model", {})
        offered = {name: proposed[name] for name in ("numbers", "settings", "dropouts") if name in proposed}
        if estimator.early_stopping is False:
            offered["folds"] = 1
        settings = self._settled(found, len(rows))
        built = network(
            estimator, model, columns=estimator.columns_, outputs=self._outputs(), heads=target.heads,
            categories=transform.categories or None, task=target.task, seed=self.seed,
            patience=patience_of(estimator, settings.schedule),
            members=members_of(len(rows)) if estimator.members is None else None, **offered,
        )  # fmt: skip
        self._make_trainer(built, settings)
        estimator.model_, estimator.begun_with_ = built, arguments_of(estimator)

    def _outputs(self) -> int:
        return self.target.outputs(self.of.loss_) or self.of.columns_

    def _recipe(self, rows: int) -> dict[str, Any]:
        estimator = self.of
        return recipe_for(
            estimator, chosen_model(estimator.model, self.target, estimator._ensembles), self.target, rows=max(1, rows),
            columns=estimator.columns_, categories=estimator.transform_.categories, outputs=self._outputs(),
        )  # fmt: skip

    def _settled(self, found: dict[str, Any], rows: int) -> Settings:
        return settled(self.of, self.target, found, max(1, rows))

    def _make_trainer(self, model: Layer, settings: Settings) -> None:
        estimator = self.of
        if getattr(model, "architecture", MLP) != MLP:  # the recipe is for the parameters of tabular/mlp
            own = {"type": "adam", "lr": 0.003 if estimator.learning_rate is None else float(estimator.learning_rate)}
            given = estimator.optimizer is not None
            settings = settings._replace(
                optimizer=settings.optimizer if given else own, schedule=deepcopy(estimator.schedule)
            )
        estimator.settings_, estimator.best_ = settings, None
        estimator.before_ = self.before
        estimator.trainer_ = trainer_for(
            model, loss=settings.loss, optimizer=settings.optimizer, schedule=settings.schedule,
            metrics=estimator.metrics, callbacks=estimator.callbacks, seed=self.seed,
        )  # fmt: skip

    def _train(
        self, rows: HostArray, weight: HostArray | None, held: HostArray, told: Told | None
    ) -> None:  # fmt: skip
        """Let the trainer go over the rows, the best weights so far kept if some are held out. Rows are transformed
        here, once: the model has no transforms of its own while it learns."""
        estimator, trainer, runtime = self.of, self.of.trainer_, require_runtime(self.of.model_)
        own = list(trainer.callbacks)
        runtime.transforms = []
        try:
            if len(held):
                self._hold_out(held)
            validation = estimator.held_out_.split
            if len(rows):
                none = self._samples(self.found.rows[:0])
                scaled = self.target.scaled and estimator.loss_ is not None and estimator.loss_.predicts == "values"
                data = Splits(
                    self._samples(rows), none if validation is None else validation, none,
                    target_transforms=["core/standardize"] if scaled and not runtime.trained else [],
                )  # fmt: skip
                best = [] if estimator.best_ is None else [estimator.best_]
                trainer.callbacks = [*own, *best, *([] if told is None else [told])]
                trainer.fit(
                    data, epochs=1 if self.part else estimator.settings_.epochs, sample_weight=weight,
                    batch_size=estimator.settings_.batch_size, verbose=bool(estimator.verbose),
                )  # fmt: skip
        finally:
            trainer.callbacks = own
            runtime.transforms = [estimator.transform_]
        if not self.part:  # only parts go on being compared: a pickle of the estimator holds no rows of the table
            estimator.held_out_, estimator.best_ = HeldOut(), None
        runtime.classes = self.target.names
        estimator.history_ = _joined(estimator.before_, trainer.history)
        estimator.n_iter_ = len(estimator.history_)
        estimator.loss_curve_ = list(estimator.history_["loss"])

    def _hold_out(self, held: HostArray) -> None:
        """Note what early stopping looks at; where that is more than before, what the best weights are worth there."""
        estimator, trainer = self.of, self.of.trainer_
        others = estimator.held_out_.add(self._samples, self.found, held, keep=self.part)
        if trainer.model.trained_by is not None and not self.part:
            return  # its trainer knows what is best
        if estimator.best_ is None:
            estimator.best_ = Best(patience_of(estimator, estimator.settings_.schedule))
        elif others:
            estimator.best_.measured_anew(trainer.evaluate(estimator.held_out_.split)["loss"])

    def _samples(self, rows: HostArray) -> Split:
        x = ready(self.of.transform_, self.x, rows)
        return Split(x, self.target.given(x, self.codes[rows]))

    def _fitted_here(self, run: Run) -> dict[str, Any]:
        """The attributes of an estimator that had stopped here."""
        model = deepcopy(run.model)
        require_runtime(model).transforms = [self.of.transform_]
        if self.of.best_ is not None:
            self.of.best_.restore_in(model)
        return {"model_": model, "n_iter_": run.epoch}


def _joined(before: list[dict[str, Any]], now: History) -> History:
    """The epochs of several trainers of one network, counted through."""
    if not before:
        return now
    whole, last = History(), before[-1]
    further = [each | {"epoch": each["epoch"] + last["epoch"], "step": each["step"] + last["step"]} for each in now]
    whole.records = [*before, *further]
    return whole


def _metadata(sample_weight: Any) -> dict[str, Any] | None:
    return None if sample_weight is None else {"sample_weight": sample_weight}
