"""random_flip: a shoe that looks to the left is a shoe that looks to the right."""

from __future__ import annotations

from pellucid import Array, Context, Example, check_float

from pellucid_cnn.transforms.warp import Affine, Motion, draw


class RandomFlip(Affine):
    """Left and right exchanged, with this probability. For things whose mirror image is as good: not for letters.

    Args:
        probability: of the exchange, in [0, 1].
    """

    examples = (Example({}, ((6, 5, 2),)),)

    def __init__(self, probability: float = 0.5) -> None:
        check_float(self, "probability", probability, "[0, 1]")
        self.probability = probability

    def motion(self, ctx: Context, x: Array) -> Motion:
        (u,) = draw(ctx, x, 1)
        mirror = 1.0 - 2.0 * (u < 2 * self.probability - 1)
        return Motion(inverse=(1.0, 0.0, 0.0, mirror))
