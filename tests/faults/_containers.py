"""What stands in models: kinds of layers that keep the shape of their input, and containers that take them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pellucid as pl

WIDTH, SIZE = 4, 2
VECTOR, IMAGE = (WIDTH,), (SIZE, SIZE, SIZE)
FROZEN = "frozen "
"""How the names of kinds begin whose parameters are not trained."""


class Passed(pl.Layer):
    """``y = 2x``: it never asks whether its gradient is wanted, as a stranger's may not."""

    def output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def forward(self, ctx: pl.Context, x: Any) -> Any:
        return 2.0 * x

    def backward(self, ctx: pl.Context, dy: Any) -> Any:
        return 2.0 * dy


class Strict(Passed):
    """``y = 2x``: it answers None wherever it is not asked."""

    def backward(self, ctx: pl.Context, dy: Any) -> Any:
        return 2.0 * dy if ctx.needs_dx[0] else None


class Forked(pl.Layer):
    """``y = (x, −x)``: a layer of two outputs."""

    def output_shape(self, input_shape: Any) -> Any:
        return input_shape, input_shape

    def forward(self, ctx: pl.Context, x: Any) -> Any:
        return 1.0 * x, -x

    def backward(self, ctx: pl.Context, da: Any, db: Any) -> Any:
        return da - db if ctx.needs_dx[0] else None


class Product(pl.Composite):
    """``y = f(x) tanh(g(z))`` of one input or of two, whose backward comes from the tape."""

    def __init__(self, f: pl.Layer, g: pl.Layer) -> None:
        self.f, self.g = f, g

    def call(self, ctx: pl.Context, x: Any, z: Any = None) -> Any:
        return self.f(x) * np.tanh(self.g(x if z is None else z))


class OfTwo(pl.Composite):
    """``y = join(f(x), g(x))``: a layer of two inputs behind two others."""

    def __init__(self, f: pl.Layer, g: pl.Layer, join: str, **of_join: Any) -> None:
        self.f, self.g, self.join = f, g, pl.create("layer", join, **of_join)

    def call(self, ctx: pl.Context, x: Any) -> Any:
        return self.join(self.f(x), self.g(x))


class FirstOf(pl.Composite):
    """The first output of ``layer(f(x))``, which is given integers where it takes more than one input."""

    def __init__(self, f: pl.Layer, layer: pl.Layer) -> None:
        self.f, self.layer = f, layer

    def call(self, ctx: pl.Context, x: Any) -> Any:
        told = [ctx.variable(np.arange(len(x)) % 2) for _ in self.layer.integer_inputs]
        y = self.layer(self.f(x), *told)
        return y[0] if isinstance(y, tuple) else y


def made(name: str, **arguments: Any) -> pl.Layer:
    kind = "model" if name in pl.names("model") else "layer"
    layer: pl.Layer = pl.create(kind, name, **arguments)
    return layer


def _dense() -> pl.Layer:
    return pl.Dense(WIDTH)


def _conv() -> pl.Layer:
    return made("cnn/conv2d", filters=SIZE)


def _parallel(*layers: pl.Layer, join: str = "sum") -> pl.Layer:
    return made("core/parallel", layers=list(layers), join=join)


Maker = Callable[[], pl.Layer]
ANY: dict[str, Maker] = {
    "tanh": lambda: made("core/tanh"),
    "relu": lambda: made("core/relu"),
    "batch_norm": lambda: made("core/batch_norm"),
    "layer_norm": lambda: made("core/layer_norm"),
    "dropout": lambda: made("core/dropout", rate=0.3),
    "never asks": Passed,
    "answers when asked": Strict,
    "sequential, nothing to train": lambda: pl.Sequential([Passed(), Strict()]),
    "composite, nothing to train": lambda: Product(Passed(), Strict()),
}
VECTORS: dict[str, Maker] = ANY | {
    "dense": _dense,
    FROZEN + "dense": _dense,
    "softmax": lambda: made("core/softmax"),
    "flatten": lambda: made("core/flatten"),
    "reshape": lambda: made("core/reshape", shape=[WIDTH]),
    "noise": lambda: made("ae/gaussian_noise", std=0.1),
    "sequential": lambda: pl.Sequential([_dense(), made("core/tanh")]),
    "sequential, frozen end": lambda: pl.Sequential([_dense(), _frozen(_dense())]),
    "two outputs": lambda: pl.Sequential([Forked(), made("cnn/concatenate"), _dense()]),
    "two outputs, taped": lambda: pl.Sequential([_dense(), Forked(), Product(_dense(), Strict())]),
    "residual": lambda: made("core/residual", layer=pl.Sequential([Forked(), Product(Passed(), _dense())])),
    "parallel": lambda: _parallel(_dense(), Passed(), Strict()),
    "composite": lambda: Product(_dense(), Passed()),
}
"""Kinds of layers that take (WIDTH,) and give it."""
IMAGES: dict[str, Maker] = ANY | {
    "conv2d": _conv,
    FROZEN + "conv2d": _conv,
    "group_norm": lambda: made("cnn/group_norm", groups=1),
    "pixelwise": lambda: made("cnn/pixelwise", layer=_dense_pixels()),
    "residual_block": lambda: made("cnn/residual_block", filters=SIZE, normalization=None, activation="tanh"),
    "parallel": lambda: _parallel(_conv(), Passed(), Strict()),
    "composite": lambda: Product(_conv(), Passed()),
}
"""Kinds of layers that take (SIZE, SIZE, SIZE) and give it."""


def _dense_pixels() -> pl.Layer:
    return pl.Dense(SIZE)


def _frozen(layer: pl.Layer) -> pl.Layer:
    """A layer that is not trained; ``freeze`` sees to it once it is built."""
    vars(layer)["is_frozen"] = True
    return layer


def kind(name: str, kinds: dict[str, Maker]) -> pl.Layer:
    """A new layer of a kind."""
    return _frozen(kinds[name]()) if name.startswith(FROZEN) else kinds[name]()


def freeze(model: pl.Layer) -> None:
    for _, layer in model.walk():
        if vars(layer).get("is_frozen"):
            for param in layer.parameters():
                param.trainable = False


@dataclass(frozen=True)
class Container:
    """A layer made of layers: what makes it from the first, and the second, of its parts; what these keep."""

    make: Callable[..., pl.Layer]
    parts: int
    shape: tuple[int, ...] = VECTOR

    @property
    def kinds(self) -> dict[str, Maker]:
        return VECTORS if self.shape[-1] == WIDTH else IMAGES


NO_NORM: dict[str, Any] = {"normalization": None}
CONTAINERS: dict[str, Container] = {
    "parallel, concatenated": Container(lambda f, g: _parallel(f, g, join="concatenate"), 2),
    "parallel, summed": Container(lambda f, g: _parallel(f, g), 2),
    "sequential": Container(lambda f, g: pl.Sequential([f, g]), 2),
    "residual": Container(lambda f, g: made("core/residual", layer=pl.Sequential([f, g])), 2),
    "composite": Container(Product, 2),
    "concatenate": Container(lambda f, g: OfTwo(f, g, "cnn/concatenate"), 2),
    "mlp_block": Container(lambda f, g: OfTwo(f, g, "diffusion/mlp_block", units=3), 2),
    "gaussian_head": Container(lambda f: FirstOf(f, made("vae/gaussian_head", latent=3)), 1),
    "join_label": Container(lambda f: FirstOf(f, made("vae/join_label", classes=2)), 1),
    "vae": Container(lambda f, g: FirstOf(Strict(), made("vae/vae", latent=WIDTH, encoder=f, decoder=g)), 2),
    "conditional_vae": Container(lambda f: FirstOf(f, made("vae/conditional_vae", classes=2, latent=2, hidden=[3])), 1),
    "autoencoder": Container(
        lambda f: made("ae/autoencoder", latent=2, hidden=[3], activation="tanh", corruption=f), 1
    ),
    "autoencoder, tied": Container(
        lambda f: pl.Sequential([f, made("ae/autoencoder", latent=2, hidden=[3], tied=True)]), 1
    ),
    "mlp_denoiser": Container(lambda f: FirstOf(f, made("diffusion/mlp_denoiser", hidden=3, blocks=1, embedding=2)), 1),
    "ann": Container(lambda f: pl.Sequential([f, made("ann/ann", outputs=3, hidden=[3])]), 1),
    "images, parallel": Container(lambda f, g: _parallel(f, g, join="concatenate"), 2, IMAGE),
    "images, concatenate": Container(lambda f, g: OfTwo(f, g, "cnn/concatenate"), 2, IMAGE),
    "pixelwise": Container(lambda f: made("cnn/pixelwise", layer=f), 1, (SIZE, SIZE, WIDTH)),
    "mirror_average": Container(lambda f: made("cnn/mirror_average", layer=f), 1, IMAGE),
    "residual_block": Container(
        lambda f: made("cnn/residual_block", filters=SIZE, stride=2, activation=f, **NO_NORM), 1, IMAGE
    ),
    "residual_block, f last": Container(
        lambda f: made("cnn/residual_block", filters=SIZE, activation=f, preactivation=False), 1, IMAGE
    ),
    "unet": Container(lambda f: made("cnn/unet", outputs=1, filters=[1, SIZE], bottom=f, **NO_NORM), 1, IMAGE),
    "unet of f": Container(
        lambda f: made("cnn/unet", outputs=1, filters=[SIZE] * 2, activation=f, **NO_NORM), 1, IMAGE
    ),
    "resnet_small": Container(
        lambda f: made("cnn/resnet_small", outputs=2, filters=[SIZE] * 2, activation=f, **NO_NORM), 1, IMAGE
    ),
    "unet_denoiser": Container(
        lambda f: FirstOf(f, made("diffusion/unet_denoiser", channels=[1, 1], embedding=2)), 1, IMAGE
    ),
}
