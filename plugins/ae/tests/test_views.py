"""Views of autoencoders: what they show is what the model encodes and decodes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_ae.views import Latent, Reconstruction, Walk


def opened_with(number: int) -> pl.Viewed:
    """Of the models that the views are tried on: pictures with two numbers, rows with three, points with one."""
    return list(Latent.tried_on())[number]


def first_values(view: pl.View, opened: pl.Viewed) -> dict[str, Any]:
    return {control.name: getattr(control, "value", 0) for control in view.controls(opened)}


def test_the_middle_of_the_plane_is_that_of_the_codes_and_a_unit_is_a_deviation() -> None:
    opened, view = opened_with(0), Latent()
    codes = opened.model.encode(opened.samples().x)  # type: ignore[attr-defined]
    for place in ((0.0, 0.0), (1.5, -2.0)):
        pictures, note = view.show(opened, place=place, whole=False)
        code = codes.mean(axis=0, dtype=float) + np.array(place) * codes.std(axis=0, dtype=float)
        expected = opened.model.decode(code[None])[0].clip(0, 1)  # type: ignore[attr-defined]
        np.testing.assert_allclose(pictures.images[0], expected, rtol=1e-4, atol=1e-5)
        nearest = ((codes - code) ** 2).sum(axis=1).argmin()
        assert note.text.endswith(f"The nearest is that of sample {nearest}, of class {'abc'[nearest % 3]}.")


def test_points_of_the_plane_are_the_codes_of_the_samples() -> None:
    opened = opened_with(0)
    plane, whole = Latent().controls(opened)
    codes = opened.model.encode(opened.samples().x).astype(float)  # type: ignore[attr-defined]
    np.testing.assert_allclose(plane.points, (codes - codes.mean(0)) / codes.std(0), rtol=1e-4, atol=1e-5)
    assert plane.classes.tolist() == opened.samples().y.tolist() and list(plane.labels) == ["a", "b", "c"]
    assert isinstance(whole, pl.ViewSwitch)


def test_longer_codes_lie_in_the_plane_of_their_principal_axes_and_one_number_can_be_pushed() -> None:
    opened, view = opened_with(1), Latent()
    plane = view.controls(opened)[0]
    codes = opened.model.encode(opened.samples().x).astype(float)  # type: ignore[attr-defined]
    values = np.linalg.svd(codes - codes.mean(0), compute_uv=False)
    np.testing.assert_allclose(plane.points.std(axis=0), 1.0, rtol=1e-6)
    rebuilt = plane.points.T * values[:2, None] / np.sqrt(len(codes))
    np.testing.assert_allclose(np.linalg.norm(rebuilt, axis=1), values[:2], rtol=1e-6)
    still, pushed = (
        view.show(opened, place=(0.0, 0.0), unit=unit, push=2.0, whole=False)[0] for unit in ("none", "code 1")
    )
    code = codes.mean(0) + 2.0 * codes.std(0) * [0, 1, 0]
    np.testing.assert_allclose(pushed.rows[0][1:], opened.model.decode(code[None])[0], rtol=1e-4, atol=1e-5)  # type: ignore[attr-defined]
    assert pushed.rows[0] != still.rows[0]


def test_a_code_of_one_number_is_a_slider() -> None:
    opened = opened_with(2)
    assert [control.name for control in Latent().controls(opened)] == ["along"]


def test_a_walk_leads_from_one_sample_to_the_other_and_begins_at_their_codes() -> None:
    opened, view = opened_with(0), Walk()
    x = opened.samples().x
    (row,) = view.show(opened, first=3, second=7, steps=5, direct=False)
    assert len(row.images) == 7 and row.labels[0] == "a" and row.labels[-1] == "b"
    np.testing.assert_array_equal(row.images[[0, -1]], x[[3, 7]].astype(float))
    back = opened.model.reconstruct(x[[3, 7]]).clip(0, 1)  # type: ignore[attr-defined]
    np.testing.assert_allclose(row.images[[1, -2]], back, rtol=1e-4, atol=1e-5)
    _, direct = view.show(opened, first=3, second=7, steps=3, direct=True)
    np.testing.assert_allclose(direct.images[2], x[[3, 7]].mean(axis=0), rtol=1e-6)


def test_a_denoising_autoencoder_is_given_its_sample_corrupted() -> None:
    table, note, bars = Reconstruction().show(opened_with(1), sample=4)
    assert [row[0] for row in table.rows] == ["sample", "as it is seen", "comes back", "apart"]
    away = np.array(table.rows[2][1:]) - np.array(table.rows[0][1:])
    assert f"of sample 4, of class b is {np.mean(away**2):.4g}." in note.text and len(bars.values) == 3


def test_without_data_it_is_said() -> None:
    alone = pl.Viewed.of(opened_with(0).model)
    with pytest.raises(pl.errors.DataError, match="There is no data of this network at hand"):
        Latent().controls(alone)


def test_codes_are_computed_once_until_the_weights_change(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, view, asked = opened_with(0), Latent(), []
    plain = type(opened.model).encode  # type: ignore[attr-defined]
    monkeypatch.setattr(type(opened.model), "encode", lambda self, x: asked.append(len(x)) or plain(self, x))
    values = first_values(view, opened)
    for _ in range(3):
        view.show(opened, **values)
    assert asked == [12]
    opened.model.parameters()[0].data[...] *= 1.5
    view.show(opened, **values)
    assert asked == [12, 12]
