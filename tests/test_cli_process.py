"""The program as a process: pipes, signals, terminals, locales, shells, and how little it imports."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from matchmaker.cli.completion import SCORERS as OFFERED
from matchmaker.scorers import SCORERS

PROGRAM = [sys.executable, "-m", "matchmaker"]
HOME = str(Path(__file__).parents[1])


def environment(**changes):
    kept = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "COLUMNS", "TERM")}
    return kept | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), **changes}


def ask(*arguments, **changes):
    return subprocess.run(
        [*PROGRAM, *arguments], capture_output=True, env=environment(**changes), timeout=60, check=False
    )


def on_terminal(*arguments, columns=80, **changes):
    """What the program prints on a terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = subprocess.Popen(
        [*PROGRAM, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment(**changes)
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(ours)
    return process.wait(timeout=60), shown.decode()


def test_a_closed_pipe_is_quiet():
    line = f"{' '.join(PROGRAM)} match GenNBio -n 400 --format json | head -1"
    answer = subprocess.run(["bash", "-o", "pipefail", "-c", line], capture_output=True, env=environment(), check=False)
    assert answer.returncode in (0, 141)
    assert answer.stderr == b""
    assert answer.stdout == b"[\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_with_one_line_and_nothing_half_written(tmp_path, number, code):
    target = tmp_path / "pairs.csv"
    program = "import time; import matchmaker.names; from matchmaker.cli import main\n"
    slow = "import matchmaker.recommender as r\ndef pairs(*_, **__): print('on', flush=True); time.sleep(30)\n"
    slow += "r.Recommender.pairs = pairs\n"
    script = f"{program}{slow}import sys; sys.argv = ['matchmaker', 'pairs', '-o', {str(target)!r}]; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), text=True
    )
    assert process.stdout.readline() == "on\n"
    time.sleep(0.1)
    process.send_signal(number)
    _, error = process.communicate(timeout=20)
    assert process.returncode == code
    assert error.count("\n") <= 1
    assert "Traceback" not in error
    assert not list(tmp_path.iterdir())


def test_a_terminal_gets_a_table():
    code, shown = on_terminal("match", "GenNBio", "-n", "2", TERM="xterm-256color")
    assert code == 0
    assert "Partners for GenNBio" in shown
    assert "\x1b[1m" in shown


@pytest.mark.parametrize("changes", [{"NO_COLOR": "1", "TERM": "xterm"}, {"TERM": "dumb"}, {}])
@pytest.mark.parametrize("columns", [40, 80])
def test_no_escape_codes_where_they_are_not_wanted(changes, columns):
    code, shown = on_terminal("match", "GenNBio", "-n", "2", columns=columns, **changes)
    assert code == 0
    assert "\x1b" not in shown
    from rich.cells import cell_len

    assert all(cell_len(line) <= columns for line in shown.splitlines() if not line.startswith("Next:"))


def test_parquet_is_for_pipes_and_not_for_terminals():
    assert ask("match", "GenNBio", "--format", "parquet").stdout[:4] == b"PAR1"
    code, shown = on_terminal("match", "GenNBio", "--format", "parquet")
    assert code == 2
    assert "-o FILE" in shown


def test_a_profile_from_a_terminal_is_refused_at_once():
    code, shown = on_terminal("match", "--profile", "-")
    assert code == 2
    assert "terminal" in shown


@pytest.mark.parametrize("form", ["csv", "table", "json"])
def test_names_that_the_stream_cannot_encode_are_escaped_or_utf8(form):
    answer = ask("match", "GenNBio", "-n", "2", "--format", form, LANG="C", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert answer.returncode == 0
    assert b"Traceback" not in answer.stderr
    (answer.stdout.decode("ascii") if form == "table" else answer.stdout.decode("utf-8"))


def test_the_answer_is_the_same_in_every_environment():
    environments = [
        {"PYTHONHASHSEED": "0"},
        {"PYTHONHASHSEED": "4711", "LC_ALL": "C", "TZ": "America/St_Johns"},
        {"PYTHONHASHSEED": "1", "LANG": "ko_KR.UTF-8", "TZ": "Asia/Seoul", "POLARS_MAX_THREADS": "4"},
    ]
    answers = {ask("match", "GenNBio", "--format", "json", **changes).stdout for changes in environments}
    assert len(answers) == 1
    tables = {ask("pairs", "--format", "table", **changes).stdout for changes in environments[1:]}
    assert len(tables) == 1


def imported_by(*lines):
    script = "\n".join([*lines, "import sys; print(*sorted(sys.modules), file=sys.stderr)"])
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, env=environment(), check=True, text=True
    )
    return set(answer.stderr.split())


def test_help_imports_nothing_heavy():
    heavy = {"polars", "numpy", "scipy", "rich", "pydantic", "rapidfuzz", "networkx", "sklearn"}
    run = "from matchmaker.cli.program import run"
    assert not imported_by(run, "run(['--help'])") & heavy
    assert not imported_by(run, "run(['match', '--help'])") & heavy


def test_the_library_imports_no_learning_and_no_graph_package():
    everything = imported_by("import matchmaker", "[getattr(matchmaker, name) for name in matchmaker.__all__]")
    assert not everything & {"sklearn", "networkx", "pandas", "rich", "typer"}
    assert not imported_by("import matchmaker") & {"polars", "numpy", "scipy"}


def test_a_data_answer_needs_neither_rich_nor_pydantic():
    modules = imported_by("from matchmaker.cli.program import run", "run(['match', 'GenNBio'])")
    assert not modules & {"rich", "pydantic", "networkx", "sklearn"}


def complete(words, shell="bash"):
    changes = {"_MATCHMAKER_COMPLETE": f"complete_{shell}"}
    changes |= {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1), "_TYPER_COMPLETE_ARGS": words}
    return ask(**changes).stdout.decode().splitlines()


def test_the_shell_completes_commands_options_and_values():
    assert complete("matchmaker pa") == ["pairs"]
    assert "--exclude-met" in complete("matchmaker match --ex")
    assert complete("matchmaker match GenNBio --format js") == ["json", "jsonl"]
    assert complete("matchmaker match GenNBio --scorer ka") == ["katz"]


def test_the_shell_completes_names_in_every_script():
    assert "gennbio" in [name.casefold() for name in complete("matchmaker match Genn")]
    assert any(name.startswith("한미") for name in complete("matchmaker match 한미"))
    assert any("恒瑞" in name for name in complete("matchmaker show 江苏恒", "zsh"))
    assert all(" " not in name.replace("\\ ", "") for name in complete("matchmaker match S"))


def test_the_scorers_that_are_offered_are_those_that_there_are():
    assert list(OFFERED) == ["blend", *SCORERS]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_can_be_shown(shell):
    answer = ask(_MATCHMAKER_COMPLETE=f"source_{shell}")
    assert b"matchmaker" in answer.stdout
