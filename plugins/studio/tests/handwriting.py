"""Ten digits as four hands write them: strokes of our own, made for these tests, and never fitted to any network.

A digit is a list of strokes, a stroke a list of pieces that meet in corners, a piece the points that a smooth line goes
through. x goes right and y down; a digit is 1 high.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Piece = Sequence[tuple[float, float]]
Stroke = Sequence[Piece]

_OVAL: Piece = [
    (0.34, 0), (0.1, 0.16), (0, 0.5), (0.1, 0.86), (0.33, 1), (0.56, 0.86), (0.65, 0.5), (0.56, 0.15), (0.36, 0.01),
]  # fmt: skip
_CIRCLE: Piece = [
    (0.42, 0.02), (0.14, 0.14), (0, 0.5), (0.14, 0.87), (0.42, 1), (0.7, 0.87), (0.82, 0.5), (0.7, 0.14), (0.4, 0.01),
]  # fmt: skip
_BELLY: Piece = [(0.09, 0.44), (0.3, 0.36), (0.54, 0.48), (0.6, 0.7), (0.46, 0.94), (0.2, 1), (0, 0.9)]
_S: Piece = [
    (0.53, 0.13), (0.3, 0), (0.08, 0.12), (0.11, 0.32), (0.32, 0.47), (0.54, 0.64), (0.57, 0.85), (0.32, 1),
    (0.06, 0.87), (0.08, 0.66), (0.3, 0.48), (0.5, 0.32), (0.54, 0.14),
]  # fmt: skip
_SIX: Piece = [
    (0.48, 0), (0.2, 0.2), (0.03, 0.55), (0.06, 0.85), (0.3, 1), (0.54, 0.88), (0.56, 0.66), (0.35, 0.53), (0.12, 0.62),
    (0.05, 0.75),
]  # fmt: skip
_LOOP: Piece = [(0.55, 0.16), (0.34, 0), (0.09, 0.1), (0.04, 0.33), (0.25, 0.48), (0.47, 0.38), (0.56, 0.15)]
_LOWER_THREE: Piece = [(0.25, 0.46), (0.52, 0.55), (0.59, 0.76), (0.42, 0.97), (0.18, 0.99), (0, 0.86)]

SCHOOL: dict[int, Sequence[Stroke]] = {
    0: [[_OVAL]],
    1: [[[(0.3, 0), (0.3, 1)]]],
    2: [[[(0.03, 0.23), (0.12, 0.06), (0.33, 0), (0.54, 0.08), (0.59, 0.28), (0.44, 0.56), (0.2, 0.82), (0, 1)],
         [(0, 1), (0.64, 1)]]],
    3: [[[(0.04, 0.12), (0.28, 0), (0.52, 0.1), (0.51, 0.33), (0.25, 0.46)], _LOWER_THREE]],
    4: [[[(0.12, 0), (0.04, 0.56)], [(0.04, 0.56), (0.66, 0.56)]], [[(0.48, 0.18), (0.46, 1)]]],
    5: [[[(0.13, 0), (0.09, 0.44)], _BELLY], [[(0.13, 0), (0.58, 0)]]],
    6: [[_SIX]],
    7: [[[(0, 0), (0.6, 0)], [(0.6, 0), (0.22, 1)]]],
    8: [[_S]],
    9: [[_LOOP, [(0.56, 0.15), (0.52, 1)]]],
}  # fmt: skip
"""As schools in America teach it: 1 is one line, 7 has no bar, 4 is open."""
CONTINENTAL: dict[int, Sequence[Stroke]] = {
    0: [[_OVAL]],
    1: [[[(0.02, 0.36), (0.34, 0)], [(0.34, 0), (0.34, 1)]]],
    2: [[[(0.04, 0.2), (0.3, 0), (0.57, 0.2), (0.42, 0.55), (0, 0.98)], [(0, 0.98), (0.3, 0.95), (0.66, 1)]]],
    3: [[[(0.04, 0.1), (0.3, 0), (0.54, 0.16), (0.45, 0.38), (0.25, 0.46)], _LOWER_THREE]],
    4: [[[(0.38, 0), (0, 0.66)], [(0, 0.66), (0.66, 0.66)]], [[(0.46, 0.36), (0.44, 1)]]],
    5: [[[(0.58, 0), (0.14, 0.01)], [(0.14, 0.01), (0.09, 0.44)], _BELLY]],
    6: [[[(0.42, 0), (0.14, 0.35), (0.02, 0.7), (0.16, 0.97), (0.42, 0.96), (0.55, 0.74), (0.38, 0.56), (0.08, 0.7)]]],
    7: [[[(0, 0), (0.62, 0)], [(0.62, 0), (0.24, 1)]], [[(0.14, 0.5), (0.58, 0.5)]]],
    8: [[_S]],
    9: [[_LOOP, [(0.56, 0.15), (0.58, 0.5), (0.48, 0.86), (0.28, 1), (0.06, 0.93)]]],
}  # fmt: skip
"""As schools on the continent teach it: 1 with an upstroke, 7 with a bar, 9 with a tail."""
ROUND: dict[int, Sequence[Stroke]] = {
    0: [[_CIRCLE]],
    1: [[[(0.16, 0.16), (0.32, 0)], [(0.32, 0), (0.32, 1)]], [[(0.08, 1), (0.56, 1)]]],
    2: [[[(0.06, 0.24), (0.14, 0.06), (0.36, 0), (0.56, 0.1), (0.55, 0.32), (0.38, 0.6), (0.16, 0.9), (0.03, 0.94),
          (0.04, 0.82), (0.18, 0.8), (0.4, 0.94), (0.68, 0.96)]]],
    3: [[[(0.02, 0.18), (0.2, 0.01), (0.5, 0.06), (0.54, 0.28), (0.3, 0.44)],
         [(0.3, 0.44), (0.58, 0.54), (0.64, 0.78), (0.42, 1), (0.12, 0.97), (0, 0.82)]]],
    4: [[[(0.5, 1), (0.5, 0)], [(0.5, 0), (0, 0.66)], [(0, 0.66), (0.7, 0.66)]]],
    5: [[[(0.16, 0), (0.11, 0.42)],
         [(0.11, 0.42), (0.38, 0.36), (0.62, 0.54), (0.6, 0.82), (0.34, 1), (0.04, 0.92)]],
        [[(0.15, 0.01), (0.62, 0)]]],
    6: [[[(0.56, 0.06), (0.3, 0.06), (0.08, 0.35), (0.03, 0.7), (0.18, 0.96), (0.44, 0.98), (0.6, 0.78), (0.48, 0.56),
          (0.24, 0.54), (0.06, 0.7)]]],
    7: [[[(0, 0.1), (0.04, 0)], [(0.04, 0), (0.62, 0.02)], [(0.62, 0.02), (0.42, 0.4), (0.3, 1)]]],
    8: [[[(0.32, 0.46), (0.1, 0.36), (0.1, 0.12), (0.32, 0), (0.52, 0.12), (0.52, 0.36), (0.31, 0.46)]],
        [[(0.31, 0.46), (0.06, 0.6), (0.05, 0.86), (0.32, 1), (0.58, 0.86), (0.57, 0.6), (0.33, 0.46)]]],
    9: [[[(0.5, 0.12), (0.3, 0), (0.06, 0.12), (0.05, 0.4), (0.26, 0.52), (0.48, 0.4), (0.55, 0.14)],
         [(0.55, 0.14), (0.54, 0.55), (0.4, 1)]]],
}  # fmt: skip
"""Round and upright: 1 stands on a foot, 2 has a loop, 8 is two circles."""
HASTY: dict[int, Sequence[Stroke]] = {
    0: [[[(0.44, 0.06), (0.2, 0.02), (0, 0.42), (0.08, 0.9), (0.34, 0.98), (0.6, 0.62), (0.56, 0.18), (0.34, 0.02)]]],
    1: [[[(0.34, 0), (0.26, 1)]]],
    2: [[[(0.04, 0.16), (0.3, 0), (0.52, 0.14), (0.44, 0.46), (0.02, 0.92)], [(0.02, 0.92), (0.3, 0.9), (0.7, 0.98)]]],
    3: [[[(0.08, 0.02), (0.54, 0.02)], [(0.54, 0.02), (0.26, 0.4)],
         [(0.26, 0.4), (0.5, 0.48), (0.58, 0.72), (0.4, 0.96), (0.02, 0.94)]]],
    4: [[[(0.16, 0), (0.06, 0.34), (0.04, 0.54)], [(0.04, 0.54), (0.34, 0.52), (0.68, 0.5)]],
        [[(0.56, 0.06), (0.44, 1)]]],
    5: [[[(0.66, 0), (0.18, 0.04)], [(0.18, 0.04), (0.12, 0.4)],
         [(0.12, 0.4), (0.4, 0.42), (0.54, 0.66), (0.4, 0.94), (0, 0.96)]]],
    6: [[[(0.4, 0), (0.1, 0.44), (0.02, 0.8), (0.2, 1), (0.44, 0.86), (0.4, 0.62), (0.06, 0.76)]]],
    7: [[[(0, 0.04), (0.56, 0)], [(0.56, 0), (0.4, 0.4), (0.16, 1)]], [[(0.14, 0.54), (0.52, 0.46)]]],
    8: [[[(0.56, 0.1), (0.3, 0.01), (0.14, 0.16), (0.26, 0.4), (0.48, 0.66), (0.42, 0.94), (0.16, 0.98), (0.06, 0.78),
          (0.3, 0.46), (0.56, 0.1)]]],
    9: [[[(0.52, 0.1), (0.28, 0.02), (0.06, 0.22), (0.14, 0.44), (0.36, 0.38), (0.54, 0.1)],
         [(0.54, 0.1), (0.46, 0.5), (0.34, 1)]]],
}  # fmt: skip
"""In a hurry: slanted, strokes run into each other."""
HANDS = {"school": SCHOOL, "continental": CONTINENTAL, "round": ROUND, "hasty": HASTY}


@dataclass(frozen=True)
class Drawn:
    """A digit as it is drawn on a pad: each stroke (n, 2) in sides of the pad, and how hard the pen is pressed."""

    digit: int
    hand: str
    strokes: tuple[np.ndarray[tuple[int, int], np.dtype[np.float64]], ...]
    pressure: float


def drawn(digit: int, hand: str, rng: np.random.Generator, strength: float = 1.0) -> Drawn:
    """A digit with jitter: of the points that its lines go through, of proportions, slant, rotation, size and place."""
    width = 1 + strength * rng.uniform(-0.15, 0.2)
    slant = strength * rng.uniform(-0.1, 0.3)
    turn = strength * rng.uniform(-0.1, 0.1)
    height = 0.6 + strength * rng.uniform(-0.22, 0.25)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ [[width, -slant], [0, 1]]
    lines = []
    for stroke in HANDS[hand][digit]:
        pieces = [np.array(piece, float) for piece in stroke]
        for before, after in zip(pieces, [*pieces[1:], None], strict=True):
            before[:-1] += strength * rng.normal(0, 0.012, before[:-1].shape)
            if after is None:
                before[-1] += strength * rng.normal(0, 0.012, 2)
            else:
                after[0] = before[-1]
        lines.append(np.concatenate([_through(piece) for piece in pieces]) @ matrix.T * height)
    every = np.concatenate(lines)
    low, high = every.min(axis=0), every.max(axis=0)
    room = np.maximum(0.94 - (high - low), 0)
    place = 0.03 + room / 2 + strength * rng.uniform(-0.5, 0.5, 2) * room
    return Drawn(digit, hand, tuple(np.clip(line - low + place, 0, 1) for line in lines), rng.uniform(0.2, 0.9))


def written(n: int, seed: int) -> list[Drawn]:
    """n digits, all ten and all hands equally often."""
    rng = np.random.default_rng(seed)
    hands = list(HANDS)
    return [drawn(i % 10, hands[i // 10 % len(hands)], rng) for i in range(n)]


def _through(
    points: np.ndarray[tuple[int, int], np.dtype[np.float64]], apart: float = 0.04
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Points of a smooth line through these (Catmull & Rom), about so far from each other, as a mouse tells them."""
    if len(points) == 2:
        n = max(2, round(float(np.hypot(*(points[1] - points[0]))) / apart) + 1)
        return np.linspace(points[0], points[1], n)
    p = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    line = [points[:1]]
    for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True):
        n = max(1, round(float(np.hypot(*(c - b))) / apart))
        t = (np.arange(1, n + 1) / n)[:, None]
        line.append(b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))))
    return np.concatenate(line)
