"""The cases as data: ``cases/**/*.yaml``, read and checked. The README beside this file describes the format."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
ROLE = "arn:aws:iam::123456789012:role/conformance"
_FILE = {"page", "covers", "cases"}
_CASE = {
    "name", "says", "page", "covers", "type", "before", "definition", "input", "start", "machine", "mocks", "objects",
    "calls", "expect", "restarts",
}  # fmt: skip
_EXPECT = {
    "refused", "hints", "status", "output", "error", "cause", "history", "times", "objects", "children", "mapRun",
    "logs", "cancelled",
}  # fmt: skip
_GROWN = re.compile(r"<(.)\*(\d+)>")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Case:
    """One case: what is run, and what must come of it."""

    name: str
    """Unique among all cases; also the name of the state machine and of the execution."""
    page: str
    covers: tuple[str, ...]
    definition: Any = None
    """The definition as a document, or as text when the text itself matters."""
    kind: str = "STANDARD"
    given: Any = None
    """The execution's input, as a document or as text."""
    start: bool = True
    restarts: bool = True
    """Whether it may also be played with a restart of the engine after every commit."""
    machine: dict[str, Any] = field(default_factory=dict)
    """Further members of CreateStateMachine."""
    mocks: dict[str, Any] = field(default_factory=dict)
    objects: dict[str, Any] = field(default_factory=dict)
    before: list[dict[str, Any]] = field(default_factory=list)
    """Calls before the machine is made."""
    calls: list[dict[str, Any]] = field(default_factory=list)
    expect: dict[str, Any] = field(default_factory=dict)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML as JSON has it: no dates, and no duplicate keys."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        if len(mapping) != len(node.value):
            raise yaml.constructor.ConstructorError(None, None, "a key is given twice", node.start_mark)
        return mapping


def _parquet(loader: Any, node: Any) -> bytes:
    """Return the Parquet file of a list of rows, two in a row group."""
    from pyarrow import Table, parquet

    file = io.BytesIO()
    parquet.write_table(Table.from_pylist(loader.construct_sequence(node, deep=True)), file, row_group_size=2)
    return file.getvalue()


def _zstd(loader: Any, node: Any) -> bytes:
    import zstandard

    return zstandard.ZstdCompressor().compress(loader.construct_scalar(node).encode())


_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node))
_Loader.add_constructor("!gzip", lambda loader, node: gzip.compress(loader.construct_scalar(node).encode(), mtime=0))
_Loader.add_constructor("!parquet", _parquet)
_Loader.add_constructor("!zstd", _zstd)


@cache
def all_cases() -> tuple[Case, ...]:
    """Return every case, in the order of the files' names."""
    return tuple(case for path in sorted((HERE / "cases").rglob("*.yaml")) for case in _read(path))


@cache
def topics() -> dict[str, str]:
    """Return the topics that must be covered, with what each is about."""
    found: dict[str, str] = _load(HERE / "topics.yaml")
    return found


def _load(path: Path) -> Any:
    return yaml.load(path.read_text(), Loader=_Loader)


def _read(path: Path) -> Iterator[Case]:
    document = _grown(_load(path))
    where = str(path.relative_to(HERE))
    _only(document, _FILE, where)
    for written in document["cases"]:
        place = f"{where}: {written.get('name')}"
        _only(written, _CASE, place)
        _only(written["expect"], _EXPECT, place)
        assert _NAME.fullmatch(written["name"]), place
        assert len(written["name"]) <= 80, place
        covers = written.get("covers") or document.get("covers") or []
        page = written.get("page") or document.get("page") or ""
        assert page.startswith("https://"), f"{place}: name the page it follows"
        assert covers, place
        assert set(covers) <= topics().keys(), f"{place}: covers {covers} are not all in topics.yaml"
        yield Case(
            name=written["name"],
            page=page,
            covers=tuple(covers),
            definition=written.get("definition"),
            kind=written.get("type", "STANDARD"),
            given=written.get("input", {}),
            start=written.get("start", True),
            restarts=written.get("restarts", True),
            machine=written.get("machine", {}),
            mocks=written.get("mocks", {}),
            objects=written.get("objects", {}),
            before=written.get("before", []),
            calls=written.get("calls", []),
            expect=written["expect"],
        )


def _grown(value: Any) -> Any:
    """Return a document with each ``<x*5>`` in its texts, also in names, as ``xxxxx``."""
    if isinstance(value, str):
        return _GROWN.sub(lambda match: match[1] * int(match[2]), value) if "*" in value else value
    if isinstance(value, list):
        return [_grown(one) for one in value]
    return {_grown(name): _grown(one) for name, one in value.items()} if isinstance(value, dict) else value


def _only(mapping: dict[str, Any], known: set[str], where: str) -> None:
    unknown = mapping.keys() - known
    assert not unknown, f"{where}: unknown {sorted(unknown)}; there are {sorted(known)}"
