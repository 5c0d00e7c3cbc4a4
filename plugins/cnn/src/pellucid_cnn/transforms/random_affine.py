"""random_affine: turned, slanted, scaled and shifted at once, with one interpolation."""

from __future__ import annotations

from math import pi

from pellucid import Array, Context, Example, check_float

from pellucid_cnn.transforms.ranges import between, check_range
from pellucid_cnn.transforms.warp import Affine, Motion, chosen, draw


class RandomAffine(Affine):
    """``p′ = R K s p + t``: scaled by s, slanted (K), turned (R), shifted by t, all drawn uniformly for each image.

    One after the other these would blur the image four times; here it is interpolated once.

    Args:
        degrees: the largest angle of R in either direction.
        shift: the largest |t₁| and |t₂|, in pixels; also between pixels.
        factors: the smallest and the largest s.
        shear: the largest |k| of the slant ``K: column ← column + k row``, as between upright and italic letters.
        probability: of being moved; the other images stay as they are. Interpolation blurs: who never sees a sharp
            image is at a loss with one.
    """

    examples = (Example({"shear": 0.2}, ((6, 5, 2),)), Example({"shift": 0.5, "probability": 0.5}, ((5, 6, 1),)))

    def __init__(
        self, degrees: float = 10.0, shift: float = 2.0, factors: tuple[float, float] = (0.9, 1.1), shear: float = 0.0,
        probability: float = 1.0,
    ) -> None:  # fmt: skip
        check_float(self, "degrees", degrees, "[0, 180]")
        check_float(self, "shift", shift, "[0, inf)")
        check_range(self, "factors", factors)
        check_float(self, "shear", shear, "[0, inf)")
        check_float(self, "probability", probability, "[0, 1]")
        self.degrees = degrees
        self.shift = shift
        self.factors = factors
        self.shear = shear
        self.probability = probability

    def motion(self, ctx: Context, x: Array) -> Motion:
        turn, size, slant, down, right = draw(ctx, x, 5)
        angle, s, k = self.degrees * pi / 180 * turn, between(self.factors, size), self.shear * slant
        if self.probability < 1:
            moved = chosen(ctx, x, self.probability)
            angle, s, k, down, right = angle * moved, 1 + (s - 1) * moved, k * moved, down * moved, right * moved
        cos, sin = ctx.xp.cos(angle) / s, ctx.xp.sin(angle) / s
        inverse = (cos, sin, -sin - k * cos, cos - k * sin)  # K⁻¹ Rᵀ / s
        return Motion(inverse, (self.shift * down, self.shift * right))
