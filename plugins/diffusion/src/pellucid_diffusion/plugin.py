"""The manifest: what this package registers, as strings only."""

from __future__ import annotations

from pellucid import Registrar, hookimpl

_HERE = "pellucid_diffusion"
_VERBS = {verb: f"{_HERE}.verbs:{verb}" for verb in ("sample", "generate")}
_OPS = {
    "draw_times": "t uniform in 1 … T",
    "drop_labels": "labels, some replaced by 'none'",
    "mix": "a[t] x + b[t] y for each sample",
    "modulate": "(1 + factor) x + shift",
    "modulate_backward": "its gradients",
    "weighted_mse": "the mean squared error, weighted by t, and its gradient",
    "time_features": "sines and cosines of t",
    "one_hot": "labels as rows of zeros with a one",
}

_CUDA = frozenset({"one_hot", "mix", "modulate", "modulate_backward"})


@hookimpl
def pellucid_register(registry: Registrar) -> None:
    registry.model("mlp_denoiser", f"{_HERE}.mlp_denoiser:MlpDenoiser", verbs=_VERBS,
                   summary="a denoiser of points and flat vectors")  # fmt: skip
    registry.model("unet_denoiser", f"{_HERE}.unet_denoiser:UNetDenoiser", verbs=_VERBS,
                   summary="a denoiser of images; needs pellucid-cnn")  # fmt: skip
    registry.model("latent_diffusion", f"{_HERE}.latent_diffusion:LatentDiffusion", verbs=_VERBS,
                   summary="a denoiser of the codes of an autoencoder")  # fmt: skip
    registry.transform("latents", f"{_HERE}.latents:Latents", summary="samples as codes of an autoencoder")
    registry.layer("embedding", f"{_HERE}.embedding:Embedding", summary="a time, and a label, as features")
    registry.layer("mlp_block", f"{_HERE}.mlp_denoiser:MlpBlock", summary="a residual block that is told an embedding")
    registry.objective("denoise", f"{_HERE}.denoise:Denoise", summary="say what noise has been added")
    registry.view("samples", f"{_HERE}.views:Samples", summary="samples that appear out of noise, step by step")
    registry.view("text", f"{_HERE}.views:Text", summary="a text that is typed in, drawn letter by letter out of noise")
    for name, summary in _OPS.items():
        cuda = f"{_HERE}.cuda:{name}" if name in _CUDA else None
        registry.op(name, reference=f"{_HERE}.ops:{name}", cupy=cuda, summary=summary)
