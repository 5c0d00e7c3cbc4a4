"""How good are digits or letters that a model has drawn? A classifier that was trained apart from it judges them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pellucid as pl
from pellucid.interfaces.dataset import Split
from pellucid.model.predict import Prediction

HostArray = np.ndarray[Any, Any]
BLOCK = 500
"""Images compared with all training images at a time."""


@dataclass(frozen=True)
class Judge:
    """A convolutional classifier, and what it sees in the test set.

    Attributes:
        model: its layers, from the images to the logits.
        test, train: the images that others are compared with, (N, 784) in [0, 1].
    """

    model: Any
    test: Split
    train: Split

    def accuracy(self) -> float:
        """On the test set."""
        return float(np.mean(self.classes(self.test.x) == self.test.y))

    def classes(self, x: HostArray) -> HostArray:
        """Which class each image shows."""
        classes: HostArray = self.model.predict(_images(x)).argmax(axis=1)
        return classes

    def features(self, x: HostArray) -> HostArray:
        """What the last hidden layer says of the images, (N, units)."""
        whole, body = self.model, pl.create("layer", "sequential", layers=self.model.layers[:-1])
        body.runtime = whole.runtime
        rows = (_images(x[start : start + BLOCK]) for start in range(0, len(x), BLOCK))
        return np.concatenate([Prediction(body, (part,))((part,), 0) for part in rows]).astype(np.float64)

    # -- the figures -----------------------------------------------------------------------------------------------

    def agreement(self, x: HostArray, asked: HostArray) -> float:
        """The share of drawn images in which it sees the class that was asked for."""
        return float(np.mean(self.classes(x) == asked))

    def frechet(self, x: HostArray) -> float:
        """The squared Fréchet distance between the features of drawn images and of the test set, each taken for normal
        (Heusel et al., 2017). That of few samples is too large, so compare equal numbers only."""
        return between_gaussians(*_moments(self.features(x)), *self._of_test)

    @cached_property
    def _of_test(self) -> tuple[HostArray, HostArray]:
        return _moments(self.features(self.test.x))

    def diversity(self, x: HostArray, asked: HostArray) -> list[float]:
        """For each class asked for: the mean distance between two drawn ones over that of two of the test set."""
        return [
            _spread(x[asked == label]) / _spread(self.test.x[self.test.y == label][: np.sum(asked == label)])
            for label in np.unique(asked)
        ]

    def nearest(self, x: HostArray) -> float:
        """The mean distance of an image to the nearest training image: 0 for copies."""
        train = _rows(self.train.x)
        squares = np.sum(train**2, axis=1)
        found = []
        for start in range(0, len(x), BLOCK):
            part = _rows(x[start : start + BLOCK])
            apart = np.sum(part**2, axis=1)[:, None] + squares - 2 * part @ train.T
            found.append(np.sqrt(np.maximum(apart.min(axis=1), 0)))
        return float(np.mean(np.concatenate(found)))


def between_gaussians(m: HostArray, a: HostArray, n: HostArray, b: HostArray) -> float:
    """``‖m − n‖² + tr(a + b − 2 (ab)^½)``: the squared Fréchet distance of N(m, a) and N(n, b)."""
    return float(np.sum((m - n) ** 2) + np.trace(a) + np.trace(b) - 2 * np.sum(_roots(a, b)))


def train_judge(splits: Any, epochs: int, seed: int = 100) -> Judge:
    """A lenet with a seed that no judged model has."""
    model = pl.build("lenet", input_shape=(28, 28, 1), outputs=len(splits.classes), dropout=0.3, seed=seed)
    trainer = pl.Trainer(model, optimizer={"type": "adam", "lr": 1e-3}, schedule="cosine", seed=seed)
    trainer.fit((_images(splits.train.x), splits.train.y), epochs=epochs, batch_size=128, verbose=False)
    return Judge(model, splits.test, splits.train)


def _images(x: HostArray) -> HostArray:
    return np.ascontiguousarray(np.clip(x, 0, 1).reshape(len(x), 28, 28, 1), np.float32)


def _rows(x: HostArray) -> HostArray:
    return np.clip(x, 0, 1).reshape(len(x), -1).astype(np.float32)


def _spread(x: HostArray) -> float:
    """The mean distance between two different rows."""
    rows = _rows(x).astype(np.float64)
    squares = np.sum(rows**2, axis=1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares - 2 * rows @ rows.T, 0))
    return float(apart.sum() / max(1, len(x) * (len(x) - 1)))


def _moments(features: HostArray) -> tuple[HostArray, HostArray]:
    return features.mean(axis=0), np.cov(features, rowvar=False)


def _roots(a: HostArray, b: HostArray) -> HostArray:
    """The eigenvalues of (ab)^½, those of (a^½ b a^½)^½."""
    values, vectors = np.linalg.eigh(a)
    half = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    roots: HostArray = np.sqrt(np.maximum(np.linalg.eigvalsh(half @ b @ half), 0))
    return roots
