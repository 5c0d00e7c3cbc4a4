"""PellucidRegressor: one value a row, or several."""

from __future__ import annotations

from typing import Any

import numpy as np
from pellucid import HostArray
from sklearn.base import RegressorMixin

from pellucid_tabular.estimators.base import Estimator
from pellucid_tabular.estimators.learning import learn
from pellucid_tabular.estimators.library import with_callbacks
from pellucid_tabular.estimators.targets import Target, Values, numeric


class PellucidRegressor(RegressorMixin, Estimator):  # type: ignore[misc]
    """A regressor of scikit-learn's kind for any table: one value a row, or several.

    Its arguments and attributes are those of :class:`PellucidClassifier`, without classes. Values are standardised for
    the mean squared error and for other losses that predict values; predictions come in the unit of y.
    """

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> PellucidRegressor:
        """Train on a table and its values, y (N,) or (N, J); for the rest see :meth:`PellucidClassifier.fit`."""
        learn(self, X, y, sample_weight)
        return self

    @with_callbacks
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> PellucidRegressor:
        """One pass over some rows, that adds to what was learned from others."""
        learn(self, X, y, sample_weight, part=True)
        return self

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """The value of each row, (N,) or (N, J), float64; with ``return_std`` also how far the members of an ensemble
        are from each other there, see :meth:`spread`."""
        y = self._outputs(X)
        values = np.asarray(y if self.target_.shape else y[:, 0], np.float64)
        return (values, self.spread(X)) if return_std else values

    def spread(self, X: Any) -> HostArray:
        """The standard deviation of what the members of an ensemble say, of the shape of ``predict``."""
        found = self._spread(X)
        return found if self.target_.shape else found[:, 0]

    def _read_target(self, y: Any, classes: Any) -> Target:
        return Values(numeric(y).shape[1:])
