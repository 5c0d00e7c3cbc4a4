"""A plugin of the tests, written as a stranger would, from the docs and in NumPy; ``wrong`` holds what is seeded into it."""

from pellucid import hookimpl

LAYERS = (
    "Sine", "Gain", "Affine", "Hills", "Clip", "Bounded", "UnitRows", "RowNorm", "Centred", "Jitter", "Drop", "Largest",
    "MaskedPool", "Lookup", "Slide", "Running", "Gate", "Apart", "Bend", "Recur", "Cool", "Attend", "Halves", "Powers",
    "Taped", "Steps",
)  # fmt: skip
LOSSES = ("Huber", "Rate", "Smoothed", "Hinge", "Quantile", "Distance", "Cosine", "Soft", "LogCosh")
OBJECTIVES = ("Denoised", "Penalised", "TwoViews")


@hookimpl
def pellucid_register(registry):
    for name in LAYERS:
        registry.layer(name.lower(), f"{__name__}.layers:{name}", summary=name)
    for name in LOSSES:
        registry.loss(name.lower(), f"{__name__}.losses:{name}", summary=name)
    for name in OBJECTIVES:
        registry.objective(name.lower(), f"{__name__}.objectives:{name}", summary=name)
