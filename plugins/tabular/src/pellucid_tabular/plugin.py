"""The manifest: what this package registers, as strings only."""

from __future__ import annotations

from pellucid import Registrar, Report, hookimpl


@hookimpl
def pellucid_register(registry: Registrar) -> None:
    registry.dataset("table", "pellucid_tabular.dataset:Table", summary="samples in a table: any file, or a data frame")
    registry.transform("columns", "pellucid_tabular.columns:Columns", summary="a table's columns, each by its kind")
    registry.transform("robust", "pellucid_tabular.scaling:Robust", summary="(x − median)/quartile distance, clipped")
    registry.transform("quantile", "pellucid_tabular.scaling:Quantile", summary="to a normal or uniform distribution")
    layer, at = registry.layer, "pellucid_tabular.layers"
    layer("periodic", f"{at}.periodic:Periodic", summary="numbers and cosines of learned frequencies of each (PBLD)")
    layer("plr", f"{at}.periodic:PLR", summary="cosines and sines of each number, a linear layer, ReLU")
    layer("piecewise_linear", f"{at}.piecewise_linear:PiecewiseLinear", summary="straight lines in bins of each number")
    layer("column_embedding", f"{at}.column_embedding:ColumnEmbedding", summary="numbers beside categories of a table")
    layer("scaling", f"{at}.scaling:Scaling", summary="a learned factor for each feature")
    registry.model(
        "mlp", "pellucid_tabular.mlp:mlp", summary="numbers and categories embedded, then dense layers (RealMLP)"
    )
    registry.model(
        "ensemble", "pellucid_tabular.ensemble:Ensemble", summary="many small networks, averaged with weights"
    )
    registry.schedule("coslog", "pellucid_tabular.schedules:Coslog", summary="cosines whose periods double")
    for module, names in (
        ("numbers", ("periodic", "piecewise_linear", "scaling")),
        ("columns", ("look_up",)),
    ):
        for name in (f"{name}_{way}" for name in names for way in ("forward", "backward")):
            _op(registry, name, module)
    for name in ("take_columns", "put_columns"):
        _op(registry, name, "columns")
    _op(registry, "mixture_forward", "mixture")
    registry.op("mixture_backward", reference="pellucid_tabular.ops.mixture:mixture_backward", summary="its gradient")


def _op(registry: Registrar, name: str, module: str) -> None:
    registry.op(
        name, reference=f"pellucid_tabular.ops.{module}:{name}", cython=f"pellucid_tabular.kernels:{name}",
        summary=name.replace("_", " "),
    )  # fmt: skip


@hookimpl
def pellucid_doctor(report: Report) -> None:
    from pellucid_tabular.kernels import kernels  # NumPy's import, which other commands must not pay for

    if kernels.available():
        report.fact("compiled kernels", "available")
    else:
        report.warn("compiled kernels", f"Layers of tables are many times slower: {kernels.why_missing()}.")
