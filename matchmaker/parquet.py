"""Parquet is parsed in a child process: on damaged files polars panics, and may then never return."""

from __future__ import annotations

import io
import subprocess
import sys

import polars as pl

from matchmaker.errors import DataError, Problem, safe_text

MOST_MEMORY = 4 * 2**30
SECONDS, BYTES_PER_SECOND = 15, 5_000_000
MARKS = PLAIN, ENCRYPTED = b"PAR1", b"PARE"

_CHILD = f"""
import io, os, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, ({MOST_MEMORY}, {MOST_MEMORY}))
except (ImportError, ValueError, OSError):
    pass
import polars
try:
    frame = polars.read_parquet(io.BytesIO(sys.stdin.buffer.read()))
    frame.write_ipc(sys.stdout.buffer)
    sys.stdout.flush()
    code = 0
except BaseException as error:
    print("\\nCAUSE " + (str(error).strip().splitlines() or [type(error).__name__])[0], file=sys.stderr, flush=True)
    code = 1
os._exit(code)
"""


def read_parquet(data: bytes, file: str) -> pl.DataFrame:
    """The table in the bytes of a Parquet file.

    Raises:
        DataError: it is damaged or encrypted, or needs more memory or time than is given.
    """
    if ENCRYPTED in (data[:4], data[-4:]):
        raise DataError(Problem("MM-PAR-002", "is encrypted", "write it without encryption", file))
    seconds = SECONDS + len(data) / BYTES_PER_SECOND
    try:
        child = subprocess.run(  # noqa: S603  # our own program; the file goes in as bytes
            [sys.executable, "-P", "-c", _CHILD], input=data, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise _unreadable(f"it was not read within {seconds:.0f} seconds", file) from None
    if child.returncode:
        raise _unreadable(_cause(child.stderr), file)
    return pl.read_ipc(io.BytesIO(child.stdout))


def _cause(complaint: bytes) -> str:
    _, found, cause = complaint.decode("utf-8", "replace").rpartition("\nCAUSE ")
    return safe_text(cause.strip(), 120) if found else "its reader broke down, or ran out of memory"


def _unreadable(cause: str, file: str) -> DataError:
    message = f"not a readable Parquet file: {cause}"
    return DataError(Problem("MM-PAR-001", message, "write it again, or as CSV", file))
