"""The playground in a real Chromium: every control used as a visitor would, and read back."""

from __future__ import annotations

import math
import re
import time
from pathlib import Path

import pytest

from plugins.studio.tests.studio_process import Studio

pytestmark = pytest.mark.slow
COPY = """const copy = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
  const pen = copy.getContext("2d", { willReadFrequently: true });
  pen.drawImage(canvas, 0, 0);"""
INKED = f"""canvas => {{ {COPY}
  const {{ data }} = pen.getImageData(0, 0, copy.width, copy.height);
  return data.filter((alpha, i) => i % 4 === 3 && alpha > 100).length; }}"""
ALONG = f"""canvas => {{ {COPY}
  const {{ data }} = studio.frames.line, [low, high] = studio.store.state.data.bounds[0];
  const css = getComputedStyle(document.documentElement).getPropertyValue("--ink").trim();
  const at = (i) => canvas.frame.place(low + i / (data.length - 1) * (high - low), data[i]);
  const ink = [1, 3, 5].map((k) => parseInt(css.slice(k, k + 2), 16));
  const from = (pixels, n) => Math.max(...ink.map((own, k) => Math.abs(own - pixels[4 * n + k])));
  const seen = (i) => pen.getImageData(...at(i).map((p) => Math.round(p * devicePixelRatio) - 1), 3, 3).data;
  const nearest = (pixels) => Math.min(...Array.from({{ length: 9 }}, (_, n) => from(pixels, n)));
  return Array.from({{ length: 20 }}, (_, k) => nearest(seen(60 + 6 * k))); }}"""
"""How far from ink's colour the picture is where the curve has to be, to a pixel: a steep line has its edges there."""


# -- training ---------------------------------------------------------------------------------------------------------


def test_it_trains_pauses_steps_and_resets(studio: Studio) -> None:
    tab = studio.tab
    assert studio.step == 0
    tab.get_by_role("button", name="One step").click()
    studio.until("studio.frames.last?.step === 1")
    tab.get_by_role("button", name="One sample").click()
    studio.until("studio.frames.last?.step === 2")
    tab.get_by_role("button", name="Train").click()
    studio.until("studio.frames.last?.step > 40")
    tab.get_by_role("button", name="Pause").click()
    studio.until("studio.frames.last?.state === 'paused'")
    shown = studio.step
    time.sleep(0.3)
    assert studio.step == shown
    assert studio.figure("step").replace("\u2009", "") == str(shown)
    assert float(studio.figure("loss")) > 0
    tab.get_by_role("button", name="Reset").click()
    studio.until("studio.frames.last?.step === 0")


def test_speed_is_kept(studio: Studio) -> None:
    tab = studio.tab
    tab.get_by_label("Speed").select_option(label="5 steps a second")
    tab.get_by_role("button", name="Train").click()
    start, first = time.monotonic(), studio.until("studio.frames.last?.step")
    time.sleep(2)
    rate = (studio.step - first) / (time.monotonic() - start)  # lower where the machine does other things
    tab.get_by_role("button", name="Pause").click()
    tab.get_by_label("Speed").select_option(label="100 steps a second")
    assert 0 < rate < 7


def test_space_trains_and_pauses_where_it_is_nobody_elses_key(studio: Studio) -> None:
    studio.ask("document.getElementById('main').focus()")
    studio.tab.keyboard.press("Space")
    studio.until("studio.store.state.running === 'training'")
    studio.tab.keyboard.press("Space")
    studio.until("studio.store.state.running === 'paused'")


def test_other_weights_come_from_the_next_seed(studio: Studio) -> None:
    first = studio.ask("studio.frames.weights['layers.0.weight'].data[0]")
    seed = studio.sections["train"].get("seed", 0)
    studio.building(lambda: studio.tab.get_by_role("button", name="New weights").click())
    assert studio.sections["train"]["seed"] == seed + 1
    studio.until("first => studio.frames.weights['layers.0.weight']?.data[0] !== first", first)


def test_it_learns_while_it_is_looked_at(studio: Studio) -> None:
    """How many frames come in a second is measured by ``benchmarks.studio``."""
    studio.tab.get_by_role("button", name="Train").click()
    studio.until("studio.frames.last?.step > 20")
    came, painted = studio.ask("[studio.frames.count.came, studio.frames.count.painted]")
    studio.until("([came, painted]) => studio.frames.count.came > came + 9 && studio.frames.count.painted > painted",
                 [came, painted])  # fmt: skip
    studio.tab.get_by_role("button", name="Pause").click()
    curve = studio.ask("studio.frames.curve.loss")
    assert curve[-1] < curve[0]


# -- the network ------------------------------------------------------------------------------------------------------


def test_layers_are_put_in_changed_moved_and_taken_away(studio: Studio) -> None:
    tab = studio.tab
    count = len(studio.layers)
    tab.get_by_role("button", name="Put a layer before layer 2").click()
    tab.get_by_role("dialog", name="Choose a layer").wait_for()
    tab.get_by_label("Search").fill("conv2d")
    tab.locator(".chooser .item.seen", has_text="small filters").wait_for()  # not what only tells of it
    tab.get_by_label("Search").fill("layer norm")
    studio.building(lambda: tab.keyboard.press("Enter"))
    assert [layer["type"] for layer in studio.layers] == ["dense", "layer_norm", *["dense"] * (count - 1)]
    studio.building(lambda: tab.get_by_role("button", name="Earlier").click())
    assert studio.layers[0]["type"] == "layer_norm"
    studio.building(lambda: tab.get_by_role("button", name="Later").click())
    studio.building(lambda: tab.get_by_role("button", name="Remove layer 2, layer_norm").click())
    assert [layer["type"] for layer in studio.layers] == ["dense"] * count


def test_units_by_plus_and_minus(studio: Studio) -> None:
    units = studio.layers[0]["units"]
    width = studio.tab.get_by_role("group", name="units of layer 1")
    studio.building(lambda: width.get_by_role("button", name="One more").click())
    assert studio.layers[0]["units"] == units + 1
    studio.until("n => document.querySelectorAll('[data-column=\"layers.0\"] .tile').length === n", units + 1)
    studio.building(lambda: width.get_by_role("button", name="One fewer").click())
    assert studio.layers[0]["units"] == units


def test_arguments_are_set_by_forms_made_of_signatures(studio: Studio) -> None:
    tab = studio.tab
    tab.get_by_role("button", name=re.compile("dense, layer 1")).click()
    form = tab.locator("#layer-form")
    studio.building(lambda: form.get_by_label("activation").select_option("relu"))
    studio.building(lambda: form.get_by_label("use bias").uncheck())
    studio.building(lambda: form.get_by_label("init", exact=True).select_option(label="orthogonal"))
    assert studio.layers[0] == {
        "type": "dense", "units": 8, "activation": "relu", "use_bias": False, "init": {"type": "orthogonal"},
    }  # fmt: skip
    studio.building(lambda: form.get_by_label("use bias").check())
    assert "use_bias" not in studio.layers[0]  # a default is not written
    form.get_by_text("Equations").first.click()
    assert form.locator("math").count() >= 2


def test_loss_optimizer_schedule_and_run(studio: Studio) -> None:
    tab = studio.tab
    studio.building(lambda: tab.get_by_label("Optimizer", exact=True).last.select_option(label="sgd"))
    studio.building(lambda: tab.get_by_role("region", name="Optimizer").get_by_label("lr").fill("0.2"))
    studio.building(lambda: tab.get_by_label("Schedule", exact=True).last.select_option(label="cosine"))
    studio.building(lambda: tab.get_by_role("region", name="Training run").get_by_label("batch size").fill("16"))
    studio.building(lambda: tab.get_by_label("Loss", exact=True).last.select_option(label="hinge"))
    found = studio.sections
    assert found["optimizer"] == {"type": "sgd", "lr": 0.2}
    assert found["schedule"]["type"] == "cosine" and found["loss"]["type"] == "hinge"
    assert found["train"]["batch_size"] == 16
    studio.building(lambda: tab.get_by_label("Optimizer", exact=True).last.select_option(label="clipped"))
    assert studio.sections["optimizer"]["optimizer"] == {"type": "sgd", "lr": 0.2}  # it works on what was there


def test_a_mistake_stands_at_its_place_and_the_network_goes_on(studio: Studio) -> None:
    tab = studio.tab
    tab.get_by_role("button", name=re.compile("dense, layer 1")).click()
    before = studio.ask("studio.store.state.network.parameters")
    units = tab.locator("#layer-form [data-argument=units]")
    units.locator("input").fill("-3")
    units.locator(".error").wait_for()
    assert "-3" in units.locator(".error").inner_text()
    assert units.locator("input").get_attribute("aria-invalid") == "true"
    assert studio.ask("studio.store.state.network.parameters") == before
    tab.get_by_role("button", name="One step").click()
    studio.until("studio.frames.last?.step === 1")
    studio.building(lambda: units.locator("input").fill("6"))
    assert units.locator(".error").count() == 0


def test_a_loss_that_does_not_fit_is_told_at_the_loss(studio: Studio) -> None:
    studio.tab.get_by_label("Loss", exact=True).last.select_option(label="mse")
    studio.tab.get_by_role("region", name="Loss").get_by_text("MSE needs a target of shape").wait_for()
    assert studio.tab.locator(".banner").count() == 0
    studio.building(lambda: studio.tab.get_by_label("Loss", exact=True).last.select_option(label="focal"))
    assert studio.tab.get_by_text("MSE needs a target of shape").count() == 0


@pytest.mark.parametrize(
    ("name", "value", "told"), [("transforms", "nope", "Unknown transform"), ("validation", "5000", "leave none")]
)
def test_a_mistake_in_data_is_told_there(studio: Studio, name: str, value: str, told: str) -> None:
    field = studio.tab.get_by_role("region", name="Data").get_by_label(name, exact=True)
    field.fill(value)
    studio.tab.get_by_role("region", name="Data").locator(".error", has_text=told).wait_for()
    studio.building(lambda: field.fill(""))
    assert studio.tab.get_by_role("region", name="Data").locator(".error").count() == 0


def test_a_regression_has_values_and_no_classes(studio: Studio) -> None:
    studio.building(lambda: studio.tab.get_by_label("Data set", exact=True).select_option(label="sine"))
    studio.until("studio.frames.sample")
    studio.tab.get_by_text("1 input, regression.").wait_for()
    assert "%" not in studio.tab.locator(".sample .bars").inner_text()
    studio.tab.locator(".sample").get_by_text("It should be").wait_for()


def test_before_the_first_step_there_is_none_to_open(studio: Studio) -> None:
    studio.tab.get_by_role("button", name="layers.0, unit 1").click()
    studio.tab.get_by_text("No step has been taken yet").wait_for()


def test_a_change_while_it_trains_trains_on(studio: Studio) -> None:
    studio.tab.get_by_role("button", name="Train").click()
    studio.until("studio.frames.last?.step > 10")
    width = studio.tab.get_by_role("group", name="units of layer 2")
    studio.building(lambda: width.get_by_role("button", name="One more").click())
    studio.until("studio.frames.last?.state === 'training' && studio.frames.last?.step > 5")
    studio.tab.get_by_role("button", name="Pause").click()


# -- numbers ----------------------------------------------------------------------------------------------------------


def test_a_unit_and_a_weight_open_the_last_step(studio: Studio) -> None:
    tab = studio.tab
    tab.get_by_role("button", name="Train").click()
    studio.until("studio.frames.last?.step > 10")
    tab.get_by_role("button", name="layers.0, unit 3").click()
    panel = tab.get_by_role("complementary", name="The last step")
    panel.wait_for()
    inside = tab.frame_locator("aside.step iframe")
    assert inside.locator("#panel .cellname").first.inner_text() == "layers.0.y[0, 3]"
    assert studio.ask("studio.store.state.running") == "paused"
    studio.tab.keyboard.press("Escape") if panel.is_hidden() else panel.get_by_role("button", name="Close").click()
    tab.get_by_role("button", name="layers.0, unit 3").focus()
    tab.keyboard.press("]")
    weight = studio.ask("studio.frames.weights['layers.0.weight'].data[3]")
    told = tab.get_by_role("tooltip").inner_text()
    assert told.startswith("layers.0.weight[0, 3] = ")
    assert float(told.partition("= ")[2].split()[0].replace("−", "-")) == pytest.approx(weight, abs=1e-4)
    tab.keyboard.press("Enter")
    tab.frame_locator("aside.step iframe").locator("#panel .cellname", has_text="layers.0.weight.new[0, 3]").wait_for()


def test_pointing_at_a_unit_shows_its_map_and_its_numbers(studio: Studio) -> None:
    tab = studio.tab
    picture = "document.querySelector('.surface canvas').toDataURL()"
    whole = studio.ask(picture)
    tab.get_by_role("button", name="layers.1, unit 2").hover()
    studio.until(f"whole => {picture} !== whole", whole)
    told = tab.get_by_role("tooltip").inner_text()
    assert "layers.1, unit 2" in told and "weights" in told and "bias" in told


def test_the_cross_on_the_surface_moves_by_keys_and_says_what_is_there(studio: Studio) -> None:
    surface = studio.tab.get_by_role("img", name=re.compile("over the plane"))
    surface.focus()
    studio.tab.keyboard.press("ArrowRight")
    studio.until("/%$/.test(document.querySelector('.surface .told').textContent)")


def test_sizes_of_every_parameter_are_shown(studio: Studio) -> None:
    studio.tab.get_by_role("button", name="One step").click()
    row = studio.tab.get_by_role("row", name=re.compile("layers.0.weight"))
    studio.until("document.querySelector('[data-size=\"layers.0.weight update\"] .number').textContent !== '–'")
    words = row.inner_text().split()
    assert "–" not in words


# -- data -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "outputs", "loss"),
    [
        ("spirals", 2, "softmax_cross_entropy"), ("gaussian blobs", 3, "softmax_cross_entropy"),
        ("iris", 3, "softmax_cross_entropy"), ("sine", 1, "mse"),
    ],
)  # fmt: skip
def test_other_data_bring_a_last_layer_and_a_loss_that_fit(studio: Studio, name: str, outputs: int, loss: str) -> None:
    studio.building(lambda: studio.tab.get_by_label("Data set").select_option(label=name))
    assert studio.layers[-1]["units"] == outputs
    found = studio.sections["loss"]
    assert (found if isinstance(found, str) else found["type"]) == loss
    studio.tab.get_by_role("button", name="One step").click()
    studio.until("studio.frames.last?.step === 1")


def test_of_one_input_the_curve_through_the_points_is_drawn_and_read(studio: Studio) -> None:
    tab = studio.tab
    studio.preset("A sine")
    tab.get_by_label("Speed").select_option(label="as fast as it goes")
    tab.get_by_role("button", name="Train").click()
    studio.until("studio.frames.last?.validation?.loss < 0.03")
    tab.get_by_role("button", name="Pause").click()
    studio.until("studio.frames.last?.state === 'paused'")
    curve = tab.get_by_role("img", name=re.compile("What the network says along"))
    told = tab.locator(".surface .told")
    curve.focus()
    for _ in range(8):
        tab.keyboard.press("ArrowRight")
    low, high = studio.ask("studio.store.state.data.bounds[0]")
    read = "parseFloat(document.querySelector('.surface .told').textContent.replace('−', '-'))"
    studio.until(f"x => Math.abs({read} - x) < 0.006", (low + high) / 2 + 8 * (high - low) / 40)
    x, y = (float(number.replace("−", "-")) for number in told.inner_text().split(": "))
    assert y == pytest.approx(math.sin(x), abs=0.3)
    box = curve.bounding_box()
    tab.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 30)
    studio.until(f"x => {read} < x - 1", x)
    assert sum(far < 40 for far in curve.evaluate(ALONG)) > 14  # of 20; points lie upon the others
    before = curve.evaluate(INKED)
    tab.get_by_role("switch", name=re.compile("Show test data")).check()
    studio.until("() => studio.frames.count.painted > 0")
    tab.wait_for_timeout(300)
    assert curve.evaluate(INKED) > before
    studio.preset("Half moons")
    tab.get_by_role("img", name=re.compile("over the plane")).wait_for()


def test_points_are_drawn_by_mouse_and_by_keys(studio: Studio) -> None:
    tab = studio.tab
    studio.building(lambda: tab.get_by_label("Data set").select_option(label="drawn by hand"))
    count = len(studio.sections["data"]["x"])
    board = tab.get_by_role("application", name=re.compile("Draw points"))
    box = board.bounding_box()
    board.scroll_into_view_if_needed()
    box = board.bounding_box()

    def stroke() -> None:
        tab.get_by_role("button", name="class 1").click()
        tab.mouse.move(box["x"] + 20, box["y"] + 20)
        tab.mouse.down()
        tab.mouse.move(box["x"] + 90, box["y"] + 60, steps=12)
        tab.mouse.up()

    stroke()  # of which one that takes long is sent in parts
    studio.until("most => studio.store.state.sections.data.x.length > most", count + 4)
    assert set(studio.sections["data"]["y"][count:]) == {1}

    board.focus()
    for name in ("3", "ArrowLeft", "ArrowUp", "Space"):
        tab.keyboard.press(name)
    studio.until("studio.store.state.sections.data.y.at(-1) === 2")
    assert studio.sections["data"]["x"][-1] == [-0.05, 0.05]
    assert studio.layers[-1]["units"] == 3  # a third class


def test_a_table_of_ones_own(studio: Studio, tmp_path: Path) -> None:
    rows = [f"{i / 10},{(i * 7) % 11},{'yes' if i % 11 > 5 else 'no'}" for i in range(120)]
    (tmp_path / "mine.csv").write_text("width,height,answer\n" + "\n".join(rows) + "\n")
    studio.building(lambda: studio.tab.locator("input[type=file]").set_input_files(tmp_path / "mine.csv"))
    assert studio.sections["data"]["type"] == "studio/own_table"
    assert studio.ask("studio.store.state.network.inputs") == ["width", "height"]
    (tmp_path / "torn.csv").write_text("width,height\n1,2\n3\n")
    studio.tab.locator("input[type=file]").set_input_files(tmp_path / "torn.csv")
    studio.tab.locator(".upload .error").wait_for()


def test_pictures_are_shown_with_what_the_network_says(studio: Studio) -> None:
    studio.building(lambda: studio.tab.get_by_label("Data set").select_option(label="digits"))
    studio.tab.get_by_role("button", name="One step").click()
    studio.until("studio.frames.sample?.outputs?.length === 10")
    bars = studio.tab.locator(".sample .bars .number").all_inner_texts()
    assert sum(float(text.rstrip("\u2009%")) for text in bars) == pytest.approx(100, abs=1)
    before = studio.ask("studio.frames.units.get('input').activations.data.join()")
    studio.tab.get_by_role("button", name="The next sample").click()
    studio.until("before => studio.frames.units.get('input').activations.data.join() !== before", before)
