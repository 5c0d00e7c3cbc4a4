"""The manifest: what this package registers, as strings only."""

from __future__ import annotations

from pellucid import Registrar, Report, hookimpl


@hookimpl
def pellucid_register(registry: Registrar) -> None:
    registry.dataset("mnist", "pellucid_datasets.mnist:Mnist", summary="70,000 handwritten digits, 28 × 28 grey levels")
    registry.dataset(
        "fashion_mnist", "pellucid_datasets.fashion_mnist:FashionMnist", summary="70,000 pieces of clothing, 28 × 28"
    )
    registry.dataset(
        "emnist", "pellucid_datasets.emnist:Emnist", summary="up to 814,000 handwritten letters and digits, 28 × 28"
    )
    registry.dataset("glyphs", "pellucid_datasets.glyphs:Glyphs", summary="characters in the fonts of this machine")
    registry.dataset("iris", "pellucid_datasets.iris:Iris", summary="150 irises of three species, four lengths in cm")
    registry.dataset(
        "shakespeare", "pellucid_datasets.shakespeare:Shakespeare", summary="1.1 million characters of his plays"
    )
    registry.dataset(
        "breast_cancer", "pellucid_datasets.breast_cancer:BreastCancer", summary="569 lumps, malignant or benign"
    )
    registry.dataset("digits", "pellucid_datasets.digits:Digits", summary="1,797 handwritten digits, 8 × 8 grey levels")
    registry.dataset("half_moons", "pellucid_datasets.half_moons:HalfMoons", summary="two interlocking half circles")
    registry.dataset("spirals", "pellucid_datasets.spirals:Spirals", summary="arms that wind about each other")
    registry.dataset(
        "gaussian_blobs", "pellucid_datasets.gaussian_blobs:GaussianBlobs", summary="clouds of points about centres"
    )
    registry.dataset("sine", "pellucid_datasets.sine:Sine", summary="a sine with noise, for regression")


@hookimpl
def pellucid_doctor(report: Report) -> None:
    from pellucid_datasets.doctor import examine  # NumPy's import, which other commands must not pay for

    examine(report)
