"""Pages to publish: what is told, what is refused, what is never markup; and one of flowers, opened in a browser."""

from __future__ import annotations

import base64
import re
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_studio.export.bundle import bundle
from pellucid_studio.export.command import export
from pellucid_studio.export.describe import describe
from pellucid_studio.export.known import HERE, LAYERS, TRANSFORMS
from pellucid_studio.export.packing import Packed
from pellucid_studio.export.reading import reading_of
from pellucid_studio.export.samples import picture_of
from pellucid_studio.export.writing import page

from plugins.studio.tests.exported import AROUND, page_of, predicted, silent

HOSTILE = "</script><img src=x onerror=alert(1)>"


class Wide(pl.Dense):
    """A subclass, which may compute something else."""


class Doubled(pl.Layer):
    """y = 2 x, with JavaScript of its own."""

    javascript = "doubled.js"

    def output_shape(self, input_shape: pl.Shape) -> pl.Shape:
        return input_shape

    def forward(self, ctx: pl.Context, x: pl.Array) -> pl.Array:
        return x * 2

    def backward(self, ctx: pl.Context, dy: pl.Array) -> pl.Array:
        return dy * 2


class Odd(pl.Loss):
    """Its probabilities are neither softmax nor sigmoid."""

    def forward(self, ctx: pl.Context, prediction: pl.Array, target: pl.Array, weight: pl.Array | None = None) -> Any:
        return 0.0

    def backward(self, ctx: pl.Context) -> pl.Array:
        return np.zeros(1)

    def probabilities(self, outputs: pl.HostArray) -> pl.HostArray:
        e = np.exp(2 * outputs)
        return np.asarray(e / e.sum(1, keepdims=True))


def saved(path: Path, model: pl.Layer) -> Path:
    pl.save(model, path / "model.safetensors")
    return path / "model.safetensors"


def trained(
    x: np.ndarray, y: np.ndarray, classes: tuple[str, ...] | None = None, loss: str = "softmax_cross_entropy",
    features: tuple[str, ...] | None = None, outputs: int = 2, **how: Any,
) -> pl.Layer:  # fmt: skip
    model = pl.build("ann", input_shape=x.shape[1:], hidden=[4], outputs=outputs, seed=0)
    pl.Trainer(model, loss=loss, seed=0).fit(pl.Split(x, y, classes, features=features), epochs=1, verbose=False, **how)
    return model


def table(classes: tuple[str, ...] = ("no", "yes"), features: tuple[str, ...] | None = None, **how: Any) -> pl.Layer:
    rng = np.random.default_rng(0)
    return trained(rng.normal(size=(20, 3)), np.arange(20) % 2, classes, features=features, **how)


class Elements(HTMLParser):
    """The names of a page's elements, and the texts of its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.names.append(tag)


def test_every_layer_that_is_known_has_its_file_and_no_file_is_left_over() -> None:
    for kind, known in (("layer", LAYERS), ("transform", TRANSFORMS)):
        folder = HERE / f"{kind}s"
        names = {*pl.names(kind), *(pl.names("model") if kind == "layer" else ())}
        classes = {"vae/vae", "vae/conditional_vae", "ae/autoencoder", "cnn/unet"}
        assert known.keys() <= names | classes
        assert {path.name for path in folder.glob("*.js")} == {*known.values(), *(["as_is.js"] * (kind == "transform"))}


def test_the_page_on_javascript_lists_what_is_known() -> None:
    text = (Path(__file__).parents[3] / "docs" / "plugins" / "javascript.md").read_text("utf-8")
    listed = set()
    for vendor, layers, transforms in re.findall(r"^\| (\w+) \| (`.*) \| (.*?) ?\|$", text, re.MULTILINE):
        listed |= {f"{vendor}/{name}" for name in re.findall(r"`(\w+)`", layers + transforms)}
    assert listed == {*LAYERS, *TRANSFORMS}


def test_all_of_it_becomes_one_script_without_imports() -> None:
    modules = {f"layer {name}": HERE / "layers" / file for name, file in LAYERS.items()}
    script = bundle(HERE / "page" / "main.js", HERE / "page" / "kit.js", modules)
    assert not re.search(r"^\s*(import|export)\b", script, re.MULTILINE)
    assert script.count("// dense.js\n") == 1
    assert '"layer core/dense": m' in script


@pytest.mark.parametrize(
    "text", ["import * as kit from 'pellucid';", "export default 1;", 'import { a } from "./gone.js";']
)
def test_a_module_that_is_written_otherwise_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "own.js").write_text(f"{text}\nexport const make = () => (x) => x;\n")
    with pytest.raises(pl.PluginError, match=r"own\.js|gone\.js"):
        bundle(HERE / "page" / "main.js", HERE / "page" / "kit.js", {"layer a/b": tmp_path / "own.js"})


def test_a_model_that_is_not_known_is_refused_by_the_names_of_its_layers(tmp_path: Path) -> None:
    model = pl.build("language_model", vocabulary=5, width=4, layers=1, heads=1, context=4, input_shape=(4,), seed=0)
    with pytest.raises(pl.ConfigError, match=r"the layer transformer/embedding, .*of ae, cnn, core.*javascript ="):
        export(saved(tmp_path, model), tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_a_subclass_is_not_taken_for_its_base() -> None:
    model = pl.build(pl.Sequential([Wide(2)]), input_shape=(3,))
    with pytest.raises(pl.ConfigError, match=r"test_export\.Wide, which is not registered"):
        describe(model)


def test_a_layer_brings_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = pl.build(pl.Sequential([Doubled(), pl.Dense(2)]), input_shape=(3,))
    with pytest.raises(pl.ConfigError, match=r"doubled\.js.*package-data"):
        describe(model)
    (tmp_path / "layers.js").write_text("export const make = () => (x) => x;\n")
    monkeypatch.setattr(Doubled, "javascript", str(tmp_path / "layers.js"))
    (name,) = [each for each in describe(model).modules if "Doubled" in each]
    assert describe(model).modules[name].name == "layers.js"


def test_arrays_come_back() -> None:
    packed = Packed()
    rng = np.random.default_rng(0)
    arrays = rng.normal(size=(3, 4)).astype("f4"), rng.normal(size=(2,)), np.arange(5)
    places = [packed.add(arrays[0]), packed.add(arrays[1], exact=True), packed.add(arrays[2], kind="u1")]
    whole = np.frombuffer(zlib.decompress(base64.b64decode(packed.text()), -15), np.uint8)
    for array, (kind, at, shape) in zip(arrays, places, strict=True):
        width, size = np.dtype(kind).itemsize, array.size
        planes = whole[at : at + size * width].reshape(width, size)
        assert np.array_equal(planes.T.copy().view(f"<{kind}").reshape(shape), array)


def test_what_the_outputs_mean_is_asked_of_the_loss() -> None:
    x = np.random.default_rng(0).normal(size=(20, 3))
    assert reading_of(table(), 2).how == "softmax"
    assert reading_of(table(), 2).names == ("no", "yes")
    yes = trained(x, np.arange(20) % 2, ("no", "yes"), loss="binary_cross_entropy", outputs=1)
    assert (reading_of(yes, 1).how, reading_of(yes, 1).names) == ("sigmoid", ("no", "yes"))
    many = trained(x, (np.arange(40).reshape(20, 2) % 2).astype("f4"), loss="binary_cross_entropy")
    assert (reading_of(many, 2, ["a", "b"]).how, reading_of(many, 2, ["a", "b"]).names) == ("answers", ("a", "b"))
    value = trained(x, np.arange(20.0), loss="mse", outputs=1)
    assert (reading_of(value, 1).how, reading_of(value, 1).names) == ("values", ("output",))


def test_other_probabilities_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pl.SoftmaxCrossEntropy, "probabilities", Odd.probabilities)
    with pytest.raises(pl.ConfigError, match="softmax or sigmoid"):
        reading_of(table(), 2)


@pytest.mark.parametrize(
    ("shape", "named", "size"),
    [
        ((784,), False, (28, 28, 1)), ((784,), True, None), ((28, 28), False, (28, 28, 1)),
        ((8, 6, 3), True, (8, 6, 3)), ((4,), False, None), ((65,), False, None), ((50, 3), False, None),
        ((8, 8, 4), False, None),
    ],
)  # fmt: skip
def test_what_is_a_picture(shape: tuple[int, ...], named: bool, size: tuple[int, ...] | None) -> None:
    found = picture_of(shape, None, named=named)
    assert (found and (found.height, found.width, found.channels)) == size


def test_dark_ink_on_white_paper_is_seen() -> None:
    x = np.full((3, 8, 8), 255.0)
    x[:, 3:5, 3:5] = 10
    found = picture_of((8, 8), x, named=False)
    assert found is not None
    assert (found.low, found.high, found.dark) == (10.0, 255.0, True)


def test_a_page_overwrites_nothing_unless_told(tmp_path: Path) -> None:
    model, page = saved(tmp_path, table()), tmp_path / "page.html"
    told = export(model, page)
    assert (told["bytes"], told["shows"], told["holds_samples"]) == (page.stat().st_size, "table", False)
    with pytest.raises(pl.ConfigError, match="exists already"):
        export(model, page)
    assert export(model, page, title="another", replace=True)["bytes"] > told["bytes"] - 100
    with pytest.raises(pl.ConfigError, match="must end in"):
        export(model, tmp_path / "page.png", replace=True)


def test_what_others_have_named_is_never_markup(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    plain = saved(tmp_path, table(("a", "b"), ("x", "y", "z")))
    export(plain, page, title="plain")
    expected = Elements(page.read_text()).names
    plain.unlink()
    hostile = saved(tmp_path, table((HOSTILE, "<!--"), (HOSTILE, "{{data}}", "{{script}}\u2028")))
    export(hostile, page, title=f"{HOSTILE}{{{{style}}}}", replace=True)
    text = page.read_text("utf-8")
    assert Elements(text).names == expected
    assert "<img" not in text
    assert text.count("</script>") == 3


def test_a_page_asks_for_nothing(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    export(saved(tmp_path, table()), page)
    text = page.read_text()
    assert not re.search(r"https?://|\bfetch\(|XMLHttpRequest|WebSocket|\beval\(|innerHTML", text)
    assert "default-src 'none'; script-src 'sha256-" in text
    assert "unsafe" not in text


def test_samples_of_ones_own_files_stay_at_home(tmp_path: Path) -> None:
    rows = "".join(f"{i % 5},{i % 3},{'yes' if i % 3 else 'no'}\n" for i in range(60))
    (tmp_path / "own.csv").write_text("width,height,label\n" + rows)
    data = pl.load_dataset("files", train=str(tmp_path / "own.csv"), target="label")
    model = pl.build("ann", input_shape=(2,), hidden=[4], outputs=2, seed=0)
    pl.Trainer(model, loss="softmax_cross_entropy", seed=0).fit(data, epochs=1, verbose=False)
    path, page = saved(tmp_path, model), tmp_path / "page.html"
    assert not export(path, page, data=str(tmp_path / "own.csv"), target="label")["holds_samples"]
    assert '"name":"width"' in page.read_text()
    assert export(path, page, data=str(tmp_path / "own.csv"), target="label", samples=10, replace=True)["holds_samples"]


@pytest.mark.parametrize(
    ("model", "shape", "message"),
    [
        ("core/dense", (None, 3), "samples of one size"),
        ("cnn/unet", (8, 8, 1), "outputs of shape"),
        ("core/dense", (2, 3, 5), "outputs of shape"),
        ("ae/autoencoder", (6,), "which codes"),
    ],
)
def test_models_that_a_page_cannot_show(model: str, shape: tuple[int, ...], message: str, tmp_path: Path) -> None:
    given = {"core/dense": {"units": 2}, "cnn/unet": {"outputs": 1, "filters": [4, 4]}, "ae/autoencoder": {"latent": 2}}
    built = pl.build(model, **given[model], input_shape=shape, seed=0)
    with pytest.raises(pl.ConfigError, match=f"(?i){message}"):
        export(saved(tmp_path, built), tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_columns_are_named_by_hand(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = saved(tmp_path, trained(rng.normal(size=(20, 2)), np.arange(20) % 2))
    export(path, tmp_path / "page.html", inputs=["length", "width"])
    assert '"name":"length"' in (tmp_path / "page.html").read_text()
    with pytest.raises(pl.ConfigError, match="2 of them"):
        export(path, tmp_path / "other.html", inputs=["length"])


def test_a_thousand_flowers(tmp_path: Path, browser: Any) -> None:
    data = pl.load_dataset("iris")
    model = pl.build("ann", hidden=[16], activation="tanh", outputs=3, input_shape=(4,), seed=0)
    pl.Trainer(model, loss="softmax_cross_entropy", optimizer="adam", seed=0).fit(data, epochs=5, verbose=False)
    names = ["sepal length", "width", "petal length", "petal width"]
    looked = page_of(model, tmp_path, browser, data="iris", inputs=names)
    tab, rng = looked.tab, np.random.default_rng(0)
    x = rng.uniform([4, 2, 1, 0], [8, 4, 7, 3], (1000, 4)).astype("f4")
    (found,) = predicted(looked, x)
    assert np.abs(found - model.predict(x)).max() < AROUND
    tab.get_by_label("petal width").first.fill("2.2")
    tab.get_by_label("petal length").first.fill("6.4")
    tab.wait_for_timeout(100)
    at = [tab.evaluate(f"document.querySelectorAll('input[type=number]')[{i}].valueAsNumber") for i in range(4)]
    best = data.test.classes[int(model.predict(np.array([at])).argmax())]
    assert tab.inner_text(".answer").startswith(best)
    silent(looked)


def test_javascript_cannot_end_the_script_it_stands_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.js").write_text("export const make = () => (x) => x; // </script><img>\n")
    monkeypatch.setattr(Doubled, "javascript", str(tmp_path / "own.js"))
    found = describe(pl.build(Doubled(), input_shape=(3,)))
    with pytest.raises(pl.PluginError, match="'</script'"):
        page("a page", found, {})
