"""JAX on the CPU, compiled: a call per step with donated buffers, and a whole epoch of steps in one call."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.cases import BETA1, BETA2, EPSILON, LEARNING_RATE, Case
from benchmarks.peer import Peer


def outputs(parameters: Any, x: Any) -> Any:
    *hidden, (w, b) = parameters
    for v, c in hidden:
        if v.ndim == 4:
            x = pooled(jax.nn.relu(convolved(x, v) + c))
        else:
            x = jax.nn.relu(x.reshape(len(x), -1) @ v + c)
    return x @ w + b


def convolved(x: Any, w: Any) -> Any:
    return jax.lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def pooled(x: Any) -> Any:
    """The largest of 2 x 2, by a reshape: with its gradient six times faster here than reduce_window."""
    n, h, w, c = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2, c).max((2, 4))


def loss_of(parameters: Any, x: Any, y: Any) -> Any:
    z = outputs(parameters, x)
    if y.ndim == 2:
        return jnp.mean((z - y) ** 2)
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], 1))


def step(batch: int, state: Any, x: Any, y: Any, order: Any) -> Any:
    """One training step; the state is (parameters, m, v, t, position in the epoch, Σ loss of the epoch)."""
    theta, m, v, t, position, total = state
    index = jax.lax.dynamic_slice(order, (position * batch,), (batch,))
    loss, g = jax.value_and_grad(loss_of)(theta, x[index], y[index])
    t = t + 1
    m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, g)
    v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, g)
    c1, c2 = 1 - BETA1 ** t.astype(jnp.float32), 1 - BETA2 ** t.astype(jnp.float32)
    theta = jax.tree.map(
        lambda p, m, v: p - LEARNING_RATE * (m / c1) / (jnp.sqrt(v / c2) + EPSILON), theta, m, v
    )  # fmt: skip
    return theta, m, v, t, position + 1, total + loss


class Stepwise(Peer):
    distributions = ("jax", "jaxlib", "numpy")

    def __init__(self, case: Case, threads: int) -> None:
        super().__init__(case, threads)
        theta = [(jnp.asarray(w), jnp.asarray(b)) for w, b in case.weights()]
        m, v = (jax.tree.map(jnp.zeros_like, theta) for _ in range(2))
        self.state = (theta, m, v, jnp.int32(0), jnp.int32(0), jnp.float32(0.0))
        self.device_x = jnp.asarray(self.x.reshape(-1, *case.image) if case.filters else self.x)
        self.device_y = jnp.asarray(self.y.astype(np.int32) if case.classify else self.y)
        self.run = self.compile()

    def compile(self) -> Callable[..., Any]:
        return jax.jit(partial(step, self.case.batch), donate_argnums=0)

    def train(self, epoch_done: Callable[[float], None]) -> None:
        for epoch in range(1 << 62):
            order = jnp.asarray(self.case.order(epoch).astype(np.int32))
            *kept, _, _ = self.state
            self.state = (*kept, jnp.int32(0), jnp.float32(0.0))
            self.epoch(order)
            epoch_done(float(self.state[-1]) / self.case.steps)

    def epoch(self, order: Any) -> None:
        state, run, x, y = self.state, self.run, self.device_x, self.device_y
        for _ in range(self.case.steps):
            state = run(state, x, y, order)
        self.state = state

    def predictor(self) -> Callable[[Any], Any]:
        predict, theta = jax.jit(outputs), self.state[0]
        return lambda x: np.asarray(predict(theta, x))


class Scanned(Stepwise):
    def compile(self) -> Callable[..., Any]:
        def epoch(state: Any, x: Any, y: Any, order: Any) -> Any:
            body = partial(step, self.case.batch)
            return jax.lax.fori_loop(0, self.case.steps, lambda _, state: body(state, x, y, order), state)

        return jax.jit(epoch, donate_argnums=0)

    def epoch(self, order: Any) -> None:
        self.state = self.run(self.state, self.device_x, self.device_y, order)
