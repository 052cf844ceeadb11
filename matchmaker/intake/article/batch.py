"""Read many articles, in several processes where there are enough of them, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from matchmaker.dataset import Dataset
from matchmaker.errors import DataError, Problem
from matchmaker.intake.article.finding import Reader
from matchmaker.intake.article.review import COLUMNS, records_of
from matchmaker.intake.article.text import read_article
from matchmaker.table import ReadOptions
from matchmaker.writing import as_csv, as_json_lines

FEWEST = 200  # articles for which starting processes pays
_READERS: list[Reader] = []  # of this process


class Piece(NamedTuple):
    """The rows of one article as lines of a file, and what is wrong with it."""

    lines: bytes
    problems: list[Problem]


def pieces_of(
    files: Sequence[Path],
    dataset: Dataset,
    form: str,
    *,
    folder: str | None = None,
    options: ReadOptions | None = None,
    published: date | None = None,
    processes: int = 2,
) -> Iterator[Piece]:
    """One piece an article, in the order of `files`, whatever the number of processes.

    Args:
        files: the articles.
        dataset: who is known.
        form: `csv` (lines without a header) or `jsonl`.
        folder: where the processes read `dataset` again (None: the embedded data).
        options: how they read it; its encoding is that of the articles, too.
        published: the day of the articles, where they do not say it.
        processes: how many to use for `FEWEST` articles and more.
    """
    options = options or ReadOptions()
    work = partial(_piece, form=form, encoding=options.encoding, published=published)
    if processes < 2 or len(files) < FEWEST:
        _READERS[:] = [Reader.of(dataset)]
        yield from map(work, files)
        return
    with get_context("spawn").Pool(processes, _start, (folder, options)) as pool:
        yield from pool.imap(work, files, chunksize=16)


def _start(folder: str | None, options: ReadOptions) -> None:
    _READERS[:] = [Reader.of(Dataset.read(folder, options))]


def _piece(file: Path, *, form: str, encoding: str | None, published: date | None) -> Piece:
    try:
        article = read_article(file, encoding)
    except DataError as error:
        return Piece(b"", error.problems)
    records = records_of(_READERS[0].read(article, published))
    lines = as_json_lines(records) if form == "jsonl" else as_csv(records, COLUMNS).split(b"\n", 1)[1]
    return Piece(lines, list(article.problems))
