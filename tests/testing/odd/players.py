"""Objectives whose parts of the model move in turns, or that stop gradients: by hand, and through the tape."""

from __future__ import annotations

from typing import Any

import numpy as np
from pellucid import (
    BinaryCrossEntropy,
    Composite,
    CompositeObjective,
    Dense,
    Equation,
    Example,
    Layer,
    Objective,
    Sequential,
    ShapeError,
    require_runtime,
    slopes,
)


class Duo(Layer):
    """A maker and the critic of what it makes: ``y = critic(maker(z))``."""

    equations = (Equation("y", r"y = f_{critic}(f_{maker}(x))", why="both are layers with equations of their own"),)
    examples = (Example({"maker": {"type": "core/dense", "units": 2}, "critic": {"type": "core/dense", "units": 1}}),)
    capturable = True

    def __init__(self, maker: Layer, critic: Layer) -> None:
        self.maker = maker
        self.critic = critic

    def build(self, input_shape: Any) -> None:
        self.maker.build(input_shape)
        self.critic.build(self.maker.output_shape(input_shape))

    def output_shape(self, input_shape: Any) -> Any:
        return self.critic.output_shape(self.maker.output_shape(input_shape))

    def forward(self, ctx: Any, z: Any) -> Any:
        made = self.maker.forward(ctx.child("maker", ctx.needs_dx), z)
        return self.critic.forward(ctx.child("critic"), made)

    def backward(self, ctx: Any, dy: Any) -> Any:
        return self.maker.backward(ctx.child("maker"), self.critic.backward(ctx.child("critic"), dy))


SMALL = {
    "type": "odd/duo",
    "maker": {"type": "core/dense", "units": 2},
    "critic": {"type": "core/sequential", "layers": [
        {"type": "core/dense", "units": 3, "activation": "tanh"}, {"type": "core/dense", "units": 1}]},
}  # fmt: skip


LOSS = (
    BinaryCrossEntropy()
)  # made once: to make a component at every step would throw recorded plans away at every step


class Duel(Objective):
    """Two critic's turns, then one of the maker; written by hand on operations that can be recorded."""

    turns = ("critic", "critic", "maker")
    capturable = True
    equations = (
        Equation("critic", r"L_{critic} = -\log \sigma(D(x)) - \log(1 - \sigma(D(G(z))))"),
        Equation("maker", r"L_{maker} = -\log \sigma(D(G(z)))"),
        Equation("objective", r"L = L_{p(s)}", why="D and G are the model's parts"),
    )
    examples = (Example({}, ((2,),), model=SMALL),)

    def input_shapes(self, model: Layer) -> Any:
        return (model.maker.output_shape(*require_runtime(model).input_shapes),)  # type: ignore[attr-defined]

    def forward(self, ctx: Any, model: Any, batch: Any) -> Any:
        players = [self.player(ctx.step)] if ctx.training else [*dict.fromkeys(self.turns)]
        total, ctx.parts = ctx.scratch("total", (), "float64"), {}
        ctx.ops.fill(total, 0.0)
        ctx.count = float(len(batch))
        for player in players:
            ctx.parts[player] = self._value(player, ctx.child(player), model, batch)
            ctx.ops.add_scaled(total, ctx.parts[player], 1.0 / len(players))
        return total

    def _value(self, player: Any, ctx: Any, model: Any, batch: Any) -> Any:
        noise = ctx.normal((len(batch), *require_runtime(model).input_shapes[0]))
        made = model.maker.forward(ctx.child("maker", (False,)), noise)
        if player == "maker":
            return self._loss(ctx, "made", model.critic.forward(ctx.child("made"), made), 1.0)
        made = ctx.stop("made", made)
        total = ctx.scratch("total", (), "float64")
        ctx.ops.copy(self._loss(ctx, "real", model.critic.forward(ctx.child("real", (False,)), batch.x), 1.0), total)
        scores = model.critic.forward(ctx.child("made", (False,)), made)
        ctx.ops.add_scaled(total, self._loss(ctx, "made", scores, 0.0), 1.0)
        return total

    def _loss(self, ctx: Any, name: str, scores: Any, answer: float) -> Any:
        answers = ctx.scratch(f"answers.{name}", scores.shape)
        ctx.ops.fill(answers, answer)
        return LOSS.forward(ctx.child(f"loss.{name}"), scores, answers)

    def backward(self, ctx: Any, model: Any) -> None:
        player = self.player(ctx.step)
        ctx = ctx.child(player)
        slope = model.critic.backward(ctx.child("made"), LOSS.backward(ctx.child("loss.made")))
        if player == "maker":
            model.maker.backward(ctx.child("maker"), slope)
        else:
            model.critic.backward(ctx.child("real"), LOSS.backward(ctx.child("loss.real")))


class Smooth(CompositeObjective):
    """The same game through the tape, with a penalty on the critic's slopes."""

    turns = ("critic", "maker")
    equations = (
        Equation("slope", r"(\|\nabla D(x)\| - 1)^2"),
        Equation("objective", r"D(G(z)) - D(x) + \lambda\, slope", why="D and G are the model's parts"),
    )
    examples = Duel.examples

    def call(self, ctx: Any, model: Any, batch: Any) -> Any:
        made = model.maker(ctx.variable(ctx.normal((len(batch), *require_runtime(model).input_shapes[0]))))
        if ctx.player == "maker":
            return self.mean(ctx, batch, -model.critic(made)[:, 0])
        real, made = ctx.variable(batch.x), ctx.stop("made", made)
        slope = slopes(model.critic, 0.5 * (real + made))
        return {
            "score": self.mean(ctx, batch, (model.critic(made) - model.critic(real))[:, 0]),
            "slope": self.mean(ctx, batch, (np.sqrt(np.sum(slope**2, axis=1) + 0.1) - 1) ** 2),
        }


class Views(Composite):
    """What is trained, and a target that moves behind it: BYOL on two views, halves of the features."""

    equations = (Equation("y", r"y = (q(f(x_1)), g(x_2))", why="f, g and q are layers"),)
    examples = (Example({}, ((6,),)),)

    def __init__(self) -> None:
        self.online, self.target = (Sequential([Dense(4, "tanh"), Dense(2)]) for _ in range(2))
        self.predictor = Dense(2)

    def call(self, ctx: Any, x: Any) -> Any:
        if x.shape[1] < 4:
            raise ShapeError(f"Views takes two halves of some features. Received: {x.shape[1]} features.")
        one, other = x[:, :3], x[:, 3:]
        return self.predictor(self.online(one)), ctx.stop("target", self.target(other))


class Agree(CompositeObjective):
    """The prediction of one view agrees with the target of the other, whose own online code is stopped, too."""

    equations = (Equation("objective", r"\|p - \xi\|^2 + \tfrac12 \|p - c\|^2", why="p and ξ are the model's outputs"),)
    examples = (Example({}, ((6,),), model={"type": "odd/views"}),)

    def call(self, ctx: Any, model: Any, batch: Any) -> Any:
        x = ctx.variable(batch.x)
        prediction, target = model(x)
        code = ctx.stop("code", model.online(x[:, 3:]))
        return self.mean(ctx, batch, np.sum((prediction - target) ** 2 + 0.5 * (prediction - code) ** 2, axis=1))
