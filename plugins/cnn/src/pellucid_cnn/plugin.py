"""The manifest: what this package registers, as strings only."""

from __future__ import annotations

from pellucid import Registrar, Report, hookimpl

ARRAY_CODE_ONLY = frozenset({"upsample_bilinear_forward", "upsample_bilinear_backward"})
"""The ops that have no kernel in ext/."""


@hookimpl
def pellucid_register(registry: Registrar) -> None:
    _layers(registry)
    _models(registry)
    _transforms(registry)
    _ops(registry)
    registry.view("stages", "pellucid_cnn.views:Stages", summary="what each stage makes of an image, and the filters")


def _layers(registry: Registrar) -> None:
    layer, at = registry.layer, "pellucid_cnn.layers"
    layer("conv2d", f"{at}.conv2d:Conv2D", summary="small filters at every place of an image")
    layer("conv_transpose2d", f"{at}.conv_transpose2d:ConvTranspose2D", summary="the adjoint of conv2d; enlarges")
    layer("max_pool2d", f"{at}.max_pool2d:MaxPool2D", summary="the largest number of each window")
    layer("average_pool2d", f"{at}.average_pool2d:AveragePool2D", summary="the mean of each window")
    layer("global_average_pool2d", f"{at}.global_average_pool2d:GlobalAveragePool2D", summary="channels' means")
    layer("global_max_pool2d", f"{at}.global_max_pool2d:GlobalMaxPool2D", summary="channels' largest numbers")
    layer("upsample", f"{at}.upsample:Upsample", summary="a larger image, nearest or bilinear")
    layer("group_norm", f"{at}.group_norm:GroupNorm", summary="normalises groups of channels of each image")
    registry.layer("concatenate", "pellucid_cnn.layers.concatenate:Concatenate", summary="two inputs' channels joined")
    registry.layer(
        "mirror_average", "pellucid_cnn.layers.mirror_average:MirrorAverage",
        summary="the mean for an image and its mirror image",
    )  # fmt: skip
    registry.layer("pixelwise", "pellucid_cnn.layers.pixelwise:Pixelwise", summary="a layer of vectors at every pixel")
    registry.layer(
        "residual_block", "pellucid_cnn.layers.residual_block:ResidualBlock", summary="y = x + two convolutions of x"
    )


def _models(registry: Registrar) -> None:
    verbs = {verb: f"pellucid_cnn.verbs:{verb}" for verb in ("augmented", "filters", "features")}
    registry.model(
        "lenet", "pellucid_cnn.models.lenet:lenet", summary="classifies images: convolutions, then dense", verbs=verbs
    )
    registry.model(
        "resnet_small", "pellucid_cnn.models.resnet_small:resnet_small", summary="classifies images: residual blocks",
        verbs=verbs,
    )  # fmt: skip
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
    for module, names in {
        "convolution": ("conv2d_forward", "conv2d_backward", "conv_transpose2d_forward", "conv_transpose2d_backward"),
        "pooling": (
            "max_pool2d_forward", "max_pool2d_backward", "average_pool2d_forward", "average_pool2d_backward",
        ),
        "resampling": (
            "upsample_nearest_forward", "upsample_nearest_backward", "upsample_bilinear_forward",
            "upsample_bilinear_backward", "warp",
        ),
        "group_norm": ("group_norm_forward", "group_norm_backward"),
        "joining": ("concatenate", "split"),
    }.items():  # fmt: skip
        for name in names:
            compiled = None if name in ARRAY_CODE_ONLY else f"pellucid_cnn.kernels:{name}"
            place = "joining" if name.startswith("upsample") else module
            cuda = None if name in ARRAY_CODE_ONLY else f"pellucid_cnn.cuda.{place}:{name}"
            registry.op(
                name, reference=f"pellucid_cnn.ops.{module}:{name}", cython=compiled, cupy=cuda,
                summary=name.replace("_", " "),
            )  # fmt: skip


@hookimpl
def pellucid_doctor(report: Report) -> None:
    from pellucid_cnn.kernels import kernels  # NumPy's import, which other commands must not pay for

    if kernels.available():
        report.fact("compiled kernels", "available")
    else:
        report.warn("compiled kernels", f"Convolutions are many times slower: {kernels.why_missing()}.")
