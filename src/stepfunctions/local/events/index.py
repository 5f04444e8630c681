"""The patterns of a bus, so arranged that an event is compared with few of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from stepfunctions.catalog.event_patterns import Fields, Path, Pattern

T = TypeVar("T")


class Index(Generic[T]):
    """What has patterns: rules, archives.

    Each is filed under the texts of one field that an event must have to match: of those that its pattern names,
    the field whose texts the fewest others name too.
    """

    def __init__(self, entries: Sequence[tuple[Pattern, T]]) -> None:
        named = Counter(
            (path, text) for pattern, _ in entries for path, texts in pattern.anchors.items() for text in texts
        )
        self._unfiled: list[tuple[int, Pattern, T]] = []
        self._filed: dict[Path, dict[str, list[tuple[int, Pattern, T]]]] = {}
        for number, (pattern, entry) in enumerate(entries):
            if not pattern.anchors:
                self._unfiled.append((number, pattern, entry))
                continue
            path, texts = min(pattern.anchors.items(), key=lambda item: sum(named[item[0], text] for text in item[1]))
            files = self._filed.setdefault(path, {})
            for text in texts:
                files.setdefault(text, []).append((number, pattern, entry))

    def matches(self, event: Mapping[str, Any]) -> list[T]:
        """Return what an event matches, in the order given."""
        found = list(self._unfiled)
        for path, files in self._filed.items():
            for text in set(_texts_at(event, path, 0)):
                found += files.get(text, ())
        fields = Fields(event)
        matched = {number: entry for number, pattern, entry in found if pattern.matches(event, fields)}
        return [matched[number] for number in sorted(matched)]


def _texts_at(value: Any, path: Path, depth: int) -> Iterator[str]:
    while isinstance(value, dict) and depth < len(path):
        value, depth = value.get(path[depth]), depth + 1
    if isinstance(value, list):
        for one in value:
            yield from _texts_at(one, path, depth)
    elif isinstance(value, str) and depth == len(path):
        yield value
