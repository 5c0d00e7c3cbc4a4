"""What the ready VAE reaches on MNIST, and whether its paths are smoother than an autoencoder's, which is sharper."""

from __future__ import annotations

from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import pellucid as pl
from pellucid import straight_path
from pellucid.workbench import pictures
from pellucid_vae import active_units, decode, encode, importance_weighted_bound, reconstruct, sample

from benchmarks.quality.harness import Goal, case
from benchmarks.ready import Trained, few, train_ready

if TYPE_CHECKING:
    from pellucid import HostArray, Splits

PAIRS, FRAMES = 200, 100


@case(
    "vae/mnist",
    goals=[
        Goal("test_elbo", ">=", -100.0), Goal("importance_weighted_bound", ">=", "test_elbo"),
        Goal("active_units", ">=", 12),
    ],
)  # fmt: skip
def mnist(out: Path, quick: bool) -> dict[str, Any]:
    """The ready experiment: pixels drawn anew each epoch in training, once with seed 0 for the test. Nats a sample."""
    run = train_ready("vae", "mnist", out / "run", quick=quick)
    model, test = run.model, run.splits.test
    means = encode(model, test.x)
    _mnist_pictures(model, test.x, out)
    samples = 4 if quick else 64
    return {
        **_of_the_run(run),
        "importance_weighted_bound": float(importance_weighted_bound(model, test.x, samples=samples, seed=0).mean()),
        "importance_samples": samples,
        "active_units": active_units(means),
        "variances_of_the_means": sorted(np.var(means, axis=0, dtype=np.float64).round(4).tolist(), reverse=True),
    }


def _mnist_pictures(model: Any, x: HostArray, out: Path) -> None:
    both = np.concatenate([x[:12], reconstruct(model, x[:12])])
    codes = np.tile(encode(model, x[:1])[0], (model.latent, 11, 1))  # each row moves one unit, the others stand still
    for unit in range(model.latent):
        codes[unit, :, unit] = np.linspace(-3, 3, 11)
    moved = decode(model, codes.reshape(-1, model.latent))
    for name, images, columns in (
        ("samples", sample(model, 100, seed=0), 10), ("reconstructions", both, 12), ("traversal", moved, 11),
    ):  # fmt: skip
        grid = pictures.tile(images.reshape(-1, 28, 28), columns=columns, gap=1)
        pictures.save_png(grid, out / f"{name}.png", scale=1 if name == "traversal" else 2)


@case("vae/on_demand", goals=[Goal("agreement", ">=", 0.9), Goal("judge_accuracy", ">=", 0.98)])
def on_demand(out: Path, quick: bool) -> dict[str, Any]:
    """The ready experiment with labels: does a classifier, trained on its own, see the digit that was asked for?"""
    run = train_ready("vae", "digits_on_demand", out / "run", quick=quick)
    model, test = run.model, run.splits.test
    judge = _judge(_mnist(quick), 1 if quick else 10)
    asked = np.arange(100 if quick else 5000) % 10
    seen = judge.predict(sample(model, len(asked), labels=asked, seed=0)).argmax(axis=1)
    hands = np.random.default_rng(3).standard_normal((6, model.latent)).repeat(10, axis=0)
    drawn = decode(model, hands, np.tile(np.arange(10), 6)).reshape(-1, 28, 28)
    pictures.save_png(pictures.tile(drawn, columns=10), out / "on_demand.png", scale=2)
    return {
        "agreement": float(np.mean(seen == asked)),
        "agreement_by_digit": [float(np.mean(seen[asked == digit] == digit)) for digit in range(10)],
        "samples": len(asked),
        "judge_accuracy": float(np.mean(judge.predict(test.x).argmax(axis=1) == test.y)),
        **_of_the_run(run),
    }


@case("vae/plane", goals=[Goal("test_elbo", ">=", -145.0), Goal("active_units", ">=", 2)])
def plane(out: Path, quick: bool) -> dict[str, Any]:
    """The ready experiment with two latent units: grey levels, and the digits as a map. Nats a sample."""
    run = train_ready("vae", "plane", out / "run", quick=quick)
    steps = [NormalDist().inv_cdf((i + 0.5) / 20) for i in range(20)]  # where the prior has equal shares
    codes = np.array([(first, -second) for second in steps for first in steps], np.float32)
    map_of_digits = decode(run.model, codes).reshape(-1, 28, 28)
    pictures.save_png(pictures.tile(map_of_digits, columns=20), out / "plane.png")
    return {**_of_the_run(run), "active_units": active_units(encode(run.model, run.splits.test.x))}


def _of_the_run(run: Trained) -> dict[str, Any]:
    """What every run of a ready experiment has to say."""
    test = run.summary["test"]
    return {
        "test_elbo": -test["loss"], "test_reconstruction": test["reconstruction"], "test_kl": test["kl"],
        "validation_elbo": -run.summary["validation"]["loss"], "best_epoch": run.summary["best_epoch"],
        "epochs": run.summary["epochs"], "training_minutes": run.minutes, "cpu_minutes": run.cpu_minutes,
    }  # fmt: skip


def _mnist(quick: bool) -> Splits:
    splits = pl.load_dataset("mnist", seed=0)
    return few(splits) if quick else splits


# -- the autoencoder beside it ---------------------------------------------------------------------------------------


@case("vae/paths", goals=[Goal("judge_accuracy", ">=", 0.98), Goal("pairs", ">=", PAIRS)])
def paths(out: Path, quick: bool) -> dict[str, Any]:
    """Is the autoencoder sharper, and the VAE's path smoother? Measured on pairs of test digits of different classes.

    Both have the same widths and likelihood and learn from the same grey levels; the VAE has the noise and the
    divergence in addition. A path is the straight line between two codes, in 100 frames. Sharper: a smaller squared
    error of the reconstructed ends. Smoother: fewer changes of the class that a classifier, trained on its own, sees
    along the path. The claims are measured and not promised: the goals are those of the judge.
    """
    splits = _mnist(quick)
    epochs, widths = 1 if quick else 20, {"latent": 20, "hidden": [500, 500], "activation": "gelu"}
    ae: Any = _trained("autoencoder", splits, epochs, outputs="logits", **widths)
    vae: Any = _trained("vae", splits, epochs, **widths)
    judge = _judge(splits, 1 if quick else 10)
    test: Any = splits.test
    count = 5 if quick else PAIRS
    first, second = _pairs(test.y, count)

    ends = np.concatenate([first, second])
    errors, switches, confidence, steps = {}, {}, {}, {}
    for name, codes, back in (
        ("ae", ae.encode(test.x[ends]), ae.decode),
        ("vae", encode(vae, test.x[ends]), lambda z: decode(vae, z)),
    ):
        errors[name] = np.mean((back(codes) - test.x[ends]) ** 2, axis=1).reshape(2, count).mean(axis=0)
        frames = [back(straight_path(a, b, FRAMES)) for a, b in zip(codes[:count], codes[count:], strict=True)]
        seen = [_softmax(judge.predict(of_path)) for of_path in frames]
        switches[name] = np.array([np.count_nonzero(np.diff(p.argmax(axis=1))) for p in seen], float)
        confidence[name] = np.array([p.max(axis=1).mean() for p in seen])
        steps[name] = np.array([_largest_step(of_path) for of_path in frames])
        if name == "ae":
            left = frames[0]
    _animate(left, frames[0], out)
    figures: dict[str, Any] = {
        "pairs": count, "frames": FRAMES,
        "judge_accuracy": float(np.mean(judge.predict(test.x).argmax(axis=1) == test.y)),
    }  # fmt: skip
    for what, of in (("error", errors), ("switches", switches), ("confidence", confidence), ("largest_step", steps)):
        mean, low, high = interval(of["ae"] - of["vae"])
        figures |= {f"ae_{what}": float(of["ae"].mean()), f"vae_{what}": float(of["vae"].mean())}
        figures |= {f"{what}_ae_minus_vae": mean, f"{what}_interval": [low, high]}
    figures["ae_is_sharper"] = figures["error_interval"][1] < 0
    figures["vae_is_smoother"] = figures["switches_interval"][0] > 0
    return figures


def _trained(name: str, splits: Splits, epochs: int, **arguments: Any) -> pl.Layer:
    model = pl.build(name, input_shape=(784,), seed=0, **arguments)
    trainer = pl.Trainer(model, optimizer="adam", schedule="cosine", seed=0)
    trainer.fit((splits.train.x, None), epochs=epochs, batch_size=128, verbose=False)
    return model


def _judge(splits: Splits, epochs: int) -> pl.Layer:
    model = pl.build("ann", input_shape=(784,), outputs=10, hidden=[512, 256], activation="gelu",
                     normalization="batch_norm", dropout=0.4, seed=1)  # fmt: skip
    trainer = pl.Trainer(
        model, optimizer={"type": "adamw", "lr": 3e-3, "weight_decay": 0.05}, schedule="cosine", seed=1
    )
    trainer.fit((splits.train.x, splits.train.y), epochs=epochs, batch_size=128, verbose=False)
    return model


def _pairs(y: HostArray, count: int) -> tuple[HostArray, HostArray]:
    """Rows of pairs of different classes; the first pair is the first 2 and the first 7."""
    rng = np.random.default_rng(0)
    first, second = (rng.permutation(len(y)) for _ in range(2))
    differ = y[first] != y[second]
    first, second = first[differ][:count].copy(), second[differ][:count].copy()
    first[0], second[0] = np.flatnonzero(y == 2)[0], np.flatnonzero(y == 7)[0]
    return first, second


def _largest_step(frames: HostArray) -> float:
    """The longest step between neighbours over the mean step: 1 for an even walk, large for a jump."""
    lengths = np.linalg.norm(np.diff(frames, axis=0), axis=1)
    return float(lengths.max() / lengths.mean())


def _softmax(logits: HostArray) -> HostArray:
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: HostArray = e / e.sum(axis=1, keepdims=True)
    return probabilities


def interval(differences: HostArray, draws: int = 4000) -> tuple[float, float, float]:
    """The mean of paired differences and its 95 % interval, by the bootstrap over pairs."""
    rng = np.random.default_rng(0)
    means = differences[rng.integers(len(differences), size=(draws, len(differences)))].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(differences.mean()), float(low), float(high)


def _animate(ae: HostArray, vae: HostArray, out: Path) -> None:
    """Walking from a 2 to a 7: a GIF, the autoencoder on the left, and a contact sheet, the autoencoder above."""
    both = np.stack([ae, vae], axis=1).reshape(len(ae), 2, 28, 28)
    beside, above = (np.stack([pictures.tile(pair, columns=c, gap=1) for pair in both]) for c in (2, 1))
    pictures.save_gif(pictures.coarse(beside), out / "walk.gif", seconds=0.04, scale=10)
    pictures.save_png(pictures.contact_sheet(above, columns=10), out / "walk.png", scale=2)
