"""What a model is trained with unless told otherwise: the loss that belongs to its task."""

from __future__ import annotations

from typing import TypeVar

from pellucid.layer import Layer

Model = TypeVar("Model", bound=Layer)


def classifier(outputs: int, model: Model) -> Model:
    """A model whose outputs are logits: of the classes, or, if there is one, of yes."""
    return trained_with("core/binary_cross_entropy" if outputs == 1 else "core/softmax_cross_entropy", model)


def trained_with(loss: str, model: Model) -> Model:
    """The same model, which now names this loss as its own."""
    model.default_objective = {"type": "core/supervised", "loss": loss}
    return model
