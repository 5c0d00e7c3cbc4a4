"""Names of columns and of classes are compared wherever they meet: what stands elsewhere is found, or refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.interfaces.names import column_names, renumbered, reordered

X = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
Y = np.digitize(X[:, 0], [-0.4, 0.4])
ABC = ("a", "b", "c")


class Frame:
    """What a data frame of pandas or polars shows of itself."""

    def __init__(self, values: np.ndarray, columns: Any) -> None:
        self.values, self.columns = values, list(columns)

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        return self.values


class ArrowTable(Frame):
    """What a table of pyarrow shows: its columns are values."""

    def __init__(self, values: np.ndarray, columns: Any) -> None:
        super().__init__(values, values.T)
        self.names = columns

    @property
    def column_names(self) -> list[str]:
        return list(self.names)


def in_order(order: str) -> np.ndarray:
    """The columns of X in another order."""
    return X[:, ["abc".index(name) for name in order]].copy()


def split(order: str = "abc", classes: str = "rst") -> pl.Split:
    """The same samples with columns in another order, and labels numbered in another."""
    return pl.Split(
        in_order(order), np.array([classes.index("rst"[label]) for label in Y]), tuple(classes), tuple(order)
    )


def trained(data: Any = None, epochs: int = 20) -> pl.Trainer:
    model = pl.build("dense", units=3, input_shape=(3,), seed=0, backend="reference")
    optimizer = {"type": "adam", "lr": 0.1}
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", optimizer=optimizer, metrics=["accuracy"], seed=0)
    data = split() if data is None else data
    trainer.fit(pl.Splits(data, data, data, ("standardize",)) if isinstance(data, pl.Split) else data, epochs=epochs)
    return trainer


@pytest.fixture(scope="module")
def trainer() -> pl.Trainer:
    return trained()


# -- the model and what it meets -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("order", "classes"), [("abc", "rst"), ("cba", "rst"), ("abc", "tsr"), ("bca", "srt")])
def test_figures_do_not_depend_on_the_order_of_names(trainer: pl.Trainer, order: str, classes: str) -> None:
    data = split(order, classes)
    expected = trainer.evaluate((X, Y))
    assert trainer.evaluate(data) == expected and expected["accuracy"] > 0.8
    assert trainer.evaluate(pl.Splits(split(), split(), data)) == expected


def test_a_validation_set_of_another_order_is_no_other() -> None:
    other = trained(pl.Splits(split(), split("cba", "tsr"), split()))
    assert (
        other.history["validation_accuracy"]
        == trained(pl.Splits(split(), split(), split())).history["validation_accuracy"]
    )
    assert other.model.runtime.classes == ("r", "s", "t")


@pytest.mark.parametrize("frame", [Frame, ArrowTable])
def test_columns_of_a_data_frame_are_found_by_their_names(frame: Callable[..., Any]) -> None:
    trainer = trained((frame(X, ABC), Y))
    assert trainer.model.runtime.metadata["features"] == ["a", "b", "c"]
    turned = frame(in_order("cab"), "cab")
    assert trainer.evaluate((turned, Y)) == trainer.evaluate((X, Y))
    assert np.array_equal(trainer.model.predict(turned), trainer.model.predict(X))
    for use in (lambda x: trainer.model.predict(x), lambda x: trainer.evaluate((x, Y)), lambda x: trainer.fit((x, Y))):
        with pytest.raises(pl.DataError, match=r"not those of .* Expected: a, b, c\. Received: a, b, d"):
            use(frame(X, "abd"))


def test_columns_of_targets_are_found_by_the_names_of_their_classes() -> None:
    one_hot = np.eye(3, dtype=np.float32)[Y]
    trainer = trained((X, Frame(one_hot, "rst")))
    assert trainer.model.runtime.classes == ("r", "s", "t")
    turned = Frame(one_hot[:, [2, 0, 1]], "trs")
    assert trainer.evaluate((X, turned)) == trainer.evaluate((X, one_hot))
    with pytest.raises(pl.DataError, match="Missing: s"):
        trainer.evaluate((X, Frame(one_hot[:, [2, 0]], "tr")))


def test_columns_of_numbers_are_no_labels() -> None:
    """A frame of counts, in whole numbers from 0 on: they must not be numbered anew as if they were classes."""
    counts = np.abs(X * 2).astype(np.int64).clip(0, 2)
    trainer = pl.Trainer(pl.build("dense", units=3, input_shape=(3,), seed=0, backend="reference"), loss="mse", seed=0)
    trainer.fit((X, Frame(counts, "rst")), verbose=False)
    assert trainer.evaluate((X, Frame(counts[:, ::-1], "tsr"))) == trainer.evaluate((X, counts))


def test_names_of_a_frame_stay_with_their_columns() -> None:
    turned = pl.Split(Frame(in_order("cba"), "cba"), Frame(np.eye(3)[Y][:, ::-1], "tsr"), tuple("rst"), ABC)
    assert (turned.features, turned.classes) == (("c", "b", "a"), ("t", "s", "r"))
    data = pl.Split(X, np.eye(3)[Y], tuple("rst"), ABC)
    assert trained(data).evaluate(turned) == trained(data).evaluate(data)


class Sum(pl.Composite):
    """Of two inputs."""

    def __init__(self) -> None:
        self.first, self.second = pl.Dense(3), pl.Dense(3)

    def call(self, ctx: pl.Context, x: Any, z: Any) -> Any:
        return self.first(x) + self.second(z)


@pytest.mark.parametrize("use", [
    lambda trainer, x: trainer.fit((x, Y), verbose=False), lambda trainer, x: trainer.evaluate((x, Y)),
    lambda trainer, x: trainer.train_step(x, Y), lambda trainer, x: trainer.model.predict(x),
])  # fmt: skip
def test_of_several_inputs_only_the_first_has_names(use: Callable[..., Any]) -> None:
    trainer = pl.Trainer(pl.build(Sum(), input_shape=((3,), (3,)), seed=0), loss="softmax_cross_entropy", seed=0)
    use(trainer, (Frame(X, ABC), X))
    with pytest.raises(pl.DataError, match=r"only the first may be a data frame.*frame\.to_numpy\(\)"):
        use(trainer, (Frame(X, ABC), Frame(X, ABC)))


@pytest.mark.parametrize("learn", [
    lambda trainer, data: trainer.fit(data, verbose=False),
    lambda trainer, data: trainer.fit((Frame(data.x, data.features), data.y), verbose=False),
    lambda trainer, data: trainer.train_step(Frame(data.x, data.features), data.y),
])  # fmt: skip
def test_nothing_is_learned_from_columns_of_another_order(learn: Callable[..., Any]) -> None:
    trainer = trained(epochs=1)
    before = trainer.model.runtime.arena.data.copy()
    with pytest.raises(pl.DataError, match=r"Expected: a, b, c\. Received: c, b, a.* order matters where"):
        learn(trainer, split("cba"))
    assert trainer.model.runtime.metadata["features"] == ["a", "b", "c"]
    assert np.array_equal(trainer.model.runtime.arena.data, before)


def test_training_goes_on_with_the_numbers_of_the_model() -> None:
    part = np.flatnonzero(Y > 0)
    as_known, as_named = trained(epochs=2), trained(epochs=2)
    as_known.fit((X[part], Y[part]), epochs=2)
    as_named.fit(pl.Split(X[part], Y[part] - 1, ("s", "t"), ABC), epochs=2)
    assert np.array_equal(as_known.model.runtime.arena.data, as_named.model.runtime.arena.data)
    assert as_named.model.runtime.classes == ("r", "s", "t")


def test_a_class_that_the_model_does_not_know_is_refused(trainer: pl.Trainer) -> None:
    data = pl.Split(X, Y, ("s", "t", "u"), ABC)
    for use in (trainer.evaluate, trainer.fit):
        with pytest.raises(pl.DataError, match=r"row \d+ .*unknown class 'u'.* The classes of .* are: r, s, t"):
            use(data)
    few = data.take(np.flatnonzero(Y < 2))  # a name that no sample has does no harm
    assert trainer.evaluate(few) == trainer.evaluate((few.x, few.y + 1))


def test_names_of_data_that_was_refused_are_not_kept() -> None:
    model = pl.build("dense", units=2, input_shape=(3,), seed=0, backend="reference")
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", seed=0)
    with pytest.raises(pl.DataError, match="from 0 to 1, as the model has 2 outputs"):
        trainer.fit(split())  # three classes for two outputs
    assert model.runtime.classes is None and "features" not in model.runtime.metadata


def test_names_that_are_not_as_many_as_columns_are_refused() -> None:
    with pytest.raises(pl.DataError, match=r"Received: a, b, for an array of shape \(60, 3\)"):
        trained(pl.Split(X, Y, features=("a", "b")))


@pytest.mark.parametrize("order", ["abc", "cba"])
def test_names_live_in_the_file_of_the_model(trainer: pl.Trainer, tmp_path: Path, order: str) -> None:
    pl.save(trainer.model, tmp_path / "m.safetensors")
    loaded = pl.load(tmp_path / "m.safetensors", backend="reference")
    assert np.array_equal(loaded.predict(Frame(in_order(order), order)), trainer.model.predict(X))
    again = pl.Trainer(loaded, metrics=["accuracy"], seed=0)
    assert again.evaluate(split(order, "tsr")) == trainer.evaluate((X, Y))


def test_labels_that_mean_nothing_to_a_model_are_left_alone() -> None:
    model = pl.build("dense", units=3, input_shape=(3,), seed=0, backend="reference")
    trainer = pl.Trainer(model, objective=Itself(), seed=0)
    trainer.fit(split())
    other = pl.Split(X, Y, ("u", "v", "w"), ABC)
    assert trainer.evaluate(other) == trainer.evaluate(split())
    trainer.fit(other)
    assert model.runtime.classes == ("r", "s", "t")


class Itself(pl.Objective):
    """Compares an output with its input, as an autoencoder does."""

    def __init__(self) -> None:
        self.loss = pl.MSE()

    def forward(self, ctx: pl.Context, model: pl.Layer, batch: pl.Batch) -> Any:
        child = ctx.child("loss")
        loss = self.loss.forward(child, model.forward(ctx.child("model", (False,)), *batch.inputs), batch.x)
        ctx.count = child.count
        return loss

    def backward(self, ctx: pl.Context, model: pl.Layer) -> None:
        model.backward(ctx.child("model"), self.loss.backward(ctx.child("loss")))


# -- a data set and its parts ----------------------------------------------------------------------------------------


class Parts(pl.Dataset):
    """A data set whose test and validation sets name things in another order."""

    def load(self, rng: np.random.Generator) -> pl.Split:
        return split()

    def load_test(self) -> pl.Split:
        return split("cba", "str")

    def load_validation(self) -> pl.Split:
        return split("bac", "tsr")


def test_parts_of_a_data_set_name_things_alike() -> None:
    parts = Parts().splits()
    for part in (parts.validation, parts.test):
        assert np.array_equal(part.x, X) and np.array_equal(part.y, Y)
        assert (part.classes, part.features) == (("r", "s", "t"), ABC)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def csv(file: str, labels: list[str]) -> str:
    Path(file).write_text("a,y\n" + "".join(f"{i},{label}\n" for i, label in enumerate(labels)))
    return file


@pytest.mark.parametrize(("train", "test", "numbers"), [
    (["1", "2", "x"], ["2", "1", "2"], [1, 0, 1]),  # words in one file, numbers in the other
    (["1", "2", "x"], ["2.0", "1.0"], [1, 0]),
    (["x", "y", "z"], ["0", "2", "1"], [0, 2, 1]),  # no names: numbers
])  # fmt: skip
def test_a_class_has_one_number_in_all_files(
    folder: Path, train: list[str], test: list[str], numbers: list[int]
) -> None:
    files = {"train": csv("train.csv", train * 3), "test": csv("test.csv", test)}
    parts = pl.load_dataset("files", **files, target="y", validation=0)
    assert parts.test.y.tolist() == numbers and parts.test.classes == parts.classes == tuple(train)


@pytest.mark.parametrize(("labels", "row", "unknown"), [("13", 1, "3"), ("10", 1, "0"), ("1y", 1, "y"), ("00", 0, "0")])
def test_a_class_of_another_file_that_training_lacks(folder: Path, labels: str, row: int, unknown: str) -> None:
    files = {"train": csv("train.csv", ["1", "2", "x"] * 3), "test": csv("test.csv", list(labels))}
    with pytest.raises(pl.DataError, match=f"test.csv, row {row} .*unknown class '{unknown}'.*1, 2, x"):
        pl.load_dataset("files", **files, target="y", validation=0)


def npz(file: str, y: Any, classes: Any = None) -> str:
    np.savez(
        file, x=np.zeros((len(y), 2)), y=np.array(y), **({} if classes is None else {"classes": np.array(classes)})
    )
    return file


@pytest.mark.parametrize(("test", "classes", "numbers"), [
    ([0, 1], ["yes", "no"], [1, 0]),  # the names of another file, in another order
    ([0, 0], ["yes"], [1, 1]),
    (["yes", "no"], None, [1, 0]),
    ([0, 1], None, [0, 1]),
])  # fmt: skip
def test_the_classes_of_an_array_are_those_that_it_names(
    folder: Path, test: Any, classes: Any, numbers: list[int]
) -> None:
    files = {"train": npz("train.npz", [0, 1] * 4, ["no", "yes"]), "test": npz("test.npz", test, classes)}
    assert pl.load_dataset("files", **files, validation=0).test.y.tolist() == numbers


def test_numbers_in_an_array_that_may_be_names_are_refused(folder: Path) -> None:
    files = {"train": npz("train.npz", [0, 1, 2] * 3, ["1", "2", "x"]), "test": npz("test.npz", [1, 2])}
    with pytest.raises(pl.DataError, match=r"test\.npz: the labels 1, 2 may be names of classes or their numbers"):
        pl.load_dataset("files", **files, validation=0)
    digits = {"train": npz("digits.npz", [0, 1, 2] * 3, ["0", "1", "2"]), "test": npz("test.npz", [1, 2])}
    assert pl.load_dataset("files", **digits, validation=0).test.y.tolist() == [1, 2]


# -- the mechanism ---------------------------------------------------------------------------------------------------


def test_what_has_no_names() -> None:
    table = np.zeros(2, [("columns", "f4")]).view(np.recarray)
    assert [column_names(x) for x in (X, table, [[1, 2]], None)] == [None] * 4
    assert column_names(Frame(X, range(3))) == ("0", "1", "2")


def test_names_may_be_any_sequence() -> None:
    assert reordered(X, np.array(["c", "b", "a"]), ["a", "b", "c"], "x").tolist() == X[:, ::-1].tolist()
    with pytest.raises(pl.DataError, match="not those of the training data"):
        reordered(X, ["a", "a", "b"], ["b", "a", "a"], "x")  # which a is which?


def test_a_class_that_two_numbers_have_is_not_known() -> None:
    with pytest.raises(pl.DataError, match="unknown class 'r'"):
        renumbered(np.array([0, 1]), ("s", "r"), ("r", "s", "r"), "y")


def test_a_label_without_a_name_is_no_class_even_where_names_are_equal() -> None:
    with pytest.raises(pl.DataError, match=r"In the training data, row 0 .*unknown class '2'.* are: r, s"):
        trained(pl.Split(X, 2 - Y * 0, ("r", "s")))
    assert renumbered(np.array([0, 2]), "rrs", "rrs", "y").tolist() == [0, 2]


@pytest.mark.parametrize(("y", "expected"), [
    (np.array([0, 1, 1], np.uint8), [2, 0, 0]),
    (np.array([False, True, True]), [2, 0, 0]),
    (np.array([0.0, 1.0, 1.0]), [2.0, 0.0, 0.0]),
    (np.array([[[0], [1]], [[1], [0]]]), [[[2], [0]], [[0], [2]]]),  # a label for each pixel
])  # fmt: skip
def test_labels_of_all_kinds_are_numbered_anew(y: np.ndarray, expected: list[Any]) -> None:
    assert renumbered(y, ("t", "r"), ("r", "s", "t"), "y").tolist() == expected


@pytest.mark.parametrize("y", [
    np.array([[0, 1], [1, 0], [1, 1]]), np.array([[0.2, 0.8], [1, 0]]), np.array([[True, False]]),
    np.array([[[0.2, 0.8], [0.5, 0.5]]]),
])  # fmt: skip
def test_columns_of_classes_are_put_in_order(y: np.ndarray) -> None:
    assert renumbered(y, ("t", "r"), ("r", "t"), "y").tolist() == y[..., ::-1].tolist()


@pytest.mark.parametrize(("y", "name"), [
    (np.array([1, 0, 2]), "2"), (np.array([0, -1]), "-1"), (np.array([0.25, 1.0]), "0.25"), (np.array([1, 2, 0]), "2"),
])  # fmt: skip
def test_a_number_that_is_no_class(y: np.ndarray, name: str) -> None:
    with pytest.raises(pl.DataError, match=f"unknown class '{name}'"):
        renumbered(y, ("t", "r"), ("r", "s", "t"), "y")
