"""`matchmaker mentions`: what news articles state of who met whom, for a person to accept or reject."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matchmaker.cli.answer import Answer, a_path, chosen_format, deliver, write_bytes, write_to
from matchmaker.cli.complain import complain, say
from matchmaker.cli.options import Output, Talk, spread
from matchmaker.cli.page import Page
from matchmaker.cli.world import dataset_of, day_of, read_options
from matchmaker.errors import DataError, Problem, UsageError, counted, quoted
from matchmaker.writing import as_csv, refuse_target, write_file

if TYPE_CHECKING:
    from datetime import date

    from matchmaker.dataset import Dataset
    from matchmaker.intake.article.finding import Findings

ENDINGS = (".txt", ".html", ".htm", ".md")
Articles = Annotated[
    list[str] | None,
    typer.Argument(metavar="ARTICLE…", help="Files of text or HTML, or folders of them.", show_default=False),
]
Text = Annotated[str | None, typer.Option("--text", metavar="TEXT", help="An article in a line, to try it.")]
Published = Annotated[
    str | None, typer.Option("--published", metavar="DAY", help="The day of the articles, where they do not say it.")
]
Accept = Annotated[
    str | None,
    typer.Option(
        "--accept", metavar="REVIEWED", help="Write the accepted rows of a reviewed file, to -o FOLDER or --store."
    ),
]
Processes = Annotated[int, typer.Option("--processes", metavar="N", help="For many articles.")]
Author = Annotated[str | None, typer.Option("--author", metavar="NAME", help="Who reviewed; left out: the user.")]


@spread
def mentions(
    output: Output,
    talk: Talk,
    articles: Articles = None,
    text: Text = None,
    published: Published = None,
    accept: Accept = None,
    author: Author = None,
    processes: Processes = 2,
) -> int:
    """Propose rows of events, participations, agreements and intentions from news in Chinese, Korean and English.

    Each row names the sentence it rests on. Write "accept" (or the right identifier) into the column decision, then
    give the file to --accept: nothing enters the data unreviewed. A file of rows ends in .xlsx, .csv or .jsonl.
    """
    store, talk = talk.store, replace(talk, store=None)  # known names are those of the domain; rows go to the store
    if accept is not None:
        _take(accept, output.file, store, author, talk, given=articles)
        return 0
    if text is not None and not articles:
        return _propose_line(text, day_of(published), output, talk)
    if not articles:
        raise UsageError(Problem("MM-CLI-005", "name articles, or a reviewed file with --accept", "see --help"))
    return _propose(articles, day_of(published), processes, output, talk)


def _propose(articles: Sequence[str], published: date | None, processes: int, output: Output, talk: Talk) -> int:
    as_workbook = bool(output.file) and str(output.file).lower().endswith(".xlsx")
    form = "xlsx" if as_workbook else chosen_format(output)
    if as_workbook:
        refuse_target(a_path(str(output.file)))
    files, problems = _files(articles), list[Problem]()
    if form in ("csv", "jsonl"):
        problems = _stream(files, form, published, processes, output, talk)
    else:
        found = _read(files, dataset_of(talk), published, talk, problems)
        _collect(list(found), output, talk, as_workbook=as_workbook)
    complain([problem for problem in problems if not (talk.quiet and problem.warning)])
    return int(any(not problem.warning for problem in problems))


def _propose_line(text: str, published: date | None, output: Output, talk: Talk) -> int:
    from matchmaker.intake.article.finding import Reader
    from matchmaker.intake.article.text import article_of

    chosen_format(output)
    _collect([Reader.of(dataset_of(talk)).read(article_of(text), published)], output, talk, as_workbook=False)
    return 0


def _files(articles: Sequence[str]) -> list[Path]:
    """Every file named, and those in folders named, in the order of their names."""
    files: list[Path] = []
    for each in articles:
        path = Path(a_path(each))
        inner = sorted(file for file in path.iterdir() if file.suffix.lower() in ENDINGS) if path.is_dir() else [path]
        if not inner:
            message = f"the folder {quoted(path)} holds no article"
            raise UsageError(Problem("MM-ART-008", message, "articles end in " + ", ".join(ENDINGS)))
        files += inner
    return files


def _read(
    files: Sequence[Path], dataset: Dataset, published: date | None, talk: Talk, problems: list[Problem]
) -> Iterator[Findings]:
    """What each article states; one that cannot be read is said, and the others are read."""
    from matchmaker.intake.article.finding import Reader
    from matchmaker.intake.article.text import read_article

    reader = Reader.of(dataset)
    for file in files:
        try:
            article = read_article(file, talk.encoding)
        except DataError as error:
            problems += error.problems
            continue
        problems += article.problems
        yield reader.read(article, published)


def _stream(
    files: Sequence[Path], form: str, published: date | None, processes: int, output: Output, talk: Talk
) -> list[Problem]:
    """Write article by article, so that any number of them fits into memory."""
    from matchmaker.intake.article.batch import pieces_of
    from matchmaker.intake.article.review import COLUMNS

    problems: list[Problem] = []
    to_file = output.file not in (None, "-")
    found = pieces_of(
        files, dataset_of(talk), form, folder=talk.domain, options=read_options(talk), published=published,
        processes=processes,
    )  # fmt: skip

    def written() -> Iterator[bytes]:
        if form == "csv":
            yield as_csv([], COLUMNS, for_people=to_file)
        for piece in found:
            problems.extend(piece.problems)
            yield piece.lines

    if to_file:
        write_to(str(output.file), written(), talk)
    else:
        for lines in written():
            write_bytes(lines)
    return problems


def _collect(found: Sequence[Findings], output: Output, talk: Talk, *, as_workbook: bool) -> None:
    from matchmaker.intake.article.review import COLUMNS, document_of, records_of, workbook

    records = [record for findings in found for record in records_of(findings)]
    if as_workbook:
        write_to(str(output.file), workbook(records), talk)
        return
    documents = [document_of(findings) for findings in found]

    def print_page(page: Page) -> None:
        for document in documents:
            _print(page, document)

    deliver(Answer(COLUMNS, records, documents, records, print_page), output, talk)


def _print(page: Page, document: dict[str, Any]) -> None:
    page.heading(f"{document['file']} · {document['language']} · {document['published'] or 'day not known'}")
    names = {row["org_id"]: row["name"] for row in document["organizations"]}
    for row in document["events"]:
        page.line(" · ".join(filter(None, (row.get("date"), row["kind"], row["title"], row.get("counts")))))
        taking = [part for part in document["participations"] if part["event_id"] == row["event_id"]]
        page.table(("", "", ""), [("", names[part["org_id"]], part.get("role", "")) for part in taking])
    for row in document["partnerships"]:
        page.line(f"{names[row['left']]} – {names[row['right']]} · {row['kind']} · {row['status']}")
    for row in document["intentions"]:
        page.line(f"{names[row['org_id']]} – {row['counterpart_as_stated']}: {row['subject']}")
    new = [row["name"] for row in document["organizations"] if row["org_id"].startswith("new-")]
    if new:
        page.line("New names: " + "; ".join(new))


def _take(reviewed: str, folder: str | None, store: str | None, author: str | None, talk: Talk, given: Any) -> None:
    """Write what was accepted to a folder of tables or to a store."""
    if given or (folder is None and store is None):
        raise UsageError(Problem("MM-CLI-005", "--accept takes one file, and -o FOLDER or --store URL", "see --help"))
    from matchmaker.intake.article.review import accepted_tables, with_known_organizations
    from matchmaker.intake.source import IntakeOptions, read_source

    dataset = dataset_of(talk)
    grid = read_source(a_path(reviewed), IntakeOptions(encoding=talk.encoding))[0]
    tables = accepted_tables(grid, dataset)
    if folder is None and store is not None:
        from matchmaker.store import Store

        with Store.open(store) as target:
            tables = with_known_organizations(
                tables, dataset, target.tables("organizations")["organizations"]["org_id"]
            )
            target.put(tables, author=author or getpass.getuser(), source=reviewed)
    else:
        _write_folder(Path(a_path(str(folder))), tables, dataset)
    if not talk.quiet:
        taken = ", ".join(f"{name}: {counted(frame.height, 'row')}" for name, frame in tables.items())
        say(f"wrote {folder or 'the store'}: {taken}")


def _write_folder(folder: Path, tables: dict[str, Any], dataset: Dataset) -> None:
    from matchmaker.intake.article.review import with_known_organizations

    frames = with_known_organizations(tables, dataset, ())
    for name in frames:
        if (folder / f"{name}.csv").exists():
            message = f"{quoted(folder)} already holds {name}.csv"
            raise DataError(Problem("MM-ART-009", message, "choose a new folder, or --store"))
    folder.mkdir(exist_ok=True)
    for name, frame in frames.items():
        write_file(folder / f"{name}.csv", as_csv(frame.to_dicts(), frame.columns))
