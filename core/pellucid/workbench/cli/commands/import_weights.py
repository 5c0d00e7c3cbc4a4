"""pellucid import-weights ARCHITECTURE SOURCE --output RUN: weights that others have trained become a run folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from pellucid.workbench.cli.console import Output, table

HEADING = "# Weights that were imported, not trained here. The architecture:\n\n"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("architecture", metavar="ARCHITECTURE", help="a model that has an importer, by its name")
    parser.add_argument(
        "source", metavar="SOURCE", type=Path, help="a folder with a .safetensors and its configuration, or a .whl or "
        ".zip that holds one; nothing in it is executed",
    )  # fmt: skip
    parser.add_argument("--output", metavar="RUN", type=Path, required=True, help="a new run folder")


def run(args: argparse.Namespace, output: Output) -> None:
    from pellucid.interfaces.layer import require_runtime
    from pellucid.saving.files import replace_text
    from pellucid.saving.model import save
    from pellucid.workbench.experiments.folder import RunFolder
    from pellucid.workbench.experiments.sections import to_toml
    from pellucid.workbench.imports.importing import import_model

    folder = RunFolder(args.output)
    folder.check_free("--output")
    imported = import_model(args.architecture, args.source)
    runtime = require_runtime(imported.model)
    told = {
        "architecture": args.architecture,
        "parameters": sum(param.data.size for param in imported.model.parameters()),
        "arrays": imported.used,
        "left_out": list(imported.left_out),
        **runtime.metadata["imported"],
    }
    folder.create()
    replace_text(folder.experiment, HEADING + to_toml({"model": runtime.config or {}}))
    save(imported.model, folder.model)
    folder.write_summary({"parameters": told["parameters"], "imported": told})
    told["output"] = str(args.output)
    shown = told | {"parameters": f"{told['parameters']:,}", "left_out": ", ".join(imported.left_out) or "none"}
    output.result(told, table((key.replace("_", " "), str(value)) for key, value in shown.items()))
