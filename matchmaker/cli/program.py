"""The program `matchmaker`: run one command, and say in lines what happens when it fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from matchmaker.cli.commands import COMMANDS, START, Group
from matchmaker.cli.complain import complain, internal_problem, say, usage_problem, without_password
from matchmaker.cli.options import EVERYWHERE
from matchmaker.errors import MatchmakerError, Problem

app = typer.Typer(
    name="matchmaker",
    cls=Group,
    invoke_without_command=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", "-V", help="Print the version and stop.")] = False,
) -> None:
    """Find likely partners across a border, with reasons."""
    if version:
        from matchmaker import __version__

        typer.echo(f"matchmaker {__version__}")
    elif context.invoked_subcommand is None:
        typer.echo(START, nl=False)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; whatever happens is said in a line, never in a trace."""
    try:
        return _invoke(_options_after_the_command(list(arguments)))
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else 1
    except BaseException as error:  # noqa: BLE001  # Polars panics with a BaseException
        if "--debug" in arguments:
            _show_trace()
        return _say_what_happened(error)


def _say_what_happened(error: BaseException) -> int:
    """Print an error in its lines and return the exit code that it stands for."""
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        say("interrupted")
        return 130
    if isinstance(error, MatchmakerError):
        complain(error.problems)
        return error.exit_code
    if isinstance(error, OSError):
        complain([Problem("MM-CLI-010", f"the output could not be written: {error.strerror}", "choose another place")])
        return 1
    if isinstance(error, typer.TyperException):
        complain([usage_problem(error)])
        return 2
    complain([internal_problem(error)])
    return 1


def _invoke(arguments: list[str]) -> int:
    command = typer.main.get_command(app)
    result = command.main(arguments, prog_name="matchmaker", standalone_mode=False)
    if result == 130:  # Typer answers Ctrl-C so
        raise KeyboardInterrupt
    return result if isinstance(result, int) else 0


def _show_trace() -> None:
    import traceback

    typer.echo(without_password(traceback.format_exc()), err=True)


def _options_after_the_command(arguments: list[str]) -> list[str]:
    """`--domain X match Y` means `match --domain X Y`: the options that every command has may stand before it."""
    moved = 0
    while moved < len(arguments) and arguments[moved].partition("=")[0] in EVERYWHERE:
        moved += 2 if arguments[moved] in ("--domain", "--store") else 1
    if not moved or moved >= len(arguments) or arguments[moved] not in COMMANDS:
        return arguments
    return [arguments[moved], *arguments[:moved], *arguments[moved + 1 :]]
