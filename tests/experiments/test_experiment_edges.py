"""Experiments where they are at an edge: of a range of numbers, of a table, of a file, of the rows of the data."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.errors import ConfigError, DataError
from pellucid.interfaces.dataset import Splits
from pellucid.interfaces.samples import Split
from pellucid.standard.callbacks.best_epoch import BestEpoch
from pellucid.standard.callbacks.early_stopping import EarlyStopping
from pellucid.workbench.experiments import inference
from pellucid.workbench.experiments.choosing import add_chooser
from pellucid.workbench.experiments.experiment import check, prepare
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.experiments.inference import holds_values, input_shape_of, outputs_of, vocabulary_of
from pellucid.workbench.experiments.opened import parse_rows
from pellucid.workbench.experiments.proposals import told
from pellucid.workbench.experiments.reading import read_at_most
from pellucid.workbench.experiments.sections import change, check_values, put

IRIS: dict[str, Any] = {"data": "iris", "model": "ann"}

# -- sections --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("epochs", [1, 10**9], [0]), ("batch_size", [1], [0]), ("accumulate", [1], [0]), ("patience", [1], [0]),
        ("clip_norm", [1e-30], [0.0]), ("clip_value", [1e-30], [0.0]), ("seed", [0], [-1]),
        ("threads", [1, 256], [0, 257]), ("checkpoint_seconds", [0.0], [-1e-9]),
    ],
)  # fmt: skip
def test_a_setting_may_be_at_its_bound_and_not_beyond(name: str, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        assert getattr(check({**IRIS, "train": {name: value}}).settings, name) == value
    for value in bad:
        with pytest.raises(ConfigError, match=rf"train\.{name}: The '{name}' of TrainSettings must be a"):
            check({**IRIS, "train": {name: value}})
    for seed in (0, 1, None):
        assert check({**IRIS, "data": {"type": "iris", "seed": seed}}).data_seed == seed
    for wrong in (-1, True, 1.0, "1"):
        with pytest.raises(ConfigError, match=r"data\.seed: expected an int of at least 0"):
            check({**IRIS, "data": {"type": "iris", "seed": wrong}})


def nested(levels: int) -> Any:
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


def test_whole_numbers_have_64_bits_and_tables_150_levels() -> None:
    check_values({"a": [-(1 << 63), (1 << 64) - 1, True], "b": nested(149)})
    for value, said in [
        (-(1 << 63) - 1, r"a\.b: a number of 64 bits"), (1 << 64, r"a\.b: a number of 65 bits"),
        ("a\0", r"a\.b: a text cannot hold"), (nested(149), "stands more than 150 levels deep"),
        ([0, 1 << 64], r"a\.b\.1: a number"),
    ]:  # fmt: skip
        with pytest.raises(ConfigError, match=rf"^here {said}" if "stands" not in said else said):
            check_values({"a": {"b": value}}, "here ")


def test_values_are_put_at_the_end_of_their_path() -> None:
    table: dict[str, Any] = {"a": {"b": [1, {"c": 2}, 3]}, "d": "name"}
    change(table, ["a.b.0=5", "a.b.1.c=[6]", "a.b.2 = seven", "d.e=8", "f.g.h=9", "a.x = y=z"])
    assert table == {
        "a": {"b": [5, {"c": [6]}, "seven"], "x": "y=z"},
        "d": {"type": "name", "e": 8},
        "f": {"g": {"h": 9}},
    }
    for path, said in [
        ("a.b.3", "w: a.b is a list of 3 items, counted from 0; it has no item '3'."),
        ("a.b.-1", "w: a.b is a list of 3 items, counted from 0; it has no item '-1'."),
        ("a.b.0.c", "w: a.b.0 is not a table with keys."), ("a.b.9.c", "w: a.b.9 is not a table with keys."),
        ("a.b.0000000001.c", "w: a.b.0000000001 is not a table with keys."),
        ("a.b.1.c.d", "w: a.b.1.c is a list of 1 items"),
    ]:  # fmt: skip
        with pytest.raises(ConfigError) as error:
            put(table, path.split("."), 0, "w")
        assert str(error.value).startswith(said)
    put(table, ["a", "b", "000000001", "c"], 7, "w")
    assert table["a"]["b"][1] == {"c": 7}


def test_of_a_file_one_byte_more_is_read_than_may_be(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 100_000)
    for most, length in ((0, 1), (99_999, 100_000), (100_000, 100_000), (1 << 20, 100_000)):
        assert len(read_at_most(tmp_path / "a", most)) == length


def test_what_is_told_of_a_proposal_by_its_length() -> None:
    exact = "x" * (80 - 4)  # ['x…'] has four letters more
    assert told({"data": {"a": [exact]}}) == f'  data      a = ["{exact}"]'
    assert told({"data": {"a": [exact + "x"], "b": {"c": 1, "d": {"type": "e", "f": 2}}}}) == (
        "  data      a (1, see experiment.toml), b.c = 1, b.d = e"
    )


# -- rows and targets ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("0:3", [0, 1, 2]), (":2", [0, 1]), ("8:", [8, 9]), (":", list(range(10))), ("9", [9]),
        ("0:10", list(range(10))),
        ("3, 1,3", [3, 1, 3]), ("0,4:6", [0, 4, 5]), ("000000000000000003", [3]), ("0:9,9", list(range(10))),
    ],
)  # fmt: skip
def test_rows_by_their_numbers(text: str, rows: list[int]) -> None:
    assert parse_rows(text, 10) == rows


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("10", "The training data has 10 rows, from 0 to 9. Received: --rows 10."), ("3:11", "from 0 to 9"),
        ("3:3", "--rows names no row"), ("10:", "names no row"), ("10,1", "0 to 9"),
        ("0000000000000000003", "takes numbers of rows from 0"),
        ("3,", "takes numbers"), ("1:2:3", "takes numbers"), ("²", "takes numbers"), ("1-3", "takes numbers"),
        ("0:100000000000000000", "from 0 to 9"),
    ],
)  # fmt: skip
def test_rows_that_are_none(text: str, said: str) -> None:
    with pytest.raises(DataError) as error:
        parse_rows(text, 10)
    assert said in str(error.value)


def parts(y: Any, classes: Any = None, *, test: Any = None, **more: Any) -> Splits:
    y = None if y is None else np.asarray(y)
    x = np.zeros((4 if y is None else len(y), 3))
    other = x[:0] if test is None else np.zeros((len(test), 3))
    last = None if y is None else np.asarray(y[:0] if test is None else test)
    validation = Split(x[:0], None if y is None else y[:0], classes)
    return Splits(Split(x, y, classes), validation, Split(other, last, classes), **more)


def test_labels_are_classes_where_each_has_two_rows() -> None:
    assert outputs_of(parts([0, 1, 2, 0, 1, 2]), None) == 3 and outputs_of(parts([0, 1]), None) == 2
    assert outputs_of(parts([0, 1, 0, 1], test=[2, 2]), None) == 3  # a class may stand in the test part alone
    six = [Split(np.zeros((len(y), 1)), np.array(y)) for y in ([0, 1, 2], [0], [1, 2])]
    assert outputs_of(Splits(*six), None) == 3  # rows of all parts are counted
    assert outputs_of(parts([[1.0, 2.0, 3.0]] * 4), None) == 3 and outputs_of(parts([1.0] * 4), None) == 1
    for y, said in [
        ([0, 1, 2, 0, 1], "3 different ones from 0 to 2 in 5 rows, too few for each to be the label of a class"),
        ([1, 2, 1, 2], "from 1 to 2 in 4 rows: labels of classes that have no names must be all of 0 to 1"),
        ([0, 2, 0, 2], "must be all of 0 to 1"), ([0, 0, 0, 0], "of one class, 0,"),
    ]:  # fmt: skip
        with pytest.raises(DataError) as error:
            outputs_of(parts(y), None)
        assert said in str(error.value)
    with pytest.raises(DataError, match="of one class, cat, so"):
        outputs_of(parts([0, 0], ("cat",)), None)
    with pytest.raises(DataError, match="The data has no targets"):
        outputs_of(parts(None), None)


def test_targets_are_values_where_one_is_no_probability() -> None:
    values = {(0.0, 1.0): False, (0.5, 1.0000001): True, (-1e-9, 0.5): True, (2.0, 3.0): True}
    assert {y: holds_values(parts(y)) for y in values} == values
    assert not holds_values(parts([0, 5])) and not holds_values(parts(None)) and not holds_values(parts(np.zeros(0)))
    assert holds_values(parts([0.0, 1.0], target_transforms=["standardize"]))


def test_the_shape_of_a_sample_with_what_the_objective_makes() -> None:
    splits = parts([0, 1])
    assert input_shape_of(splits) == [3] and input_shape_of(splits, [(2,)]) == [[3], [2]]
    assert input_shape_of(Splits(Split((np.zeros((2, 4, 5)), np.zeros((2, 1)))), Split(np.zeros((0, 3))),
                                 Split(np.zeros((0, 3))))) == [[4, 5], [1]]  # fmt: skip
    images = Splits(Split(np.zeros((2, 4, 5))), Split(np.zeros((0, 4, 5))), Split(np.zeros((0, 4, 5))), ["flatten"])
    assert input_shape_of(images) == [20] and input_shape_of(splits, (), ["flatten"]) == [3]
    with pytest.raises(DataError, match="proposes no tokenizer"):
        vocabulary_of(images)


def test_the_first_transform_of_the_data_is_its_tokenizer(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []
    monkeypatch.setattr(inference, "read_several", lambda kind, transforms, path: given)
    for sizes in ([7], [7, 9], [7, None]):
        given[:] = [SimpleNamespace(size=size) for size in sizes]
        assert vocabulary_of(parts([0, 1])) == 7
    for wrong in ([], [SimpleNamespace()], [SimpleNamespace(size="7"), SimpleNamespace(size=7)]):
        given[:] = wrong
        with pytest.raises(DataError, match="proposes no tokenizer"):
            vocabulary_of(parts([0, 1]))


def test_a_model_keeps_how_photos_become_samples_of_its_data() -> None:
    for name in ("digits", "iris"):
        prepared = prepare(check({"data": name, "model": "ann"}))
        photos = getattr(pl.create("dataset", name), "photos", None)
        assert prepared.trainer.model.runtime.metadata.get("photos") == photos and (photos is None) == (name == "iris")


# -- who chooses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("callbacks", "patience", "validated", "expected"),
    [
        ([], None, True, [BestEpoch]), ([], None, False, []), ([], 3, True, [EarlyStopping]),
        ([BestEpoch(monitor="loss")], None, True, [BestEpoch]),
        ([BestEpoch(monitor="loss")], 3, False, [EarlyStopping]),
    ],
)  # fmt: skip
def test_who_chooses_the_epoch(callbacks: Any, patience: Any, validated: bool, expected: list[type]) -> None:
    trainer: Any = SimpleNamespace(callbacks=list(callbacks), history=[], best_epoch=None, epochs=0)
    for callback in trainer.callbacks:
        callback.choice = lambda trainer: (1, "loss")
    add_chooser(trainer, patience, validated)
    assert [type(callback) for callback in trainer.callbacks] == expected
    if expected == [EarlyStopping]:
        assert trainer.callbacks[0].patience == 3
        assert trainer.callbacks[0].monitor == ("loss" if callbacks else None)


def test_patience_needs_something_to_compare() -> None:
    trainer: Any = SimpleNamespace(callbacks=[])
    with pytest.raises(ConfigError, match=r"train\.patience: epochs are compared on validation samples"):
        add_chooser(trainer, 3, False)
    stopping = EarlyStopping(patience=2)
    trainer.callbacks.append(SimpleNamespace(choice=lambda trainer: None))
    trainer.callbacks.append(stopping)
    stopping.choice = lambda trainer: (1, "loss")  # type: ignore[method-assign]
    with pytest.raises(ConfigError, match="chosen by EarlyStopping already"):
        add_chooser(trainer, 3, True)
    add_chooser(trainer, None, True)
    assert len(trainer.callbacks) == 2


# -- the folder ------------------------------------------------------------------------------------------------------


def test_lines_of_epochs(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert folder.epochs() == []
    folder.append_epochs([{"epoch": n} for n in (1, 2, 3)])
    with folder.metrics.open("a") as file:
        file.write('{"epoch": 4')
    assert folder.epochs() == [{"epoch": 1}, {"epoch": 2}, {"epoch": 3}]
    folder.keep_epochs(2)
    assert folder.metrics.read_text() == '{"epoch": 1}\n{"epoch": 2}\n'
    for line in ("{}", "[]", '{"epoch": true}', '{"epoch": 1.0}', "{", '"epoch"'):
        folder.metrics.write_text(f'{{"epoch": 1}}\n{line}\n')
        with pytest.raises(DataError, match=r"metrics\.jsonl, line 2: expected the figures of an epoch as JSON"):
            folder.epochs()


def test_a_folder_is_occupied_by_anything_but_leftovers(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "a" / "run")
    folder.check_free()
    folder.create()
    folder.create()
    folder.check_free()
    folder.experiment.touch()
    go_on = rf", or continue the run in it: pellucid train --resume --out {folder.path}\.$"
    for files, option, remedy in [
        ([folder.experiment], "--out", rf"Choose another --out{go_on}"),
        ([folder.experiment], "--output", r"Choose another --output\.$"),
        ([folder.experiment, folder.model], "--out", r"Choose another --out\.$"),
        ([folder.experiment, folder.model, folder.checkpoint], "--out", rf"Choose another --out{go_on}"),
        ([folder.checkpoint], "--out", r"Choose another --out\.$"),
    ]:  # fmt: skip
        for file in folder.path.iterdir():
            file.unlink()
        for file in files:
            file.touch()
        with pytest.raises(ConfigError, match=remedy):
            folder.check_free(option)


def test_what_can_be_resumed(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    with pytest.raises(ConfigError, match=r"holds no run that can be continued: experiment\.toml is missing"):
        folder.check_resumable()
    folder.experiment.touch()
    folder.metrics.touch()
    folder.check_resumable()  # only begun
    for learned in (folder.metrics, folder.model, folder.summary):
        learned.write_text("x")
        with pytest.raises(ConfigError, match=r"checkpoint\.safetensors is missing"):
            folder.check_resumable()
        learned.write_text("") if learned is folder.metrics else learned.unlink()
    folder.checkpoint.touch()
    folder.check_resumable()
    folder.experiment.unlink()
    with pytest.raises(ConfigError, match=r"experiment\.toml is missing"):
        folder.check_resumable()
