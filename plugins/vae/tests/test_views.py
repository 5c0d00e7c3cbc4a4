"""Views of variational autoencoders: units of the prior, and the class that a conditional one is told."""

from __future__ import annotations

import numpy as np
import pellucid as pl
from pellucid_vae import inference
from pellucid_vae.views import Latent, Walk


def opened_with(number: int) -> pl.Viewed:
    return list(Latent.tried_on())[number]


def test_a_place_is_a_code_of_the_prior() -> None:
    opened = opened_with(0)
    shown = Latent().show(opened, place=(1.0, -2.0), whole=False)[0]
    np.testing.assert_allclose(shown.images[0], inference.decode(opened.model, [[1.0, -2.0]])[0], rtol=1e-5)
    plane = Latent().controls(opened)[0]
    np.testing.assert_allclose(plane.points, inference.encode(opened.model, opened.samples().x), rtol=1e-4, atol=1e-6)


def test_the_names_of_the_controls_are_those_of_autoencoders() -> None:
    """So that a page can set both together, an autoencoder beside a variational one."""
    assert [c.name for c in Latent().controls(opened_with(1))] == ["place", "unit", "push", "whole"]
    assert [c.name for c in Walk().controls(opened_with(1))] == ["first", "second", "steps", "direct"]


def test_a_conditional_model_is_told_the_class_that_is_chosen() -> None:
    opened = opened_with(2)
    _place, label, _ = Latent().controls(opened)
    assert (label.name, list(label.options)) == ("label", ["a", "b", "c"])
    for number, name in enumerate("abc"):
        shown = Latent().show(opened, place=(0.5, 0.5), label=name, whole=False)[0]
        expected = inference.decode(opened.model, [[0.5, 0.5]], np.array([number]))
        np.testing.assert_allclose(shown.images[0], expected[0], rtol=1e-5)


def test_a_walk_keeps_the_class_of_its_first_sample_unless_another_is_chosen() -> None:
    opened = opened_with(2)
    split = opened.samples()
    codes = inference.encode(opened.model, split.x[[1, 2]], split.y[[1, 2]])
    for label, number in (("as the sample", 1), ("c", 2)):
        (row,) = Walk().show(opened, first=1, second=2, steps=2, label=label, direct=False)
        expected = inference.decode(opened.model, codes, np.full(2, number))
        np.testing.assert_allclose(row.images[1:3], expected, rtol=1e-5)
