"""The page around the playground: its address, what is taken away, keys, small screens, colours, what is vendored."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from plugins.studio.tests.studio_process import Studio, started

PAGE = Path(__file__).parents[1] / "src" / "pellucid_studio" / "page"
CONTRASTS = """() => {
  const parts = (text) => text.match(/[\\d.]+/g).map(Number);
  const straight = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const light = (colour) => colour.slice(0, 3).map((c) => straight(c / 255))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const found = parts(getComputedStyle(at).backgroundColor);
      if (found.length < 4 || found[3] > 0.99) return found;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    const away = ":disabled, [hidden], .unseen, .skip, option, svg, dialog:not([open])";
    if (!own || !node.checkVisibility({ visibilityProperty: true }) || node.closest(away)) continue;
    const [a, b] = [light(parts(getComputedStyle(node).color)), light(ground(node))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const words = node.textContent.trim().slice(0, 30);
    if (contrast < 4.5) found.push(`${node.tagName}.${node.className} ${words}: ${contrast.toFixed(2)}`);
  }
  return found;
}"""
CONTROLS = "button, input, select, textarea, canvas[tabindex], a[href], [role=tab]"
UNNAMED = """(controls) => [...document.querySelectorAll(controls)].filter((node) => {
  const label = node.getAttribute("aria-label") || node.labels?.[0]?.textContent || node.textContent || node.title;
  return node.checkVisibility() && !label.trim();
}).map((node) => node.outerHTML.slice(0, 120))"""


def test_what_others_wrote_is_as_they_published_it() -> None:
    notice = (PAGE / "vendor/NOTICE.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| ([\w.-]+) \|.*\| `([0-9a-f]{64})` \|$", notice, re.MULTILINE))
    assert set(rows) == {path.name for path in (PAGE / "vendor").iterdir() if path.suffix in (".js", ".css")}
    for name, wanted in rows.items():
        assert hashlib.sha256((PAGE / "vendor" / name).read_bytes()).hexdigest() == wanted, name
    licences = set(re.findall(r"licences/[\w.-]+", notice))
    assert licences == {f"licences/{path.name}" for path in (PAGE / "vendor/licences").iterdir()}


def test_nothing_is_inline_that_the_policy_would_refuse() -> None:
    index = (PAGE / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]*src=)", index)
    for script in PAGE.rglob("*.js"):
        if "vendor" not in script.parts:
            assert not re.search(
                r"\beval\(|new Function|innerHTML|https?://(?!www\.w3\.org)", script.read_text(encoding="utf-8")
            ), script


# -- the address, and what is taken away ------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_address_brings_its_network_back(studio: Studio, browser: Any, address: str) -> None:
    width = studio.tab.get_by_role("group", name="units of layer 1")
    studio.building(lambda: width.get_by_role("button", name="One more").click())
    wanted = studio.sections
    link = studio.until("location.hash")
    studio.preset("Iris")
    assert studio.sections != wanted
    with_link = Studio(browser, address, link)
    with_link.until(
        "n => studio.store.state.sections.model.layers[0].units === n", wanted["model"]["layers"][0]["units"]
    )
    assert with_link.sections == wanted
    studio.until("n => studio.store.state.sections.model.layers[0].units === n", wanted["model"]["layers"][0]["units"])
    with_link.close()


@pytest.mark.slow
def test_the_tab_stands_in_the_address_too(studio: Studio, browser: Any, address: str) -> None:
    first = studio.until("location.hash")
    studio.tab.get_by_role("tab", name="Views").click()
    link = studio.until("first => location.hash !== first && location.hash", first)
    other = Studio(browser, address, link)
    other.until("studio.store.state.tab === 'Views'")
    other.close()


@pytest.mark.slow
def test_reloading_a_page_does_not_lose_the_run(studio: Studio) -> None:
    studio.tab.get_by_role("button", name="Train").click()
    studio.until("studio.frames.last?.step > 30")
    studio.tab.reload()
    studio.tab.wait_for_selector("body.ready")
    assert studio.until("studio.frames.last?.step") > 30
    assert studio.until("studio.frames.curve.steps.length") > 3  # with all of the curve
    studio.tab.get_by_role("button", name="Pause").click()


@pytest.mark.slow
def test_a_link_that_was_cut_off_says_so(studio: Studio) -> None:
    studio.ask("location.hash = '#abc'")
    studio.tab.get_by_text("Was the link cut off?").wait_for()


@pytest.mark.slow
def test_the_link_is_copied(browser: Any, address: str) -> None:
    studio = Studio(browser, address, permissions=["clipboard-read", "clipboard-write"])
    studio.tab.get_by_role("button", name="Copy link").click()
    studio.tab.get_by_text("Link copied").wait_for()
    assert studio.ask("navigator.clipboard.readText()") == studio.ask("location.href")
    studio.close()


@pytest.mark.slow
def test_the_experiment_as_toml_and_as_python(studio: Studio, tmp_path: Path) -> None:
    tab = studio.tab
    tab.get_by_role("button", name="Export").click()
    dialog = tab.get_by_role("dialog", name="Export")
    studio.until("document.querySelector('.export pre').textContent.includes('half_moons')")
    written = tomllib.loads(dialog.locator("pre").inner_text())
    assert written["model"]["layers"][0]["units"] == 8
    dialog.get_by_role("tab", name="Python").click()
    program = dialog.locator("pre").inner_text()
    compile(program, "experiment.py", "exec")
    with tab.expect_download() as download:
        dialog.get_by_role("button", name=re.compile("Download")).click()
    assert download.value.suggested_filename == "experiment.py"
    download.value.save_as(tmp_path / "experiment.py")
    assert (tmp_path / "experiment.py").read_text() == studio.ask("document.querySelector('.export pre').textContent")
    tab.keyboard.press("Escape")
    assert dialog.count() == 0


@pytest.mark.slow
def test_two_pages_see_the_same_run(studio: Studio, browser: Any, address: str) -> None:
    other = Studio(browser, address)
    studio.tab.get_by_role("button", name="Train").click()
    other.until("studio.frames.last?.state === 'training' && studio.frames.last?.step > 20")
    other.tab.get_by_role("button", name="Pause").click()
    studio.until("studio.frames.last?.state === 'paused'")
    assert studio.step == other.step
    other.close()


# -- for everybody ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_all_of_it_by_keys_alone(studio: Studio) -> None:
    """From the top: train, choose data, put a layer in, open a unit, each reached by Tab; the focus is seen."""
    tab = studio.tab

    def reach(script: str) -> None:
        for _ in range(120):
            tab.keyboard.press("Tab")
            if studio.ask(f"(node => {script})(document.activeElement)"):
                seen = studio.ask("getComputedStyle(document.activeElement).outlineStyle")
                assert seen == "solid", f"the focus is not seen at {script}"
                return
        raise AssertionError(f"Tab does not reach {script}")

    studio.ask("document.activeElement.blur()")
    reach("node.getAttribute('aria-label') === 'Train'")
    tab.keyboard.press("Enter")
    studio.until("studio.frames.last?.step > 5")
    tab.keyboard.press("Enter")
    studio.until("studio.frames.last?.state === 'paused'")
    reach("node.classList.contains('tile') && node.closest('[data-column]').dataset.column === 'layers.0'")
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowRight")
    assert studio.ask("document.activeElement.getAttribute('aria-label')") == "layers.1, unit 1"
    tab.keyboard.press("Enter")
    tab.get_by_role("complementary", name="The last step").wait_for()
    tab.keyboard.press("Escape")
    studio.until("!document.querySelector('aside.step')")
    assert studio.ask("document.activeElement.getAttribute('aria-label')") == "layers.1, unit 1"
    studio.ask("document.activeElement.blur()")
    reach("node.getAttribute('aria-label') === 'Put a layer before layer 1'")
    tab.keyboard.press("Enter")
    tab.keyboard.type("dropout")
    tab.keyboard.press("ArrowDown")
    studio.building(lambda: tab.keyboard.press("Enter"))
    assert studio.layers[0]["type"] == "dropout"


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280, 3840])
def test_it_can_be_read_at_every_width_in_light_and_dark(browser: Any, address: str, width: int, scheme: str) -> None:
    studio = Studio(browser, address, viewport={"width": width, "height": 900}, color_scheme=scheme)
    studio.preset("Half moons")
    studio.tab.get_by_role("button", name=re.compile("dense, layer 1")).click()
    assert studio.ask("document.documentElement.scrollWidth") <= width  # nothing is wider than the screen
    assert studio.ask(CONTRASTS) == []
    assert studio.ask(UNNAMED, CONTROLS) == []
    studio.close()


@pytest.mark.slow
def test_colours_are_turned_by_a_button_and_kept(studio: Studio) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    first = studio.ask(ground)
    studio.tab.get_by_role("button", name="Dark colours").click()
    assert studio.ask(ground) != first
    studio.tab.reload()
    studio.tab.wait_for_selector("body.ready")
    assert studio.ask(ground) != first


@pytest.mark.slow
def test_little_motion_where_that_was_asked_for(browser: Any, address: str) -> None:
    studio = Studio(browser, address, reduced_motion="reduce")
    studio.preset("Half moons")
    studio.tab.get_by_role("button", name="Train").click()
    studio.until("studio.frames.last?.step > 10")
    before = studio.ask("studio.frames.count.painted")
    studio.tab.wait_for_timeout(2000)
    assert studio.ask("studio.frames.count.painted") - before <= 8
    studio.tab.get_by_role("button", name="Pause").click()
    studio.close()


@pytest.mark.slow
def test_what_is_left_out_of_an_experiment_is_told_until_something_is_done(browser: Any, tmp_path: Path) -> None:
    train = "epochs = 3\npatience = 1\nthreads = 1\n"
    (tmp_path / "mine.toml").write_text(
        f'loss = "softmax_cross_entropy"\n[data]\ntype = "iris"\n[model]\ntype = "dense"\nunits = 3\n[train]\n{train}'
    )
    with started("mine.toml", folder=tmp_path) as address:
        studio = Studio(browser, address)
        told = studio.tab.locator(".banner")
        assert told.inner_text().startswith("Not used of [train] in mine.toml: patience, threads.")
        studio.tab.get_by_role("button", name="Train").click()
        studio.until("studio.frames.last?.step > 0")
        assert told.count() == 0
        studio.close()


@pytest.mark.slow
def test_a_line_that_breaks_is_drawn_again(studio: Studio) -> None:
    studio.ask("studio.session.socket.line.close()")
    studio.tab.get_by_text("Trying again").wait_for()
    studio.until("studio.store.state.online === true")
    assert studio.tab.get_by_text("Trying again").count() == 0
    studio.tab.get_by_role("button", name="One step").click()
    studio.until("studio.frames.last?.step >= 1")
