"""`matchmaker demo`: what the engine does, shown on the embedded data."""

from __future__ import annotations

import json
import random
import shlex
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from matchmaker.cli.options import Talk, spread

STEPS = (
    (
        "GenNBio of Korea works on organs and islets of pigs for people who need them. Whom in China should it meet?\n"
        "The engine may know only what was known on 22 December 2019, the day before its first agreement there.",
        "match GenNBio -n 5 --as-of 2019-12-22",
    ),
    (
        "Why Xeno Life Science? Every figure comes from a fact with its source, and the figures add up.",
        'explain GenNBio "Xeno Life Science" --as-of 2019-12-22',
    ),
    (
        "Which pairs across the border have most to say to each other, and have never met?",
        "pairs -n 5 --exclude-met",
    ),
    (
        "Who is around GenNBio? The picture opens in any browser.",
        "network GenNBio -o {folder}/network.svg",
    ),
)
SESSION = (
    (
        "A docking session: the online exchange of October 2020, ten organizations. First, a store of our own.",
        "export --to {folder}/store.db",
    ),
    (
        "Who should have met whom, when? Proven and checked, with a timetable to print and calendars in the folder.",
        "plan online-2020 --store {store} -o {folder}/session",
    ),
    (
        "What came of it? Nobody has reported; this form is invented by lot, so that you see what becomes of one.",
        "feedback import {folder}/form.csv --session online-2020 --store {store}",
    ),
    (
        "The blend learns from it: which weights change, by how much, and because of what.",
        "fit --from-store --store {store} -o {folder}/weights.toml",
    ),
    (
        "And ranks by what it has learned. Who has declined, or is a partner already, is not proposed.",
        "match Tongrentang -n 3 --as-of 2020-12-31 --store {store} --weights {folder}/weights.toml",
    ),
)
AS_TABLE = ("match", "explain", "pairs", "fit")
PACKAGES = ("ortools", "sqlalchemy", "xlsxwriter", "icalendar")
INVENTED = ("met", "met", "met", "intention", "mou", "no-show", "declined")
NEXT = """\
Next:
  matchmaker match "an organization of yours"            by name in English, 中文 or 한국어
  matchmaker match --profile "we seek …" --side CN       for one that is not in the data
  matchmaker check FOLDER                                with your own tables (docs/format.md)
"""


@spread
def demo(talk: Talk) -> None:
    """Walk through match, explain, pairs, network and a docking session on the embedded data, in under a minute."""
    folder = Path(tempfile.mkdtemp(prefix="matchmaker-demo-"))
    for number, (story, step) in enumerate(STEPS, 1):
        _take(number, story, step, folder, talk)
    missing = [package for package in PACKAGES if find_spec(package) is None]
    if missing:
        _print(f"A docking session would follow, but {', '.join(missing)} cannot be imported.\n")
    else:
        _session(folder, talk)
    _print(NEXT + f"\nAll files of this walk are in {folder}")


def _take(number: int, story: str, step: str, folder: Path, talk: Talk) -> None:
    """Tell what a command is for, run it, and stop where it fails."""
    from matchmaker.cli.program import run

    line = step.format(folder=folder, store=f"sqlite:///{folder}/store.db")
    domain = [] if talk.domain is None else ["--domain", talk.domain]
    form = ["--format", "table"] if line.split()[0] in AS_TABLE else []
    _print(f"{number}. {story}\n\n$ matchmaker {line}\n")
    if code := run([*shlex.split(line), *form, *domain]):
        raise SystemExit(code)
    _print("")


def _session(folder: Path, talk: Talk) -> None:
    """The session of 2020, from lists to a blend that has learned."""
    for number, (story, step) in enumerate(SESSION, len(STEPS) + 1):
        if step.startswith("feedback"):
            _invent(folder)
        _take(number, story, step, folder, talk)


def _invent(folder: Path) -> None:
    """A form about the planned meetings, in which everything is drawn by lot."""
    meetings = json.loads((folder / "session" / "plan.json").read_text("utf-8"))["meetings"]
    draw = random.Random(0)  # noqa: S311  # nothing is secret here
    rows = [f"{each['left_id']},{each['right_id']},{draw.choice(INVENTED)},2020-10-28" for each in meetings]
    (folder / "form.csv").write_text("\n".join(["left,right,outcome,date", *rows]), "utf-8")


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
