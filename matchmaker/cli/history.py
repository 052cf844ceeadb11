"""`matchmaker history`: what was changed in a store, by whom, when, and from where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from matchmaker.cli.answer import Answer, chosen_format, deliver
from matchmaker.cli.options import Count, Output, Talk, spread
from matchmaker.cli.page import Page
from matchmaker.cli.world import opened, store_address
from matchmaker.errors import counted

if TYPE_CHECKING:
    from matchmaker.store import Change

COLUMNS = ["number", "time", "author", "source", "session", "what", "undone_by"]


@spread
def history(output: Output, talk: Talk, n: Count = 20) -> None:
    """List the last changes of the store; `import --undo NUMBER` takes one back."""
    chosen_format(output)
    with opened(store_address(talk)) as store:
        changes = store.history(n)
    deliver(_answer(changes), output, talk)


def _answer(changes: list[Change]) -> Answer:
    records: list[dict[str, Any]] = [_record(change) for change in changes]

    def print_page(page: Page) -> None:
        page.heading("Changes, the latest first")
        rows = [[str(record[name] or "") for name in COLUMNS] for record in records]
        page.table(["#", *COLUMNS[1:-1], "undone by"], rows, numeric=(0,))

    return Answer(COLUMNS, records, records, records, print_page)


def _record(change: Change) -> dict[str, Any]:
    return {
        "number": change.number,
        "time": change.time,
        "author": change.author,
        "source": change.source,
        "session": change.session,
        "what": f"undo of {change.undoes}" if change.undoes else told(change),
        "undone_by": change.undone_by,
    }


def told(change: Change) -> str:
    """What a change did, in words."""
    counts = {"added": change.added, "updated": change.updated, "removed": change.removed}
    return "; ".join(f"{verb} {rows(each)}" for verb, each in counts.items() if each)


def rows(counts: Mapping[str, int]) -> str:
    """`2 organizations, 1 event`."""
    return ", ".join(counted(n, _noun(table)) for table, n in counts.items())


def _noun(table: str) -> str:
    return {"wishes": "wish", "region_ties": "region tie"}.get(table, table.removesuffix("s"))
