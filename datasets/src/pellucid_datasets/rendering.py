"""Pen: draws one character of a font as a small image, with a slightly different hand each time."""

from __future__ import annotations

from math import ceil, cos, exp, floor, sin
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

VERSION = 1
"""Raised when the same arguments give other images."""
FINE = 2
"""Characters are drawn this many times larger than they end up, then reduced: strokes fall between pixels."""
MARGIN = 1 / 7
"""Of MNIST's 28 pixels a digit takes the inner 20: this share of the image stays free on each side."""
GRID = 3
"""Cells on each side of the mesh by which the paper is pulled."""
THINNEST = 1 / 18
"""Thinnest stroke, as a share of the image: thinner ones would turn into shades of grey."""
ABOVE, BELOW = 1.08, 0.36
"""A line of text reaches this far above and below its base line, in heights of a capital."""
SAMPLE = "Hdlgp"
"""Characters by which the strokes of a font are measured."""


class Pen:
    """A face of a font at one size.

    Args:
        path: the font file.
        size: width and height of the images, in pixels.
        align: ``"mass"``: each character fills the inner 5/7 of the image, its centre of mass in the middle, as in
            MNIST; ``"line"``: all characters at one scale and on one base line, as in a text.
    """

    def __init__(self, path: Path, size: int, align: str) -> None:
        self.size, self.align = size, align
        self.font = ImageFont.truetype(str(path), FINE * size, layout_engine=ImageFont.Layout.BASIC)
        self.canvas = 5 * FINE * size // 2
        capital = -self.font.getbbox("H", anchor="ms")[1]
        self.middle, self.height = capital * (BELOW - ABOVE) / 2, capital * (BELOW + ABOVE)
        area, wider = (self._ink(SAMPLE, width) for width in (0, 1))
        stroke = 2 * area / max(wider - area, 1.0)  # a pixel more on both sides of a stroke adds its outline
        self.reinforcement = max(0.0, (THINNEST * FINE * size - stroke) / 2)

    def _ink(self, text: str, width: int) -> float:
        """The area that a text covers with its outline widened, in pixels."""
        _, _, right, bottom = self.font.getbbox(text, stroke_width=width)
        paper = Image.new("L", (int(right), int(bottom)))
        ImageDraw.Draw(paper).text((0, 0), text, 255, self.font, stroke_width=width)
        return float(np.asarray(paper, np.float64).sum() / 255)

    def draw(self, character: str, rng: np.random.Generator, jitter: float) -> np.ndarray[Any, Any]:
        """The character in white on black, uint8 (size, size), its brightest pixel 255; zeros if it has no ink.

        Args:
            rng: decides the jitter: stroke width, rotation, slant, proportions, and a smooth distortion of the strokes.
            jitter: how strong: 0 draws the font as it is, 1 like a hand that hurries.
        """
        paper = Image.new("L", (self.canvas, self.canvas))
        centre = (self.canvas / 2, self.canvas / 2 - self.middle)  # of the base line
        width = round(self.reinforcement + rng.uniform(0, jitter * FINE * self.size / 50))
        ImageDraw.Draw(paper).text(centre, character, 255, self.font, anchor="ms", stroke_width=width)
        mesh = _mesh(self.canvas, rng, jitter)
        paper = paper.transform(paper.size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)
        box = paper.getbbox()
        if box is None:
            return np.zeros((self.size, self.size), np.uint8)
        window = self._window(np.asarray(paper), box)
        left, top = floor(window[0]), floor(window[1])  # whole pixels, for the window may leave the paper
        cut = paper.crop((left, top, ceil(window[2]), ceil(window[3])))
        inner = (window[0] - left, window[1] - top, window[2] - left, window[3] - top)
        small = cut.resize((self.size, self.size), Image.Resampling.BICUBIC, box=inner)
        pixels = np.asarray(small, np.float32)
        return np.rint(pixels * (255 / max(float(pixels.max()), 1.0))).astype(np.uint8)

    def _window(self, ink: np.ndarray[Any, Any], box: tuple[int, int, int, int]) -> tuple[float, float, float, float]:
        """The square of the paper that becomes the image: left, top, right, bottom."""
        left, top, right, bottom = box
        if self.align == "line":
            side = max(self.height, right - left, bottom - top)
            x, y = (left + right) / 2, self.canvas / 2
        else:
            side = max(right - left, bottom - top)
            weight = ink.sum(dtype=np.float64)
            x = float((ink.sum(0) @ (np.arange(self.canvas) + 0.5)) / weight)
            y = float((ink.sum(1) @ (np.arange(self.canvas) + 0.5)) / weight)
        half = side / (2 - 4 * MARGIN)
        x = min(max(x, right - half), left + half)  # no ink outside, wherever the mass lies
        y = min(max(y, bottom - half), top + half)
        return x - half, y - half, x + half, y + half


def _mesh(canvas: int, rng: np.random.Generator, jitter: float) -> list[Any]:
    """Where each cell of the new paper comes from: turned, slanted and stretched about the middle, pulled at nodes."""
    angle, slant = rng.normal(0, 0.08 * jitter), rng.normal(0, 0.12 * jitter)
    wide, high = exp(rng.normal(0, 0.1 * jitter)), exp(rng.normal(0, 0.1 * jitter))
    turn = np.array([[cos(angle), -sin(angle)], [sin(angle), cos(angle)]])
    matrix = turn @ np.array([[wide, slant], [0, high]])
    edges = np.rint(np.linspace(0, canvas, GRID + 1)).astype(int)
    nodes = np.stack(np.meshgrid(edges, edges), axis=-1)  # (row, column, (x, y))
    source = (nodes - canvas / 2) @ matrix.T + canvas / 2
    source += rng.normal(0, 0.018 * jitter * canvas, source.shape)
    cells = []
    for i in range(GRID):
        for j in range(GRID):
            corners = source[i, j], source[i + 1, j], source[i + 1, j + 1], source[i, j + 1]  # against the clock
            target = (*nodes[i, j].tolist(), *nodes[i + 1, j + 1].tolist())
            cells.append((target, tuple(np.concatenate(corners).tolist())))
    return cells
