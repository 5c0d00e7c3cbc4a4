"""The page in a real Chromium: clicked through, its sums as Python's, its console silent, nothing asked for."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.component import Component
from pellucid.registry.manifest import KINDS
from pellucid.registry.registry import default_registry
from pellucid_datasets.mnist import Mnist

from tests.glassbox import every, nets
from tests.glassbox.browsing import Looked, chromium

MEGABYTES = 2
CELLS = 50
BYTES = """(name) => {
  const quantity = pellucid.byName.get(name), bytes = new Uint8Array(quantity.array().buffer);
  let letters = "";
  for (let i = 0; i < bytes.length; i += 8192) letters += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return [quantity.kind, btoa(letters)];
}"""
PHONE = {"viewport": {"width": 390, "height": 800}}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


def small() -> Any:
    model = pl.build(pl.Sequential([pl.Dense(4, "tanh"), pl.Dense(2)]), input_shape=(3,), seed=1)
    rng = np.random.default_rng(0)
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", optimizer="adam", seed=1)
    return trainer.trace_step(rng.normal(size=(4, 3)).astype("f4"), rng.integers(0, 2, 4))


def digits(steps: int = 20) -> Any:
    """The step of a network for MNIST at 16 rows."""
    split = Mnist().load(np.random.default_rng(0))
    x, y = np.asarray(split.x, np.float32), np.asarray(split.y)
    model = pl.build("ann", input_shape=(784,), hidden=[128], outputs=10, seed=1)
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", optimizer="adam", seed=1)
    for k in range(steps):
        trainer.train_step(x[64 * k : 64 * k + 64], y[64 * k : 64 * k + 64])
    return trainer.trace_step(x[:16], y[:16])


def near(total: float, why: Any) -> bool:
    scale = max(1.0, abs(why.total), sum(abs(term.value) for term in why.terms))
    return bool(abs(total - why.total) <= 1e-6 * scale)


def explained(trace: Any) -> list[str]:
    """Quantities of which an equation tells, and that have a heat map of their own."""
    found = []
    for name in trace:
        quantity = trace.quantity(name)
        array = np.asarray(trace[name])
        if (
            not array.size
            or array.dtype.kind not in "biuf"
            or quantity.same is not None
            or quantity.call is None
            or quantity.origin == "given"
        ):
            continue
        if any(e.of == quantity.of for e in trace.equations(quantity.call)):
            found.append(name)
    return found


def cells(trace: Any, names: list[str], count: int, seed: int = 0) -> list[tuple[str, tuple[int, ...]]]:
    rng = np.random.default_rng(seed)
    drawn = []
    for k in range(count):
        name = names[k % len(names)]
        drawn.append((name, tuple(int(rng.integers(n)) for n in np.shape(trace[name]))))
    return drawn


def test_a_cell_is_clicked_and_an_exercise_marked(tmp_path: Path, browser: Any) -> None:
    trace = small()
    looked = Looked(browser, trace.html(tmp_path / "step.html"))
    tab = looked.tab
    asked: list[Any] = [("layers.0.z", (2, 1)), ("layers.0.weight.grad", (1, 3)), ("loss", ())]
    for name, cell in [*asked, ("layers.1.weight.new", (3, 1))]:
        assert near(looked.click(name, cell), trace.why(name, cell)), name
    assert "def step" in tab.inner_text("#panel pre")
    tab.click("#exercise-toggle")
    name = tab.inner_text("#exercise p code")
    assert tab.inner_text("#panel .value") == "?"
    answer = tab.evaluate("pellucid.page.exercise.answer")
    tab.fill("#exercise input", str(answer + 10))
    tab.keyboard.press("Enter")
    assert "Not yet: it is less" in tab.inner_text(".verdict")
    assert tab.inner_text("#panel .value") == "?"
    tab.fill("#exercise input", "a lot")
    tab.keyboard.press("Enter")
    assert "is no number" in tab.inner_text(".verdict")
    tab.fill("#exercise input", f"{answer:.6g}")
    tab.keyboard.press("Enter")
    assert "Right" in tab.inner_text(".verdict")
    assert tab.inner_text("#panel .value") != "?", name
    assert (looked.complaints, looked.requests) == ([], [])
    looked.close()


@pytest.mark.slow
def test_fifty_cells_of_a_network_for_mnist(tmp_path: Path, browser: Any) -> None:
    trace = digits()
    path = trace.html(tmp_path / "step.html")
    assert path.stat().st_size <= MEGABYTES * 10**6
    looked = Looked(browser, path)
    wrong = [
        (name, cell) for name, cell in cells(trace, explained(trace), CELLS)
        if not near(looked.click(name, cell), trace.why(name, cell))
    ]  # fmt: skip
    assert wrong == []
    for name in trace:  # what was foretold from equations, too
        if trace.quantity(name).origin != "equation":
            kind, shown = looked.tab.evaluate(BYTES, name)
            array = np.frombuffer(base64.b64decode(shown), kind)
            np.testing.assert_array_equal(array, trace[name].ravel(), err_msg=name)
    assert (looked.complaints, looked.requests) == ([], [])
    looked.close()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pellucid.PellucidWarning")  # a schedule of steps that nobody has counted
@pytest.mark.parametrize("kind", every.KINDS)
def test_every_component_is_opened(kind: str, tmp_path: Path, browser: Any) -> None:
    """Every step of its page is gone through; cells of all that its equations tell are clicked."""
    wrong: list[Any] = []
    opened = 0
    for case in every.cases(dtype="float32"):
        if case.kind != kind or case.example:
            continue
        trace = case.trainer.trace_step(*case.batch)
        looked = Looked(browser, trace.html(tmp_path / "step.html"))
        for _ in range(looked.tab.evaluate("pellucid.data.steps.length")):
            looked.tab.keyboard.press("ArrowRight")
        if not looked.tab.evaluate("pellucid.page.step === pellucid.data.steps.length - 1"):
            wrong.append((case.label, "the last step is not reached"))
        names = explained(trace)
        for name, cell in cells(trace, names, min(len(names), 16)):
            total = looked.click(name, cell)
            if not near(total, trace.why(name, cell)):
                wrong.append((case.label, name, cell, total, trace.why(name, cell).total))
        said = looked.complaints + looked.requests + looked.tab.evaluate("pellucid.formula.failures")
        wrong += [(case.label, each) for each in said]
        looked.close()
        opened += 1
    assert wrong == []
    assert opened


@pytest.mark.slow
def test_every_equation_is_typeset(tmp_path: Path, browser: Any) -> None:
    latex = set()
    registry = default_registry()
    for kind in KINDS:
        for name in registry.names(kind):
            component = registry.load(registry.find(kind, name))
            if isinstance(component, type) and issubclass(component, Component):
                latex |= {equation.latex for equation in component.equations}
    trace = small()
    latex |= {trace.why("layers.0.weight.grad", (1, 2)).latex, trace.why("layers.0.z", (1, 2)).latex}
    assert len(latex) > 150
    looked = Looked(browser, trace.html(tmp_path / "step.html"))
    render = "all => { all.forEach((l) => pellucid.formula(l)); return pellucid.formula.failures; }"
    assert looked.tab.evaluate(render, sorted(latex)) == []
    broken = looked.tab.evaluate(r"['\\nonsense', '{x', 'x}'].map((l) => pellucid.formula(l).className)")
    assert broken == ["raw"] * 3
    looked.close()


@pytest.mark.slow
def test_by_keyboard_alone(tmp_path: Path, browser: Any) -> None:
    trace = small()
    looked = Looked(browser, trace.html(tmp_path / "step.html"))
    tab = looked.tab
    tab.focus('.card[data-quantity="layers.0.z"] .map')
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "Enter"):
        tab.keyboard.press(key)
    assert tab.inner_text("#panel .cellname") == "layers.0.z[1, 2]"
    assert tab.evaluate("pellucid.page.step") == 1  # arrows within a map do not walk on
    tab.focus("#panel .worked a.cell")
    tab.keyboard.press("Enter")
    assert tab.inner_text("#panel .cellname") != "layers.0.z[1, 2]"
    tab.keyboard.press("Backspace")
    assert tab.inner_text("#panel .cellname") == "layers.0.z[1, 2]"
    tab.keyboard.press("ArrowRight")
    assert tab.evaluate("pellucid.page.step") == 2
    unnamed = tab.evaluate(
        "[...document.querySelectorAll('button, input, select, [role=grid]')]"
        ".filter((e) => !(e.getAttribute('aria-label') || e.textContent.trim() || e.title)).map((e) => e.outerHTML)"
    )
    assert unnamed == []
    tab.focus("#after")
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    looked.close()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_and_the_dark(scheme: str, tmp_path: Path, browser: Any) -> None:
    trace = small()
    looked = Looked(browser, trace.html(tmp_path / "step.html"), color_scheme=scheme, reduced_motion="reduce", **PHONE)
    tab = looked.tab
    ground = "getComputedStyle(document.body).backgroundColor"
    before = tab.evaluate(ground)
    assert (sum(map(int, before.strip("rgb()").split(","))) < 200) == (scheme == "dark")
    tab.click("#theme")
    assert tab.evaluate(ground) != before
    looked.click("layers.1.weight.grad", (1, 1))
    assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
    assert (looked.complaints, looked.requests) == ([], [])
    looked.close()


@pytest.mark.slow
def test_the_policy_holds_against_a_page_that_tries(tmp_path: Path, browser: Any) -> None:
    """What somebody would have got into the page could neither run nor ask for anything."""
    path = small().html(tmp_path / "step.html")
    path.write_text(
        path.read_text().replace("<main>", "<script>window.ran = 1</script><img src='https://example.org/x.png'><main>")
    )
    looked = Looked(browser, path)
    assert looked.tab.evaluate("window.ran") is None
    assert any("Content Security Policy" in said for said in looked.complaints)
    stopped = looked.tab.evaluate("fetch('https://example.org/').then(() => 'asked', () => 'refused')")
    assert stopped == "refused"
    markup = "(() => { try { document.body.innerHTML = '<b>x</b>'; return 'set'; } catch { return 'refused'; } })()"
    assert looked.tab.evaluate(markup) == "refused"
    looked.close()


@pytest.mark.slow
def test_the_end_of_a_long_recurrence(tmp_path: Path, browser: Any) -> None:
    """The branches of its expression meet; followed one by one they would be 2ⁿ."""
    model = pl.build("recurrent_network", input_shape=(30, 2), outputs=2, seed=1, hidden=[4])
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", seed=1)
    rng = np.random.default_rng(0)
    trace = trainer.trace_step(rng.normal(size=(3, 30, 2)).astype("f4"), rng.integers(0, 2, 3))
    looked = Looked(browser, trace.html(tmp_path / "step.html"))
    for name in ("layers.0.hs", "layers.0.cs", "layers.0.da"):
        for step in (0, 29):
            cell = (step, 2, 3)
            assert near(looked.click(name, cell), trace.why(name, cell)), (name, cell)
            assert len(looked.tab.inner_text("#panel .worked .line >> nth=0")) < 1000
    assert (looked.complaints, looked.requests) == ([], [])
    looked.close()


@pytest.mark.slow
def test_random_networks(tmp_path: Path, browser: Any) -> None:
    for seed in range(8):
        _, trainer, batch = nets.made(seed)
        trace = trainer.trace_step(*batch[:2], weight=batch[2])
        looked = Looked(browser, trace.html(tmp_path / f"{seed}.html"))
        for name, cell in cells(trace, explained(trace), 12, seed):
            assert near(looked.click(name, cell), trace.why(name, cell)), (seed, name, cell)
        assert (looked.complaints, looked.requests) == ([], [])
        looked.close()
