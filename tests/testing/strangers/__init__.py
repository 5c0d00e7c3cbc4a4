"""A plugin of the tests, written as a stranger would, from the docs and in NumPy; see tests/testing/mistakes."""

from pellucid import hookimpl

LAYERS = (
    "Sine Gain Affine Hills Clip Bounded UnitRows RowNorm Centred Jitter Drop Largest MaskedPool Lookup Slide Running "
    "Gate Apart Bend Recur Cool Attend Halves Powers Taped Steps"
)
MORE = "Twin Halved Stretch Thin Groups PerSample Joined Places Shrink Mish LowRank Scaled Swap Nearest Top"
ANYWHERE = "Wave Bent Squash"
LOSSES = "Huber Rate Smoothed Hinge Quantile Distance Cosine Soft LogCosh Focal Tokens Spread Beyond Logits"
OBJECTIVES = "Denoised Penalised TwoViews"


@hookimpl
def pellucid_register(registry):
    for name in LAYERS.split():
        registry.layer(name.lower(), f"{__name__}.layers:{name}", summary=name)
    for name in MORE.split():
        registry.layer(name.lower(), f"{__name__}.more:{name}", summary=name)
    for name in ANYWHERE.split():
        registry.layer(name.lower(), f"{__name__}.anywhere:{name}", summary=name)
    for name in LOSSES.split():
        registry.loss(name.lower(), f"{__name__}.losses:{name}", summary=name)
    for name in OBJECTIVES.split():
        registry.objective(name.lower(), f"{__name__}.objectives:{name}", summary=name)
