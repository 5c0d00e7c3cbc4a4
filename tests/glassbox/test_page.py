"""The page of a trace as a file: one, closed to the network and to markup of strangers, with all of the trace in it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import tomllib
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.glassbox.page import render
from pellucid.glassbox.page.export import Export
from pellucid.glassbox.page.packing import Packed, type_of
from pellucid.glassbox.page.parts import PageNote, PagePicture, PageTable, PageWindow

from tests.glassbox import nets
from tests.glassbox.example_page import PAGE, write
from tests.glassbox.test_graph import read

ROOT = Path(__file__).resolve().parents[2]
EVIL = "</script><script>alert('1')</script><img src=x onerror=alert(2)>"


class Evil(pl.Composite):
    __doc__ = f"A layer {EVIL} of a stranger."
    equations = (pl.Equation("y", rf"y = 2x \text{{{EVIL}}}", "2 * x"),)

    def call(self, ctx: Any, x: Any) -> Any:
        return 2 * x  # </script><script>alert('of the source')</script>

    def page_parts(self, call: Any, trace: Any) -> list[Any]:
        return [
            PageNote(EVIL, latex=EVIL), PageTable(EVIL, [EVIL], [[EVIL], [float("nan")]]), PageWindow(EVIL, "y", ["x"]),
            PagePicture(EVIL, np.eye(3), EVIL), PagePicture(EVIL, "x"),
        ]  # fmt: skip


def traced(*layers: Any, rows: int = 4) -> Any:
    model = pl.build(pl.Sequential([*layers, pl.Dense(2)]), input_shape=(3,), seed=1)
    rng = np.random.default_rng(0)
    trainer = pl.Trainer(model, loss="mse", seed=1)
    return trainer.trace_step(rng.normal(size=(rows, 3)).astype("f4"), rng.normal(size=(rows, 2)).astype("f4"))


def test_it_is_one_file_that_lets_nothing_in_or_out(tmp_path: Path) -> None:
    trace = traced(pl.Dense(4, "tanh"))
    path = trace.html(tmp_path / "step.html")
    text = path.read_text()
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", text, re.S)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.S)
    assert [attributes for attributes, _ in scripts] == [
        ' type="application/json" id="data"', ' type="text/plain" id="numbers"', "",
    ]  # fmt: skip
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    for what, inline in (("script", scripts[-1][1]), ("style", style)):
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"{what}-src 'sha256-{digest}'" in policy[1]
    assert "unsafe" not in policy[1]
    hosts = set(re.findall(r"https?://[^\"'\s)]+", text))
    assert hosts <= {"http://www.w3.org/1998/Math/MathML"}  # a name, not an address
    assert list(tmp_path.iterdir()) == [path]
    assert trace.html(tmp_path / "again.html").read_bytes() == path.read_bytes()


def test_nothing_of_a_stranger_is_markup(tmp_path: Path) -> None:
    text = traced(Evil()).html(tmp_path / "step.html").read_text()
    assert len(re.findall("<script", text)) == 3
    assert "<img" not in text
    (found,) = re.findall(r'id="data">(.*?)</script>', text, re.S)
    data = json.loads(found)
    (call,) = [call for call in data["calls"] if call["type"] == "Evil"]
    assert EVIL in call["doc"]
    assert [part["is"] for part in call["parts"]] == ["note", "table", "window", "picture", "picture"]
    assert call["parts"][1]["rows"] == [[EVIL], ["nan"]]
    assert data["quantities"][call["parts"][4]["quantity"]]["name"] == "layers.0.x"
    assert "alert('of the source')" in data["codes"][call["code"][0]]["text"]


def parts(trainer: Any, *batch: Any) -> dict[str, list[Any]]:
    """What the components of a step show besides: by their types."""
    data = Export(trainer.trace_step(*batch)).data
    return {call["type"]: call["parts"] for call in data["calls"] if call["parts"]}


def test_what_is_built_in_shows_what_is_its_own() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 4)).astype("f4"), rng.integers(0, 2, 6)
    layers = [pl.BatchNorm(), pl.LayerNorm(), pl.Dropout(0.5), pl.Dense(2)]
    model = pl.build(pl.Sequential(layers), input_shape=(4,), seed=1)
    shown = parts(pl.Trainer(model, loss="softmax_cross_entropy", seed=1), x, y)
    assert [row[1:3] for row in shown["BatchNorm"][0]["rows"]] == [
        pytest.approx([x[:, j].mean(), x[:, j].var()], abs=1e-6) for j in range(4)
    ]
    assert [row[3:] for row in shown["LayerNorm"][0]["rows"]] == [pytest.approx([0, 1], abs=1e-3)] * 6
    assert "of 24 numbers were kept" in shown["Dropout"][0]["text"]

    model = pl.build("vae", input_shape=(4,), latent=2, hidden=[3], seed=1)
    head = parts(pl.Trainer(model, seed=1), np.abs(x).clip(0, 1))["GaussianHead"]
    assert [part["is"] for part in head] == ["picture", "note", "picture", "picture"]

    model = pl.build("mlp_denoiser", input_shape=[(4,), ()], hidden=4, blocks=1, embedding=2, seed=1)
    noisy = parts(pl.Trainer(model, seed=1), x)["Denoise"]
    assert [part["is"] for part in noisy] == ["picture", "picture", "picture", "table", "note"]

    images = rng.uniform(size=(2, 8, 8, 1)).astype("f4")
    layers = [pl.create("layer", "conv2d", filters=2, kernel_size=3), pl.create("layer", "group_norm", groups=2)]
    layers += [pl.create("layer", "max_pool2d"), pl.Flatten(), pl.Dense(2)]
    model = pl.build(pl.Sequential(layers), input_shape=(8, 8, 1), seed=1)
    shown = parts(pl.Trainer(model, loss="softmax_cross_entropy", seed=1), images, y[:2])
    assert shown["Conv2D"][0]["shows"] == ["x", "W"]
    assert shown["MaxPool2D"][0]["of"] == "y"
    assert len(shown["GroupNorm"][0]["rows"]) == 4

    layers = [pl.create("layer", "masking_noise", fraction=0.5), pl.Dense(2)]
    model = pl.build(pl.Sequential(layers), input_shape=(4,), seed=1)
    shown = parts(pl.Trainer(model, loss="softmax_cross_entropy", seed=1), x, y)
    assert "were kept" in shown["MaskingNoise"][0]["text"]


def test_pictures_of_arrays_stand_behind_each_other() -> None:
    held = [np.eye(3)[:2], np.array([[7, 8, 9, 10]]), np.array([[[True], [False]]])]

    class Painted(pl.Composite):
        def call(self, ctx: Any, x: Any) -> Any:
            return x * 1.0

        def page_parts(self, call: Any, trace: Any) -> list[Any]:
            first, *rest = (PagePicture(f"picture {i}", array, "a note") for i, array in enumerate(held))
            return [first, PagePicture("x", "x"), *rest]

    export = Export(traced(Painted()))
    (call,) = [call for call in export.data["calls"] if call["type"] == "Painted"]
    assert [part.get("extra") for part in call["parts"]] == [0, None, 1, 2]
    assert call["parts"][2] == {"is": "picture", "title": "picture 1", "note": "a note", "extra": 1}
    told = [(extra["shape"], extra["type"]) for extra in export.data["extra"]]
    assert told == [([2, 3], "f8"), ([1, 4], "i4"), ([1, 2, 1], "u1")]
    for array, extra in zip(held, export.data["extra"], strict=True):
        assert read(export.packed, extra["data"], array.size) == array.ravel().tolist()


def test_a_part_that_is_none_is_refused() -> None:
    class Wrong(pl.Composite):
        def call(self, ctx: Any, x: Any) -> Any:
            return x * 1.0

        def page_parts(self, call: Any, trace: Any) -> list[Any]:
            return ["<b>bold</b>"]

    with pytest.raises(TypeError, match=r"page_parts of Wrong \(layers\.0\) gave a str\. Expected: pl\.PageNote"):
        Export(traced(Wrong()))


def test_what_is_too_large_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(pl.DataError, match=r"would have [\d,]+ bytes.* 9,000\. .*layers.*Give fewer rows"):
        traced(pl.Dense(4)).html(tmp_path / "step.html", limit=9000)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_path_and_no_number_is_refused() -> None:
    trace = traced(pl.Dense(4))
    with pytest.raises(pl.CheckpointError, match=r"named by its path.* Received: 3 \(int\)"):
        trace.html(3)
    for limit in (0, "large", 1.5):
        with pytest.raises(pl.ConfigError, match="The 'limit' of html must be an int"):
            trace.html("step.html", limit=limit)


def test_every_quantity_stands_in_a_step_and_is_kept_to_the_bit() -> None:
    _, trainer, batch = nets.made(3)
    trace = trainer.trace_step(*batch[:2], weight=batch[2])
    export = Export(trace)
    data = export.data
    stored = zlib.decompress(base64.b64decode(export.packed.text()), -15)
    listed = sorted(n for step in data["steps"] for n in step["names"])
    assert len(listed) == len(set(listed))
    missing = [q["name"] for n, q in enumerate(data["quantities"]) if n not in listed and "same" not in q]
    assert missing == []
    for told in data["quantities"]:
        if "data" not in told or told.get("foretold"):
            continue
        kind, place = told["data"]
        array = np.asarray(trace[told["name"]])
        planes = np.frombuffer(stored, np.uint8, array.size * np.dtype(kind).itemsize, place)
        read = planes.reshape(np.dtype(kind).itemsize, -1).T.copy().view(f"<{kind}").reshape(array.shape)
        np.testing.assert_array_equal(read, array)


@pytest.mark.parametrize(("optimizer", "moments"), [("sgd", ()), ("adam", ("m", "v"))])
def test_large_arrays_that_the_page_computes_to_the_bit_are_foretold_and_no_others(
    optimizer: str, moments: tuple[str, ...]
) -> None:
    """Products and functions such as tanh have other last bits in a browser: their values are kept as they are."""
    layers = [pl.Dense(90, "relu"), pl.Dropout(0.3), pl.Dense(2, "tanh")]
    model = pl.build(pl.Sequential(layers), input_shape=(60,), seed=1)
    trainer = pl.Trainer(model, loss="mse", optimizer=optimizer, seed=1)
    rng = np.random.default_rng(0)
    trace = trainer.trace_step(rng.normal(size=(40, 60)).astype("f4"), rng.normal(size=(40, 2)).astype("f4"))
    export = Export(trace)
    foretold = {told["name"]: told["data"] for told in export.data["quantities"] if told.get("foretold")}
    new = [f"optimizer.{name}.layers.0.weight.new" for name in moments]
    assert set(foretold) == {"layers.1.y", "layers.1.dx", "layers.0.weight.new", *new}
    stored = zlib.decompress(base64.b64decode(export.packed.text()), -15)
    for name, (kind, place) in foretold.items():
        planes = np.frombuffer(stored, np.uint8, 4 * trace[name].size, place)
        beside = planes.reshape(4, -1).T.copy().view("<i4")
        assert kind == "i4" and np.mean(abs(beside) <= 4) > 0.99, f"{name}: float32 numbers beside what is computed"


def test_the_steps_stand_in_the_order_of_the_step() -> None:
    layers = [pl.Dense(4), pl.ReLU(), pl.Residual(pl.Dense(4, "tanh")), pl.Softmax()]
    steps = Export(traced(*layers)).data["steps"]
    paths = [0, 1, "2.layer", 2, 3, 4]
    titles = [f"layers.{path}" for path in paths]
    found = [step["title"].partition(" ")[0] for step in steps]
    phases = [step["phase"] for step in steps]
    begin, back = phases.index("forward"), phases.index("backward")
    assert found[begin : begin + 6] == titles
    assert found[begin + 6] == "loss"
    assert found[back : back + 6] == ["layers.4", "layers.3", "layers.2.layer", "layers.2", "layers.1", "layers.0"]
    assert phases == sorted(phases, key=["data", "forward", "loss", "backward", "update"].index)


@pytest.mark.parametrize(
    ("array", "kind"),
    [
        (np.array([True, False]), "u1"), (np.array([3, -5]), "i4"), (np.array([2**40]), "f8"),
        (np.zeros(3, np.float16), "f4"), (np.zeros(3, np.float32), "f4"), (np.zeros(3), "f8"), (np.zeros(0, int), "i4"),
    ],
)  # fmt: skip
def test_the_smallest_type_that_holds_all(array: Any, kind: str) -> None:
    assert type_of(array) == kind
    assert Packed().add(array) == [kind, 0]


def test_wheels_hold_what_the_page_is_made_of() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "glassbox/page/assets/*" in project["tool"]["setuptools"]["package-data"]["pellucid"]
    assets = {path.name for path in Path(render.__file__).with_name("assets").iterdir()}
    assert assets == {"template.html", "page.css", *(f"{name}.js" for name in render.SCRIPTS)}


def test_a_prediction_has_a_page_too(tmp_path: Path) -> None:
    model = pl.build(pl.Sequential([pl.Dense(4, "relu"), pl.Dense(2)]), input_shape=(3,), seed=1)
    data = Export(model.trace(np.ones((2, 3), np.float32))).data
    assert data["title"] == "A prediction, opened"
    assert [step["phase"] for step in data["steps"]] == ["data", "forward", "forward"]


def test_the_page_that_is_shown_is_of_today(tmp_path: Path) -> None:
    """Its script and style, by the hashes in its policy; numbers may differ in the last digit on other machines."""
    write(tmp_path / "step.html")
    fresh, shown = ((tmp_path / "step.html").read_text("utf-8"), PAGE.read_text("utf-8"))
    policies = [re.findall(r"(?:script|style)-src '(sha256-[^']+)'", text) for text in (fresh, shown)]
    assert len(policies[0]) == 2 and policies[0] == policies[1], "python -m tests.glassbox.example_page"
