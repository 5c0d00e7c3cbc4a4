"""scikit-learn's multi-layer perceptron, one ``partial_fit`` (a pass over all data in minibatches) per epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.cases import BETA1, BETA2, EPSILON, LEARNING_RATE, Case
from benchmarks.peer import Peer


class ScikitLearn(Peer):
    distributions = ("scikit-learn", "numpy", "scipy")

    def __init__(self, case: Case, threads: int) -> None:
        super().__init__(case, threads)
        sklearn.set_config(assume_finite=True)  # the others do not look for NaN in every pass over the data either
        self.model = (MLPClassifier if case.classify else MLPRegressor)(
            hidden_layer_sizes=case.sizes[1:-1], alpha=0.0, batch_size=case.batch, learning_rate_init=LEARNING_RATE,
            beta_1=BETA1, beta_2=BETA2, epsilon=EPSILON, shuffle=False, random_state=0,
        )  # fmt: skip
        self.classes = {"classes": np.arange(case.sizes[-1])} if case.classify else {}

    def train(self, epoch_done: Callable[[float], None]) -> None:
        model, (x, y) = self.model, (self.x, self.y)
        # The first epoch visits the samples in everyone's order, from everyone's weights; the others as it likes.
        order = self.case.order(0)
        model.partial_fit(x[: self.case.batch], y[: self.case.batch], **self.classes)
        for k, (w, b) in enumerate(self.case.weights()):
            model.coefs_[k], model.intercepts_[k] = w, b
        del model._optimizer
        model.partial_fit(x[order], y[order], **self.classes)
        model.shuffle = True
        while True:
            # its squared error has a factor of ½ that ours lacks
            epoch_done(model.loss_curve_[-1] * (1.0 if self.case.classify else 2.0))
            model.partial_fit(x, y, **self.classes)

    def predictor(self) -> Callable[[Any], Any]:
        return self.model.predict_proba if self.case.classify else self.model.predict
