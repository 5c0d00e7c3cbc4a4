"""The ``pellucid`` command: finds the command, runs it, and turns errors into one clear message.

It imports next to nothing, so that ``pellucid --help`` answers at once; each command imports what it needs itself.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial

from pellucid.basics.errors import ConfigError, PellucidError, raised
from pellucid.workbench.cli.commands import COMMANDS, run_command
from pellucid.workbench.cli.streams import Aside, Streams, printable

BAD_INPUT = 2
OUR_MISTAKE = 1
INTERRUPTED = 130
GLOBAL_OPTIONS = ("--json", "--debug")
"""Understood by every command, and also before it."""
MOST_NOTES = 100
"""So many lines of what was said before an error stand in its document: the last ones."""
LOCAL = "--plugins-dir"
"""So is this, with a folder or a file after it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0, 2 for what the user can mend, 130 after Ctrl-C, 1 otherwise."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    with Streams() as streams:
        aside = Aside(wanted="--json" in argv and "--debug" not in argv)
        report = partial(_report, argv, aside)
        code = _guarded(argv, report)
        streams.out.flush()
        failure = streams.out.failure
        # A reader that has gone, such as `head`, has seen enough.
        if code == 0 and failure is not None and not isinstance(failure, BrokenPipeError):
            reason = getattr(failure, "strerror", None) or failure
            report(
                failure, f"The result could not be written to standard output: {reason}. What the command has done "
                "and the files that it has written are not concerned. Check the space, and ask once more.",
            )  # fmt: skip
            return BAD_INPUT
        print(aside.end(), end="", file=sys.stderr, flush=True)
    return code


def _guarded(argv: list[str], report: Callable[[BaseException, str], None]) -> int:
    """The exit code of the command, whose errors have been told."""
    try:
        return _dispatch(argv)
    except PellucidError as error:
        report(error, str(error))
        return BAD_INPUT
    except SystemExit as ended:  # argparse, after --help; a plugin's code
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        if code and "--json" in argv:
            report(ended, f"The command was ended: {ended.code}.")
        return code
    except KeyboardInterrupt as error:
        message = " ".join(["Interrupted.", *getattr(error, "__notes__", ())])
        if "--json" in argv:
            report(error, message)
        else:
            print(printable(message), file=sys.stderr)
        return INTERRUPTED
    except OSError as error:
        where = f" {error.filename!s:.500}" if error.filename else ""
        report(error, f"Cannot read or write{where}: {error.strerror or error}. Check the path and the space.")
        return BAD_INPUT
    except MemoryError as error:
        report(error, f"There is not enough memory. {error} Make the model or the batches smaller.")
        return BAD_INPUT
    except RecursionError as error:
        report(error, "Something in the input is nested too deeply. Put layers side by side, in one list.")
        return BAD_INPUT
    except BaseException as error:  # a plugin's may be of any kind
        report(error, f"{raised(error)}. This is a mistake in pellucid or in a plugin. --debug shows where.")
        return OUR_MISTAKE


def _dispatch(argv: list[str]) -> int:
    words, local = _without_local(argv)
    before = [word for word in words if word in GLOBAL_OPTIONS]
    words = [word for word in words if word not in GLOBAL_OPTIONS]
    if not words or words[0] in ("-h", "--help", "help"):
        print(help_text())
        return 0
    if words[0] == "--version":
        from pellucid.basics.version import __version__  # which --help does not need

        print(f'{{"pellucid": "{__version__}"}}' if "--json" in before else f"pellucid {__version__}")
        return 0
    if words[0].startswith("-"):
        raise ConfigError(f"pellucid has no option {words[0]!r}; options follow the command. See: pellucid --help.")

    from contextlib import nullcontext

    from pellucid.workbench.cli.console import warnings_as_messages
    from pellucid.workbench.cli.patience import patience

    if local:
        from pellucid.workbench.local import local_plugins
    used = local_plugins(*local) if local else nullcontext()
    with warnings_as_messages(debug="--debug" in before), patience(), used:
        if words[0] in COMMANDS:
            return run_command(words[0], [*words[1:], *before])

        from pellucid.workbench.cli.verbs import run_verb

        return run_verb(words[0], [*words[1:], *before])


def _without_local(argv: list[str]) -> tuple[list[str], list[str]]:
    """The words without ``--plugins-dir DIR``, and what was given to it."""
    words: list[str] = []
    local: list[str] = []
    rest = iter(argv)
    for word in rest:
        if word == LOCAL or word.startswith(f"{LOCAL}="):
            given = next(rest, "") if word == LOCAL else word.partition("=")[2]
            if not given or given.startswith("-"):
                raise ConfigError(f"{LOCAL} needs a folder of plugins, or a Python file: {LOCAL} DIR.")
            local.append(given)
        else:
            words.append(word)
    return words, local


def help_text() -> str:
    """What ``pellucid --help`` prints: commands, and the vendors of the plugins, known from metadata alone."""
    from pellucid.registry.discovery import find_claims

    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {summary}" for name, summary in COMMANDS.items()]
    vendors = sorted({claim.vendor for claim in find_claims()} - {"core"})
    return "\n".join(
        [
            "usage: pellucid COMMAND [arguments]",
            "",
            "Neural networks that you can see through.",
            "",
            "commands:",
            *lines,
            "",
            "Models bring verbs of their own (encode, sample, …), which are used like commands: pellucid list model.",
            "So do plugins bring commands: pellucid list command.",
            f"plugins: {printable(', '.join(vendors)) or 'none'}",
            "",
            "options of every command:",
            "  --help   the arguments of the command",
            "  --json   machine-readable output",
            "  --debug  a traceback with every error",
            f"  {LOCAL} DIR  also use the plugins in this folder, Python files that are not installed; they are run",
        ]
    )


def _report(argv: Sequence[str], aside: Aside, error: BaseException, message: str) -> None:
    """What went wrong, on stderr: a message, a JSON document, or all of the traceback."""
    notes = aside.end().splitlines()[-MOST_NOTES:]
    if "--debug" in argv:
        import traceback

        traceback.print_exception(error)
    elif "--json" in argv:
        import json

        told: dict[str, object] = {"error": {"type": type(error).__name__, "message": message}}
        told |= {"notes": notes} if notes else {}
        print(json.dumps(told), file=sys.stderr)  # in ASCII: whatever letters standard error has
    else:
        print(printable(f"pellucid: {message}"), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
