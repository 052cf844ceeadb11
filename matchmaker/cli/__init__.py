"""The command line: read arguments, call the library, print."""

from __future__ import annotations

import gc
import os
import signal
import sys
from types import FrameType
from typing import NoReturn


def main() -> NoReturn:
    """Run `matchmaker` as a program: what `sys.argv` says, ending the process."""
    _be_a_good_process()
    try:
        from matchmaker.cli.program import run

        # In a locale that knows no more than ASCII, names in other scripts still arrive as the bytes that were typed.
        code = run([os.fsencode(word).decode("utf-8", "surrogateescape") for word in sys.argv[1:]])
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)  # noqa: T201  # before anything else could be imported
        code = 130
    sys.exit(code)


def _be_a_good_process() -> None:
    """End quietly when a pipe closes, cleanly when asked to, and print anything on any terminal."""
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, _terminate)
    gc.set_threshold(100_000, 20, 20)  # imports make few cycles, and the process is short
    # One organization is a small matrix: threads of the linear algebra would cost more than they bring.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):  # closed by whoever called
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123  # as long as we live
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _terminate(number: int, _: FrameType | None) -> NoReturn:
    sys.exit(128 + number)
