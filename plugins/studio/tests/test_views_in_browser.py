"""Views in a browser: each control is used as people use it, each part is read back, digits are drawn and told."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest

from plugins.studio.tests.handwriting import written
from plugins.studio.tests.pads import Hands
from plugins.studio.tests.studio_process import SECONDS, Studio, started
from tests.fake_plugins import install

pytestmark = pytest.mark.slow
WAYS = ("mouse", "touch", "pen")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small convolutional network, trained on MNIST with augmentation: 12 s on one core."""
    augment = {"type": "cnn/random_affine", "degrees": 12.0, "shift": 2.0, "factors": [0.85, 1.15]}
    data = pl.load_dataset("mnist", seed=0, flat=False, transforms=[augment])
    some = pl.Splits(data.train.take(np.arange(20_000)), data.validation, data.test, data.transforms)
    model = pl.build("cnn/lenet", outputs=10, filters=[16, 32], hidden=[], normalization="batch_norm",
                     input_shape=(28, 28, 1), seed=0)  # fmt: skip
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", optimizer={"type": "adamw", "lr": 3e-3}, seed=0)
    trainer.fit(some, epochs=1, batch_size=128, verbose=False)
    path = tmp_path_factory.mktemp("runs") / "lenet.safetensors"
    pl.save(model, path)
    return path


@pytest.fixture(scope="module")
def address(network: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A studio with that network, a second one that has learned nothing, and the gallery."""
    site = tmp_path_factory.mktemp("site")
    gallery = (Path(__file__).parent / "gallery.py").read_text(encoding="utf-8")
    register = 'registry.view("all", "{module}.views:Gallery", summary="all")'
    install(site, "gallery", register, modules={"views": gallery})
    blank = pl.build("dense", units=10, input_shape=(784,), seed=1)
    x = np.random.default_rng(0).random((20, 784), np.float32)
    part = pl.Split(x, np.arange(20) % 10, tuple("0123456789"))
    pl.Trainer(blank, loss="softmax_cross_entropy", seed=0).fit(pl.Splits(part, part, part), epochs=1, verbose=False)
    other = network.with_name("blank.safetensors")
    pl.save(blank, other)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(site))
        with started(str(network), str(other), folder=tmp_path_factory.mktemp("studio")) as address:
            yield address


class Viewer(Studio):
    """The studio's page with its views in front."""

    def __init__(self, browser: Any, address: str, fragment: str = "", **options: Any) -> None:
        super().__init__(
            browser, address, fragment, **({"viewport": {"width": 1300, "height": 900}, "has_touch": True} | options)
        )
        self.tab.get_by_role("tab", name="Views").click()

    def look(self, title: str) -> None:
        self.tab.get_by_role("navigation", name="Views").get_by_role("button", name=title).click()
        self.tab.wait_for_selector(f'section.view[aria-label="{title}"] .panel[aria-busy="false"]')

    def settled(self, seconds: float = 0.15) -> None:
        """Every answer is there and no other is asked for."""
        script = """seconds => new Promise((done) => {
          let since = performance.now();
          const look = () => {
            const now = performance.now(), panels = [...document.querySelectorAll(".panel")];
            if (!panels.length || panels.some((panel) => panel.getAttribute("aria-busy") !== "false")) since = now;
            if (now - since > 1000 * seconds) done(); else setTimeout(look, 15);
          };
          look();
        })"""
        self.tab.evaluate(script, seconds)

    @property
    def notes(self) -> list[list[str]]:
        """What the gallery says that it was given, in each panel."""
        self.settled()
        return [text.split("|") for text in self.tab.locator(".partnote p").all_inner_texts()]

    def noted(self, place: int, value: str) -> None:
        """Wait until that is what the gallery was given: a text is sent once nothing more is typed."""
        end = time.monotonic() + SECONDS
        while (notes := self.notes)[0][place] != value:
            assert time.monotonic() < end, (value, notes)

    @property
    def nothing_drawn(self) -> Any:
        """The words that stand on an empty pad; the status says them too, for those who do not see it."""
        return self.tab.locator("p:not([role=status])", has_text="Nothing drawn")

    def marked(self) -> list[str]:
        """The labels of the bars that stand out."""
        return self.tab.locator(".viewbars .marked .label").all_inner_texts()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Viewer]:
    page = Viewer(browser, address)
    yield page
    page.close()


@pytest.fixture
def gallery(page: Viewer) -> Viewer:
    page.look("Gallery")
    return page


# -- controls ------------------------------------------------------------------------------------------------------


def test_controls_begin_where_they_say(gallery: Viewer) -> None:
    said = ["10", "2.500", "ddim", "False", "Please draw a 1738.", "0.00,0.00", "(14, 14)0", "0"]
    assert gallery.notes == [[*said, "int float bool int", "'one\\ntwo'", "lenet", "0"]]


def test_sliders_are_moved_by_keys_and_pointer(gallery: Viewer) -> None:
    slider = gallery.tab.get_by_role("slider", name="Steps")
    slider.focus()
    gallery.tab.keyboard.press("ArrowRight")
    assert gallery.notes[0][0] == "11" and slider.get_attribute("aria-valuetext") == "11"
    gallery.tab.keyboard.press("End")
    assert gallery.notes[0][0] == "40"
    box = gallery.tab.get_by_role("slider", name="Guidance").bounding_box()
    gallery.tab.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + box["height"] / 2)
    assert 5.5 < float(gallery.notes[0][1]) < 6.5


def test_choice_switch_text_and_button(gallery: Viewer) -> None:
    gallery.tab.get_by_label("Sampler").select_option("euler")
    assert gallery.notes[0][2] == "euler"
    gallery.tab.get_by_label("Text").fill("Seven <b> & 8")
    gallery.tab.keyboard.press("Enter")
    assert gallery.notes[0][4] == "Seven <b> & 8"
    gallery.tab.get_by_label("Text").fill("x" * 60)
    gallery.noted(4, "x" * 40)
    gallery.tab.get_by_label("Lines").press("End")
    gallery.tab.keyboard.press("Control+End")
    gallery.tab.keyboard.type("\nthree")
    gallery.noted(9, "'one\\ntwo\\nthree'")
    for _ in range(3):
        gallery.tab.get_by_role("button", name="Another draw").click()
    assert gallery.notes[0][7] == "3"


def test_a_plane_is_dragged_in_and_moved_by_keys(gallery: Viewer) -> None:
    plane = gallery.tab.get_by_role("application", name="Place")
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    middle = gallery.tab.evaluate("box => [box.x + box.width / 2, box.y + box.height / 2]", box)
    gallery.tab.mouse.move(*middle)
    gallery.tab.mouse.down()
    gallery.tab.mouse.move(middle[0] + box["width"] / 5, middle[1] - box["height"] / 5, steps=4)
    gallery.tab.mouse.up()
    x, y = map(float, gallery.notes[0][5].split(","))
    assert 0.8 < x < 1.8 and 0.8 < y < 1.8
    gallery.tab.keyboard.press("Home")
    gallery.tab.keyboard.press("ArrowLeft")
    gallery.tab.keyboard.press("Shift+ArrowUp")
    assert gallery.notes[0][5] == "-0.06,0.60"
    gallery.tab.mouse.move(*middle)
    gallery.tab.mouse.down()
    gallery.tab.mouse.move(middle[0] + 2000, middle[1])
    gallery.tab.mouse.up()
    assert float(gallery.notes[0][5].split(",")[0]) == 3.0, "it stops at the edge"
    assert "cat" in gallery.tab.locator(".viewcontrols .legend").inner_text()


def test_a_drawing_is_made_in_the_shape_that_is_asked_for(gallery: Viewer) -> None:
    pad = gallery.tab.get_by_role("application", name="Drawing")
    assert gallery.tab.locator(".padhint").is_visible()
    pad.focus()
    for key in ("ArrowUp", "Space", *("ArrowDown",) * 6, "Space"):
        gallery.tab.keyboard.press(key)
    shape, ink = gallery.notes[0][6].split(")")
    assert shape == "(14, 14" and 5 < float(ink) < 40
    assert not gallery.tab.locator(".padhint").is_visible()
    gallery.tab.get_by_role("button", name="Undo").click()
    assert gallery.notes[0][6] == "(14, 14)0"


# -- parts ---------------------------------------------------------------------------------------------------------

PIXELS = """canvas => { const pen = canvas.getContext("2d"), { width, height } = canvas;
  return [...pen.getImageData(width >> 1, height >> 1, 1, 1).data].slice(0, 3); }"""
INKED = """canvas => { const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let found = 0; for (let i = 3; i < data.length; i += 4) if (data[i] > 100) found++; return found; }"""


def test_every_part_is_read_back(gallery: Viewer) -> None:
    tab = gallery.tab
    gallery.settled()
    assert tab.locator(".partnote math").count() == 1
    shares = tab.get_by_role("figure", name="Shares").get_by_role("listitem")
    assert [text.split() for text in shares.all_inner_texts()] == [
        ["cat", "70.0", "%"],
        ["dog", "20.0", "%"],
        ["<i>owl</i>", "10.0", "%"],
    ]
    assert [shares.nth(i).get_attribute("aria-current") for i in range(3)] == ["true", None, None]
    widths = [float(shares.nth(i).locator("rect").get_attribute("width")) for i in range(3)]
    assert np.allclose(widths, [70, 20, 10])
    signed = tab.get_by_role("figure", name="Signed").locator("rect")
    assert [signed.nth(i).get_attribute("class") for i in range(2)] == ["plus", "minus"]
    grey = tab.get_by_role("figure", name="Grey").locator("canvas")
    assert [grey.nth(i).evaluate(PIXELS)[0] for i in range(3)] == [0, 128, 255]
    assert [grey.nth(i).get_attribute("aria-label") for i in range(3)] == ["a", "b", "c"]
    colours = tab.get_by_role("figure", name="Colours").locator("canvas")
    assert [colours.nth(i).evaluate(PIXELS) for i in range(3)] == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
    table = tab.locator(".parttable")
    assert table.get_by_role("columnheader").all_inner_texts() == ["name", "value"]
    assert table.get_by_role("cell").all_inner_texts() == ["x", "1.5", "y", "2"]
    points = tab.get_by_role("img", name="Points: 90 points of 3 classes")
    assert points.evaluate(INKED) > 500
    curves = tab.locator(".partcurves")
    assert curves.locator("canvas").evaluate(INKED) > 500 and "sine" in curves.inner_text()
    assert tab.locator(".partwords").first.locator(".word").all_inner_texts() == ["The", "␣cat", "↵"]


def test_a_heat_map_tells_its_numbers(gallery: Viewer) -> None:
    heat = gallery.tab.get_by_role("img", name="Heat")
    heat.scroll_into_view_if_needed()
    box = heat.bounding_box()
    gallery.tab.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.1)
    told = gallery.tab.locator(".partpicture .told")
    assert told.inner_text() == "[0, 3] = −3"
    gallery.tab.mouse.move(0, 0)
    assert told.inner_text() == "up to ±6"
    heat.focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowRight"):
        gallery.tab.keyboard.press(key)
    assert told.inner_text() == "[1, 1] = −1"


def test_linked_words_say_where_they_look(gallery: Viewer) -> None:
    sat = gallery.tab.get_by_role("button", name="sat")
    sat.hover()
    linked = gallery.tab.locator(".partwords").nth(1)
    assert "“sat” looks to “cat” 70 %, “sat” 20 %, “The” 10 %" in linked.inner_text()
    shades = linked.locator(".word").evaluate_all("all => all.map((word) => word.style.getPropertyValue('--share'))")
    assert shades == ["10%", "70%", "20%"]
    gallery.tab.get_by_role("button", name="cat").focus()
    assert "“cat” looks to “The” 75 %" in linked.inner_text()


# -- panels --------------------------------------------------------------------------------------------------------


FOCUSED = "() => document.activeElement.getAttribute('role') || document.activeElement.type || ''"
NAMELESS = """() => {
  const named = (e) => e.getAttribute("aria-label") || e.innerText?.trim() || e.labels?.length
    || document.getElementById(e.getAttribute("aria-labelledby"))?.innerText;
  const all = [...document.querySelectorAll("main :is(button, input, select, canvas[tabindex])")];
  return all.filter((e) => !named(e)).map((e) => e.outerHTML);
}"""


def test_errors_are_shown_in_their_own_words_and_go_again(gallery: Viewer) -> None:
    gallery.tab.get_by_label("Text").fill("boom")
    alert = gallery.tab.get_by_role("alert")
    alert.wait_for()
    assert alert.inner_text() == "The text is none of: <b>draw</b>, write. Received: 'boom'. Write one of them."
    gallery.tab.get_by_label("Text").fill("calm")
    alert.wait_for(state="detached")
    assert gallery.notes[0][4] == "calm"


def test_states_are_shown_as_they_come_and_a_change_begins_anew(gallery: Viewer) -> None:
    gallery.tab.evaluate("""() => {
      window.seen = new Set();
      const look = () => seen.add(document.querySelector(".partnote p")?.innerText.split("|").pop());
      new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
    }""")
    gallery.tab.get_by_role("switch", name="Every step").check()
    assert gallery.notes[0][-1] == "9"
    assert len(gallery.tab.evaluate("[...seen]")) >= 5
    slider = gallery.tab.get_by_role("slider", name="Steps")
    slider.focus()
    gallery.tab.keyboard.press("End")  # forty steps of 50 ms
    note = gallery.tab.locator(".partnote p")
    note.filter(has_text=re.compile(r"^40\|")).wait_for()
    gallery.tab.keyboard.press("Home")
    note.filter(has_text=re.compile(r"^1\|")).wait_for()
    assert gallery.notes[0][-1] == "0"
    assert "39" not in gallery.tab.evaluate("[...seen]")  # the last of the forty


def test_runs_beside_each_other_share_what_is_set(gallery: Viewer) -> None:
    tab = gallery.tab
    tab.get_by_role("button", name="Another run beside it").click()
    assert [note[-2] for note in gallery.notes] == ["lenet", "blank"]
    assert tab.get_by_role("slider", name="Steps").count() == 1
    tab.get_by_role("button", name="Another draw").click()
    assert [note[7] for note in gallery.notes] == ["1", "1"]
    tab.get_by_role("button", name="Close lenet").click()
    assert [note[-2] for note in gallery.notes] == ["blank"]
    tab.get_by_label("Run").select_option(label="lenet")
    assert [(note[-2], note[7]) for note in gallery.notes] == [("lenet", "1")]
    tab.get_by_role("tab", name="Playground").click()
    tab.get_by_role("tab", name="Views").click()
    assert [(note[-2], note[7]) for note in gallery.notes] == [("lenet", "1")], "what was set is there again"


def test_a_view_with_what_is_set_stands_in_the_address(gallery: Viewer, browser: Any) -> None:
    tab = gallery.tab
    tab.get_by_label("Sampler").select_option("euler")
    tab.get_by_label("Text").fill("ünder the # of 1/2")
    tab.get_by_role("button", name="Another draw").click()
    Hands(tab, ".pad").draw_at_once(written(10, seed=1)[4], "pen")
    tab.get_by_role("button", name="Another run beside it").click()
    before = gallery.notes
    assert len(before) == 2 and before[0][2] == "euler" and "ünder" in before[0][4]
    gallery.until("!studio.session.waiting && studio.session.fragment === location.hash.slice(1)")
    tab.wait_for_timeout(300)  # the address follows once nothing changes
    other = Viewer(browser, gallery.address, gallery.ask("location.hash"))
    other.until("document.querySelectorAll('.panel').length === 2")
    assert other.notes == before
    other.tab.reload()
    other.until("document.querySelectorAll('.panel').length === 2")
    assert other.notes == before
    other.close()


def test_an_address_that_asks_for_what_is_not_there_changes_nothing(gallery: Viewer) -> None:
    before, sections = gallery.notes, gallery.sections
    for look in (
        {"title": "Gallery", "runs": ["none"], "values": {"ink": [[None]], "steps": "x", "place": [1], "sampler": "/"}},
        {"title": "There is none", "runs": {}, "values": []}, {"title": 3}, 7, {"title": "Gallery", "values": "x"},
    ):  # fmt: skip
        state = {"sections": sections, "view": "Views", "look": look}
        link = base64.urlsafe_b64encode(json.dumps(state).encode()).decode().rstrip("=")
        seen = gallery.ask("studio.store.state.looked")
        gallery.ask("link => { location.hash = link; }", link)
        gallery.until("seen => studio.store.state.looked > seen", seen)
        gallery.look("Gallery")
        assert gallery.notes == before, look


def test_everything_is_reached_with_the_tab_key_and_named(gallery: Viewer) -> None:
    reached = set()
    for _ in range(40):
        gallery.tab.keyboard.press("Tab")
        reached.add(gallery.tab.evaluate(FOCUSED))
    assert reached >= {"range", "select-one", "switch", "text", "application", "img", "button"}
    assert gallery.tab.evaluate(NAMELESS) == []


@pytest.mark.parametrize("width", [360, 1300, 3840])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_it_fits_from_the_telephone_to_the_wall(browser: Any, address: str, width: int, colours: str) -> None:
    page = Viewer(browser, address, viewport={"width": width, "height": 800}, color_scheme=colours)
    for title in ("Gallery", "Draw a digit"):
        page.look(title)
        page.settled()
        assert page.tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()


# -- digits --------------------------------------------------------------------------------------------------------


@pytest.fixture
def drawing(page: Viewer) -> Viewer:
    page.look("Draw a digit")
    page.nothing_drawn.wait_for()
    return page


@pytest.mark.parametrize("by", WAYS)
def test_a_digit_is_recognised(drawing: Viewer, by: str) -> None:
    hands = Hands(drawing.tab, ".pad")
    for digit in written(10, seed=1)[2:9:3]:
        hands.clear()
        drawing.nothing_drawn.wait_for()
        hands.draw(digit, by)
        drawing.settled()
        assert drawing.marked() == [str(digit.digit)]
        assert drawing.tab.locator(".partbars figcaption").inner_text() == f"The network says {digit.digit}"


def test_the_picture_that_the_network_sees_and_the_pixels_that_spoke(drawing: Viewer) -> None:
    Hands(drawing.tab, ".pad").draw(written(10, seed=1)[4], "mouse")
    drawing.settled()
    sees = drawing.tab.get_by_role("figure", name="What it sees").locator("canvas")
    assert sees.evaluate("canvas => [canvas.width, canvas.height]") == [28, 28]
    drawing.tab.get_by_label("Which pixels spoke for", exact=True).select_option("9")
    drawing.settled()
    assert drawing.tab.locator(".partpicture figcaption").inner_text() == "Which pixels spoke for 9"
    assert drawing.tab.locator(".viewbars .number").count() == 10
    drawing.tab.locator(".panel [role=status]").filter(has_text="The network says 4").wait_for(state="attached")
    drawing.tab.get_by_role("button", name="Another run beside it").click()
    drawing.settled()
    assert len(drawing.marked()) == 2


def test_of_200_digits_in_four_hands_97_in_a_hundred_are_read_rightly(drawing: Viewer) -> None:
    """Places, sizes, proportions, slants and pressure differ; mouse, finger and pen take turns. Every twentieth is
    drawn by the browser's own input, as in the tests above; the others by the same events at once."""
    hands, wrong = Hands(drawing.tab, ".pad"), []
    for i, digit in enumerate(written(200, seed=0)):
        hands.clear()
        drawing.nothing_drawn.wait_for()
        (hands.draw_at_once if i % 20 else hands.draw)(digit, WAYS[i % 3])
        drawing.tab.wait_for_selector(".viewbars .marked")
        drawing.settled(0 if i % 20 else 0.1)
        if (said := drawing.marked()) != [str(digit.digit)]:
            wrong.append((digit.digit, digit.hand, WAYS[i % 3], *said))
    print(f"{200 - len(wrong)} of 200 digits read rightly; wrong: {wrong}")
    assert len(wrong) <= 6, wrong


def test_the_playgrounds_network_is_looked_at_while_it_learns(browser: Any, address: str) -> None:
    """Digits of 8 x 8 pixels: one draws, and the bars move as the network is trained on."""
    layers = [{"type": "dense", "units": 16, "activation": "relu"}, {"type": "dense", "units": 10}]
    sections = {
        "data": {"type": "digits"}, "model": {"type": "sequential", "layers": layers}, "loss": "softmax_cross_entropy",
        "optimizer": {"type": "adam", "lr": 0.01}, "train": {"batch_size": 32, "seed": 0},
    }  # fmt: skip
    state = base64.urlsafe_b64encode(json.dumps({"sections": sections}).encode()).decode().rstrip("=")
    page = Viewer(browser, address, f"#{state}")
    page.until("document.querySelector('.viewchoice')?.innerText.includes('Draw a digit')")
    page.look("Draw a digit")
    page.tab.get_by_label("Run", exact=True).select_option(label="the playground’s network")
    Hands(page.tab, ".pad").draw(written(10, seed=1)[4], "mouse")
    page.settled()
    before = page.tab.locator(".viewbars").inner_text()
    sees = page.tab.get_by_role("figure", name="What it sees").locator("canvas")
    assert sees.evaluate("canvas => canvas.width") == 8
    page.tab.get_by_role("button", name="Another run beside it").click()  # one drawing, in the size of each
    page.settled()
    assert sees.evaluate_all("all => all.map((canvas) => canvas.width)") == [8, 28]
    page.tab.get_by_role("button", name="Close lenet").click()
    page.settled()
    page.ask("studio.session.socket.send({ do: 'train' })")
    page.until("before => document.querySelector('.viewbars').innerText !== before", before)
    page.ask("studio.session.socket.send({ do: 'pause' })")
    page.close()
