"""What the ready autoencoders reach: smaller errors than principal components of the same width, and noise removed."""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
from pellucid.dataset import Splits
from pellucid.experiments.experiment import check, prepare
from pellucid.experiments.folder import RunFolder
from pellucid.experiments.sections import read_sections
from pellucid.experiments.training import train
from pellucid_ae.autoencoder import Autoencoder
from pellucid_ae.verbs import corrupted, encode, interpolate, reconstruct

from benchmarks.environment import ROOT
from benchmarks.quality.harness import Goal, case

Array = np.ndarray[Any, Any]
EXPERIMENTS = ROOT / "plugins" / "ae" / "experiments"
WIDTHS = (2, 16, 32)
FEW = 192
"""Samples of the short form."""


@case("ae/mnist", goals=[
    Goal("test_error_16", "<", "pca_error_16"), Goal("test_error_32", "<", "pca_error_32"),
    Goal("share_of_pca_16", "<=", 0.5), Goal("share_of_pca_32", "<=", 0.5),
])  # fmt: skip
def mnist(out: Path, quick: bool) -> dict[str, Any]:
    """Handwritten digits as 2, 16 and 32 numbers: mean squared error of test pixels, beside that of as many principal
    components of the same training images."""
    _empty(out)
    figures: dict[str, Any] = {}
    minutes = []
    samples = str(out / "test.npz")  # which is read faster than the whole data set, eight times
    components: Array | None = None
    for width in WIDTHS:
        folder = out / f"width-{width}"
        model, splits, summary = _trained("mnist_plane" if width == 2 else "mnist", folder, quick, latent=width)
        minutes.append(summary["training_seconds"] / 60)
        x = np.asarray(splits.test.x)
        if components is None:
            np.savez(samples, x=x, y=np.asarray(splits.test.y))
            mean, components = principal_components(np.asarray(splits.train.x))
        error, pca = mean_error(model.reconstruct(x), x), pca_error(x - mean, components[:, :width])
        figures |= {f"test_error_{width}": error, f"pca_error_{width}": pca, f"share_of_pca_{width}": error / pca}
        reconstruct(folder, data=samples, output=out / f"reconstructions-{width}.png")
        interpolate(folder, data=samples, between=(0, 1, 2, 3), output=out / f"interpolation-{width}.png")
        if width == 2:
            encode(folder, data=samples, output=out / "codes.npy", plot=out / "codes.png")
    return {**figures, "training_minutes": max(minutes)}


@case("ae/denoising", goals=[Goal("restored_error", "<=", 0.02), Goal("share_of_plain", "<=", 0.5)])
def denoising(out: Path, quick: bool) -> dict[str, Any]:
    """Test digits with half of their pixels set to 0: how far they are from the clean ones as they are, restored by the
    denoising autoencoder, and by the plain one of the same size."""
    _empty(out)
    model, splits, summary = _trained("denoising", out / "denoising", quick)
    plain, _, _ = _trained("denoising", out / "plain", quick, amount=0.0)
    x = np.asarray(splits.test.x)
    noisy = corrupted(model, x, seed=0)
    restored, by_plain = mean_error(model.reconstruct(noisy), x), mean_error(plain.reconstruct(noisy), x)
    reconstruct(out / "denoising", output=out / "denoising.png")
    return {
        "corrupted_error": mean_error(noisy, x),
        "restored_error": restored,
        "restored_error_of_the_plain": by_plain,
        "share_of_plain": restored / by_plain,
        "clean_error": mean_error(model.reconstruct(x), x),
        "training_minutes": summary["training_seconds"] / 60,
    }


def principal_components(x: Array) -> tuple[Array, Array]:
    """The mean (J,) of samples (N, J), and their principal components as columns (J, J), the strongest first."""
    exact = x.astype(np.float64)
    mean = exact.mean(axis=0)
    _, axes = np.linalg.eigh((exact - mean).T @ (exact - mean))  # ascending
    return mean, axes[:, ::-1]


def pca_error(centred: Array, components: Array) -> float:
    """Mean squared error of centred samples (N, J) projected on components (J, K)."""
    return mean_error(centred @ components @ components.T, centred)


def mean_error(a: Any, b: Any) -> float:
    """Mean over samples and pixels of the squared difference."""
    return float(np.mean((np.asarray(a, np.float64) - b) ** 2))


def _trained(experiment: str, folder: Path, quick: bool, **arguments: Any) -> tuple[Autoencoder, Splits, Any]:
    """The model of the best epoch, the data, and the summary of the run."""
    sections = read_sections(EXPERIMENTS / f"{experiment}.toml")
    sections["model"] |= arguments
    if quick:
        sections["train"]["epochs"] = 1
        sections["model"]["hidden"] = [32]
        sections["data"] = {"type": "files", "train": str(_noise(folder.parent / "few.npz")), "transforms": []}
    prepared = prepare(check(sections))
    summary = train(prepared, RunFolder(folder), verbose=False).summary
    if summary is None:
        raise KeyboardInterrupt  # the run was told to stop, and so is the benchmark
    model = prepared.trainer.model
    assert isinstance(model, Autoencoder)
    return model, prepared.splits, summary


def _empty(folder: Path) -> None:
    """Remove what an earlier measurement left: runs and verbs overwrite nothing."""
    rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _noise(path: Path) -> Path:
    """A file of random pictures for the short form, which is done before the digits would have been read."""
    rng = np.random.default_rng(0)
    np.savez(path, x=rng.uniform(size=(FEW, 784)).astype(np.float32), y=np.arange(FEW) % 10)
    return path
