"""The bounds of what verbs of trained models take: held exactly, and before anything is read or made.

A run that is not there tells the two apart: what is refused is refused by its name, what is taken asks for the run.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest

ae = pytest.importorskip("pellucid_ae.verbs")
cnn = pytest.importorskip("pellucid_cnn.verbs")
diffusion = pytest.importorskip("pellucid_diffusion.verbs")
transformer = pytest.importorskip("pellucid_transformer.verbs")
vae = pytest.importorskip("pellucid_vae.verbs")

Verb = Callable[..., dict[str, Any]]
SHOWN, MADE = 10_000, 1_000_000
"""Samples of a picture, and of a file of numbers."""


def asks_for_the_run(verb: Verb, **given: Any) -> bool:
    """Whether all that is given is taken; else it is refused by its name."""
    with pytest.raises(pl.PellucidError) as refused:
        verb(Path("nowhere"), **given)
    said = str(refused.value)
    assert " must be " not in said or f"' of {verb.__name__} must be " in said
    return "nowhere" in said


@pytest.mark.parametrize(
    ("verb", "name", "low", "high", "rest"),
    [
        (ae.reconstruct, "count", 1, SHOWN, {}), (ae.interpolate, "steps", 2, SHOWN, {}),
        (ae.reconstruct, "count", 1, MADE, {"output": Path("x.npy")}), (ae.reconstruct, "seed", 0, None, {}),
        (ae.interpolate, "steps", 2, MADE, {"output": Path("x.npy")}),
        (ae.interpolate, "steps", 2, SHOWN // 3, {"between": [0, 1, 2, 3]}),
        (vae.reconstruct, "count", 1, SHOWN, {}), (vae.sample, "count", 1, SHOWN, {}),
        (vae.reconstruct, "count", 1, MADE, {"output": Path("x.npy")}),
        (vae.sample, "count", 1, MADE, {"output": Path("x.npy")}), (vae.interpolate, "steps", 2, SHOWN, {}),
        (vae.interpolate, "steps", 2, SHOWN // 3, {"between": [0, 1, 2, 3]}),
        (vae.interpolate, "steps", 2, SHOWN, {"output": Path("x.gif")}), (vae.traverse, "steps", 2, SHOWN, {}),
        (vae.traverse, "steps", 2, MADE, {"output": Path("x.npy")}),
        (diffusion.sample, "count", 1, SHOWN, {}), (diffusion.sample, "count", 1, SHOWN, {"output": Path("x.gif")}),
        (diffusion.sample, "count", 1, MADE, {"output": Path("x.npy")}),
        (diffusion.generate, "scale", 1, 16, {"text": "1"}),
        (cnn.filters, "scale", 1, 256, {}), (cnn.features, "scale", 1, 256, {}), (cnn.augmented, "scale", 1, 256, {}),
        (cnn.features, "maps", 1, SHOWN, {}), (cnn.augmented, "count", 1, SHOWN // 2, {"times": 1}),
        (cnn.augmented, "times", 1, SHOWN - 1, {"count": 1}), (cnn.augmented, "count", 1, SHOWN // 12, {}),
        (cnn.augmented, "seed", 0, None, {}),
    ],
    ids=lambda value: getattr(value, "__qualname__", None) and f"{value.__module__}.{value.__name__}",
)  # fmt: skip
def test_numbers_lie_within_their_bounds(
    verb: Verb, name: str, low: int, high: int | None, rest: dict[str, Any]
) -> None:
    taken = (low, low + 1, 10**12) if high is None else (low, low + 1, high - 1, high)
    assert all(asks_for_the_run(verb, **rest, **{name: value}) for value in taken)
    refused = [low - 1, -5, 2.5, True, "x", *([] if high is None else [high + 1])]
    assert not any(asks_for_the_run(verb, **rest, **{name: value}) for value in refused)


@pytest.mark.parametrize(
    ("verb", "suffixes", "rest"),
    [
        (ae.reconstruct, [".png", ".npy"], {}), (ae.interpolate, [".png", ".gif", ".npy"], {}),
        (vae.reconstruct, [".png", ".npy"], {}), (vae.sample, [".png", ".npy"], {}),
        (vae.interpolate, [".png", ".gif", ".npy"], {}), (vae.traverse, [".png", ".npy"], {}),
        (ae.encode, [".npy", ".npz", ".csv"], {}), (vae.encode, [".npy", ".npz", ".csv"], {}),
        (diffusion.sample, [".png", ".gif", ".npy"], {}), (diffusion.generate, [".gif", ".png"], {"text": "1"}),
        (transformer.embed, [".npy", ".csv", ".json"], {"texts": ["a"]}),
        (transformer.attention, [".png", ".json"], {"text": "a"}),
        (cnn.filters, [".png"], {}), (cnn.features, [".png"], {}), (cnn.augmented, [".png"], {}),
    ],
)  # fmt: skip
def test_files_are_of_some_kinds_and_overwrite_nothing(
    verb: Verb, suffixes: list[str], rest: dict[str, Any], tmp_path: Path
) -> None:
    for suffix in (".png", ".gif", ".npy", ".npz", ".csv", ".json", ".jpg", ""):
        assert asks_for_the_run(verb, output=tmp_path / f"new{suffix}", **rest) is (suffix in suffixes), suffix
    for suffix in suffixes:
        (tmp_path / f"old{suffix}").touch()
        assert not asks_for_the_run(verb, output=tmp_path / f"old{suffix}", **rest), suffix


def test_the_sheet_beside_an_animation_is_not_overwritten_either(tmp_path: Path) -> None:
    (tmp_path / "x-sheet.png").touch()
    for verb, rest in ((diffusion.sample, {}), (diffusion.generate, {"text": "1"})):
        assert not asks_for_the_run(verb, output=tmp_path / "x.gif", **rest)
        assert asks_for_the_run(verb, output=tmp_path / "x.png", **rest)


@pytest.mark.parametrize("verb", [ae.interpolate, vae.interpolate])
def test_a_walk_goes_between_two_samples_at_least(verb: Verb) -> None:
    assert asks_for_the_run(verb, between=[3, 3]) and asks_for_the_run(verb, between=[0, 1, 2])
    for between in ([], [0]):
        with pytest.raises(pl.ConfigError, match="at least two samples"):
            verb(Path("nowhere"), between=between)


@pytest.mark.parametrize("span", [0.001, 1, 1e6])
def test_a_span_is_above_nought(span: float) -> None:
    assert asks_for_the_run(vae.traverse, span=span)
    assert not any(asks_for_the_run(vae.traverse, span=other) for other in (0, -span, float("inf"), float("nan"), "x"))


# -- of a model and its samples ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Small models of four numbers, one of pictures, and five samples of each."""
    folder = tmp_path_factory.mktemp("saved")
    rng = np.random.default_rng(0)
    models = {
        "ae": pl.build("autoencoder", input_shape=(4,), latent=2, hidden=[3], seed=0),
        "vae": pl.build("vae", input_shape=(4,), latent=2, hidden=[3], seed=0),
        "cnn": pl.build("cnn/lenet", input_shape=(8, 8, 1), outputs=3, filters=[2], hidden=[], seed=0),
    }
    for name, model in models.items():
        pl.save(model, folder / f"{name}.safetensors")
    np.savez(folder / "rows.npz", x=(rng.random((5, 4)) < 0.5).astype("f4"), y=np.arange(5) % 3)
    np.savez(folder / "pictures.npz", x=rng.random((5, 8, 8, 1), np.float32), y=np.arange(5) % 3)
    return {path.stem: path for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("of", "verb", "name", "low", "high", "rest"),
    [
        ("ae", ae.reconstruct, "first", 0, 4, {}), ("vae", vae.reconstruct, "first", 0, 4, {}),
        ("vae", vae.traverse, "row", 0, 4, {"steps": 2}), ("vae", vae.likelihood, "first", 0, 4, {"samples": 2}),
        ("vae", vae.likelihood, "count", 1, None, {"samples": 2}), ("cnn", cnn.features, "image", 0, 4, {}),
    ],
)  # fmt: skip
def test_samples_are_named_from_the_first_to_the_last(
    of: str,
    verb: Verb,
    name: str,
    low: int,
    high: int | None,
    rest: dict[str, Any],
    saved: dict[str, Path],
    tmp_path: Path,
) -> None:
    pytest.importorskip("PIL")
    data = str(saved["pictures" if of == "cnn" else "rows"])

    def made(value: Any) -> dict[str, Any]:
        there = {} if verb is vae.likelihood else {"output": tmp_path / f"{value}.{'png' if of == 'cnn' else 'npy'}"}
        return verb(saved[of], data=data, **there, **rest, **{name: value})

    for value in (low, 100 if high is None else high):
        assert made(value)
    for value in (low - 1, *([] if high is None else [high + 1])):
        with pytest.raises(pl.ConfigError, match=f"'{name}'"):
            made(value)


@pytest.mark.parametrize(("of", "verb"), [("ae", ae.interpolate), ("vae", vae.interpolate)])
def test_a_walk_goes_from_sample_to_sample(of: str, verb: Verb, saved: dict[str, Path], tmp_path: Path) -> None:
    """Its ends are what comes back from the samples, and each way begins where the last has ended."""
    data = str(saved["rows"])
    told = verb(saved[of], between=[0, 4, 2], steps=3, data=data, output=tmp_path / "walk.npy")
    assert (told["ways"], told["steps"]) == (2, 3)
    module = ae if of == "ae" else vae
    module.reconstruct(saved[of], data=data, output=tmp_path / "back.npy")
    walk, back = np.load(tmp_path / "walk.npy"), np.load(tmp_path / "back.npy")
    assert walk.shape == (2, 3, 4) and back.shape == (5, 4)
    np.testing.assert_allclose(walk[:, [0, -1]], [back[[0, 4]], back[[4, 2]]], atol=1e-6)
    for between in ([0, 5], [-1, 0]):
        with pytest.raises(pl.ConfigError, match="'between'"):
            verb(saved[of], between=between, data=data, output=tmp_path / "none.npy")


@pytest.mark.parametrize("module", ["ae", "vae"])
def test_so_many_samples_from_the_first_on_are_shown(module: str, saved: dict[str, Path], tmp_path: Path) -> None:
    verb = {"ae": ae, "vae": vae}[module].reconstruct
    data = str(saved["rows"])
    for first, count, rows in ((0, 5, 5), (0, 2, 2), (1, 3, 3), (3, 10, 2), (4, 1, 1)):
        output = tmp_path / f"{first}-{count}.npy"
        told = verb(saved[module], first=first, count=count, data=data, output=output)
        assert told["samples"] == len(np.load(output)) == rows
        np.testing.assert_allclose(np.load(output), np.load(tmp_path / "0-5.npy")[first : first + count], atol=1e-6)
        x = np.load(saved["rows"])["x"][first : first + count]
        assert told["mean_squared_error"] == pytest.approx(np.mean((np.load(output) - x) ** 2), rel=1e-5)


def test_a_traversal_moves_one_unit_at_a_time(saved: dict[str, Path], tmp_path: Path) -> None:
    told = vae.traverse(saved["vae"], steps=5, span=2.0, output=tmp_path / "units.npy")
    assert (told["units"], told["steps"]) == (2, 5)
    model: Any = pl.load(saved["vae"])
    from pellucid_vae import decode, encode

    x = np.load(saved["rows"])["x"]
    vae.traverse(saved["vae"], row=3, steps=5, span=2.0, data=str(saved["rows"]), output=tmp_path / "row.npy")
    for file, start in (("units", np.zeros(2)), ("row", encode(model, x[3:4])[0])):
        expected = np.tile(start, (2, 5, 1))
        for unit in range(2):
            expected[unit, :, unit] = [-2.0, -1.0, 0.0, 1.0, 2.0]
        found = np.load(tmp_path / f"{file}.npy")
        np.testing.assert_allclose(found, decode(model, expected.reshape(10, 2)).reshape(2, 5, 4), atol=1e-6)


def test_a_traversal_makes_so_many_samples_of_all_units(saved: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(pl.ConfigError, match="'steps for each latent unit'"):
        vae.traverse(saved["vae"], steps=SHOWN // 2 + 1, output=tmp_path / "x.png")
    assert vae.traverse(saved["vae"], steps=SHOWN // 2 + 1, output=tmp_path / "x.npy")["units"] == 2


def test_the_likelihood_of_some_is_that_of_each_with_its_error(saved: dict[str, Path]) -> None:
    def told(**how: Any) -> dict[str, Any]:
        found: dict[str, Any] = vae.likelihood(saved["vae"], data=str(saved["rows"]), samples=3, **how)
        return found

    one = told(first=2, count=1)
    assert (one["samples"], one["codes"], one["standard_error"]) == (1, 3, None)
    assert told(first=3)["samples"] == told(first=3, count=99)["samples"] == 2
    model: Any = pl.load(saved["vae"])
    from pellucid_vae import importance_weighted_bound

    found = importance_weighted_bound(model, np.load(saved["rows"])["x"], samples=3, seed=0)
    every = told()
    assert every["samples"] == 5 and every["log_likelihood"] == pytest.approx(float(np.mean(found)))
    assert every["standard_error"] == pytest.approx(float(np.std(found, ddof=1)) / 5**0.5)
    pair = told(first=1, count=2)
    assert pair["samples"] == 2 and pair["standard_error"] is not None
