"""bottleneck: an architecture, made of layers by their names."""

from __future__ import annotations

from pellucid import Example, Layer, create


def bottleneck(outputs: int, wide: int = 16, narrow: int = 2) -> Layer:
    """``y = W₃ tanh(W₂ tanh(W₁ x))``: what the narrow layer holds is a code of the sample.

    Args:
        outputs: numbers to predict, or classes.
        wide: units of the first layer.
        narrow: units of the second.
    """
    sizes = {"tanh": (wide, narrow)}
    layers = [{"type": "dense", "units": n, "activation": name} for name, units in sizes.items() for n in units]
    model: Layer = create("layer", "sequential", layers=[*layers, {"type": "dense", "units": outputs}])
    return model


bottleneck.examples = (Example({"outputs": 3}), Example({"outputs": 1, "wide": 4, "narrow": 3}))  # type: ignore[attr-defined]
