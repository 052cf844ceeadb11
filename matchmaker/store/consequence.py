"""What outcomes and decisions mean for ranking: facts that they add, pairs to keep apart, statements to learn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from matchmaker.day import StatedDay, parse_day

if TYPE_CHECKING:
    from matchmaker.ladder import Statement

MEETINGS = ("met", "intention")
AGREEMENTS = ("mou", "contract")
TABLES_OF_FACTS = ("events", "participations", "partnerships")
_PUBLIC = ("https://", "http://")
Tables = Mapping[str, pl.DataFrame]


class Apart(NamedTuple):
    """Two who are not to be proposed to each other, and why; `until` None: for good."""

    left: str
    right: str
    why: str
    until: date | None = None


def with_facts(frames: Tables) -> dict[str, pl.DataFrame]:
    """Tables of texts, and the facts that the outcomes among them add.

    Two who met, or declared an intention, shared a meeting: an event of two, one for each pair and session, however
    many say so. Two who signed an MOU or a contract have a partnership. What names no page on the web is unverified,
    and counts for no more than all unverified facts may (settings.toml, `unverified_cap`). A request, an acceptance, a
    no-show, a refusal, what lies ahead and "one of these" are no facts.
    """
    named = frames["outcomes"].filter(pl.col("right").is_not_null()).sort("outcome_id")
    rows = [row for row in named.iter_rows(named=True) if not _lies_ahead(row["date"])]
    events = {event: row for row in rows if row["outcome"] in MEETINGS for event in [meeting_id(row)]}
    facts = {
        "events": [_event(identifier, row) for identifier, row in events.items()],
        "participations": [_participation(event, row, each) for event, row in events.items() for each in _pair(row)],
        "partnerships": [_partnership(row) for row in rows if row["outcome"] in AGREEMENTS],
    }
    return dict(frames) | {name: _joined(frames[name], facts[name]) for name in TABLES_OF_FACTS}


def meeting_id(row: Mapping[str, Any]) -> str:
    """The identifier of the event at which two met: of one session, else of one day."""
    return ".".join(("met", row["session_id"] or row["date"] or "once", *_pair(row)))


def _lies_ahead(text: str | None) -> bool:
    stated = parse_day(text) if text else None
    return isinstance(stated, StatedDay) and stated.first > date.today()


def _pair(row: Mapping[str, Any]) -> list[str]:
    return sorted((row["left"], row["right"]))


def _verified(row: Mapping[str, Any]) -> str:
    return "yes" if (row["source"] or "").startswith(_PUBLIC) else "no"


def _event(identifier: str, row: Mapping[str, Any]) -> dict[str, Any]:
    stated = {name: row[name] for name in ("date", "source")}
    return {"event_id": identifier, "kind": "docking", "size": "2", "verified": _verified(row), **stated}


def _participation(event: str, row: Mapping[str, Any], organization: str) -> dict[str, Any]:
    return {"event_id": event, "org_id": organization, "verified": _verified(row), "source": row["source"]}


def _partnership(row: Mapping[str, Any]) -> dict[str, Any]:
    stated = {name: row[name] for name in ("left", "right", "date", "source")}
    return {**stated, "kind": row["outcome"], "verified": _verified(row)}


def _joined(frame: pl.DataFrame, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """The rows beside those that are stated; one that is there already is not added."""
    schema = {name: kind for name, kind in frame.schema.items() if not rows or name in rows[0]}
    added = pl.DataFrame(rows, schema=schema).unique(maintain_order=True)
    return pl.concat([frame, added], how="diagonal")


def statements(outcomes: pl.DataFrame, until: date | None = None) -> list[Statement]:
    """Who came to what, of a table of outcomes with values; of days before `until` only, where it is given."""
    from matchmaker.ladder import Statement

    known = outcomes if until is None else outcomes.filter(pl.col("day") < until)
    return [
        Statement(row["left"], tuple([row["right"]] if row["right"] else row["one_of"]), row["outcome"])
        for row in known.iter_rows(named=True)
    ]


def apart(tables: Tables, day: date, cool_down: int) -> list[Apart]:
    """Who is not to be proposed to whom on a day: who declined within so many days, who is vetoed, and partners.

    `tables` are decisions, outcomes and partnerships, with values.
    """
    return sorted({*_declined(tables, day, cool_down), *_vetoed(tables), *_partners(tables, day)}, key=str)


def _declined(tables: Tables, day: date, cool_down: int) -> Iterator[Apart]:
    """A refusal without a day holds for good."""
    for row in (
        tables["outcomes"].filter(pl.col("outcome") == "declined", pl.col("right").is_not_null()).iter_rows(named=True)
    ):
        until = None if row["day"] is None else row["day"] + timedelta(days=cool_down)
        if until is None or row["day"] <= day < until:
            yield Apart(row["left"], row["right"], "declined", until)


def _vetoed(tables: Tables) -> Iterator[Apart]:
    for row in tables["decisions"].filter(pl.col("decision") == "veto").iter_rows(named=True):
        yield Apart(row["left"], row["right"], "vetoed")


def _partners(tables: Tables, day: date) -> Iterator[Apart]:
    agreed = tables["outcomes"].filter(pl.col("outcome").is_in(AGREEMENTS), pl.col("right").is_not_null())
    for frame in (tables["partnerships"], agreed):
        for row in frame.select("left", "right", "day").iter_rows(named=True):
            if row["day"] is None or row["day"] <= day:
                yield Apart(row["left"], row["right"], "a partner already")
