"""A plugin of the tests: components that are right and out of the ordinary, which the kit must be able to try."""

from pellucid import hookimpl


@hookimpl
def pellucid_register(registry):
    place = f"{__name__}.components"
    registry.layer("embedding", f"{place}:Embedding", summary="integers in, one row of weights for each")
    registry.layer("masked_mean", f"{place}:MaskedMean", summary="a mask beside the numbers, an axis of any length")
    registry.layer("bilinear", f"{place}:Bilinear", summary="two inputs")
    registry.layer("polar", f"{place}:Polar", summary="two outputs")
    registry.layer("noise", f"{place}:Noise", summary="random in training")
    registry.objective("reconstruction", f"{place}:Reconstruction", summary="an objective without targets")
    registry.loss("token_error", f"{place}:TokenError", summary="several rows for each sample")
    players = f"{__name__}.players"
    registry.layer("duo", f"{players}:Duo", summary="a maker and its critic")
    registry.layer("views", f"{players}:Views", summary="a target that is stopped")
    registry.objective("duel", f"{players}:Duel", summary="players in turns, by hand")
    registry.objective("smooth", f"{players}:Smooth", summary="players in turns, with a penalty on slopes")
    registry.objective("agree", f"{players}:Agree", summary="two values that are stopped")
