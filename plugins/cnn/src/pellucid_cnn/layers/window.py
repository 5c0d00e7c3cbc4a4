"""Window: which pixel lies under which cell, as equations that convolutions and poolings share."""

from __future__ import annotations

from pellucid import Equation


def window_equations(
    kernel: str, stride: str, *, dilation: str = "dilation", image: str = "x", places: str = "y"
) -> tuple[Equation, ...]:
    """p, R and S: cell (i, j) of the window at place (a, b) lies on pixel (h, w) if R[a, i, h] and S[b, j, w].

    Every sum over windows is then a plain sum over all indices, and its gradient another one over the same R and S.
    Zero padding needs no words: cells outside of the image meet no h or w.

    Args:
        kernel, stride, dilation: the window's two sizes, its steps and the distances of its cells, as Python
            expressions.
        image, places: the arrays whose second and third axes are pixels and places.
    """
    lacking = (
        f"np.maximum((np.array({places}.shape[1:3]) - 1) * {stride} + (np.array({kernel}) - 1) * {dilation} + 1"
        f" - {image}.shape[1:3], 0)"
    )
    padded = f"({lacking} // 2 if padding == 'same' else 0 if padding == 'valid' else padding) + np.zeros(2, int)"

    def placed(axis: int) -> str:
        place = f"np.arange({places}.shape[{axis + 1}])[:, None, None] * np.broadcast_to({stride}, 2)[{axis}]"
        cell = f"np.arange({kernel}[{axis}])[:, None] * np.broadcast_to({dilation}, 2)[{axis}]"
        return f"{place} + {cell} - p[{axis}] == np.arange({image}.shape[{axis + 1}])"

    return (
        Equation(
            "p",
            r"p = \lfloor \tfrac12 \max(0, (A - 1) s + (K - 1) d + 1 - H) \rfloor"
            r" \quad\text{for padding 'same', else as given}",
            padded,
        ),
        Equation("R", r"R_{aih} = [a s + i d - p = h]", placed(0)),
        Equation("S", r"S_{bjw} = [b s' + j d' - p' = w]", placed(1)),
    )
