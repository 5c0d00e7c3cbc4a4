"""A page with nothing but a pad, and three ways to draw on it: with the mouse, a finger and a pen."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from plugins.studio.tests.handwriting import Drawn

PAGE = Path(__file__).parents[1] / "src" / "pellucid_studio" / "page"
PLACE = "http://pad.test"
HTML = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:"><title>pad</title>
<canvas id="pad" style="width: 560px; height: 560px; color: black"></canvas>
<script type="module">
import * as digit from "./digit.js";
window.changes = 0;
window.digit = digit;
window.pad = new digit.Pad(document.getElementById("pad"), () => { window.changes += 1; });
</script>"""


class PadPage:
    """The page, in a browser. ``complaints`` are the console's."""

    def __init__(self, browser: Any, **options: Any) -> None:
        self.context = browser.new_context(has_touch=True, viewport={"width": 700, "height": 620}, **options)
        self.tab = self.context.new_page()
        self.complaints: list[str] = []
        self.tab.on("console", lambda message: self.complaints.append(message.text))
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.tab.route(f"{PLACE}/**", self._answer)
        self.tab.goto(f"{PLACE}/")
        self.tab.wait_for_function("window.pad")
        self.hands = Hands(self.tab, "#pad")

    def _answer(self, route: Any) -> None:
        name = route.request.url.removeprefix(f"{PLACE}/")
        if name:
            route.fulfill(path=PAGE / name, content_type="text/javascript")
        else:
            route.fulfill(body=HTML, content_type="text/html")

    def settled(self) -> None:
        """Two frames later, when what was drawn has been told."""
        self.tab.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def prepared(self, shape: tuple[int, int] = (28, 28)) -> np.ndarray[Any, Any] | None:
        """What a network would see."""
        script = "shape => { const ink = digit.prepared(pad.strokes, shape); return ink && Array.from(ink); }"
        ink = self.tab.evaluate(script, list(shape))
        return None if ink is None else np.array(ink, np.float32).reshape(shape)

    def on_paper(self) -> np.ndarray[Any, Any]:
        """What stands on the canvas as a photo of black ink on white paper, (H, W, 3)."""
        url = self.tab.evaluate("() => { pad.draw(); return pad.canvas.toDataURL('image/png'); }")
        alpha = np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGBA"))[..., 3]
        return np.repeat(1 - alpha[..., None].astype(np.float32) / 255, 3, axis=2)


AT_ONCE = """([selector, strokes, pointerType, pressure]) => {
  const canvas = document.querySelector(selector), box = canvas.getBoundingClientRect();
  const side = Math.min(box.width, box.height), { left, top } = box;
  const tell = (type, [x, y]) => canvas.dispatchEvent(new PointerEvent(type, { pointerId: 77, pointerType, pressure,
    clientX: left + x * side, clientY: top + y * side, button: 0, bubbles: true, cancelable: true }));
  canvas.setPointerCapture = () => {}; // there is no such pointer to be caught
  for (const stroke of strokes) {
    tell("pointerdown", stroke[0]);
    for (const place of stroke.slice(1)) tell("pointermove", place);
    tell("pointerup", stroke.at(-1));
  }
}"""


class Hands:
    """Draw on the canvas that a selector finds."""

    def __init__(self, tab: Any, selector: str) -> None:
        self.tab, self.selector = tab, selector
        self.devtools = tab.context.new_cdp_session(tab)

    def clear(self) -> None:
        self.tab.focus(self.selector)
        self.tab.keyboard.press("Delete")

    def draw(self, drawn: Drawn, by: str) -> None:
        """Every stroke by ``mouse``, ``touch`` or ``pen``."""
        box = self.tab.locator(self.selector).bounding_box()
        for stroke in drawn.strokes:
            points = (stroke * min(box["width"], box["height"]) + (box["x"], box["y"])).tolist()
            getattr(self, f"_{by}")(points, drawn.pressure)

    def draw_at_once(self, drawn: Drawn, by: str) -> None:
        """The same events, all of them before the next frame: for many drawings, as each event by itself costs a turn
        of the browser and most of them a question to the server."""
        strokes = [stroke.tolist() for stroke in drawn.strokes]
        self.tab.evaluate(AT_ONCE, [self.selector, strokes, by, drawn.pressure])

    def _mouse(self, points: list[list[float]], pressure: float) -> None:
        self.tab.mouse.move(*points[0])
        self.tab.mouse.down()
        for point in points[1:]:
            self.tab.mouse.move(*point)
        self.tab.mouse.up()

    def _touch(self, points: list[list[float]], pressure: float) -> None:
        for i, (x, y) in enumerate(points):
            what = "touchMove" if i else "touchStart"
            self.devtools.send("Input.dispatchTouchEvent", {"type": what, "touchPoints": [{"x": x, "y": y}]})
        self.devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def _pen(self, points: list[list[float]], pressure: float) -> None:
        def send(what: str, point: list[float], **more: Any) -> None:
            place = {"x": point[0], "y": point[1], "pointerType": "pen", **more}
            self.devtools.send("Input.dispatchMouseEvent", {"type": what, **place})

        send("mousePressed", points[0], button="left", buttons=1, clickCount=1, force=pressure)
        for point in points[1:]:
            send("mouseMoved", point, button="left", buttons=1, force=pressure)
        send("mouseReleased", points[-1], button="left", buttons=0, clickCount=1)
