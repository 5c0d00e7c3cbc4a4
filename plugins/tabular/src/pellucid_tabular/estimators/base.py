"""What all estimators have in common: their arguments, and the outputs of the model that was trained."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np
from pellucid import (
    ConfigError,
    History,
    HostArray,
    Layer,
    Loss,
    Trainer,
    check_bool,
    check_float,
    check_int,
    require_runtime,
)
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from pellucid_tabular.columns import Columns
from pellucid_tabular.estimators.best import Best
from pellucid_tabular.estimators.errors import WrongArgument, value_errors
from pellucid_tabular.estimators.held_out import HeldOut
from pellucid_tabular.estimators.library import CallbackSupport
from pellucid_tabular.estimators.tables import table
from pellucid_tabular.schema import Schema


class Estimator(CallbackSupport, BaseEstimator, ABC):  # type: ignore[misc]
    """The arguments that the estimators share; see :class:`PellucidClassifier` for what each means."""

    model_: Layer
    trainer_: Trainer
    schema_: Schema
    transform_: Columns
    loss_: Loss | None
    history_: History
    loss_curve_: list[float]
    n_iter_: int
    n_features_in_: int
    target_: Any
    plain_: bool
    best_: Best | None
    held_out_: HeldOut
    columns_: int
    settings_: Any
    begun_with_: dict[str, Any]
    before_: list[dict[str, Any]]

    def __init__(
        self, model: Any = "auto", *, hidden: Any = None, activation: str | None = None, dropout: float | None = None,
        members: int | None = None, model_params: dict[str, Any] | None = None, loss: Any = None, optimizer: Any = None,
        learning_rate: float | None = None, schedule: Any = None, epochs: int | None = None,
        batch_size: int | str = "auto", early_stopping: bool | str = "auto", validation_fraction: float = 0.2,
        patience: int | str = "auto", metrics: Any = (), callbacks: Any = (), categorical_features: Any = None,
        scaling: str | None = None, warm_start: bool = False, backend: Any = None, dtype: str = "float32",
        random_state: Any = None, verbose: bool = False,
    ) -> None:  # fmt: skip
        self.model = model
        self.hidden = hidden
        self.activation = activation
        self.dropout = dropout
        self.members = members
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

    _ensembles = True
    """Whether the outputs of several networks can be averaged."""

    @abstractmethod
    def _read_target(self, y: Any, classes: Any) -> Any:
        """The :class:`Target` that says how y is to be read."""

    def _weighted(self, weight: HostArray | None, target: Any, y: Any, codes: HostArray) -> HostArray | None:
        """The weights of rows, times those of their classes."""
        return weight

    def _outputs(self, X: Any) -> Any:
        """The outputs of the model for X, (N, outputs); of several a tuple."""
        if type(X) is np.ndarray and X.ndim == 2 and self._is_plain(X):
            return self.model_.predict(X)
        check_is_fitted(self, "model_")
        with value_errors():
            return self.model_.predict(table(self, X))

    def _spread(self, X: Any) -> HostArray:
        """How far the members of an ensemble are from each other, (N, outputs)."""
        check_is_fitted(self, "model_")
        spread = getattr(self.model_, "spread", None)
        if spread is None:
            raise WrongArgument(
                f"{type(self).__name__}: only the members of an ensemble differ, so take model='ensemble' to know by "
                f"how much. Received: model={self.model!r:.100}, which made a {type(self.model_).__name__}."
            )
        with value_errors():
            found: HostArray = spread(table(self, X))
        return found

    def _is_plain(self, X: HostArray) -> bool:
        """Whether all is well with an array, seen at a glance: scikit-learn's own look takes longer than a row does."""
        return (
            X.dtype.char in "fd"
            and getattr(self, "plain_", False)
            and X.shape[1] == self.n_features_in_
            and len(X) > 0
            and not hasattr(self, "feature_names_in_")
            and isfinite(np.add.reduce(X, axis=None))
        )

    def _check_arguments(self) -> None:
        if self.epochs is not None:
            check_int(self, "epochs", self.epochs, "[1, inf)")
        if self.patience != "auto":
            check_int(self, "patience", self.patience, "[1, inf)")
        check_float(self, "validation_fraction", self.validation_fraction, "(0, 1)")
        check_bool(self, "warm_start", self.warm_start)
        if not isinstance(self.verbose, bool | int | np.bool_):
            raise ConfigError(f"verbose must be True, False or a whole number. Received: {self.verbose!r:.100}.")
        if not isinstance(self.model_params, Mapping | None):
            raise ConfigError(
                "model_params must be a dict of the model's arguments, such as {'members': 8}, or None. Received: "
                f"{self.model_params!r:.100}."
            )
        if not isinstance(self.early_stopping, bool) and self.early_stopping != "auto":
            raise ConfigError(f"early_stopping must be True, False or 'auto'. Received: {self.early_stopping!r}.")
        if self.batch_size != "auto":
            check_int(self, "batch_size", self.batch_size, "[1, inf)")
        if self.learning_rate is not None:
            check_float(self, "learning_rate", self.learning_rate, "(0, inf)")

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_") and bool(require_runtime(self.model_).transforms)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        return tags
