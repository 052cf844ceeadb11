"""Every option of the command line, once: its name, its help, and the groups that commands share."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, fields, is_dataclass
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

import typer

from matchmaker.cli.completion import known_formats, known_scorers, organization_names

EVERYWHERE = ("--domain", "--store", "--quiet", "-q", "--verbose", "-v", "--debug")
Answer = TypeVar("Answer")

Organization = Annotated[
    str,
    typer.Argument(
        metavar="ORGANIZATION", help="Identifier, name in any language, or alias.", autocompletion=organization_names
    ),
]
MaybeOrganization = Annotated[
    str | None,
    typer.Argument(
        metavar="ORGANIZATION",
        help="Identifier, name in any language, or alias; left out with --profile.",
        autocompletion=organization_names,
        show_default=False,
    ),
]
Folder = Annotated[
    str | None,
    typer.Argument(
        metavar="FOLDER",
        help="Folder of a domain: it holds data/ and features/; left out, the embedded one.",
        show_default=False,
    ),
]
Count = Annotated[int, typer.Option("-n", "--number", metavar="N", help="How many to show.")]
Profile = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="FILE|-|TEXT",
        help="An organization that is not in the data: JSON or TOML in a file, - for stdin, or one line of text.",
    ),
]
Threads = Annotated[int, typer.Option("--threads", metavar="N", help="To work in, 1 or more.")]
SideOfProfile = Annotated[
    str | None, typer.Option("--side", metavar="COUNTRY", help="The profile's side of the border, such as CN or KR.")
]
Author = Annotated[
    str | None,
    typer.Option(
        "--author", metavar="NAME", envvar="MATCHMAKER_AUTHOR", help="Who says so; left out, who is logged in."
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DAY", help="Use only what was known on that day: 2024-07-28, 2024-07 or 2024."),
]


@dataclass(frozen=True)
class Reading:
    """How to read the tables of a domain that are not as docs/format.md has them."""

    encoding: Annotated[
        str | None, typer.Option("--encoding", metavar="NAME", help="Encoding of the tables, such as cp949 or gb18030.")
    ] = None
    date_format: Annotated[
        str | None, typer.Option("--date-format", metavar="FORM", help="Form of the dates, such as %d/%m/%Y.")
    ] = None
    decimal: Annotated[
        str | None, typer.Option("--decimal", metavar="MARK", help="Decimal mark, . or , (the other one is skipped).")
    ] = None
    skip_rows: Annotated[
        int,
        typer.Option("--skip-rows", metavar="N", help="Lines above the header, in tables that do not begin with it."),
    ] = 0
    allow_unknown: Annotated[
        bool, typer.Option("--allow-unknown", help="Rows of organizations or events that are not listed only warn.")
    ] = False
    allow_extra: Annotated[bool, typer.Option("--allow-extra", help="Do not warn of columns without use.")] = False
    max_rows: Annotated[
        int, typer.Option("--max-rows", metavar="N", help="Most rows of a table.", show_default="20 million")
    ] = 20_000_000
    max_tags: Annotated[int, typer.Option("--max-tags", metavar="N", help="Most terms in one cell.")] = 1_000


@dataclass(frozen=True)
class Talk(Reading):
    """Where the data are, how to read them, and how much to say about it."""

    domain: Annotated[
        str | None,
        typer.Option(
            "--domain", metavar="FOLDER", help="Another domain than the embedded one; read as `check -h` tells."
        ),
    ] = None
    store: Annotated[
        str | None,
        typer.Option(
            "--store",
            metavar="URL",
            envvar="MATCHMAKER_STORE",
            show_envvar=True,
            help="Data from a store: sqlite:///FILE or postgresql://…; terms are those of --domain.",
        ),
    ] = None
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only errors on stderr.")] = False
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say what is being read and done.")] = False
    debug: Annotated[bool, typer.Option("--debug", help="Show the trace of an error.")] = False


@dataclass(frozen=True)
class Files:
    """What to read of files that people send."""

    sheet: Annotated[str | None, typer.Option("--sheet", metavar="NAME", help="The sheet of a workbook to read.")] = (
        None
    )
    table: Annotated[
        str | None,
        typer.Option("--table", metavar="TABLE", help="Which table it is: organizations, events, participations …"),
    ] = None
    country: Annotated[
        str | None,
        typer.Option("--country", metavar="CODE", help="Country of organizations of which nothing tells it."),
    ] = None
    max_memory: Annotated[
        str, typer.Option("--max-memory", metavar="SIZE", help="Most memory that a parser may take, such as 3G.")
    ] = "1G"


@dataclass(frozen=True)
class Filters:
    """Which candidates to rank."""

    region: Annotated[
        str | None, typer.Option("--region", metavar="REGION", help="Only there or below: Shandong, 山东, 산둥성.")
    ] = None
    sector: Annotated[str | None, typer.Option("--sector", metavar="SECTOR", help="Only this sector or kind.")] = None
    kind: Annotated[
        str | None, typer.Option("--kind", metavar="KIND", help="Only this kind: company, hospital, university, park …")
    ] = None
    exclude_met: Annotated[
        bool, typer.Option("--exclude-met", help="Leave out who has already met at an event or in an agreement.")
    ] = False
    conveners: Annotated[
        bool, typer.Option("--conveners", help="Rank conveners, too: associations, missions, exhibitions, media.")
    ] = False


@dataclass(frozen=True)
class Ranking:
    """What decides the order."""

    as_of: AsOf = None
    scorer: Annotated[
        str,
        typer.Option("--scorer", metavar="NAME", help="blend, or one scorer by name.", autocompletion=known_scorers),
    ] = "blend"
    weights: Annotated[
        str | None, typer.Option("--weights", metavar="FILE", help="TOML with other [weights] for the blend.")
    ] = None


@dataclass(frozen=True)
class Learning:
    """What is a new pair, between whom, and how many of them to look at."""

    tune: Annotated[
        str | None,
        typer.Option("--tune", metavar="DAY", help="First day of the last period before the split, to learn from."),
    ] = None
    sides: Annotated[
        str | None, typer.Option("--sides", metavar="A,B", help="Two countries, or none; left out, the domain's own.")
    ] = None
    positives: Annotated[
        str | None,
        typer.Option("--positives", metavar="KIND", help="partnerships, events, or one kind of event."),
    ] = None
    candidates: Annotated[
        str,
        typer.Option(
            "--candidates", metavar="WHO", help="known: in an event before; all; auto: all where profiles are stated."
        ),
    ] = "auto"
    queries: Annotated[int, typer.Option("--queries", metavar="N", help="Most seekers to judge; 0: all.")] = 2000
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Of queries, ties and null worlds.")] = 0


@dataclass(frozen=True)
class Sitting:
    """Who sits down with whom, when and how often; each counts more than what the file of the session says."""

    left: Annotated[
        str | None,
        typer.Option("--left", metavar="FILE|NAMES", help="One delegation: a line each, or names with ; between."),
    ] = None
    right: Annotated[str | None, typer.Option("--right", metavar="FILE|NAMES", help="The other delegation.")] = None
    day: Annotated[str | None, typer.Option("--day", metavar="DAY", help="Of the session: 2026-12-01.")] = None
    start: Annotated[str | None, typer.Option("--start", metavar="TIME", help="Of the first slot: 09:00.")] = None
    slots: Annotated[int | None, typer.Option("--slots", metavar="N", help="One after the other.")] = None
    minutes: Annotated[int | None, typer.Option("--minutes", metavar="N", help="Of a meeting.")] = None
    tables: Annotated[int | None, typer.Option("--tables", metavar="N", help="Meetings at the same time.")] = None
    each: Annotated[int | None, typer.Option("--each", metavar="N", help="Most meetings of an organization.")] = None
    meetings: Annotated[int | None, typer.Option("--meetings", metavar="N", help="Most meetings in all.")] = None
    expected_meetings: Annotated[
        float | None,
        typer.Option("--expect", metavar="N", help="Mutual interests that you expect: probabilities add up to it."),
    ] = None
    again: Annotated[bool, typer.Option("--again", help="Plan meetings of those who have met before, too.")] = False


@dataclass(frozen=True)
class Deciding:
    """What people decide and wish, whatever the scores say; with a store it is kept there."""

    pin: Annotated[
        list[str] | None,
        typer.Option("--pin", metavar='"A; B"', help='A meeting that must be; "A; B; 09:30" at that time. Repeatable.'),
    ] = None
    veto: Annotated[
        list[str] | None,
        typer.Option("--veto", metavar='"A; B"', help="A meeting that must not be. Repeatable."),
    ] = None
    wish: Annotated[
        list[str] | None,
        typer.Option("--wish", metavar='"A; B"', help="A says that it wants to meet B. Repeatable."),
    ] = None
    why: Annotated[str | None, typer.Option("--why", metavar="TEXT", help="The reason of these pins and vetoes.")] = (
        None
    )
    author: Author = None
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Save nothing in the store.")] = False


@dataclass(frozen=True)
class Output:
    """In which form, and where to."""

    format: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="auto, table, csv, json, jsonl, md or parquet; auto is a table on a terminal, CSV in a pipe.",
            autocompletion=known_formats,
        ),
    ] = "auto"
    file: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write to FILE; its ending gives the format."),
    ] = None


def spread(function: Callable[..., Answer]) -> Callable[..., Answer]:
    """Let a command take its options in groups: each dataclass parameter becomes one option per field.

    Every command can be told how to read its tables; only the help of `check` lists how.
    """
    own, groups = [], {}
    hints = get_type_hints(function, include_extras=True)
    for parameter in inspect.signature(function).parameters.values():
        if is_dataclass(hints[parameter.name]):
            groups[parameter.name] = hints[parameter.name]
        else:
            own.append(parameter.replace(kind=parameter.KEYWORD_ONLY, annotation=hints[parameter.name]))
    options = own + [option for group in groups.values() for option in _options(group, function.__name__.rstrip("_"))]

    @functools.wraps(function)
    def command(**given: Any) -> Answer:
        for name, group in groups.items():
            given[name] = group(**{field.name: given.pop(field.name) for field in fields(group)})
        return function(**given)

    del command.__wrapped__
    command.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]  # what Typer reads
    command.__annotations__ = {option.name: option.annotation for option in options}
    return command


def _options(group: type, command: str) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for field in () if command in ("check", "import") else fields(Reading):
        if field.name in hints:
            hints[field.name] = _hidden(hints[field.name])
    keyword = inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter(field.name, keyword, default=field.default, annotation=hints[field.name])
        for field in fields(group)
    ]


def _hidden(hint: Any) -> Any:
    plain, option = get_args(hint)
    option = copy(option)
    option.hidden = True
    return Annotated[plain, option]
