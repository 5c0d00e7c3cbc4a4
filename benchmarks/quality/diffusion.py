"""What the ready diffusion models draw, judged by a classifier of another seed; digits beside a conditional VAE's."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pellucid as pl
import pellucid_vae
from pellucid import Callback
from pellucid.workbench import pictures
from pellucid_datasets.fonts import text_fonts
from pellucid_diffusion import verbs
from pellucid_diffusion.sampling import sample

from benchmarks.judge import Judge, train_judge
from benchmarks.quality.harness import Goal, case
from benchmarks.ready import few, fresh, train_ready

HOW: dict[str, Any] = {"sampler": "dpm_solver", "steps": 25}
"""How all samples here are drawn, but those of texts."""
IN_CURVE = 500
"""Samples for each point of the curve. Fréchet distances of few samples are too large, so they compare with each other
only."""
GUIDANCE = (0.0, 0.1, 0.25, 0.5)
"""The strengths that are compared."""
TEXT_HOW: dict[str, Any] = {"sampler": "ddim", "steps": 30, "guidance": 1.0}
"""How the verb generate draws by itself."""
SMALL: dict[str, Any] = {"hidden": 32, "blocks": 1, "autoencoder_epochs": 1}
"""A latent diffusion for the short form."""
TEXTS = {"mnist": ("1738",), "glyphs": ("1738", "HELLO WORLD", "pellucid")}
"""What is written with each data set's characters, as the verb generate writes it."""
GOALS = (
    Goal("agreement", ">=", 0.95),
    Goal("diversity_lowest", ">=", 0.8),
    Goal("diversity_highest", "<=", 1.2),
    Goal("nearest_training_image", ">=", "nearest_training_image_of_test"),
    Goal("frechet", "<", "frechet_of_conditional_vae"),
    Goal("characters_read", ">=", 1.0),
    Goal("judge_accuracy", ">=", 0.99),
)


@case("diffusion/mnist_latent", goals=[*GOALS, Goal("training_minutes", "<=", 5)])
def mnist_latent(out: Path, quick: bool) -> dict[str, Any]:
    """Digits from codes."""
    return _digits("mnist_latent", out, quick, 0.0, {"model": SMALL} if quick else None)


@case("diffusion/mnist_unet", goals=[*GOALS, Goal("training_minutes", "<=", 30)])
def mnist_unet(out: Path, quick: bool) -> dict[str, Any]:
    """Digits from pixels."""
    return _digits("mnist_unet", out, quick, 0.25, {"model": {"channels": [4, 8]}} if quick else None)


@case("diffusion/glyphs_latent", goals=[Goal("agreement", ">=", 0.95), Goal("characters_read", ">=", 1.0)])
def glyphs_latent(out: Path, quick: bool) -> dict[str, Any]:
    """Letters and digits of 62 kinds, in all fonts of this machine; some, such as l and I, are alike in some fonts."""
    few_glyphs = {"model": SMALL, "data": {"samples": 30}}  # they are rendered first
    run = train_ready("diffusion", "glyphs_latent", out / "run", quick=quick, changes=few_glyphs if quick else None)
    model, splits = run.model, run.splits
    judge = train_judge(splits, 1 if quick else 8)
    asked = np.arange(124 if quick else 6200) % 62
    x = sample(model, labels=asked, **HOW, guidance=0.5)
    pictures.save_png(pictures.tile(x[:124].reshape(-1, 28, 28), columns=31), out / "samples.png", scale=2)
    diversity = judge.diversity(x, asked)
    return {
        **HOW, "guidance": 0.5, "samples": len(asked), "agreement": judge.agreement(x, asked),
        "diversity_lowest": min(diversity), "diversity_highest": max(diversity),
        "frechet": judge.frechet(x), "judge_accuracy": judge.accuracy(), **_texts("glyphs", model, judge, out),
        "families": len({face.family for face in text_fonts("".join(splits.classes))}),
        "training_minutes": run.minutes, "cpu_minutes": run.cpu_minutes,
    }  # fmt: skip


@case("diffusion/half_moons", goals=[Goal("excess_of_ddpm", "<=", 0.2)])
def half_moons(out: Path, quick: bool) -> dict[str, Any]:
    """The mean distance of points to the moon that was asked for, by each sampler, and that of the data."""
    run = train_ready("diffusion", "half_moons", out / "run", quick=quick)
    model, splits = run.model, run.splits
    labels = np.arange(100 if quick else 2000) % 2
    data = _from_moons(splits.test.x, splits.test.y)
    figures = {"training_minutes": run.minutes, "of_data": data, "samples": len(labels)}
    for sampler, steps in (("dpm_solver", 25), ("ddim", 50), ("ddpm", 200)):
        x = sample(model, labels=labels, sampler=sampler, steps=steps)
        figures[f"of_{sampler}_{steps}"] = _from_moons(x, labels)
    figures["excess_of_ddpm"] = abs(figures["of_ddpm_200"] / data - 1)
    fresh(out / "half_moons.gif", out / "half_moons-sheet.png")
    verbs.sample(out / "run", count=1500, sampler="ddim", steps=40, output=out / "half_moons.gif")
    return figures


def _from_moons(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> float:
    t = np.linspace(0, np.pi, 1000)
    moons = np.stack([np.cos(t), np.sin(t)], 1), np.stack([1 - np.cos(t), 0.5 - np.sin(t)], 1)
    apart = [np.linalg.norm(x[y == i][:, None] - moons[i][None], axis=2).min(axis=1) for i in (0, 1)]
    return float(np.mean(np.concatenate(apart)))


# -- digits ----------------------------------------------------------------------------------------------------------


class Curve(Callback):
    """After every epoch: minutes of training so far, without its own, and what a judge says of digits drawn then,
    without guidance."""

    def __init__(self, judge: Judge, count: int) -> None:
        self.judge, self.count = judge, count
        self.points: list[dict[str, float]] = []
        self.seconds = self.cpu_seconds = 0.0
        self._start = perf_counter()  # codes are learned before the run starts

    def on_epoch_end(self, run: pl.Run) -> None:
        start, cpu_start = perf_counter(), process_time()
        minutes = (start - self._start - self.seconds) / 60
        asked = np.arange(self.count) % 10
        with run.lent():
            x = sample(run.model, labels=asked, **HOW)
        point = {"minutes": minutes, "agreement": self.judge.agreement(x, asked), "frechet": self.judge.frechet(x)}
        self.points.append(point)
        self.seconds += perf_counter() - start
        self.cpu_seconds += process_time() - cpu_start


def _digits(experiment: str, out: Path, quick: bool, guidance: float, changes: Any = None) -> dict[str, Any]:
    judge, of_vae = _judge(quick), _frechet_of_vae(quick, out / "conditional_vae")
    curve = Curve(judge, 50 if quick else IN_CURVE)
    run = train_ready("diffusion", experiment, out / "run", quick=quick, changes=changes, watch=curve)
    asked = np.arange(100 if quick else 5000) % 10
    start = perf_counter()
    x = sample(run.model, labels=asked, **HOW, guidance=guidance)
    seconds = perf_counter() - start
    pictures.save_png(pictures.tile(x[:100].reshape(-1, 28, 28), columns=10), out / "samples.png", scale=2)
    return {
        **HOW, "guidance": guidance, "samples": len(asked), **_figures(judge, x, asked),
        "nearest_training_image_of_test": judge.nearest(judge.test.x),
        **of_vae, "judge_accuracy": judge.accuracy(),
        **_texts("mnist", run.model, judge, out),
        "training_minutes": run.minutes, "cpu_minutes": run.cpu_minutes, "sampling_seconds": seconds,
        "samples_in_curve": curve.count, "curve": run.points,
        "by_guidance": _by_guidance(run.model, judge, 50 if quick else 1000),
    }  # fmt: skip


def _figures(judge: Judge, x: np.ndarray[Any, Any], asked: np.ndarray[Any, Any]) -> dict[str, Any]:
    diversity = judge.diversity(x, asked)
    return {
        "agreement": judge.agreement(x, asked), "diversity_lowest": min(diversity), "diversity_highest": max(diversity),
        "nearest_training_image": judge.nearest(x), "frechet": judge.frechet(x),
    }  # fmt: skip


def _by_guidance(model: Any, judge: Judge, count: int) -> list[dict[str, float]]:
    """The same figures of fewer samples, for several strengths: what guidance gives, and what it takes."""
    asked = np.arange(count) % 10
    return [{"guidance": w, **_figures(judge, sample(model, labels=asked, **HOW, guidance=w), asked)} for w in GUIDANCE]


def _texts(data: str, model: Any, judge: Judge, out: Path) -> dict[str, Any]:
    """Each text drawn to a file, and what the judge reads there: the words, and the share of characters read right."""
    said, right = [], []
    for text in TEXTS[data]:
        name = text.replace(" ", "_")
        fresh(out / f"{name}.gif", out / f"{name}-sheet.png")
        verbs.generate(out / "run", text=text, output=out / f"{name}.gif")
        asked = np.array([model.runtime.classes.index(character) for character in "".join(text.split())])
        read = judge.classes(sample(model, labels=asked, **TEXT_HOW))
        said.append("".join(model.runtime.classes[i] for i in read))
        right.extend(read == asked)
    return {"texts": list(TEXTS[data]), "texts_read": said, "characters_read": float(np.mean(right))}


@cache
def _judge(quick: bool) -> Judge:
    splits = pl.load_dataset("mnist", seed=0, validation=0)  # all training images are compared with
    return train_judge(few(splits) if quick else splits, 1 if quick else 8)


@cache
def _frechet_of_vae(quick: bool, folder: Path) -> dict[str, float]:
    """Of as many of its samples as stand in the final figure, and of as many as in the curve."""
    model = train_ready("vae", "digits_on_demand", folder, quick=quick).model
    asked = np.arange(100 if quick else 5000) % 10
    x, judge = pellucid_vae.sample(model, len(asked), labels=asked, seed=0), _judge(quick)
    few_samples = judge.frechet(x[: 50 if quick else IN_CURVE])
    return {"frechet_of_conditional_vae": judge.frechet(x), "frechet_of_conditional_vae_in_curve": few_samples}
