"""The ``melonnx`` command: runs a subcommand, and says in one line what went wrong."""

import codecs
import os
import sys
from pathlib import Path

from melonnx.infer.cli.registry import COMMANDS, EXTRA_OF, Command
from melonnx.infer.errors import MelonnxError, MissingExtraError
from melonnx.infer.system import has_gone

__all__ = ["main"]

_NO_COMMAND = Command("")


def main() -> None:
    """Run the command line; every error that is ours is one line on stderr and exit code 1."""
    _open_streams()
    arguments = sys.argv[1:]
    command = COMMANDS.get("".join(arguments[:1]), _NO_COMMAND)
    if not command.algebra:
        # The threads that OpenBLAS starts when numpy is imported spin for 40 ms.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        try:
            _run(arguments)
        finally:
            sys.stdout.flush()  # a full disk is met here, not when Python has ended
    except MelonnxError as error:
        from melonnx.infer.results.places import with_near_file

        sys.exit(f"melonnx: {with_near_file(str(error))}")
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if module not in EXTRA_OF:
            raise
        extra = command.extra or EXTRA_OF[module]
        sys.exit(f"melonnx: {MissingExtraError(extra, module)}")
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        os.dup2(_nowhere(), sys.stdout.fileno())  # for what Python still holds for it
        # The reader: "melonnx classify … | head".
        sys.exit(1 if has_gone(error) else f"melonnx: {error}")


def _run(arguments: list[str]) -> None:
    """A few songs without an option need no parser, which would take a quarter of their time; nor
    does the list of commands.
    """
    if arguments in (["-h"], ["--help"]):
        from melonnx.infer.cli.shell.contents import print_contents

        print_contents()
        return
    if arguments[:1] == ["classify"] and _are_songs(arguments[1:]):
        from melonnx.infer.library.collection import classify_few

        outcome = classify_few(arguments[1:])
        if outcome is not None:
            sys.exit(outcome.exit_code)
    from melonnx.infer.cli.group import app

    app()


def _are_songs(arguments: list[str]) -> bool:
    """Only files, and no option among them."""
    return bool(arguments) and all(
        not word.startswith("-") and Path(word).is_file() for word in arguments
    )


def _open_streams() -> None:
    """Let names of any letters through to stdout, and nothing but Python's own words to stderr.

    C libraries write to file descriptor 2 (libmpg123 on damaged frames); Python's stderr moves to
    a copy of it. Where either stream was closed ("2>&-"), it leads nowhere: Python prints to
    stdout what is for a stderr of None.
    """
    if sys.stdout is None:
        sys.stdout = os.fdopen(_nowhere(), "w")
    is_utf8 = codecs.lookup(sys.stdout.encoding).name == "utf-8"
    errors = "surrogateescape" if is_utf8 else "backslashreplace"  # for names it has no letters for
    sys.stdout.reconfigure(errors=errors)  # type: ignore[union-attr]
    try:
        descriptor = os.dup(2)
    except OSError:
        descriptor = _nowhere()
    sys.stderr = os.fdopen(descriptor, "w", buffering=1, errors="backslashreplace")
    os.dup2(_nowhere(), 2)


def _nowhere() -> int:
    return os.open(os.devnull, os.O_WRONLY)
