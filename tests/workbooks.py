"""Workbooks in the four formats of spreadsheets, written byte by byte where no library writes them."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

Sheets = Mapping[str, Sequence[Sequence[str]]]


def as_xlsx(sheets: Sheets) -> bytes:
    import xlsxwriter

    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return target.getvalue()


def packed(members: Mapping[str, bytes | str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


# --- OpenDocument -------------------------------------------------------------------------------------------------

_NAMESPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
)


def as_ods(sheets: Sheets) -> bytes:
    tables = "".join(
        f'<table:table table:name="{escape(name)}">{"".join(map(_ods_row, rows))}</table:table>'
        for name, rows in sheets.items()
    )
    content = f"<office:document-content {_NAMESPACES}><office:body><office:spreadsheet>{tables}"
    content += "</office:spreadsheet></office:body></office:document-content>"
    entry = '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
    manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    return packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": f'<?xml version="1.0" encoding="UTF-8"?>{content}',
            "META-INF/manifest.xml": f'<?xml version="1.0" encoding="UTF-8"?>{manifest}{entry}</manifest:manifest>',
        }
    )


def _ods_row(row: Sequence[str]) -> str:
    cells = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p></table:table-cell>'
        if cell
        else "<table:table-cell/>"
        for cell in row
    )
    return f"<table:table-row>{cells or '<table:table-cell/>'}</table:table-row>"


# --- the binary workbook of Excel 2007 ----------------------------------------------------------------------------


def as_xlsb(sheets: Sheets) -> bytes:
    links, bundle, members = "", b"", {}
    for number, (name, rows) in enumerate(sheets.items(), 1):
        links += f'<Relationship Id="rId{number}" Type="x/worksheet" Target="worksheets/sheet{number}.bin"/>'
        bundle += _record(0x9C, struct.pack("<II", 0, number) + _wide(f"rId{number}") + _wide(name))
        members[f"xl/worksheets/sheet{number}.bin"] = _xlsb_sheet(rows)
    book = _record(0x83) + _record(0x99, bytes(8)) + _record(0x8F) + bundle + _record(0x90) + _record(0x84)
    relationships = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    types = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
    return packed(
        {
            "[Content_Types].xml": types,
            "xl/workbook.bin": book,
            "xl/_rels/workbook.bin.rels": f"{relationships}{links}</Relationships>",
            **members,
        }
    )


def _xlsb_sheet(rows: Sequence[Sequence[str]]) -> bytes:
    width = max((len(row) for row in rows), default=1)
    data = _record(0x81) + _record(0x94, struct.pack("<IIII", 0, max(len(rows) - 1, 0), 0, width - 1)) + _record(0x91)
    for number, row in enumerate(rows):
        data += _record(0x00, struct.pack("<I", number) + bytes(13))
        for column, cell in enumerate(row):
            if cell:
                data += _record(0x06, struct.pack("<II", column, 0) + _wide(cell))
    return data + _record(0x92) + _record(0x82)


def _record(kind: int, content: bytes = b"") -> bytes:
    head = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    length, size = b"", len(content)
    while True:
        size, low = size >> 7, size & 0x7F
        length += bytes([low | (0x80 if size else 0)])
        if not size:
            return head + length + content


def _wide(text: str) -> bytes:
    encoded = text.encode("utf-16-le")
    return struct.pack("<I", len(encoded) // 2) + encoded


# --- the workbook of Excel 97 -------------------------------------------------------------------------------------


def as_xls(sheets: Sheets) -> bytes:
    parts = [_xls_sheet(rows) for rows in sheets.values()]
    names = [_biff(0x85, struct.pack("<IBB", 0, 0, 0) + _short(name)) for name in sheets]
    head = _biff(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0)) + _biff(0x42, struct.pack("<H", 1200))
    position = len(head) + sum(map(len, names)) + len(_biff(0x0A))
    bundle = b""
    for name, part in zip(sheets, parts, strict=True):
        bundle += _biff(0x85, struct.pack("<IBB", position, 0, 0) + _short(name))
        position += len(part)
    return _compound(head + bundle + _biff(0x0A) + b"".join(parts))


def _xls_sheet(rows: Sequence[Sequence[str]]) -> bytes:
    width = max((len(row) for row in rows), default=0)
    data = _biff(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
    data += _biff(0x200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0))
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            if cell:
                text = struct.pack("<HB", len(cell), 1) + cell.encode("utf-16-le")
                data += _biff(0x204, struct.pack("<HHH", number, column, 0) + text)
    return data + _biff(0x0A)


def _biff(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def _short(text: str) -> bytes:
    return struct.pack("<BB", len(text), 1) + text.encode("utf-16-le")


def _compound(stream: bytes) -> bytes:
    """A compound file with the one stream `Workbook`, long enough to stand in sectors of its own."""
    stream = stream.ljust(4096, b"\0")
    n_sectors = -(-len(stream) // 512)
    end, free = 0xFFFFFFFE, 0xFFFFFFFF
    fat = [0xFFFFFFFD, end, *range(3, 2 + n_sectors), end]
    assert len(fat) <= 128, "one sector of the table is enough for tests"
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0) + struct.pack("<I", 0)
    table = struct.pack("<128I", *fat, *[free] * (128 - len(fat)))
    root = _entry("Root Entry", 5, child=1, start=end, size=0)
    book = _entry("Workbook", 2, child=free, start=2, size=len(stream))
    directory = (root + book).ljust(512, b"\0")
    return header.ljust(512, b"\xff") + table + directory + stream.ljust(512 * n_sectors, b"\0")


def _entry(name: str, kind: int, *, child: int, start: int, size: int) -> bytes:
    encoded = (name + "\0").encode("utf-16-le")
    head = encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded), kind, 1)
    return head + struct.pack("<III36xIQ", 0xFFFFFFFF, 0xFFFFFFFF, child, start, size)


FORMATS = {"xlsx": as_xlsx, "xlsb": as_xlsb, "xls": as_xls, "ods": as_ods}
