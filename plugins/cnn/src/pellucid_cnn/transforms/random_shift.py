"""random_shift: where in the picture a thing stands does not matter."""

from __future__ import annotations

from pellucid import Array, Context, Example, check_int

from pellucid_cnn.transforms.warp import Affine, Motion, draw


class RandomShift(Affine):
    """``p′ = p + t``, with t₁ and t₂ drawn from −pixels, …, pixels, each as likely; what comes in at the border is 0.

    Whole pixels, so nothing is interpolated.

    Args:
        pixels: the largest shift in each direction.
    """

    examples = (Example({}, ((6, 5, 2),)), Example({"pixels": 1}, ((4, 4, 1),)))

    def __init__(self, pixels: int = 2) -> None:
        check_int(self, "pixels", pixels, "[0, inf)")
        self.pixels = pixels

    def motion(self, ctx: Context, x: Array) -> Motion:
        down, right = (ctx.xp.floor((self.pixels + 0.5) * (u + 1)) - self.pixels for u in draw(ctx, x, 2))
        return Motion(shift=(down, right))
