"""CSV (RFC 4180) in the encodings that spreadsheets in Taiwan write; pure."""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata

from agent.imports.table import MOST_COLUMNS, Line, Table, cell, check_rows, check_size
from agent.model.errors import BadInput

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, ""),
    (codecs.BOM_UTF32_BE, ""),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks; UTF-32's begins as UTF-16's does, and nobody's spreadsheet writes it."""

_NOBODYS = frozenset({"Cc", "Cn", "Co"})
"""General categories (UAX 44) that a text of people has next to none of: controls, unassigned, private use."""
LOOKED_AT = 4096
"""Characters at the beginning that tell a text from anything else."""

_CHINESE = ("cp950", "big5hkscs")
_DELIMITERS = (",", "\t", ";")


def read_csv(octets: bytes) -> Table:
    """The rows of a file; raise BadInput for one that is none, naming the line."""
    check_size(octets)
    text, encoding = decoded(octets)
    lines: list[Line] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        for number, words in enumerate(reader, 1):
            if any(word.strip() for word in words):
                lines.append(Line(number, tuple(cell(word) for word in _trimmed(words, number))))
                check_rows(len(lines))
    except csv.Error as error:
        raise BadInput(f"line {reader.line_num}: no CSV: {error}") from None
    return Table(encoding, tuple(lines))


def _trimmed(words: list[str], number: int) -> list[str]:
    """The row without the empty cells at its end."""
    while words and not words[-1].strip():
        words = words[:-1]
    if len(words) > MOST_COLUMNS:
        raise BadInput(f"line {number}: {len(words)} columns are no register", hint=f"{MOST_COLUMNS} at most")
    return words


def decoded(octets: bytes) -> tuple[str, str]:
    """A file's text, and the encoding that it was read in; raise BadInput where none fits.

    A byte order mark says it; else NULs show UTF-16; else what is valid UTF-8 is that, and the rest is Big5 (CP950).
    """
    marked = next((name for mark, name in _MARKS if octets.startswith(mark)), None)
    if marked == "":
        raise BadInput("the file is UTF-32", hint="save it as UTF-8")
    if marked is not None:
        return _strictly(octets, marked), marked
    if b"\0" in octets:
        return _unmarked(octets)
    try:
        return octets.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        return _chinese(octets, error.start)


def _strictly(octets: bytes, encoding: str) -> str:
    try:
        return octets.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadInput(f"no {encoding} at byte {error.start}, as it begins", hint="save it as UTF-8") from None


def _unmarked(octets: bytes) -> tuple[str, str]:
    """UTF-16 without a mark; raise BadInput for NULs that are none of a text's: no line ends, or signs of nobody's."""
    name = _utf16(octets)
    try:
        text = octets.decode(name)
    except UnicodeDecodeError:
        text = ""
    head = text[:LOOKED_AT]
    strange = sum(unicodedata.category(sign) in _NOBODYS and sign not in "\t\r\n" for sign in head)
    if not {"\n", "\r"} & set(text) or strange * 20 > len(head):
        raise BadInput("the file is no text", hint="save the register as CSV in UTF-8, or as XLSX")
    return text, name


def _utf16(octets: bytes) -> str:
    """The order of bytes without a mark: commas and line ends have their NUL first or second."""
    return "utf-16-be" if octets[0::2].count(0) > octets[1::2].count(0) else "utf-16-le"


def _chinese(octets: bytes, start: int) -> tuple[str, str]:
    for name in _CHINESE:
        try:
            return octets.decode(name), name
        except UnicodeDecodeError:
            continue
    raise BadInput(f"neither UTF-8 (byte {start}), UTF-16 nor Big5", hint="save it as UTF-8")


def _delimiter(text: str) -> str:
    """The sign that stands most often in the first line that holds any."""
    for line in text.splitlines()[:20]:
        best = max(_DELIMITERS, key=line.count)
        if line.count(best):
            return best
    return ","
