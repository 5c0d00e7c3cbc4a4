"""Hill: the curve that a network of radial basis functions has learned, and one hill of those that it adds up."""

import numpy as np
from pellucid import Sequential, View, ViewCurves, Viewed, ViewSlider, build, transformed

from pellucid_acme.rbf import RBF


class Hill(View):
    """What a network of radial basis functions says of each x, and one of the hills that it adds up."""

    title = "A hill of the curve"

    @classmethod
    def tried_on(cls):
        layers = [{"type": "acme/rbf", "units": 5}, {"type": "dense", "units": 1}]
        yield Viewed.of(build({"type": "sequential", "layers": layers}, input_shape=(1,), seed=0))

    def suits(self, opened):
        model = opened.model
        begins = isinstance(model, Sequential) and isinstance(model.layers[0], RBF)
        return begins and model.runtime.input_shapes == ((1,),) and model.output_shape((1,)) == (1,)

    def controls(self, opened):
        last = max(1, opened.model.layers[0].units - 1)
        return [
            ViewSlider("hill", "Hill", 0, last, 0, step=1),
            ViewSlider("far", "Look as far as", 1.0, 10.0, 4.0),
        ]

    def show(self, opened, *, hill=0, far=4.0):
        layer = opened.model.layers[0]
        hill = min(hill, layer.units - 1)
        x = np.linspace(-far, far, 101, dtype="float32")[:, None]
        (seen,) = transformed(opened.model, x)  # as the layer sees it: the scaling is part of the model
        height = np.exp(-((seen - layer.centers.data[hill]) ** 2).sum(axis=1) / (2 * layer.width**2))
        curves = {"the model": opened.model.predict(x)[:, 0], f"hill {hill}": height}
        return [ViewCurves("The curve and a hill", x[:, 0], curves, "x", "y")]
