"""Views of variational autoencoders in the studio: the plane of codes, walks between samples, reconstructions."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from pellucid import (
    CodesExplorer,
    CodesReconstruction,
    CodesView,
    CodesWalk,
    HostArray,
    Split,
    Trainer,
    Viewed,
    build,
)

from pellucid_vae import inference
from pellucid_vae.models import VAE, ConditionalVAE, LatentVariableModel


class OfVariational(CodesView):
    """Which models these views look at, and how they encode and decode: by the mean of q(z | x), that of p(x | z)."""

    of = LatentVariableModel

    def encode(self, model: LatentVariableModel, split: Split) -> HostArray:
        return inference.encode(model, split.x, split.y if model.conditions else None)

    def decode(self, model: LatentVariableModel, codes: HostArray, labels: HostArray | None) -> HostArray:
        return inference.decode(model, codes, labels)

    def told(self, model: LatentVariableModel) -> int:
        return model.conditions

    def units(self, codes: HostArray) -> tuple[HostArray, HostArray]:
        """Those of the prior N(0, I)."""
        return np.zeros(codes.shape[1]), np.ones(codes.shape[1])

    @classmethod
    def tried_on(cls) -> Iterable[Viewed]:
        """Pictures with a code of two numbers; rows with one of three; pictures of a conditional model."""
        rng = np.random.default_rng(0)
        labels = np.arange(12) % 3
        for shape, made in (((4, 4), VAE(2, [6])), ((5,), VAE(3, [6])), ((4, 4), ConditionalVAE(3, 2, [6]))):
            data = Split(rng.uniform(size=(12, *shape)).astype(np.float32), labels, ("a", "b", "c"))
            model = build(made, input_shape=[shape, ()] if isinstance(made, ConditionalVAE) else shape, seed=0)
            Trainer(model, seed=0).fit(data, epochs=1, verbose=False)
            yield Viewed.of(model, data)


class Latent(OfVariational, CodesExplorer):
    __doc__ = CodesExplorer.__doc__


class Walk(OfVariational, CodesWalk):
    __doc__ = CodesWalk.__doc__


class Reconstruction(OfVariational, CodesReconstruction):
    __doc__ = CodesReconstruction.__doc__
