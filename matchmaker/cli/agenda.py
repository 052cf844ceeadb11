"""The session that `plan` is about, of a file, of the store or of neither, and keeping what is planned of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matchmaker.bundled import bundled
from matchmaker.cli.answer import a_path
from matchmaker.cli.complain import nearest, say
from matchmaker.cli.options import Deciding, Ranking, Talk
from matchmaker.cli.world import apart_of, dataset_of, opened, who
from matchmaker.errors import Problem, UsageError, quoted

if TYPE_CHECKING:
    import polars as pl

    from matchmaker.dataset import Dataset
    from matchmaker.session.plan import Plan
    from matchmaker.session.session import Session, Veto


@dataclass(frozen=True)
class Agenda:
    """A session, the description that it was made from, and what the store holds of it (None: there is no store)."""

    session: Session
    stated: Mapping[str, Any]
    tables: Mapping[str, pl.DataFrame] | None

    @property
    def earlier(self) -> Plan | None:
        """What the store holds as planned."""
        from matchmaker.session.archive import earlier_plan

        return None if self.tables is None else earlier_plan(self.tables, self.session.id)


def agenda_of(name: str | None, options: Mapping[str, Any], deciding: Deciding, ranking: Ranking, talk: Talk) -> Agenda:
    """The session that is named, with what the options say of it.

    Raises:
        UsageError: there is no such session, or no such organization.
        DataError: it cannot be.
    """
    from matchmaker.session.archive import with_slots
    from matchmaker.session.description import overlaid, session_of

    dataset, tables = dataset_of(talk), _stored(name, talk)
    path = None if name is None else _file(name, talk)
    title = path.stem if path else name or "session"
    stated = overlaid(_described(name, path, tables, dataset), options)
    if path is not None and tables is not None:
        _decided_before(stated, tables, title, dataset)
    _decide(stated, deciding, dataset, who(deciding.author) if tables is not None else "")
    session = session_of(stated, dataset, title)
    if path is None and tables is not None:
        session = replace(with_slots(session, tables), id=title)
    session = replace(session, vetoes=(*session.vetoes, *_declined(session, ranking, talk)))
    return Agenda(session, stated, tables)


def _stored(name: str | None, talk: Talk) -> dict[str, pl.DataFrame] | None:
    """What the store holds of sessions, decisions with their authors."""
    from matchmaker.session.archive import TABLES

    if name is None or talk.store is None:
        return None
    with opened(talk.store) as store:
        return store.tables(*TABLES) | {"decisions": store.stated("decisions")}


def _file(name: str, talk: Talk) -> Path | None:
    """The file of a session: one of the name, or one that travels with the domain."""
    folder = bundled("data") if talk.domain is None else Path(talk.domain) / "data"
    path, known = Path(a_path(name)), folder / "sessions" / f"{name}.toml"
    if path.is_file() or talk.store is None:
        return known if known.is_file() and not path.is_file() else path
    return known if known.is_file() else None


def _described(
    name: str | None, path: Path | None, tables: Mapping[str, pl.DataFrame] | None, dataset: Dataset
) -> dict[str, Any]:
    from matchmaker.session.archive import described
    from matchmaker.session.description import read_description

    if path is not None:
        return read_description(path)
    if name is None or tables is None:
        return {}
    known = tables["sessions"]["session_id"].to_list()
    if name not in known:
        fix = nearest(name, known) if known else f"bring it into the store: matchmaker import FILE --session {name}"
        raise UsageError(
            Problem("MM-USE-027", f"there is no session {quoted(name)}, in no file and not in the store", fix)
        )
    return described(tables, name, dataset)


def _decided_before(stated: dict[str, Any], tables: Mapping[str, pl.DataFrame], name: str, dataset: Dataset) -> None:
    """Add the decisions and wishes of the store to a session of a file; of a pair, the decision of the store holds."""
    from matchmaker.names import resolve
    from matchmaker.session.archive import decided

    def pair(each: Mapping[str, Any]) -> set[str]:
        return {dataset.ids[resolve(dataset, each.get(side, ""))] for side in ("left", "right")}

    stored = decided(tables, name, set(dataset.ids))
    pairs = [{each["left"], each["right"]} for word in ("pin", "veto") for each in stored[word]]
    for word in ("pin", "veto"):
        stated[word] = [*(each for each in stated.get(word, ()) if pair(each) not in pairs), *stored[word]]
    stated["wish"] = [*stated.get("wish", ()), *stored["wish"]]


def _decide(stated: dict[str, Any], deciding: Deciding, dataset: Dataset, author: str) -> None:
    """Add what the options decide to what is stated; of a pair the latest decision holds."""
    new = {word: list(_decisions(getattr(deciding, word) or (), deciding, dataset, author)) for word in ("pin", "veto")}
    pairs = [{each["left"], each["right"]} for listed in new.values() for each in listed]
    for word, listed in new.items():
        kept = [each for each in stated.get(word, ()) if {each.get("left"), each.get("right")} not in pairs]
        stated[word] = [each | {"who": each.get("who") or author} for each in kept] + listed
    wishes = [_named(text, dataset, 2) for text in deciding.wish or ()]
    stated["wish"] = [*stated.get("wish", ()), *({"who": seeker, "whom": wanted} for seeker, wanted in wishes)]


def _decisions(texts: Any, deciding: Deciding, dataset: Dataset, author: str) -> Iterator[dict[str, Any]]:
    for text in texts:
        left, right, *time = _named(text, dataset, 3)
        stated = {"who": author, "when": date.today().isoformat(), "why": deciding.why or ""}
        yield {"left": left, "right": right, **stated, **({"time": time[0]} if time else {})}


def _named(text: str, dataset: Dataset, most: int) -> list[str]:
    """Two organizations by their identifiers, and what may stand behind them.

    Raises:
        UsageError: not two, or unknown ones.
    """
    from matchmaker.names import resolve

    parts = [part.strip() for part in text.split(";") if part.strip()]
    if not 2 <= len(parts) <= most:
        raise UsageError(
            Problem("MM-CLI-003", f"{quoted(text)} does not name two organizations", 'write "Luye; GenNBio"')
        )
    return [*(dataset.ids[resolve(dataset, part)] for part in parts[:2]), *parts[2:]]


def _declined(session: Session, ranking: Ranking, talk: Talk) -> Iterator[Veto]:
    """Who has lately declined whom does not meet, unless people decided otherwise."""
    from matchmaker.session.session import Veto

    left, right = ({party.id for party in delegation.parties} for delegation in session.delegations)
    decided = {(each[0], each[1]) for each in (*session.pins, *session.vetoes)}
    for one, other, why, until in apart_of(talk, ranking):
        for pair in ((one, other), (other, one)):
            if why == "declined" and pair[0] in left and pair[1] in right and pair not in decided:
                decided.add(pair)
                yield Veto(*pair, why=f"declined, not again before {until}" if until else "declined")


def keep(agenda: Agenda, plan: Plan, deciding: Deciding, talk: Talk) -> None:
    """Save the plan, the pins, vetoes and wishes in the store, in one change."""
    from matchmaker.session.archive import rows_of

    if agenda.tables is None or talk.store is None or deciding.dry_run:
        return
    rows = rows_of(agenda.session, plan, dict(agenda.stated), agenda.tables)
    with opened(talk.store) as store:
        change = store.put(
            {name: frame for name, frame in rows.items() if frame.height},
            author=who(deciding.author),
            source="plan",
            session=agenda.session.id,
        )
    if not talk.quiet:
        say(f"saved in the store; undo: matchmaker import --undo {change.number}" if change.number else "saved already")
