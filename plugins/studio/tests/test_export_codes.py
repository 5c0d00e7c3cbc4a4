"""Codes of decoders: what encodes samples, from where to where codes go, and what a page is told of both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_studio.export.codes import decoded_as, encoded, is_decoder, ranges_of

from plugins.studio.tests.test_export_data import demo, unpacked

X = np.random.default_rng(0).random((12, 64)).astype("f4")
Y = np.arange(12) % 3
SPLIT = pl.Split(X, Y)


def made(name: str, shape: tuple[int, ...] = (64,), **how: Any) -> Any:
    pytest.importorskip(f"pellucid_{name.partition('/')[0]}")
    return pl.build(name, input_shape=shape, latent=2, hidden=[3], seed=0, **how)


def conditional() -> Any:
    pytest.importorskip("pellucid_vae")
    shapes = ((64,), ())
    return pl.build("vae/conditional_vae", input_shape=shapes, classes=3, latent=2, hidden=[3], seed=0)


def test_decoders_are_known_by_name_and_a_strangers_by_what_its_class_says() -> None:
    class Own(pl.Dense):
        decodes = True

    class Less(Own):
        """A subclass, which says nothing of its own."""

    assert is_decoder(made("ae/autoencoder")) and is_decoder(made("vae/vae")) and is_decoder(conditional())
    assert is_decoder(Own(2)) and not is_decoder(Less(2)) and not is_decoder(pl.Dense(2))


def test_codes_are_what_the_encoder_says() -> None:
    model = made("ae/autoencoder")
    assert np.array_equal(encoded(model, SPLIT), model.encode(X)) and encoded(model, SPLIT).shape == (12, 2)


def test_codes_of_a_variational_one_are_its_means() -> None:
    from pellucid_vae import encode

    vae, labelled = made("vae/vae"), conditional()
    np.testing.assert_allclose(encoded(vae, SPLIT), encode(vae, X), atol=1e-6)
    np.testing.assert_allclose(encoded(labelled, SPLIT), encode(labelled, X, Y), atol=1e-6)
    assert not np.allclose(encode(labelled, X, Y), encode(labelled, X, (Y + 1) % 3))


def test_what_is_decoded_are_logits_where_the_model_or_its_likelihood_says_so() -> None:
    assert decoded_as(made("ae/autoencoder", outputs="logits")) == "sigmoid"
    assert decoded_as(made("ae/autoencoder")) == "values"
    vae = made("vae/vae")
    assert decoded_as(vae) == "sigmoid"
    for likelihood, expected in (("bernoulli", "sigmoid"), ("gaussian", "values")):
        pl.require_runtime(vae).metadata["objective"] = {"type": "vae/elbo", "likelihood": likelihood}
        assert decoded_as(vae) == expected
    autoencoder = made("ae/autoencoder")
    pl.require_runtime(autoencoder).metadata["objective"] = {"type": "x", "likelihood": "bernoulli"}
    assert decoded_as(autoencoder) == "values"


def test_codes_go_as_far_as_those_of_samples_and_a_tenth_more() -> None:
    codes = np.stack([np.arange(101.0), np.full(101, 5.0)], axis=1)
    first, second = ranges_of(made("ae/autoencoder"), codes)
    assert first == pytest.approx([1 - 9.8, 99 + 9.8]) and second == pytest.approx([4.0, 6.0])
    assert ranges_of(made("vae/vae"), None) == ranges_of(conditional(), codes) == [[-3.0, 3.0]] * 2
    with pytest.raises(pl.ConfigError, match="only known from samples"):
        ranges_of(made("ae/autoencoder"), None)


def test_a_page_of_a_decoder_shows_codes_of_samples_with_their_classes() -> None:
    model = made("ae/autoencoder")
    page = demo(model, SPLIT, 5)
    told = page.told()
    assert (told["kind"], told["reading"], told["decoded"], told["labels"]) == ("decoder", "values", "values", 0)
    np.testing.assert_allclose(unpacked(page.found, told["codes"]["at"]), model.encode(X), atol=1e-6)
    assert np.array_equal(unpacked(page.found, told["codes"]["labels"]), Y)
    assert unpacked(page.found, told["samples"]["pixels"]).shape == (5, 64) and "inputs" not in told
    np.testing.assert_allclose(told["ranges"], ranges_of(model, model.encode(X)), atol=1e-5)


def test_a_page_that_may_show_no_samples_shows_no_codes_but_their_ranges() -> None:
    told = demo(made("ae/autoencoder"), SPLIT).told()
    assert told["codes"] is None and told["samples"] is None and len(told["ranges"]) == 2
    told = demo(made("vae/vae"), None, 5).told()
    assert told["codes"] is None and told["samples"] is None and told["ranges"] == [[-3.0, 3.0]] * 2


def test_a_page_of_a_conditional_one_asks_for_a_label() -> None:
    model = conditional()
    pl.require_runtime(model).classes = ("a", "b", "c")
    told = demo(model, SPLIT, 5).told()
    assert (told["labels"], told["names"], told["decoded"]) == (3, ["a", "b", "c"], "sigmoid")


def test_decoded_rows_that_are_no_pictures_have_names() -> None:
    split = pl.Split(X[:, :6], Y)
    told = demo(made("ae/autoencoder", (6,)), split, 5).told()
    assert [each["name"] for each in told["inputs"]] == [f"input {i}" for i in range(1, 7)] and told["samples"] is None


def test_decoded_samples_are_pictures_or_rows() -> None:
    x = np.random.default_rng(0).random((12, 5, 6, 2))
    with pytest.raises(pl.ConfigError, match=r"decoded pictures or rows of numbers. Received: .* \(5, 6, 2\)"):
        demo(made("ae/autoencoder", (5, 6, 2)), pl.Split(x, Y)).told()
    assert demo(made("ae/autoencoder", (5, 6, 1)), pl.Split(x[..., :1], Y)).told()["picture"]["width"] == 6


def test_a_classifier_of_two_inputs_has_no_page() -> None:
    from pellucid_studio.export.demo import Demo
    from pellucid_studio.export.describe import Description

    pytest.importorskip("pellucid_vae")
    joined = pl.build("vae/join_label", classes=3, input_shape=((6,), ()), seed=0)
    with pytest.raises(pl.ConfigError, match="models of one input"):
        Demo(joined, Description(), None, 0, None)
