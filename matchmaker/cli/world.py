"""Open what the options name: the domain, the recommender, a day, a profile."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import fields, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from matchmaker.bundled import bundled
from matchmaker.cli.answer import a_path
from matchmaker.cli.complain import nearest, say, warn
from matchmaker.cli.options import Ranking, Reading, Talk
from matchmaker.cli.quick import import_scipy, spare_threads
from matchmaker.errors import MatchmakerError, Problem, UsageError, quoted

if TYPE_CHECKING:
    from matchmaker.dataset import Dataset, Organization
    from matchmaker.index import Index
    from matchmaker.recommender import Recommender
    from matchmaker.store import Store
    from matchmaker.store.consequence import Apart
    from matchmaker.tables import ReadOptions


def dataset_of(talk: Talk) -> Dataset:
    """Read the domain, once; its warnings are printed then."""
    known = _read.cache_info().misses
    folder = None if talk.domain is None else a_path(talk.domain)
    dataset = _read(folder, talk.store, read_options(talk), _last_change(talk.store))
    if _read.cache_info().misses > known:
        if not talk.quiet:
            folder = None if talk.store else talk.domain
            _, stale = _index(folder, read_options(talk))
            warn([*stale, *(problem for problem in dataset.problems if problem.warning)], folder)
        if talk.verbose:
            place = "the store" if talk.store else talk.domain or "the embedded data"
            say(f"read {len(dataset)} organizations from {place}")
    return dataset


def _last_change(address: str | None) -> str | None:
    """What makes the store another one than it was when it was read; None: there is no store."""
    if address is None:
        return None
    with opened(address) as store:
        return next((change.time for change in store.history(1)), None)


@lru_cache(maxsize=4)
def _read(folder: str | None, store: str | None, options: ReadOptions, _changed: str | None) -> Dataset:
    if store is not None:
        return _read_store(folder, store, options)
    spare_threads(bundled("data") if folder is None else Path(folder))
    from matchmaker.dataset import Dataset

    index, _ = _index(folder, options)
    return index.dataset if index else Dataset.read(folder, options)


@lru_cache(maxsize=4)
def _index(folder: str | None, options: ReadOptions) -> tuple[Index | None, list[Problem]]:
    """The index of the domain, if there is one that can be used, and warnings of one that cannot."""
    if folder is None or not (Path(folder) / "index").is_dir():
        return None, []
    from matchmaker.index import Index
    from matchmaker.tables import ReadOptions

    if options != ReadOptions():
        return None, []
    try:
        return Index.open(folder), []
    except MatchmakerError as error:
        return None, [replace(problem, warning=True) for problem in error.problems]


def _read_store(folder: str | None, address: str, options: ReadOptions) -> Dataset:
    """The tables of a store, with the terms of a domain; the store is closed before anything is ranked."""
    from matchmaker.domain import Domain

    with opened(address) as store:
        return store.dataset(Domain.read(folder), options)


def same_data(talk: Talk) -> str:
    """The options by which a command that is proposed reads the same data; an address may hold a password: `…`."""
    said = "" if talk.domain is None else f" --domain {shlex.quote(talk.domain)}"
    if talk.store is None or talk.store == os.environ.get("MATCHMAKER_STORE"):
        return said
    return f"{said} --store {shlex.quote(talk.store) if talk.store.startswith('sqlite:') else '…'}"


def store_address(talk: Talk) -> str:
    """The address of the store.

    Raises:
        UsageError: none is named.
    """
    if talk.store is None:
        fix = "give --store sqlite:///FILE or --store postgresql://…, or set MATCHMAKER_STORE"
        raise UsageError(Problem("MM-CLI-004", "no store is named", fix))
    return talk.store


def opened(address: str, *, create: bool = False) -> Store:
    """The store at an address."""
    from matchmaker.store import Store

    return Store.open(address, create=create)


def who(author: str | None) -> str:
    """The author of a change: the one named, else who is logged in."""
    import getpass

    try:
        return author or getpass.getuser()
    except (OSError, KeyError, ImportError):  # a process that runs for nobody
        return "unknown"


def read_options(talk: Talk) -> ReadOptions:
    """How to read the tables."""
    from matchmaker.tables import ReadOptions

    return ReadOptions(**{field.name: getattr(talk, field.name) for field in fields(Reading)})


def recommender_of(talk: Talk, ranking: Ranking) -> Recommender:
    """A recommender with the scorer and the weights that were asked for."""
    import_scipy()
    from matchmaker.domain import read_weights
    from matchmaker.recommender import Recommender
    from matchmaker.scorers import SCORERS

    known = ["blend", *SCORERS]
    if ranking.scorer not in known:
        raise UsageError(
            Problem("MM-CLI-003", f"no scorer is called {quoted(ranking.scorer)}", nearest(ranking.scorer, known))
        )
    weights = None if ranking.weights is None else read_weights(a_path(ranking.weights))
    dataset = dataset_of(talk)
    index, _ = _index(None if talk.store else talk.domain, read_options(talk))
    if index and ranking.scorer == "blend" and weights == index.note["weights"]:
        return index.recommender()
    return Recommender(dataset, ranking.scorer, weights, apart=[each[:2] for each in apart_of(talk, ranking)])


def apart_of(talk: Talk, ranking: Ranking) -> list[Apart]:
    """Whom the store says not to propose to whom, on the day that is asked about."""
    if talk.store is None:
        return []
    cool_down = int(dataset_of(talk).domain.settings["store"]["cool_down_days"])
    with opened(talk.store) as store:
        return store.apart(day_of(ranking.as_of) or date.today(), cool_down)


def seeker_of(
    dataset: Dataset, organization: str | None, profile: str | None, side: str | None, talk: Talk
) -> Organization:
    """The organization that is asked about: one of the data, or a profile.

    Raises:
        UsageError: both or neither are given, or there is no such organization.
    """
    if (organization is None) == (profile is None):
        raise UsageError(Problem("MM-CLI-005", "name one organization, or describe it with --profile", "see --help"))
    if organization is not None:
        return organization_of(dataset, organization, talk)
    return _described(dataset, str(profile), side, talk)


def organization_of(dataset: Dataset, text: str, talk: Talk) -> Organization:
    """The organization that `text` names; a spelling that is only near is said aloud."""
    from matchmaker.names import lookup

    found = lookup(dataset, text)
    organization = dataset.organization(found.row)
    if talk.verbose or (found.how not in ("identifier", "name") and not talk.quiet):
        say(f"{text} is {organization.id} by its {found.how}")
    return organization


def _described(dataset: Dataset, source: str, side: str | None, talk: Talk) -> Organization:
    from matchmaker.profile import read_profile

    if source == "-" and sys.stdin.isatty():
        raise UsageError(Problem("MM-CLI-005", "--profile - reads stdin, which is a terminal", "pipe a file into it"))
    profile = read_profile(a_path(source), dataset, _side(dataset, side))
    for note in () if talk.quiet else profile.notes:
        say(note)
    return profile.organization


def side_of(dataset: Dataset, side: str | None) -> int:
    """Which side of the domain is meant, 0 or 1; the left one, where nothing is said.

    Raises:
        UsageError: the domain has no sides, or none of this name.
    """
    if dataset.domain.sides is None:
        raise UsageError(Problem("MM-CLI-014", "this domain has no two sides", "name them in features/domain.toml"))
    country = _side(dataset, side)
    return int(country is not None and country == dataset.domain.sides[1].country)


def _side(dataset: Dataset, side: str | None) -> str | None:
    if side is None or dataset.domain.sides is None:
        return side
    from matchmaker.profile import side_country

    country = side_country(side, dataset)
    if country is None:
        countries = [each.country for each in dataset.domain.sides]
        raise UsageError(Problem("MM-CLI-003", f"--side has no value {quoted(side)}", nearest(side, countries)))
    return country


def day_of(text: str | None) -> date | None:
    """The day that `--as-of` means: the last of a month or a year, where no more is said.

    Raises:
        UsageError: it means no day.
    """
    if text is None:
        return None
    from matchmaker.day import StatedDay, parse_day

    stated = parse_day(text)
    if isinstance(stated, StatedDay):
        return stated.last
    raise UsageError(Problem("MM-CLI-012", f"--as-of: {stated.message}", "write 2024-07-28, 2024-07 or 2024"))
