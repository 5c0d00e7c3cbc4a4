"""Views of autoencoders in the studio: the plane of codes, walks between samples, reconstructions."""

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

from pellucid_ae.autoencoder import Autoencoder
from pellucid_ae.masking_noise import MaskingNoise
from pellucid_ae.verbs import corrupted


class OfAutoencoders(CodesView):
    """Which models these views look at, and how they encode and decode."""

    of = Autoencoder

    def encode(self, model: Autoencoder, split: Split) -> HostArray:
        return model.encode(split.x)

    def decode(self, model: Autoencoder, codes: HostArray, labels: HostArray | None) -> HostArray:
        return model.decode(codes)

    @classmethod
    def tried_on(cls) -> Iterable[Viewed]:
        """Pictures with a code of two numbers; rows with one of three, of a denoising autoencoder; points with one."""
        rng = np.random.default_rng(0)
        labels = np.arange(12) % 3
        for shape, latent, corruption in (((4, 4), 2, None), ((5,), 3, MaskingNoise(0.3)), ((2,), 1, None)):
            data = Split(rng.uniform(size=(12, *shape)).astype(np.float32), labels, ("a", "b", "c"))
            model = build(Autoencoder(latent, [6], corruption=corruption), input_shape=shape, seed=0)
            Trainer(model, seed=0).fit((data.x, None), epochs=1, verbose=False)
            yield Viewed.of(model, data)


class Latent(OfAutoencoders, CodesExplorer):
    __doc__ = CodesExplorer.__doc__


class Walk(OfAutoencoders, CodesWalk):
    __doc__ = CodesWalk.__doc__


class Reconstruction(OfAutoencoders, CodesReconstruction):
    """See what comes back of a sample from its code, and how far the two are apart.

    A denoising autoencoder is given the sample corrupted as in training, which is shown, too.
    """

    def seen(self, model: Autoencoder, split: Split) -> Split:
        if model.corruption is None:
            return split
        return Split(corrupted(model, split.x, seed=0), split.y, split.classes, split.features)
