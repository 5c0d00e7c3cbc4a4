"""Which file holds the JavaScript of which layer and transform of pellucid and its plugins, by registered names."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent
_ELEMENTWISE = ("relu", "leaky_relu", "elu", "sigmoid", "tanh", "softplus", "silu", "gelu")
_AS_CALLED = {
    "core": ("dense", "transposed", "flatten", "reshape", "prelu", "softmax", "batch_norm", "layer_norm", "sequential",
             "residual", "parallel"),
    "cnn": ("conv2d", "conv_transpose2d", "group_norm", "concatenate", "upsample", "residual_block", "mirror_average",
            "pixelwise", "unet"),
    "ae": ("autoencoder",),
    "vae": ("vae", "gaussian_head", "join_label"),
    "tabular": ("scaling", "piecewise_linear", "column_embedding", "ensemble"),
    "transformer": ("rms_norm",),
}  # fmt: skip

LAYERS: dict[str, str] = {
    **{f"{vendor}/{name}": f"{name}.js" for vendor, names in _AS_CALLED.items() for name in names},
    **{f"core/{name}": "activation.js" for name in _ELEMENTWISE},
    "recurrent/rnn": "recurrent.js", "recurrent/gru": "recurrent.js", "recurrent/lstm": "recurrent.js",
    "tabular/periodic": "waves.js", "tabular/plr": "waves.js",
    "core/neuron": "dense.js", "core/stack": "sequential.js", "vae/conditional_vae": "vae.js",
    "core/dropout": "identity.js", "ae/gaussian_noise": "identity.js", "ae/masking_noise": "identity.js",
    "cnn/max_pool2d": "pool.js", "cnn/average_pool2d": "pool.js",
    "cnn/global_max_pool2d": "global_pool.js", "cnn/global_average_pool2d": "global_pool.js",
}  # fmt: skip
"""Files in ``layers/``."""

TRANSFORMS = {
    "core/flatten": "flatten.js", "core/scale": "scale.js", "core/standardize": "standardize.js",
    "tabular/columns": "columns.js", "tabular/quantile": "quantile.js", "tabular/robust": "robust.js",
}  # fmt: skip
"""Files in ``transforms/``."""
