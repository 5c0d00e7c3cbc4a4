"""How a hand differs from time to time: how far characters are turned, slanted, stretched, pulled; their spread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib")
rendering = pytest.importorskip("pellucid_datasets.rendering")
FONT = Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf")
CANVAS = 300


class Still(np.random.Generator):
    """Draws nothing: the middle of what is asked for, or as many deviations from it as it is told; and notes it."""

    def __init__(self, share: float = 0.0) -> None:
        super().__init__(np.random.PCG64(0))
        self.share = share
        self.asked: list[tuple[float, float]] = []

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
        self.asked.append((low, high))
        return low + self.share * (high - low)

    def normal(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
        return loc if size is None else np.full(size, float(loc))


def nodes(jitter: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The corners of the cells of a mesh, and where they come from, (cells · 4, 2)."""
    here, there = [], []
    for (left, top, right, bottom), source in rendering._mesh(CANVAS, np.random.default_rng(seed), jitter):
        here += [(left, top), (left, bottom), (right, bottom), (right, top)]
        there += np.reshape(source, (4, 2)).tolist()
    return np.array(here, float), np.array(there)


def test_without_jitter_the_paper_stays_as_it_is() -> None:
    here, there = nodes(0.0, 0)
    np.testing.assert_allclose(there, here, atol=1e-9)
    assert sorted({*map(tuple, here.tolist())}) == [(x, y) for x in (0, 100, 200, 300) for y in (0, 100, 200, 300)]
    assert len(here) == 9 * 4


@pytest.mark.parametrize("jitter", [0.5, 1.0])
def test_jitter_turns_slants_and_stretches_by_so_much(jitter: float) -> None:
    found = []
    for seed in range(1500):
        here, there = nodes(jitter, seed)
        plane = np.concatenate([here - CANVAS / 2, np.ones((len(here), 1))], axis=1)
        matrix = np.linalg.lstsq(plane, there - CANVAS / 2, rcond=None)[0]
        error = there - CANVAS / 2 - plane @ matrix
        turned, _ = np.linalg.qr(matrix[:2].T)  # a turn, and a triangle of widths, slant and heights
        turned = turned * np.sign(np.diag(turned))
        wide, slant, high = (turned.T @ matrix[:2].T)[[0, 0, 1], [0, 1, 1]]
        angle = np.arctan2(turned[1, 0], turned[0, 0])
        found.append((angle, slant, np.log(wide), np.log(high), error.std() / CANVAS, *matrix[2] / CANVAS))
    values = np.array(found)
    np.testing.assert_allclose(values[:, :4].mean(axis=0), 0, atol=0.012)
    np.testing.assert_allclose(values[:, :4].std(axis=0), jitter * np.array([0.08, 0.12, 0.1, 0.1]), rtol=0.1)
    assert abs(np.corrcoef(values[:, 2], values[:, 3])[0, 1]) < 0.1, "width and height are stretched each for itself"
    assert 0.8 < values[:, 4].mean() / (0.018 * jitter) < 1.0, "a plane through the nodes takes some of the pull away"
    np.testing.assert_allclose(values[:, 5:].mean(axis=0), 0, atol=0.001)


def test_cells_that_lie_beside_each_other_share_their_corners() -> None:
    here, there = nodes(1.0, 3)
    by_corner: dict[Any, set[Any]] = {}
    for corner, source in zip(here.tolist(), there.tolist(), strict=True):
        by_corner.setdefault(tuple(corner), set()).add(tuple(source))
    assert len(by_corner) == 16 and all(len(sources) == 1 for sources in by_corner.values())


@pytest.mark.parametrize(("size", "jitter"), [(28, 1.0), (100, 2.0), (40, 0.0)])
def test_strokes_widen_by_up_to_a_fiftieth_of_the_size(size: int, jitter: float) -> None:
    rng, pen = Still(), rendering.Pen(FONT, size, "mass")
    pen.draw("H", rng, jitter)
    ((low, high),) = rng.asked
    assert low == 0 and high == pytest.approx(2 * size * jitter / 50), "of what is drawn twice as large"


def test_ink_is_measured_in_pixels_that_are_covered() -> None:
    from PIL import Image, ImageDraw

    pen = rendering.Pen(FONT, 28, "mass")
    paper = Image.new("L", (600, 300))
    ImageDraw.Draw(paper).text((100, 100), "Hdlgp", 255, pen.font)
    covered = np.asarray(paper, float).sum() / 255
    assert pen._ink("Hdlgp", 0) == pytest.approx(covered, rel=1e-6) and pen._ink("Hdlgp", 1) > 1.3 * covered


@pytest.mark.parametrize("size", [28, 60])
def test_thin_strokes_become_as_wide_as_an_eighteenth_of_the_image(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import ImageDraw

    def ink(self: Any, text: str, width: int) -> float:
        return {0: 3.0, 1: 5.0}[width] * 1000  # a stroke of 3 pixels has 2 more with one on both sides

    drawn: list[Any] = []
    monkeypatch.setattr(rendering.Pen, "_ink", ink)
    pen = rendering.Pen(FONT, size, "mass")
    assert pen.reinforcement == pytest.approx(max(0.0, (2 * size / 18 - 3) / 2))
    whole = ImageDraw.ImageDraw.text

    def text(*given: Any, **how: Any) -> None:
        drawn.append(how["stroke_width"])
        whole(*given, **how)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", text)
    pen.draw("H", Still(), 0.0)
    pen.draw("H", Still(1.0), 1.0)
    assert drawn == [round(pen.reinforcement), round(pen.reinforcement + 2 * size / 50),
    ]  # fmt: skip


@pytest.mark.parametrize("align", ["mass", "line"])
@pytest.mark.parametrize("size", [8, 28, 61])
def test_the_brightest_pixel_is_white_and_what_has_no_ink_is_black(align: str, size: int) -> None:
    pen = rendering.Pen(FONT, size, align)
    for character in "iW.,gÅ":
        image = pen.draw(character, np.random.default_rng(1), 1.0)
        assert image.shape == (size, size) and image.dtype == np.uint8 and image.max() == 255
    assert not pen.draw(" ", np.random.default_rng(1), 1.0).any()


def test_the_window_is_a_square_about_the_mass_that_holds_all_ink() -> None:
    pen = rendering.Pen(FONT, 28, "mass")
    ink = np.zeros((pen.canvas, pen.canvas), np.uint8)
    ink[40:61, 50:55] = 100  # 21 high, 5 wide: it fills 5/7 of the window, whose middle is that of the ink
    assert pen._window(ink, (50, 40, 55, 61)) == pytest.approx((52.5 - 14.7, 50.5 - 14.7, 52.5 + 14.7, 50.5 + 14.7))
    ink[40:42, 55:90] = 255  # a long bar on top: 40 wide
    left, top, right, bottom = pen._window(ink, (50, 40, 90, 61))
    assert right - left == pytest.approx(56) == bottom - top
    mass = np.argwhere(ink > 0) + 0.5
    weights = ink[ink > 0].astype(float)
    middle = (mass * weights[:, None]).sum(0) / weights.sum()
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((middle[1], middle[0]))
    alone = np.zeros_like(ink)
    alone[20:70, 30] = 255
    alone[69, 30:34] = 1  # all mass on the left, and the window may not leave ink outside
    left, top, right, bottom = pen._window(alone, (30, 20, 34, 70))
    assert left <= 30 and right >= 34 and top <= 20 and bottom >= 70


def test_on_a_line_the_window_has_the_height_of_a_line_or_of_what_is_larger() -> None:
    pen = rendering.Pen(FONT, 28, "line")
    capital = -pen.font.getbbox("H", anchor="ms")[1]
    assert pen.height == pytest.approx(capital * 1.44) and pen.middle == pytest.approx(-capital * 0.36)
    ink = np.zeros((pen.canvas, pen.canvas), np.uint8)
    middle = pen.canvas / 2
    small, wide, high = (60, 60, 70, 75), (10, 60, 130, 75), (60, 5, 65, 135)
    for box, side, x in ((small, pen.height, 65.0), (wide, 120.0, 70.0), (high, 130.0, 62.5)):
        left, top, right, bottom = pen._window(ink, box)
        assert right - left == pytest.approx(side * 1.4) == bottom - top
        assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((x, middle))
