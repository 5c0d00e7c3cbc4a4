"""The ready experiments and the verbs, as the command line runs them, on two thousand digits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import open_run
from pellucid.workbench.cli import main
from pellucid_vae import importance_weighted_bound, sample
from pellucid_vae.verbs import sample as sample_verb

EXPERIMENTS = Path(__file__).resolve().parents[1] / "experiments"
SMALL = ("data.type=files", "data.transforms=[]", "model.hidden=[64]", "optimizer.lr=0.005", "train.batch_size=32",
         "train.epochs=2")  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run of each ready experiment."""
    folder = tmp_path_factory.mktemp("runs")
    test = pl.load_dataset("mnist").test
    np.savez(folder / "digits.npz", x=test.x[:2000], y=test.y[:2000])
    settings = (*SMALL, f'data.train="{folder / "digits.npz"}"')
    options = [option for setting in settings for option in ("--set", setting)]
    for path in EXPERIMENTS.glob("*.toml"):
        assert main(["train", str(path), "--out", str(folder / path.stem), "--quiet", *options]) == 0
    return {path.stem: folder / path.stem for path in EXPERIMENTS.glob("*.toml")}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the verbs write."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pellucid(capsys: pytest.CaptureFixture[str], *arguments: Any) -> dict[str, Any]:
    """What a command says as JSON: its result, or its error."""
    capsys.readouterr()
    code = main([*map(str, arguments), "--json"])
    captured = capsys.readouterr()
    document: dict[str, Any] = json.loads(captured.err if code else captured.out)
    return document


def size(path: Path) -> tuple[int, int]:
    image = pytest.importorskip("PIL.Image")
    with image.open(path) as opened:
        found: tuple[int, int] = opened.size
        return found


@pytest.mark.parametrize("name", sorted(path.stem for path in EXPERIMENTS.glob("*.toml")))
def test_an_experiment_says_its_parts_apart(name: str, runs: dict[str, Path]) -> None:
    summary = json.loads((runs[name] / "summary.json").read_text(encoding="utf-8"))
    assert set(summary["test"]) == {"loss", "reconstruction", "kl"}
    assert summary["chosen_by"] == "validation_loss"
    assert summary["test"]["reconstruction"] < 300  # 784 log 2 = 543 of a coin for each pixel


def test_codes_are_written(runs: dict[str, Path], capsys: Any) -> None:
    said = pellucid(capsys, "encode", runs["mnist"], "--output", "codes.npy")
    assert said == {"file": "codes.npy", "samples": 400, "latent": 20}
    pellucid(capsys, "encode", runs["mnist"], "--output", "codes.csv", "--plot", "codes.png")
    assert Path("codes.csv").read_text(encoding="utf-8").startswith("class,code 0,code 1,") and size(Path("codes.png"))
    x = pl.load_dataset("mnist").test.x[:3]
    np.savez("few.npz", x=x)
    assert pellucid(capsys, "encode", runs["mnist"], "--data", "few.npz", "--output", "few.npy")["samples"] == 3
    model = pl.load(runs["mnist"] / "model.safetensors")
    np.testing.assert_allclose(np.load("few.npy"), model.predict(x)[1], atol=1e-5)


def test_labels_of_a_conditional_model_are_found_by_their_names(capsys: Any) -> None:
    x = np.random.default_rng(0).uniform(size=(40, 4)).astype(np.float32)
    y = np.arange(40) % 2
    model = pl.build("conditional_vae", input_shape=[(4,), ()], classes=2, latent=2, hidden=[8], seed=0)
    pl.Trainer(model, seed=0).fit(pl.Split(x, y, ("no", "yes")), epochs=1)
    pl.save(model, "m.safetensors")
    np.savez("same.npz", x=x, y=y, classes=np.array(["no", "yes"]))
    np.savez("turned.npz", x=x, y=1 - y, classes=np.array(["yes", "no"]))
    np.savez("others.npz", x=x, y=y, classes=np.array(["no", "maybe"]))
    for file in ("same", "turned"):
        pellucid(capsys, "encode", "m.safetensors", "--data", f"{file}.npz", "--output", f"{file}.npy")
    assert (np.load("same.npy") == np.load("turned.npy")).all()
    said = pellucid(capsys, "encode", "m.safetensors", "--data", "others.npz", "--output", "others.npy")
    assert "unknown class 'maybe'" in json.dumps(said)


def test_samples_are_in_the_units_of_the_data(capsys: Any) -> None:
    model = pl.build("vae", input_shape=(4,), latent=2, hidden=[32], seed=0)
    objective = {"type": "vae/elbo", "likelihood": "gaussian", "std": 0.3}
    trainer = pl.Trainer(model, objective=objective, optimizer={"type": "adam", "lr": 0.02}, seed=0)
    trainer.fit(pl.load_dataset("iris", transforms=["standardize"]), epochs=20, verbose=False)
    pl.save(model, "flowers.safetensors")
    asked = ("--data", "iris", "--split", "train", "--count", 1000, "--output", "back.npy")
    error = pellucid(capsys, "reconstruct", "flowers.safetensors", *asked)["mean_squared_error"]
    x = pl.load_dataset("iris", seed=0).train.x
    assert error < 0.3 < np.mean(np.var(x, axis=0))  # in square centimetres
    assert error == pytest.approx(np.mean((np.load("back.npy") - x) ** 2), rel=1e-5)
    new = sample(model, 5)
    (standardize,) = model.runtime.transforms
    model.runtime.transforms.clear()
    np.testing.assert_allclose(new, standardize.inverse(sample(model, 5)), rtol=1e-6)


def test_pictures_are_drawn(runs: dict[str, Path], capsys: Any) -> None:
    run, conditional = runs["mnist"], runs["digits_on_demand"]
    pellucid(capsys, "sample", run, "--count", 12, "--output", "a.png")
    assert size(Path("a.png")) == (2 * (4 * 30 - 2), 2 * (3 * 30 - 2))
    pellucid(capsys, "sample", conditional, "--count", 30, "--output", "b.png")  # all classes in turn: ten columns
    assert size(Path("b.png")) == (2 * (10 * 30 - 2), 2 * (3 * 30 - 2))
    pellucid(capsys, "sample", conditional, "--count", 12, "--label", 3, "--output", "b2.png")
    assert size(Path("b2.png")) == size(Path("a.png"))
    said = pellucid(capsys, "reconstruct", run, "--count", 5, "--output", "c.png")
    assert size(Path("c.png")) == (2 * (5 * 30 - 2), 2 * (2 * 30 - 2)) and 0 < said["mean_squared_error"] < 0.1
    pellucid(capsys, "interpolate", run, "--between", 3, 9, "--steps", 6, "--output", "d.gif")
    assert size(Path("d.gif")) == (28 * 8, 28 * 8)
    pellucid(capsys, "traverse", run, "--row", 0, "--steps", 5, "--output", "e.png")
    assert size(Path("e.png")) == (2 * (5 * 30 - 2), 2 * (20 * 30 - 2))
    wide = ("--shape", 14, 56, "--scale", 1)
    drawn = (("sample", "f", 1, 1), ("reconstruct", "g", 2, 1), ("interpolate", "h", 1, 9), ("traverse", "i", 20, 11))
    for verb, name, rows, columns in drawn:
        count = () if verb in ("interpolate", "traverse") else ("--count", 1)
        pellucid(capsys, verb, run, *count, *wide, "--output", f"{name}.png")
        assert size(Path(f"{name}.png")) == (58 * columns - 2, 16 * rows - 2)


def test_seeds_and_labels_decide_what_is_drawn(runs: dict[str, Path], capsys: Any) -> None:
    run = runs["digits_on_demand"]
    for name, options in (("a", ()), ("b", ()), ("c", ("--seed", 1)), ("d", ("--label", 4))):
        pellucid(capsys, "sample", run, "--count", 4, "--output", f"{name}.npy", *options)
    a, b, c, d = (np.load(f"{name}.npy") for name in "abcd")
    assert a.shape == (4, 784) and a.min() >= 0 and a.max() <= 1
    np.testing.assert_array_equal(a, b)
    assert (a != c).any() and (a != d).any()


def test_each_way_of_a_walk_has_the_class_of_its_first_sample(runs: dict[str, Path], capsys: Any) -> None:
    run = runs["digits_on_demand"]
    pellucid(capsys, "interpolate", run, "--between", 0, 1, 2, 0, "--steps", 4, "--output", "walk.npy")
    pellucid(capsys, "reconstruct", run, "--count", 3, "--output", "back.npy")
    walk = np.load("walk.npy")
    assert walk.shape == (3, 4, 784)
    np.testing.assert_allclose(walk[:, 0], np.load("back.npy"), atol=1e-6)
    same = []
    for label in range(10):
        pellucid(capsys, "interpolate", run, "--steps", 4, "--label", label, "--output", f"{label}.npy")
        same.append(np.allclose(walk[0], np.load(f"{label}.npy")[0], atol=1e-6))
    assert same.count(True) == 1


def test_arrays_of_a_walk_and_of_a_traversal(runs: dict[str, Path], capsys: Any) -> None:
    run = runs["digits_on_demand"]
    pellucid(capsys, "interpolate", run, "--steps", 5, "--label", 3, "--output", "walk.npy")
    pellucid(capsys, "traverse", run, "--steps", 3, "--span", 1.5, "--output", "units.npy")
    pellucid(capsys, "reconstruct", run, "--count", 2, "--output", "back.npy")
    assert np.load("walk.npy").shape == (1, 5, 784)
    assert np.load("back.npy").shape == (2, 784)
    units = np.load("units.npy")
    assert units.shape == (10, 3, 784)
    np.testing.assert_allclose(units[:, 1], units[0, 1][None].repeat(10, axis=0), atol=1e-6)  # all pass the origin


@pytest.mark.parametrize(
    ("run", "arguments", "message"),
    [
        ("mnist", ("sample", "--label", 3), "This model is unconditional: --label has no meaning for it"),
        ("mnist", ("interpolate", "--label", 3), "This model is unconditional"),
        ("digits_on_demand", ("sample", "--label", 10), "The model knows no class '10'"),
        ("mnist", ("sample", "--output", "a.jpg"), "--output must end in .png, .npy. Received: a.jpg"),
        ("mnist", ("sample", "--count", 0), "The 'count' of sample must be an int in [1, "),
        ("mnist", ("interpolate", "--between", 0, 400), "The 'between' of interpolate must be an int in [0, 399]"),
        ("mnist", ("traverse", "--span", 0), "The 'span' of traverse must be a float in (0, inf)"),
        ("mnist", ("traverse", "--row", -1), "The 'row' of traverse must be an int in [0, 399]"),
    ],
)
def test_wrong_options_are_named(run: str, arguments: Any, message: str, runs: dict[str, Path], capsys: Any) -> None:
    verb, *options = arguments
    assert message in pellucid(capsys, verb, runs[run], *options)["error"]["message"]


def test_nothing_is_overwritten(runs: dict[str, Path], capsys: Any) -> None:
    Path("samples.png").write_text("mine", encoding="utf-8")
    assert "samples.png exists already" in pellucid(capsys, "sample", runs["mnist"])["error"]["message"]
    assert Path("samples.png").read_text(encoding="utf-8") == "mine"


def test_the_run_of_another_model_is_refused(runs: dict[str, Path], capsys: Any) -> None:
    model = pl.build("ann", input_shape=(4,), outputs=2, seed=0)
    pl.save(model, "other.safetensors")
    message = pellucid(capsys, "traverse", "other.safetensors")["error"]["message"]
    assert "other.safetensors holds a model ann/ann, which has no verb 'traverse'" in message
    with pytest.raises(pl.ConfigError, match=r"holds a model of Sequential. Expected: one of LatentVariableModel"):
        sample_verb(Path("other.safetensors"))


def test_predictions_of_three_outputs_are_left_to_the_verbs(runs: dict[str, Path], capsys: Any) -> None:
    np.savez("few.npz", x=np.zeros((3, 784)))
    message = pellucid(capsys, "predict", runs["mnist"], "few.npz")["error"]["message"]
    assert "holds a VAE, which has 3 outputs a sample. Expected: a model of one. Use its own verbs" in message


def test_samples_that_are_no_pictures_are_written_as_arrays(runs: dict[str, Path], capsys: Any) -> None:
    model = pl.build("vae", input_shape=(5,), latent=2, hidden=[4], seed=0)
    pl.Trainer(model, seed=0).fit((np.zeros((4, 5)), None), verbose=False)
    pl.save(model, "rows.safetensors")
    message = pellucid(capsys, "sample", "rows.safetensors")["error"]["message"]
    assert "Samples of shape (5,) are no pictures" in message
    assert pellucid(capsys, "sample", "rows.safetensors", "--output", "rows.npy")["samples"] == 100


def test_the_likelihood_is_that_of_the_bound(runs: dict[str, Path], capsys: Any) -> None:
    said = pellucid(capsys, "likelihood", runs["mnist"], "--samples", 8, "--count", 20, "--seed", 3)
    model, x = pl.load(runs["mnist"] / "model.safetensors"), open_run(runs["mnist"]).samples(None, "test").x[:20]
    bound = importance_weighted_bound(model, x, samples=8, seed=3)
    assert said["samples"] == 20 and said["codes"] == 8
    assert said["log_likelihood"] == pytest.approx(bound.mean()) and said["standard_error"] > 0
    one = pellucid(capsys, "likelihood", runs["digits_on_demand"], "--samples", 2, "--first", 3, "--count", 1)
    assert one["samples"] == 1 and one["standard_error"] is None
    assert "'first' of likelihood" in pellucid(capsys, "likelihood", runs["mnist"], "--first", 400)["error"]["message"]
