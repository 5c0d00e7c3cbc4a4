"""denoising_autoencoder: an autoencoder that must undo noise which it is given in training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pellucid import ConfigError, Example, Layer, check_choice

from pellucid_ae.autoencoder import Autoencoder
from pellucid_ae.gaussian_noise import GaussianNoise
from pellucid_ae.masking_noise import MaskingNoise


def denoising_autoencoder(
    latent: int,
    hidden: Sequence[int] = (256,),
    decoder_hidden: Sequence[int] | None = None,
    activation: str = "relu",
    *,
    noise: Literal["masking", "gaussian"] = "masking",
    amount: float = 0.3,
    tied: bool = False,
    outputs: Literal["values", "logits"] = "values",
) -> Autoencoder:
    """``z = g(x̃)``, ``y = h(z)`` with a corrupted ``x̃`` in training, compared with the clean ``x``.

    Copying its input is not enough, so even a code that is larger than the input must hold what goes together in the
    data. Source: Vincent, Larochelle, Bengio & Manzagol, Extracting and Composing Robust Features with Denoising
    Autoencoders, 2008. In evaluation the input is taken as it is, so that a noisy one comes out restored.

    Args:
        latent: K, how many numbers a code has.
        hidden: units of the encoder's hidden layers.
        decoder_hidden: units of the decoder's; None takes the encoder's backwards.
        activation: f of all hidden layers.
        noise: ``masking`` sets inputs to 0, ``gaussian`` adds normal noise.
        amount: the fraction that is set to 0, or the standard deviation in the units of the input.
        tied: whether the decoder uses the encoder's weights, transposed.
        outputs: ``values`` or ``logits``, as of ``ae/autoencoder``.

    Shapes: x (N, …) -> y the same; code (N, K).
    """
    check_choice(denoising_autoencoder, "noise", noise, ("masking", "gaussian"))
    corruption: Layer
    try:
        corruption = MaskingNoise(amount) if noise == "masking" else GaussianNoise(amount)
    except ConfigError as error:
        interval = "[0, 1), the fraction set to 0" if noise == "masking" else "[0, inf), the standard deviation"
        raise ConfigError(
            f"The 'amount' of denoising_autoencoder must be a float in {interval}. Received: {amount!r}."
        ) from error
    return Autoencoder(latent, hidden, decoder_hidden, activation, tied=tied, outputs=outputs, corruption=corruption)


# What the conformance kit builds; a class would say this in its body.
denoising_autoencoder.examples = (  # type: ignore[attr-defined]
    Example({"latent": 2, "hidden": [4], "activation": "tanh"}),
    Example({"latent": 2, "hidden": [4], "activation": "softplus", "noise": "gaussian", "tied": True}, ((2, 2),)),
)
