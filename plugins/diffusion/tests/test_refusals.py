"""What no denoiser, no objective and no autoencoder is made of: each shape and each argument by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import get_ops
from pellucid_diffusion.denoise import Denoise, classes_of
from pellucid_diffusion.embedding import Embedding
from pellucid_diffusion.latent_diffusion import LatentDiffusion
from pellucid_diffusion.latents import Latents
from pellucid_diffusion.mlp_denoiser import MlpBlock, MlpDenoiser
from pellucid_diffusion.unet_denoiser import UNetDenoiser

AE: dict[str, Any] = {"type": "ae/autoencoder", "latent": 3, "hidden": []}


@pytest.mark.parametrize(("classes", "told"), [(0, (1,)), (3, (1, 2))])
def test_a_denoiser_is_told_a_time_and_perhaps_a_label(classes: int, told: tuple[int, ...]) -> None:
    for denoiser in (MlpDenoiser(classes), UNetDenoiser(classes)):
        assert denoiser.integer_inputs == told and denoiser.made_inputs == ((),) * len(told)
        shape = (4, 4, 1)
        assert denoiser.output_shape(shape, *[()] * len(told)) == shape
        names = "x, t, label" if classes else "x, t"
        for inputs in ((shape,), (shape, *[()] * (len(told) + 1)), (shape, (1,), ()), (shape, (1,)), (shape, (), (1,))):
            with pytest.raises(
                pl.ShapeError, match=rf"with classes = {classes} takes {names}, all but x of shape \(\)"
            ):
                denoiser.output_shape(*inputs)
        for wrong in ((), (None, 4, 1), (4, None)):
            with pytest.raises(pl.ShapeError, match="needs samples of a fixed shape with at least one axis"):
                denoiser.output_shape(wrong, *[()] * len(told))


@pytest.mark.parametrize("classes", [0, 2])
def test_what_is_embedded_is_a_number_a_sample(classes: int) -> None:
    embedding = Embedding(4, classes)
    right = ((),) * (1 + bool(classes))
    assert embedding.output_shape(*right) == (4,) and embedding.integer_inputs == tuple(range(len(right)))
    for wrong in ((), ((),) * (3 - len(right)), ((1,), *right[1:]), (*right[:-1], (1,)), ((),) * 3):
        with pytest.raises(pl.ShapeError, match=rf"Embedding with classes = {classes} takes a time"):
            embedding.output_shape(*wrong)


def test_a_block_takes_features_and_an_embedding() -> None:
    assert MlpBlock(2).output_shape((3,), (4,)) == (3,)
    for wrong in (((3,),), ((3,), (4,), (4,)), ((3, 1), (4,)), ((3,), (4, 1)), ((None,), (4,)), ((3,), (None,))):
        with pytest.raises(pl.ShapeError, match=r"takes features \(F,\) and an embedding \(E,\)"):
            MlpBlock(2).output_shape(*wrong)


@pytest.mark.parametrize("wrong", ["ae/autoencoder", ["ae/autoencoder"], 3, None])
def test_an_autoencoder_is_told_as_a_table(wrong: Any) -> None:
    with pytest.raises(pl.ConfigError, match="The 'autoencoder' of LatentDiffusion must be a table such as"):
        LatentDiffusion(wrong)


def test_the_table_becomes_the_transform_before_the_network() -> None:
    model = LatentDiffusion(AE, autoencoder_epochs=7)
    assert model.default_transforms == [{"type": "diffusion/latents", "autoencoder": AE, "epochs": 7}]
    for wrong in (0, 1.5):
        with pytest.raises(
            pl.ConfigError, match=r"'autoencoder_epochs' of LatentDiffusion must be an int in \[1, inf\)"
        ):
            LatentDiffusion(AE, autoencoder_epochs=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(("made", "others"), [(MlpDenoiser, {}), (LatentDiffusion, {"autoencoder": AE})])
def test_a_denoiser_holds_its_arguments_by_its_own_name(made: Any, others: dict[str, Any]) -> None:
    for name, wrong in (("classes", -1), ("hidden", 0), ("blocks", 0), ("blocks", 1001)):
        with pytest.raises(pl.ConfigError, match=rf"The '{name}' of {made.__name__} must be an int"):
            made(**{**others, name: wrong})
    with pytest.raises(pl.ConfigError, match="The 'classes' of UNetDenoiser must be an int"):
        UNetDenoiser(classes=-1)
    for wrong in (0, 1, 3):
        with pytest.raises(pl.ConfigError, match="The 'units' of Embedding must be"):
            made(**others, embedding=wrong)


def test_channels_are_a_list() -> None:
    for wrong in (8, "88", None):
        with pytest.raises(pl.ConfigError, match="The 'channels' of UNetDenoiser must be a list of ints"):
            UNetDenoiser(channels=wrong)  # type: ignore[arg-type]
    for shape in ((8,), (8, 8), (8, 8, 1, 1)):
        with pytest.raises(pl.ShapeError, match="UNetDenoiser takes images"):
            UNetDenoiser().output_shape(shape, ())
    for height, width, fits in ((6, 7, "6 x 8"), (7, 6, "8 x 6"), (1, 2, "2 x 2")):
        with pytest.raises(
            pl.ShapeError, match=rf"must divide by 2\. .* of {height} x {width}\. Pad them, here to {fits}"
        ):
            UNetDenoiser().output_shape((height, width, 1), ())


@pytest.mark.parametrize("wrong", [1.0, "01", (1,), (-1, 0, 1), (1, 1), (1, -1)])
def test_a_range_is_two_numbers_of_which_the_second_is_larger(wrong: Any) -> None:
    assert Denoise(data_range=(-1, 1)).data_range == (-1, 1) and Denoise(data_range=[0.0, 0.5]).data_range == [0.0, 0.5]
    with pytest.raises(pl.ConfigError, match=r"The 'data_range' of Denoise must be (two numbers|\[low, high\])"):
        Denoise(data_range=wrong)


class Shapes(pl.Layer):
    """A layer with inputs and an output of any shapes, which is never run."""

    def __init__(self, output: Any, classes: Any = 2) -> None:
        self.output, self.classes = output, classes

    @property
    def integer_inputs(self) -> tuple[int, ...]:  # type: ignore[override]
        return (1, 2)

    def output_shape(self, *shapes: Any) -> Any:
        return self.output

    def forward(self, ctx: pl.Context, *inputs: Any) -> Any:
        raise NotImplementedError

    backward = forward


@pytest.mark.parametrize("inputs", [[(2,)], [(2,), (1,)], [(2,), (), (1,)], [(2,), (1,), ()], [(2,), (), (), ()]])
def test_the_objective_trains_models_of_a_time(inputs: Any) -> None:
    model = pl.build(Shapes((2,)), input_shape=inputs, seed=0)
    with pytest.raises(pl.ConfigError, match=r"trains models that take \(x, t\) or \(x, t, label\)\. Shapes takes"):
        Denoise(steps=50).check(model, np.zeros((2, 2)), None)


def test_the_objective_trains_models_that_keep_the_shape() -> None:
    for output in ((3,), (2, 1), ()):
        model = pl.build(Shapes(output), input_shape=[(2,), ()], seed=0)
        with pytest.raises(pl.ConfigError, match=r"has the shape of its x, \(2,\)\. Shapes gives \("):
            Denoise(steps=50).check(model, np.zeros((2, 2)), None)
    Denoise(steps=50).check(pl.build(Shapes((2,)), input_shape=[(2,), ()], seed=0), np.zeros((2, 2)), None)


def test_labels_are_whole_numbers_of_classes() -> None:
    model, x = pl.build(Shapes((2,)), input_shape=[(2,), (), ()], seed=0), np.zeros((2, 2))
    for fine in (np.array([0, 1]), np.array([1, 0], np.uint8), [1, 1]):
        Denoise(steps=50).check(model, x, fine)
    for wrong, said in ((np.array([0.0, 1.0]), r"targets of shape \(2,\), float64"), (None, "y = None"),
                        (np.array([[0], [1]]), r"targets of shape \(2, 1\), int"), (np.array([True, False]), "bool"),
                        (np.array([0, -1]), "labels from 0 to 1. Received: -1 in row 1"),
                        (np.array([2, 0]), "labels from 0 to 1. Received: 2 in row 0")):  # fmt: skip
        with pytest.raises(pl.DataError, match=said):
            Denoise(steps=50).check(model, x, wrong)
    for classes in (0, -1, None, 2.0, "2"):
        with pytest.raises(pl.ConfigError, match=rf"the label 'classes' is then 'none'\. Shapes says {classes!r}\."):
            classes_of(Shapes((2,), classes))
    assert classes_of(Shapes((2,), np.int64(1))) == 1


def test_labels_beyond_the_classes_are_named_where_they_are_embedded() -> None:
    op, out = get_ops("reference").op("diffusion/one_hot"), np.full((3, 4), np.nan)
    op(np.array([3, 0, 2]), out)
    np.testing.assert_array_equal(out, [[0, 0, 0, 1], [1, 0, 0, 0], [0, 0, 1, 0]])
    for wrong, said in (([0, 4, 9], "Received: 4 in row 1"), ([0, 1, -1], "Received: -1 in row 2")):
        with pytest.raises(pl.DataError, match=rf"from 0 to 3, where 3 stands for 'none'\. {said}\."):
            op(np.array(wrong), out)


STATE: dict[str, Any] = {
    "mean": np.zeros(3), "std": np.ones(3), "shape": np.array([2, 2]), "parameters": np.zeros(5, "f4"),
}  # fmt: skip


@pytest.mark.parametrize(
    "damage",
    [
        {"shape": np.array([2.0, 2.0])}, {"shape": np.array([[2, 2]])}, {"shape": np.array([2, 0])},
        {"shape": np.array([2, -1])}, {"parameters": np.zeros((5, 1))}, {"parameters": np.zeros(5, int)},
        {"mean": np.zeros(3, int)}, {"std": np.ones(3, int)}, {"mean": np.zeros(2)}, {"std": np.ones(1)},
        {"std": np.array([1.0, 0.0, 1.0])}, {"std": np.array([1.0, 1.0, -1.0])}, {"std": np.array([1.0, np.nan, 1.0])},
    ],
    ids=str,
)  # fmt: skip
def test_damaged_states_of_codes_are_refused(damage: dict[str, Any]) -> None:
    transform: Latents = pl.create("transform", "diffusion/latents", autoencoder=AE)
    transform.restore(STATE)
    np.testing.assert_array_equal(transform.std, np.ones(3))
    with pytest.raises(pl.CheckpointError, match="must hold sizes of at least 1, a row of parameters, and for each"):
        transform.restore({**STATE, **damage})
