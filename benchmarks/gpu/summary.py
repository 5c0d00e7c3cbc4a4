"""Everything that is known, as Markdown."""

from __future__ import annotations

from typing import Any

TITLES = {
    "1": "The backend's tests", "2": "Conformance kit", "3": "Parity with the reference", "4": "Learning",
    "5": "Time of a training step", "6": "Time of a transformer's training step",
}  # fmt: skip


def as_markdown(document: dict[str, Any]) -> str:
    """The tables of all parts that ran."""
    facts = document.get("machine", {})
    lines = [f"# pellucid on a GPU: {facts.get('card', 'unknown')}", ""]
    lines += [f"* {key}: {value}" for key, value in {**facts, "date": document.get("date")}.items()]
    for number, title in TITLES.items():
        part = document.get("parts", {}).get(number)
        if part is not None:
            verdict = part.get("verdict", "under way")
            lines += ["", f"## {number}. {title}: {verdict}, {part.get('seconds', 0)} s", ""]
            lines += _TABLES[number](part.get("results", []))
    return "\n".join(lines) + "\n"


def _table(head: list[str], rows: list[list[Any]]) -> list[str]:
    if not rows:
        return ["Nothing came of it."]
    cells = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(str(cell).replace("|", "/") for cell in row) + " |" for row in cells]


def _mark(ok: Any) -> str:
    return "passed" if ok else "**failed**"


def _tests(results: list[dict[str, Any]]) -> list[str]:
    rows = [[r["name"], _mark(r["ok"]), r.get("passed", 0), r.get("failed", 0), r.get("skipped", 0)] for r in results]
    failures = [f"* {text}" for r in results for text in r.get("failures", [])]
    return [*_table(["what", "", "passed", "failed", "skipped"], rows), "", *failures]


def _parity(results: list[dict[str, Any]]) -> list[str]:
    rows = [
        [r["name"], r["dtype"], "–" if r["error"] is None else f"{r['error']:.1e}", f"{r['tolerance']:.0e}",
         _mark(r["ok"]) + (f": {r['why'][:120]}" if r.get("why") else "")]
        for r in results
    ]  # fmt: skip
    passed = sum(1 for r in results if r["ok"])
    return [f"{passed} of {len(results)} within tolerance.", "",
            *_table(["what", "dtype", "largest error", "tolerance", ""], rows)]  # fmt: skip


def _learning(results: list[dict[str, Any]]) -> list[str]:
    rows = []
    for r in results:
        wanted = f"≥ {r['least']}" if r["least"] > -1e8 else f"≤ {r['most']}"
        reached = f"{r['reached']:.4f}" if "reached" in r else r.get("why", "")[:120]
        rows.append([r["name"], r["figure"], reached, wanted, r.get("seconds", "–"), r.get("us_per_step", "–"),
                     r.get("graphs", "–"), _mark(r["ok"])])  # fmt: skip
    table = _table(
        ["experiment", "figure", "reached", "wanted", "seconds", "µs a step", "steps that are graphs", ""], rows
    )
    for r in results:
        if "sample" in r:
            table += ["", f"{r['name']}, {r['tokens_per_second']} tokens a second:", "", "```", r["sample"], "```"]
    return table


def _times(results: list[dict[str, Any]]) -> list[str]:
    rows = []
    for r in results:
        if not r["ok"]:
            rows.append([r["name"], ", ".join(r["contestants"]), "–", "–", "–", r["why"][:100]])
            continue
        (ours, mine), *others = r["us_per_step"].items()
        faster = r["times_faster"]
        for title, time in others or [("–", float("nan"))]:
            interval = "" if faster is None else f"{faster['value']:.2f} ({faster['low']:.2f} … {faster['high']:.2f})"
            notes = "; ".join(f"{name}: {note}" for name, note in r["notes"].items())
            rows.append([r["name"], f"{mine:.1f} ({ours})", f"{time:.1f} ({title})", interval, notes, r["title"]])
    return _table(["case", "µs a step", "peer's", "times faster (95 %)", "memory, choices", "network"], rows)


_TABLES = {"1": _tests, "2": _tests, "3": _parity, "4": _learning, "5": _times, "6": _times}
