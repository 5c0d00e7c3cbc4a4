"""PellucidClassifier: classes of one or several kinds, or many labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from pellucid import HostArray
from sklearn.base import ClassifierMixin

from pellucid_tabular.estimators.base import Estimator
from pellucid_tabular.estimators.learning import learn
from pellucid_tabular.estimators.library import with_callbacks
from pellucid_tabular.estimators.targets import Labels, Target, classification_target
from pellucid_tabular.estimators.weights import weighted_by_class


class PellucidClassifier(ClassifierMixin, Estimator):  # type: ignore[misc]
    """A classifier of scikit-learn's kind for any table: one class a row, one of each of several kinds, or many labels.

    Args:
        model: ``"auto"``: ``tabular/ensemble``, for several outputs and hidden features ``tabular/mlp``; the name of a
            registered model or layer, its configuration, or a layer, which is copied; None: dense layers. What does not
            give as many outputs as the target needs gets a dense layer behind it.
        hidden, activation, dropout, members: arguments of the model, those that it has; None leaves them to it. Dense
            layers: (128, 64) with relu and no dropout; an ensemble: a member for 20 rows, at least 4, at most 32.
        model_params: further arguments of the model.
        loss: a name, a configuration, a function of prediction and target; of several outputs a list. None: softmax or
            binary cross-entropy, the mean squared error of standardised values. A function sees values as they are.
        optimizer, learning_rate, schedule: None: those of :func:`pellucid_tabular.recipe.recipe` for ``tabular/mlp``
            and ``tabular/ensemble``, else adam at 0.003, a constant rate.
        epochs, batch_size: None and ``"auto"``: those of the recipe; else 200 epochs, and batches of a twentieth of the
            rows, between 32 and 256.
        early_stopping: hold rows out, and keep the best epoch there. ``"auto"``: in ``fit``, with 100 different rows or
            more; each member of an ensemble holds out others then, so that all rows are learned from.
        patience: stop so many epochs after the best one; ``"auto"``: 16, but never where a schedule comes to its end.
        validation_fraction: of the different rows, to be held out; of every class in proportion.
        metrics: figures that ``history_`` has besides the loss. callbacks: of pellucid's.
        categorical_features: columns that are categories whatever they look like, by name, number or mask.
        scaling: of numbers, see ``tabular/columns``; None: by quantiles for the networks of this package, else robust.
        class_weight: a dict; ``"balanced"``: all classes weigh the same; of several outputs a list.
        warm_start: ``fit`` goes on from the weights of the last one, with a new optimizer; what the network is made of
            must have stayed, and with ``partial_fit`` how it is trained, too.
        backend, dtype: of the model. random_state: of all that is drawn. verbose: show progress.

    Attributes:
        model_: the model with the table's transforms, to be saved, traced and asked by itself.
        trainer_, history_, loss_curve_, n_iter_: how it was trained.
        classes_, schema_, n_features_in_, feature_names_in_: what it was trained on.

    Raises:
        ValueError: an argument or a table cannot be used; it says what was expected, received, and what to do.
    """

    def __init__(
        self, model: Any = "auto", *, hidden: Any = None, activation: str | None = None, dropout: float | None = None,
        members: int | None = None, model_params: dict[str, Any] | None = None, loss: Any = None, optimizer: Any = None,
        learning_rate: float | None = None, schedule: Any = None, epochs: int | None = None,
        batch_size: int | str = "auto", early_stopping: bool | str = "auto", validation_fraction: float = 0.2,
        patience: int | str = "auto", metrics: Any = (), callbacks: Any = (), categorical_features: Any = None,
        scaling: str | None = None, class_weight: Any = None, warm_start: bool = False, backend: Any = None,
        dtype: str = "float32", random_state: Any = None, verbose: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(
            model, hidden=hidden, activation=activation, dropout=dropout, members=members, model_params=model_params,
            loss=loss, optimizer=optimizer, learning_rate=learning_rate, schedule=schedule, epochs=epochs,
            batch_size=batch_size, early_stopping=early_stopping, validation_fraction=validation_fraction,
            patience=patience, metrics=metrics, callbacks=callbacks, categorical_features=categorical_features,
            scaling=scaling, warm_start=warm_start, backend=backend, dtype=dtype, random_state=random_state,
            verbose=verbose,
        )  # fmt: skip
        self.class_weight = class_weight

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> PellucidClassifier:
        """Train on a table and its classes.

        Args:
            X: a frame of pandas, polars or pyarrow, an array of numbers or of texts, a sparse matrix, (N, F).
            y: a class a row (N,), numbers or texts; zeros and ones (N, L) of many labels; classes (N, J) of J kinds.
            sample_weight: a weight a row, 0 or more; 3 is the same as three such rows.
        """
        learn(self, X, y, sample_weight)
        return self

    @with_callbacks
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> PellucidClassifier:
        """One pass over some rows, that adds to what was learned from others.

        Args:
            X, y, sample_weight: see :meth:`fit`; columns are scaled as the first rows ask for.
            classes: in the first call, all classes that may come; of several outputs a list.
        """
        learn(self, X, y, sample_weight, part=True, classes=classes)
        return self

    def predict(self, X: Any) -> HostArray:
        """The class of each row."""
        outputs = self._outputs(X)
        return self.target_.predicted(outputs)

    def predict_proba(self, X: Any) -> Any:
        """The probability of each class."""
        outputs = self._outputs(X)
        return self.target_.probabilities(outputs, self.loss_)

    def predict_log_proba(self, X: Any) -> Any:
        """The logarithms of the probabilities."""
        p = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return [np.log(of) for of in p] if isinstance(p, list) else np.log(p)

    def decision_function(self, X: Any) -> Any:
        """The outputs before they become probabilities."""
        outputs = self._outputs(X)
        return self.target_.decision(outputs)

    def spread(self, X: Any) -> HostArray:
        """The standard deviation of the probabilities that the members of an ensemble give each class, (N, K)."""
        found = self._spread(X)
        return found[:, : len(self.classes_)] if found.shape[1] > 1 else np.repeat(found, 2, axis=1)

    @property
    def classes_(self) -> Any:
        """The classes in the order of the columns of ``predict_proba``; of several outputs a list."""
        if "target_" not in vars(self):
            raise AttributeError("classes_ is known after fit.")
        return self.target_.classes

    def _read_target(self, y: Any, classes: Any) -> Target:
        return classification_target(y, classes)

    def _weighted(self, weight: HostArray | None, target: Any, y: Any, codes: HostArray) -> HostArray | None:
        classes = target.classes if isinstance(target, Labels) else None
        return weighted_by_class(weight, self.class_weight, y, codes, classes)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
