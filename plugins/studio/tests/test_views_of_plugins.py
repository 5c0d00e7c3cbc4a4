"""The views of the plugins on runs of small networks, in a browser: dragged, typed into, pointed at and read back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pellucid.workbench.cli import main

from plugins.studio.tests.studio_process import started
from plugins.studio.tests.test_views_in_browser import Viewer

pytestmark = pytest.mark.slow
DIGITS = "[data]\ntype = 'digits'\n[train]\nepochs = {epochs}\nseed = 0\n[model]\n"
TEXT = "To be, or not to be, that is the question: whether it is nobler in the mind to suffer. "
EXPERIMENTS = {
    "ae": DIGITS.format(epochs=3) + "type = 'autoencoder'\nlatent = 2\nhidden = [32]\n",
    "vae": DIGITS.format(epochs=3) + "type = 'vae'\nlatent = 2\nhidden = [32]\n",
    "noise": DIGITS.format(epochs=3) + "type = 'mlp_denoiser'\nclasses = 10\nhidden = 32\n"
    "[objective]\ntype = 'diffusion/denoise'\nsteps = 40\nlabel_dropout = 0.1\n",
    "words": f"[data]\ntype = 'running_text'\ntext = '{20 * TEXT}'\ncontext = 16\n[train]\nepochs = 1\nseed = 0\n"
    "[model]\ntype = 'language_model'\nwidth = 16\nlayers = 2\nheads = 2\n",
    "cnn": DIGITS.format(epochs=1).replace("'digits'", "'digits'\nflat = false")
    + "type = 'lenet'\nfilters = [4, 8]\nhidden = []\n",
}


@pytest.fixture(scope="module")
def address(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A studio that looks at a run of each."""
    folder = tmp_path_factory.mktemp("runs")
    for name, text in EXPERIMENTS.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
        assert main(["train", str(folder / f"{name}.toml"), "--out", str(folder / name), "--quiet"]) == 0
    with started(*(str(folder / name) for name in EXPERIMENTS), folder=folder) as address:
        yield address


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Viewer]:
    page = Viewer(browser, address)
    yield page
    page.close()


def test_an_autoencoder_is_dragged_in_beside_a_variational_one(page: Viewer) -> None:
    page.look("Latent explorer")
    page.tab.get_by_role("button", name="Another run beside it").click()
    page.settled(0.5)
    before = page.tab.locator(".partnote p").all_inner_texts()
    assert len(before) == 2 and before[1].startswith("The code is (0, 0).")
    page.tab.get_by_role("application", name="Place among the codes").first.focus()
    for key in ("Shift+ArrowRight", "Shift+ArrowUp", "ArrowUp"):
        page.tab.keyboard.press(key)
    page.settled(0.5)
    after = page.tab.locator(".partnote p").all_inner_texts()
    assert after[0] != before[0] and after[1] != before[1], "both are set"
    page.tab.get_by_label("The whole plane").check()
    page.settled(0.5)
    assert page.tab.get_by_role("figure", name="The whole plane").locator("canvas").count() == 2 * 144


def test_a_walk_shows_its_ends_and_each_step(page: Viewer) -> None:
    page.look("Walk")
    page.tab.get_by_role("slider", name="to sample").focus()
    page.tab.keyboard.press("End")
    page.settled(0.3)
    assert page.tab.locator(".partpictures figcaption").inner_text().startswith("From sample 0 to sample ")
    assert page.tab.locator(".partpictures canvas").count() == 11
    page.tab.get_by_label("Beside it the line").check()
    page.settled(0.3)
    assert page.tab.locator(".partpictures canvas").count() == 22


def test_a_text_that_is_typed_in_is_drawn_out_of_noise(page: Viewer) -> None:
    page.look("Please draw")
    assert page.tab.get_by_label("Text").input_value() == "Please draw a 1738."
    page.settled(0.5)
    assert page.tab.locator(".partpictures figcaption").inner_text() == "1738: after step 25 of 25"
    page.tab.get_by_label("Text").fill("now 42")
    page.tab.keyboard.press("Enter")
    page.until("document.querySelector('.partpictures figcaption').innerText.startsWith('42: after step 25')")
    assert page.tab.locator(".partnote p").inner_text() == "Left out, as this model cannot draw it: n o w"


def test_moments_of_the_way_can_be_followed(page: Viewer) -> None:
    """States that come at once stay long enough to be seen, each in its turn."""
    watch = """() => { globalThis.titles = []; new MutationObserver(() => {
      const title = document.querySelector(".partpictures figcaption")?.innerText;
      if (title && title !== titles.at(-1)) titles.push(title);
    }).observe(document.body, { subtree: true, childList: true, characterData: true }); }"""
    page.look("Out of noise")
    page.settled(0.5)
    page.ask(watch)
    page.tab.get_by_label("Class").select_option("7")
    page.until("titles.at(-1) === 'After step 25 of 25' && titles.length > 3")  # on a busy machine some are merged
    steps = [int(title.split()[2]) for title in page.ask("titles") if title.startswith("After")]
    assert steps[-15:] == sorted(steps[-15:]) and len(set(steps)) > 3


def test_a_text_goes_on_and_attention_is_pointed_at(page: Viewer) -> None:
    page.look("What comes next")
    page.tab.get_by_label("Text").fill("To be, or")
    page.tab.keyboard.press("Enter")
    page.until("document.querySelector('.partnote p').textContent.startsWith('To be, or')")
    page.settled(0.5)
    assert len(str(page.tab.locator(".partnote p").text_content())) == len("To be, or") + 40
    assert page.tab.locator(".viewbars .number").first.inner_text().endswith("%")
    page.look("Attention")
    page.tab.get_by_label("Head", exact=True).select_option("1")
    page.settled(0.3)
    page.tab.locator(".viewwords .word").nth(3).hover()
    assert "looks to" in page.tab.locator(".partwords .note").inner_text()


def test_stages_of_a_convolutional_network(page: Viewer) -> None:
    page.look("Stages of a convolutional network")
    page.settled(0.3)
    assert page.tab.locator(".partpictures figcaption").first.inner_text() == "The image"
    options = page.tab.get_by_label("Stage", exact=True).locator("option").all_inner_texts()
    page.tab.get_by_label("Stage", exact=True).select_option(options[-1])
    page.settled(0.3)
    assert page.tab.get_by_role("figure", name=options[-1], exact=True).locator("canvas").count() == 8
