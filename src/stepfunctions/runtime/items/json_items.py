"""Items of JSON files and of JSON Lines.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html#itemsource-example-json-data
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import TextIO

from stepfunctions.asl.document import JSON
from stepfunctions.runtime.items.broken import BrokenItems
from stepfunctions.runtime.json_stream import MAX_MEMBER, JsonStream, no_constant


def json_items(stream: TextIO, config: JSON) -> Iterator[tuple[str | None, JSON]]:
    """Yield the elements of the array, or the pairs of the object, under ``ItemsPointer``."""
    document = JsonStream(stream)
    document.descend(config.get("ItemsPointer", ""))
    return document.members()


def json_lines(stream: TextIO, _config: JSON) -> Iterator[tuple[str | None, JSON]]:
    """Yield the value of each line that is not blank."""
    for number in itertools.count(1):
        line = stream.readline(MAX_MEMBER + 1)
        if not line:
            return
        if len(line) > MAX_MEMBER:
            raise BrokenItems(f"line {number} is longer than {MAX_MEMBER} characters")
        if line.isspace():
            continue
        try:
            yield None, json.loads(line, parse_constant=no_constant)
        except ValueError as error:
            raise BrokenItems(f"line {number} is not JSON: {error}") from None
        except RecursionError:
            raise BrokenItems(f"line {number} is nested too deeply") from None
