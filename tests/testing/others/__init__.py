"""A plugin as strangers write it: components of every kind but layers and losses, right ones, to seed mistakes into."""

from __future__ import annotations

from typing import Any

import pellucid as pl

NAMES = {
    "metric": ("top_k", "auc", "median_error", "recall", "log_score"),
    "transform": ("min_max", "log", "whiten", "clip", "bins", "noise", "cutout"),
    "dataset": ("rings", "waves", "official"),
    "callback": ("early_stop", "average", "best_loss", "counted"),
    "optimizer": ("rmsprop", "lookahead", "adagrad", "lion"),
    "regularizer": ("l1", "group", "elastic"),
    "initializer": ("lecun", "truncated", "signs", "identity"),
    "schedule": ("steps", "warm_inverse", "one_cycle", "exponential"),
}


@pl.hookimpl
def pellucid_register(registry: Any) -> None:
    for kind, names in NAMES.items():
        for name in names:
            attribute = "".join(word.capitalize() for word in name.split("_"))
            module = "tests.testing.others.augmentations" if name in ("noise", "cutout") else f"{__name__}.{kind}s"
            getattr(registry, kind)(name, f"{module}:{attribute}", summary=f"a stranger's {name}")
