"""How is a Chinese character read in Korean? Make the table that travels with the package from Unicode's `kHangul`.

Unihan_Readings.txt, plain or as .bz2 (Debian's package `unicode-data` has it in /usr/share/unicode), gives for each
character its Korean syllables, each with its sources. The first that a school list (E) or KS X 1001 (0) has is taken.
Command: python experiments/hangul_readings.py Unihan_Readings.txt.bz2
Writes matchmaker/names/hangul_readings.csv: one syllable a line, and the characters that are read so.
"""

from __future__ import annotations

import bz2
import csv
import sys
from collections.abc import Iterator
from pathlib import Path

TABLE = Path(__file__).parent.parent / "matchmaker" / "names" / "hangul_readings.csv"


def readings(text: str) -> Iterator[tuple[str, str]]:
    """(syllable, character) of every character that has a Korean reading."""
    for line in text.splitlines():
        match line.split("\t"):
            case [code, "kHangul", value]:
                yield chosen(value), chr(int(code.removeprefix("U+"), base=16))


def chosen(value: str) -> str:
    """The usual one of `배:0N 북:0E`: taught at school, else in KS X 1001, else the first."""
    stated = [reading.partition(":") for reading in value.split()]
    return min(stated, key=lambda reading: ("E" not in reading[2], "0" not in reading[2]))[0]


def main(source: str) -> None:
    """Read the Unicode file, write the table."""
    raw = Path(source).read_bytes()
    text = (bz2.decompress(raw) if source.endswith(".bz2") else raw).decode("utf-8")
    characters: dict[str, list[str]] = {}
    for syllable, character in readings(text):
        characters.setdefault(syllable, []).append(character)
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["syllable", "characters"])
        writer.writerows((syllable, "".join(sorted(characters[syllable]))) for syllable in sorted(characters))


if __name__ == "__main__":
    main(*sys.argv[1:])
