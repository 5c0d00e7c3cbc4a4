"""pellucid sweep FILE: train all runs that the [sweep] of an experiment asks for, or go on with those in a folder."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from signal import Signals
from typing import TYPE_CHECKING, Any

from pellucid.basics.errors import ConfigError
from pellucid.workbench.cli.commands.compare import ranking_text
from pellucid.workbench.cli.commands.train import SIGNALLED, trusted
from pellucid.workbench.cli.console import Output, Parser, table
from pellucid.workbench.local import ACTIVE, local_plugins

if TYPE_CHECKING:
    from pellucid.workbench.sweeps.folder import SweepFolder
    from pellucid.workbench.sweeps.leading import Refused
    from pellucid.workbench.sweeps.plan import Plan
    from pellucid.workbench.sweeps.sweep import Search

FAILED = 1
"""The exit code where runs have failed: the others are finished, and the table says which."""


def configure(parser: Parser) -> None:
    parser.add_argument(
        "sweep", metavar="FILE", type=Path,
        help="an experiment file (TOML) with a section [sweep]; or the folder of a sweep, to go on with it",
    )  # fmt: skip
    parser.add_argument(
        "--set", action="append", default=[], metavar="SECTION.KEY=VALUE", dest="settings",
        help="change a setting of the file, as with train: --set train.epochs=3 --set 'sweep.seeds=[0, 1]'",
    )  # fmt: skip
    parser.add_argument("--out", metavar="DIR", type=Path, help="the folder of the runs (default: runs/FILE)")
    parser.add_argument(
        "--workers", metavar="N", type=int,
        help="processes that train at a time (default: as many as there are cores); they share the cores' threads",
    )  # fmt: skip
    parser.add_argument("--plan", action="store_true", help="show the settings and how far each is, and train nothing")
    parser.add_argument("--trust", action="store_true", help="run the files that the experiment names under 'plugins'")
    parser.add_argument("--quiet", action="store_true", help="tell of no run as it ends")


def run(args: Namespace, output: Output) -> int:
    from pellucid.workbench.experiments.sections import change, read_sections
    from pellucid.workbench.sweeps.folder import SweepFolder
    from pellucid.workbench.sweeps.leading import require_workers

    require_workers(args.workers)
    folder = SweepFolder(args.sweep) if args.sweep.is_dir() else None
    if folder is not None and args.out is not None:
        raise ConfigError(f"{args.sweep} is the folder of a sweep, which goes on there. Leave out --out.")
    if folder is not None:
        folder.plan()  # or it says what is wrong with the folder
    source = args.sweep if folder is None else folder.file
    sections = read_sections(source)
    if "sweep" not in sections:
        raise ConfigError(f"{source} has no section [sweep], so it is one run: pellucid train {source}")
    change(sections, args.settings)
    folder = folder or SweepFolder(args.out or Path("runs", source.stem))
    with local_plugins(*trusted(sections, source, args.trust)):
        if ACTIVE:
            sections["plugins"] = [str(file) for file in ACTIVE.values()]
        return _sweep(sections, source, folder, args, output)


def _sweep(sections: dict[str, Any], source: Path, folder: SweepFolder, args: Namespace, output: Output) -> int:
    from pellucid.workbench.sweeps.leading import lead, refusals, require_search, search, tried
    from pellucid.workbench.sweeps.plan import make_plan
    from pellucid.workbench.sweeps.ranking import ranked

    try:
        plan = make_plan(sections)
    except ConfigError as error:
        raise ConfigError(f"{source}: {error}") from error
    refused = refusals(tried(plan))
    if args.plan:
        return _show(plan, refused, folder, output)

    if plan.sweep.search is not None:
        require_search(plan)

    def tell(text: str) -> None:
        if not args.quiet:
            output.note(text)

    with folder.taken(plan):
        if plan.sweep.search is None:
            stopped = lead(plan, refused, folder, args.workers, tell, output.note)
        else:
            stopped = search(plan, folder, args.workers, tell, output.note)
    plan = folder.found(plan)
    if stopped is not None:
        return _interrupted(stopped, plan, folder, output)
    found = ranked(plan, folder)
    output.result({"sweep": str(folder.path), **found.data()}, f"{ranking_text(found)}\nsweep folder: {folder.path}")
    return FAILED if found.failed else 0


def _show(plan: Plan, refused: Refused, folder: SweepFolder, output: Output) -> int:
    """The plan, without carrying it out."""
    from pellucid.workbench.sweeps.plan import PlannedRun

    if plan.sweep.search is not None:
        return _show_search(plan, plan.sweep.search, folder, output)
    rows, data = [["setting", "seeds", "finished", ""]], []
    for setting in plan.settings:
        runs = [PlannedRun(setting, seed) for seed in plan.seeds]
        done, error = folder.states(runs), refused.get(setting.folder)
        reason = "" if error is None else f"refused: {str(error).partition(chr(10))[0]:.200}"
        rows.append([setting.label, str(len(plan.seeds)), str(done["finished"]), reason])
        data.append({"setting": setting.label, "settings": setting.changes, "folder": str(folder.path / setting.folder),
                     "runs": done, "refused": None if error is None else str(error)})  # fmt: skip
    count = len(plan.settings) * len(plan.seeds)
    said = f"{len(plan.settings)} settings × {len(plan.seeds)} seeds = {count} runs, in {folder.path}"
    output.result({"sweep": str(folder.path), "runs": count, "seeds": list(plan.seeds), "settings": data},
                  f"{table(rows)}\n\n{said}")  # fmt: skip
    return 0


def _show_search(plan: Plan, search: Search, folder: SweepFolder, output: Output) -> int:
    done = folder.states(folder.found(plan).runs)
    rows = [
        ["setting", "drawn from"],
        *([path, f"{draw.kind} {list(draw.values)}"] for path, draw in search.ranges.items()),
    ]
    said = f"{search.trials} trials, of which {done['finished']} are finished, in {folder.path}"
    ranges = {path: {draw.kind: draw.values} for path, draw in search.ranges.items()}
    output.result({"sweep": str(folder.path), "trials": search.trials, "ranges": ranges, "runs": done},
                  f"{table(rows)}\n\n{said}")  # fmt: skip
    return 0


def _interrupted(by: Signals, plan: Plan, folder: SweepFolder, output: Output) -> int:
    states = folder.states(plan.runs)
    again = f"pellucid sweep {folder.path}"
    total = plan.sweep.search.trials if plan.sweep.search else len(plan.runs)
    done = f"{states['finished']} of {total} runs are finished"
    output.result(
        {"sweep": str(folder.path), "stopped_by": by.name, "runs": states, "resume": again},
        f"Stopped: {done}, and those under way are saved. Go on with:\n  {again}",
    )
    sys.stdout.flush()
    return SIGNALLED + int(by)
