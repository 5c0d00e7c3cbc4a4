"""Transforms: their equations, what they learn, how that is saved, and what they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.errors import CheckpointError, ConfigError, DataError
from pellucid.interfaces.transform import Transform, as_read
from pellucid.saving.checkpoint import restore_checkpoint, save_checkpoint
from pellucid.standard.transforms import FlattenSamples, Scale, Standardize

RNG = np.random.default_rng(0)


class Center(Transform):
    """The example in the documentation of Transform."""

    fitted = ("mean",)

    def fit(self, x: np.ndarray) -> None:
        self.mean = x.mean(axis=0)

    def apply(self, x: np.ndarray) -> np.ndarray:
        return x - self.mean


def every() -> list[Transform]:
    return [Standardize(), Scale(2.0, -1.0), FlattenSamples(), Center()]


@pytest.mark.parametrize("transform", every(), ids=lambda t: type(t).__name__)
@pytest.mark.parametrize("shape", [(3,), (2, 2), (1, 2, 3)])
def test_shape_rule_dtype_and_read_only_input(transform: Transform, shape: tuple[int, ...]) -> None:
    for dtype in (np.float32, np.float64):
        x = RNG.normal(size=(6, *shape)).astype(dtype)
        x.flags.writeable = False
        transform.fit(x)
        y = transform.apply(x)
        assert y.shape == (6, *transform.output_shape(shape))
        assert y.dtype == dtype
        assert transform.apply(x[:0]).shape == (0, *transform.output_shape(shape))


@pytest.mark.parametrize("transform", every(), ids=lambda t: type(t).__name__)
def test_a_row_is_transformed_by_itself(transform: Transform) -> None:
    x = RNG.normal(size=(6, 3))
    transform.fit(x)
    together = transform.apply(x)
    apart = np.concatenate([transform.apply(x[i : i + 1]) for i in range(6)])
    np.testing.assert_array_equal(together, apart)


@pytest.mark.parametrize("transform", every(), ids=lambda t: type(t).__name__)
def test_state_round_trip(transform: Transform) -> None:
    x = RNG.normal(size=(6, 3)).astype(np.float32)
    transform.fit(x)
    state = transform.state()
    again = type(transform)(**transform.arguments())
    again.restore(state)
    np.testing.assert_array_equal(again.apply(x), transform.apply(x))
    for array in state.values():
        array[...] = np.nan  # the restored transform has memory of its own
    assert np.isfinite(again.apply(x)).all()


TRANSFORMS = [Standardize(), Scale(2.0, -1.0), FlattenSamples()]


@pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda t: type(t).__name__)
def test_equations_describe_the_code(transform: Transform) -> None:
    x = RNG.normal(size=(6, 3))
    transform.fit(x)
    (equation,) = (e for e in transform.equations if e.of == "y")
    names = {symbol: getattr(transform, attribute) for symbol, attribute in transform.symbols.items()}
    np.testing.assert_allclose(transform.apply(x), eval(equation.python, {"x": x, "len": len, **names}), rtol=1e-12)


def test_standardized_columns_have_mean_0_and_deviation_1() -> None:
    x = RNG.normal([5.0, -3.0, 1e6], [2.0, 0.1, 1e-2], (500, 3))
    transform = Standardize()
    transform.fit(x)
    y = transform.apply(x)
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-7)
    np.testing.assert_allclose(y.std(axis=0), 1, atol=1e-7)


def test_standardize_agrees_with_an_independent_computation_in_blocks() -> None:
    x = RNG.normal(3.0, 2.0, (3000, 700)).astype(np.float32)  # more than one block
    transform = Standardize()
    transform.fit(x)
    np.testing.assert_allclose(transform.mean, x.mean(axis=0, dtype=np.float64), rtol=1e-12)
    np.testing.assert_allclose(transform.std, x.std(axis=0, dtype=np.float64), rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-307, 1e-200, 1e-163, 1e-20, 1.0, 1e100, 1e155, 1e200, 1e307])
def test_standardize_does_not_depend_on_the_unit(scale: float) -> None:
    x, transform = np.random.default_rng(0).normal(0.5, 1, (500, 2)) * scale, Standardize()
    transform.fit(x)
    y = transform.apply(x)
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(y.std(axis=0), 1, rtol=1e-12)
    np.testing.assert_allclose(transform.inverse(y), x, rtol=1e-9, atol=1e-12 * scale)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_constant_column_becomes_zero(value: float, dtype: type) -> None:
    x = np.stack([np.full(1001, value), np.arange(1001)], axis=1).astype(dtype)
    transform = Standardize()
    transform.fit(x)
    y = transform.apply(x)
    np.testing.assert_array_equal(y[:, 0], 0)
    assert transform.std[0] == 1
    np.testing.assert_allclose(y[:, 1].std(), 1, rtol=1e-5)


def test_whole_numbers_become_floating_point() -> None:
    x = np.arange(12, dtype=np.uint8).reshape(4, 3)
    for transform in (Standardize(), Scale(0.5)):
        transform.fit(x)
        assert transform.apply(x).dtype == np.float32
        transform.fit(x.astype(np.int64))
        assert transform.apply(x.astype(np.int64)).dtype == np.float64
    np.testing.assert_array_equal(Scale(0.5).apply(x)[3], [4.5, 5.0, 5.5])


def test_an_axis_of_unknown_length_stays_unknown() -> None:
    assert FlattenSamples().output_shape((None, 3)) == (None,)
    assert FlattenSamples().output_shape(()) == (1,)


def test_an_unfitted_transform_says_so() -> None:
    for call in (lambda: Standardize().apply(np.ones((2, 3))), Standardize().state):
        with pytest.raises(DataError, match=r"Standardize has not been fitted.*transform\.fit\(x\)"):
            call()


def test_other_columns_than_in_training_are_refused() -> None:
    transform = Standardize()
    transform.fit(np.ones((2, 3)))
    for shape in ((2, 4), (2, 3, 1), (2, 1)):
        with pytest.raises(DataError, match=r"fitted on samples of shape \(3,\)\. Received: samples of shape"):
            transform.apply(np.ones(shape))


def test_a_foreign_state_is_refused() -> None:
    with pytest.raises(CheckpointError, match=r"must hold \['mean', 'std'\]\. Received: \['mean'\]"):
        Standardize().restore({"mean": np.zeros(3)})
    with pytest.raises(CheckpointError, match=r"Scale must hold \[\]"):
        Scale().restore({"mean": np.zeros(3)})


@pytest.mark.parametrize("arguments", [{"factor": 0}, {"factor": np.nan}, {"offset": np.inf}, {"factor": "2"}])
def test_scale_refuses_what_loses_the_data(arguments: dict) -> None:
    with pytest.raises(ConfigError, match="of Scale must"):
        Scale(**arguments)


def test_samples_come_back_in_the_units_of_the_data() -> None:
    x = RNG.normal(5.0, 3.0, (20, 3)).astype(np.float32)
    x[:, 2] = 7.0
    for transform in (Standardize(), Scale(2.0, -1.0)):
        transform.fit(x)
        back = transform.inverse(transform.apply(x))
        np.testing.assert_allclose(back, x, rtol=1e-5)
        assert back.dtype == np.float32


def test_a_transform_that_cannot_be_undone_says_so() -> None:
    with pytest.raises(ConfigError, match=r"FlattenSamples cannot be undone.*a method 'inverse'"):
        FlattenSamples().inverse(np.ones((2, 3)))


def test_a_trained_model_keeps_its_transforms_and_other_ones_are_refused(tmp_path: Path) -> None:
    def data(scale: float, *transforms: pl.Transform | str) -> pl.Splits:
        x = scale * RNG.normal(size=(20, 3)).astype(np.float32)
        return pl.Splits(*(3 * [pl.Split(x, x[:, 0])]), transforms=transforms)

    model = pl.build("dense", input_shape=(3,), units=1, seed=0)
    pl.Trainer(model, loss="mse", seed=0).fit(data(1.0, "standardize", Scale(2)), verbose=False)
    pl.save(model, tmp_path / "model.safetensors")
    for trained in (model, pl.load(tmp_path / "model.safetensors")):
        std = trained.runtime.transforms[0].std.copy()
        trainer = pl.Trainer(trained, loss="mse", seed=0)
        for same in (data(9.0, Standardize(), Scale(2.0)), data(9.0), (data(9.0).train.x, data(9.0).train.y)):
            trainer.fit(same, verbose=False)
        np.testing.assert_array_equal(trained.runtime.transforms[0].std, std)
        for others in (["standardize"], [Scale(2.0), "standardize"], ["standardize", Scale(3.0)]):
            with pytest.raises(ConfigError, match=r"trained with \[Standardize\(\), Scale\(factor=2.* others: \[S"):
                trainer.fit(data(9.0, *others), verbose=False)


def test_a_model_trained_without_transforms_stays_without(tmp_path: Path) -> None:
    x = RNG.normal(size=(20, 3)).astype(np.float32)
    part = pl.Split(x, x[:, 0])
    plain, standardized = pl.Splits(part, part, part), pl.Splits(part, part, part, transforms=["standardize"])
    by_fit, by_steps = (pl.build("dense", input_shape=(3,), units=1, seed=0) for _ in range(2))
    trainer = pl.Trainer(by_fit, loss="mse", seed=0)
    trainer.fit(plain, verbose=False)
    pl.Trainer(by_steps, loss="mse", seed=0).train_step(x, x[:, 0])
    pl.save(by_fit, tmp_path / "model.safetensors")
    save_checkpoint(trainer, tmp_path / "checkpoint.safetensors")
    resumed = pl.Trainer(pl.build("dense", input_shape=(3,), units=1, seed=0), loss="mse", seed=0)
    restore_checkpoint(resumed, tmp_path / "checkpoint.safetensors")
    for model in (by_fit, by_steps, pl.load(tmp_path / "model.safetensors"), resumed.model):
        again = pl.Trainer(model, loss="mse", seed=0)
        with pytest.raises(ConfigError, match=r"trained without any, and stays so\. .* others: \[Standardize\(\)\]"):
            again.fit(standardized, verbose=False)
        again.fit(plain, verbose=False)
        assert model.runtime.transforms == []


@pytest.mark.parametrize(
    ("given", "remedy"),
    [("standardize", r"Put it into brackets: \['standardize'\]"), (None, r"An empty one, \[\], stands")],
)
def test_transforms_are_a_list(given: Any, remedy: str) -> None:
    part = pl.Split(np.zeros((2, 3), np.float32), np.zeros(2))
    trainer = pl.Trainer(pl.build("dense", input_shape=(3,), units=1, seed=0), loss="mse", seed=0)
    with pytest.raises(ConfigError, match=rf"transforms: expected a list\. Received: {given!r}\. {remedy}"):
        trainer.fit(pl.Splits(part, part, part, transforms=given), verbose=False)


def test_a_model_may_bring_transforms_that_stand_after_those_of_the_data() -> None:
    x = RNG.normal(5.0, 3.0, (20, 2, 3)).astype(np.float32)
    for data in (pl.Splits(*(3 * [pl.Split(x, x[:, 0, 0])]), transforms=[Scale(2.0)]), (x, x[:, 0, 0])):
        model = pl.build("dense", input_shape=(6,), units=1, seed=0)
        model.default_transforms = ["flatten", {"type": "standardize"}]
        pl.Trainer(model, loss="mse", seed=0).fit(data, epochs=1, verbose=False)
        assert [type(t).__name__ for t in model.runtime.transforms][-2:] == ["FlattenSamples", "Standardize"]
        assert len(model.runtime.transforms) == (3 if isinstance(data, pl.Splits) else 2)
        assert model.predict(x).shape == (20, 1)


# -- raw tables --------------------------------------------------------------------------------------------------------


class Words(Transform):
    """Rows of words as their lengths; a word that is missing has length 0."""

    takes_missing = True

    def read(self, x: Any) -> np.ndarray | None:
        if not isinstance(x, list):
            return None
        if any(len(row) != 2 for row in x):
            raise DataError("Two words a row.")
        return np.array([[np.nan if word is None else len(word) for word in row] for row in x], float)

    def apply(self, x: np.ndarray) -> np.ndarray:
        return np.nan_to_num(x)


ROWS: list[Any] = [["a", "bcd"], ["ef", None], [None, "g"], ["hij", "k"]]
LENGTHS = np.array([[1, 3], [2, np.nan], [np.nan, 1], [3, 1]])
LABELS = np.array([0, 1, 0, 1])


def test_a_users_own_table_is_read_by_the_first_transform_wherever_it_comes_in() -> None:
    model = pl.build("dense", units=2, input_shape=(2,), seed=0)
    model.runtime.transforms = [Words(), Scale(0.5)]
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", optimizer={"type": "sgd", "lr": 0.0}, seed=0)
    np.testing.assert_array_equal(model.predict(ROWS), model.predict(LENGTHS))
    np.testing.assert_array_equal(model.trace(ROWS)["x"], model.trace(LENGTHS)["x"])
    assert trainer.evaluate((ROWS, LABELS)) == trainer.evaluate(ROWS, LABELS) == trainer.evaluate(LENGTHS, LABELS)
    assert trainer.train_step(ROWS, LABELS) == trainer.train_step(LENGTHS, LABELS)
    first, second = (
        pl.Trainer(model, loss="softmax_cross_entropy", optimizer={"type": "sgd", "lr": 0.0}, seed=0).fit(
            data, validation=(ROWS, LABELS), verbose=False
        )
        for data in ((ROWS, LABELS), (LENGTHS, LABELS))
    )
    assert first.records == second.records
    with pytest.raises(DataError, match="Two words a row"):
        model.predict([["a"]])


def test_of_several_inputs_the_first_is_read() -> None:
    model = pl.build("dense", units=1, input_shape=(2,), seed=0)
    model.runtime.transforms = [Words()]
    with pytest.raises(pl.ShapeError, match=r"takes 1 input"):
        model.predict((ROWS, LENGTHS))
    assert as_read([Words()], (ROWS, LABELS))[1] is LABELS
    np.testing.assert_array_equal(as_read([Words()], (ROWS, LABELS))[0], LENGTHS)
    assert as_read([], ROWS) is ROWS and as_read([Scale(2.0)], ROWS) is ROWS


class Gaps(pl.Dataset):
    examples = ()

    def __init__(self, *, transforms: Any, y: Any = LABELS) -> None:
        super().__init__(validation=1, test=0, transforms=transforms)
        self.y = y

    def load(self, rng: np.random.Generator) -> pl.Split:
        return pl.Split(LENGTHS, self.y)


def test_what_is_missing_is_taken_where_the_first_transform_takes_it() -> None:
    model = pl.build("dense", units=2, input_shape=(2,), seed=0)
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", seed=0)
    trainer.fit(Gaps(transforms=[Words()]), verbose=False)
    assert isinstance(model.runtime.transforms[0], Words)
    with pytest.raises(DataError, match="x of Gaps must be finite"):
        Gaps(transforms=[Scale(1.0), Words()]).splits()
    with pytest.raises(DataError, match="y of Gaps must be finite"):
        Gaps(transforms=[Words()], y=np.array([0, np.nan, 1, 0])).splits()
    with pytest.raises(DataError, match="Received: inf in row 1, column 0"):
        trainer.evaluate(np.array([[np.nan, 1.0], [np.inf, 1.0]]), LABELS[:2])
    with pytest.raises(DataError, match="must be finite"):
        pl.Trainer(pl.build("dense", units=2, input_shape=(2,)), loss="softmax_cross_entropy").fit(LENGTHS, LABELS)
