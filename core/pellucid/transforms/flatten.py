"""flatten: each sample as one row of numbers."""

from __future__ import annotations

from math import prod

from pellucid.component import Equation, Example
from pellucid.transform import HostArray, Shape, Transform


class Flatten(Transform):
    """``y = vec(x)``: all axes of a sample joined into one, the last running fastest.

    Shapes: (N, a, b, …) to (N, a·b·…).
    """

    equations = (Equation("y", r"y = \mathrm{vec}(x)", "x.reshape(len(x), -1)"),)
    examples = (Example(input_shapes=((2, 3, 2),)), Example(input_shapes=((4,),)))

    def apply(self, x: HostArray) -> HostArray:
        return x.reshape(len(x), prod(x.shape[1:]))

    def output_shape(self, input_shape: Shape) -> Shape:
        sizes = [size for size in input_shape if size is not None]
        return (prod(sizes),) if len(sizes) == len(input_shape) else (None,)
