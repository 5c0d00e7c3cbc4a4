"""Pages to publish, opened from disk in a real Chromium without a network: they agree with Python, ask for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.registry.registry import default_registry
from pellucid_studio.export.bundle import bundle
from pellucid_studio.export.command import export
from pellucid_studio.export.describe import describe
from pellucid_studio.export.known import HERE, LAYERS

from plugins.studio.tests.exported import AROUND, as_if_trained, page_of, predicted, silent
from tests.glassbox.browsing import Looked

pytestmark = pytest.mark.slow
HOSTILE = "</script><img src=x onerror=\"document.title='taken'\">"
SEVEN = ((0.3, 0.22), (0.72, 0.22), (0.6, 0.5), (0.48, 0.8))


# -- every layer -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trial(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A page in which layers can be called by themselves."""
    modules = {f"layer {name}": HERE / "layers" / file for name, file in LAYERS.items()}
    script = bundle(Path(__file__).parent / "layers_on_trial.js", HERE / "page" / "kit.js", modules)
    page = tmp_path_factory.mktemp("trial") / "page.html"
    head = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">'
    page.write_text(f'{head}<body class="ready">Layers<script>{script}</script>')
    looked = Looked(browser, page)
    yield looked.tab
    silent(looked)


def examples() -> list[Any]:
    """Each layer that is known, with each of its own examples."""
    registry, found = default_registry(), []
    for name in sorted(LAYERS):
        kind = "model" if name in pl.names("model") else "layer"
        made = registry.load(registry.find(kind, name))
        found += [pytest.param(kind, name, each, id=f"{name}-{i}") for i, each in enumerate(made.examples)]
    return found


def drawn(shape: tuple[Any, ...], rng: np.random.Generator) -> np.ndarray:
    """Five values of an input as an example describes it."""
    if shape[:1] == ("int",):
        return rng.integers(0, shape[1], (5, *shape[2:]))
    return rng.normal(size=(5, *(3 if n is None else n for n in shape))).astype("f4")


@pytest.mark.parametrize(("kind", "name", "example"), examples())
def test_a_layer_computes_what_python_computes(kind: str, name: str, example: pl.Example, trial: Any) -> None:
    rng = np.random.default_rng(0)
    # Without masks, which are for sequences of different length.
    inputs = [drawn(shape, rng) for shape in example.input_shapes if shape[:1] != ("bool",)]
    shapes = [part.shape[1:] for part in inputs]
    layer = pl.create(kind, name, **example.arguments)
    model = as_if_trained(pl.build(layer, input_shape=shapes if len(shapes) > 1 else shapes[0], seed=0))
    expected = model.predict(tuple(inputs) if len(inputs) > 1 else inputs[0])
    expected = expected if isinstance(expected, tuple) else (expected,)
    found = describe(model)
    told = {"layers": found.layers, "transforms": [], "targets": []}
    samples = [[{"data": part[i].ravel().tolist(), "shape": list(part.shape[1:])} for part in inputs] for i in range(5)]
    outputs = trial.evaluate(
        "([told, numbers, samples]) => onTrial(told, numbers, samples)", [told, found.packed.text(), samples]
    )
    first = 1 if name.startswith("vae/") and len(expected) == 3 else 0  # which Python draws, and a page does not
    for i, row in enumerate(outputs):
        assert len(row) == len(expected)
        for got, whole in list(zip(row, expected, strict=True))[first:]:
            assert got["shape"] == list(whole.shape[1:])
            assert np.abs(np.array(got["data"]) - whole[i].ravel()).max(initial=0) < AROUND


# -- whole models, 1,000 samples -------------------------------------------------------------------------------------


def digits() -> tuple[np.ndarray, pl.Splits]:
    data = pl.load_dataset("mnist")
    return np.asarray(data.test.x[:1000], np.float32), data


@pytest.mark.parametrize(
    ("model", "arguments", "flat"),
    [
        ("ann", {"hidden": [512, 256], "activation": "gelu", "normalization": "batch_norm", "dropout": 0.4}, True),
        ("cnn/lenet", {}, False),
        ("cnn/lenet", {"filters": [16, 32, 64], "convolutions": [1, 2, 2], "pooling": "mean", "hidden": [],
                       "normalization": "batch_norm", "mirror": True}, False),
        ("cnn/resnet_small", {}, False),
        ("cnn/resnet_small", {"preactivation": False, "normalization": "group_norm", "activation": "silu"}, False),
        ("logistic_regression", {}, True),
        ("recurrent_network", {"hidden": [24], "cell": "gru", "both_ways": True}, None),
    ],
)  # fmt: skip
def test_a_thousand_digits(
    model: str, arguments: dict[str, Any], flat: bool | None, tmp_path: Path, browser: Any
) -> None:
    x, _ = digits()
    x = x if flat else x.reshape(-1, 28, 28) if flat is None else x.reshape(-1, 28, 28, 1)  # None: row after row
    built = as_if_trained(pl.build(model, **arguments, outputs=10, input_shape=x.shape[1:], seed=1))
    looked = page_of(built, tmp_path, browser)
    (found,) = predicted(looked, x)
    assert np.abs(found - built.predict(x)).max() < AROUND
    silent(looked)


@pytest.mark.parametrize("arguments", [{"hidden": [32]}, {"hidden": [32], "tied": True, "outputs": "logits"}])
def test_a_thousand_digits_there_and_back(arguments: dict[str, Any], tmp_path: Path, browser: Any) -> None:
    x, _ = digits()
    model = as_if_trained(pl.build("ae/autoencoder", latent=3, **arguments, input_shape=(784,), seed=1))
    looked = page_of(model, tmp_path, browser, data="mnist")
    (found,) = predicted(looked, x)
    assert np.abs(found - model.predict(x)).max() < AROUND
    codes = model.encode(x[:50])
    seen = looked.tab.evaluate("(xs) => xs.map((x) => [...pellucid.encode(x)])", x[:50].tolist())
    assert np.abs(seen - codes).max() < AROUND
    there = looked.tab.evaluate("(codes) => codes.map((z) => [...pellucid.decode(z)])", codes.tolist())
    assert np.abs(there - model.decode(codes)).max() < AROUND
    silent(looked)


@pytest.mark.parametrize("name", ["vae/vae", "vae/conditional_vae"])
def test_a_thousand_digits_of_which_codes_are_drawn(name: str, tmp_path: Path, browser: Any) -> None:
    x, data = digits()
    labels = np.asarray(data.test.y[:1000]) if name == "vae/conditional_vae" else None
    classes = {} if labels is None else {"classes": 10}
    shape = (784,) if labels is None else [(784,), ()]
    model = as_if_trained(pl.build(name, latent=2, hidden=[32], **classes, input_shape=shape, seed=1))
    looked = page_of(model, tmp_path, browser, data="mnist")
    _, mean, s = predicted(looked, x, labels)
    _, expected, deviation = model.predict(x if labels is None else (x, labels))
    assert np.abs(mean - expected).max() < AROUND
    assert np.abs(s - deviation).max() < AROUND
    from pellucid_vae import inference

    given = None if labels is None else labels[:20]
    back = inference.decode(model, expected[:20], given)
    there = looked.tab.evaluate(
        "([codes, labels]) => codes.map((z, i) => [...pellucid.decode(z, ...(labels ? [labels[i]] : []))])",
        [expected[:20].tolist(), None if given is None else given.tolist()],
    )
    assert np.abs(there - back).max() < AROUND
    silent(looked)


def test_targets_come_in_their_unit(tmp_path: Path, browser: Any) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2))
    model = pl.build("ann", hidden=[8], outputs=1, task="regression", input_shape=(2,), seed=0)
    split = pl.Split(x, 1000 + 50 * x[:, :1])
    data = pl.Splits(split, split, split, ["standardize", {"type": "scale", "factor": 2.0}], ["standardize"])
    pl.Trainer(model, optimizer="adam", seed=0).fit(data, epochs=3, verbose=False)
    looked = page_of(model, tmp_path, browser)
    (found,) = predicted(looked, x)
    assert np.abs(found - model.predict(x.astype("f4"))).max() < 1e-2  # of a thousand
    silent(looked)


# -- what one does with it -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def learned() -> Any:
    """A network that knows digits."""
    _, data = digits()
    model = pl.build("ann", hidden=[64], outputs=10, input_shape=(784,), seed=0)
    few = pl.Splits(data.train.take(np.arange(20_000)), data.validation, data.test)
    pl.Trainer(model, loss="softmax_cross_entropy", optimizer="adam", seed=0).fit(few, epochs=3, verbose=False)
    return model


def stroke(tab: Any, points: Any) -> None:
    box = tab.query_selector("canvas.pad").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    tab.mouse.move(*places[0])
    tab.mouse.down()
    for place in places[1:]:
        tab.mouse.move(*place, steps=8)
    tab.mouse.up()
    tab.wait_for_timeout(150)


def test_a_digit_is_drawn_by_the_mouse(learned: Any, tmp_path: Path, browser: Any) -> None:
    looked = page_of(learned, tmp_path, browser, data="mnist", title="Digits")
    tab = looked.tab
    assert tab.inner_text(".answer") == "Nothing drawn"
    stroke(tab, SEVEN)
    assert tab.inner_text(".answer").startswith("7, ")
    assert tab.inner_text(".bars li.first .name") == "7"
    tab.click("text=Clear")
    tab.wait_for_timeout(100)
    assert tab.inner_text(".answer") == "Nothing drawn"
    tab.click(".strip button >> nth=0")
    assert tab.inner_text(".answer") != "Nothing drawn"
    assert "98" not in tab.inner_text("h1") and tab.inner_text("h1") == "Digits"
    assert "trained from scratch" in tab.inner_text("footer")
    silent(looked)


def test_a_code_is_dragged_and_typed_by_keyboard(tmp_path: Path, browser: Any) -> None:
    model = as_if_trained(pl.build("vae/vae", latent=3, hidden=[16], input_shape=(784,), seed=1))
    looked = page_of(model, tmp_path, browser, data="mnist")
    tab = looked.tab
    seen = "document.querySelector('canvas.pixels').toDataURL()"
    before = tab.evaluate(seen)
    box = tab.query_selector("canvas.plane").bounding_box()
    tab.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.2, steps=5)
    tab.mouse.up()
    tab.wait_for_timeout(100)
    values = tab.evaluate("[...document.querySelectorAll('input[type=number]')].map((each) => each.valueAsNumber)")
    assert values[0] == pytest.approx(2.4, abs=0.05) and values[1] == pytest.approx(1.8, abs=0.05)
    after = tab.evaluate(seen)
    assert after != before
    tab.focus("canvas.plane")
    tab.keyboard.press("Shift+ArrowLeft")
    tab.wait_for_timeout(100)
    assert tab.evaluate(seen) != after
    moved = tab.evaluate("document.querySelector('input[type=number]').valueAsNumber")
    assert moved == pytest.approx(1.8, abs=0.05)
    silent(looked)


def test_it_fits_a_phone_light_and_dark(learned: Any, tmp_path: Path, browser: Any) -> None:
    pl.save(learned, tmp_path / "model.safetensors")
    export(tmp_path / "model.safetensors", tmp_path / "page.html", data="mnist", title="A title of " + "words " * 20)
    phone = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark", "has_touch": True}
    looked = Looked(browser, tmp_path / "page.html", **phone)
    tab = looked.tab
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    dark = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    tab.click("#theme")
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") != dark
    nameless = tab.evaluate(
        "[...document.querySelectorAll('button, canvas[tabindex]')]"
        ".filter((each) => !(each.ariaLabel || each.innerText)).length"
    )
    assert nameless == 0
    silent(looked)


def test_hostile_names_are_texts(tmp_path: Path, browser: Any) -> None:
    rng = np.random.default_rng(0)
    model = pl.build("ann", hidden=[4], outputs=2, input_shape=(2,), seed=0)
    split = pl.Split(rng.normal(size=(20, 2)), np.arange(20) % 2, (HOSTILE, "b"), features=(HOSTILE, "<!--<script>"))
    pl.Trainer(model, loss="softmax_cross_entropy", seed=0).fit(split, epochs=1, verbose=False)
    looked = page_of(model, tmp_path, browser, title=HOSTILE)
    tab = looked.tab
    assert tab.title() == HOSTILE
    assert tab.inner_text("h1") == HOSTILE
    assert HOSTILE in tab.inner_text(".bars") and HOSTILE in tab.inner_text(".fields")
    assert tab.evaluate("document.images.length") == 0
    silent(looked)


def test_the_policy_lets_nothing_else_run(tmp_path: Path, browser: Any) -> None:
    rng = np.random.default_rng(0)
    model = pl.build("dense", units=2, input_shape=(2,), seed=0)
    split = pl.Split(rng.normal(size=(9, 2)), rng.normal(size=(9, 2)))
    pl.Trainer(model, loss="mse", seed=0).fit(split, epochs=1, verbose=False)
    looked = page_of(model, tmp_path, browser)
    taken = looked.tab.evaluate("""() => {
      const script = document.createElement("script");
      try {
        script.textContent = "globalThis.taken = true";
        document.body.append(script);
      } catch (error) { return error.name; }
      return String(globalThis.taken);
    }""")
    assert taken in ("TypeError", "undefined")
    with pytest.raises(Exception, match=r"Failed to fetch|NetworkError"):
        looked.tab.evaluate("fetch('data:,x')")
    looked.close()


@pytest.mark.parametrize(("scaling", "one_hot"), [("robust", True), ("quantile", False), ("standard", False)])
def test_a_table_of_numbers_texts_truth_and_dates(scaling: str, one_hot: bool, tmp_path: Path, browser: Any) -> None:
    rng, rows = np.random.default_rng(0), ["age,city,member,joined,label"]
    for i in range(200):
        city, member, day = (
            ["Oslo", "Rome", "Lima"][i % 3],
            "yes" if i % 4 else "no",
            f"20{10 + i % 12}-{1 + i % 12:02}-17",
        )
        age = "" if i % 9 == 0 else str(rng.integers(18, 80))
        rows.append(f"{age},{city},{member},{day},{'good' if i % 3 else 'poor'}")
    (tmp_path / "own.csv").write_text("\n".join(rows) + "\n")
    data = pl.load_dataset("tabular/table", train=str(tmp_path / "own.csv"), target="label", seed=0)
    (proposed,) = pl.read_several("transform", data.transforms, path="transforms")
    given = {**proposed.arguments(), "scaling": scaling, "one_hot": one_hot}
    columns: Any = pl.create("transform", "tabular/columns", **given)
    model = pl.build(
        "tabular/mlp", outputs=2, categories=columns.categories, hidden=[8], one_hot=3,
        input_shape=columns.output_shape((4,)), seed=0,
    )  # fmt: skip
    split = pl.Splits(data.train, data.validation, data.test, [columns])
    pl.Trainer(model, optimizer="adam", seed=0).fit(split, epochs=1, verbose=False)
    looked = page_of(model, tmp_path, browser, data=str(tmp_path / "own.csv"))
    x = np.asarray(data.train.x, np.float64)
    found = looked.tab.evaluate(
        "(rows) => rows.map((row) => [...pellucid.predict(row.map((value) => value ?? NaN))])",
        [[None if np.isnan(value) else value for value in row] for row in x.tolist()],
    )
    assert np.abs(found - model.predict(x)).max() < AROUND
    before = looked.tab.inner_text(".answer")
    looked.tab.get_by_label("city").select_option("missing")
    looked.tab.get_by_label("joined").fill("2019-05-02")
    looked.tab.get_by_label("age", exact=True).last.fill("")
    looked.tab.wait_for_timeout(100)
    assert looked.tab.inner_text(".answer") != before
    silent(looked)


def test_a_layer_of_a_strangers_own(tmp_path: Path, browser: Any) -> None:
    (tmp_path / "acme.py").write_text(
        "from pellucid import Layer\n\n\n"
        "class Cube(Layer):\n"
        "    javascript = 'cube.js'\n"
        "    def output_shape(self, input_shape): return input_shape\n"
        "    def forward(self, ctx, x): return x**3\n"
        "    def backward(self, ctx, dy): return dy\n"
    )
    (tmp_path / "cube.js").write_text(
        'import { mapped } from "pellucid";\nimport { cubed } from "./number.js";\n\n'
        "export const make = () => (x) => mapped(x, cubed);\n"
    )
    (tmp_path / "number.js").write_text("export const cubed = (value) => value ** 3;\n")
    with pl.local_plugins(str(tmp_path / "acme.py")):
        layers = [{"type": "dense", "units": 5}, "acme/cube", {"type": "dense", "units": 2}]
        model = pl.build({"type": "sequential", "layers": layers}, input_shape=(3,), seed=0)
        looked = page_of(model, tmp_path, browser)
    x = np.random.default_rng(0).normal(size=(100, 3)).astype("f4")
    (found,) = predicted(looked, x)
    assert np.abs(found - model.predict(x)).max() < AROUND
    silent(looked)


def test_a_picture_of_the_readers_own(tmp_path: Path, browser: Any) -> None:
    model = pl.build("cnn/lenet", filters=[4], hidden=[], outputs=2, input_shape=(8, 8, 3), seed=0)
    rng = np.random.default_rng(0)
    split = pl.Split(rng.uniform(size=(8, 8, 8, 3)).astype("f4"), np.arange(8) % 2, ("red", "green"))
    pl.Trainer(model, loss="softmax_cross_entropy", seed=0).fit(split, epochs=1, verbose=False)
    looked = page_of(model, tmp_path, browser)
    assert looked.tab.inner_text(".answer") == "No picture yet"
    shown = np.zeros((8, 8, 3), np.uint8)
    shown[..., 0] = 200
    pl.pictures.save_png(shown, tmp_path / "red.png")
    looked.tab.set_input_files("input[type=file]", tmp_path / "red.png")
    looked.tab.wait_for_timeout(300)
    said = model.predict(shown[None] / np.float32(255))[0]
    assert looked.tab.inner_text(".answer").startswith(("red", "green")[int(said.argmax())])
    silent(looked)
