"""photo_of: a digit of MNIST as a photo of ink on paper: texture, uneven light, any place and size, turned, JPEG."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

BLUE, BLACK = (38, 58, 150), (45, 43, 48)
PAPER = (238, 233, 220)


def photo_of(digit: np.ndarray[Any, Any], rng: np.random.Generator) -> bytes:
    """A JPEG file. All that differs is drawn from ``rng``."""
    height, width = rng.integers(220, 481, 2)
    extent = rng.uniform(0.25, 0.6) * min(height, width)  # of the 28 pixels; of the digit about five sevenths of it
    size = round(extent)
    angle = rng.uniform(-10, 10)
    glyph = Image.fromarray((255 * digit).astype(np.uint8)).resize((4 * size, 4 * size), Image.Resampling.BICUBIC)
    glyph = glyph.rotate(angle, Image.Resampling.BICUBIC).resize((size, size), Image.Resampling.LANCZOS)
    left, top = int(rng.integers(3, width - size - 3)), int(rng.integers(3, height - size - 3))
    cover = np.zeros((height, width))
    edge = np.asarray(glyph, np.float64) / 255
    cover[top : top + size, left : left + size] = 1 / (1 + np.exp(-14 * (edge - 0.45)))  # a pen leaves ink or none
    cover[top : top + size, left : left + size] *= edge > 0.05
    cover *= 1 - 0.25 * _cloud(rng, height, width, 5)  # more ink here than there
    texture = (
        1 + 0.025 * rng.standard_normal((height, width, 1)) + 0.06 * (_cloud(rng, height, width, 9)[..., None] - 0.5)
    )
    ink = np.array(BLUE if rng.random() < 0.6 else BLACK, np.float64)
    paper = np.array(PAPER) * texture
    picture = paper * (1 - cover[..., None]) + ink * cover[..., None]
    y, x = np.mgrid[0:height, 0:width]
    direction, fall = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.55)
    light = np.cos(direction) * x / width + np.sin(direction) * y / height
    light = 1 - fall * (light - light.min()) / np.ptp(light)
    shadow = 1 / (1 + np.exp(-((x - rng.uniform(0, width)) * np.cos(direction + 1) + (y - height / 2)) / 25))
    light *= 1 - 0.25 * shadow
    picture = picture * light[..., None] + rng.normal(0, 3, picture.shape)
    file = BytesIO()
    made = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
    made.save(file, "JPEG", quality=int(rng.integers(55, 92)))
    return file.getvalue()


def _cloud(rng: np.random.Generator, height: int, width: int, cells: int) -> np.ndarray[Any, Any]:
    """Smooth noise from 0 to 1."""
    noise = Image.fromarray(rng.random((cells, cells)).astype(np.float32))
    return np.clip(np.asarray(noise.resize((width, height), Image.Resampling.BICUBIC), np.float64), 0, 1)
