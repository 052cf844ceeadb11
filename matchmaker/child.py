"""A child process with limits, in which files are parsed whose readers may panic, hang, or take all memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from matchmaker.errors import DataError, Problem, safe_text

SECONDS, BYTES_PER_SECOND = 15, 5_000_000
GIB = 2**30
DEFAULT_MEMORY = 4 * GIB

# What a reader takes is counted from when its libraries are in memory: they reserve far more than they use.
_CHILD = """
import importlib, json, os, sys
request = json.loads(sys.stdin.buffer.readline())
try:
    module = importlib.import_module(request["module"])
    import polars
    polars.DataFrame({"": [1]}).write_ipc(__import__("io").BytesIO())
    try:
        import resource
        with open("/proc/self/statm") as file:
            taken = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + request["memory"],) * 2)
        resource.setrlimit(resource.RLIMIT_CPU, (request["seconds"],) * 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):
        pass
    answer = getattr(module, request["function"])(sys.stdin.buffer.read(), **request["arguments"])
    sys.stdout.buffer.write(answer)
    sys.stdout.flush()
    code = 0
except BaseException as error:
    cause = type(error).__name__ if isinstance(error, MemoryError) else str(error).strip() or type(error).__name__
    print("\\nCAUSE " + cause.splitlines()[0], file=sys.stderr, flush=True)
    code = 1
os._exit(code)
"""


class BrokenChildError(Exception):
    """Why the child gave no answer, in the words of its reader."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


def in_child(function: str, data: bytes, arguments: Mapping[str, Any], memory: int = DEFAULT_MEMORY) -> bytes:
    """What `function` (`module:name`) makes of `data`, in a process of its own.

    Args:
        function: takes bytes and keyword arguments, gives bytes.
        data: what to parse.
        arguments: anything that JSON can write.
        memory: bytes that the work may take.

    Raises:
        BrokenChildError: it failed, broke down, or took more memory or time than is given.
    """
    module, _, name = function.partition(":")
    seconds = int(SECONDS + len(data) / BYTES_PER_SECOND)
    request = {"module": module, "function": name, "arguments": arguments, "memory": memory, "seconds": seconds}
    try:
        child = subprocess.run(  # noqa: S603  # our own program; the file goes in as bytes
            [sys.executable, "-c", _CHILD],
            input=json.dumps(request).encode() + b"\n" + data,
            capture_output=True,
            timeout=seconds,
            check=False,
            env=_environment(),
        )
    except subprocess.TimeoutExpired:
        raise BrokenChildError(f"it was not read within {seconds} seconds") from None
    if child.returncode:
        raise BrokenChildError(_cause(child.stderr, memory))
    return child.stdout


def _environment() -> dict[str, str]:
    """The modules of this process, whatever folder it runs in, and few threads: each reserves memory."""
    import os

    path = os.pathsep.join(place for place in sys.path if place)
    return os.environ | {"PYTHONPATH": path, "PYTHONSAFEPATH": "1", "POLARS_MAX_THREADS": "2"}


def _cause(complaint: bytes, memory: int) -> str:
    _, found, cause = complaint.decode("utf-8", "replace").rpartition("\nCAUSE ")
    cause = cause.strip()
    if not found or "memory allocation" in complaint.decode("utf-8", "replace"):
        return f"its reader broke down, or needs more memory than {memory / GIB:.3g} GiB"
    if cause == "MemoryError":
        return f"it needs more memory than {memory / GIB:.3g} GiB"
    return safe_text(cause, 120)


def refused(code: str, what: str, cause: str, fix: str, file: str) -> DataError:
    """The refusal of a file that could not be parsed."""
    if "memory" in cause:
        fix = "give --max-memory 3G, or split the table"
    return DataError(Problem(code, f"not a readable {what}: {cause}", fix, file))
