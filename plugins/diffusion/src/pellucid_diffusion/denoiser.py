"""Denoiser: what all networks of this package that are told x_t, a time and perhaps a label have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod

from pellucid import Layer, Shape, ShapeError

from pellucid_diffusion.embedding import Embedding


class Denoiser(Layer, ABC):
    """(x_t, t) or (x_t, t, label) to an output of the shape of x_t.

    Any layer with these inputs can be trained by ``diffusion/denoise`` and sampled from; if it takes labels it says by
    ``classes`` how many, and takes the number ``classes`` for "none".
    """

    capturable = True
    default_objective = "diffusion/denoise"
    classes: int
    told: Embedding

    @property
    def integer_inputs(self) -> tuple[int, ...]:  # type: ignore[override]
        return (1, 2) if self.classes else (1,)

    @property
    def made_inputs(self) -> tuple[Shape, ...]:  # type: ignore[override]
        return ((),) * len(self.integer_inputs)

    @abstractmethod
    def build_for(self, shape: tuple[int, ...]) -> None:
        """Build what sees samples of this shape; :class:`Embedding` is built already."""

    def build(self, *input_shapes: Shape) -> None:
        shape = self.output_shape(*input_shapes)
        self.told.build(*input_shapes[1:])
        self.build_for(tuple(n for n in shape if n is not None))

    def output_shape(self, *input_shapes: Shape) -> Shape:
        wanted = ("x", "t", "label")[: 1 + len(self.integer_inputs)]
        if len(input_shapes) != len(wanted) or any(tuple(shape) != () for shape in input_shapes[1:]):
            raise ShapeError(
                f"{type(self).__name__} with classes = {self.classes} takes {', '.join(wanted)}, all but x of shape "
                f"(). Received: inputs of shapes {[tuple(shape) for shape in input_shapes]}. Example: "
                f"input_shape=[(2,), {', '.join(['()'] * (len(wanted) - 1))}]."
            )
        shape = tuple(input_shapes[0])
        if not shape or None in shape:
            raise ShapeError(
                f"{type(self).__name__} needs samples of a fixed shape with at least one axis. Received: {shape}."
            )
        return shape
