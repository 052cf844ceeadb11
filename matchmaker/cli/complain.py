"""What goes to stderr: errors in the shape of the error contract, warnings, hints, and the nearest spelling."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from matchmaker.cli.options import EVERYWHERE
from matchmaker.errors import MOST_PROBLEMS_SHOWN, Problem, counted, quoted, safe_text

MOST_WARNINGS_SHOWN = 5
LONGEST_LINE = 2000
LEAST_LIKENESS = 0.5
_PASSWORD = re.compile(r"(://[^\s:/@]*:)[^\s]*(?=@)|(?<=[?&\s])(pass\w*=)[^&\s\"']*", re.IGNORECASE)


def say(text: str) -> None:
    """Print one line on stderr; whatever a user's file holds in it is made safe, and no password is in it."""
    print(safe_text(without_password(text), LONGEST_LINE), file=sys.stderr, flush=True)  # noqa: T201


def without_password(text: str) -> str:
    """`text` with *** for what stands where an address has its password.

    >>> without_password("postgresql://kim:s3cret@host/base")
    'postgresql://kim:***@host/base'
    """
    return _PASSWORD.sub(lambda found: f"{found[1] or found[2]}***", text)


def complain(problems: Sequence[Problem]) -> None:
    """One line a problem, at most 20, and a summary where there is more than one."""
    for problem in problems[:MOST_PROBLEMS_SHOWN]:
        say(str(problem))
    if len(problems) > 1:
        hidden = len(problems) - MOST_PROBLEMS_SHOWN
        say(counted(len(problems), "problem") + (f"; {hidden} more are not shown" if hidden > 0 else ""))


def warn(problems: Sequence[Problem], folder: str | None) -> None:
    """Print the first warnings of a domain, and where to see the others."""
    for problem in problems[:MOST_WARNINGS_SHOWN]:
        say(str(problem))
    hidden = len(problems) - MOST_WARNINGS_SHOWN
    if hidden > 0:
        say(f"+ {hidden} more" + (f": matchmaker check {folder}" if folder else ""))


def nearest(text: str, options: Sequence[str]) -> str:
    """`did you mean …?` with the nearest of `options`, else all of them."""
    from difflib import SequenceMatcher

    likeness = {option: SequenceMatcher(None, option.casefold(), text.casefold()).ratio() for option in options}
    best = max(likeness.values(), default=0.0)
    if best >= LEAST_LIKENESS:
        close = [option for option in options if likeness[option] >= best - 0.05]
        return "did you mean " + " or ".join(close) + "?"
    return "choose from " + ", ".join(options)


def one_of(option: str, value: str, choices: Iterable[str]) -> str:
    """`value`, if it is one of `choices`.

    Raises:
        UsageError: it is not; names the nearest.
    """
    from matchmaker.errors import UsageError

    known = list(choices)
    if value not in known:
        raise UsageError(Problem("MM-CLI-003", f"{option} has no value {quoted(value)}", nearest(value, known)))
    return value


def usage_problem(error: Any) -> Problem:
    """What Typer found wrong with the command line, with the mend."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "matchmaker"
    see = f"see {command} --help"
    if context is not None and hasattr(error, "possibilities"):
        known = [option for parameter in context.command.get_params(context) for option in parameter.opts]
        known += [] if context.parent else EVERYWHERE
        fix = nearest(error.option_name, [option for option in known if option.startswith("--")])
        return Problem("MM-CLI-002", f"there is no option {quoted(error.option_name)}", fix if "?" in fix else see)
    message = error.format_message().rstrip(".").replace("\n", " ")
    message = message[:1].lower() + message[1:]
    if "extra argument" in message:
        return Problem("MM-CLI-004", message, f"put a name with blanks in quotes, or {see}")
    return Problem("MM-CLI-004", message, see)


def internal_problem(error: BaseException) -> Problem:
    """An error of ours, in a line."""
    what = f"{type(error).__name__}: {safe_text(error, 200)}"
    return Problem("MM-CLI-013", f"internal error: {what}", "please report it; --debug shows the trace")
