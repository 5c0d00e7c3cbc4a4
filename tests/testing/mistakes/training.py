"""Mistakes in optimizers, schedules, initializers and the regularizer."""

from tests.testing.mutation import Mistake, Patient

SGD = Patient(
    "pellucid.standard.optimizers.sgd",
    ("optimizer core/sgd",),
    (
        Mistake(
            "sign of the momentum", "s.hyper, self.momentum, self.nesterov", "s.hyper, -self.momentum, self.nesterov"
        ),
        Mistake("never looks ahead", "self.momentum, self.nesterov)", "self.momentum, False)"),
        Mistake("no velocity", 's.slot("v") if self.momentum > 0 else None', "None"),
        Mistake(
            "velocity kept on self",
            'velocity = s.slot("v") if self.momentum > 0 else None',
            'self.v = getattr(self, "v", {})\n'
            "            velocity = self.v.setdefault(s.start, s.data * 0) if self.momentum > 0 else None",
        ),
        Mistake(
            "velocity starts anew at every step",
            's.slot("v") if self.momentum > 0 else None',
            "s.data * 0 if self.momentum > 0 else None",
        ),
        Mistake(
            "deaf to the schedule",
            "s.hyper, self.momentum",
            '__import__("numpy").array([self.lr, s.weight_decay]), self.momentum',
        ),
        Mistake(
            "decays biases",
            "s.hyper, self.momentum",
            '__import__("numpy").array([s.lr, self.weight_decay]), self.momentum',
        ),
        Mistake("says that it zeroes, and does not", "s.ops.sgd(s.data, s.grad,", "s.ops.sgd(s.data, s.grad.copy(),"),
        Mistake("only the first segment", "for s in segments:", "for s in segments[:1]:"),
        Mistake("climbs", "s.ops.sgd(s.data, s.grad,", "s.ops.scale(s.grad, -1.0); s.ops.sgd(s.data, s.grad,"),
        Mistake(
            "gradient divided by its own norm",
            "s.ops.sgd(s.data, s.grad,",
            "s.grad /= (s.grad**2).sum() ** 0.5 + 1e-12; s.ops.sgd(s.data, s.grad,",
        ),
        Mistake(
            "weight decay of the wrong sign in the equation", '"g + weight_decay * theta"', '"g - weight_decay * theta"'
        ),
        Mistake("equation: damped momentum", '"momentum * v + g"', '"momentum * v + (1 - momentum) * g"'),
        Mistake("equation: without the learning rate", '"theta - lr * d"', '"theta - d"'),
        Mistake(
            "counts steps on self",
            "for s in segments:",
            "self.steps = getattr(self, 'steps', 0) + 1\n        for s in segments:",
        ),
    ),
    within="SGD",
)

ADAM = Patient(
    "pellucid.standard.optimizers.adam",
    ("optimizer core/adam",),
    (
        Mistake("decay past the moments", "decoupled=self.decoupled", "decoupled=True"),
        Mistake("β₁ and β₂ exchanged", "(self.beta1, self.beta2)", "(self.beta2, self.beta1)"),
        Mistake("one slot for both moments", 's.slot("v")', 's.slot("m")'),
        Mistake("always corrects as in the first step", "s.t_cell", '__import__("numpy").ones((), "int64")'),
        Mistake("counts from 0", "s.t_cell", "s.t_cell + 1"),
        Mistake("ε a thousand times larger", "self.eps, decoupled", "1e3 * self.eps, decoupled"),
        Mistake("moments not kept", 's.slot("m"), s.slot("v")', "s.data * 0, s.data * 0"),
        Mistake("equation: ε inside the root", "(np.sqrt(vhat) + eps)", "np.sqrt(vhat + eps)"),
        Mistake("deaf to the schedule", "s.hyper", '__import__("numpy").array([self.lr, s.weight_decay])'),
        Mistake("learning rate not stored", "self.lr = lr", "self.lr = 1e-3"),
        Mistake("clears before it reads", "s.ops.adam(s.data", "s.ops.fill(s.grad, 0.0); s.ops.adam(s.data"),
        Mistake(
            "a number of its own between steps",
            "for s in segments:",
            "self.seen = len(segments)\n        for s in segments:",
        ),
    ),
    within="Adam",
)

MOMENTS = Patient(
    "pellucid.standard.optimizers.adam",
    ("optimizer core/adam",),
    (
        Mistake("equation: bias correction missing", '"m / (1 - beta1**t)"', '"m"'),
        Mistake("equation: square forgotten", "(1 - beta2) * g**2", "(1 - beta2) * g"),
    ),
)

ADAMW = Patient(
    "pellucid.standard.optimizers.adam",
    ("optimizer core/adamw",),
    (
        Mistake("decay through the moments", "decoupled = True", "decoupled = False"),
        Mistake(
            "equation: decay without the learning rate",
            '"theta - lr * weight_decay * theta"',
            '"theta - weight_decay * theta"',
        ),
        Mistake("equation: decays after the step's start", '"decayed - lr * mhat', '"theta - lr * mhat'),
    ),
    within="AdamW",
)

STEP_OF_ADAMW = Patient(
    "pellucid.standard.optimizers.adam",
    ("optimizer core/adamw",),
    (
        Mistake("decays what must not decay", "s.hyper", '__import__("numpy").array([s.lr, self.weight_decay])'),
        Mistake("does not zero", "s.ops.adam(s.data, s.grad,", "s.ops.adam(s.data, s.grad + 0,"),
    ),
    within="Adam",
)

MUON = Patient(
    "pellucid.standard.optimizers.muon",
    ("optimizer core/muon",),
    (
        Mistake("a momentum that is not looked ahead of", "ops.add_scaled(part.grad, u, self.momentum)", "pass"),
        Mistake(
            "one step of Newton and Schulz less",
            "for _ in range(STEPS):\n        if m > n",
            "for _ in range(STEPS - 1):\n        if m > n",
        ),
        Mistake("scaled by the inputs", "shape[1] / max(shape[0], 1)", "shape[0] / max(shape[1], 1)"),
        Mistake("what is no matrix stays", "others.append(segment)", "pass"),
        Mistake("gradient of matrices left", "ops.fill(part.grad, 0.0)", "pass"),
        Mistake("deaf to groups and schedule", "part.segment.hyper", '__import__("numpy").array([self.lr, 0.0])'),
        Mistake("equation: b and c exchanged", "({B} * x{k} @ x{k}.T + {C}", "({C} * x{k} @ x{k}.T + {B}"),
    ),
)

ONE_CYCLE = Patient(
    "pellucid.standard.schedules.one_cycle",
    ("schedule core/one_cycle",),
    (
        Mistake("falls from the beginning", "(1 - cos(pi * p)) / 2", "(1 + cos(pi * p)) / 2"),
        Mistake("rises again behind the end", "min(1.0, step / end)", "step / end"),
        Mistake("over without a plan", " if end else 0.0", " if end else 1.0"),
        Mistake("starts where it ends", "(self.start, q / self.rise)", "(self.final, q / self.rise)"),
    ),
)

COSINE = Patient(
    "pellucid.standard.schedules.cosine",
    ("schedule core/cosine",),
    (
        Mistake("warm-up starts at zero", "return (step + 1) / self.warmup", "return step / self.warmup"),
        Mistake("upside down", "(1 + cos(pi * progress))", "(1 - cos(pi * progress))"),
        Mistake(
            "rises again beyond the end",
            "min(1.0, (step - self.warmup) / max(end - self.warmup, 1))",
            "(step - self.warmup) / max(end - self.warmup, 1)",
        ),
        Mistake("divides by zero without a plan", "max(end - self.warmup, 1)) if end else 0.0", "(end - self.warmup))"),
        Mistake("is over after one step without a plan", " if end else 0.0", ""),
        Mistake("forgets the final factor", "return self.final + (1 - self.final) *", "return 1.0 *"),
        Mistake("ignores steps=", "end = self.end(", "end = total or self.end("),
        Mistake(
            "depends on the call before",
            "if step < self.warmup:",
            "self.last = getattr(self, 'last', 0) + 1\n        step += self.last % 2\n        if step < self.warmup:",
        ),
        Mistake("an int", "return (step + 1) / self.warmup", "return 1"),
    ),
)

INITIALIZERS = (
    Patient(
        "pellucid.standard.initializers.scaled",
        ("initializer core/he",),
        (
            Mistake("fan_out for fan_in", "2 / max(fan_in, 1)", "2 / max(fan_out, 1)"),
            Mistake("1 for 2", "2 / max(fan_in, 1)", "1 / max(fan_in, 1)"),
            Mistake("a fan of 0", "2 / max(fan_in, 1)", "2 / fan_in"),
            Mistake("a generator of its own", "draw(rng,", "draw(np.random.default_rng(),"),
            Mistake("float32", "2 / max(fan_in, 1), shape)", "2 / max(fan_in, 1), shape).astype('float32')"),
        ),
        within="He",
    ),
    Patient(
        "pellucid.standard.initializers.scaled",
        ("initializer core/glorot",),
        (
            Mistake("the larger fan only", "2 / max(fan_in + fan_out, 1)", "2 / max(fan_in, fan_out, 1)"),
            Mistake("transposed shape", ", shape)", ", shape[::-1])"),
        ),
        within="Glorot",
    ),
    Patient(
        "pellucid.standard.initializers.scaled",
        ("initializer core/he", "initializer core/glorot"),
        (
            Mistake(
                "variance for deviation", "rng.normal(0.0, sqrt(variance), shape)", "rng.normal(0.0, variance, shape)"
            ),
            Mistake("a uniform distribution too narrow", "sqrt(3 * variance)", "sqrt(variance)"),
            Mistake("positive numbers only", "rng.uniform(-limit, limit, shape)", "rng.uniform(0, 2 * limit, shape)"),
        ),
    ),
    Patient(
        "pellucid.standard.initializers.fixed",
        ("initializer core/zeros",),
        (Mistake("small numbers instead", "return np.zeros(shape)", "return rng.normal(0, 1e-3, shape)"),),
    ),
    Patient(
        "pellucid.standard.initializers.drawn",
        ("initializer core/normal",),
        (
            Mistake(
                "the mean ignored",
                "return rng.normal(self.mean, self.std, shape)",
                "return rng.normal(0.5, self.std, shape)",
            ),
        ),
    ),
)

L2 = Patient(
    "pellucid.standard.regularizers",
    ("regularizer core/l2",),
    (
        Mistake(
            "gradient assigned, not added",
            "ops.add_scaled(grad, data, self.strength)",
            "ops.copy(self.strength * data, grad)",
        ),
        Mistake(
            "gradient of the wrong sign",
            "ops.add_scaled(grad, data, self.strength)",
            "ops.add_scaled(grad, data, -self.strength)",
        ),
        Mistake(
            "decays the data itself",
            "ops.add_scaled(grad, data, self.strength)",
            "ops.add_scaled(grad, data, self.strength); ops.scale(data, 0.99)",
        ),
        Mistake("equation: a norm, not its square", "np.sum(theta**2)", "np.sqrt(np.sum(theta**2))"),
    ),
    within="L2",
)

SIZES = Patient(
    "pellucid.standard.regularizers",
    ("regularizer core/l1", "regularizer core/elastic_net"),
    (
        Mistake("the half forgotten", "0.5 * float(total)", "float(total)"),
        Mistake("gradient without the strength", "ops.add_sign(grad, data, self.strength)",
                "ops.add_sign(grad, data, 1.0)"),
        Mistake("l1 for l2", "ops.add_scaled(grad, data, self.l2)", "ops.add_scaled(grad, data, self.l1)"),
        Mistake("not the size", "ops.xp.abs(data).sum(", "data.sum("),
    ),
)  # fmt: skip

MORE_INITIALIZERS = (
    Patient(
        "pellucid.standard.initializers.drawn",
        ("initializer core/truncated_normal", "initializer core/uniform"),
        (
            Mistake("clipped, not drawn again", "rng.standard_normal(len(beyond))", "self.limit"),
            Mistake("cut on one side", "abs(flat) > self.limit", "flat > self.limit"),
            Mistake("the mean forgotten", "self.mean + self.std * flat", "self.std * flat"),
            Mistake("half of the interval", "rng.uniform(-self.limit,", "rng.uniform(0,"),
        ),
    ),
    Patient(
        "pellucid.standard.initializers.orthogonal",
        ("initializer core/orthogonal",),
        (
            Mistake("gain ignored", "return self.gain * np", "return np"),
            Mistake("rows in place of columns", "np.linalg.qr(rng.normal(size=shape))",
                    "(rng.normal(size=shape), np.eye(shape[-1]))"),
        ),
    ),
    Patient(
        "pellucid.standard.initializers.scaled",
        ("initializer core/lecun",),
        (Mistake("2 for 1", "1 / max(fan_in, 1)", "2 / max(fan_in, 1)"),),
    ),
)  # fmt: skip
