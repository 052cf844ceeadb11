"""What makes a short command short: imports without what nobody uses."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

SMALL = 10 * 2**20
# SciPy copies every name of NumPy when it is imported, and thereby imports these: a third of its time.
NOT_NEEDED = ("f2py", "ma", "polynomial", "testing")


def import_scipy() -> None:
    """Import `scipy.sparse` while placeholders stand for what it would import in vain; they are gone afterwards."""
    if "scipy" in sys.modules:
        return
    import numpy as np

    absent = [name for name in NOT_NEEDED if name not in vars(np)]
    for name in absent:
        setattr(np, name, ModuleType(f"numpy.{name}"))
    try:
        import scipy.sparse  # noqa: F401  # for its effect
    finally:
        for name in absent:
            delattr(np, name)


def spare_threads(folder: Path) -> None:
    """Let Polars work in one thread where the tables are so small that waking others costs more than they bring."""
    data = folder / "data" if (folder / "data").is_dir() else folder
    try:
        size = sum(path.stat().st_size for path in data.iterdir())
    except (OSError, ValueError):
        return
    if size < SMALL:
        os.environ.setdefault("POLARS_MAX_THREADS", "1")
