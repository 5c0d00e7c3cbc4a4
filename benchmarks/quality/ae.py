"""What the ready autoencoders reach: smaller errors than principal components of the same width, and noise removed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pellucid_ae.verbs import corrupted, encode, interpolate, reconstruct

from benchmarks.quality.harness import Goal, case
from benchmarks.ready import FEW, Trained, fresh, train_ready

Array = np.ndarray[Any, Any]
WIDTHS = (2, 16, 32)


@case("ae/mnist", goals=[
    Goal("test_error_16", "<", "pca_error_16"), Goal("test_error_32", "<", "pca_error_32"),
    Goal("share_of_pca_16", "<=", 0.5), Goal("share_of_pca_32", "<=", 0.5),
])  # fmt: skip
def mnist(out: Path, quick: bool) -> dict[str, Any]:
    """Handwritten digits as 2, 16 and 32 numbers: mean squared error of test pixels, beside that of as many principal
    components of the same training images."""
    figures: dict[str, Any] = {}
    runs = []
    samples = str(out / "test.npz")  # which is read faster than the whole data set, eight times
    components: Array | None = None
    for width in WIDTHS:
        folder = out / f"width-{width}"
        run = _trained("mnist_plane" if width == 2 else "mnist", folder, quick, latent=width)
        runs.append(run)
        splits, x = run.splits, np.asarray(run.splits.test.x)
        if components is None:
            np.savez(samples, x=x, y=np.asarray(splits.test.y))
            mean, components = principal_components(np.asarray(splits.train.x))
        error, pca = mean_error(run.model.reconstruct(x), x), pca_error(x - mean, components[:, :width])
        figures |= {f"test_error_{width}": error, f"pca_error_{width}": pca, f"share_of_pca_{width}": error / pca}
        drawn, between = out / f"reconstructions-{width}.png", out / f"interpolation-{width}.png"
        fresh(drawn, between)
        reconstruct(folder, data=samples, output=drawn)
        interpolate(folder, data=samples, between=(0, 1, 2, 3), output=between)
        if width == 2:
            fresh(out / "codes.npy", out / "codes.png")
            encode(folder, data=samples, output=out / "codes.npy", plot=out / "codes.png")
    longest = max(runs, key=lambda run: run.minutes)
    return {**figures, "training_minutes": longest.minutes, "cpu_minutes": longest.cpu_minutes}


@case("ae/denoising", goals=[Goal("restored_error", "<=", 0.02), Goal("share_of_plain", "<=", 0.5)])
def denoising(out: Path, quick: bool) -> dict[str, Any]:
    """Test digits with half of their pixels set to 0: how far they are from the clean ones as they are, restored by the
    denoising autoencoder, and by the plain one of the same size."""
    run, plain = (
        _trained("denoising", out / "denoising", quick),
        _trained("denoising", out / "plain", quick, amount=0.0),
    )
    model, x = run.model, np.asarray(run.splits.test.x)
    noisy = corrupted(model, x, seed=0)
    restored, by_plain = mean_error(model.reconstruct(noisy), x), mean_error(plain.model.reconstruct(noisy), x)
    fresh(out / "denoising.png")
    reconstruct(out / "denoising", output=out / "denoising.png")
    return {
        "corrupted_error": mean_error(noisy, x),
        "restored_error": restored,
        "restored_error_of_the_plain": by_plain,
        "share_of_plain": restored / by_plain,
        "clean_error": mean_error(model.reconstruct(x), x),
        "training_minutes": run.minutes,
        "cpu_minutes": run.cpu_minutes,
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


def _trained(experiment: str, folder: Path, quick: bool, **arguments: Any) -> Trained:
    changes: dict[str, dict[str, Any]] = {"model": arguments}
    if quick:
        changes["model"]["hidden"] = [32]
        changes["data"] = {"type": "files", "train": str(_noise(folder.parent / "few.npz")), "transforms": []}
    return train_ready("ae", experiment, folder, quick=quick, changes=changes)


def _noise(path: Path) -> Path:
    """A file of random pictures for the short form, which is done before the digits would have been read."""
    rng = np.random.default_rng(0)
    np.savez(path, x=rng.uniform(size=(FEW, 784)).astype(np.float32), y=np.arange(FEW) % 10)
    return path
