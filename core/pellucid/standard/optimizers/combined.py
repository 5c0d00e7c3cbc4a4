"""ByPath: an optimizer for each part of a model; Moving: parts that follow others, as a moving average does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import ConfigError
from pellucid.basics.suggest import listed
from pellucid.interfaces.optimizer import Optimizer, Segment
from pellucid.interfaces.parameters import Arena, Param


class Combined(Optimizer, ABC):
    """What is made of other optimizers has their properties."""

    @abstractmethod
    def inner(self) -> Sequence[Optimizer]:
        """What it is made of."""

    @property
    def zeroes_grad(self) -> bool:  # type: ignore[override]
        return all(each.zeroes_grad for each in self.inner())

    @property
    def squares(self) -> bool:  # type: ignore[override]
        return any(each.squares for each in self.inner())

    @property
    def capturable(self) -> bool:  # type: ignore[override]
        return all(each.capturable for each in self.inner())


class Around(Combined, ABC):
    """One that has no learning rate of its own."""

    @property
    def lr(self) -> float:
        """The rate that a log shows: that of the first. Setting it changes all in proportion."""
        return self.inner()[0].lr

    @lr.setter
    def lr(self, value: float) -> None:
        before = self.lr
        for each in self.inner():
            each.lr = each.lr * value / before if before else value


class ByPath(Around):
    """Each parameter by the optimizer of the first pattern that its path matches.

    ``Trainer(model, optimizer={"generator.*": "adam", "*": {"type": "sgd", "lr": 0.1}})`` makes it.

    Args:
        optimizers: by patterns of paths, such as ``"critic.*"`` or ``"*.bias"``; the last may be ``"*"``, for the rest.

    Raises:
        ConfigError: a parameter matches no pattern, or a pattern no parameter.
    """

    equations = (
        Equation("theta", r"\theta_p \leftarrow \mathrm{step}_{k(p)}(\theta_p, g_p), \quad"
                 r" k(p) \text{ the first pattern that the path of } p \text{ matches}",
                 why="each step is another optimizer's own"),
    )  # fmt: skip
    examples = (
        Example({"optimizers": {"layers.0.*": {"type": "core/sgd", "momentum": 0.9}, "*": {"type": "core/adam"}}}),
    )

    def __init__(self, optimizers: dict[str, Optimizer]) -> None:
        if not optimizers:
            raise ConfigError("The 'optimizers' of ByPath must name at least one. Received: none.")
        self.optimizers = optimizers

    def inner(self) -> Sequence[Optimizer]:
        return list(self.optimizers.values())

    def _pattern(self, path: str) -> str:
        found = next((pattern for pattern in self.optimizers if fnmatchcase(path, pattern)), None)
        if found is None:
            raise ConfigError(
                f"optimizer: no pattern matches the parameter '{path}'. Received: {listed(self.optimizers)}. Add "
                "'*', for all others."
            )
        return found

    def of(self, param: Param) -> Optimizer | None:
        return self.optimizers[self._pattern(param.path)].of(param)

    def step(self, segments: Sequence[Segment]) -> None:
        if not segments:
            return
        paths = [param.path for param in segments[0].slots.arena.params]
        used = {self._pattern(path) for path in paths}
        if unused := [pattern for pattern in self.optimizers if pattern not in used]:
            raise ConfigError(
                f"optimizer: no parameter is left for the pattern '{unused[0]}'. The parameters are: {listed(paths)}."
            )
        of = [self._pattern(segment.params[0].path) for segment in segments]
        for pattern, optimizer in self.optimizers.items():
            own = [segment for segment, its in zip(segments, of, strict=True) if its == pattern]
            if own:
                optimizer.step(own)


class Moving(Around):
    """``ξ ← ξ + r (θ − ξ)`` after each step: parts of the model that follow others, such as a target that moves slowly
    behind the network that is trained. No gradient moves them.

    Args:
        optimizer: of all other parameters.
        follow: the path of the part that follows, and of the one that it follows, of the same layers:
            ``{"target": "online"}``.
        rate: r, from 0 (stays as it is) to 1 (is as the other is).

    A step that is split into micro-batches moves them once. They begin where they were initialised:
    ``for ours, theirs in zip(model.target.parameters(), model.online.parameters()): ours.data = theirs.data``.

    Raises:
        ConfigError: no such parts, or parts of other shapes.

    Source: Grill et al., Bootstrap Your Own Latent, 2020; Lillicrap et al., Continuous Control, 2016.
    """

    equations = (
        Equation("theta", r"\theta \leftarrow \mathrm{step}(\theta, g)", why="the step is the other optimizer's own"),
        Equation("xi", r"\xi \leftarrow \xi + r\,(\theta - \xi)", why="who follows whom is said by paths of a model"),
    )
    examples = (Example({"optimizer": {"type": "core/sgd"}}),)

    def __init__(self, optimizer: Optimizer, follow: Mapping[str, str] | None = None, rate: float = 0.01) -> None:
        check_float(self, "rate", rate, "[0, 1]")
        self.optimizer = optimizer
        self.follow = follow
        self.rate = rate

    def inner(self) -> Sequence[Optimizer]:
        return [self.optimizer]

    def of(self, param: Param) -> Optimizer | None:
        followed = any(f"{param.path}.".startswith(f"{part}.") for part in self.follow or ())
        return None if followed else self.optimizer.of(param)

    def step(self, segments: Sequence[Segment]) -> None:
        self.optimizer.step(segments)
        if self.follow and segments:
            for ours, theirs in self._pairs(segments[0].slots.arena):
                segments[0].ops.lerp(ours.data, theirs.data, self.rate)

    def _pairs(self, arena: Arena) -> list[tuple[Param, Param]]:
        by_path = {param.path: param for param in arena.params}
        pairs = []
        for follower, leader in (self.follow or {}).items():
            own = [path for path in by_path if f"{path}.".startswith(f"{follower}.")]
            theirs = [f"{leader}{path.removeprefix(follower)}" for path in own]
            fits = own and all(
                path in by_path and by_path[path].shape == by_path[mine].shape
                for mine, path in zip(own, theirs, strict=True)
            )
            if not fits:
                raise ConfigError(
                    f"follow: '{follower}' and '{leader}' must be parts of the model with the same parameters. "
                    f"Received: {listed(own)}. The parameters are: {listed(by_path)}."
                )
            pairs += [(by_path[mine], by_path[path]) for mine, path in zip(own, theirs, strict=True)]
        return pairs
