r"""Items of text delimited files.

The rules are those of https://docs.aws.amazon.com/step-functions/latest/dg/example-csv-parse-dist-map.html, which no
dialect of the csv module has: a doubled quote is a quote without quotes around the field too, and a backslash
escapes a backslash, a quote and the delimiter, and is dropped before anything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TextIO

from stepfunctions.asl.document import JSON
from stepfunctions.runtime.items.broken import BrokenItems
from stepfunctions.runtime.json_stream import MAX_MEMBER

DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
LONGEST_HEADER = 10 * 1024
"""The most bytes of a header row."""
_QUOTED = re.compile(r'[^"\\]+')


def csv_items(stream: TextIO, config: JSON) -> Iterator[tuple[str | None, JSON]]:
    """Yield the rows as objects of strings, named by the first row or by ``CSVHeaders``."""
    found = csv_rows(stream, config)
    location = config.get("CSVHeaderLocation")
    if location == "GIVEN":
        headers: Sequence[str] = list(config.get("CSVHeaders") or ())
    elif location in (None, "FIRST_ROW"):
        headers = next(found, [])
        if sum(len(name.encode()) + 1 for name in headers) > LONGEST_HEADER:
            raise BrokenItems(f"the CSV header is longer than {LONGEST_HEADER} bytes")
    else:
        raise BrokenItems(f"CSVHeaderLocation '{location}' is neither FIRST_ROW nor GIVEN")
    if not headers:
        raise BrokenItems("the CSV file has no header row; put one first, or give CSVHeaders")
    if len(set(headers)) < len(headers):
        raise BrokenItems("CSV headers cannot contain duplicates.")
    for row in found:
        row += [""] * (len(headers) - len(row))
        yield None, dict(zip(headers, row, strict=False))


def csv_rows(stream: TextIO, config: JSON) -> Iterator[list[str]]:
    """Yield the fields of each row that is not blank."""
    delimiter = DELIMITERS.get(config.get("CSVDelimiter", "COMMA"))
    if delimiter is None:
        raise BrokenItems(f"CSVDelimiter '{config['CSVDelimiter']}' is not one of {', '.join(DELIMITERS)}")
    lines = _Lines(stream)
    parser = _Parser(lines, delimiter)
    while line := lines.next():
        text = line.rstrip("\r\n")
        if text:
            yield parser.fields(line) if '"' in text or "\\" in text else text.split(delimiter)


class _Lines:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.number = 0

    def next(self) -> str:
        """Return the next line with its end; "" at the end of the file."""
        self.number += 1
        line = self._stream.readline(MAX_MEMBER + 1)
        if len(line) > MAX_MEMBER:
            raise BrokenItems(f"line {self.number} is longer than {MAX_MEMBER} characters")
        return line


class _Parser:
    """Parses a row that has quotes or backslashes; a quoted newline makes it read on."""

    def __init__(self, lines: _Lines, delimiter: str) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self._plain = re.compile(rf'[^"\\\r\n{re.escape(delimiter)}]+')

    def fields(self, line: str) -> list[str]:
        """Return the fields of the row that begins with this line."""
        fields: list[str] = []
        while True:
            field, line, more = self._field(line)
            fields.append(field)
            if not more:
                return fields

    def _field(self, line: str) -> tuple[str, str, bool]:
        """Return the first field, what follows its delimiter, and whether there was one."""
        parts: list[str] = []
        quoted, size, at = False, 0, 0
        while True:
            if at == len(line):
                if not quoted:
                    return "".join(parts), "", False
                line, at = self._next(size), 0
            plain = (_QUOTED if quoted else self._plain).match(line, at)
            if plain:
                parts.append(plain.group())
                size += len(parts[-1])
                at = plain.end()
                continue
            char, following = line[at], line[at + 1 : at + 2]
            if char == "\\":
                escapes = following in ("\\", '"', self._delimiter)
                parts.append(following if escapes else "")
                at += 1 + escapes
            elif char == '"':
                doubled = following == '"' and (quoted or bool(parts))
                literal = doubled or (not quoted and bool(parts))
                parts.append('"' if literal else "")
                quoted ^= not literal
                at += 1 + doubled
            elif char == self._delimiter:
                return "".join(parts), line[at + 1 :], True
            else:
                return "".join(parts), "", False

    def _next(self, size: int) -> str:
        if size > MAX_MEMBER:
            raise BrokenItems(f"the row that ends in line {self._lines.number} is longer than {MAX_MEMBER} characters")
        line = self._lines.next()
        if not line:
            raise BrokenItems("the file ends inside quotes")
        return line
