"""From the bytes of a file to its text: what kind of file it is, in which encoding, and what cannot be read."""

from __future__ import annotations

import codecs
import os
import re
import stat
from pathlib import Path

from matchmaker.errors import DataError, Problem, UsageError, quoted

MOST_BYTES = 2**30
UNPACK, EXPORT = "unpack it and give the table in it", 'export the table as "CSV UTF-8"'
MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"\x89PNG", "a PNG image", EXPORT),
    (b"\xff\xd8\xff", "a JPEG image", EXPORT),
    (b"GIF8", "a GIF image", EXPORT),
    (b"%PDF-", "a PDF document", EXPORT),
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook", 'in Excel, save the sheet as "CSV UTF-8"'),
    (b"PK\x05\x06", "an empty ZIP archive", EXPORT),
    (b"\xd0\xcf\x11\xe0", "an old or a protected Excel workbook", 'in Excel, save the sheet as "CSV UTF-8"'),
    (b"SQLite format 3\0", "an SQLite database", EXPORT),
    (b"\x1f\x8b", "a gzip archive", UNPACK),
    (b"BZh", "a bzip2 archive", UNPACK),
    (b"\xfd7zXZ", "an xz archive", UNPACK),
    (b"7z\xbc\xaf", "a 7-Zip archive", UNPACK),
    (b"Rar!", "a RAR archive", UNPACK),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", UNPACK),
    (b"ARROW1", "an Arrow file", "write it as Parquet or CSV"),
    (b"ORC", "an ORC file", "write it as Parquet or CSV"),
    (b"\x89HDF", "an HDF5 file", "write it as Parquet or CSV"),
    (b"\x93NUMPY", "a NumPy array", "write it as Parquet or CSV"),
    (b"\x7fELF", "a program", "give a table"),
    (b"{\\rtf", "an RTF document", EXPORT),
    (b"<!DOCTYPE", "a web page", EXPORT),
    (b"<!doctype", "a web page", EXPORT),
    (b"<html", "a web page", EXPORT),
    (b"<?xml", "an XML document", EXPORT),
)

_GUESSES = {
    "cp949": "Korean",
    "gb18030": "Chinese",
    "big5": "Traditional Chinese",
    "shift_jis": "Japanese",
    "utf_16": "Unicode",
}
_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uff00-\uffef]+")


def read_bytes(path: Path) -> bytes:
    """The content of a regular file; a pipe or a device is refused without waiting for it.

    Raises:
        UsageError: no such file, or one that may not be read.
        DataError: it is larger than `MOST_BYTES`.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:
        raise UsageError(_unopened(path, error)) from None
    try:
        _check_state(os.fstat(descriptor), path)
        with open(descriptor, "rb", closefd=False) as file:  # the path may lead elsewhere by now
            return file.read()
    except OSError as error:
        raise UsageError(_unopened(path, error)) from None
    finally:
        os.close(descriptor)


def _check_state(state: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(state.st_mode):
        raise UsageError(Problem("MM-USE-003", "is a folder", "give a file", str(path)))
    if not stat.S_ISREG(state.st_mode):
        raise UsageError(Problem("MM-USE-004", "is not a regular file", "give a file on disk", str(path)))
    if state.st_size > MOST_BYTES:
        message = f"has {state.st_size:,} bytes; the limit is {MOST_BYTES:,}"
        raise DataError(Problem("MM-LIM-001", message, "split the table or write it as Parquet", str(path)))


def _unopened(path: Path, error: OSError | ValueError) -> Problem:
    if isinstance(error, FileNotFoundError | NotADirectoryError | ValueError):
        return Problem("MM-USE-001", "no such file", "check the path", str(path))
    if isinstance(error, IsADirectoryError):
        return Problem("MM-USE-003", "is a folder", "give a file", str(path))
    reason = f": {error.strerror}" if error.strerror and not isinstance(error, PermissionError) else ""
    return Problem("MM-USE-002", f"may not be read{reason}", "check its permissions", str(path))


def check_magic(data: bytes, file: str) -> None:
    """Refuse what is no text, by its first bytes; its name says nothing.

    Raises:
        DataError: it is an image, an archive, a workbook …
    """
    for magic, kind, fix in MAGIC:
        if data.startswith(magic):
            raise DataError(Problem("MM-CSV-003", f"starts with the bytes of {kind}, not text", fix, file))


def decode(data: bytes, file: str, encoding: str | None = None) -> tuple[str, list[Problem]]:
    """The text of `data`, without byte order marks and with line feeds for all line ends, and warnings.

    UTF-8 unless a byte order mark or `encoding` says otherwise; another encoding is named in the error, never applied.

    Raises:
        UsageError: there is no such encoding.
        DataError: the text is empty or cannot be read.
    """
    text = _decoded(data, file, encoding).lstrip("\ufeff")
    text, warnings = _without_tail(text, file)
    if not text.strip():
        raise DataError(Problem("MM-CSV-001", "is empty", "write a header and rows", file))
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(Problem("MM-CSV-006", f"NUL byte at line {line}", _NUL_FIX, file, line))
    if encoding is None and (reading := _as_utf_7(text)):
        raise DataError(Problem("MM-CSV-005", f"reads as UTF-7 ({quoted(reading)})", _encoding_fix("utf-7"), file))
    return text, warnings


_NUL_FIX = 'the file is damaged or not text: export it again as "CSV UTF-8"'


def _decoded(data: bytes, file: str, encoding: str | None) -> str:
    if encoding is not None:
        return _as_told(data, file, encoding)
    for mark, codec in (
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return _as_told(data, file, codec)
    if guess := _wide_without_mark(data):
        message = f"is not UTF-8; it reads as {guess.upper()} without byte order mark"
        raise DataError(Problem("MM-CSV-005", message, _encoding_fix(guess), file))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(_not_utf_8(data, error.start, file)) from None


def _as_told(data: bytes, file: str, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = _line_at(data, error.start)
        message = f"byte {error.start + 1} of the file is not {error.encoding}"
        raise DataError(Problem("MM-CSV-005", message, "correct it, or give another --encoding", file, line)) from None
    except (LookupError, UnicodeError, ValueError):
        message = f"there is no text encoding {quoted(encoding)}"
        raise UsageError(Problem("MM-USE-006", message, "such as utf-8, cp949, gb18030, big5, shift_jis")) from None


def _line_at(data: bytes, offset: int) -> int:
    before = data[:offset].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return before.count(b"\n") + 1


def _encoding_fix(encoding: str) -> str:
    return f'give --encoding {encoding}, or save the table as "CSV UTF-8"'


def _not_utf_8(data: bytes, start: int, file: str) -> Problem:
    message, fix = f"byte {start + 1} of the file is not UTF-8", 'save the table as "CSV UTF-8"'
    if re.search("[\u0800-\uffff]", data[:start].decode("utf-8")):  # two bytes of another encoding can look like UTF-8
        message += ", though what stands before it is: two encodings are mixed, or the file is damaged"
    elif guesses := _guesses(data):
        readings = " and ".join(f"{name.upper()} ({_GUESSES[name]})" for name in guesses[:2])
        message += f"; the file reads as {readings} without error"
        fix = _encoding_fix(guesses[0])
    return Problem("MM-CSV-005", message, fix, file, _line_at(data, start))


def _guesses(data: bytes) -> list[str]:
    """Encodings that read `data` without error, the likeliest first."""
    from charset_normalizer import from_bytes

    possible = [name for name in _GUESSES if _reads(data, name)]
    sample = data[: 1 << 17]
    best = from_bytes(sample[: sample.rfind(b"\n") + 1] or sample, cp_isolation=possible).best() if possible else None
    likely = best.encoding if best else None
    return sorted(possible, key=lambda name: name != likely)


def _reads(data: bytes, encoding: str) -> bool:
    try:
        text = data.decode(encoding)
    except UnicodeError:
        return False
    return "," in text or "\n" in text


def _wide_without_mark(data: bytes) -> str | None:
    """UTF-16 of mostly ASCII has a NUL in every second byte."""
    sample = data[: 1 << 16]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 4 * even and 4 * odd > len(sample[1::2]) and _reads(data, "utf-16-le"):
        return "utf-16-le"
    if even > 4 * odd and 4 * even > len(sample[0::2]) and _reads(data, "utf-16-be"):
        return "utf-16-be"
    return None


def _as_utf_7(text: str) -> str | None:
    """A line as UTF-7 would read it, if every `+…-` in the text turns into East Asian writing."""
    if "+" not in text or not text.isascii() or not re.search(r"\+[A-Za-z0-9+/]{5,}", text):
        return None
    try:
        decoded = text.encode("ascii").decode("utf-7")
    except UnicodeError:
        return None
    strange = "".join(character for character in decoded if not character.isascii())
    if len(strange) < 4 or not _EAST_ASIAN.fullmatch(strange):
        return None
    return next(line for line in decoded.split("\n") if not line.isascii())


def _without_tail(text: str, file: str) -> tuple[str, list[Problem]]:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = text.rstrip("\0\x1a")
    n_nul = text.count("\0", len(kept))
    if not n_nul:
        return kept, []
    message = f"{n_nul:,} NUL byte{'' if n_nul == 1 else 's'} at the end, ignored"
    return kept, [Problem("MM-CSV-007", message, _NUL_FIX, file, warning=True)]
