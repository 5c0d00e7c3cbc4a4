"""Numbers and arrays that come in: what means numbers is taken, all else is one clear error, at every entrance."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.checks import as_python, is_number
from pellucid.ops.threads import get_num_threads
from pellucid.saving.checkpoint import restore_checkpoint, save_checkpoint
from pellucid.saving.files import to_json

X = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
Y = np.arange(12) % 3
MASKED = np.ma.masked_array(X, X[5, 1] == X)


class Sparse:
    """What NumPy sees of a matrix of scipy.sparse: an object."""

    shape, dtype = (12, 4), np.dtype("float32")

    def toarray(self) -> np.ndarray:
        return X


class Mean(pl.Metric):
    """Mean of all predictions, of whatever type."""

    def __init__(self, of: Any = np.float32) -> None:
        self.of = of

    def reset(self) -> None:
        pass

    def update(self, prediction: Any, target: Any, weight: Any = None) -> None:
        self.found = self.of(prediction.mean())

    def result(self) -> Any:
        return self.found


def model() -> pl.Layer:
    return pl.build("dense", units=3, input_shape=(4,), seed=0, backend="reference")


def trainer(**options: Any) -> pl.Trainer:
    return pl.Trainer(model(), loss="softmax_cross_entropy", **{"seed": 0, **options})


ENTRANCES: dict[str, Callable[[Any], Any]] = {
    "fit": lambda x: trainer().fit((x, Y), verbose=False),
    "fit(x, y)": lambda x: trainer().fit(x, Y, verbose=False),
    "validation": lambda x: trainer().fit((X, Y), validation=(x, Y), verbose=False),
    "targets": lambda x: pl.Trainer(pl.build("dense", units=4, input_shape=(4,)), loss="mse").fit(
        (X, x), verbose=False
    ),
    "Split": lambda x: pl.Split(x, Y),
    "several inputs": lambda x: pl.Split((X, x), Y),
    "train_step": lambda x: trainer().train_step(x, Y),
    "evaluate": lambda x: trainer().evaluate(x, Y),
    "predict": lambda x: model().predict(x),
    "codes": lambda x: pl.as_codes(model(), x, 4),
    "pictures": lambda x: pl.pictures.as_images(x, (2, 2)),
}
REFUSED: dict[str, tuple[Any, str]] = {
    "masked": (MASKED, r"has masked entries: 1, the first at \(5, 1\) .*x\.filled"),
    "rows that are masked": (list(MASKED), r"has masked entries: 1, the first at \(5, 1\)"),
    "ragged": (
        [[1, 2, 3, 4], [1]] * 6,
        r"with rows of one length. Received: a list, of which NumPy says: .*sequence\.",
    ),
    "sparse": (Sparse(), r"It is sparse: give x\.toarray\(\)"),
    "complex": (X * 1j, r"must hold real numbers. Received: dtype complex64"),
    "texts": (np.full((12, 4), "a"), r"Received: dtype <U1, with .*'a'.*numpy\.unique"),
    "a missing entry": ([[1, 2, 3, None]] * 12, r"Received: dtype object, with None\. Every entry must be a number"),
    "a table": ({"a": X}, r"Received: dtype object, with \{.a.|Received: a table of a"),
    "dates": (X.astype("datetime64[s]"), r"Received: dtype datetime64\[s\]"),
    "objects": (X.astype(object), r"Received: dtype object\. All its entries are numbers.*x\.astype\(float\)"),
    "an int beyond floats": ([[10**400, 1, 2, 3]] * 12, r"must hold real numbers"),
}


@pytest.mark.parametrize("entrance", ENTRANCES)
@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.filterwarnings("error")
def test_what_means_no_numbers_is_refused_at_every_entrance(entrance: str, what: str) -> None:
    given, message = REFUSED[what]
    with pytest.raises(pl.DataError, match=message):
        ENTRANCES[entrance](given)


@pytest.mark.parametrize("weight", [["a"] * 12, {0: 1.0}, np.ones(12, complex), [[1, 2], [3]] * 6, [None] * 12,
                                    np.ma.masked_array(np.ones(12), Y == 2)], ids=str)  # fmt: skip
def test_sample_weights_that_are_no_numbers(weight: Any) -> None:
    with pytest.raises(pl.DataError, match="The array of sample weights"):
        trainer().fit((X, Y), sample_weight=weight, verbose=False)


@pytest.mark.parametrize(
    "same",
    [X.tolist(), np.ma.masked_array(X), list(X), np.asfortranarray(X), X.astype(">f8")],
    ids=["lists", "nothing masked", "rows", "columns in order", "big-endian"],
)
def test_what_means_numbers_trains_to_the_same_bits(same: Any) -> None:
    def trained(x: Any, y: Any) -> np.ndarray:
        one = trainer()
        one.fit(x, y, batch_size=5, verbose=False)
        return one.runtime.arena.data

    wanted = trainer()
    wanted.fit((X, Y), batch_size=5, verbose=False)
    np.testing.assert_array_equal(trained(same, Y), wanted.runtime.arena.data)
    np.testing.assert_array_equal(trained(same, Y.tolist()), wanted.runtime.arena.data)


def test_the_error_says_which_data_is_meant() -> None:
    with pytest.raises(pl.DataError, match=r"In the validation data: y must hold real numbers"):
        trainer().fit((X, Y), validation=(X, list("abcabcabcabc")), verbose=False)
    with pytest.raises(pl.DataError, match=r"Data must be a data set, the name of one, or a pair"):
        trainer().fit(X)


def test_a_parameter_takes_what_means_an_array_of_its_shape() -> None:
    bias = model().bias
    for value in ([1, 2, 3], (1.0, 2.0, 3.0), np.array([1, 2, 3]), np.ma.masked_array([1, 2, 3])):
        bias.data = 0 * X[0, :3]
        bias.data = value
        assert bias.data.tolist() == [1, 2, 3]
    bias.grad = [4, 5, 6]
    assert bias.grad.tolist() == [4, 5, 6]
    for attribute in ("data", "grad"):
        with pytest.raises(pl.ShapeError, match=r"'bias' holds an array of shape \(3,\)\. Received: \(2,\)"):
            setattr(bias, attribute, [1, 2])
        for wrong in (np.ones(3) * 1j, None, "abc", [[1], [1, 2]], np.ma.masked_array([1, 2, 3], [0, 0, 1])):
            with pytest.raises(pl.DataError, match="The value of parameter 'bias'"):
                setattr(bias, attribute, wrong)


def test_names_of_classes_and_features_may_stand_in_arrays() -> None:
    split = pl.Split(X, Y, classes=np.array(["p", "q", "r"]), features=np.arange(4))
    assert split.classes == ("p", "q", "r") and split.features == ("0", "1", "2", "3")
    assert {type(name) for name in (*split.classes, *split.features)} == {str}
    assert split.take(np.array([1])).classes == split.classes


@pytest.mark.parametrize("option", [
    {"seed": np.int64(3)}, {"clip_norm": np.float32(1)}, {"accumulate": np.int64(2)},
    {"optimizer": {"type": "adam", "lr": np.float32(0.01)}}, {"metrics": [Mean()]},
], ids=lambda option: next(iter(option)))  # fmt: skip
def test_a_run_with_numbers_of_numpy_is_saved_and_goes_on(tmp_path: Path, option: dict[str, Any]) -> None:
    first = trainer(**option)
    first.fit((X, Y), validation=(X, Y), epochs=np.int64(2), batch_size=np.int32(5), verbose=False)
    save_checkpoint(first, tmp_path / "c.safetensors")
    again = trainer(**option)
    restore_checkpoint(again, tmp_path / "c.safetensors")
    assert again.history[-1] == json.loads(to_json(first.history[-1]))
    again.fit((X, Y), validation=(X, Y), batch_size=5, verbose=False)
    assert again.epochs == 3


def test_a_model_built_of_numbers_of_numpy_is_saved(tmp_path: Path) -> None:
    one = pl.build("dense", units=np.int32(3), use_bias=np.bool_(True), input_shape=np.array([4]), seed=np.uint8(7))
    one.runtime.metadata["found"] = {"scale": np.float32(0.5), "sizes": np.arange(3)}
    pl.save(one, tmp_path / "m.safetensors")
    again = pl.load(tmp_path / "m.safetensors")
    assert again.runtime.metadata["found"] == {"scale": 0.5, "sizes": [0, 1, 2]}
    assert pl.to_config(again) == pl.to_config(model())
    one.runtime.metadata["found"] = object()
    with pytest.raises(pl.CheckpointError, match=r"A file can hold numbers, texts.*Received: <object"):
        pl.save(one, tmp_path / "m.safetensors")


@pytest.mark.parametrize("path", [None, 3, b"m.safetensors"])
def test_what_is_no_path_is_refused(path: Any) -> None:
    for use in (lambda: pl.save(model(), path), lambda: pl.load(path)):
        with pytest.raises(pl.CheckpointError, match="A file is named by its path"):
            use()


@pytest.mark.parametrize("of", [np.float32, np.float64, float, np.asarray, lambda mean: np.int64(mean)])
def test_a_figure_is_a_float(of: Any) -> None:
    assert type(trainer(metrics=[Mean(of)]).evaluate((X, Y))["mean"]) is float


@pytest.mark.parametrize("of", [lambda mean: None, lambda mean: [mean], np.atleast_1d, str, lambda mean: mean * 1j])
def test_a_metric_that_finds_no_number_is_named(of: Any) -> None:
    with pytest.raises(pl.ConfigError, match=r"Mean\.result must return a number.* Received: "):
        trainer(metrics=[Mean(of)]).evaluate((X, Y))


class Factor(pl.Schedule):
    def __init__(self, factor: Any) -> None:
        self.factor = factor

    def __call__(self, step: int, total: int) -> Any:
        return self.factor


@pytest.mark.parametrize("factor", [None, "a", np.ones(1), np.ones(3), float("nan"), float("inf"), -1.0, 1j, True])
def test_a_schedule_that_gives_no_factor_is_named_before_a_weight_is_touched(factor: Any) -> None:
    one = trainer(schedule=Factor(factor))
    before = one.runtime.arena.data.copy()
    with pytest.raises(pl.ConfigError, match=r"The 'factor' of Factor must be a float in \[0, inf\)\. Received: "):
        one.fit(X, Y, verbose=False)
    np.testing.assert_array_equal(one.runtime.arena.data, before)


@pytest.mark.parametrize("factor", [np.float32(0.5), 1, np.float64(0.5)])
def test_a_schedule_may_give_numbers_of_numpy(factor: Any) -> None:
    trainer(schedule=Factor(factor)).fit(X, Y, verbose=False)


@pytest.mark.parametrize("names", ["abc", 3, {"b", "a"}, {0: "a", 1: "b"}])  # sets have no order
def test_names_stand_in_a_list(names: Any) -> None:
    for attribute in ("classes", "features"):
        with pytest.raises(pl.DataError, match="stand in a list, one text each"):
            pl.Split(X, Y, **{attribute: names})


@pytest.mark.parametrize("dtype", [np.float64, np.dtype("float64"), "float64"])
def test_a_type_may_be_numpys(dtype: Any) -> None:
    assert pl.build("dense", units=3, input_shape=(4,), dtype=dtype).runtime.dtype == np.float64


def test_arguments_by_name_are_read_from_arrays() -> None:
    assert pl.create("optimizer", "adam", lr=np.array(0.5)).lr == 0.5
    assert pl.create("layer", "dense", units=np.float64(3).astype(int), use_bias=np.bool_(False)).use_bias is False
    assert pl.create("layer", "reshape", shape=np.array([2, 2])).arguments() == {"shape": [2, 2]}
    assert (
        pl.load_dataset("iris", validation=np.int64(30), test=np.float32(0.2), seed=np.int64(1)).validation.y.size == 30
    )
    pl.set_num_threads(np.int64(get_num_threads()))


HUGE = 10**400


@pytest.mark.parametrize("use", [
    lambda: pl.build("dense", units=HUGE, input_shape=(4,)), lambda: pl.create("optimizer", "adam", lr=HUGE),
    lambda: pl.Adam(lr=HUGE), lambda: trainer(clip_norm=HUGE), lambda: pl.build("dense", units=3, input_shape=(HUGE,)),
    lambda: pl.create("layer", "dropout", rate=Fraction(HUGE)), lambda: model_seeded(HUGE),
])  # fmt: skip
def test_numbers_beyond_all_bounds_are_refused(use: Callable[[], Any]) -> None:
    with pytest.raises(pl.ConfigError):
        use()


def model_seeded(seed: int) -> pl.Layer:
    return pl.build("dense", units=3, input_shape=(4,), seed=seed)


def test_numbers_as_python_has_them() -> None:
    values = (np.float32(1), np.int8(1), np.bool_(True), np.str_("a"), np.ones(2), 1)
    assert [type(as_python(value)) for value in values] == [float, int, bool, str, list, int]
    assert [is_number(value) for value in (1, 1.5, np.float16(1), Fraction(1, 3), float("nan"))] == [True] * 5
    assert [is_number(value) for value in (True, 1j, "1", None, HUGE, np.ones(1))] == [False] * 6
    assert (
        to_json({"a": np.float32(0.5), "b": np.arange(2), "c": [np.float32("nan")]})
        == '{"a": 0.5, "b": [0, 1], "c": [null]}'
    )


def test_autodiff_takes_integers_of_numpy_and_no_masks() -> None:
    two = np.int64(2)
    assert pl.grad(lambda x: np.sum(np.repeat(x, two)))(np.ones(2)).tolist() == [2, 2]
    assert pl.grad(lambda x: np.sum(np.split(x, two)[0]))(np.ones(2)).tolist() == [1, 0]
    assert pl.grad(lambda x, y: x * y, argnums=np.int64(1))(3.0, 1.0) == 3
    with pytest.raises(pl.DataError, match="Argument 0 of the differentiated function has masked entries"):
        pl.grad(lambda x: np.sum(x * x))(np.ma.masked_array([1.0, 2.0], [0, 1]))
