"""The manifest: what this package registers, as strings only."""

from __future__ import annotations

from pellucid import Registrar, hookimpl

VERBS = {verb: f"pellucid_ae.verbs:{verb}" for verb in ("encode", "reconstruct", "interpolate")}


@hookimpl
def pellucid_register(registry: Registrar) -> None:
    registry.model(
        "autoencoder", "pellucid_ae.autoencoder:Autoencoder", verbs=VERBS,
        summary="a code of few numbers from which the input is reconstructed",
    )  # fmt: skip
    registry.model(
        "denoising_autoencoder", "pellucid_ae.denoising:denoising_autoencoder", verbs=VERBS,
        summary="an autoencoder that sees its inputs through noise in training",
    )  # fmt: skip
    registry.objective(
        "reconstruction", "pellucid_ae.reconstruction:Reconstruction", summary="a loss between output and input"
    )
    registry.metric(
        "reconstruction_error", "pellucid_ae.reconstruction_error:ReconstructionError",
        summary="mean squared error in the units of the input",
    )  # fmt: skip
    registry.layer(
        "gaussian_noise", "pellucid_ae.gaussian_noise:GaussianNoise", summary="adds normal noise in training"
    )
    registry.layer("masking_noise", "pellucid_ae.masking_noise:MaskingNoise", summary="sets inputs to 0 in training")
    registry.view("latent", "pellucid_ae.views:Latent", summary="a plane of codes to drag in, and what is decoded")
    registry.view("walk", "pellucid_ae.views:Walk", summary="the straight path between the codes of two samples")
    registry.view("reconstruction", "pellucid_ae.views:Reconstruction", summary="a sample and what comes back")
