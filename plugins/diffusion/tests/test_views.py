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
