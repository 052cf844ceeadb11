"""What the shell offers when the tab key is pressed: names of organizations, formats, scorers."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from matchmaker.bundled import bundled
from matchmaker.writing import FORMATS

MOST_OFFERED = 200
SCORERS = (
    "blend",
    "interests",
    "complementarity",
    "sectors",
    "regions",
    "text",
    "topic_walk",
    "contexts",
    "walk",
    "two_step",
    "walk_corrected",
    "katz",
    "bridge",
    "sector_counterparts",
    "country_counterparts",
    "reach",
    "local_reach",
    "popularity",
)  # a test holds that these are the registry's: to import it would take ten times as long as all the rest


def known_formats(incomplete: str) -> list[str]:
    """Formats that start as typed."""
    return [name for name in ("auto", *FORMATS) if name.startswith(incomplete)]


def known_scorers(incomplete: str) -> list[str]:
    """Scorers that start as typed."""
    return [name for name in SCORERS if name.startswith(incomplete)]


def organization_names(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Identifiers and names, in any language, that start as typed; reads one table and nothing else."""
    domain = ctx.params.get("domain")
    try:
        path = (Path(domain) / "data" if domain else bundled("data")) / "organizations.csv"
        with path.open(encoding="utf-8-sig", newline="") as file:
            found = dict(_names(csv.DictReader(file), incomplete))
    except (OSError, ValueError, csv.Error):
        return []
    return sorted(found.items())[:MOST_OFFERED]


def _names(records: Iterator[Mapping[str, Any]] | csv.DictReader[str], typed: str) -> Iterator[tuple[str, str]]:
    for record in records:
        names = [value for key, value in record.items() if value and str(key).startswith("name")]
        title = " · ".join(dict.fromkeys(names))
        for name in map(str.strip, (record.get("org_id") or "", *names, *(record.get("aliases") or "").split(";"))):
            if name.casefold().startswith(typed.casefold()) and name.isprintable():
                yield typed + _for_shell(name[len(typed) :]), title
                break


def _for_shell(rest: str) -> str:
    """Bash takes what it is given word by word; the other shells quote for themselves."""
    in_bash = os.environ.get("_MATCHMAKER_COMPLETE", "").endswith("bash")
    if not in_bash:
        return rest
    return "".join("\\" + c if c in " \t'\"\\()&;|<>$`*?#!" else c for c in rest)
