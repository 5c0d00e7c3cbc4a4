"""Mistakes in the C kernels, and in the backend that calls them."""

from tests.testing.kernels import KernelMistake
from tests.testing.mutation import Mistake, Patient

_SGD, _ADAM, _ADAMW = (("optimizer core/sgd",), ("optimizer core/adam",), ("optimizer core/adamw",))
_ADAGRAD, _RMSPROP = ("optimizer core/adagrad",), ("optimizer core/rmsprop",)
_LION, _CLIPPED = ("optimizer core/lion",), ("optimizer core/clipped",)
_LABELS, _BINARY, _MSE = (("loss core/softmax_cross_entropy",), ("loss core/binary_cross_entropy",), ("loss core/mse",))
_DENSE, _SOFTMAX = ("layer core/dense",), ("layer core/softmax",)
_BATCH, _ROW, _DROPOUT = ("layer core/batch_norm",), ("layer core/layer_norm",), ("layer core/dropout",)

KERNELS = (
    KernelMistake(
        "climbs",
        "updates.h",
        "data[i] -= lr * (grad[i] + decay * data[i]);",
        "data[i] += lr * (grad[i] + decay * data[i]);",
        _SGD,
    ),
    KernelMistake("momentum of 1", "updates.h", "momentum * velocity[i] + g", "velocity[i] + g", _SGD),
    KernelMistake("velocity not kept", "updates.h", "velocity[i] = v;", "", _SGD),
    KernelMistake("gradient added twice", "updates.h", "own * g + share * v", "g + share * v", _SGD),
    KernelMistake("no correction of the mean", "updates.h", "lr / (1 - pow(a->beta1, t))", "lr", _ADAM),
    KernelMistake("no correction of the square", "updates.h", "sqrt(1 / (1 - pow(a->beta2, t)))", "1.", _ADAM),
    KernelMistake(
        "ε inside the root", "updates.h", "sqrtf(v) * root + eps", "sqrtf(v * root * root + 1e3f * eps)", _ADAM
    ),
    KernelMistake("square forgotten", "updates.h", "rest2 * (g * g)", "rest2 * g", _ADAM),
    KernelMistake("second moment not kept", "updates.h", "second[i] = v;", "", _ADAM),
    KernelMistake("L2 left out", "updates.h", "grad[i] + l2 * data[i]", "grad[i]", _ADAM),
    KernelMistake("decoupled decay left out", "updates.h", "data[i] - shrink * data[i]", "data[i]", _ADAMW),
    KernelMistake("forgets the squares so far", "updates.h", "squares[i] + g * g", "g * g", _ADAGRAD),
    KernelMistake("never centered", "updates.h", "w = v - m * m;", "w = v;", _RMSPROP),
    KernelMistake("steps all kept", "updates.h", "momentum * steps[i]", "steps[i]", _RMSPROP),
    KernelMistake(
        "memory of lion by β₁", "updates.h", "beta2 * mean[i] + rest2 * g", "beta1 * mean[i] + rest1 * g", _LION
    ),
    KernelMistake("lion without decay", "updates.h", "(sign + decay * data[i])", "sign", _LION),
    KernelMistake("bounded from above alone", "updates.h", "x < -limit ? -limit : x", "x", _CLIPPED),
    KernelMistake("target not weighed", "losses.h", "*of_label = -others * factor;", "*of_label = -others;", _LABELS),
    KernelMistake(
        "shift not taken back",
        "losses.h",
        "(double)(z[a->label[row]] - most)",
        "(double)z[a->label[row]]",
        _LABELS,
    ),
    KernelMistake(
        "weights ignored",
        "losses.h",
        "share * (double)row_loss(a, i, (float)share)",
        "(double)row_loss(a, i, (float)(1 / total)) / total",
        _MSE,
    ),
    KernelMistake("divides by the rows", "losses.h", "total > 0 ? total : 1", "(double)(a->rows + 1)", _MSE),
    KernelMistake(
        "target of the wrong sign", "losses.h", "z[k] < 0 ? t[k] : 1.f - t[k]", "z[k] < 0 ? -t[k] : 1.f + t[k]", _BINARY
    ),
    KernelMistake(
        "not divided by the outputs",
        "losses.h",
        "factor * (other - t[k])",
        "share * (other - t[k])",
        _BINARY,
    ),
    KernelMistake(
        "absolute error: signs exchanged",
        "losses.h",
        "r > 0 ? 1.f : r < 0 ? -1.f : r",
        "r > 0 ? -1.f : r < 0 ? 1.f : r",
        ("loss core/mae",),
    ),
    KernelMistake(
        "huber: not cut off below",
        "losses.h",
        "factor * (r > most ? most : r < -most ? -most : r)",
        "factor * (r > most ? most : r)",
        ("loss core/huber",),
    ),
    KernelMistake("huber: half forgotten", "losses.h", "c * (r - 0.5f * c)", "c * (r - c)", ("loss core/huber",)),
    KernelMistake(
        "sign of 0",
        "arrays.h",
        "a->x[i] > 0 ? 1.f : a->x[i] < 0 ? -1.f : a->x[i]",
        "a->x[i] >= 0 ? 1.f : -1.f",
        ("regularizer core/l1",),
    ),
    KernelMistake("Jacobian as if diagonal", "softmax.h", "y[k] * (dy[k] - along)", "y[k] * dy[k]", _SOFTMAX),
    KernelMistake("no shift by the maximum", "softmax.h", "to[k] = from[k] - shift", "to[k] = from[k]", _SOFTMAX),
    KernelMistake(
        "leaky relu without slope",
        "activations.h",
        "y[i] > 0 ? dy[i] : alpha * dy[i]",
        "y[i] > 0 ? dy[i] : 0.f",
        ("layer core/leaky_relu",),
    ),
    KernelMistake(
        "leaky relu's slope at 0 is 1",
        "activations.h",
        "y[i] > 0 ? dy[i] : alpha * dy[i]",
        "y[i] >= 0 ? dy[i] : alpha * dy[i]",
        ("layer core/leaky_relu",),
    ),
    KernelMistake("silu's second term", "activations.h", "s * (1.f + x * (1.f - s))", "s", ("layer core/silu",)),
    KernelMistake(
        "tanh's square", "activations.h", "dy[i] * (1.f - y[i] * y[i])", "dy[i] * (1.f - y[i])", ("layer core/tanh",)
    ),
    KernelMistake("gelu's constant rounded", "activations.h", "0.398942280f", "0.4f", ("layer core/gelu",)),
    KernelMistake(
        "bias gradient assigned",
        "dense.h",
        "a->dbias[j + k] += (float)total[k];",
        "a->dbias[j + k] = (float)total[k];",
        _DENSE,
    ),
    KernelMistake(
        "variance unbiased",
        "batch_norm.h",
        "squares[k] * inverse",
        "squares[k] / (a->rows > 1 ? (double)(a->rows - 1) : 1.)",
        _BATCH,
    ),
    KernelMistake(
        "variance held constant",
        "batch_norm.h",
        "a->dy[at] - mean_dy[k] - normalised * mean_dy_x[k]",
        "a->dy[at] - mean_dy[k]",
        _BATCH,
    ),
    KernelMistake(
        "dγ assigned",
        "batch_norm.h",
        "a->dgamma[j + k] += (float)sum_dy_x[k];",
        "a->dgamma[j + k] = (float)sum_dy_x[k];",
        _BATCH,
    ),
    KernelMistake(
        "β forgotten",
        "layer_norm.h",
        "((x[k] - shift) - rest) * inv_std * a->gamma[k] + a->beta[k]",
        "((x[k] - shift) - rest) * inv_std * a->gamma[k]",
        _ROW,
    ),
    KernelMistake(
        "projection forgotten", "layer_norm.h", "g[k] - mean_g - (x[k] - mean) * inv_std * along", "g[k] - mean_g", _ROW
    ),
    KernelMistake(
        "nobody asks for dx, and β learns nothing",
        "batch_norm.h",
        "a->dbeta[j + k] += (float)sum_dy[k];",
        "a->dbeta[j + k] += a->dx ? (float)sum_dy[k] : 0.f;",
        _BATCH,
    ),
    KernelMistake(
        "β frozen, and γ learns nothing", "layer_norm.h", "a->dgamma || a->dbeta", "a->dgamma && a->dbeta", _ROW
    ),
    KernelMistake(
        "ε forgotten",
        "layer_norm.h",
        "beyond.var + (float)a->eps",
        "beyond.var",
        _ROW,
    ),
    KernelMistake("not scaled up", "random.h", "x * factor", "x", _DROPOUT),
    KernelMistake(
        "every micro-batch drops the same", "random.h", "s->cell[1] + (uint64_t)row", "(uint64_t)row", _DROPOUT
    ),
    KernelMistake("every layer drops the same", "random.h", "mix(s->cell[0] ^ s->site)", "mix(s->cell[0])", _DROPOUT),
    KernelMistake(
        "factor ignored",
        "arrays.h",
        "a->out[i] += (float)a->factor * a->x[i]",
        "a->out[i] += a->x[i]",
        ("regularizer core/l2",),
    ),
)

BACKEND = Patient(
    "pellucid.standard.ops.cython",
    ("layer core/leaky_relu", "layer core/dense", "layer core/batch_norm", "loss core/binary_cross_entropy"),
    (
        Mistake(
            "no reference where the kernel declines",
            "            reference(self, *arguments, **named)\n",
            "            pass\n",
        ),
        Mistake(
            "records what was never run by a kernel",
            "            native.spoil()\n            reference(self",
            "            reference(self",
        ),
        Mistake(
            "settings of a call forgotten",
            "kernel(*arguments, **named)",
            "kernel(*arguments[: 5 if name == 'activation_backward' else None], **named)",
        ),
        Mistake(
            "records with a plan that does nothing",
            "return result, plan",
            "return result, None if plan is None else type('Plan', (), {'run': lambda self, times=1: True})()",
        ),
    ),
    ops="CythonOps",
    as_kernel=True,
)
