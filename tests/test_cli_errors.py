"""Wrong use and bad input: one line a problem, the nearest spelling, the exit code, never a trace."""

import re

import pytest

from matchmaker.cli.program import run

TYPOS = [
    ("mtach GenNBio", "match"),
    ("mach GenNBio", "match"),
    ("paris", "pairs"),
    ("pair", "pairs"),
    ("expalin GenNBio hengrui", "explain"),
    ("explian GenNBio hengrui", "explain"),
    ("shwo GenNBio", "show"),
    ("netwrok GenNBio", "network"),
    ("chekc .", "check"),
    ("dmeo", "demo"),
    ("Match GenNBio", "match"),
    ("match GenNBio --fromat csv", "--format"),
    ("match GenNBio --formt csv", "--format"),
    ("match GenNBio --asof 2020", "--as-of"),
    ("match GenNBio --as_of 2020", "--as-of"),
    ("match GenNBio --exlude-met", "--exclude-met"),
    ("match GenNBio --convener", "--conveners"),
    ("match GenNBio --regon Shandong", "--region"),
    ("match GenNBio --sectr biotech", "--sector"),
    ("match GenNBio --knid company", "--kind"),
    ("match GenNBio --scorrer walk", "--scorer"),
    ("match GenNBio --wieghts w.toml", "--weights"),
    ("match --profil x", "--profile"),
    ("match GenNBio --outptu x.csv", "--output"),
    ("match GenNBio --queit", "--quiet"),
    ("--domian . match GenNBio", "--domain"),
    ("match GenNBio --format cvs", "csv"),
    ("match GenNBio --format jsno", "json"),
    ("match GenNBio --format parqet", "parquet"),
    ("match GenNBio --scorer belnd", "blend"),
    ("match GenNBio --scorer compelmentarity", "complementarity"),
    ("pairs --scorer kats", "katz"),
    ("match --profile oncology --side KZ", "KR"),
    ("match GenNBio --sector biotec", "biotech"),
    ("match GenNBio --region Shandng", "andong"),
    ("match GenNBio --kind hosptial", "ospital"),
    ("match GenNBoi", "GenNBio"),
    ("explain GenNBio hengriu", "engrui"),
    ("show gennbiio", "GenNBio"),
]

WRONG_USE = [
    "match",
    "match GenNBio --profile oncology",
    "match Seoul Bio Hub",
    "explain GenNBio",
    "explain GenNBio hengrui --profile x",
    "explain GenNBio GenNBio",
    "match GenNBio -n ten",
    "match GenNBio -n -3",
    "match GenNBio -n",
    "match GenNBio --as-of yesterday",
    "match GenNBio --as-of 2024-02-30",
    "match GenNBio --as-of 03/04/2024",
    "match GenNBio --as-of 2024-13",
    "match GenNBio -o partners.xlsx",
    "match GenNBio -o partners",
    "match GenNBio -o nowhere/partners.csv",
    "match GenNBio --weights nothing.toml",
    "network GenNBio -o net.png",
    "match no-such-organization-at-all",
    "check nowhere-at-all",
    "--domain nowhere-at-all match GenNBio",
    "match GenNBio --domain",
]

ADDRESSES = [
    "match GenNBio -o http://example.org/x.csv",
    "match GenNBio --weights https://example.org/w.toml",
    "match --profile http://example.org/p.json",
    "match GenNBio --domain s3://bucket/domain",
    "check file:///tmp",
    "network GenNBio -o http://example.org/net.svg",
]


@pytest.fixture
def refused(capsys, tmp_path, monkeypatch):
    """Run a line that must fail; return its exit code and what it said on stderr."""
    monkeypatch.chdir(tmp_path)

    def answer(line, *more):
        code = run([*line.split(), *more])
        out, error = capsys.readouterr()
        assert out == ""
        assert error.count("\n") >= 1
        assert "Traceback" not in error
        assert re.match(r"error\[MM-[A-Z]{3}-\d{3}\]: ", error)
        return code, error

    return answer


def test_there_are_thirty_typos():
    assert len(TYPOS) >= 30


@pytest.mark.parametrize(("line", "meant"), TYPOS)
def test_a_typo_is_answered_with_the_nearest_spelling(refused, line, meant):
    code, error = refused(line)
    assert code == 2
    assert meant.casefold() in error.split("fix: ")[1].casefold()


@pytest.mark.parametrize("line", WRONG_USE)
def test_wrong_use_is_one_line_and_exit_code_2(refused, line):
    code, error = refused(line)
    assert code == 2
    assert error.count("\n") == 1


@pytest.mark.parametrize("line", ADDRESSES)
def test_addresses_are_never_fetched(refused, line):
    code, error = refused(line)
    assert code == 2
    assert "takes files only" in error


def test_an_error_of_ours_is_one_line_and_its_trace_an_option(capsys, monkeypatch):
    local = "hunter2"

    def broken(*_):
        held = local
        raise RuntimeError(f"broken {len(held)}")

    monkeypatch.setattr("matchmaker.names.lookup", broken)
    assert run(["show", "GenNBio"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "internal error: RuntimeError: broken 7" in error
    assert run(["show", "GenNBio", "--debug"]) == 1
    error = capsys.readouterr().err
    assert "Traceback" in error
    assert local not in error


def test_even_a_panic_is_one_line(capsys, monkeypatch):
    class Panic(BaseException):
        """Polars panics with an error that is no Exception."""

    def panic(*_):
        raise Panic("index out of bounds")

    monkeypatch.setattr("matchmaker.names.lookup", panic)
    assert run(["show", "GenNBio"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_an_interrupt_is_130_and_one_line(capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("matchmaker.names.lookup", interrupted)
    assert run(["show", "GenNBio"]) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_warnings_of_a_domain_are_few_and_once(capsys, tmp_path):
    header = "org_id,name," + ",".join(f"extra{n}" for n in range(9))
    rows = "".join(f"o{n},Name {n}{',' * 9}\n" for n in range(3))
    (tmp_path / "organizations.csv").write_text(f"{header}\n{rows}")
    assert run(["match", "o1", "--domain", str(tmp_path)]) == 0
    error = capsys.readouterr().err.splitlines()
    assert len([line for line in error if line.startswith("warning")]) == 5
    assert error[5].startswith("+ 4 more: matchmaker check ")
    assert run(["match", "o1", "--domain", str(tmp_path), "--quiet"]) == 0
    assert capsys.readouterr().err == ""
