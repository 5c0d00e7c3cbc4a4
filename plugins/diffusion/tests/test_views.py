"""Views of denoisers: the way that sample goes, and a text of which the known characters are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_diffusion import drawing, sampling
from pellucid_diffusion.views import IN_TURN, Samples, Text, _known, _trained

HOW: dict[str, Any] = {"sampler": "ddim", "steps": 10, "guidance": 1.5, "seed": 3}


@pytest.fixture
def opened() -> pl.Viewed:
    return next(iter(Samples.tried_on()))


def test_samples_come_about_as_sample_makes_them(opened: pl.Viewed) -> None:
    states = list(Samples().show(opened, count=4, label="2", **HOW))
    assert len(states) == 11 and [parts[0].title for parts in states][::10] == ["Noise", "After step 10 of 10"]
    expected = sampling.sample(opened.model, labels=[2] * 4, **HOW)
    np.testing.assert_allclose(states[-1][0].images, expected.clip(0, 1), atol=1e-6)
    assert states[-1][0].labels == ["2"] * 4


def test_a_way_gives_the_moments_of_paths(opened: pl.Viewed) -> None:
    how: dict[str, Any] = {"labels": [0, 1, 2], "steps": 5, "seed": 1, "sampler": "ddpm"}
    np.testing.assert_array_equal(
        np.stack(list(sampling.way(opened.model, **how))), sampling.paths(opened.model, **how)
    )
    with pytest.raises(pl.errors.ConfigError, match="way shows at most 250 samples"):
        next(sampling.way(opened.model, labels=[0] * 251, steps=2))


def test_many_steps_are_shown_some_of_them(opened: pl.Viewed) -> None:
    titles = [parts[0].title for parts in Samples().show(opened, count=1, label="0", **{**HOW, "steps": 100})]
    assert titles[-1] == "After step 12 of 12"  # it was trained with twelve
    assert len(titles) == 13


def test_points_are_shown_in_their_plane() -> None:
    _, opened = Samples.tried_on()
    names = [control.name for control in Samples().controls(opened)]
    assert names == ["count", "sampler", "steps", "seed"]  # nothing to guide by
    *_, (last,) = Samples().show(opened, count=20, sampler="ddim", steps=3, seed=0)
    np.testing.assert_allclose(last.points, sampling.sample(opened.model, 20, sampler="ddim", steps=3), rtol=1e-5)


def test_points_of_classes_have_their_names() -> None:
    rng = np.random.default_rng(1)
    data = pl.Split(rng.normal(size=(12, 2)).astype(np.float32), np.arange(12) % 3, classes=("a", "b", "c"))
    opened = _trained(data, 3)
    *_, (last,) = Samples().show(opened, count=5, label=IN_TURN, sampler="ddim", steps=3, seed=0)
    assert np.asarray(last.classes).tolist() == [0, 1, 2, 0, 1] and tuple(last.labels) == ("a", "b", "c")
    *_, (one,) = Samples().show(opened, count=2, label="b", sampler="ddim", steps=3, seed=0)
    assert np.asarray(one.classes).tolist() == [1, 1] and tuple(one.labels) == ("a", "b", "c")
    _, without = Samples.tried_on()
    *_, (plain,) = Samples().show(without, count=2, sampler="ddim", steps=3, seed=0)
    assert plain.labels is None and plain.classes is None


def test_a_text_is_drawn_by_what_the_model_knows(opened: pl.Viewed) -> None:
    text, *_ = Text().controls(opened)
    assert text.value == "Please draw a 1738."
    *_, (picture, note) = Text().show(opened, text="Please draw 120, 2", **HOW)
    images = sampling.sample(opened.model, labels=[1, 2, 0, 2], **HOW)
    page = drawing.written(images, drawing.lay_out("120 2", ("0", "1", "2"))) / 255
    np.testing.assert_array_equal(picture.images, page[None])
    assert picture.images.shape == (1, 2 * 4 + 8, 3 * 4 + 8)
    assert note.text == "Left out, as this model cannot draw it: P l e a s d r w ,"
    ((nothing,),) = Text().show(opened, text="nothing", **HOW)
    assert nothing.text == "There is nothing to draw yet. This model can draw 0 1 2."


def test_letters_are_taken_in_the_case_that_is_known_and_only_so_many() -> None:
    assert _known("Hi 5\0", ("h", "I", "other")) == ("hI", ["5"])
    assert len(_known("a" * 60, ("a",))[0]) == 40


@pytest.mark.parametrize(("steps", "shown"), [
    (25, list(range(26))), (26, [*range(0, 26, 2), 26]), (50, list(range(0, 51, 2))), (51, list(range(0, 52, 3))),
    (52, [*range(0, 52, 3), 52]), (99, list(range(0, 61, 3))),
])  # fmt: skip
def test_of_a_long_way_every_so_many_moments_are_shown_and_the_last(steps: int, shown: list[int]) -> None:
    """About 25; of more steps than it was trained with it goes as many as there are, here 60."""
    data = pl.Split(np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32))
    model = _trained(data, 0).model
    pl.require_runtime(model).metadata["objective"] = {"type": "diffusion/denoise", "steps": 60}
    states = list(Samples.states(model, 2, None, sampler="ddim", steps=steps, seed=1))
    assert [step for step, _, _ in states] == shown and {most for _, most, _ in states} == {min(steps, 60)}
    whole = sampling.paths(model, 2, sampler="ddim", steps=min(steps, 60), seed=1)
    np.testing.assert_array_equal([moment for _, _, moment in states], whole[shown])


def controls(view: Any, opened: pl.Viewed) -> dict[str, Any]:
    return {control.name: control for control in view.controls(opened)}


def test_what_can_be_chosen_follows_from_how_a_model_was_trained() -> None:
    rng, y = np.random.default_rng(0), np.arange(12) % 3
    flat = pl.Split(rng.uniform(size=(12, 16)).astype(np.float32), y, ("a", "b", "c"))
    opened = _trained(flat, 3, label_dropout=0.0)
    found = controls(Samples(), opened)
    assert "guidance" not in found and list(found["label"].options) == [IN_TURN, "a", "b", "c"]
    assert (found["count"].high, found["count"].value) == (36, 9)
    for steps, high, value in ((1, 2, 1), (2, 2, 2), (24, 24, 24), (26, 26, 25), (100, 100, 25), (101, 100, 25)):
        told = {"type": "diffusion/denoise", "steps": steps, "label_dropout": 0.1}
        pl.require_runtime(opened.model).metadata["objective"] = told
        found = controls(Samples(), opened)
        assert (found["steps"].low, found["steps"].high, found["steps"].value) == (1, high, value)
        assert "guidance" in found


def test_classes_without_names_are_numbers() -> None:
    y = np.arange(12) % 3
    opened = _trained(pl.Split(np.random.default_rng(0).uniform(size=(12, 4, 4)).astype(np.float32), y), 3)
    assert list(controls(Samples(), opened)["label"].options) == [IN_TURN, "0", "1", "2"]
    pl.require_runtime(opened.model).classes = ("x", "y")  # fewer than it knows
    assert list(controls(Samples(), opened)["label"].options) == [IN_TURN, "0", "1", "2"]
    last = list(Samples().show(opened, count=2, label="1", sampler="ddim", steps=2, seed=0))[-1][0]
    np.testing.assert_allclose(
        last.images, sampling.sample(opened.model, labels=[1, 1], sampler="ddim", steps=2).clip(0, 1), atol=1e-6
    )


def test_a_text_is_drawn_by_models_of_pictures_of_characters() -> None:
    rng, y = np.random.default_rng(0), np.arange(20) % 10
    letters = tuple("abcdefghij")
    opened = _trained(pl.Split(rng.uniform(size=(20, 4, 4)).astype(np.float32), y, letters), 10)
    assert Text().suits(opened) and controls(Text(), opened)["text"].value == "abcdefgh"
    for classes, begins in ((("one", *letters[1:9], "7"), "Please draw a 1738."), (None, ""), (("aa", "bb"), "")):
        pl.require_runtime(opened.model).classes = classes
        assert Text().suits(opened) is bool(begins)
        assert not begins or controls(Text(), opened)["text"].value == begins
    for shape, suits in (((2,), False), ((4, 4, 3), True), ((4, 4, 2), False), ((16,), True), ((15,), False)):
        data = pl.Split(rng.uniform(size=(20, *shape)).astype(np.float32), y, letters)
        assert Text().suits(_trained(data, 10)) is suits, shape
    assert not Text().suits(_trained(pl.Split(rng.uniform(size=(20, 4, 4)).astype(np.float32)), 0))
    trained_otherwise = pl.build("dense", units=2, input_shape=(2,), seed=0)
    assert not Samples().suits(pl.Viewed.of(trained_otherwise))
    pl.require_runtime(trained_otherwise).metadata["objective"] = {"type": "core/supervised"}
    assert not Samples().suits(pl.Viewed.of(trained_otherwise))
