"""The table of docs/oracles.md: every component, what it was held against, and how far apart they were.

    python -m benchmarks.oracles

by a Python that has PyTorch, scikit-learn, SciPy, rtdl_num_embeddings, pellucid and its plugins. It exits with 1 if
something is too far from its oracle. What has none, and why, stands in ``WITHOUT``; a test holds that nothing is
forgotten.
"""

from __future__ import annotations

import sys

from benchmarks.oracles.held import Row

BY_EQUATIONS = "central differences and its own equations alone: nobody else has it"
OF_OTHERS = "made of other components, which are in the table"
WHOLE = "a pool whose window is the image; pools are in the table"
OWN = "its own code, or the user's"
WITHOUT = {
    "layer core/function": OWN, "loss core/function": OWN, "metric core/function": OWN,
    "metric core/of_output": OF_OTHERS, "optimizer core/by_path": OF_OTHERS,
    "optimizer core/moving": OF_OTHERS, "schedule core/scaled": OF_OTHERS,
    "layer cnn/residual_block": OF_OTHERS, "layer cnn/pixelwise": OF_OTHERS, "layer cnn/mirror_average": OF_OTHERS,
    "layer cnn/concatenate": OF_OTHERS, "layer diffusion/mlp_block": OF_OTHERS, "layer vae/join_label": OF_OTHERS,
    "layer cnn/global_average_pool2d": WHOLE, "layer cnn/global_max_pool2d": WHOLE,
    "layer transformer/scaled_dot_product_attention": "the inside of multi_head_attention, which is in the table",
    "layer ae/gaussian_noise": BY_EQUATIONS, "layer ae/masking_noise": BY_EQUATIONS,
    "metric ae/reconstruction_error": OF_OTHERS,
    "layer diffusion/embedding": BY_EQUATIONS, "layer vae/gaussian_head": BY_EQUATIONS,
    "initializer recurrent/forget_bias": BY_EQUATIONS, "schedule tabular/coslog": BY_EQUATIONS,
}  # fmt: skip
"""Components, and why no oracle but the kit's differences and equations stands beside them."""
MODULES = (
    "core_layers", "core_losses", "core_figures", "optimizers", "cnn_layers", "recurrent_layers", "table_layers",
    "attention_layers", "transformer_layers",
)  # fmt: skip


def main() -> int:
    from importlib import import_module  # slow: PyTorch with them

    found: list[Row] = []
    print("| component | oracle | compared | largest difference |\n|---|---|---|---|")
    for module in MODULES:
        for each in import_module(f"benchmarks.oracles.{module}").rows():
            found.append(each)
            print(each.told, flush=True)
    wrong = [each for each in found if not each.holds]
    print(f"\n{len(found)} components, {sum(each.arrays for each in found):,} comparisons, {len(wrong)} too far.")
    print("\n".join(each.told for each in wrong), file=sys.stderr)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
