"""The manifest: what this package registers, as strings only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pellucid import hookimpl

if TYPE_CHECKING:
    from pellucid.registry.manifest import Registrar


@hookimpl
def pellucid_register(registry: Registrar) -> None:
    _layers(registry)
    _models(registry)
    _transforms(registry)
    _ops(registry)


def _layers(registry: Registrar) -> None:
    registry.layer("concatenate", "pellucid_cnn.layers.concatenate:Concatenate", summary="two inputs' channels joined")
    registry.layer("pixelwise", "pellucid_cnn.layers.pixelwise:Pixelwise", summary="a layer of vectors at every pixel")
    registry.layer(
        "residual_block", "pellucid_cnn.layers.residual_block:ResidualBlock", summary="y = x + two convolutions of x"
    )


def _models(registry: Registrar) -> None:
    registry.model("lenet", "pellucid_cnn.models.lenet:lenet", summary="classifies images: convolutions, then dense")
    registry.model(
        "resnet_small", "pellucid_cnn.models.resnet_small:resnet_small", summary="classifies images: residual blocks"
    )
    registry.model("unet", "pellucid_cnn.models.unet:UNet", summary="an image for an image: encoder, decoder, bridges")


def _transforms(registry: Registrar) -> None:
    transform, at = registry.transform, "pellucid_cnn.transforms"
    transform("random_shift", f"{at}.random_shift:RandomShift", summary="images moved by whole pixels")
    transform("random_flip", f"{at}.random_flip:RandomFlip", summary="left and right exchanged")
    transform("random_rotate", f"{at}.random_rotate:RandomRotate", summary="images turned by a small angle")
    transform("random_scale", f"{at}.random_scale:RandomScale", summary="images a little larger or smaller")
    transform("random_affine", f"{at}.random_affine:RandomAffine", summary="turned, slanted, scaled, shifted at once")
    transform("elastic", f"{at}.elastic:Elastic", summary="as if drawn on rubber")


def _ops(registry: Registrar) -> None:
    joining = "pellucid_cnn.ops.joining"
    registry.op("concatenate", reference=f"{joining}:concatenate", summary="y = [a, b] along the channels")
    registry.op("split", reference=f"{joining}:split", summary="[a, b] = y along the channels")
    for module, names in {
        "convolution": ("conv2d_forward", "conv2d_backward", "conv_transpose2d_forward", "conv_transpose2d_backward"),
        "pooling": (
            "max_pool2d_forward", "max_pool2d_backward", "average_pool2d_forward", "average_pool2d_backward",
        ),
        "resampling": (
            "upsample_nearest_forward", "upsample_nearest_backward", "upsample_bilinear_forward",
            "upsample_bilinear_backward",
        ),
        "group_norm": ("group_norm_forward", "group_norm_backward"),
    }.items():  # fmt: skip
        for name in names:
            registry.op(name, reference=f"pellucid_cnn.ops.{module}:{name}", summary=name.replace("_", " "))
    registry.op("warp", reference="pellucid_cnn.ops.resampling:warp", summary="an image read at any coordinates")
