"""Pool: what the poolings have in common: a window, its stride and its padding."""

from __future__ import annotations

from typing import Any

from pellucid import ConfigError, Example, Interval, Layer, PagePart, PageWindow, Shape

from pellucid_cnn.geometry import (
    Geometry,
    Padding,
    Pair,
    Size,
    check_images,
    check_padding,
    check_pair,
    geometry_of,
    pair,
    places,
)

STRIDE = "(size if stride is None else stride)"
"""The stride as an expression of the constructor's arguments."""
PIXELS = "np.where(R.any(1)[:, None, :, None] & S.any(1)[None, :, None, :], 1.0, 0.0)"
"""M[a, b, h, w]: 1 where pixel (h, w) lies in the window at (a, b)."""


class Pool(Layer):
    """One number for each window and channel; subclasses say which.

    Args:
        size: height and width of the window: a number, or two.
        stride: pixels from one window to the next; None is ``size``: the windows touch.
        padding: ``"valid"``, ``"same"`` (⌈size/stride⌉ windows), or numbers of rows and columns around the image, less
            than the window's; they count for nothing.
    """

    examples = (
        Example({}, ((4, 5, 2),)),
        Example({"size": (3, 2), "stride": (2, 1), "padding": "same"}, ((None, 5, 2),)),
        Example({"size": 3, "stride": 2, "padding": 1}, ((4, 4, 1),)),
    )
    capturable = True

    def __init__(self, size: Size = 2, stride: Size | None = None, padding: Padding = "valid") -> None:
        check_pair(self, "size", size)
        if stride is not None:
            check_pair(self, "stride", stride)
        check_padding(self, padding)
        if not isinstance(padding, str) and any(p >= n for p, n in zip(pair(padding), pair(size), strict=True)):
            raise ConfigError(
                f"The 'padding' of {type(self).__name__} must be less than its size, or windows would lie outside of "
                f"the image. Received: padding = {padding!r}, size = {size!r}."
            )
        self.size = size
        self.stride = stride
        self.padding = padding

    @property
    def window(self) -> Pair:
        """Height and width of a window."""
        return pair(self.size)

    def page_parts(self, call: Any, trace: Any) -> list[PagePart]:
        """For the page of a step: the window that a clicked cell has come from."""
        return [PageWindow("The window of the image", "y", ("x",))]

    def output_shape(self, input_shape: Shape) -> Any:
        channels = check_images(self, input_shape)
        return (*places(self, input_shape, self.window, self._steps, self.padding), channels)

    def output_interval(self, *inputs: Interval) -> Interval:
        """That of the input, and 0 where the padding is counted."""
        return min(inputs[0][0], 0.0), max(inputs[0][1], 0.0)

    def geometry(self, height: int, width: int) -> Geometry:
        """How the window moves over images of this size."""
        return geometry_of(height, width, self.window, self._steps, self.padding)

    @property
    def _steps(self) -> Pair:
        return self.window if self.stride is None else pair(self.stride)
