"""An experiment in the words of the results' table: its architecture, what regularises it, its data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Sections = Mapping[str, Any]
DATA = {
    "mnist": "MNIST", "fashion_mnist": "Fashion-MNIST", "iris": "Iris", "breast_cancer": "Breast Cancer",
    "half_moons": "half moons", "spirals": "two spirals",
}  # fmt: skip
INPUTS = {"mnist": 784, "fashion_mnist": 784, "iris": 4, "breast_cancer": 30, "half_moons": 2, "spirals": 2}
OUTPUTS = {"mnist": 10, "fashion_mnist": 10, "iris": 3, "breast_cancer": 2, "half_moons": 2, "spirals": 2}


def is_image(sections: Sections) -> bool:
    return INPUTS[sections["data"]["type"]] == 784


def data(sections: Sections) -> str:
    return DATA[sections["data"]["type"]]


def model(sections: Sections) -> tuple[str, str]:
    """Its type and its architecture."""
    config = sections["model"]
    kind, inputs = config["type"].rpartition("/")[2], INPUTS[sections["data"]["type"]]
    outputs = config.get("outputs", OUTPUTS[sections["data"]["type"]])
    if kind == "sequential":
        widths = [layer["units"] for layer in config["layers"] if _type(layer) == "dense"]
        others = dict.fromkeys(map(_type, config["layers"]))
        kept = [name.replace("_", " ") for name in others if name not in ("dense", "gaussian_noise", "dropout")]
        return "dense network", ", ".join(["-".join(map(str, [inputs, *widths])), *kept])
    if kind in ("ann", "logistic_regression"):
        widths = [inputs, *config.get("hidden", ()), outputs]
        more = [config[key].replace("_", " ") for key in ("activation", "normalization") if key in config]
        name = "logistic regression" if kind == "logistic_regression" else "dense network"
        if kind == "ann" and "activation" not in config:
            more = ["relu", *more]
        return name, ", ".join(["-".join(map(str, widths)), *more])
    if kind == "vae":
        dense, more = "-".join(map(str, config["hidden"])), f"{config['latent']} latent, {config['activation']}"
        if "channels" not in config:
            return "VAE", f"{inputs}-{dense}, {more}"
        return "VAE", f"convolutions {'-'.join(map(str, config['channels']))}, dense {dense}, {more}"
    stages = [f"{count} × {width}" for width, count in zip(config["filters"], config["convolutions"], strict=True)]
    return "convolutional network", f"3x3: {', '.join(stages)}; {config['normalization'].replace('_', ' ')}"


def regularisation(sections: Sections) -> str:
    """What keeps it from learning by heart, dropout aside."""
    loss, optimizer = sections.get("loss", {}), sections["optimizer"]
    parts = []
    if sections.get("objective", {}).get("binarize"):
        parts.append("pixels drawn anew")
    if smoothing := loss.get("label_smoothing"):
        parts.append(f"labels smoothed {smoothing:g}")
    if decay := optimizer.get("weight_decay"):
        parts.append(f"decay {decay:g}")
    if _layers(sections, "gaussian_noise"):
        parts.append(f"noise {_layers(sections, 'gaussian_noise')[0]['std']:g} on each layer")
    parts += [_type(each).rpartition("/")[2].replace("_", " ") for each in sections["data"].get("transforms", ())]
    return ", ".join(parts) or "–"


def dropout(sections: Sections) -> str:
    rate = sections["model"].get("dropout", 0)
    return f"{rate:g}" if rate else "–"


def rate(sections: Sections) -> str:
    """The learning rate and how it falls."""
    optimizer, schedule = sections["optimizer"], sections.get("schedule", {}).get("type")
    return f"{optimizer['lr']:g} ({optimizer['type']}{', ' + schedule if schedule else ''})"


def _layers(sections: Sections, name: str) -> Sequence[Mapping[str, Any]]:
    return [layer for layer in sections["model"].get("layers", ()) if _type(layer) == name]


def _type(layer: Any) -> str:
    return layer if isinstance(layer, str) else str(layer["type"])
