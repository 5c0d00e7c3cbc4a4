"""The manifest: what this package registers, as strings only."""

from __future__ import annotations

from pellucid import Registrar, hookimpl

_NAMES = ("encode", "reconstruct", "sample", "interpolate", "traverse", "likelihood")
VERBS = {verb: f"pellucid_vae.verbs:{verb}" for verb in _NAMES}


@hookimpl
def pellucid_register(registry: Registrar) -> None:
    here = "pellucid_vae"
    registry.model("vae", f"{here}.models:VAE", verbs=VERBS, summary="a variational autoencoder")
    registry.model(
        "conditional_vae", f"{here}.models:ConditionalVAE", verbs=VERBS,
        summary="a variational autoencoder of samples with labels",
    )  # fmt: skip
    registry.layer(
        "gaussian_head", f"{here}.gaussian_head:GaussianHead", summary="z = μ + ε ⊙ eˢ from linear μ and s = log σ"
    )
    registry.layer("join_label", f"{here}.join_label:JoinLabel", summary="a class label as one-hot features beside x")
    registry.objective("elbo", f"{here}.elbo:Elbo", summary="reconstruction plus β times the divergence from the prior")
    for op, summary in (
        ("reparameterize", "z = μ + ε ⊙ eˢ"), ("reparameterize_backward", "its gradients at μ and s"),
        ("gaussian_kl", "the divergence of N(μ, e^{2s}) from N(0, 1), and its gradient"),
        ("join_label", "features beside one-hot labels"), ("bernoulli", "1 where u < p, else 0"),
    ):  # fmt: skip
        cuda = f"{here}.cuda:{op}" if op == "join_label" else None
        registry.op(op, reference=f"{here}.ops:{op}", cupy=cuda, summary=summary)
    registry.view("latent", "pellucid_vae.views:Latent", summary="a plane of codes to drag in, and what is decoded")
    registry.view("walk", "pellucid_vae.views:Walk", summary="the straight path between the codes of two samples")
    registry.view("reconstruction", "pellucid_vae.views:Reconstruction", summary="a sample and what comes back")
