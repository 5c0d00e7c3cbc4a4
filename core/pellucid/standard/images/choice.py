"""proposal: a model for images of a size, and how it is trained, where nobody has named one."""

from __future__ import annotations

from typing import Any

from pellucid.registry.discovery import find_claims

STEPS = 1500
"""Of training, about: few images come more often."""
SMALLEST = 8
"""Pixels of a side below which convolutions have nothing to find."""


def proposal(shape: tuple[int, int, int], classes: int, images: int, *, chosen: bool = False) -> dict[str, Any]:
    """Sections of an experiment for images of this shape.

    Where pellucid-cnn is installed a convolutional network: a stage for each halving until there are fewer than 8
    pixels, at most four, each with twice the filters of the one before; else a dense network. Values from −1 to 1;
    Adam with a cosine; so many epochs that there are about 1,500 steps, from 5 to 40.

    Args:
        chosen: whether the user has chosen transforms.
    """
    height, width, _ = shape
    side, stages = min(height, width), 0
    while side >= SMALLEST and stages < 4:
        side, stages = side // 2, stages + 1
    vendors = {claim.vendor for claim in find_claims()}
    transforms: list[Any] = [{"type": "core/scale", "factor": 2.0, "offset": -1.0}]
    if "cnn" in vendors and stages:
        filters = [32 << stage for stage in range(stages)]
        model: dict[str, Any] = {
            "type": "cnn/lenet", "outputs": classes, "filters": filters, "hidden": [128], "dropout": 0.3,
        }  # fmt: skip
    else:
        dense = [
            {"type": "core/dense", "units": 256, "activation": "relu"}, {"type": "core/dropout", "rate": 0.3},
            {"type": "core/dense", "units": classes},
        ]  # fmt: skip
        model = {"type": "core/sequential", "layers": [{"type": "core/flatten"}, *dense]}
    loss = {"type": "core/softmax_cross_entropy"}
    epochs = min(40, max(5, round(STEPS * 32 / max(1, images))))
    return {
        "model": model, "loss": loss, "optimizer": {"type": "core/adam", "lr": 0.001},
        "schedule": {"type": "core/cosine"}, "train": {"epochs": epochs, "batch_size": 32},
        **({} if chosen else {"data": {"transforms": transforms}}),
    }  # fmt: skip
