"""What classifiers have in common: logits at the end, the loss that belongs to them, and the mirror image."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid import Layer, Sequential

from pellucid_cnn.layers.mirror_average import MirrorAverage


def classifier(outputs: int, layers: Sequence[Layer], *, mirror: bool) -> Layer:
    """One layer after another, whose outputs are logits: of the classes, or, if there is one, of yes."""
    model: Layer = Sequential(layers)
    if mirror:
        model = MirrorAverage(model)
    loss = "core/binary_cross_entropy" if outputs == 1 else "core/softmax_cross_entropy"
    model.default_objective = {"type": "core/supervised", "loss": loss}
    return model
