"""An index on disk: a fitted blend, laid out so that one list reads nothing that it does not use.

It lies in `index/` beside the data of a domain: numbers as `.npy` files that are mapped into memory, tables as Arrow
files, and `index.json`, which says what was fitted to what. `best` touches neither tables nor Polars; reasons look at
the rows that they name. An index is derived, and never needed: without one everything is fitted anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from matchmaker import __version__
from matchmaker.errors import DataError, Problem, UsageError, quoted, safe_text
from matchmaker.side import facing
from matchmaker.state import Node, Reader, Texts, Writer

if TYPE_CHECKING:
    from matchmaker.blend import Blend, Weights
    from matchmaker.dataset import Dataset
    from matchmaker.recommender import Recommender

VERSION = 1
NAME = "index"
READ = (".csv", ".parquet", ".toml")  # endings of what a domain is made of


class Partner(NamedTuple):
    """A likely partner: identifier, names in up to three languages, and scores as in `Match`."""

    id: str
    title: str
    score: float
    forward: float
    backward: float
    met: bool


@dataclass(frozen=True, eq=False)
class Index:
    """A fitted blend on disk.

    Attributes:
        domain: folder of the domain.
        note: what `index.json` says.
    """

    domain: Path
    note: Mapping[str, Any]

    @classmethod
    def build(cls, domain: str | Path, weights: Weights | None = None) -> Index:
        """Read a domain, fit the blend and write the index; one that was there is replaced when the new one is whole.

        Raises:
            UsageError: no such domain, or a weight for a scorer that does not exist.
            DataError: a domain with errors, or a folder that cannot be written.
        """
        import shutil

        from matchmaker.blend import Blend
        from matchmaker.dataset import Dataset

        domain = Path(domain)
        sources = _sources(domain)
        dataset = Dataset.read(domain)
        blend = Blend(weights).fit(dataset)
        scratch, target = domain / f"{NAME}.new", domain / NAME
        try:
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir()
            note = {"version": VERSION, "program": __version__, "weights": weights, "sources": sources}
            note |= _write(scratch, dataset, blend)
            (scratch / "index.json").write_text(json.dumps(note, allow_nan=False, ensure_ascii=False), "utf-8")
            shutil.rmtree(target, ignore_errors=True)
            scratch.rename(target)
        except OSError as error:
            reason = error.strerror or str(error)
            message = f"{quoted(target)} could not be written: {reason}"
            raise DataError(Problem("MM-CLI-010", message, "choose another place for the domain")) from None
        return cls(domain, note)

    @classmethod
    def open(cls, domain: str | Path) -> Index:
        """The index of a domain.

        Raises:
            UsageError: there is none.
            DataError: it is of other data or of another version, or cannot be read.
        """
        domain = Path(domain)
        path = domain / NAME / "index.json"
        if not path.is_file():
            raise UsageError(Problem("MM-IDX-001", "there is no index", "`matchmaker index` builds it", str(domain)))
        try:
            note = json.loads(path.read_text("utf-8"))
            version = note["version"], note["program"]
        except (OSError, ValueError, TypeError, KeyError):
            raise DataError(Problem("MM-IDX-003", "is no index", "build it anew", str(path))) from None
        if version != (VERSION, __version__):
            message = f"was made by version {safe_text(version[1])} of the program; this is {__version__}"
            raise DataError(Problem("MM-IDX-003", message, "build it anew", str(path)))
        if changed := _changed(domain, note["sources"]):
            message = f"the index is of other data: {', '.join(changed[:3])}"
            raise DataError(Problem("MM-IDX-002", message, "build it anew: `matchmaker index`", str(domain)))
        return cls(domain, note)

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.domain / NAME

    @property
    def megabytes(self) -> float:
        """Its size on disk."""
        return sum(path.stat().st_size for path in self.folder.iterdir()) / 1e6

    @cached_property
    def ids(self) -> Texts:
        """Identifiers, in order: row *i* is row *i* of every matrix."""
        ids: Texts = self._ranking["ids"]
        return ids

    @cached_property
    def titles(self) -> Texts:
        """Names in up to three languages, by row."""
        titles: Texts = self._ranking["titles"]
        return titles

    def best(
        self, identifier: str, n: int = 10, *, exclude_met: bool = False, conveners: bool = False
    ) -> list[Partner]:
        """The `n` likeliest partners, those of `Recommender.match`, without reasons.

        Raises:
            UsageError: no organization has this identifier.
        """
        from matchmaker.ranking import Among, ranked

        row = self.ids.find(identifier)
        if row is None:
            message = f"no organization has the identifier {quoted(identifier)}"
            raise UsageError(Problem("MM-USE-010", message, "see `matchmaker show`"))
        across = facing(self._ranking["side"], row, border=self.note["sides"])
        among = Among(across & (conveners | ~self._ranking["conveners"]), exclude_met=exclude_met)
        found = ranked(self._ranking["blend"], self._ranking["graph"], np.array([row]), among, min(n, len(self.ids)))
        return [
            Partner(self.ids[column], self.titles[column], *(each[0, place].item() for each in found[2:]))
            for place, column in enumerate(found.columns[0].tolist())
            if column >= 0
        ]

    @cached_property
    def _ranking(self) -> dict[str, Any]:
        """Everything that a list needs, without the tables."""
        return self._read({})

    @cached_property
    def dataset(self) -> Dataset:
        """The tables, mapped into memory, and their graph."""
        import polars as pl

        from matchmaker.dataset import Dataset
        from matchmaker.domain import Domain
        from matchmaker.schema import TABLES

        tables: dict[str, Any] = {name: pl.read_ipc(self.folder / f"{name}.arrow") for name in TABLES}
        problems = tuple(Problem(**each) for each in self.note["problems"])
        return Dataset(Domain.read(self.domain), **tables, problems=problems)

    def recommender(self) -> Recommender:
        """A recommender that need not fit anything for all that is known."""
        from matchmaker.recommender import Recommender

        dataset = self.dataset
        links = {"dataset": dataset} | {name: getattr(dataset, name) for name in ("interests", "sectors", "regions")}
        found = self._read(links)
        vars(dataset)["graph"] = found["graph"]
        return Recommender.of_fitted(dataset, found["blend"])

    def _read(self, links: Mapping[str, Any]) -> dict[str, Any]:
        reader = Reader(self.folder, self.note["objects"], _kinds(), links)
        found: dict[str, Any] = reader.value(self.note["root"])
        return found


def _kinds() -> dict[str, type[Any]]:
    """The classes that an index may hold."""
    from matchmaker.blend import Blend
    from matchmaker.graph import ContextGraph
    from matchmaker.scorers import SCORERS
    from matchmaker.scorers.base import Factors, Scale
    from matchmaker.space import TermSpace
    from matchmaker.sparse import Step

    kinds: Iterable[Any] = (Blend, ContextGraph, Factors, Scale, Step, TermSpace, Texts, *SCORERS.values())
    return {kind.__name__: kind for kind in kinds}


def _write(folder: Path, dataset: Dataset, blend: Blend) -> dict[str, Node]:
    """Write tables and arrays; what remains is for `index.json`."""
    from matchmaker.schema import TABLES

    for name in TABLES:
        getattr(dataset, name).write_ipc(folder / f"{name}.arrow", compression="uncompressed")
    dataset.graph.lay_out()
    links = {id(dataset): "dataset"}
    links |= {id(getattr(dataset, name)): name for name in ("interests", "sectors", "regions")}
    writer = Writer(links)
    titles = [dataset.organization(row).title for row in range(len(dataset))]
    root = writer.node(
        {
            "blend": blend,
            "graph": dataset.graph,
            "ids": Texts.of(dataset.ids),
            "titles": Texts.of(titles),
            "side": dataset.side,
            "conveners": dataset.conveners,
        }
    )
    writer.write(folder)
    problems = [asdict(problem) for problem in dataset.problems]
    return {"root": root, "objects": writer.objects, "sides": dataset.domain.sides is not None, "problems": problems}


def _sources(domain: Path) -> dict[str, list[Any]]:
    """What a domain is made of: for each file its size, when it was changed, and a digest of its content."""
    return {name: [*_state(path), _digest(path)] for name, path in _files(domain).items()}


def _files(domain: Path) -> dict[str, Path]:
    found = [path for folder in (domain, domain / "data", domain / "features") for path in sorted(folder.glob("*"))]
    return {path.relative_to(domain).as_posix(): path for path in found if path.suffix in READ and path.is_file()}


def _state(path: Path) -> list[int]:
    state = path.stat()
    return [state.st_size, state.st_mtime_ns]


def _digest(path: Path) -> str:
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _changed(domain: Path, known: Mapping[str, list[Any]]) -> list[str]:
    """Files that are not as they were; one that was only touched is read again to tell."""
    files = _files(domain)
    changed = [
        name
        for name in sorted(known.keys() & files.keys())
        if _state(files[name]) != known[name][:2] and [_state(files[name])[0], _digest(files[name])] != known[name][::2]
    ]
    return (
        changed
        + [f"{name} is gone" for name in sorted(known.keys() - files.keys())]
        + [f"{name} is new" for name in sorted(files.keys() - known.keys())]
    )
