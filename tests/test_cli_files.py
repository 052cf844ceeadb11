"""Files: whole or not there, in the format of their ending, safe to open in a spreadsheet or a terminal."""

import csv
import errno
import io
import json
import os
import stat

import polars as pl
import pytest

from matchmaker.cli.program import run
from matchmaker.errors import DataError, UsageError
from matchmaker.writing import as_csv, as_json, as_json_lines, as_markdown, as_parquet, format_of, write_file

HOSTILE = [
    '=cmd|"/c calc"!A1',
    "@SUM(1+1)",
    "+1+cmd",
    "-2+3",
    "＝1+1",
    "\tTab",
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "[red]markup[/red] [/]",
    "<script>alert(1)</script>",
    "a|b`c`*d*_e_",
    "right\u202eleft",
    "line\u2028break",
    "'; DROP TABLE organizations; --",
    "한미약품 · 恒瑞医药",
]


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_files_are_written_in_the_format_of_their_ending(tmp_path, capsys):
    readers = {
        "csv": lambda path: len(list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))),
        "json": lambda path: len(json.loads(path.read_text())),
        "jsonl": lambda path: len([json.loads(line) for line in path.read_text().splitlines()]),
        "md": lambda path: len(path.read_text().splitlines()) - 2,
        "parquet": lambda path: pl.read_parquet(path).height,
        "txt": lambda path: path.read_text().count("·") and 4,
    }
    for ending, read in readers.items():
        target = tmp_path / f"partners.{ending}"
        assert run(["match", "GenNBio", "-n", "4", "-o", str(target)]) == 0
        assert read(target) == 4
        assert capsys.readouterr().out == ""
    assert names_in(tmp_path) == sorted(f"partners.{ending}" for ending in readers)


def test_csv_for_people_has_a_byte_order_mark(tmp_path):
    target = tmp_path / "partners.csv"
    assert run(["match", "GenNBio", "-o", str(target)]) == 0
    assert target.read_bytes().startswith(b"\xef\xbb\xbfrank,org_id")


def test_a_named_format_wins_over_the_ending(tmp_path):
    target = tmp_path / "partners.dat"
    assert run(["match", "GenNBio", "-o", str(target), "--format", "json"]) == 0
    assert json.loads(target.read_text())


def test_a_dash_is_stdout(capsys):
    assert run(["match", "GenNBio", "-n", "1", "-o", "-"]) == 0
    assert capsys.readouterr().out.startswith("rank,")


def targets(folder):
    """What must not be written to, and what is there now."""
    old = folder / "old.csv"
    old.write_text("old")
    (folder / "link.csv").symlink_to(old)
    (folder / "dangling.csv").symlink_to(folder / "nothing.csv")
    (folder / "folder.csv").mkdir()
    os.mkfifo(folder / "fifo.csv")
    protected = folder / "protected.csv"
    protected.write_text("old")
    protected.chmod(0o444)
    return ["link.csv", "dangling.csv", "folder.csv", "fifo.csv", "protected.csv"]


def test_links_folders_devices_and_protected_files_are_refused(tmp_path, capsys):
    names = targets(tmp_path)
    before = names_in(tmp_path)
    for name in names:
        assert run(["match", "GenNBio", "-o", str(tmp_path / name)]) == 1
        assert capsys.readouterr().err.count("\n") == 1
    assert names_in(tmp_path) == before
    assert (tmp_path / "old.csv").read_text() == (tmp_path / "protected.csv").read_text() == "old"


@pytest.mark.parametrize("call", ["open", "fsync", "replace"])
@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt(), MemoryError()]
)
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, call, error):
    target = tmp_path / "partners.csv"
    target.write_text("old")

    def failing(*_, **__):
        raise error

    monkeypatch.setattr("pathlib.Path.replace" if call == "replace" else f"os.{call}", failing)
    with pytest.raises((DataError, KeyboardInterrupt, MemoryError)):
        write_file(target, b"new")
    monkeypatch.undo()
    assert target.read_text() == "old"
    assert names_in(tmp_path) == ["partners.csv"]


def test_the_permissions_of_a_replaced_file_stay(tmp_path):
    target = tmp_path / "partners.csv"
    target.write_text("old")
    target.chmod(0o640)
    write_file(target, b"new")
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


@pytest.mark.parametrize("name", ["a\0b.csv", "x" * 300 + ".csv"])
def test_what_no_file_can_be_called_is_refused(tmp_path, name):
    with pytest.raises(DataError):
        write_file(tmp_path / name, b"new")
    assert names_in(tmp_path) == []


def test_unknown_endings_list_the_known_ones():
    assert format_of("a.CSV") == "csv"
    with pytest.raises(UsageError, match=r"\.csv, \.json, \.jsonl, \.md, \.parquet"):
        format_of("a.xlsx")


def test_cells_that_a_spreadsheet_would_run_are_escaped_and_numbers_are_not():
    cells = [*HOSTILE, "-1.5", "+3", "12", "-", "\r=1", "\0=1"]
    out = as_csv([{"value": cell} for cell in cells], ["value"]).decode()
    read = [row["value"] for row in csv.DictReader(io.StringIO(out, newline=""))]
    for cell, shown in zip(cells, read, strict=True):
        risky = cell[0] in "=+-@\t\r\0＝＋－＠" and cell not in ("-1.5", "+3")
        assert shown == ("'" + cell if risky else cell)


def test_json_stays_exact_and_prints_nothing_that_acts():
    for out in (as_json(HOSTILE), as_json_lines([HOSTILE])):
        assert json.loads(out) == HOSTILE
        assert all(line.isprintable() for line in out.decode().split("\n"))


def test_markdown_cells_stay_cells():
    out = as_markdown([{"name": cell, "score": 0.25, "met": True, "none": None} for cell in HOSTILE], ["name", "score"])
    text = out.decode()
    assert "<script" not in text
    assert "\x1b" not in text
    assert len(text.splitlines()) == len(HOSTILE) + 2
    assert all(line.replace("\\|", "").count("|") == 3 for line in text.splitlines())


def test_parquet_keeps_what_it_is_given():
    records = [{"name": cell, "score": 0.5, "list": ["a", "b"], "none": None} for cell in HOSTILE]
    frame = pl.read_parquet(io.BytesIO(as_parquet(records, ["name", "score", "list", "none"])))
    assert frame["name"].to_list() == HOSTILE
    assert frame["list"].to_list() == ["a; b"] * len(HOSTILE)
    assert frame.schema["none"] == pl.String


@pytest.fixture(scope="module")
def hostile_domain(tmp_path_factory):
    """A domain whose every name is an attack."""
    folder = tmp_path_factory.mktemp("hostile")
    names = [name for name in HOSTILE if name.strip() == name]
    rows = [{"org_id": f"o{n}", "name": name, "interests": "one; two"} for n, name in enumerate(names)]
    with (folder / "organizations.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["org_id", "name", "interests"])
        writer.writeheader()
        writer.writerows(rows)
    return folder


@pytest.mark.parametrize("line", ["match o0 --format table -n 20", "show o6 --format table", "explain o0 o6", "pairs"])
def test_hostile_names_print_as_text(hostile_domain, line, capsys):
    form = [] if "--format" in line else ["--format", "table"]
    assert run([*line.split(), *form, "--domain", str(hostile_domain)]) == 0
    out, error = capsys.readouterr()
    assert all(shown.isprintable() for shown in (out + error).split("\n"))


def test_hostile_names_survive_as_data(hostile_domain, capsys):
    assert run(["match", "o0", "-n", "30", "--format", "json", "--domain", str(hostile_domain)]) == 0
    names = {record["name"] for record in json.loads(capsys.readouterr().out)}
    assert "[red]markup[/red] [/]" in names
    assert "<script>alert(1)</script>" in names
