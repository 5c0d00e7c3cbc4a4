"""Mistakes that show only where numbers are equal or zero."""

from tests.testing.mutation import Mistake, Patient

MAX_POOL = Patient(
    "pellucid_cnn.layers.max_pool2d",
    ("layer cnn/max_pool2d",),
    (
        Mistake(
            "equation: every equal maximum gets the gradient",
            "\"np.einsum('nabpc,nabc->npc', np.arange(x[0, ..., 0].size)[:, None] == k[:, :, :, None], dy)\"\n"
            '            ".reshape(x.shape)"',
            "f\"np.einsum('nabhwc,nabc->nhwc', {_WINDOWS} == y[:, :, :, None, None], dy)\"",
        ),
    ),
)
GLOBAL_MAX_POOL = Patient(
    "pellucid_cnn.layers.global_max_pool2d",
    ("layer cnn/global_max_pool2d",),
    (
        Mistake(
            "equation: every equal maximum gets the gradient",
            '"((np.arange(x[0, ..., 0].size)[:, None] == k[:, None]) * dy[:, None]).reshape(x.shape)"',
            '"(x == y[:, None, None]) * dy[:, None, None]"',
        ),
    ),
)
LEAKY_RELU = Patient(
    "pellucid.standard.ops.activations",
    ("layer core/leaky_relu",),
    (Mistake("leaky relu's slope at 0 is 1", "xp.where(y > 0, dy, a * dy)", "xp.where(y >= 0, dy, a * dy)"),),
    ops="ActivationOps",
)
ACCURACY = Patient(
    "pellucid.standard.metrics.choices",
    ("metric core/accuracy",),
    (
        Mistake(
            "of equal scores the last counts",
            "prediction.argmax(axis=-1)",
            "prediction.shape[-1] - 1 - prediction[..., ::-1].argmax(axis=-1)",
        ),
    ),
    dependents=("pellucid.standard.metrics.accuracy",),
)
STANDARDIZE = Patient(
    "pellucid.standard.transforms",
    ("transform core/standardize",),
    (
        Mistake("equation: divides a constant feature by 0", "np.where(np.ptp(samples, 0) > 0,", "np.where(True,"),
        Mistake(
            "divides a constant feature by 0",
            "np.where(constant, 1.0, std)",
            "std",
        ),
    ),
)
