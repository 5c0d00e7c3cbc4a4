"""The compiled kernels against their references: random shapes and geometries, each instruction set, two threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from pellucid import ACTIVATIONS, NEEDS_INPUT, ShapeError, get_ops
from pellucid.standard.ops.base import ReferenceOps
from pellucid_cnn.geometry import Geometry, output_size
from pellucid_cnn.ops import convolution, group_norm, joining, pooling, resampling

core = pytest.importorskip("pellucid.ops.kernels", reason="the core's kernels are not compiled").native
native = pytest.importorskip("pellucid_cnn.kernels.native", reason="the kernels are not compiled")
REFERENCE = ReferenceOps()
Arguments = list[Any]


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = core.get_threads()
    core.set_threads(request.param)
    yield request.param
    core.set_threads(before)


class Draw:
    """Random arguments."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def floats(self, *shape: int) -> Any:
        return self.rng.normal(size=shape).astype(np.float32)

    def out(self, *shape: int) -> Any:
        """Garbage, which an output overwrites."""
        return np.full(shape, 7.0, np.float32)

    def one(self, *values: Any) -> Any:
        return values[self.rng.integers(len(values))]

    def geometry(self, groups: int) -> Geometry:
        padding = tuple(int(n) for n in self.rng.integers(0, 4, 4))
        stride, dilation = (self.one((1, 1), (2, 2), (1, 3), (3, 2)), self.one((1, 1), (1, 1), (2, 1), (2, 3)))
        return Geometry(stride, padding, dilation, groups)


def run(implementation: Callable[..., Any], arguments: Arguments) -> Arguments:
    """Run on copies; return them: outputs are changed, inputs must not be (the comparison sees both)."""
    copies = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
    assert implementation(REFERENCE, *copies) is not NotImplemented
    return copies


def described(op: str, arguments: Arguments) -> str:
    return f"{op}{tuple(a.shape if isinstance(a, np.ndarray) else a for a in arguments)}"


def compare(ours: Arguments, theirs: Arguments, tolerance: float, what: object) -> None:
    for mine, wanted in zip(ours, theirs, strict=True):
        if isinstance(mine, np.ndarray) and mine.size:
            scale = max(1.0, float(np.abs(wanted).max()))
            np.testing.assert_allclose(mine / scale, wanted / scale, rtol=0, atol=tolerance, err_msg=str(what))


def convolution_calls(seed: int, sizes: tuple[int, int, int, int, int] | None = None) -> list[tuple[str, Arguments]]:
    """All four ops on one random geometry; with `sizes` (N, H, W, C, F) 3 x 3 of stride 1."""
    d = Draw(seed)
    groups = 1 if sizes else d.one(1, 1, 1, 2, 3)
    n, h, w, c, f = sizes or (d.one(0, 1, 2, 5), *d.rng.integers(1, 12, 2), *(groups * d.rng.integers(1, 12, 2)))
    kernel = (3, 3) if sizes else d.one((1, 1), (2, 3), (3, 3), (5, 2))
    while True:
        g = Geometry(padding=d.one((1, 1, 1, 1), (0, 0, 0, 0), (2, 1, 0, 3))) if sizes else d.geometry(groups)
        (top, bottom, left, right), places = g.padding, []
        places.append(output_size(h, kernel[0], g.stride[0], (top, bottom), g.dilation[0]))
        places.append(output_size(w, kernel[1], g.stride[1], (left, right), g.dilation[1]))
        if min(places) > 0:
            break
    activation = d.one("identity", "relu", *ACTIVATIONS)
    weight = d.floats(*kernel, c // groups, f) / np.float32(np.sqrt(kernel[0] * kernel[1] * (c + f) / groups))
    calls: list[tuple[str, Arguments]] = []
    for name, inner, outer in (
        ("conv2d", (n, h, w, c), (n, *places, f)), ("conv_transpose2d", (n, *places, f), (n, h, w, c)),
    ):  # fmt: skip
        x, bias, keeps = d.floats(*inner), d.floats(outer[3]), activation in NEEDS_INPUT
        z = d.out(*outer) if keeps else None
        calls.append((f"{name}_forward", [x, weight, d.one(bias, None), g, activation, d.out(*outer), z]))
        y, z = d.floats(*outer), d.floats(*outer) if keeps else None
        dz = None if activation == "identity" else d.out(*outer)
        ends = [d.floats(*weight.shape), d.floats(outer[3]), d.out(*inner)]
        ends = [a if d.rng.random() < 0.8 else None for a in ends]
        calls.append((f"{name}_backward", [d.floats(*outer), x, weight, y, z, g, activation, dz, *ends]))
    return calls


@pytest.mark.parametrize("seed", range(24))
def test_convolution_is_the_reference(seed: int, simd: str, threads: int) -> None:
    for op, arguments in convolution_calls(seed):
        reference = run(getattr(convolution, op), arguments)
        compare(run(getattr(native, op), arguments), reference, 1e-5, described(op, arguments))


@pytest.fixture(scope="module")
def calls(request: pytest.FixtureRequest) -> list[tuple[str, Arguments, Arguments]]:
    """Calls, each with what the reference makes of it, which is computed once for all instruction sets and threads."""
    made = convolution_calls(*request.param)
    return [(op, arguments, run(getattr(convolution, op), arguments)) for op, arguments in made]


SIZES = [
    (3, 28, 28, 1, 32), (1, 34, 33, 40, 20), (2, 40, 70, 60, 3), (9, 4, 4, 130, 33),
    (5, 14, 14, 32, 64), (2, 15, 13, 16, 48), (1, 9, 11, 64, 32), (1, 33, 40, 96, 32),  # these by Winograd's method
]  # fmt: skip


@pytest.mark.parametrize(
    "calls",
    [pytest.param((seed, sizes), id=f"{seed}-sizes{i}") for seed in range(2) for i, sizes in enumerate(SIZES)],
    indirect=True,
)
def test_sizes_of_real_networks(calls: list[tuple[str, Arguments, Arguments]], simd: str, threads: int) -> None:
    for op, arguments, reference in calls:
        compare(run(getattr(native, op), arguments), reference, 3e-5, described(op, arguments))


def require_the_same_bits(calls: list[tuple[str, Arguments]], counts: tuple[int, ...]) -> None:
    before = core.get_threads()
    for op, arguments in calls:
        results = []
        for count in counts:
            core.set_threads(count)
            results.append(run(getattr(native, op), arguments))
        core.set_threads(before)
        for other in results[1:]:
            compare(other, results[0], 0, described(op, arguments))


@pytest.mark.parametrize("seed", range(6))
def test_the_bits_do_not_depend_on_the_number_of_threads(seed: int, simd: str) -> None:
    require_the_same_bits(convolution_calls(seed, (6, 14, 14, 16, 24)), (1, 2, 5))


@pytest.mark.parametrize("images", [1, 2, 3, 6, 8, 13])
@pytest.mark.parametrize("size", [(28, 28, 1, 8), (14, 14, 16, 16), (31, 29, 3, 5), (23, 7, 5, 17)], ids=str)
def test_nor_do_they_with_fewer_images_than_threads(size: tuple[int, ...], images: int, simd: str) -> None:
    """Of 2 and of 7 threads: one image less than these, one more, and sizes that nothing divides."""
    require_the_same_bits(convolution_calls(2, (images, *size)), (1, 2, 4, 7))


@pytest.mark.parametrize("images", [1, 3, 8])
def test_nor_do_those_of_the_other_ops(images: int, simd: str) -> None:
    d = Draw(images)
    x, dy, gamma = d.floats(images, 997, 12), d.floats(images, 997, 12), d.floats(12)
    of_groups = [d.floats(images, 3), np.abs(d.floats(images, 3)), 3]
    image, windows = d.floats(images, 61, 53, 7), Geometry((2, 2), (1, 1, 1, 1))
    calls = [
        ("group_norm_forward", [x, gamma, gamma, 3, 1e-3, d.out(images, 3), d.out(images, 3), d.out(*x.shape)]),
        ("group_norm_backward", [dy, x, gamma, *of_groups, d.floats(12), d.floats(12), d.out(*x.shape)]),
        ("average_pool2d_forward", [image, (61, 53), Geometry(), d.out(images, 1, 1, 7)]),
        ("average_pool2d_forward", [image, (3, 3), windows, d.out(images, 31, 27, 7)]),
    ]
    require_the_same_bits(calls, (1, 2, 4, 7))


@pytest.mark.parametrize("size", [(28, 28, 1, 8), (14, 14, 16, 16), (11, 13, 5, 17)], ids=str)
def test_nor_does_a_map_depend_on_the_images_beside_it(size: tuple[int, ...], simd: str) -> None:
    for op, arguments in convolution_calls(2, (5, *size)):
        if op.endswith("_forward"):
            x, weight, bias, geometry, activation, y, z = run(getattr(native, op), arguments)
            for i in range(len(x)):
                ends = np.full_like(y[:1], 7.0), None if z is None else np.full_like(y[:1], 7.0)
                alone = run(getattr(native, op), [x[i : i + 1], weight, bias, geometry, activation, *ends])
                np.testing.assert_array_equal(alone[5], y[i : i + 1], err_msg=described(op, arguments))


@pytest.mark.parametrize("seed", range(8))
def test_a_recorded_plan_gives_the_bits_of_the_call(seed: int, simd: str, threads: int) -> None:
    ops = get_ops("cython")
    for op, arguments in convolution_calls(seed):
        called = run(getattr(native, op), arguments)
        replayed = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
        twice = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
        _, plan = ops.record(lambda op=op, replayed=replayed: getattr(native, op)(ops, *replayed))
        for a, b in zip(replayed, twice, strict=True):
            if isinstance(a, np.ndarray):
                a[...] = b  # as before: what the recording added to is added to again
        assert plan is not None and plan.run()
        compare(replayed, called, 0, op)


def other_calls(seed: int) -> list[tuple[Any, str, Arguments]]:
    """The module of the reference, name and arguments of every other op, on random sizes."""
    d = Draw(seed)
    n, h, w, c = d.one(0, 1, 3), *(int(k) for k in d.rng.integers(2, 9, 2)), int(d.one(1, 5, 64, 70))
    kernel, factor = d.one((2, 2), (3, 2), (2, 1)), d.one((2, 2), (1, 3))
    stride, padding = d.one((2, 2), (1, 2), (3, 1)), d.one((0, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 1))
    padding = padding if kernel[1] > 1 else (0, 0, 0, 0)  # every window has a pixel
    g = Geometry(stride, padding, (1, 1), 1)
    places = [output_size(size, kernel[i], stride[i], padding[2 * i : 2 * i + 2], 1) for i, size in enumerate((h, w))]
    if min(places) < 1:
        return other_calls(seed + 1000)
    x, y = d.floats(n, h, w, c), d.floats(n, *places, c)
    x[x > 1] = 1  # equal cells
    argmax = d.rng.integers(0, kernel[0] * kernel[1], y.shape).astype(np.uint8)
    large, grid = d.floats(n, h * factor[0], w * factor[1], c), d.floats(n, 4, 6, 2) * np.float32(h)
    a, groups = d.floats(n, h, w, 3), d.one(1, c)
    pixels, gamma, mean, inv_std = d.floats(n, h * w, c), d.floats(c), d.floats(n, groups), 1 + d.floats(n, groups) ** 2
    ends = [d.floats(c), d.floats(c), d.out(n, h * w, c)]
    return [
        (pooling, "max_pool2d_forward", [x, kernel, g, d.out(*y.shape), argmax.copy()]),
        (pooling, "max_pool2d_backward", [y, argmax, kernel, g, d.out(*x.shape)]),
        (pooling, "average_pool2d_forward", [x, kernel, g, d.out(*y.shape)]),
        (pooling, "average_pool2d_backward", [y, kernel, g, d.out(*x.shape)]),
        (resampling, "upsample_nearest_forward", [x, factor, d.out(*large.shape)]),
        (resampling, "upsample_nearest_backward", [large, factor, d.out(*x.shape)]),
        (resampling, "warp", [x, grid, d.out(n, 4, 6, c)]),
        (joining, "concatenate", [x, a, d.out(n, h, w, c + 3)]),
        (joining, "split", [d.floats(n, h, w, c + 3), d.out(*x.shape), d.out(*a.shape)]),
        (group_norm, "group_norm_forward", [pixels, gamma, d.floats(c), groups, 1e-5, mean.copy(), inv_std.copy(),
                                            d.out(*pixels.shape)]),
        (group_norm, "group_norm_backward", [d.floats(*pixels.shape), pixels, gamma, mean, inv_std, groups,
                                             *(d.one(end, end, None) for end in ends)]),
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_the_other_ops_are_their_references(seed: int, simd: str, threads: int) -> None:
    for module, op, arguments in other_calls(seed):
        reference = run(getattr(module, op), arguments)
        compare(run(getattr(native, op), arguments), reference, 1e-5, described(op, arguments))


def test_the_largest_cell_is_not_lost_among_nans_and_infinities() -> None:
    x = np.array([[[1, np.nan], [-np.inf, 3]], [[np.nan, 0], [-np.inf, -np.inf]]], np.float32).reshape(2, 2, 2, 1)
    g, y, argmax = Geometry((2, 2)), np.empty((2, 1, 1, 1), np.float32), np.empty((2, 1, 1, 1), np.uint8)
    native.max_pool2d_forward(REFERENCE, x, (2, 2), g, y, argmax)
    assert np.isnan(y).all() and argmax.ravel().tolist() == [1, 0]


@pytest.mark.parametrize("index", range(11))
def test_the_other_ops_are_recorded_checked_and_left_to_the_reference(index: int, simd: str, threads: int) -> None:
    ops = get_ops("cython")
    _, op, arguments = other_calls(2)[index]
    called = run(getattr(native, op), arguments)
    replayed = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
    _, plan = ops.record(lambda: getattr(native, op)(ops, *replayed))
    for a, b in zip(replayed, arguments, strict=True):
        if isinstance(a, np.ndarray):
            a[...] = b
    assert plan is not None and plan.run()
    compare(replayed, called, 0, op)
    for i, a in enumerate(arguments):
        if not isinstance(a, np.ndarray):
            continue
        for other in (a.astype(np.float64), np.repeat(a, 2, axis=-1)[..., ::2]):
            assert getattr(native, op)(REFERENCE, *arguments[:i], other, *arguments[i + 1 :]) is NotImplemented
        with pytest.raises(ShapeError, match=f"cnn/{op}: the shapes do not fit"):
            wrong = np.zeros((*a.shape[:-1], a.shape[-1] + 7), a.dtype)
            getattr(native, op)(REFERENCE, *arguments[:i], wrong, *arguments[i + 1 :])


@pytest.mark.parametrize("op", ["conv2d_forward", "conv2d_backward", "conv_transpose2d_forward",
                                "conv_transpose2d_backward"])  # fmt: skip
def test_what_is_not_covered_is_left_to_the_reference(op: str) -> None:
    arguments = dict(convolution_calls(0, (2, 5, 5, 3, 4)))[op]
    arrays = [i for i, a in enumerate(arguments) if isinstance(a, np.ndarray)]
    for i in arrays:
        for other in (arguments[i].astype(np.float64), np.repeat(arguments[i], 2, axis=-1)[..., ::2]):
            changed = [*arguments[:i], other, *arguments[i + 1 :]]
            before = [a.copy() if isinstance(a, np.ndarray) else a for a in changed]
            assert getattr(native, op)(REFERENCE, *changed) is NotImplemented
            compare(changed, before, 0, op)


@pytest.mark.parametrize("op", ["conv2d_forward", "conv2d_backward", "conv_transpose2d_forward",
                                "conv_transpose2d_backward"])  # fmt: skip
def test_shapes_that_do_not_fit_are_errors(op: str) -> None:
    arguments = dict(convolution_calls(0, (2, 5, 5, 3, 4)))[op]
    for i, a in enumerate(arguments):
        if not isinstance(a, np.ndarray):
            continue
        for axis in range(a.ndim):
            wrong = np.ascontiguousarray(np.concatenate([a, a], axis))
            with pytest.raises(ShapeError, match=rf"cnn/{op}: the shapes do not fit.*Expected: x \(N, H, W, C\)"):
                getattr(native, op)(REFERENCE, *arguments[:i], wrong, *arguments[i + 1 :])
        with pytest.raises(ShapeError):
            getattr(native, op)(REFERENCE, *arguments[:i], np.zeros(7, np.float32), *arguments[i + 1 :])
