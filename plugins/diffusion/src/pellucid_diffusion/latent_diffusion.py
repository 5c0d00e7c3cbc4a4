"""latent_diffusion: diffusion of the codes that an autoencoder gives the samples, instead of the samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pellucid import ConfigError, Example, check_int, check_type, read

from pellucid_diffusion.mlp_denoiser import DenseDenoiser


class LatentDiffusion(DenseDenoiser):
    """The network of ``mlp_denoiser``, for codes. Before it stands the transform ``diffusion/latents``, which trains
    the autoencoder, encodes the data once, and decodes what is sampled.

    Codes are short, so a network of dense layers does what takes a U-Net on the pixels, and sampling is as much faster.
    What the autoencoder cannot say, no sample will.

    Args:
        autoencoder: its configuration, such as ``{"type": "ae/autoencoder", "latent": 32}``.
        autoencoder_epochs: passes over the training data that it is trained for.
        classes, hidden, blocks, embedding: as of ``mlp_denoiser``.

    Raises:
        ConfigError: what ``autoencoder`` describes is no autoencoder, or its package is not installed.

    Shapes: codes x_t (N, latent), t (N,), label (N,) if there are classes -> (N, latent).

    Source: Rombach et al., High-Resolution Image Synthesis with Latent Diffusion Models, 2022.
    """

    examples = (
        Example(
            {"autoencoder": {"type": "ae/autoencoder", "latent": 3}, "hidden": 4, "blocks": 1, "embedding": 2},
            ((3,), ("int", 50)),
        ),
    )

    def __init__(
        self, autoencoder: Mapping[str, Any], classes: int = 0, hidden: int = 256, blocks: int = 4,
        embedding: int = 128, autoencoder_epochs: int = 10,
    ) -> None:  # fmt: skip
        check_type(self, "autoencoder", autoencoder, (Mapping,), 'a table such as {"type": "ae/autoencoder", …}')
        check_int(self, "autoencoder_epochs", autoencoder_epochs, "[1, inf)")
        super().__init__(classes, hidden, blocks, embedding)
        self.autoencoder = autoencoder
        self.autoencoder_epochs = autoencoder_epochs
        self._check_autoencoder()

    def _check_autoencoder(self) -> None:
        """What training would find wrong with it is said here, before the data are read."""
        try:
            read("transform", self.default_transforms[0], path="latent_diffusion")
        except ConfigError as error:
            if "No plugin 'ae'" not in str(error):
                raise
            raise ConfigError(
                f"latent_diffusion with the autoencoder {self.autoencoder['type']!r} needs pellucid-ae, which is not "
                "installed: pip install pellucid-ae, or in a checkout of pellucid: pip install ./plugins/ae."
            ) from error

    @property
    def default_transforms(self) -> list[dict[str, Any]]:  # type: ignore[override]
        return [
            {"type": "diffusion/latents", "autoencoder": dict(self.autoencoder), "epochs": self.autoencoder_epochs}
        ]
