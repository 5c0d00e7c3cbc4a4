"""What grad promises beside the rules: long chains, repeated reading, nesting, dtypes, constants, clear refusals."""

from __future__ import annotations

import copy
import operator as op
from itertools import product
from math import exp
from typing import Any

import numpy as np
import pellucid
import pytest
from pellucid.autodiff.functions import known_functions
from pellucid.autodiff.tape import Tape, Variable, grad, value_and_grad
from pellucid.basics.errors import ConfigError, DataError, DifferentiationError, ShapeError
from scipy import special


def test_public_names() -> None:
    assert pellucid.grad is grad
    assert pellucid.value_and_grad is value_and_grad


@pytest.mark.parametrize("n", [20_000])
def test_long_chain(n: int) -> None:
    def f(x: Any) -> Any:
        for _ in range(n):
            x = x * (1 + 1e-6)
        return x.sum()

    assert grad(f)(np.ones(2)) == pytest.approx(np.full(2, (1 + 1e-6) ** n), rel=1e-9)


def test_wide_fan_out_accumulates() -> None:
    assert grad(lambda x: sum((x * i for i in range(1000)), 0.0))(3.0) == 499_500


def test_reading_twice_gives_the_same_gradients() -> None:
    tape = Tape()
    x = tape.variable(np.array([1.0, 2.0]))
    y = np.sum(x * np.exp(x) * x)
    first = tape.gradients(y, [x])[0].copy()
    assert np.array_equal(tape.gradients(y, [x])[0], first)
    assert np.array_equal(first, (x.value**2 + 2 * x.value) * np.exp(x.value))


def test_gradient_at_an_intermediate_and_with_a_given_dy() -> None:
    tape = Tape()
    x = tape.variable(np.array([1.0, 2.0]))
    y = x * x
    z = y * 3
    dz = np.array([1.0, 10.0])
    dy, dx = tape.gradients([z], [y, x], [dz])
    assert dy.tolist() == [3, 30]
    assert dx.tolist() == [6, 120]


def test_several_outputs_add_up() -> None:
    tape = Tape()
    x = tape.variable(np.array([1.0, 2.0]))
    assert tape.gradients([x * 2, x * 3], [x], [np.ones(2), np.array([1.0, 0.0])])[0].tolist() == [5, 2]


def test_nested_derivatives_of_a_sine() -> None:
    f: Any = np.sin
    for expected in (np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x), np.sin):
        f = grad(f)
        assert f(0.7) == pytest.approx(expected(0.7), abs=1e-12)


def test_inner_and_outer_variables_are_not_confused() -> None:
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: grad(lambda y: x * y * y)(x))(3.0) == 12.0


def test_hessian_of_rosenbrock_agrees_with_scipy() -> None:
    from scipy.optimize import rosen_der, rosen_hess

    def rosenbrock(x: Any) -> Any:
        return np.sum(100.0 * (x[1:] - x[:-1] ** 2.0) ** 2.0 + (1 - x[:-1]) ** 2.0)

    x = np.random.default_rng(0).normal(size=5)
    assert grad(rosenbrock)(x) == pytest.approx(rosen_der(x), rel=1e-9)
    rows = [grad(lambda z, i=i: grad(rosenbrock)(z)[i])(x) for i in range(5)]
    assert np.stack(rows) == pytest.approx(rosen_hess(x), rel=1e-9)


def test_log_sum_exp_agrees_with_scipy() -> None:
    def log_sum_exp(x: Any) -> Any:
        highest = x.max(axis=1, keepdims=True)
        return np.sum(np.log(np.exp(x - highest).sum(axis=1)) + highest[:, 0])

    x = np.random.default_rng(0).normal(size=(4, 6)) * 20
    value, gradient = value_and_grad(log_sum_exp)(x)
    assert value == pytest.approx(np.sum(special.logsumexp(x, axis=1)), rel=1e-12)
    assert gradient == pytest.approx(special.softmax(x, axis=1), abs=1e-12)


def test_two_layer_network_agrees_with_the_derivation_by_hand() -> None:
    rng = np.random.default_rng(0)
    x, w1, b1, w2 = rng.normal(size=(7, 3)), rng.normal(size=(3, 5)), rng.normal(size=5), rng.normal(size=(5, 4))
    labels = rng.integers(0, 4, 7)

    def loss(w1: Any, b1: Any, w2: Any) -> Any:
        logits = np.tanh(x @ w1 + b1) @ w2
        return np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(7), labels])

    dw1, db1, dw2 = grad(loss, (0, 1, 2))(w1, b1, w2)
    h = np.tanh(x @ w1 + b1)
    dlogits = (special.softmax(h @ w2, axis=1) - np.eye(4)[labels]) / 7
    dz = dlogits @ w2.T * (1 - h**2)
    assert dw2 == pytest.approx(h.T @ dlogits, abs=1e-12)
    assert dw1 == pytest.approx(x.T @ dz, abs=1e-12)
    assert db1 == pytest.approx(dz.sum(0), abs=1e-12)


def test_an_output_without_a_gradient() -> None:
    tape = Tape()
    x = tape.variable(np.array([1.0, 2.0]))
    assert tape.gradients([x * 2, x * 3], [x], [None, np.ones(2)])[0].tolist() == [3, 3]


def test_gradients_that_do_not_fit_and_variables_of_another_tape() -> None:
    tape, other = Tape(), Tape()
    x, stranger = tape.variable(np.ones(2)), other.variable(np.ones(2))
    with pytest.raises(ShapeError, match=r"output 0 must have .* \(2,\)\. Received: \(3,\)"):
        tape.gradients(x * 2, [x], np.ones(3))
    with pytest.raises(DifferentiationError, match="another tape"):
        tape.gradients(x * 2, [stranger])
    with pytest.raises(DifferentiationError, match="another tape"):
        tape.gradients(stranger * 2, [x])


# -- kinks and special places ----------------------------------------------------------------------------------------


def test_at_a_kink_the_slopes_of_both_sides_are_averaged() -> None:
    assert grad(abs)(0.0) == 0.0
    assert grad(lambda x: np.maximum(x, 0.0))(0.0) == 0.5
    assert grad(lambda x: np.minimum(0.0, x))(0.0) == 0.5
    assert grad(lambda x: np.maximum(x, x))(2.0) == 1.0
    assert grad(np.max)(np.array([1.0, 3.0, 3.0])).tolist() == [0, 0.5, 0.5]


def test_powers_at_zero() -> None:
    assert grad(lambda x: x**2)(0.0) == 0.0
    assert grad(lambda x: x**1)(0.0) == 1.0
    assert grad(lambda x: x**0)(0.0) == 0.0
    assert grad(lambda x: np.sum(x ** np.array([0.0, 1.0, 2.0])))(np.zeros(3)).tolist() == [0, 1, 0]
    assert grad(lambda b: np.power(0.0, b))(2.0) == 0.0


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [(2.0, 0.0, 0.5), (2.0, 1.0, 1 + np.log(2)), (0.5, 0.0, 2.0), (3.0, -1.0, (1 - np.log(3)) / 9)],
)  # fmt: skip
def test_the_mixed_second_derivative_of_a_power(a: float, b: float, expected: float) -> None:
    """``∂²a^b/∂a∂b = a^(b−1)(1 + b log a)``, in either order; once 2 in place of 1/2 at (2, 0)."""
    assert grad(lambda b: grad(lambda a: a**b)(a))(b) == pytest.approx(expected, rel=1e-14)
    assert grad(lambda a: grad(lambda b: a**b)(b))(a) == pytest.approx(expected, rel=1e-14)
    rows = np.full(2, a)
    found = grad(lambda b: np.sum(grad(lambda a: np.sum(a**b))(rows)))(np.full(2, b))
    assert found == pytest.approx(np.full(2, expected), rel=1e-14)


SPECIAL = [
    ("x**.5 at 0", lambda x: x**0.5, 0.0, np.inf),
    ("x**-1 at 0", lambda x: x**-1, 0.0, -np.inf),
    ("x**-2 at 1e-200", lambda x: x**-2, 1e-200, -np.inf),
    ("x**3 at 1e200", lambda x: x**3, 1e200, np.inf),
    ("x**-3 at 1e200", lambda x: x**-3, 1e200, -0.0),
    ("x**0 at inf", lambda x: x**0, np.inf, 0.0),
    ("x**0 beside 0", lambda x: x ** np.array(0.0), 1e-320, 0.0),
    ("cube root by a power", lambda x: x ** (1 / 3), -8.0, np.nan),
    ("cbrt", np.cbrt, -8.0, 1 / 12),
    ("1/x at 0", lambda x: 1 / x, 0.0, -np.inf),
    ("sqrt at 0", np.sqrt, 0.0, np.inf),
    ("log at 0", np.log, 0.0, np.inf),
    *((f"{name} outside", getattr(np, name), x, np.nan) for name, x in {
        "sqrt": -1.0, "log": -1.0, "log2": -1.0, "log10": -1.0, "log1p": -2.0, "arcsin": 2.0, "arccos": 2.0,
        "arctanh": 2.0, "arccosh": -2.0,
    }.items()),
    ("maximum with NaN", lambda x: np.maximum(x, np.nan), 1.0, np.nan),
    ("maximum of NaN", lambda x: np.maximum(x, 1.0), np.nan, np.nan),
    ("minimum with NaN", lambda x: np.minimum(np.nan, x), 1.0, np.nan),
    ("clip of NaN", lambda x: np.clip(x, 0.0, 1.0), np.nan, np.nan),
    ("fmax with NaN", lambda x: np.fmax(x, np.nan), 1.0, 1.0),
    ("hypot at its tip", lambda x: np.hypot(x, 0.0), 0.0, 0.0),
    ("arcsinh of much", np.arcsinh, 1e200, 1e-200),
]  # fmt: skip


@pytest.mark.parametrize(("f", "x", "slope"), [case[1:] for case in SPECIAL], ids=[case[0] for case in SPECIAL])
def test_a_number_gets_what_an_array_gets(f: Any, x: float, slope: float) -> None:
    """At special points Python's own arithmetic raises, or turns complex, where arrays give inf and NaN. And beside a
    value that is NaN there is no slope."""
    with np.errstate(all="ignore"):
        assert grad(f)(x) == pytest.approx(slope, rel=1e-14, abs=0.0, nan_ok=True)
        expected = pytest.approx([slope], rel=1e-14, abs=0.0, nan_ok=True)
        assert grad(lambda x: np.sum(f(x)))(np.array([x])) == expected


PLACES = (0.0, -0.0, 0.5, -8.0, 1e200, 1e-320, np.inf, -np.inf, np.nan)
UFUNCS = [getattr(np, name) for name in known_functions() if isinstance(getattr(np, name, None), np.ufunc)]


@pytest.mark.parametrize("ufunc", [f for f in UFUNCS if f is not np.matmul], ids=lambda f: f.__name__)
def test_numbers_and_arrays_have_the_same_slopes_at_odd_places(ufunc: Any) -> None:
    with np.errstate(all="ignore"):
        for x in product(PLACES, repeat=ufunc.nin):
            by = tuple(range(ufunc.nin))
            found = grad(ufunc, by)(*x)
            expected = grad(lambda *x: np.sum(ufunc(*x)), by)(*(np.array([number]) for number in x))
            assert np.array_equal(found, np.ravel(expected), equal_nan=True), x


def test_seeds_may_be_numbers() -> None:
    tape = Tape()
    x = tape.variable(0.0)
    with np.errstate(all="ignore"):
        assert tape.gradients(np.sqrt(x), [x], 1.0) == [np.inf]


def test_lists_stand_for_arrays() -> None:
    x = np.array([1.0, 2.0])
    assert grad(lambda x: np.sum(np.concatenate([x, [1.0, 2.0, 3.0]]) * np.arange(5)))(x).tolist() == [0, 1]
    assert grad(lambda x: np.sum(np.stack([[3.0, 4.0], x]) * [[1.0, 2.0], [5.0, 6.0]]))(x).tolist() == [5, 6]
    assert grad(lambda x: np.sum(x ** [2, 3]))(x).tolist() == [2, 12]
    assert grad(lambda x: np.average(x, weights=[1, 3]))(x).tolist() == [0.25, 0.75]


@pytest.mark.parametrize(
    "f",
    [np.arctan2, np.dot, np.inner, np.matmul, np.cross, np.vdot, op.matmul, lambda a, b: np.tensordot(a, b, 1)],
)
def test_lists_stand_for_arrays_in_products(f: Any) -> None:
    x, others = np.array([1.0, 2.0, 3.0]), [4.0, 5.0, 7.0]
    for g in (f, lambda a, b: f(b, a)):
        found, expected = (grad(lambda x, o=o, g=g: np.sum(g(x, o)))(x) for o in (others, np.array(others)))
        assert np.array_equal(found, expected)


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "prod", "cumsum", "cumprod", "ptp", "nansum"])
def test_a_number_is_reduced_over_its_only_axis(name: str) -> None:
    expected = 0.0 if name == "ptp" else 1.0
    for axis in (0, -1, None):
        assert grad(lambda x, axis=axis: np.sum(getattr(np, name)(x, axis=axis)))(3.0) == expected


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.take(x, [0], axis=2), lambda x: np.take_along_axis(x, np.zeros((2, 2), int), 2),
        lambda x: np.diff(x, axis=-3), lambda x: np.sort(x, axis=2), lambda x: np.array_split(x, 2, axis=-3)[0],
        lambda x: np.average(x, 2, [1.0, 2.0]), lambda x: np.tensordot(x, x, ([2], [0])), lambda x: np.mean(x, axis=2),
    ],
)  # fmt: skip
def test_an_axis_that_is_not_there_is_refused_as_by_numpy(f: Any) -> None:
    for g in (f, grad(lambda x: np.sum(f(x)))):
        with pytest.raises(IndexError):  # AxisError is one
            g(np.ones((2, 2)))


@pytest.mark.parametrize(
    "f", [np.tile, np.repeat, lambda x, n: np.array_split(x, n)[0], lambda x, n: np.split(x, n)[0]]
)
def test_counts_may_be_numpys(f: Any) -> None:
    x = np.arange(16.0).reshape(4, 4)
    assert np.array_equal(*(grad(lambda x, n=n: np.sum(f(x, n) ** 2))(x) for n in (np.int64(2), 2)))


def test_triangles_of_a_vector() -> None:
    assert grad(lambda x: np.sum(np.tril(x) * np.arange(9).reshape(3, 3)))(np.ones(3)).tolist() == [9, 11, 8]


def test_a_determinant_of_a_singular_matrix_has_its_cofactors_as_gradient() -> None:
    for a in (np.array([[1.0, 2.0], [2.0, 4.0]]), np.zeros((2, 2)), np.zeros((1, 1)), np.diag([1.0, 2.0, 0.0])):
        n = len(a)
        minors = [[np.delete(np.delete(a, i, 0), j, 1) for j in range(n)] for i in range(n)]
        expected = [[(-1) ** (i + j) * np.linalg.det(minors[i][j]) for j in range(n)] for i in range(n)]
        assert grad(np.linalg.det)(a) == pytest.approx(np.array(expected))
    two = grad(lambda a: grad(np.linalg.det)(a)[0, 0])(np.zeros((2, 2)))
    assert two.tolist() == [[0, 0], [0, 1]]


@pytest.mark.parametrize("n", [2, 3, 4])
def test_second_derivatives_of_determinants_near_0(n: int) -> None:
    """The determinant is one of rounding errors, about 1e-16, which is no 0: its inverse must not be taken."""
    rng = np.random.default_rng(n)
    for _ in range(5):
        a = rng.normal(size=(n, n))
        a[0] = a[1] * 0.7
        found = grad(lambda a: grad(np.linalg.det)(a)[0, 0])(a)
        other = np.delete(np.delete(a, 0, 0), 0, 1)  # d det/da₀₀ is its determinant
        expected = np.pad(grad(np.linalg.det)(other), ((1, 0), (1, 0)))
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_a_norm_and_a_deviation_have_slope_0_at_their_tip() -> None:
    assert grad(np.linalg.norm)(np.zeros(3)).tolist() == [0, 0, 0]
    for p in (1.5, 2, 3):
        slopes = grad(lambda x, p=p: np.sum(np.linalg.norm(x, p, axis=1)))(np.array([[0.0, 0.0], [4.0, 0.0]]))
        assert slopes == pytest.approx(np.array([[0, 0], [1, 0]]))
    assert grad(np.std)(np.ones(3)).tolist() == [0, 0, 0]
    assert grad(lambda x: np.sum(x.std(axis=1)))(np.array([[1.0, 1.0], [1.0, 3.0]])).tolist() == [[0, 0], [-0.5, 0.5]]


def test_a_median_of_nan() -> None:
    value, slope = value_and_grad(np.median)(np.array([1.0, np.nan, 2.0]))
    assert np.isnan(value) and np.isnan(slope).all()
    slope = grad(lambda x: np.median(x, axis=1).sum())(np.array([[1.0, np.nan, 2.0], [3.0, np.inf, 2.0]]))
    np.testing.assert_array_equal(slope, [[np.nan] * 3, [1, 0, 0]])


def test_a_deep_copy_keeps_its_gradient() -> None:
    assert grad(lambda x: np.sum(copy.deepcopy(x) * x))(np.ones(2)).tolist() == [2, 2]


def test_slogdet_gives_both() -> None:
    sign, log = value_and_grad(lambda a: np.linalg.slogdet(a).logabsdet)(-2 * np.eye(3))
    assert sign == pytest.approx(3 * np.log(2))
    assert log == pytest.approx(-0.5 * np.eye(3))
    assert grad(lambda a: np.linalg.slogdet(a)[0])(np.eye(2)).tolist() == [[0, 0], [0, 0]]


def test_repeated_indices_accumulate() -> None:
    assert grad(lambda x: x[[0, 0, 2, 0]].sum())(np.zeros(3)).tolist() == [3, 0, 1]


def test_product_with_zeros() -> None:
    assert grad(np.prod)(np.array([0.0, 2.0, 3.0])).tolist() == [6, 0, 0]
    assert grad(np.prod)(np.array([0.0, 0.0, 3.0])).tolist() == [0, 0, 0]


# -- arguments, dtypes, results --------------------------------------------------------------------------------------


def test_argnums() -> None:
    def f(a: Any, b: Any, scale: float = 1.0) -> Any:
        return np.sum(a * b) * scale

    a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    assert grad(f)(a, b).tolist() == [3, 4]
    assert grad(f, 1)(a, b, scale=2.0).tolist() == [2, 4]
    db, da = grad(f, (1, 0))(a, b)
    assert (db.tolist(), da.tolist()) == ([1, 2], [3, 4])
    value, gradients = value_and_grad(f, (0,))(a, b)
    assert value == 11.0
    assert len(gradients) == 1


def test_integers_and_booleans_get_none() -> None:
    x, rows, mask = np.ones(3), np.array([0, 2]), np.array([True, False, True])
    assert grad(lambda i, m: np.sum(x[i]) + np.sum(x[m]), (0, 1))(rows, mask) == (None, None)
    dx, dm = grad(lambda x, m: np.sum(np.where(m, x, 0)), (0, 1))(x, mask)
    assert dx.tolist() == [1, 0, 1]
    assert dm is None


def test_python_numbers_are_floats_without_a_dtype() -> None:
    x = np.ones(3, np.float32)
    seen = []

    def f(s: Any, x: Any) -> Any:
        y = x * (2 * s + 1) ** 2
        seen.append(y.dtype)
        return np.sum(y)

    ds, dx = grad(f, (0, 1))(1, x)
    assert seen == [np.float32]
    assert type(ds) is float
    assert ds == 36
    assert dx.dtype == np.float32


def test_a_float64_constant_widens_no_gradient() -> None:
    assert grad(lambda x: np.sum(x * np.arange(3.0)))(np.ones(3, np.float32)).dtype == np.float32


def test_functions_that_do_not_depend_on_x() -> None:
    assert grad(lambda x: 3.0)(np.ones(2)).tolist() == [0, 0]
    assert grad(lambda x: np.sum(np.ones(3)))(2.0) == 0.0
    assert grad(lambda x: np.sum(np.sign(x)))(np.ones(2)).tolist() == [0, 0]
    assert grad(lambda a, b: np.sum(a), (0, 1))(np.ones(2), np.ones(1))[1].tolist() == [0]


def test_control_flow_and_plain_information() -> None:
    def f(x: Any) -> Any:
        assert (x.shape, x.ndim, x.size, len(x), x.dtype) == ((3,), 1, 3, 3, np.float64)
        assert np.argmax(x) == x.argmax() == 2
        assert x.argmin() == 0
        assert isinstance(x > 1, np.ndarray)
        total = 0.0
        for element in x:
            if element >= 2 and element != 4:
                total += element * element
        return total

    assert grad(f)(np.array([1.0, 2.0, 3.0])).tolist() == [0, 4, 6]


def test_comparisons_and_logic_give_what_arrays_give() -> None:
    a, b = np.array([1.0, 2.0, 3.0]), np.array([3.0, 2.0, 1.0])
    for operator in (op.lt, op.le, op.gt, op.ge, op.eq, op.ne):
        x, y = Tape().variable(a), Tape().variable(b)
        for left, right in ((x, y), (x, b), (a, y), (x, 2.0), (2.0, x)):
            found = operator(left, right)
            assert type(found) is np.ndarray
            plain = (operand.value if isinstance(operand, Variable) else operand for operand in (left, right))
            assert np.array_equal(found, operator(*plain))
    mask, other = np.array([True, False]), np.array([True, True])
    m = Tape().constant(mask)
    assert (~m).tolist() == [False, True]
    assert (m & other).tolist() == (other & m).tolist() == [True, False]
    assert (m | other).tolist() == (other | m).tolist() == [True, True]
    assert np.logical_not(m).tolist() == [False, True]
    assert np.isfinite(Tape().variable(a)).all()


def test_methods_are_the_functions_of_the_same_name() -> None:
    values = np.random.default_rng(0).normal(size=(3, 4))
    x = Tape().variable(values)
    for name in ("sum", "mean", "prod", "max", "min", "var", "std", "cumsum"):
        assert np.array_equal(getattr(x, name)(axis=1).value, getattr(np, name)(values, axis=1))
    assert np.array_equal(x.clip(-0.5, 0.5).value, values.clip(-0.5, 0.5))
    assert np.array_equal(x.dot(values.T).value, values.dot(values.T))
    assert np.array_equal(x.copy().value, values)
    assert np.array_equal(x.astype(np.float32).value, values.astype(np.float32))
    assert x.astype(int).slot is None
    assert repr(x) == f"Variable({values!r})"
    assert x.trace().value == values.trace() and np.array_equal(x.take([1, 0]).value, values.take([1, 0]))
    assert np.array_equal(x.cumprod(axis=1).value, values.cumprod(axis=1)) and x.all() == values.all()
    for name in ("tolist", "sort", "fill", "nothing"):
        assert not hasattr(x, name)
    with pytest.raises(AttributeError, match=r"no 'tolist'.*x\.value"):
        x.tolist()


def test_constants_convert_freely() -> None:
    labels = Tape().constant(np.array([0, 2]))
    assert np.eye(3)[labels].tolist() == [[1, 0, 0], [0, 0, 1]]
    assert np.asarray(labels).tolist() == [0, 2]
    assert (float(labels[1]), int(labels[1]), bool(labels[0])) == (2.0, 2, False)
    assert [10, 11, 12][labels[1]] == 12


def test_parts_that_do_not_divide() -> None:
    with pytest.raises(ValueError, match="length 3 cannot be split into 2"):
        grad(lambda x: np.split(x, 2)[0].sum())(np.ones(3))


def test_gradients_are_the_callers_own() -> None:
    x = np.ones(3)
    da, db = grad(lambda a, b: np.sum(a + b), (0, 1))(x, x)
    da[0] = 7.0
    assert db.tolist() == [1, 1, 1]
    assert x.tolist() == [1, 1, 1]


def test_adding_to_a_name_makes_a_new_variable() -> None:
    def f(x: Any) -> Any:
        y = x
        y += 1
        return np.sum(x * y)

    x = np.array([1.0, 2.0])
    assert grad(f)(x).tolist() == [3, 5]
    assert x.tolist() == [1, 2]


def test_empty_arrays() -> None:
    assert grad(lambda x: np.sum(x @ np.ones((0, 2))))(np.ones((3, 0))).shape == (3, 0)


# -- refusals: each names the remedy ---------------------------------------------------------------------------------


def write_into_variable(x: Any) -> Any:
    x[0] = 1.0
    return np.sum(x)


def write_variable_into_array(x: Any) -> Any:
    a = np.zeros(3)
    a += x
    return np.sum(a)


@pytest.mark.parametrize(
    ("f", "error", "words"),
    [
        (write_into_variable, DifferentiationError, "cannot be written into.*np.where"),
        (write_variable_into_array, DifferentiationError, r"write into an array.*a = a \+ x"),
        (lambda x: np.add(x, 1, out=np.zeros(3)), DifferentiationError, "write into an array"),
        (lambda x: np.array([x[0], x[1]]).sum(), DifferentiationError, "np.stack"),
        (lambda x: np.asarray(x).sum(), DifferentiationError, r"x\.value"),
        (lambda x: exp(x[0]), DifferentiationError, "module math"),
        (lambda x: x[int(x[0])], DifferentiationError, "plain int"),
        (np.linalg.svd, DifferentiationError,
         r"linalg\.svd has no derivative rule.*linalg\.norm.*sqrt.*svd\(x\.value\).*pellucid_derivatives"),
        (lambda x: np.percentile(x, 5), DifferentiationError, "no derivative rule"),
        (np.i0, DifferentiationError, r"numpy\.i0 has no derivative rule"),
        (np.spacing, DifferentiationError, r"numpy\.spacing has no derivative rule"),
        (special.gamma, DifferentiationError, "^gamma has no derivative rule"),
        (lambda x: np.linalg.norm(x[:, None] * x, 2), DifferentiationError, "ord=2 over 2 axes"),
        (lambda x: np.linalg.norm(x, 0), DifferentiationError, "every number but 0"),
        (lambda x: np.sum(x * np.ma.masked_array(np.ones(x.shape), x.value > 0)), DifferentiationError,
         "multiply gave MaskedArray of dtype float64; only real numbers, none of them masked"),
        (lambda x: np.linalg.slogdet(np.outer(x, x))[1], DifferentiationError, r"no derivative.*numpy\.linalg\.det"),
        (lambda x: np.cross(x[:2], x[:2]), ShapeError, r"three elements.*\(2,\)"),
        (lambda x: np.cross(x, x[:2]), ShapeError, r"three elements.*\(3,\) and \(2,\)"),
        (lambda x: np.cross(x[:2], x), ShapeError, r"three elements.*\(2,\) and \(3,\)"),
        (lambda x: np.einsum(x, [0], []), DifferentiationError, "subscripts in a str"),
        (np.add.reduce, DifferentiationError, r"add\.reduce.*np\.sum"),
        (lambda x: np.sum(x, dtype=int), DifferentiationError, "unexpected keyword argument 'dtype'.*axis, keepdims"),
        (lambda x: np.exp(x, where=[True, False, True]), DifferentiationError, "no options.*where"),
        (lambda x: np.einsum("ii->", x[:, None] * x), DifferentiationError, "letter twice"),
        (lambda x: np.einsum("...i->", x), DifferentiationError, r"without '\.\.\.'"),
        (lambda x: np.repeat(x, [1, 2, 3]), DifferentiationError, "Index instead"),
        (lambda x: np.pad(x, 1, mode="edge"), DifferentiationError, "mode='constant'"),
        (lambda x: np.dot(x, np.ones((2, 3, 4))), DifferentiationError, "at most two axes"),
        (lambda x: np.sum(x * 1j), DifferentiationError, "complex128.*real numbers"),
        (lambda x: x, ShapeError, r"shape \(3,\).*np.sum"),
        (lambda x: x[:1], ShapeError, r"shape \(1,\)"),
        (lambda x: (np.sum(x), 1), ShapeError, "a tuple"),
        (lambda x: None, ShapeError, "NoneType"),
    ],
)  # fmt: skip
def test_refusals(f: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        grad(f)(np.ones(3))


def test_assigning_a_variable_to_an_element_is_refused_with_the_remedy_as_cause() -> None:
    def f(x: Any) -> Any:
        a = np.zeros(3)
        a[0] = x[0]
        return np.sum(a)

    with pytest.raises(ValueError, match="setting an array element") as caught:  # NumPy words it so
        grad(f)(np.ones(3))
    assert "np.stack" in str(caught.value.__cause__)


def test_a_variable_that_outlives_its_grad_is_refused() -> None:
    kept: list[Variable] = []
    grad(lambda x: [kept.append(x), np.sum(x)][1])(np.ones(2))
    with pytest.raises(DifferentiationError, match="outlived"):
        kept[0] * 2


@pytest.mark.parametrize("value", [np.array([1j]), np.array(["a"]), [1.0, 2.0], "text", None])
def test_arguments_that_are_no_real_numbers(value: Any) -> None:
    with pytest.raises(DataError, match=r"Argument 0.*Received"):
        grad(lambda x: 0.0)(value)


@pytest.mark.parametrize("argnums", [-1, 1.0, (), (0, "x"), True])
def test_argnums_that_are_no_positions(argnums: Any) -> None:
    with pytest.raises(ConfigError, match="argnums"):
        grad(np.sum, argnums)


def test_too_few_arguments() -> None:
    with pytest.raises(ConfigError, match="at least 3"):
        grad(np.sum, 2)(np.ones(2))


def test_a_layer_is_refused_inside_grad() -> None:
    from pellucid.standard.layers.dense import Dense

    with pytest.raises(DifferentiationError, match=r"Dense was called.*Composite\.call"):
        grad(lambda x: np.sum(Dense(2)(x)))(np.ones((2, 3)))
