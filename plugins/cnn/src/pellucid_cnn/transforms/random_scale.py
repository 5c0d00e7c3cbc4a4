"""random_scale: what is a little larger is still the same."""

from __future__ import annotations

from pellucid import Array, Context, Example

from pellucid_cnn.transforms.ranges import between, check_range
from pellucid_cnn.transforms.warp import Affine, Motion, draw


class RandomScale(Affine):
    """``p′ = s p`` about the centre, with s uniform in ``factors``.

    Args:
        factors: the smallest and the largest s; below 1 the image shrinks.
    """

    examples = (Example({}, ((6, 5, 2),)),)

    def __init__(self, factors: tuple[float, float] = (0.9, 1.1)) -> None:
        check_range(self, "factors", factors)
        self.factors = factors

    def motion(self, ctx: Context, x: Array) -> Motion:
        (u,) = draw(ctx, x, 1)
        shrink = 1 / between(self.factors, u)
        return Motion(inverse=(shrink, 0.0, 0.0, shrink))
