"""How intake meets bad, damaged and hostile files: tracebacks, hangs, memory, silence, leftovers, control characters.

    python experiments/bad_files.py [--kind csv,json,…] [-o FILE.csv]

Every file is made here, from a seed, and given to `matchmaker check FILE`, which reads as `import` does. A file is at
fault if the program breaks down or takes longer than 20 s or more than 1 GiB, if it accepts in silence what must be
refused or at least said, if anything is left beside the file or the file is changed, or if a control character of the
file reaches the terminal. Of damaged copies of a good table it is also counted how often the error names the row, and
the cell, that was damaged.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import gzip
import hashlib
import io
import json
import random
import re
import resource
import signal
import sqlite3
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

SECONDS, MEMORY = 20, 2**30
HEADER = "org_id,name_en,name_ko,country,sector,interests\n"
ROWS = [
    ("hanmi", "Hanmi Pharm", "한미약품", "KR", "pharma", "antiviral-drug;vaccine"),
    ("genexine", "Genexine", "제넥신", "KR", "biotech", "stem-cell-therapy"),
    ("hengrui", "Hengrui", "헝루이", "CN", "pharma", "vaccine"),
    ("celltrion", "Celltrion", "셀트리온", "KR", "biotech", "vaccine"),
]
GOOD = HEADER + "".join(",".join(row) + "\n" for row in ROWS)
REFUSED, TAKEN, SAID, EITHER = "refused", "taken", "said", "either"


@dataclass(frozen=True)
class BadFile:
    """One file: its kind, its name, its bytes, what must happen, and where the damage is (0: no matter)."""

    kind: str
    name: str
    data: bytes
    wanted: str = REFUSED
    row: int = 0
    column: int = 0


@dataclass(frozen=True)
class Outcome:
    """What happened."""

    file: BadFile
    faults: tuple[str, ...]
    seconds: float
    names_row: bool = False
    names_cell: bool = False


# --- text ---------------------------------------------------------------------------------------------------------


def text_files() -> Iterator[BadFile]:
    """Empty, foreign, damaged and oversized text: rows 2 to 17 of the error contract."""
    for number, text in enumerate(["", "\n\n\n", " ", "\ufeff", HEADER, "\t\t\n", ",,,\n,,,\n", "a"]):
        yield BadFile("text", f"empty-{number}.csv", text.encode())
    magics = [
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0",
        b"GIF89a",
        b"%PDF-1.7",
        b"7z\xbc\xaf\x27\x1c",
        b"Rar!\x1a",
        b"BZh9",
        b"\xfd7zXZ\0",
        b"\x28\xb5\x2f\xfd",
        b"\x7fELF",
        b"{\\rtf1",
        b"<!DOCTYPE html>",
        b"<html>",
        b"<?xml version='1.0'?>",
        b"ARROW1\0\0",
        b"ORC",
        b"\x89HDF",
        b"\x93NUMPY",
        b"SQLite format 3\0",
        b"PK\x05\x06" + bytes(18),
        b"MZ\x90",
        b"\xca\xfe\xba\xbe",
    ]
    for number, magic in enumerate(magics):
        yield BadFile("magic", f"magic-{number}.csv", magic + b"garbage\x00\x01\x02" * 20)
        yield BadFile("magic", f"magic-{number}.xlsx", magic + GOOD.encode())
    good = GOOD.encode()
    yield BadFile("text", "nul.csv", good[:60] + b"\0" + good[60:])
    yield BadFile("text", "nul-tail.csv", good + b"\0" * 100, SAID)
    for number, ends in enumerate([b"\r", b"\r\n", b"\n\r\n"]):
        yield BadFile("text", f"ends-{number}.csv", good.replace(b"\n", ends), EITHER)
    yield BadFile("text", "ctrl-z.csv", good + b"\x1a", TAKEN)
    yield BadFile("text", "no-last-line.csv", good.rstrip(), TAKEN)
    yield BadFile("text", "bom-twice.csv", b"\xef\xbb\xbf" * 2 + good, TAKEN)
    yield BadFile("text", "csv-named.parquet", good, EITHER)
    yield BadFile("text", "csv-named.json", good, EITHER)
    for mark in ";\t|":
        yield BadFile("text", f"mark-{ord(mark)}.csv", good.replace(b";", b"/").replace(b",", mark.encode()), TAKEN)
    yield BadFile("text", "preamble.csv", b"List of companies\n2024\n\n" + good, TAKEN)
    yield BadFile("text", "two-headers.csv", (HEADER + GOOD).encode(), SAID)
    yield BadFile("text", "totals.csv", good + b"Total,4,,,,\n", SAID)
    yield BadFile("text", "no-name.csv", b"a,b,c\n1,2,3\n")
    yield BadFile("text", "twin-columns.csv", b"org_id,name,name\na,A,B\n")
    yield BadFile("text", "long-line.csv", HEADER.encode() + b"a" * (17 * 2**20))
    yield BadFile("text", "wide.csv", (",".join(f"c{k}" for k in range(10_000)) + "\n").encode())
    yield BadFile("text", "long-cell.csv", HEADER.encode() + b"a,A,B,KR,pharma," + b"x" * 2**20 + b"\n")
    yield BadFile(
        "text",
        "many-tags.csv",
        HEADER.encode() + b'a,A,B,KR,pharma,"' + b";".join([b"tag%d" % k for k in range(10**6)]) + b'"\n',
    )
    for number, row in enumerate(
        ["a,A", "a,A,B,KR,pharma,vaccine,more", 'a,"A', 'a,A"b,c,KR,pharma,vaccine', 'a,"A"b,c,KR,pharma,vaccine']
    ):
        yield BadFile("text", f"ragged-{number}.csv", (GOOD + row + "\n").encode(), row=6)
    for number, row in enumerate([",A", "\u200b,A", "hanmi,Other", "a\x1bb,A"]):
        yield BadFile(
            "text",
            f"id-{number}.csv",
            (GOOD + row + ",,KR,pharma,vaccine\n").encode(),
            REFUSED if number > 1 else SAID,
            row=6,
        )


def encoded_files() -> Iterator[BadFile]:
    """Other encodings, halves of two, and bytes that are none: rows 4 to 7."""
    korean = "기업명,소재지,분야\n" + "".join(f"주식회사 가나다라 제약바이오 {k},서울특별시,백신\n" for k in range(12))
    chinese = "单位名称,地址,领域\n" + "".join(f"北京恒瑞生物医药科技股份有限公司{k},上海市,疫苗\n" for k in range(12))
    traditional = "單位名稱,地址,領域\n" + "".join(f"臺灣生物醫藥科技股份有限公司{k},北京市,疫苗\n" for k in range(12))
    for name, text, encodings in (
        ("ko", korean, ["utf-8", "utf-8-sig", "cp949", "euc-kr", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]),
        ("zh", chinese, ["utf-8", "utf-8-sig", "gb18030", "gbk", "gb2312", "utf-16", "utf-16-le"]),
        ("tw", traditional, ["utf-8", "big5", "utf-16"]),
    ):
        for encoding in encodings:
            yield BadFile(
                "encoding", f"{name}-{encoding}.csv", text.encode(encoding), EITHER if name == "tw" else TAKEN
            )
    yield BadFile("encoding", "utf-7.csv", ("name\n" + "한미약품제약").encode("utf-7"))
    yield BadFile("encoding", "short.csv", "기업명\n한미\n".encode("cp949"), EITHER)
    for number, (first, second) in enumerate(
        [("utf-8", "gb18030"), ("utf-8", "cp949"), ("cp949", "utf-8"), ("gb18030", "utf-8")]
    ):
        yield BadFile(
            "encoding",
            f"half-{number}.csv",
            korean.encode(first if first != "gb18030" else "cp949")
            + chinese.encode(second if second != "cp949" else "gb18030"),
            EITHER,
        )
    for number, bad in enumerate(
        [b"\xc0\xaf", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xff", b"\x80", b"\xe4\xb8"]
    ):
        yield BadFile(
            "encoding", f"bytes-{number}.csv", (HEADER + "한미,").encode() + bad + b",x,KR,pharma,vaccine\n", row=2
        )
    yield BadFile("encoding", "mojibake.csv", GOOD.encode().decode("latin-1").encode(), SAID)
    yield BadFile("encoding", "utf-16-cut.csv", korean.encode("utf-16")[:-1])


def json_files() -> Iterator[BadFile]:
    """Row 23."""
    bad = [
        "null",
        "true",
        "1",
        '"x"',
        "[]",
        "{}",
        "[1]",
        "[null]",
        "[[1,2]]",
        '[{"name": "A",}]',
        '[{"name": NaN}]',
        '[{"name": "A", "size": Infinity}]',
        '[{"name": "A", "name": "B"}]',
        '[{"name": "A"',
        '[{"name": "\\ud800"}]',
        "[" * 100_000,
        '{"a":' * 100_000,
        '[{"name": {"a": {"b": 1}}}]',
        '[{"name": [[1]]}]',
        '[{"x": 1}]',
        "{'name': 'A'}",
        '[{"name": "A"}] x',
        "[{]",
        '[{"name": "A"} {"name": "B"}]',
        '{"name": "A"}\n{"name": NaN}\n',
        '{"name": "A"}\n{"name": \n',
        '[{"name": "A\nB"}]',
        '[{"name": ""}]',
        '{"organizations": 5}',
        '{"organizations": [5]}',
        '[{"name": "A", "interests": "' + "x;" * 5000 + '"}]',
        '[{"size": ' + "9" * 5000 + "}]",
        '[{"name": "A", "name_en": 1e999999}]',
    ]
    for number, text in enumerate(bad):
        yield BadFile("json", f"bad-{number}.json", text.encode(), EITHER if number in (27, 31, 32) else REFUSED)
    yield BadFile("json", "good.json", json.dumps([{"name": "한미약품", "country": "KR"}]).encode(), TAKEN)
    yield BadFile("json", "lines.json", b'{"name": "A", "country": "KR"}\n{"name": "B", "country": "CN"}\n', SAID)


# --- binary -------------------------------------------------------------------------------------------------------


def damaged(kind: str, ending: str, data: bytes, n: int, seed: int) -> Iterator[BadFile]:
    """Cut at `n` places, and with bytes flipped at `n`."""
    chance = random.Random(seed)  # noqa: S311  # damage, not secrets
    for number in range(n):
        yield BadFile(kind, f"cut-{number}{ending}", data[: chance.randrange(1, len(data))], EITHER)
        flipped = bytearray(data)
        for _ in range(chance.choice((1, 3, 20))):
            flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
        yield BadFile(kind, f"flip-{number}{ending}", bytes(flipped), EITHER)


def parquet_files(n: int) -> Iterator[BadFile]:
    """Rows 24 and 25."""
    frame = pl.read_csv(io.StringIO(GOOD))
    data = parquet(frame)
    yield BadFile("parquet", "good.parquet", data, TAKEN)
    yield BadFile("parquet", "parquet-named.csv", data, TAKEN)
    yield from damaged("parquet", ".parquet", data, n, 1)
    yield BadFile("parquet", "encrypted.parquet", b"PARE" + data[4:-4] + b"PARE")
    yield BadFile("parquet", "nested.parquet", parquet(frame.with_columns(pl.struct("org_id").alias("name_zh"))))
    yield BadFile("parquet", "bytes.parquet", parquet(frame.with_columns(pl.lit(b"\xff\xfe").alias("name_zh"))), EITHER)
    many = pl.DataFrame({"org_id": pl.repeat(1, 60_000_000, dtype=pl.Int8, eager=True)})
    yield BadFile("parquet", "bomb.parquet", parquet(many))
    yield BadFile("parquet", "marks.parquet", b"PAR1PAR1")


def parquet(frame: pl.DataFrame) -> bytes:
    """The bytes of a Parquet file."""
    target = io.BytesIO()
    frame.write_parquet(target)
    return target.getvalue()


def workbook_files(n: int) -> Iterator[BadFile]:
    """Rows 26 to 28."""
    data = workbook([HEADER.strip().split(","), *map(list, ROWS)])
    yield BadFile("workbook", "good.xlsx", data, TAKEN)
    yield BadFile("workbook", "xlsx-named.csv", data, TAKEN)
    yield from damaged("workbook", ".xlsx", data, n, 2)
    sheet, head = "xl/worksheets/sheet1.xml", b'<?xml version="1.0"?>'
    bomb = (
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
        + b"".join(b'<!ENTITY %c "%s">' % (98 + k, b"&%c;" % (97 + k) * 10) for k in range(9))
        + b"]>"
    )
    yield BadFile("workbook", "entities.xlsx", with_part(data, sheet, lambda xml: head + bomb + xml.split(b"?>", 1)[1]))
    outside = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    yield BadFile(
        "workbook",
        "outside.xlsx",
        with_part(data, "xl/sharedStrings.xml", lambda xml: head + outside + xml.split(b"?>", 1)[1]),
    )
    yield BadFile("workbook", "zip-bomb.xlsx", with_part(data, sheet, lambda xml: xml + b" " * (250 * 2**20)))
    yield BadFile("workbook", "no-sheet.xlsx", with_part(data, sheet, lambda _: None))
    yield BadFile("workbook", "not-xml.xlsx", with_part(data, sheet, lambda _: b"\x00\x01garbage"))
    yield BadFile("workbook", "twin-part.xlsx", twin_part(data, sheet))
    yield BadFile("workbook", "blank.xlsx", workbook([[]]))
    yield BadFile(
        "workbook",
        "far-cell.xlsx",
        with_part(
            data,
            sheet,
            lambda xml: xml.replace(
                b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
            ),
        ),
        EITHER,
    )
    secret = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "EncryptedPackage".encode("utf-16-le") + bytes(500)
    yield BadFile("workbook", "secret.xlsx", secret)
    yield BadFile("workbook", "old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000))
    unsaved = b'<row r="9"><c r="A9"><f>1+1</f></c></row></sheetData>'
    yield BadFile("workbook", "unsaved.xlsx", with_part(data, sheet, lambda xml: xml.replace(b"</sheetData>", unsaved)))
    wrong = b'<row r="9"><c r="A9" t="e"><v>#N/A</v></c><c r="B9" t="inlineStr"><is><t>A</t></is></c></row></sheetData>'
    yield BadFile(
        "workbook", "error-cell.xlsx", with_part(data, sheet, lambda xml: xml.replace(b"</sheetData>", wrong)), SAID
    )
    two = workbook([["기업명"], ["한미"]], [["기업명"], ["제넥신"]])
    yield BadFile("workbook", "two-sheets.xlsx", two)
    yield BadFile("archive", "document.docx", archive({"word/document.xml": b"<a/>", "[Content_Types].xml": b"<a/>"}))
    yield BadFile("archive", "two-tables.zip", archive({"a.csv": GOOD.encode(), "b.csv": GOOD.encode()}))
    yield BadFile("archive", "one-table.zip", archive({"../../a.csv": GOOD.encode()}), TAKEN)
    yield BadFile("archive", "good.csv.gz", gzip.compress(GOOD.encode()), TAKEN)
    yield BadFile("archive", "cut.csv.gz", gzip.compress(GOOD.encode())[:-10])
    yield BadFile("archive", "bomb.csv.gz", gzip.compress(b"a,b\n" * (80 * 2**20)))
    yield BadFile("archive", "garbage.csv.gz", b"\x1f\x8b\x08" + bytes(range(200)))
    yield from damaged("archive", ".zip", archive({"a.csv": GOOD.encode()}), 5, 3)


def workbook(*sheets: list[list[str]]) -> bytes:
    """The bytes of an .xlsx."""
    import xlsxwriter

    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        for rows in sheets:
            sheet = book.add_worksheet()
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return target.getvalue()


def archive(members: dict[str, bytes]) -> bytes:
    """The bytes of a ZIP archive."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return target.getvalue()


def with_part(data: bytes, part: str, change) -> bytes:  # noqa: ANN001
    """The same archive with one part changed, or without it where `change` gives None."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    changed = change(members.pop(part))
    return archive(members if changed is None else members | {part: changed})


def twin_part(data: bytes, part: str) -> bytes:
    """The same archive with one part in it twice."""
    target = io.BytesIO(data)
    with zipfile.ZipFile(target) as packed:
        content = packed.read(part)
    with contextlib.redirect_stderr(io.StringIO()), zipfile.ZipFile(target, "a") as packed:
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            packed.writestr(part, content)
    return target.getvalue()


def database_files(n: int) -> Iterator[BadFile]:
    """SQLite files, whole and damaged."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.sqlite"
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("create table participants (name text, country text)")
            connection.executemany("insert into participants values (?, ?)", [(row[1], row[3]) for row in ROWS] * 20)
        data = path.read_bytes()
    yield BadFile("database", "good.sqlite", data, TAKEN)
    yield from damaged("database", ".sqlite", data, n, 4)


# --- cells --------------------------------------------------------------------------------------------------------


def hostile_files() -> Iterator[BadFile]:
    """Rows 20, 21 and 30 to 34: cells that other programs would run, and values that are none."""
    hostile = [
        "=cmd|' /C calc'!A0",
        "@SUM(1+1)",
        "+1+cmd",
        "-2+3",
        "<script>alert(1)</script>",
        "javascript:alert(1)",
        "\x1b[31mred\x1b[0m",
        "\x1b]0;title\x07",
        "\u202eevil",
        "[red]x[/red]",
        "[/]",
        "a\x07b",
        "'; DROP TABLE organizations; --",
        "../../etc/passwd",
        "\x9b31m",
        "{0.__class__}",
        "%s%n",
        "a\u2028b",
        "𝕳𝖆𝖓𝖒𝖎",
        "\ufdfa" * 50,
    ]
    for number, text in enumerate(hostile):
        cells = '"' + text.replace('"', '""') + '"'
        yield BadFile(
            "hostile", f"name-{number}.csv", (GOOD + f"x{number},{cells},{cells},KR,pharma,vaccine\n").encode(), EITHER
        )
        yield BadFile(
            "hostile", f"term-{number}.csv", (GOOD + f"x{number},A{number},,KR,{cells},{cells}\n").encode(), EITHER
        )
        yield BadFile("hostile", f"heading-{number}.csv", (f"{cells},name,country\nx,A,KR\n").encode(), EITHER)
    days = [
        "2024-02-30",
        "0000-00-00",
        "13/13/2024",
        "03/04/2024",
        "45292",
        "+99:99",
        "2024-13-01",
        "yesterday",
        "2024-07-28T25:00",
        "9" * 400,
    ]
    for number, day in enumerate(days):
        yield BadFile("hostile", f"day-{number}.csv", f"event_id,title,date\ne,T,{day}\n".encode(), row=2, column=3)
    sizes = ["NaN", "inf", "1e309", '"1,234"', "1_000", "٣", "-1", "9" * 400, "1.5", "many"]
    for number, size in enumerate(sizes):
        yield BadFile("hostile", f"size-{number}.csv", f"event_id,title,size\ne,T,{size}\n".encode(), row=2, column=3)


def damaged_tables(n: int, seed: int = 5) -> Iterator[BadFile]:
    """Copies of our own organizations with one cell damaged so that it is wrong (G2)."""
    from matchmaker.bundled import bundled

    rows = list(csv.reader(io.StringIO((bundled("data") / "organizations.csv").read_text("utf-8"))))[:120]
    chance = random.Random(seed)  # noqa: S311  # damage, not secrets
    columns = {name: rows[0].index(name) for name in ("org_id", "sector", "city", "interests", "offers", "country")}
    for number in range(n):
        copy = [list(row) for row in rows]
        row, how = (
            chance.randrange(2, len(copy)),
            chance.choice(["twin", "sector", "city", "interests", "long", "short", "quote", "country", "tags"]),
        )
        column = {"twin": "org_id", "tags": "interests", "quote": "sector"}.get(how, how)
        position = columns.get(column, -1)
        if how == "twin":
            copy[row][position] = copy[row - 1][position]
        elif how == "long":
            copy[row] += ["surplus", "surplus"]
        elif how == "short":
            del copy[row][chance.randrange(3, 8) :]
        elif how == "tags":
            copy[row][position] = ";".join(f"t{k}" for k in range(1500))
        elif how == "quote":
            copy[row][position] = "\0QUOTE"
        else:
            copy[row][position] = "zzyzx-" + "".join(chance.choices("qxzjkw", k=6))
        text = "".join(",".join(_cell(cell) for cell in each) + "\n" for each in copy)
        yield BadFile("damaged", f"{how}-{number}.csv", text.encode(), row=row + 1, column=position + 1)


def _cell(text: str) -> str:
    if text == "\0QUOTE":
        return 'phar"ma'
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\n') else text


# --- the trial ----------------------------------------------------------------------------------------------------


def all_files(n: int = 25) -> Iterator[BadFile]:
    """Every file; `n` damaged copies of each binary format, eight times as many of our own table."""
    yield from text_files()
    yield from encoded_files()
    yield from json_files()
    yield from parquet_files(n)
    yield from workbook_files(n)
    yield from database_files(n)
    yield from hostile_files()
    yield from damaged_tables(8 * n)


class TooSlowError(Exception):
    """The time is over."""


def judge(file: BadFile, folder: Path) -> Outcome:
    """Check one file, and list what is at fault."""
    from matchmaker.cli.program import run

    path = folder / file.name
    path.write_bytes(file.data)
    out, err, start = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO(), time.perf_counter()
    before, digest = sorted(folder.iterdir()), hashlib.sha256(file.data).digest()
    signal.signal(signal.SIGALRM, _over)
    signal.alarm(SECONDS)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(["check", str(path)])
    except TooSlowError:
        code = -1
    finally:
        signal.alarm(0)
    seconds = time.perf_counter() - start
    out.flush()
    said = out.buffer.getvalue().decode("utf-8", "replace") + err.getvalue()
    faults = list(_faults(file, code, said, seconds))
    faults += ["left over"] * (sorted(folder.iterdir()) != before)
    faults += ["input changed"] * (hashlib.sha256(path.read_bytes()).digest() != digest)
    path.unlink()
    errors = [line for line in said.split("\n") if line.startswith("error[")]
    row = any(re.search(rf":{file.row}(?::|\b)|![A-Z]*{file.row}:|line {file.row}\b", line) for line in errors)
    cell = any(re.search(rf":{file.row}:{file.column}:", line) for line in errors)
    return Outcome(file, tuple(faults), seconds, row, cell)


def _over(*_: object) -> None:
    raise TooSlowError


def _faults(file: BadFile, code: int, said: str, seconds: float) -> Iterator[str]:
    if "internal error" in said or "Traceback" in said or code not in (-1, 0, 1, 2):
        yield "breakdown"
    if code == -1 or seconds > SECONDS:
        yield "hang"
    if code == 0 and (file.wanted == REFUSED or (file.wanted == SAID and "warning[" not in said)):
        yield "silent"
    if code != 0 and (file.wanted == TAKEN or "error[" not in said):
        yield "wrongly refused"
    if any(not character.isprintable() and character != "\n" for character in said):
        yield "control characters"


def peak() -> int:
    """Bytes that this process or one of its children held at the most so far."""
    held = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return 1024 * max(held)


def trial(files: Iterator[BadFile]) -> tuple[list[Outcome], int]:
    """The outcome of each file, and the greatest memory held."""
    outcomes, greatest = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            outcomes.append(judge(file, Path(folder)))
            greatest = max(greatest, peak())
    return outcomes, greatest


def table(outcomes: list[Outcome]) -> list[dict[str, object]]:
    """A row a kind: files, faults of each sort, the slowest, and how many errors name the row and the cell."""
    found = []
    kinds = dict.fromkeys(outcome.file.kind for outcome in outcomes)
    for kind in (*kinds, "all"):
        group = [outcome for outcome in outcomes if kind in (outcome.file.kind, "all")]
        faults = [fault for outcome in group for fault in outcome.faults]
        placed = [outcome for outcome in group if outcome.file.row and outcome.file.wanted == REFUSED]
        celled = [outcome for outcome in placed if outcome.file.column]
        sorts = ("breakdown", "hang", "silent", "wrongly refused", "left over", "input changed", "control characters")
        counts = {sort.replace(" ", "_"): faults.count(sort) for sort in sorts}
        row = round(sum(each.names_row for each in placed) / len(placed), 3) if placed else ""
        cell = round(sum(each.names_cell for each in celled) / len(celled), 3) if celled else ""
        slowest = round(max(outcome.seconds for outcome in group), 2)
        found.append(
            {"kind": kind, "files": len(group), **counts, "slowest_s": slowest, "names_row": row, "names_cell": cell}
        )
    return found


def main() -> None:
    """Run the trial and print the table."""
    parser = argparse.ArgumentParser(description="How intake meets bad files.")
    parser.add_argument("-n", type=int, default=25, help="damaged copies of each binary format")
    parser.add_argument("--kind", help="only these kinds, with commas between them")
    parser.add_argument("-o", "--output", type=Path)
    arguments = parser.parse_args()
    kinds = set(arguments.kind.split(",")) if arguments.kind else None
    outcomes, greatest = trial(file for file in all_files(arguments.n) if kinds is None or file.kind in kinds)
    rows = table(outcomes)
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    print(text.getvalue() + f"greatest memory of a process: {greatest / 2**20:,.0f} MiB")
    for outcome in outcomes:
        if outcome.faults:
            print(f"{outcome.file.name}: {', '.join(outcome.faults)}", file=sys.stderr)
    if arguments.output:
        arguments.output.write_text(text.getvalue())


if __name__ == "__main__":
    main()
