"""random_rotate: what is a little tilted is still the same."""

from __future__ import annotations

from math import pi

from pellucid import Array, Context, Example, check_float

from pellucid_cnn.transforms.warp import Affine, Motion, draw


class RandomRotate(Affine):
    """A turn about the centre by an angle θ, uniform in [−degrees, degrees]; positive is counter-clockwise.

    In rows (down) and columns (right): ``p′ = [[cos θ, −sin θ], [sin θ, cos θ]] p``.

    Args:
        degrees: the largest angle, in [0, 180].
    """

    examples = (Example({"degrees": 15.0}, ((6, 5, 2),)),)

    def __init__(self, degrees: float = 10.0) -> None:
        check_float(self, "degrees", degrees, "[0, 180]")
        self.degrees = degrees

    def motion(self, ctx: Context, x: Array) -> Motion:
        (u,) = draw(ctx, x, 1)
        angle = self.degrees * pi / 180 * u
        cos, sin = ctx.xp.cos(angle), ctx.xp.sin(angle)
        return Motion(inverse=(cos, sin, -sin, cos))
