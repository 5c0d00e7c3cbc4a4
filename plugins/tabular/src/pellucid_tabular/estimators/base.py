"""What all estimators have in common: from X and y to a trained model, at once or part by part."""

from __future__ import annotations

from abc import ABC, abstractmethod
from copy import deepcopy
from typing import Any

import numpy as np
from pellucid import ConfigError, HostArray, Layer, Loss, Run, Split, Trainer, check_bool, check_float, check_int, read
from pellucid.interfaces.dataset import Splits
from pellucid.interfaces.samples import choose_rows
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from pellucid_tabular.estimators.best import Best
from pellucid_tabular.estimators.distinct import Distinct, distinct, in_proportion
from pellucid_tabular.estimators.held_out import HeldOut
from pellucid_tabular.estimators.library import CallbackSupportMixin
from pellucid_tabular.estimators.network import network, takes_categories
from pellucid_tabular.estimators.tables import columns_transform, ready, table, training_table
from pellucid_tabular.estimators.targets import Target
from pellucid_tabular.estimators.threads import respect_joblib
from pellucid_tabular.estimators.told import Told
from pellucid_tabular.estimators.weights import given_weights

MANY = 1_000
"""Rows from which some are held out, if nobody says whether."""


class Estimator(CallbackSupportMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """The arguments and the way of training that the estimators share."""

    def __init__(
        self, model: Any = None, *, hidden: Any = (128, 64), activation: str = "relu", dropout: float = 0.0,
        model_params: dict[str, Any] | None = None, loss: Any = None, optimizer: Any = "adam",
        learning_rate: float | None = 0.003, schedule: Any = None, epochs: int = 200, batch_size: int | str = "auto",
        early_stopping: bool | str = "auto", validation_fraction: float = 0.1, patience: int = 20,
        metrics: Any = (), callbacks: Any = (), categorical_features: Any = None, scaling: str = "robust",
        warm_start: bool = False, backend: Any = None, dtype: str = "float32", random_state: Any = None,
        verbose: bool = False,
    ) -> None:  # fmt: skip
        self.model = model
        self.hidden = hidden
        self.activation = activation
        self.dropout = dropout
        self.model_params = model_params
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.epochs = epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.metrics = metrics
        self.callbacks = callbacks
        self.categorical_features = categorical_features
        self.scaling = scaling
        self.warm_start = warm_start
        self.backend = backend
        self.dtype = dtype
        self.random_state = random_state
        self.verbose = verbose

    # -- what a kind of estimator says ---------------------------------------------------------------------------------

    @abstractmethod
    def _target(self, y: Any, classes: Any) -> Target:
        """How y is to be read."""

    def _weighted(self, weight: HostArray | None, y: Any, codes: HostArray) -> HostArray | None:
        """The weights of rows, times those of their classes."""
        return weight

    # -- training ------------------------------------------------------------------------------------------------------

    def _train(self, X: Any, y: Any, sample_weight: Any, *, part: bool = False, classes: Any = None) -> None:
        """``fit``, or with ``part`` a pass over these rows alone."""
        respect_joblib()
        self._check_arguments()
        again = hasattr(self, "model_") and (part or bool(self.warm_start))
        epochs = 1 if part else int(self.epochs)
        context = None
        if hasattr(self, "_skl_callbacks"):
            about = {"estimator": self, "X": X, "y": y, "metadata": _metadata(sample_weight)}
            context = self._init_callback_context(max_subtasks=epochs)
            context.call_on_fit_task_begin(**about)
        x, schema = training_table(self, X, self.categorical_features, reset=not again)
        if y is None and self.__sklearn_tags__().target_tags.required:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y is None."
            )
        target = self.target_ if again else self._target(y, classes)
        codes = self._codes(target, x, y)
        weight = self._weighted(given_weights(sample_weight, len(x)), y, codes)
        found = distinct(x, codes, weight)
        if not again:
            self.schema_, self.target_ = schema, target
            self.plain_ = all(column.kind == "number" for column in schema.columns)
            self._told_classes(target)
        random = check_random_state(self.random_state)
        seed = int(self.random_state) if isinstance(self.random_state, int) else int(random.randint(1 << 31))
        kept, held = self._parted(found, codes, seed, part)
        if not again:
            self._begin(x, found, kept, seed)
        elif not part:
            self.trainer_ = self._trainer(self.model_, seed)
        told = None
        if context is not None:
            told = Told(context, about, self._fitted_here)
        self._run(x, codes, found, kept, held, epochs, part, told)
        if context is not None:
            context.call_on_fit_task_end(**about, reconstruction_attributes=lambda: {})

    def _codes(self, target: Target, x: HostArray, y: Any) -> HostArray:
        codes = target.coded(y)
        if len(codes) != len(x):
            raise ValueError(
                f"Found input variables with inconsistent numbers of samples: [{len(x)}, {len(codes)}]. Give y a row "
                "for each row of X."
            )
        return codes

    def _told_classes(self, target: Target) -> None:
        """Note what users ask of the target."""

    def _parted(self, found: Distinct, codes: HostArray, seed: int, part: bool) -> tuple[HostArray, HostArray]:
        """Which of the distinct rows are trained on, and which are held out."""
        rows, n = np.arange(len(found.rows)), len(found.rows)
        stops = self.early_stopping
        wanted = stops if isinstance(stops, bool) else n >= MANY and not part
        if not wanted:
            return rows, rows[:0]
        if part:
            chosen = HeldOut.chooses(found.keys, float(self.validation_fraction))
            return rows[~chosen], rows[chosen]
        count = max(1, round(float(self.validation_fraction) * n))
        if count >= n:
            raise ValueError(
                f"{n} different rows, of which {count} are to be held out for early stopping, leave none to train on. "
                "Give more rows, or early_stopping=False."
            )
        labels = codes[found.rows] if codes.ndim == 1 and codes.dtype.kind == "i" else None
        return choose_rows(rows, count, labels, np.random.default_rng([seed, 1]))

    def _begin(self, x: HostArray, found: Distinct, kept: HostArray, seed: int) -> None:
        """Fit the transform, build the model, make its trainer."""
        target, one_hot = self.target_, not takes_categories(self.model)
        transform = columns_transform(self.schema_, x, self.scaling, one_hot)
        weight = None if found.weight is None else found.weight[kept]
        transform.fit(x[found.rows[kept][in_proportion(weight, len(kept))]])
        self.loss_ = None if target.heads or isinstance(self.loss, list | dict) else read("loss", self.loss or target.loss)
        self.model_ = network(
            self, columns=transform.output_shape((x.shape[1],))[0] or 0, outputs=target.outputs(self.loss_),
            heads=target.heads, categories=transform.categories, task=target.task, seed=seed,
        )  # fmt: skip
        self.transform_ = transform
        self.held_out_ = HeldOut()
        self.trainer_ = self._trainer(self.model_, seed)

    def _trainer(self, model: Layer, seed: int) -> Trainer:
        optimizer = {"type": self.optimizer} if isinstance(self.optimizer, str) else self.optimizer
        if isinstance(optimizer, dict) and self.learning_rate is not None and "type" in optimizer:
            optimizer = {"lr": self.learning_rate, **optimizer}
        self.best_: Best | None = None
        return Trainer(
            model, loss=(self.loss or self.target_.loss) if self.loss_ is None else self.loss_,
            optimizer=deepcopy(optimizer), schedule=self.schedule, metrics=self.metrics, callbacks=self.callbacks,
            seed=seed,
        )  # fmt: skip

    def _run(
        self, x: HostArray, codes: HostArray, found: Distinct, kept: HostArray, held: HostArray, epochs: int,
        part: bool, told: Told | None,
    ) -> None:  # fmt: skip
        """Let the trainer go over the rows, with the best weights so far kept if some rows are held out."""
        trainer, model, target = self.trainer_, self.model_, self.target_
        def taken(rows: HostArray) -> Split:
            return Split(ready(self.transform_, x, rows), target.given(codes[rows]))

        own = list(trainer.callbacks)
        weight = None if found.weight is None else found.weight[kept]
        model.runtime.transforms = []  # type: ignore[union-attr]
        try:
            train = taken(found.rows[kept])
            fresh = len(held) and self.held_out_.add(taken, found, held, keep=part)
            validation = self.held_out_.split
            if validation is not None:
                self.best_ = self.best_ or Best(int(self.patience))
                if fresh and part and trainer.epochs:
                    self.best_.measured_anew(trainer.evaluate(validation)["loss"])
            elif not part:
                validation = None
            if len(kept):
                scaled = self.loss_ is not None and self.loss_.predicts == "values" and not model.runtime.target_transforms
                data = Splits(
                    train, validation or taken(found.rows[:0]), taken(found.rows[:0]),
                    target_transforms=["core/standardize"] if scaled and not trainer.epochs else [],
                )  # fmt: skip
                trainer.callbacks = [*own, *([self.best_] if validation is not None else []), *([told] if told else [])]
                trainer.fit(
                    data, epochs=epochs, batch_size=self._batch_size(len(kept)), sample_weight=weight,
                    verbose=bool(self.verbose),
                )  # fmt: skip
        finally:
            trainer.callbacks = own
            model.runtime.transforms = [self.transform_]  # type: ignore[union-attr]
        self.history_ = trainer.history
        self.n_iter_ = trainer.epochs
        self.loss_curve_ = list(trainer.history["loss"])

    def _fitted_here(self, run: Run) -> dict[str, Any]:
        """The attributes of an estimator that had stopped here."""
        model = deepcopy(run.model)
        model.runtime.transforms = [self.transform_]  # type: ignore[union-attr]
        if self.best_ is not None:
            self.best_.restore_in(model)
        return {"model_": model, "n_iter_": run.epoch}

    def _batch_size(self, n: int) -> int:
        if self.batch_size == "auto":
            return int(np.clip(n // 20, 32, 256))
        return int(self.batch_size)

    def _check_arguments(self) -> None:
        check_int(self, "epochs", self.epochs, "[1, inf)")
        check_int(self, "patience", self.patience, "[1, inf)")
        check_float(self, "validation_fraction", self.validation_fraction, "(0, 1)")
        check_bool(self, "warm_start", self.warm_start)
        if not isinstance(self.early_stopping, bool) and self.early_stopping != "auto":
            raise ConfigError(f"early_stopping must be True, False or 'auto'. Received: {self.early_stopping!r}.")
        if self.batch_size != "auto":
            check_int(self, "batch_size", self.batch_size, "[1, inf)")
        if self.learning_rate is not None:
            check_float(self, "learning_rate", self.learning_rate, "(0, inf)")

    # -- using what was trained ----------------------------------------------------------------------------------------

    def _outputs(self, X: Any) -> Any:
        """The outputs of the model for X, of several a tuple."""
        check_is_fitted(self, "model_")
        return self.model_.predict(table(self, X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        return tags


def loss_of(estimator: Estimator) -> Loss | None:
    return estimator.loss_  # type: ignore[no-any-return]


def _metadata(sample_weight: Any) -> dict[str, Any] | None:
    return None if sample_weight is None else {"sample_weight": sample_weight}
