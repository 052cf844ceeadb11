"""The commands by name, each read only when it is called, and the help pages that show them."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from importlib import import_module
from keyword import iskeyword
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from matchmaker.cli.complain import nearest
from matchmaker.errors import Problem, UsageError, quoted

START = """\
Find likely partners across a border, with reasons.

  matchmaker demo                      see everything on the embedded data
  matchmaker match GenNBio             likely partners of an organization
  matchmaker explain GenNBio Hengrui   why two match, or do not

  Look    match  pairs  everyone  explain  advise  show  network
  Data    import  check  mentions  template  export  feedback  history  forget  index
  Meet    roster  regions  plan
  Measure compare  fit
  Start   demo

Each command tells its options with -h. All of them take
  --domain FOLDER  --store URL  --quiet  --verbose  --debug
Here: --version  --install-completion  --show-completion
Exit codes: 0 done, 1 errors in the data, 2 wrong use, 3 the store is busy or out of reach, 130 interrupted
"""


class Entry(NamedTuple):
    """A command: what it does, in a line, and a line that runs."""

    summary: str
    example: str


COMMANDS = {
    "match": Entry("Likely partners of one organization.", "matchmaker match GenNBio --as-of 2019-12-22"),
    "pairs": Entry("The best pairs over both sides of the border.", "matchmaker pairs -n 10 --exclude-met"),
    "everyone": Entry(
        "The likeliest partners of every organization, in one file.", "matchmaker everyone -n 10 -o lists.parquet"
    ),
    "explain": Entry("Why two organizations match, or do not.", 'matchmaker explain GenNBio "Xeno Life Science"'),
    "show": Entry("All that is recorded of one organization.", "matchmaker show GenNBio"),
    "network": Entry("A picture of an organization's neighborhood.", "matchmaker network GenNBio -o network.svg"),
    "plan": Entry("Who meets whom at a session, when and where.", "matchmaker plan --slots 8 --tables 10 --each 4"),
    "advise": Entry("What a profile may have left unsaid.", "matchmaker advise GenNBio --toward Tongrentang"),
    "roster": Entry("Who should come: a delegation.", "matchmaker roster --size 7 --quota region:cn-beijing=1"),
    "regions": Entry("Where a delegation should go.", 'matchmaker regions --delegation "Hengrui; Luye"'),
    "compare": Entry(
        "Which scorer would have found what came later.",
        "matchmaker compare --split 2019 --queries 100 --null-queries 0",
    ),
    "fit": Entry("Learn the weights of the blend.", "matchmaker fit --until 2019 --tune 2017"),
    "index": Entry("Keep a fitted blend beside a domain's data.", "matchmaker index --domain my-domain"),
    "mentions": Entry(
        "Who met whom, according to news articles, for a person to accept.",
        'matchmaker mentions --text "Celltrion and Seoul Bio Hub signed an MOU on 28 May 2024."',
    ),
    "check": Entry("Read files or a domain and list everything wrong with them.", "matchmaker check"),
    "import": Entry(
        "Bring files into a store, in one change that can be undone.",
        "matchmaker import participants.csv --store sqlite:///store.db",
    ),
    "export": Entry("All tables as files, or in another store.", "matchmaker export --to tables.xlsx"),
    "feedback": Entry(
        "What came of meetings, into the store.", "matchmaker feedback export --store sqlite:///store.db"
    ),
    "history": Entry("What was changed in a store, by whom and when.", "matchmaker history --store sqlite:///store.db"),
    "forget": Entry("Erase an organization or a person for good.", "matchmaker forget acme --store sqlite:///store.db"),
    "template": Entry("A workbook for people to list participants in.", "matchmaker template -o participants.xlsx"),
    "demo": Entry("A walk through all of this, in a minute.", "matchmaker demo"),
}


class Command(TyperCommand):
    """A command whose help opens with a line that runs, and whose plain options need no pydantic."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the options."""
        _read_plainly(self.get_params(ctx))
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the example, then what Typer writes."""
        formatter.write(f"  {COMMANDS[self.name or ''].example}\n\n")
        super().format_help(ctx, formatter)


class Group(TyperGroup):
    """The commands of `COMMANDS`, and the page that shows them."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _Commands()

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the options that come before the command."""
        _read_plainly(self.get_params(ctx))
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names, without reading them."""
        return list(COMMANDS)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command, or say which one is nearest."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            raise UsageError(
                Problem("MM-CLI-001", f"there is no command {quoted(args[0])}", nearest(args[0], list(COMMANDS)))
            )
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the start page."""
        formatter.write(START)


class _Commands(MutableMapping[str, Any]):
    """The commands by name; a module is imported when its command is asked for."""

    def __init__(self) -> None:
        self._read: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in COMMANDS:
            raise KeyError(name)
        if name not in self._read:
            home = f"{name}_" if iskeyword(name) else name
            function = getattr(import_module(f"matchmaker.cli.{home}"), home)
            single = typer.Typer(add_completion=False, rich_markup_mode=None)
            single.command(name, cls=Command, short_help=COMMANDS[name].summary)(function)
            self._read[name] = typer.main.get_command(single)
        return self._read[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._read[name] = command

    def __delitem__(self, name: str) -> None:
        del self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class _Plain:
    """Reads texts, numbers and flags without pydantic, whose import would cost more than the whole help page."""

    def __init__(self, wanted: Any) -> None:
        self.wanted = wanted

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        if value is None or (isinstance(self.wanted, type) and isinstance(value, self.wanted)):
            return value
        if self.wanted is int:
            try:
                return int(value)
            except ValueError:
                raise UsageError(
                    Problem("MM-CLI-003", f"{param.opts[-1]} {quoted(value)} is no whole number", "such as 10")
                ) from None
        param._runtime_param = None
        return param.get_runtime_param().coerce(value, param=param, ctx=ctx)


def _read_plainly(parameters: Sequence[Any]) -> None:
    for parameter in parameters:
        if getattr(parameter, "type_descriptor", None) is not None:
            parameter._runtime_param = _Plain(parameter.type_descriptor.annotation)
