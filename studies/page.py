"""The page of a study: its question, its figure, two sentences of what came out, and the table."""

from __future__ import annotations

from studies.results import Results, Setting
from studies.study import Study

HEADING = "<!-- Made by python -m studies; what it says follows from results.json. -->\n"


def page(study: Study, results: Results) -> str:
    """Markdown; the figure lies beside it."""
    parts = [
        HEADING, f"# {study.name.replace('_', ' ').capitalize()}\n", f"{study.question}\n",
        f"![figure]({'figure.png'})\n", " ".join(study.sentences(results)) + "\n",
        *([f"Adjusted after a first look at results: {study.adjusted}\n"] if study.adjusted else []),
        "\n".join(table(results)) + "\n", f"{_made(results)}\n",
        f"`python -m studies {study.name}` trains [study.toml](study.toml) again and makes this page of it.\n",
    ]  # fmt: skip
    return "\n".join(parts)


def table(results: Results) -> list[str]:
    """The settings with mean ± sd over the seeds; the best on the test set first."""
    figures = [f for f in ("test accuracy", "validation accuracy", "test loss", "train loss")
               if any(f in run.figures for s in results.settings for run in s.runs)]  # fmt: skip
    lines = [
        f"| setting | {' | '.join(figures)} | parameters | seeds | not finite |",
        "|" + "---|" * (len(figures) + 4),
    ]
    for setting in sorted(results.settings, key=lambda s: -s.mean("test accuracy") if s.runs else 2.0):
        cells = [_cell(setting, figure) for figure in figures]
        lines.append(f"| {setting.name} | {' | '.join(cells)} | {_parameters(setting)} | {len(setting.runs)} | "
                     f"{len(setting.failed) or ''} |")  # fmt: skip
    return lines


def _cell(setting: Setting, figure: str) -> str:
    if not setting.runs or figure not in setting.runs[0].figures:
        return "–"
    mean, sd, scale = setting.mean(figure), setting.sd(figure), 100 if "accuracy" in figure else 1
    unit = " %" if scale == 100 else ""
    return f"{scale * mean:.4g}{unit}" if len(setting.runs) < 2 else f"{scale * mean:.4g} ± {scale * sd:.2g}{unit}"


def _parameters(setting: Setting) -> str:
    return f"{setting.parameters:,}" if setting.runs else "–"


def _made(results: Results) -> str:
    runs = sum(len(s.runs) + len(s.failed) for s in results.settings)
    samples, machine = results.samples, results.machine["processor"]
    unchosen = any("validation accuracy" not in run.figures for s in results.settings for run in s.runs)
    return (
        f"{runs} runs, {results.epochs} epochs on {samples['train']:,} samples (validation {samples['validation']:,}, "
        f"test {samples['test']:,}); mean ± sd over the seeds, at the epoch that the validation data chose"
        f"{' (those without a validation figure: at the end)' if unchosen else ''}; the train loss is that of the last "
        "epoch. "
        f"{results.seconds:,.0f} s of training together, on {results.threads} thread(s) each of {machine}, backend "
        f"{results.backend}, {results.date}, commit {results.commit}."
    )
