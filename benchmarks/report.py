"""Results as a document: JSON for machines, tables for the terminal and for docs/performance.md."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.cases import CASES
from benchmarks.peer import CONTESTANTS
from benchmarks.rounds import Measured
from benchmarks.statistics import Ratio, median, ratio_to_best

Result = dict[str, Any]
Table = list[list[str]]
US = "pellucid"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def entry(measured: Measured) -> Result:
    """A case at a number of threads: medians, ratios, and every round."""
    peers = {name: rounds for name, rounds in measured.rounds.items() if name != US}
    result: Result = {
        "case": measured.case.name,
        "threads": measured.threads,
        "us_per_step": {name: median(rounds) for name, rounds in measured.rounds.items()},
        "notes": {name: note for name, note in measured.notes.items() if note},
        "first_epoch_loss": measured.first_losses,
        "rounds": measured.rounds,
    }
    if US in measured.rounds and peers:
        result["to_best_peer"] = vars(ratio_to_best(measured.rounds[US], peers))
        eager = {name: rounds for name, rounds in peers.items() if name in ("torch", "torch-intel")}
        if eager:
            result["to_torch_eager"] = vars(ratio_to_best(measured.rounds[US], eager))
    return result


def merge(documents: Sequence[Result]) -> Result:
    """Of each row the run in which all contestants together were fastest: the one that the machine disturbed least.

    The choice looks at all times alike, so it favours nobody. What stands beside it is the last document's.
    """
    rows: dict[tuple[str, int], Result] = {}
    for entry in (entry for document in documents for entry in document["training"]):
        key = (entry["case"], entry["threads"])
        if key not in rows or _together(entry) < _together(rows[key]):
            rows[key] = entry
    beside = next((d["beside"] for d in reversed(documents) if d["beside"]), {})
    return documents[-1] | {"training": list(rows.values()), "beside": beside, "runs": len(documents)}


def _together(entry: Result) -> float:
    return sum(math.log(time) for time in entry["us_per_step"].values()) / len(entry["us_per_step"])


def training_table(entries: Sequence[Result]) -> Table:
    """A row per case and number of threads."""
    names = [name for name in CONTESTANTS if any(name in e["us_per_step"] for e in entries)]
    table = [
        ["case", "threads", *(CONTESTANTS[name].title for name in names), "× best peer", "goal", "× torch", "goal"]
    ]
    for e in sorted(entries, key=lambda e: (e["threads"], list(CASES).index(e["case"]))):
        case = CASES[e["case"]]
        times = [_us(e["us_per_step"][name]) if name in e["us_per_step"] else "–" for name in names]
        table.append(
            [
                e["case"], str(e["threads"]), *times, _ratio(e.get("to_best_peer")), f"{case.goal:g}",
                _ratio(e.get("to_torch_eager")), f"{case.goal_torch:g}",
            ]
        )  # fmt: skip
    return table


def beside_table(document: Result) -> Table:
    """Prediction, cold start, memory and disk, by contestant."""
    sections = [
        ("prediction of one sample, 784-128-10, µs", "predict_us", 1), ("import, ms", "import_ms", 0),
        ("from launch to the end of the first step, ms", "launch_to_first_step_ms", 0),
        ("peak memory after 50 steps, MiB", "peak_mib", 0), ("on disk with dependencies, MB", "disk_mb", 0),
    ]  # fmt: skip
    beside: dict[str, dict[str, float]] = document["beside"]
    if not beside:
        return []
    table = [["", *(CONTESTANTS[name].title for name in beside)]]
    for title, key, digits in sections:
        row = [f"{figures[key]:.{digits}f}" if key in figures else "–" for figures in beside.values()]
        table.append([title, *row])
    return table


def verdict(entries: Sequence[Result]) -> str:
    """In how many cases pellucid is ahead, whichever number of threads suits each contestant better."""
    compared = [e for e in entries if "to_best_peer" in e]
    ahead = [e for e in compared if e["to_best_peer"]["low"] > 1.0]
    behind = [f"{e['case']} at {e['threads']}" for e in compared if e["to_best_peer"]["low"] <= 1.0]
    text = f"The 95 % interval of the ratio to the best peer lies above 1 in {len(ahead)} of {len(compared)} rows."
    return text + (f" Not in: {', '.join(behind)}." if behind else "")


def as_text(table: Table) -> str:
    """Columns aligned for the terminal."""
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))] if table else []
    lines = ["  ".join(_pad(cell, widths[i], i) for i, cell in enumerate(row)).rstrip() for row in table]
    return "\n".join(lines)


def as_markdown(table: Table) -> str:
    rule = ["---", *("---:" for _ in table[0][1:])]
    return "\n".join("| " + " | ".join(row) + " |" for row in [table[0], rule, *table[1:]])


def document_markdown(document: Result) -> str:
    """The measured part of docs/performance.md."""
    m = document["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in sorted(document["versions"].items()))
    parts = [
        f"Measured on {document['date']}: {m['processor']}, {m['cores']} cores, {', '.join(m['vector_instructions'])}; "
        f"{m['system']}; Python {m['python']}. {versions}. "
        + f"{document['rounds']} rounds{_several_runs(document)}.",
        "Median µs per training step; the ratios with their 95 % intervals:",
        as_markdown(training_table(document["training"])),
        verdict(document["training"]),
    ]
    if document["beside"]:
        parts += ["Beside it:", as_markdown(beside_table(document))]
    return "\n\n".join(parts) + "\n"


def write_markdown(path: Path, document: Result) -> None:
    """Write the measured part between the marks of a page, or as a page of its own."""
    measured = f"{BEGIN}\n\n{document_markdown(document)}\n{END}"
    page = path.read_text(encoding="utf-8") if path.exists() else f"{BEGIN}{END}\n"
    before, _, rest = page.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"{path} lacks the marks {BEGIN} and {END}, between which the tables go. Add them.")
    path.write_text(before + measured + after, encoding="utf-8")


def _several_runs(document: Result) -> str:
    if document.get("runs", 1) == 1:
        return ""
    return f"; of each row the run, out of up to {document['runs']}, in which all contestants together were fastest"


def _us(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _ratio(ratio: dict[str, Any] | Ratio | None) -> str:
    if ratio is None:
        return "–"
    r = ratio if isinstance(ratio, dict) else vars(ratio)
    return f"{r['value']:.2f} ({r['low']:.2f}–{r['high']:.2f})"


def _pad(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column == 0 else cell.rjust(width)
