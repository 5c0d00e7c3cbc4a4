"""The manifest: what this package registers, as strings only."""

from __future__ import annotations

from pellucid import Registrar, Report, hookimpl


@hookimpl
def pellucid_register(registry: Registrar) -> None:
    layer, at = registry.layer, "pellucid_recurrent.layers"
    layer("rnn", f"{at}.rnn:RNN", summary="a state that is a dense layer of the input and the state before")
    layer("gru", f"{at}.gru:GRU", summary="a state of which gates keep a part")
    layer("lstm", f"{at}.lstm:LSTM", summary="a state with a cell that gates write, keep and read")
    registry.model(
        "recurrent_network", "pellucid_recurrent.models.network:recurrent_network",
        summary="reads sequences: rnn, gru or lstm, then a dense layer",
    )  # fmt: skip
    registry.initializer(
        "forget_bias", "pellucid_recurrent.initializers:ForgetBias", summary="an lstm's bias: it forgets little"
    )
    for cell in ("rnn", "gru", "lstm"):
        for name in (f"{cell}_forward", f"{cell}_backward"):
            registry.op(
                name, reference=f"pellucid_recurrent.ops.{cell}:{name}", cython=f"pellucid_recurrent.kernels:{name}",
                cupy=f"pellucid_recurrent.cuda.{cell}:{name}", summary=name.replace("_", " "),
            )  # fmt: skip
    registry.op(
        "begin", reference="pellucid_recurrent.ops.sequence:begin", cython="pellucid_recurrent.kernels:begin",
        cupy="pellucid_recurrent.cuda.carried:begin",
        summary="the first state of a batch: carried over, or zeros",
    )  # fmt: skip
    registry.op(
        "keep", reference="pellucid_recurrent.ops.sequence:keep_rows", cython="pellucid_recurrent.kernels:keep",
        cupy="pellucid_recurrent.cuda.carried:keep_rows",
        summary="the carried states, with those of a batch in their rows",
    )  # fmt: skip


@hookimpl
def pellucid_doctor(report: Report) -> None:
    from pellucid_recurrent.kernels import kernels  # NumPy's import, which other commands must not pay for

    if kernels.available():
        report.fact("compiled kernels", "available")
    else:
        report.warn("compiled kernels", f"Recurrent layers are many times slower: {kernels.why_missing()}.")
