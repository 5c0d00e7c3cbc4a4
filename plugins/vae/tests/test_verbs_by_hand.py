"""What the verbs write, number by number and pixel by pixel, against codes that are made and decoded here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_vae import inference, verbs
from pellucid_vae.bounds import importance_weighted_bound

pytest.importorskip("PIL")
from PIL import Image

X = np.random.default_rng(1).random((7, 16), np.float32)
Y = np.arange(7) % 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plain and a conditional model, away from their first weights, and samples of three classes."""
    path = tmp_path_factory.mktemp("models")
    for name, shape, more in (("vae", (16,), {}), ("conditional_vae", [(16,), ()], {"classes": 3})):
        model = pl.build(name, input_shape=shape, latent=2, hidden=[6], seed=0, **more)  # type: ignore[arg-type]
        pl.Trainer(model, seed=0).fit(pl.Split(X, Y, ("a", "b", "c")), epochs=1, verbose=False)
        for param in model.parameters():
            param.data[...] += np.random.default_rng(2).normal(size=param.shape, scale=0.5).astype("f4")
        pl.save(model, path / f"{name}.safetensors")
    np.savez(path / "samples.npz", x=X, y=Y, classes=np.array(["a", "b", "c"]))
    return path


class Verbs:
    """The verbs on one of the models; what each writes as an array or as a picture."""

    def __init__(self, folder: Path, out: Path, name: str) -> None:
        self.file, self.data, self.out = folder / f"{name}.safetensors", str(folder / "samples.npz"), out
        self.model: Any = pl.load(self.file)
        self.labels = Y if name == "conditional_vae" else None

    def of(self, rows: Any) -> Any:
        """Labels of these rows, where the model takes them."""
        return None if self.labels is None else self.labels[rows]

    def said(self, verb: str, suffix: str = ".npy", **options: Any) -> tuple[dict[str, Any], np.ndarray[Any, Any]]:
        output = self.out / f"{verb}{len(list(self.out.iterdir()))}{suffix}"
        if verb != "sample":
            options["data"] = self.data
        said = getattr(verbs, verb)(self.file, output=output, **options)
        assert said.pop("file") == str(output)
        if suffix == ".npy":
            return said, np.load(output)
        with Image.open(output) as picture:
            return said, np.asarray(picture.convert("L"))


@pytest.fixture(params=["vae", "conditional_vae"])
def run(folder: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Verbs:
    return Verbs(folder, tmp_path, request.param)


@pytest.fixture
def conditional(folder: Path, tmp_path: Path) -> Verbs:
    return Verbs(folder, tmp_path, "conditional_vae")


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def tiles(picture: np.ndarray[Any, Any], rows: int, columns: int) -> np.ndarray[Any, Any]:
    """Pictures of 4 x 4 pixels with gaps of two between them, as numbers from 0 to 1."""
    assert picture.shape == (6 * rows - 2, 6 * columns - 2)
    found = [picture[6 * r : 6 * r + 4, 6 * c : 6 * c + 4] for r in range(rows) for c in range(columns)]
    return np.stack(found).reshape(-1, 16) / 255


def test_codes_are_the_means_of_all_samples(run: Verbs) -> None:
    said, codes = run.said("encode")
    assert said == {"samples": 7, "latent": 2}
    close(codes, inference.encode(run.model, X, run.labels))


@pytest.mark.parametrize(
    ("first", "count", "rows"), [(0, 3, [0, 1, 2]), (5, 4, [5, 6]), (6, 1, [6]), (0, 7, [*range(7)])]
)
def test_reconstructions_are_those_of_the_samples_that_were_asked_for(
    first: int, count: int, rows: list[int], run: Verbs
) -> None:
    expected = inference.reconstruct(run.model, X[rows], run.of(rows))
    said, found = run.said("reconstruct", first=first, count=count)
    close(found, expected)
    error = np.mean((expected - X[rows]) ** 2)
    assert said == {"samples": len(rows), "mean_squared_error": pytest.approx(error, rel=1e-5)}
    _, picture = run.said("reconstruct", ".png", first=first, count=count, scale=1)
    np.testing.assert_allclose(tiles(picture, 2, len(rows)), np.concatenate([X[rows], expected]), atol=0.003)


def test_new_samples_are_decoded_from_numbers_of_their_seed(run: Verbs) -> None:
    for seed in (0, 5):
        z = np.random.default_rng(seed).standard_normal((4, 2))
        said, found = run.said("sample", count=4, seed=seed)
        assert said == {"samples": 4, "seed": seed}
        close(found, inference.decode(run.model, z, run.of([0, 1, 2, 3])))
    assert (run.said("sample", count=4)[1] == run.said("sample", count=4, seed=0)[1]).all()


def test_new_samples_of_all_classes_stand_in_a_column_for_each_and_those_of_one_in_a_square(conditional: Verbs) -> None:
    _, picture = conditional.said("sample", ".png", count=6, scale=1)
    z = np.random.default_rng(0).standard_normal((6, 2))
    expected = inference.decode(conditional.model, z, np.arange(6) % 3)
    np.testing.assert_allclose(tiles(picture, 2, 3), expected, atol=0.003)
    _, picture = conditional.said("sample", ".png", count=4, label="b", scale=1)
    z = np.random.default_rng(0).standard_normal((4, 2))
    np.testing.assert_allclose(tiles(picture, 2, 2), inference.decode(conditional.model, z, [1] * 4), atol=0.003)


def line(a: Any, b: Any, steps: int) -> np.ndarray[Any, Any]:
    return np.stack([a + (b - a) * i / (steps - 1) for i in range(steps)])


def test_a_walk_goes_straight_from_code_to_code_with_the_class_of_each_first_sample(run: Verbs) -> None:
    codes = inference.encode(run.model, X, run.labels)
    said, found = run.said("interpolate", between=(4, 0, 5), steps=3)
    assert said == {"ways": 2, "steps": 3} and found.shape == (2, 3, 16)
    for way, (a, b) in zip(found, ((4, 0), (0, 5)), strict=True):
        close(way, inference.decode(run.model, line(codes[a], codes[b], 3), run.of([a, a, a])))
    _, picture = run.said("interpolate", ".png", between=(4, 0, 5), steps=3, scale=1)
    np.testing.assert_allclose(tiles(picture, 2, 3), found.reshape(6, 16), atol=0.003)


def test_a_walk_of_a_class_has_it_all_along(conditional: Verbs) -> None:
    codes = inference.encode(conditional.model, X, Y)
    _, found = conditional.said("interpolate", between=(4, 0), steps=4, label="c")
    close(found[0], inference.decode(conditional.model, line(codes[4], codes[0], 4), [2] * 4))


@pytest.mark.parametrize("row", [None, 5])
def test_a_traversal_moves_one_unit_at_a_time(row: int | None, run: Verbs) -> None:
    start = np.zeros(2) if row is None else inference.encode(run.model, X[[row]], run.of([row]))[0]
    kind = None if run.labels is None else [0] * 3 if row is None else [int(Y[row])] * 3
    said, found = run.said("traverse", row=row, steps=3, span=1.5)
    assert said == {"units": 2, "steps": 3} and found.shape == (2, 3, 16)
    for unit in range(2):
        codes = np.tile(start, (3, 1))
        codes[:, unit] = [-1.5, 0.0, 1.5]
        close(found[unit], inference.decode(run.model, codes, kind))
    _, picture = run.said("traverse", ".png", row=row, steps=3, span=1.5, scale=1)
    np.testing.assert_allclose(tiles(picture, 2, 3), found.reshape(6, 16), atol=0.003)


def test_a_traversal_of_a_class_has_it_whatever_the_sample(conditional: Verbs) -> None:
    codes = np.array([[-3.0, 0.0], [3.0, 0.0], [0.0, -3.0], [0.0, 3.0]])
    _, found = conditional.said("traverse", steps=2, label="b")
    close(found.reshape(4, 16), inference.decode(conditional.model, codes, [1] * 4))
    start = inference.encode(conditional.model, X[[5]], Y[[5]])[0]
    codes = np.array([[-3.0, start[1]], [3.0, start[1]], [start[0], -3.0], [start[0], 3.0]])
    _, found = conditional.said("traverse", row=5, steps=2, label="b")
    close(found.reshape(4, 16), inference.decode(conditional.model, codes, [1] * 4))


@pytest.mark.parametrize(
    ("first", "count", "rows"), [(0, None, [*range(7)]), (4, None, [4, 5, 6]), (2, 3, [2, 3, 4]), (6, 9, [6])]
)
@pytest.mark.filterwarnings("ignore:These samples have grey levels")
def test_a_likelihood_is_the_mean_of_the_bounds_with_its_error(
    first: int, count: int | None, rows: list[int], run: Verbs
) -> None:
    said = verbs.likelihood(run.file, samples=4, seed=3, data=run.data, first=first, count=count, batch_size=2)
    own = importance_weighted_bound(run.model, X[rows], run.of(rows), samples=4, seed=3)
    assert said["samples"] == len(rows) and said["codes"] == 4
    assert said["log_likelihood"] == pytest.approx(own.mean(), rel=1e-6)
    error = None if len(rows) == 1 else np.sqrt(((own - own.mean()) ** 2).sum() / (len(rows) - 1) / len(rows))
    assert said["standard_error"] == (error if error is None else pytest.approx(error, rel=1e-6))
