"""Parquet is parsed in a child process: on damaged files polars panics, and may then never return."""

from __future__ import annotations

import io

import polars as pl

from matchmaker.child import DEFAULT_MEMORY, BrokenChildError, in_child, refused
from matchmaker.errors import DataError, Problem

MARKS = PLAIN, ENCRYPTED = b"PAR1", b"PARE"


def read_parquet(data: bytes, file: str, memory: int = DEFAULT_MEMORY) -> pl.DataFrame:
    """The table in the bytes of a Parquet file.

    Raises:
        DataError: it is damaged or encrypted, or needs more memory (in bytes) or time than is given.
    """
    if ENCRYPTED in (data[:4], data[-4:]):
        raise DataError(Problem("MM-PAR-002", "is encrypted", "write it without encryption", file))
    try:
        answer = in_child("matchmaker.parquet:parse", data, {}, memory)
    except BrokenChildError as broken:
        raise refused("MM-PAR-001", "Parquet file", broken.cause, "write it again, or as CSV", file) from None
    return pl.read_ipc(io.BytesIO(answer))


def parse(data: bytes) -> bytes:
    """The same table in Arrow's form; called in the child."""
    target = io.BytesIO()
    pl.read_parquet(io.BytesIO(data)).write_ipc(target)
    return target.getvalue()
