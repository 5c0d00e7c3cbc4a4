"""What a table proposes: `pellucid train --dataset FILE --target NAME`, what stands in the run folder, and using it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.workbench.cli import main
from pellucid_tabular import PellucidClassifier
from pellucid_tabular.dataset import Table

RNG = np.random.default_rng(0)
ROWS = [(float(a), float(b), "yes" if a * b > 0 else "no") for a, b in RNG.normal(size=(240, 2))]
QUICK = ("--set", "train.epochs=1", "--set", "train.seed=0", "--quiet")
SMALL = (*QUICK, "--set", "model.members=2", "--set", "model.widths=[8, 8]")


class Shell:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: object, code: int = 0) -> str:
        got = main([str(word) for word in words])
        captured = self._capsys.readouterr()
        self.out, self.err = captured.out, captured.err
        assert got == code, self.err
        return self.out


@pytest.fixture
def pellucid(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    return Shell(capsys)


def written(path: str, rows: int = 60, *, target: bool = True, city: str = "") -> None:
    """Numbers with gaps, texts and dates; in another order where there is no target."""
    lines = []
    for i in range(rows):
        cells = [str(20 + i % 50), city or ("Oslo", "Rome", "Bari")[i % 3], "" if i % 5 == 0 else f"{i}.5"]
        cells += [f"2021-0{1 + i % 9}-1{i % 10}", "yes" if i % 3 == 1 else "no"]
        lines.append(";".join(cells if target else cells[-2::-1]))
    names = ["age", "city", "income", "since", "buys"]
    Path(path).write_text("\n".join([";".join(names if target else names[-2::-1]), *lines]) + "\n")


def resolved(run: str) -> dict[str, Any]:
    return tomllib.loads((Path(run) / "experiment.toml").read_text())


def test_a_file_and_a_target_are_enough(pellucid: Shell) -> None:
    written("shop.csv")
    pellucid("train", "--dataset", "shop.csv", "--target", "buys", "--out", "run", *SMALL)
    for line in (
        "chosen to suit the data", "validation = 0", "members = 2",
        'model     tabular/ensemble, folds = 5, categories = [5], task = "classification"',
        "loss      core/softmax_cross_entropy", "optimizer core/adamw", "schedule  tabular/coslog", "epochs = 1",
    ):  # fmt: skip
        assert line in pellucid.err
    found = resolved("run")
    (columns,) = found["data"]["transforms"]
    assert [column["name"] for column in columns["columns"]] == ["age", "city", "income", "since"]
    assert columns["marks"] == ["income"] and columns["one_hot"] is False
    assert found["model"]["outputs"] == 2 and found["model"]["categories"] == [5]
    pellucid("train", "run/experiment.toml", "--out", "again", "--quiet")  # as it is, and nothing is proposed
    assert "chosen" not in pellucid.err
    assert Path("run/experiment.toml").read_bytes() == Path("again/experiment.toml").read_bytes()
    assert Path("run/model.safetensors").read_bytes() == Path("again/model.safetensors").read_bytes()


def test_members_hold_out_rows_of_their_own_as_those_of_an_estimator_do(pellucid: Shell) -> None:
    written("shop.csv", 200)
    small = (*QUICK, "--set", "model.widths=[8, 8]", "--set", "data.test=0.25")
    pellucid("train", "--dataset", "shop.csv", "--target", "buys", "--out", "run", *small)
    assert "validation = 0" in pellucid.err and "tabular/ensemble, folds = 5" in pellucid.err
    found = resolved("run")
    assert found["data"]["validation"] == 0 and found["model"]["folds"] == 5
    assert found["train"]["callbacks"] == [] and "members = 7" in pellucid.err
    frame = {name: [row[i] for row in ROWS] for i, name in enumerate(["age", "income", "buys"])}
    table = Table(frame, target="buys", test=0)
    table.splits(0)
    proposed = table.proposed()
    estimator = PellucidClassifier(random_state=0, epochs=1)
    estimator.fit(np.array([row[:2] for row in ROWS]), frame["buys"])
    model, settings = estimator.model_, estimator.settings_
    assert (model.members, model.folds) == (proposed["model"]["members"], proposed["model"]["folds"]) == (12, 5)
    assert settings.batch_size == proposed["train"]["batch_size"] and settings.optimizer == proposed["optimizer"]
    assert settings.loss == proposed["loss"]
    pellucid(
        "train", "--dataset", "shop.csv", "--target", "buys", "--out", "own", *small, "--set", "data.validation=0.2"
    )
    assert resolved("own")["data"]["validation"] == 0.2
    pellucid("train", "--dataset", "shop.csv", "--target", "buys", "--out", "ann", *QUICK, "--model", "ann")
    assert resolved("ann")["data"]["validation"] == 0.1, "one network needs them"


def test_arguments_of_the_proposed_can_be_changed(pellucid: Shell) -> None:
    written("shop.csv")
    settings = ("--set", "optimizer.beta2=0.9", "--set", "schedule.cycles=2", "--set", "train.batch_size=7")
    pellucid("train", "--dataset", "shop.csv", "--target", "buys", "--out", "run", *SMALL, *settings)
    found = resolved("run")
    assert found["optimizer"]["type"] == "core/adamw" and found["optimizer"]["beta2"] == 0.9
    assert found["optimizer"]["weight_decay"] > 0 and found["train"]["batch_size"] == 7


def test_what_the_user_names_wins_as_a_whole(pellucid: Shell) -> None:
    written("shop.csv")
    pellucid("train", "--dataset", "shop.csv", "--target", "buys", "--out", "a", *SMALL, "--optimizer", "sgd")
    assert resolved("a")["optimizer"] == pl.to_config(pl.create("optimizer", "sgd"))
    pellucid("train", "--dataset", "shop.csv", "--target", "buys", "--out", "b", "--model", "ann", *QUICK)
    found = resolved("b")
    assert "chosen" not in pellucid.err
    assert found["model"]["type"] == "ann/ann" and found["optimizer"]["type"] == "core/adam"
    assert "scaling" in found["data"]["transforms"][0] and found["data"]["transforms"][0]["one_hot"] is True


def test_without_a_target_nothing_can_be_chosen(pellucid: Shell) -> None:
    written("shop.csv")
    pellucid("train", "--dataset", "shop.csv", code=2)
    assert "Name its column: --target NAME" in pellucid.err
    pellucid("train", "--dataset", "shop.csv", "--target", "bays", code=2)
    assert "Did you mean 'buys'?" in pellucid.err


def test_other_files_are_read_without_the_training_file(pellucid: Shell) -> None:
    written("shop.csv")
    pellucid("train", "--dataset", "shop.csv", "--target", "buys", "--out", "run", *SMALL)

    def evaluated(*words: str) -> str:
        """Without the calibration, whose temperature is fitted on the training file's validation part."""
        return pellucid("evaluate", *words).partition("\nCalibration")[0]

    expected = evaluated("run", "--data", "shop.csv")
    Path("shop.csv").rename("other.csv")
    assert evaluated("run", "--data", "other.csv") == expected
    assert evaluated("run/model.safetensors", "--data", "other.csv") == expected
    labelled = pellucid("predict", "run", "other.csv", "--probabilities")
    written("new.csv", target=False)  # other order, no target
    assert pellucid("predict", "run/model.safetensors", "new.csv", "--probabilities") == labelled
    assert labelled.split()[:5] == ["row", "class", "probability", "no", "yes"]
    text = Path("other.csv").read_text()
    Path("renamed.csv").write_text(text.replace("buys", "bought", 1))
    assert evaluated("run", "--data", "renamed.csv", "--target", "bought") == expected
    Path("gaps.csv").write_text(text.replace(";no\n", ";\n"))  # rows without a target are predicted all the same
    assert len(pellucid("predict", "run", "gaps.csv").splitlines()) == 61
    pellucid("evaluate", "run", "--data", "new.csv", code=2)
    assert "has no targets" in pellucid.err
    for old, new, said in (
        ("age", "ages", "It lacks: age. It has, and must not: ages"), ("income", "city", "city"),
        ("since", "since;more", "column 'buys': expected 5 fields"), (";no\n", ";maybe\n", "maybe"),
    ):  # fmt: skip
        Path("wrong.csv").write_text(text.replace(old, new, 1))
        pellucid("evaluate", "run", "--data", "wrong.csv", code=2)
        assert said in pellucid.err and "wrong.csv" in pellucid.err


def test_values_are_predicted_in_their_unit(pellucid: Shell) -> None:
    written("shop.csv")
    pellucid(
        "train", "--dataset", "shop.csv", "--target", "age", "--out", "run", *SMALL, "--set", "data.classify=false"
    )
    model = resolved("run")["model"]
    assert resolved("run")["loss"]["type"] == "core/mse" and (model["outputs"], model["task"]) == (1, "regression")
    written("new.csv", 3, city="Lima")
    assert len(pellucid("predict", "run", "new.csv").splitlines()) == 4


def test_several_targets_are_numbers_or_answers() -> None:
    x = {"a": list(RNG.normal(size=60)), "u": list(RNG.normal(size=60)), "v": list(RNG.normal(size=60))}
    table = Table(x, target=["u", "v"])
    table.splits(0)
    proposed = table.proposed()
    assert (proposed["model"]["type"], proposed["model"]["outputs"]) == ("tabular/ensemble", 2)
    assert proposed["loss"]["type"] == "core/mse"
    with pytest.warns(pl.PellucidWarning, match="targets u, v hold 0 and 1, and are taken as answers"):
        bits = Table({**x, "u": [0, 1] * 30, "v": ["1.0", "0.0"] * 30}, target=["u", "v"])
        assert bits.load(RNG).y[:2].tolist() == [[0, 1], [1, 0]] and bits.decided()["classify"] is True
    answers = Table(
        {**x, "u": [i % 2 == 0 for i in range(60)], "v": [i % 3 == 0 for i in range(60)]}, target=["u", "v"]
    )
    answers.splits(0)
    proposed = answers.proposed()
    assert (proposed["model"]["type"], proposed["loss"]["type"]) == ("tabular/mlp", "core/binary_cross_entropy")


@pytest.mark.filterwarnings("ignore:.*hold 0 and 1")
def test_columns_of_0_and_1_are_answers_and_outputs_are_called_as_targets(pellucid: Shell) -> None:
    rows = [f"{i % 7},{(i * i) % 11}.5,{int(i % 7 > 3)},{i % 2}" for i in range(80)]
    Path("many.csv").write_text("\n".join(["a,price,sold,garden", *rows]))
    Path("new.csv").write_text("\n".join(["a,price,sold,garden", *rows[:3]]))
    for target, own in ('["sold", "garden"]', ("mlp",)), ('["price", "sold"]', ("members",)), ('"price"', ("members",)):
        names = json.loads(target) if target.startswith("[") else [json.loads(target)]
        small = ("--set", "model.hidden=[8]") if own == ("mlp",) else SMALL[-4:]
        run = "-".join(names)
        pellucid("train", "--dataset", "many.csv", "--set", f"data.target={target}", "--out", run, *QUICK, *small)
        said = "classify = true" in pellucid.err
        assert said == (own == ("mlp",)) and (len(names) == 1 or f"2 targets: {', '.join(names)}" in pellucid.err)
        assert pellucid("predict", run, "new.csv").split("\n")[0].split() == ["row", *names]
        (record, *_) = json.loads(pellucid("predict", run, "new.csv", "--json"))
        assert list(record["probabilities" if said else "outputs"]) == names
        pellucid("predict", run, "new.csv", "--output", f"{run}.csv")
        assert Path(f"{run}.csv").read_text().startswith(f"file,row,{','.join(names)}\n")
        pellucid("predict", run, "new.csv", "--output", f"{run}.npz")
        arrays = np.load(f"{run}.npz")
        assert list(arrays["names"]) == names
        if said:
            np.testing.assert_allclose(arrays["answers"], 1 / (1 + np.exp(-arrays["outputs"].astype(float))))
            assert list(record["probabilities"].values()) == arrays["answers"][0].tolist()
    found = resolved("sold-garden")
    assert found["loss"]["type"] == "core/binary_cross_entropy" and found["data"]["target_transforms"] == []
    assert pellucid("evaluate", "sold-garden", "--data", "new.csv")
    pellucid(
        "train", "--dataset", "many.csv", "--set", 'data.target=["sold", "garden"]', "--set", "data.classify=false",
        "--out", "numbers", *SMALL,
    )  # fmt: skip
    assert resolved("numbers")["model"]["task"] == "regression"
    pellucid("train", "--dataset", "many.csv", "--set", 'data.target=["sold", "price"]', "--set",
             "data.classify=true", "--out", "no", *SMALL, code=2)  # fmt: skip
    assert "column 'price': expected yes or no, or 0 or 1" in pellucid.err


def test_the_users_own_transforms_are_kept() -> None:
    table = Table({"a": list(RNG.normal(size=60)), "y": ["n", "y"] * 30}, target="y", transforms=["standardize"])
    table.splits(0)
    proposed = table.proposed()
    assert proposed["data"] == {"validation": 0} and proposed["model"]["categories"] == []


def test_a_table_whose_rows_are_proposed_for_is_its_training_part() -> None:
    from pellucid_tabular.recipe import ensemble_recipe

    table = Table({"a": list(RNG.normal(size=1000)), "y": ["n", "y"] * 500}, target="y", validation=100, test=0.5)
    splits = table.splits(0)
    assert table.proposed()["train"] == ensemble_recipe("classification", len(splits.train), 1)["train"]
    assert isinstance(splits.transforms[0], pl.Transform)
