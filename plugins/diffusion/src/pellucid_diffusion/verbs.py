"""What a trained model can do on the command line: sample and generate.

Each writes one file, by the ending of its name: a picture (.png), the reverse process as an animation (.gif, with a
contact sheet of it beside), or the numbers (.npy). No file is overwritten.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pellucid import (
    ConfigError,
    HostArray,
    Layer,
    check_amount,
    check_int,
    check_output,
    class_number,
    open_run,
    pictures,
    require_runtime,
    save_array,
)

from pellucid_diffusion import drawing, sampling
from pellucid_diffusion.denoise import classes_of
from pellucid_diffusion.guidance import objective_of

SamplerName = Literal["dpm_solver", "ddim", "ddpm", "ddpm_beta"]
SECONDS = 0.08
"""How long an animation shows one step."""
HOLD = 2.0
"""And the finished samples."""


def sample(
    run: Path, *, count: int = 16, label: str | None = None, sampler: SamplerName = "dpm_solver", steps: int = 25,
    guidance: float = 0.0, eta: float = 0.0, seed: int = 0, shape: Sequence[int] | None = None,
    output: Path = Path("samples.png"),
) -> dict[str, Any]:  # fmt: skip
    """Draw new samples.

    Args:
        run: a run folder or a saved model.
        count: how many.
        label: the class to draw, by its name or number; none draws all classes in turn.
        sampler: how the process is reversed.
        steps: of the sampler; more are slower and closer to what the model has learned.
        guidance: w in (1 + w) ε_c − w ε_∅: larger makes samples more typical of their class, and less varied.
        eta: of ddim: 0 is deterministic, 1 as random as ddpm.
        seed: the same seed, the same samples.
        shape: height and width, and perhaps channels, of a sample; none takes flat ones for squares.
        output: a .png of the samples, a .gif of how they come about, or a .npy with their values.
    """
    check_amount(sample, "count", count, output)
    _check_output(output, ".png", ".gif", ".npy")
    model = open_run(run).model
    objective_of(model)
    labels = _labels(model, label, count)
    how: dict[str, Any] = {"labels": labels, "sampler": sampler, "steps": steps, "guidance": guidance, "eta": eta}
    if output.suffix.lower() == ".gif":
        frames = drawing.frames_of(sampling.paths(model, count, seed=seed, **how), labels, shape)
        return {"samples": count, "steps": steps, **_save_animation(frames, output, scale=1)}
    x = sampling.sample(model, count, seed=seed, **how)
    if output.suffix.lower() == ".npy":
        save_array(output, x)
    else:
        pictures.save_png(drawing.frames_of(x[None], labels, shape)[0], output, scale=1 if x.shape[1:] == (2,) else 2)
    return {"samples": count, "steps": steps, "file": str(output)}


def generate(
    run: Path, *, text: str, sampler: SamplerName = "ddim", steps: int = 30, guidance: float = 1.0, eta: float = 0.0,
    seed: int = 0, shape: Sequence[int] | None = None, paper: Literal["white", "black"] = "white", scale: int = 2,
    output: Path = Path("text.gif"),
) -> dict[str, Any]:  # fmt: skip
    """Draw a text, each word a row of letters that appear out of noise.

    Args:
        run: a run folder or a saved model, of images whose classes are characters.
        text: what to draw, such as "1738".
        sampler: how the process is reversed.
        steps: of the sampler, each one picture of the animation.
        guidance: w in (1 + w) ε_c − w ε_∅: larger makes letters more legible, and less varied.
        eta: of ddim: 0 is deterministic, 1 as random as ddpm.
        seed: the same seed, the same handwriting.
        shape: height and width, and perhaps channels, of a sample; none takes flat ones for squares.
        paper: its colour.
        scale: pixels of the file for one of the model's.
        output: a .gif of the whole way, with a contact sheet beside it, or a .png of the text.
    """
    check_int(generate, "scale", scale, "[1, 16]")
    _check_output(output, ".gif", ".png")
    model = open_run(run).model
    objective_of(model)
    classes = require_runtime(model).classes
    places = drawing.lay_out(text, classes)
    page = (1 + max(place.row for place in places)) * (1 + max(place.column for place in places))
    check_amount(generate, "words times letters of the longest in text", page, output)
    labels = np.array([(classes or ()).index(place.character) for place in places])
    how: dict[str, Any] = {"sampler": sampler, "steps": steps, "guidance": guidance, "eta": eta, "seed": seed}
    way = sampling.paths(model, labels=labels, **how) if output.suffix.lower() == ".gif" else None
    moments = sampling.sample(model, labels=labels, **how)[None] if way is None else way
    frames = [
        drawing.written(pictures.as_images(moment, shape), places, ink_on_paper=paper == "white") for moment in moments
    ]
    told = {"text": text, "characters": len(places), "steps": steps}
    if way is None:
        pictures.save_png(frames[-1], output, scale=scale)
        return {**told, "file": str(output)}
    return {**told, **_save_animation(frames, output, scale=scale)}


# -- what they share -------------------------------------------------------------------------------------------------


def _labels(model: Layer, label: str | None, count: int) -> HostArray | None:
    """The class that is asked for, or all in turn; None for a model without labels."""
    runtime = require_runtime(model)
    if len(runtime.input_shapes) < 3:
        if label is not None:
            raise ConfigError(f"This {type(model).__name__} takes no labels, so --label {label} means nothing to it.")
        return None
    classes = classes_of(model)
    if label is None:
        return np.arange(count) % classes
    return np.full(count, class_number(model, label, classes))


def _check_output(output: Path, *suffixes: str) -> None:
    check_output(output, *suffixes)
    if _sheet(output).exists():
        raise ConfigError(f"{_sheet(output)} exists already. Choose another --output, or remove it first.")


def _sheet(output: Path) -> Path:
    """Where the contact sheet of an animation goes."""
    return output.with_name(f"{output.stem}-sheet.png") if output.suffix.lower() == ".gif" else output


def _save_animation(frames: list[Any], output: Path, *, scale: int) -> dict[str, str]:
    pictures.save_gif(pictures.coarse(frames), output, seconds=SECONDS, hold=HOLD, scale=scale)
    pictures.save_png(pictures.contact_sheet(frames, columns=5, count=15), _sheet(output))
    return {"file": str(output), "contact_sheet": str(_sheet(output))}
