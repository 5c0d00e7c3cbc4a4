"""What a network sees of a character that is drawn: held against the rules by which photos of ink are made ready."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from pellucid.standard.images.ink import ink_image

from plugins.studio.tests.handwriting import Drawn, drawn, written
from plugins.studio.tests.pads import PadPage

pytestmark = pytest.mark.slow
WITH_PEN = "strokes => pad.set(strokes.map((line) => line.map(([x, y]) => ({ x, y, t: digit.PEN }))))"


@pytest.fixture
def page(browser: Any) -> Iterator[PadPage]:
    page = PadPage(browser)
    yield page
    page.context.close()
    assert page.complaints == []


def a_digit(digit: int = 3, hand: str = "school") -> Drawn:
    exact = drawn(digit, hand, np.random.default_rng(0), 0.0)
    return Drawn(digit, hand, exact.strokes, pressure=0.5)


def test_it_agrees_with_what_a_photo_of_the_same_ink_becomes(page: PadPage) -> None:
    """Within a mean of 0.01 and 0.2 at any pixel. Where width or centre of mass lie halfway between two pixels chance
    decides for one of them: of ten digits at most one is a pixel wider or stands a pixel further."""
    otherwise = 0
    for each in written(40, seed=19):
        page.tab.evaluate(WITH_PEN, [stroke.tolist() for stroke in each.strokes])
        ours = page.prepared()
        assert ours is not None
        difference = np.abs(ours - ink_image(page.on_paper()).pixels)
        assert difference.mean() < 0.08, (each.digit, each.hand)
        otherwise += bool(difference.mean() > 0.01 or difference.max() > 0.2)
    assert otherwise <= 4


def test_the_character_fills_its_box_and_its_mass_is_in_the_middle(page: PadPage) -> None:
    for shape in ((28, 28), (14, 14), (56, 56), (32, 28)):
        page.tab.evaluate(WITH_PEN, [stroke.tolist() for stroke in a_digit().strokes])
        ink = page.prepared(shape)
        assert ink is not None and ink.min() >= 0 and 0.95 < ink.max() <= 1
        rows, columns = np.nonzero(ink.max(axis=1) > 0.1)[0], np.nonzero(ink.max(axis=0) > 0.1)[0]
        box = round(min(shape) * 20 / 28)
        assert max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1 == box
        middle = [float((ink.sum(axis=1 - axis) * np.arange(shape[axis])).sum() / ink.sum()) for axis in (0, 1)]
        assert np.abs(np.array(middle) - np.array(shape) / 2).max() <= 0.51


def test_size_place_and_pen_do_not_matter_where_mnist_knows_them(page: PadPage) -> None:
    """A small digit in a corner is the same one; its line, too thick for its size, is narrowed to MNIST's thickest."""
    strokes = a_digit().strokes
    page.tab.evaluate(WITH_PEN, [stroke.tolist() for stroke in strokes])
    large = page.prepared()
    page.tab.evaluate(WITH_PEN, [(0.02 + (stroke - stroke.min()) / 4).tolist() for stroke in strokes])
    small = page.prepared()
    page.tab.evaluate("() => pad.set(pad.strokes.map((line) => line.map((point) => ({ ...point, t: 0.001 }))))")
    thin = page.prepared()
    assert large is not None and small is not None and thin is not None
    assert large.sum() * 1.2 < small.sum() < large.sum() * 2.2
    assert large.sum() * 0.5 < thin.sum() < large.sum()
    assert np.corrcoef(large.ravel(), small.ravel())[0, 1] > 0.7


def test_nothing_drawn_is_no_picture(page: PadPage) -> None:
    assert page.prepared() is None
    page.tab.mouse.click(200, 200)
    page.settled()
    assert page.tab.evaluate("pad.strokes.length") == 1
    assert page.prepared() is None, "a touch is no character"
    page.tab.evaluate("() => pad.set([[]])")
    assert page.prepared() is None
    page.tab.evaluate("() => pad.set([[{ x: 0.4, y: 0.3, t: 0.1 }], [{ x: 0.4, y: 0.7, t: 0.1 }]])")
    colon = page.prepared()
    assert colon is not None and np.isfinite(colon).all() and colon.sum() > 5


@pytest.mark.parametrize("by", ["mouse", "touch", "pen"])
def test_what_is_drawn_is_what_was_meant(page: PadPage, by: str) -> None:
    meant = a_digit()
    page.tab.evaluate(WITH_PEN, [stroke.tolist() for stroke in meant.strokes])
    wanted = page.prepared()
    page.hands.clear()
    page.settled()
    page.hands.draw(meant, by)
    page.settled()
    assert page.tab.evaluate("pad.strokes.length") == len(meant.strokes)
    got = page.prepared()
    assert wanted is not None and got is not None
    assert np.abs(got - wanted).mean() < 0.02  # places of a mouse are whole pixels
    assert page.tab.evaluate("changes") >= 3


def test_a_pen_that_is_pressed_draws_thicker(page: PadPage) -> None:
    ink = []
    for pressure in (0.1, 0.9):
        page.hands.clear()
        page.hands.draw(Drawn(3, "", a_digit().strokes, pressure), "pen")
        page.settled()
        ink.append(float((page.on_paper() < 0.5).sum()))
    assert ink[1] > 1.8 * ink[0]


def test_a_second_finger_draws_nothing_and_a_pen_takes_over(page: PadPage) -> None:
    script = """kinds => {
      pad.clear();
      const more = { clientY: 100, button: 0, pressure: 0.5, bubbles: true, cancelable: true };
      const at = (type, pointerId, pointerType, clientX) =>
        pad.canvas.dispatchEvent(new PointerEvent(type, { pointerId, pointerType, clientX, ...more }));
      pad.canvas.setPointerCapture = () => {};
      at("pointerdown", 7, "touch", 100); at("pointermove", 7, "touch", 140);
      at("pointerdown", 8, kinds, 300); at("pointermove", 8, kinds, 400);
      at("pointermove", 7, "touch", 200);
      at("pointerup", 8, kinds, 400); at("pointerup", 7, "touch", 200);
      return pad.strokes.map((line) => line.map((point) => Math.round(point.x * 560)));
    }"""
    fingers, pen = page.tab.evaluate(script, "touch"), page.tab.evaluate(script, "pen")
    assert len(fingers) == 1 and max(fingers[0]) < 250
    assert len(pen) == 1 and min(pen[0]) > 250


def test_it_is_drawn_on_with_the_keyboard_alone(page: PadPage) -> None:
    page.tab.keyboard.press("Tab")
    assert page.tab.evaluate("document.activeElement.id") == "pad"
    for key in ("ArrowUp",) * 8 + (" ",) + ("ArrowDown",) * 16 + (" ", "ArrowRight", "ArrowUp", "Enter", "ArrowRight"):
        page.tab.keyboard.press(key)
    page.settled()
    lines = page.tab.evaluate("pad.strokes.map((line) => line.map((point) => [point.x, point.y]))")
    assert [len(line) for line in lines] == [17, 2]
    assert np.allclose(np.ptp(np.array(lines[0]), axis=0), [0, 16 / 28])
    for key, left in (("Control+z", 1), ("Backspace", 0)):
        page.tab.keyboard.press(key)
        page.settled()
        assert page.tab.evaluate("pad.strokes.length") == left
    assert page.prepared() is None


def test_it_is_drawn_again_when_its_size_changes(page: PadPage) -> None:
    page.hands.draw(a_digit(), "mouse")
    page.settled()
    before = float((page.on_paper() < 0.5).mean())
    page.tab.evaluate("() => { pad.canvas.style.width = pad.canvas.style.height = '280px'; }")
    page.settled()
    assert page.tab.evaluate("[pad.canvas.width, pad.canvas.height]") == [280, 280]
    assert abs(float((page.on_paper() < 0.5).mean()) - before) < 0.1 * before
