"""Arguments that were changed on an estimator whose network goes on learning: none is passed over in silence."""

from __future__ import annotations

from typing import Any

SHAPE = (
    "model", "hidden", "activation", "dropout", "members", "model_params", "scaling", "categorical_features", "dtype",
    "backend",
)  # fmt: skip
"""What the network and the coding of its table are made of."""
TRAINING = ("loss", "optimizer", "learning_rate", "schedule", "batch_size", "metrics", "callbacks")
"""What the trainer is made of, which ``partial_fit`` goes on with."""


def arguments_of(estimator: Any) -> dict[str, Any]:
    """The arguments in force, containers copied."""
    return {name: _copied(getattr(estimator, name)) for name in (*SHAPE, *TRAINING)}


def require_kept(estimator: Any, begun_with: dict[str, Any], *, part: bool) -> None:
    """ValueError if one has changed that cannot take effect any more."""
    names = (*SHAPE, *TRAINING) if part else SHAPE
    changed = [name for name in names if not _same(getattr(estimator, name), begun_with[name])]
    if changed:
        was = ", ".join(f"{name}={begun_with[name]!r:.60}" for name in changed)
        now = ", ".join(f"{name}={getattr(estimator, name)!r:.60}" for name in changed)
        goes_on = "partial_fit goes on with network and optimizer" if part else "warm_start goes on with the network"
        raise ValueError(
            f"{type(estimator).__name__}: {goes_on} that was made with {was}. Received since: {now}. Set it back, or "
            f"begin anew: {'fit' if part else 'fit with warm_start=False'}, or a clone of the estimator."
        )


def _copied(value: Any) -> Any:
    return dict(value) if isinstance(value, dict) else list(value) if isinstance(value, list) else value


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    try:
        return bool(type(one) is type(other) and one == other)
    except ValueError:  # arrays compare number by number
        return bool(one.shape == other.shape and (one == other).all())
