"""What the commands answer, in every format, to people and to pipes."""

import csv
import io
import json
import re
import shlex
import shutil
import tomllib
from pathlib import Path

import polars as pl
import pytest

import matchmaker
from matchmaker.bundled import bundled
from matchmaker.cli.commands import COMMANDS
from matchmaker.cli.describe import shares
from matchmaker.cli.options import Talk
from matchmaker.cli.program import run
from matchmaker.cli.world import same_data
from matchmaker.scorers import SCORERS

ANSWERS = {
    "match": ["match", "GenNBio", "-n", "3"],
    "pairs": ["pairs", "-n", "3"],
    "explain": ["explain", "GenNBio", "Xeno Life Science"],
    "show": ["show", "GenNBio"],
}


@pytest.fixture
def ask(capfdbinary):
    """Run a command in this process; return its exit code, stdout as bytes and stderr as text."""

    def asked(*arguments):
        code = run([str(argument) for argument in arguments])
        out, error = capfdbinary.readouterr()
        return code, out, error.decode()

    return asked


def records_of(form, out):
    if form == "csv":
        return list(csv.DictReader(io.StringIO(out.decode())))
    if form == "json":
        document = json.loads(out)
        return document if isinstance(document, list) else [document]
    if form == "jsonl":
        return [json.loads(line) for line in out.decode().splitlines()]
    if form == "parquet":
        return pl.read_parquet(io.BytesIO(out)).to_dicts()
    lines = [line for line in out.decode().splitlines() if line.startswith("|")]
    header = re.split(r"(?<!\\)\|", lines[0])
    return [dict(zip(header, re.split(r"(?<!\\)\|", line), strict=True)) for line in lines[2:]]


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "md", "parquet"])
@pytest.mark.parametrize("command", ANSWERS)
def test_every_command_can_be_parsed_in_every_format(ask, command, form):
    code, out, _ = ask(*ANSWERS[command], "--format", form)
    assert code == 0
    records = records_of(form, out)
    assert len(records) == 3 if command in ("match", "pairs") else records


@pytest.mark.parametrize("command", ANSWERS)
def test_a_pipe_gets_csv_without_a_byte_order_mark(ask, command):
    _, out, _ = ask(*ANSWERS[command])
    assert not out.startswith(b"\xef\xbb\xbf")
    assert records_of("csv", out)


def test_an_empty_answer_still_has_its_columns(ask):
    for form in ("csv", "md", "parquet"):
        code, out, _ = ask("match", "GenNBio", "-n", "0", "--format", form)
        assert code == 0
        assert records_of(form, out) == []
    assert ask("match", "GenNBio", "-n", "0", "--format", "csv")[1].startswith(b"rank,org_id,")


def test_all_formats_say_the_same(ask):
    answers = {
        form: records_of(form, ask(*ANSWERS["match"], "--format", form)[1]) for form in ("csv", "json", "parquet")
    }
    ids = {form: [record["org_id"] for record in records] for form, records in answers.items()}
    assert ids["csv"] == ids["json"] == ids["parquet"]
    assert [float(record["score"]) for record in answers["csv"]] == [record["score"] for record in answers["json"]]


def test_match_names_everyone_in_the_languages_of_the_data(ask):
    record = records_of("csv", ask(*ANSWERS["match"])[1])[0]
    assert {"name_en", "name_zh", "name_ko", "country", "region", "sector", "met", "reasons"} <= record.keys()
    assert record["met"] in ("yes", "no")


@pytest.mark.parametrize(("command", "entry"), COMMANDS.items())
def test_every_help_opens_with_an_example_that_runs(ask, tmp_path, monkeypatch, command, entry):
    code, out, _ = ask(command, "-h")
    assert code == 0
    assert out.decode().splitlines()[0].strip() == entry.example
    for name in ("data", "features"):
        shutil.copytree(bundled(name), tmp_path / "my-domain" / name)
    monkeypatch.chdir(tmp_path)
    if "--store" in entry.example:
        Path("participants.csv").write_text("org_id,name_en,country\nacme,Acme Bio,KR\n", "utf-8")
        ask(*["import", "participants.csv", "--store", "sqlite:///store.db"])
    program, *arguments = shlex.split(entry.example)
    assert program == "matchmaker"
    code, _, error = ask(*arguments)
    assert (code, error if code else "") == (0, "")


@pytest.mark.parametrize("arguments", [[], ["-h"], ["--help"]])
def test_the_start_page_names_every_command(ask, arguments):
    code, out, error = ask(*arguments)
    assert (code, error) == (0, "")
    assert all(command in out.decode() for command in COMMANDS)


def test_the_version_is_the_one_of_the_package(ask):
    pyproject = Path(__file__).parents[1] / "pyproject.toml"
    if pyproject.exists():
        assert tomllib.loads(pyproject.read_text())["project"]["version"] == matchmaker.__version__
    assert ask("--version")[1].decode() == f"matchmaker {matchmaker.__version__}\n"


@pytest.mark.parametrize("before", [True, False])
def test_common_options_stand_before_or_after_the_command(ask, before):
    domain = ["--quiet", "--domain", str(bundled("data").parent)]
    arguments = [*domain, *ANSWERS["show"]] if before else [*ANSWERS["show"], *domain]
    code, out, error = ask(*arguments)
    assert (code, error) == (0, "")
    assert out


@pytest.mark.parametrize("scorer", ["blend", *SCORERS])
def test_contributions_add_up_to_the_score_on_screen_and_in_files(ask, scorer):
    document = json.loads(ask(*ANSWERS["explain"], "--scorer", scorer, "--format", "json")[1])
    for score, reasons in (("forward", "reasons"), ("backward", "reasons_back")):
        assert sum(reason["contribution"] for reason in document[reasons]) == pytest.approx(document[score], abs=1e-9)
    page = ask(*ANSWERS["explain"], "--scorer", scorer, "--format", "table")[1].decode().replace("−", "-")
    for part in page.split("\nWhat ")[1:]:
        figures = [float(figure) for figure in re.findall(r"^ *([+-]\d+\.\d\d)  ", part, re.MULTILINE)]
        assert sum(figures[:-1]) == pytest.approx(figures[-1] if figures else 0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("parts", "total"),
    [([], 0.0), ([0.005] * 3, 0.015), ([-4.0, 1.234567, 0.0049], -2.760533), ([1 / 3] * 3, 1.0), ([-0.004] * 5, -0.02)],
)
def test_rounded_shares_add_up_and_are_never_off_by_more_than_a_digit(parts, total):
    shown = [float(share.replace("−", "-")) for share in shares(parts, total)]
    assert sum(shown) == pytest.approx(round(total, 2), abs=1e-9)
    assert all(abs(share - part) <= 0.01 + 1e-12 for share, part in zip(shown, parts, strict=True))


def test_explain_says_who_has_less_reason_and_what_is_unknown(ask):
    page = ask(*ANSWERS["explain"], "--format", "table")[1].decode()
    assert "has less reason to want the other" in page or "Both want it alike" in page
    assert "Unknown" in page
    assert re.search(r"^\[1\] \S", page, re.MULTILINE), "sources stand below, by number"


def test_what_was_not_yet_known_is_not_used(ask):
    early = records_of("csv", ask("match", "GenNBio", "--as-of", "2000")[1])
    assert {record["met"] for record in early} == {"no"}
    assert ask("match", "GenNBio", "--as-of", "2019-12")[1] == ask("match", "GenNBio", "--as-of", "2019-12-31")[1]


def test_whoever_was_met_is_marked_and_can_be_left_out(ask):
    met = [record["org_id"] for record in records_of("csv", ask("match", "GenNBio")[1]) if record["met"] == "yes"]
    assert met
    assert "already met" in ask("match", "GenNBio", "--format", "table")[1].decode()
    rest = [record["org_id"] for record in records_of("csv", ask("match", "GenNBio", "--exclude-met")[1])]
    assert not set(met) & set(rest)


def test_filters_hold(ask):
    for record in records_of("csv", ask("match", "GenNBio", "--sector", "hospital")[1]):
        assert record["sector"] == "hospital"
    assert {r["country"] for r in records_of("csv", ask("match", "GenNBio")[1])} == {"CN"}


def test_a_table_ends_with_the_next_step_on_stderr(ask):
    _, out, error = ask("match", "GenNBio", "--format", "table")
    assert error.startswith("Next: matchmaker explain ")
    assert ask(*shlex.split(error.splitlines()[0])[2:])[0] == 0
    assert "Next:" not in out.decode()
    assert ask("match", "GenNBio", "--format", "table", "--quiet")[2] == ""


def test_a_profile_from_text_a_file_and_stdin(ask, tmp_path, monkeypatch):
    code, out, _ = ask("match", "--profile", "xenotransplantation, islet transplantation", "--side", "KR", "-n", "3")
    assert code == 0
    text = records_of("csv", out)
    assert len(text) == 3
    profile = tmp_path / "profile.json"
    profile.write_text(json.dumps({"name": "Ours", "country": "KR", "interests": ["xenotransplantation"]}))
    code, from_file, error = ask("match", "--profile", profile, "-n", "3")
    assert (code, error if code else "") == (0, "")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(profile.read_bytes()), encoding="utf-8"))
    assert ask("match", "--profile", "-", "-n", "3")[1] == from_file


def test_explain_takes_a_profile_too(ask):
    other = records_of("csv", ask("match", "GenNBio", "-n", "1")[1])[0]["org_id"]
    code, out, _ = ask("explain", "--profile", "islet transplantation", "--side", "KR", other, "--format", "json")
    assert code == 0
    assert json.loads(out)["right"]["org_id"] == other


def test_a_picture_is_one_svg(ask, tmp_path):
    target = tmp_path / "net.svg"
    assert ask("network", "GenNBio", "-o", target)[0] == 0
    assert target.read_text().lstrip().startswith(("<svg", "<?xml"))
    assert ask("network", "GenNBio")[1].decode() == target.read_text()


def test_check_says_what_it_read(ask):
    code, out, error = ask("check", bundled("data").parent)
    assert (code, error) == (0, "")
    assert re.search(r"organizations\.csv +\d+ rows", out.decode())
    assert "UTF-8" in out.decode()
    document = json.loads(ask("check", bundled("data").parent, "--json")[1])
    assert document["usable"]
    assert {table["table"] for table in document["tables"]} >= {"organizations", "partnerships"}


def test_check_lists_what_is_wrong_with_a_domain(ask, tmp_path):
    (tmp_path / "organizations.csv").write_text("org_id,name,country\na,One,CN\na,Two,CN\n,Three,KR\n")
    code, out, error = ask("check", tmp_path)
    assert code == 1
    assert out == b""
    lines = error.splitlines()
    assert all(re.match(r"(error|warning)\[MM-[A-Z]{3}-\d{3}\]: ", line) for line in lines[:-1])
    assert re.fullmatch(r"\d+ problems", lines[-1])
    code, out, _ = ask("check", tmp_path, "--json")
    assert code == 1
    assert {"code", "file", "line", "column", "field", "message", "fix"} <= json.loads(out)["problems"][0].keys()


def test_at_most_twenty_problems_are_printed_and_the_others_counted(ask, tmp_path):
    rows = "".join(f"o{n},N,2024-13-{n}\n" for n in range(60))
    (tmp_path / "organizations.csv").write_text("org_id,name\n" + "".join(f"o{n},N\n" for n in range(60)))
    (tmp_path / "events.csv").write_text("event_id,title,date\n" + rows)
    lines = ask("check", tmp_path)[2].splitlines()
    assert len([line for line in lines if line.startswith("error")]) <= 20
    assert "more are not shown" in lines[-1] or "problems" in lines[-1]


DEMO = ("match", "explain", "pairs", "network", "export", "plan", "feedback", "fit")


def test_the_demo_shows_everything_and_ends_with_three_next_steps(ask):
    code, out, _ = ask("demo")
    page = out.decode()
    assert code == 0
    assert all(f"$ matchmaker {command} " in page for command in DEMO)
    assert len(re.findall("^  matchmaker ", page.split("\nNext:\n")[1], re.MULTILINE)) == 3


def test_public_names_are_few_and_all_there():
    assert len(matchmaker.__all__) <= 18
    assert all(hasattr(matchmaker, name) for name in matchmaker.__all__)
    assert set(matchmaker.__all__) <= set(dir(matchmaker))
    with pytest.raises(AttributeError, match="no attribute"):
        matchmaker.nothing_of_the_kind  # noqa: B018


def test_a_page_in_a_pipe_is_as_wide_as_columns_says(ask, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    from rich.cells import cell_len

    for command in ANSWERS.values():
        page = ask(*command, "--format", "table")[1].decode()
        assert all(cell_len(line) <= 40 for line in page.split("\nSources\n")[0].splitlines())


@pytest.mark.parametrize(
    ("store", "said"),
    [("sqlite:///a b.db", " --store 'sqlite:///a b.db'"), ("postgresql://u:secret@h/d", " --store …"), (None, "")],
)
def test_a_command_that_is_proposed_reads_the_same_data_and_tells_no_password(monkeypatch, store, said):
    monkeypatch.delenv("MATCHMAKER_STORE", raising=False)
    assert same_data(Talk(store=store)) == said
    assert same_data(Talk(domain="my-domain", store=store)) == f" --domain my-domain{said}"
