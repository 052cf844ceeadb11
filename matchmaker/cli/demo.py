"""`matchmaker demo`: what the engine does, shown on the embedded data."""

from __future__ import annotations

import shlex
import sys
import tempfile
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
NEXT = """\
Next:
  matchmaker match "an organization of yours"            by name in English, 中文 or 한국어
  matchmaker match --profile "we seek …" --side CN       for one that is not in the data
  matchmaker check FOLDER                                with your own tables (docs/format.md)
"""


@spread
def demo(talk: Talk) -> None:
    """Walk through match, explain, pairs and network on the embedded data, in under a minute."""
    from matchmaker.cli.program import run

    folder = Path(tempfile.mkdtemp(prefix="matchmaker-demo-"))
    domain = [] if talk.domain is None else ["--domain", talk.domain]
    for number, (story, step) in enumerate(STEPS, 1):
        line = step.format(folder=folder)
        form = [] if line.startswith("network") else ["--format", "table"]
        _print(f"{number}. {story}\n\n$ matchmaker {line}\n")
        code = run([*shlex.split(line), *form, *domain])
        if code:
            raise SystemExit(code)
        _print("")
    _print(NEXT)


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
