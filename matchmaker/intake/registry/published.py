"""Files as registries publish them: CSV, JSON and XML, plain or in a ZIP archive, read record by record."""

from __future__ import annotations

import csv
import io
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeAlias
from xml.etree import ElementTree

from matchmaker.errors import DataError, Problem, UsageError, quoted

Row: TypeAlias = tuple[str, Mapping[str, Any]]  # name of a table, and cells by column
LONGEST = 16 * 2**20  # characters of a cell or a record
_BLOCK = 2**20
_FAILURES = (zipfile.BadZipFile, zlib.error, OSError, EOFError, UnicodeDecodeError, csv.Error, NotImplementedError)


class Published:
    """One downloaded file: an archive of members, a folder of files, or a single file, which is its only member."""

    def __init__(self, path: str) -> None:
        self.path = path
        place = Path(path)
        if not place.exists():
            raise UsageError(Problem("MM-USE-001", "no such file", "check the path", path))
        self._folder = place if place.is_dir() else None
        self._archive = None if self._folder or not zipfile.is_zipfile(place) else zipfile.ZipFile(place)

    @property
    def members(self) -> list[str]:
        """Names of the files in it, sorted."""
        if self._folder:
            return sorted(str(each.relative_to(self._folder)) for each in self._folder.rglob("*") if each.is_file())
        return sorted(self._archive.namelist()) if self._archive else [Path(self.path).name]

    def find(self, stem: str, *endings: str) -> str | None:
        """The member of this name, in any folder of the archive."""
        wanted = {f"{stem}{ending}" for ending in endings}
        return next((name for name in self.members if name.rpartition("/")[2].casefold() in wanted), None)

    def csv_rows(self, member: str, delimiter: str) -> Iterator[dict[str, str]]:
        """Records of a delimited text with a header, by column."""
        csv.field_size_limit(LONGEST)
        with self._opened(member) as binary, _text(binary) as text:
            for record in csv.DictReader(text, delimiter=delimiter):
                yield {
                    key: (value or "").strip() for key, value in record.items() if key and not isinstance(value, list)
                }

    def json_rows(self, member: str, key: str | None = None) -> Iterator[dict[str, Any]]:
        """Objects of an array, that of `key` where the document is an object; the document is never held whole."""
        with self._opened(member) as binary, _text(binary) as text:
            yield from _objects(text, key, self)

    def xml(self, member: str) -> ElementTree.Element:
        """The root of a small XML document; one that declares entities is refused."""
        with self._opened(member) as binary:
            content = binary.read(LONGEST + 1)
        if len(content) > LONGEST or b"<!DOCTYPE" in content[:4096] or b"<!ENTITY" in content[:4096]:
            raise self.refusal(f"{quoted(member)} is too long, or declares entities")
        try:
            return ElementTree.fromstring(content)  # noqa: S314  # entities were refused
        except ElementTree.ParseError as error:
            raise self.refusal(f"{quoted(member)} is not XML: {error}") from None

    def refusal(self, message: str) -> DataError:
        """That it is not as the registry publishes it."""
        return DataError(Problem("MM-REG-001", message, "download it again, and give it as it is", self.path))

    @contextmanager
    def _opened(self, member: str) -> Iterator[IO[bytes]]:
        try:
            with self._stream(member) as stream:
                yield stream
        except _FAILURES as error:
            raise self.refusal(f"{quoted(member)} cannot be read: {error}") from None

    def _stream(self, member: str) -> IO[bytes]:
        if self._archive:
            return self._archive.open(member)
        return (self._folder / member if self._folder else Path(self.path)).open("rb")


@contextmanager
def _text(binary: IO[bytes]) -> Iterator[IO[str]]:
    """The text of a stream, which stays open: whoever opened it closes it."""
    text = io.TextIOWrapper(binary, "utf-8-sig", newline="")
    try:
        yield text
    finally:
        text.detach()


def _objects(text: IO[str], key: str | None, published: Published) -> Iterator[dict[str, Any]]:
    """Decode one object after the other from a buffer that is filled as needed."""
    decoder, buffer = json.JSONDecoder(), text.read(_BLOCK).lstrip()
    position = _start(buffer, key, published)
    while True:
        while position < len(buffer) and buffer[position] in " \t\r\n,":
            position += 1
        if position < len(buffer) and buffer[position] == "]":
            return
        try:
            found, position = decoder.raw_decode(buffer, position)
        except ValueError:
            more = text.read(max(_BLOCK, len(buffer) - position))
            if not more or len(buffer) - position > LONGEST:
                raise published.refusal("the JSON is cut off, or damaged") from None
            buffer, position = buffer[position:] + more, 0
            continue
        if not isinstance(found, dict):
            raise published.refusal(f"{quoted(found)} stands where an object is wanted")
        yield found


def _start(buffer: str, key: str | None, published: Published) -> int:
    """Where the first object begins."""
    if buffer.startswith("["):
        return 1
    at = buffer.find(f'"{key}"') if key else -1
    begin = buffer.find("[", at) if at >= 0 else -1
    if begin < 0:
        raise published.refusal("holds no array of records")
    return begin + 1
