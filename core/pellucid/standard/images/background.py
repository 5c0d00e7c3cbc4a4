"""darkness: how much darker than its paper each point of a photo is, whatever the light."""

from __future__ import annotations

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.standard.images.fitting import resized

COARSE = 96
"""Pixels of the longer side at which the paper is looked for."""
WINDOW = 33
"""Pixels there: strokes are narrower than this window, shadows and the fall of light are wider."""
DARKEST = 0.04
"""Of paper: what is black anyway shows no ink."""


def darkness(pixels: HostArray) -> tuple[HostArray, bool]:
    """For every point of a photo, (H, W), the part of the paper's light that is missing: about 0 on paper, up to 1
    under black ink; and whether the photo was inverted for it, because the writing is lighter than its ground.

    ``r = Σ_c w_c (1 − I_c / B_c)``: the paper B of each colour c is the morphological closing of the photo, the largest
    number of a window and then the smallest, which fills strokes that are narrower than the window and follows the
    light, after the quadratic part of its fall has been taken out; colours count by how much ink takes of them,
    ``w_c ∝ (1 − I_c / B_c)`` of the darkest hundredth.

    Args:
        pixels: (H, W, C), from 0 to 1.
    """
    coarse = _reduced(pixels)
    inverted = _is_light_on_dark(coarse.mean(axis=2))
    if inverted:
        pixels, coarse = 1 - pixels, 1 - coarse
    light = np.maximum(_surface(coarse.mean(axis=2)), DARKEST)[..., None].astype(np.float32)
    paper = np.stack([_smooth(_closing(channel)) for channel in np.moveaxis(coarse / light, 2, 0)], axis=2) * light
    height, width = pixels.shape[:2]
    whole = (0.0, 0.0, float(paper.shape[1]), float(paper.shape[0]))
    missing = 1 - pixels / np.maximum(resized(paper, height, width, whole), DARKEST)
    weights = np.maximum(np.percentile(missing.reshape(-1, missing.shape[2]), 99, axis=0), 1e-3)
    found: HostArray = missing @ (weights / weights.sum())
    return found - np.median(found), inverted


def _reduced(pixels: HostArray) -> HostArray:
    height, width = pixels.shape[:2]
    scale = COARSE / max(height, width)
    h, w = (max(1, round(n * scale)) for n in (height, width))
    return resized(pixels, h, w, (0.0, 0.0, float(width), float(height)))


def _is_light_on_dark(grey: HostArray) -> bool:
    """Whether what stands out from the ground is lighter than it: of the 300th parts above and below that further
    away."""
    rest = np.sort((grey - _surface(grey)).ravel())
    few = max(1, len(rest) // 300)
    return bool(rest[-few:].mean() > -rest[:few].mean())


def _surface(grey: HostArray) -> HostArray:
    """The quadratic surface that most points lie near, least squares with Cauchy's weights: the fall of the light."""
    y, x = (np.linspace(-1, 1, n) for n in grey.shape)
    x, y = np.broadcast_to(x, grey.shape).ravel(), np.broadcast_to(y[:, None], grey.shape).ravel()
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    values, weight = grey.ravel().astype(np.float64), np.ones(grey.size)
    for _ in range(8):
        weighted = terms * weight[:, None]
        surface = terms @ np.linalg.lstsq(terms.T @ weighted, weighted.T @ values, rcond=None)[0]
        rest = values - surface
        scale = max(float(np.median(np.abs(rest))), 1e-4)
        weight = 1 / (1 + (rest / (2 * scale)) ** 2)
    return surface.reshape(grey.shape)


def _closing(grey: HostArray) -> HostArray:
    most = _extreme(_extreme(grey, 0, np.maximum), 1, np.maximum)
    return _extreme(_extreme(most, 0, np.minimum), 1, np.minimum)


def _extreme(values: HostArray, axis: int, which: np.ufunc) -> HostArray:
    """The largest or smallest number of the window about each place along an axis; beyond the border it goes on."""
    half = WINDOW // 2
    padded = np.pad(values, [(half, half) if i == axis else (0, 0) for i in range(2)], mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW, axis=axis)
    found: HostArray = which.reduce(windows, axis=-1)
    return found


def _smooth(values: HostArray, size: int = 9) -> HostArray:
    """Means of squares of size x size."""
    for axis in range(2):
        padded = np.pad(values, [(size // 2,) * 2 if i == axis else (0, 0) for i in range(2)], mode="edge")
        values = np.lib.stride_tricks.sliding_window_view(padded, size, axis=axis).mean(axis=-1)
    return values
