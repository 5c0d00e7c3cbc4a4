"""A plugin as strangers write it: components of every kind but layers and losses, right ones, to seed mistakes into."""

from __future__ import annotations

from typing import Any

import pellucid as pl

NAMES = {
    "metric": ("top_k", "auc", "median_error", "recall", "log_score", "f1", "correlation"),
    "transform": ("min_max", "log", "whiten", "clip", "bins", "pca", "ranks", "noise", "cutout", "brighten"),
    "dataset": ("rings", "waves", "official", "parity", "line"),
    "callback": (
        "early_stop",
        "average",
        "best_loss",
        "counted",
        "plateau",
        "jitter",
        "log",
        "snapshots",
        "shrink",
        "thaw",
        "norms",
    ),
    "optimizer": ("rmsprop", "lookahead", "adagrad", "lion", "lars", "adamax"),
    "regularizer": ("l1", "group", "elastic", "orthogonal"),
    "initializer": ("lecun", "truncated", "signs", "identity", "orthonormal"),
    "schedule": ("steps", "warm_inverse", "one_cycle", "exponential", "polynomial"),
    "view": ("outputs", "typed"),
}


@pl.hookimpl
def pellucid_register(registry: Any) -> None:
    for kind, names in NAMES.items():
        for name in names:
            attribute = "".join(word.capitalize() for word in name.split("_"))
            file = "augmentations" if name in ("noise", "cutout", "brighten") else f"{kind}s"
            getattr(registry, kind)(name, f"{__name__}.{file}:{attribute}", summary=f"a stranger's {name}")
