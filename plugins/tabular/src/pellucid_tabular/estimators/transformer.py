"""PellucidTransformer: what a network sees in a row, the outputs of its last hidden layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pellucid import ConfigError, HostArray, Layer, Sequential, in_batches, require_runtime
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted

from pellucid_tabular.estimators.base import Estimator
from pellucid_tabular.estimators.learning import learn
from pellucid_tabular.estimators.library import with_callbacks
from pellucid_tabular.estimators.tables import table
from pellucid_tabular.estimators.targets import Itself, Target, Values, classification_target, numeric


class PellucidTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Estimator):  # type: ignore[misc]
    """Hidden features of a network that predicts y, or, without y, gives back the columns themselves.

    Its arguments are those of :class:`PellucidClassifier`; the model must be one layer after another, a ``Sequential``,
    and ``"auto"`` is ``tabular/mlp``. y is read as values if it holds fractions, else as classes.
    """

    _ensembles = False

    @with_callbacks
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> PellucidTransformer:
        """Train on a table, and on its targets if there are any; see :meth:`PellucidClassifier.fit`."""
        learn(self, X, y, sample_weight)
        return self

    @with_callbacks
    def partial_fit(self, X: Any, y: Any = None, classes: Any = None, sample_weight: Any = None) -> PellucidTransformer:
        """One pass over some rows, that adds to what was learned from others."""
        learn(self, X, y, sample_weight, part=True, classes=classes)
        return self

    def transform(self, X: Any) -> HostArray:
        """The features of each row, (N, units of the last hidden layer), in the type of X."""
        check_is_fitted(self, "model_")
        x = table(self, X)

        def features(ctx: Any, x: Any) -> Any:
            for i, layer in enumerate(self._hidden):
                x = layer.forward(ctx.child(i), x)
            return x

        z = in_batches(self.model_, features, x, from_data=True)
        return z.astype(np.float32 if getattr(X, "dtype", None) == np.float32 else np.float64)

    @property
    def _hidden(self) -> Sequence[Layer]:
        return hidden_layers(self.model_)

    @property
    def _n_features_out(self) -> int:
        shape: Any = require_runtime(self.model_).input_shapes[0]
        for layer in self._hidden:
            shape = layer.output_shape(shape)
        return int(shape[0])

    def _read_target(self, y: Any, classes: Any) -> Target:
        if y is None:
            return Itself()
        if classes is None and type_of_target(y, input_name="y").startswith("continuous"):
            return Values(numeric(y).shape[1:])
        return classification_target(y, classes)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def hidden_layers(model: Layer) -> Sequence[Layer]:
    """All layers of a model but the last.

    Raises:
        ConfigError: it is not one layer after another, or gives more than one number a feature.
    """
    if not isinstance(model, Sequential) or len(model.layers) < 2:
        raise ConfigError(
            "PellucidTransformer gives the outputs of the last hidden layer, so its model must be one layer after "
            f"another, a Sequential of at least two. Received: {type(model).__name__}."
        )
    return model.layers[:-1]
