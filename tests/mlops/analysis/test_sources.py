"""What is read: captured requests in every encoding, datasets in every format, and what is wrong with some of it."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stepfunctions.mlops.analysis import sources

START = datetime(2026, 1, 5, 6, 30, tzinfo=timezone.utc)
END = datetime(2026, 1, 5, 9, 0, tzinfo=timezone.utc)
FEATURES = ("age", "city")


def line(asked: tuple[str, str, str], answered: tuple[str, str, str] | None = None, **meta: str) -> str:
    """A captured request: each side is content type, encoding, data."""
    sides = {"endpointInput": asked, **({"endpointOutput": answered} if answered else {})}
    data = {
        name: {"observedContentType": kind, "mode": name[8:].upper(), "data": text, "encoding": encoding}
        for name, (kind, encoding, text) in sides.items()
    }
    return json.dumps({"captureData": data, "eventMetadata": {"eventId": "e", **meta}, "eventVersion": "0"})


def read(folder: Path, *texts: str, hour: str = "08") -> tuple[list[dict[str, Any]], dict[str, Any]]:
    place = folder / "2026/01/05" / hour
    place.mkdir(parents=True, exist_ok=True)
    (place / "1.jsonl").write_text("\n".join(texts) + "\n")
    lines = sources.Lines()
    found = sources.captured(str(folder), FEATURES, START, END, lines)
    rows: list[dict[str, Any]] = found.astype(object).where(found.notna(), None).to_dict("records")
    return rows, lines.told()


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("kind", "encoding", "text", "rows"),
    [
        ("text/csv", "CSV", '41,"New York, NY"', [("41", "New York, NY")]),
        ("text/csv; charset=utf-8", "BASE64", base64_of("41,\n42,b\n"), [("41", None), ("42", "b")]),
        ("application/json", "JSON", '{"age": 41, "city": "a"}', [(41, "a")]),
        (
            "application/json",
            "JSON",
            '{"instances": [{"age": 1, "city": "a"}, {"age": 2, "city": "b"}]}',
            [(1, "a"), (2, "b")],
        ),
        ("application/json", "JSON", '{"instances": [{"features": [1, "a"]}]}', [(1, "a")]),
        ("application/json", "JSON", '[[1, null], [2, "b"]]', [(1, None), (2, "b")]),
        ("application/json", "JSON", '[1, "a"]', [(1, "a")]),
        ("application/json", "BASE64", base64_of('{"age": 41, "city": "é"}'), [(41, "é")]),
        ("application/jsonlines", "JSON", '{"age": 1, "city": "a"}\n{"age": 2, "city": "b"}', [(1, "a"), (2, "b")]),
    ],
)
def test_requests_in_every_encoding(
    tmp_path: Path, kind: str, encoding: str, text: str, rows: list[tuple[Any, Any]]
) -> None:
    found, told = read(tmp_path, line((kind, encoding, text)))
    assert [(row["age"], row["city"]) for row in found] == rows
    assert told == {"Read": 1, "Bad": 0}


def test_answers_and_ids_are_beside_their_requests(tmp_path: Path) -> None:
    asked = ("application/json", "JSON", '{"instances": [[1, "a"], [2, "b"]]}')
    several = line(asked, ("application/json", "JSON", '{"predictions": [0.5, 0.7]}'), inferenceId="mine")
    one = line(("text/csv", "CSV", "3,c"), ("text/csv", "CSV", "0.9"))
    other = line(("text/csv", "CSV", "4,d"), ("application/json", "JSON", "[1, 2, 3]"))
    found, _ = read(tmp_path, several, one, other)
    assert [(row["EventId"], row["Prediction"]) for row in found] == [
        ("mine/0", 0.5),
        ("mine/1", 0.7),
        ("e", "0.9"),
        ("e", None),
    ]


@pytest.mark.parametrize(
    "bad",
    [
        "{",
        "[]",
        "{}",
        '{"captureData": {}}',
        line(("application/json", "BASE64", "?")),
        line(("application/json", "JSON", "{")),
        line(("text/csv", "CSV", "1,2,3")),
        line(("application/octet-stream", "BASE64", base64_of("\x00"))),
    ],
)
def test_lines_that_cannot_be_read_are_counted(tmp_path: Path, bad: str) -> None:
    found, told = read(tmp_path, line(("text/csv", "CSV", "1,a")), bad)
    assert len(found) == 1
    assert (told["Read"], told["Bad"]) == (1, 1)
    assert "2026/01/05/08/1.jsonl, line 2" in told["FirstBad"]


def test_only_the_hours_of_the_window_are_read(tmp_path: Path) -> None:
    good = line(("text/csv", "CSV", "1,a"))
    for hour in ("05", "06", "09"):
        read(tmp_path, good, hour=hour)
    found, _ = read(tmp_path, good, good)
    assert len(found) == 3  # the hours that begin at 6, 7 and 8
    lines = sources.Lines()
    nothing = sources.captured(str(tmp_path / "none"), FEATURES, START, END, lines)
    assert list(nothing.columns) == ["age", "city", "EventId", "Prediction"]


def test_datasets_in_every_format(tmp_path: Path) -> None:
    data = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    data.to_csv(tmp_path / "1.csv", index=False)
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "2.csv.gz").write_bytes(gzip.compress(data.to_csv(index=False).encode()))
    (tmp_path / "3.jsonl").write_text('{"a": 5, "b": "y"}\n')
    data.to_parquet(tmp_path / "4.parquet")
    lines = sources.Lines()
    assert len(sources.dataset(tmp_path, lines)) == lines.read == 7


def test_datasets_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(sources.BadSource, match="there is no file in"):
        sources.dataset(tmp_path, sources.Lines())
    (tmp_path / "a.jsonl").write_text("{\n")
    with pytest.raises(sources.BadSource, match=r"a\.jsonl cannot be read"):
        sources.dataset(tmp_path, sources.Lines())


NAMES = {"Prediction": "said", "Label": "late", "Key": "id"}


def test_truth_is_found_by_a_key() -> None:
    data = pd.DataFrame({"id": ["1", "2", "3", None, "3"], "said": [1.0, 2.0, 3.0, 4.0, 5.0], "late": "not this one"})
    truth = pd.DataFrame({"id": [2, 3, 3, 9, None], "late": [5.0, 6.0, 7.0, 1.0, 8.0], "said": 0})
    found = sources.pairs_of(data, truth, NAMES)
    assert list(found.itertuples(name=None)) == [(1, 2.0, 5.0), (2, 3.0, 7.0), (4, 5.0, 7.0)]
    with pytest.raises(sources.BadSource, match="the truth have no column 'late'; they have id, delay"):
        sources.pairs_of(data, truth.drop(columns="said").rename(columns={"late": "delay"}), NAMES)
    with pytest.raises(sources.BadSource, match="the data have no column 'id'"):
        sources.pairs_of(data[["said"]], truth, NAMES)
    with pytest.raises(sources.BadSource, match="the data have no column 'said'"):
        sources.pairs_of(data[["late"]], None, NAMES)


def test_keys_are_what_was_written(tmp_path: Path) -> None:
    (tmp_path / "truth.csv").write_text("id,late\n007,1\n08,2\n")
    (tmp_path / "_SUCCESS").write_text("")
    truth = sources.dataset(tmp_path, sources.Lines(), "id")
    found = sources.pairs_of(pd.DataFrame({"id": ["007", "8"], "said": [1, 2]}), truth, NAMES)
    assert list(found["Label"]) == [1]


def test_json_lines_are_what_was_written(tmp_path: Path) -> None:
    (tmp_path / "1.jsonl").write_text('{"dep_time": 1, "date": "5", "code": "007"}\n')
    row = sources.dataset(tmp_path, sources.Lines()).iloc[0].to_dict()
    assert row == {"dep_time": 1, "date": "5", "code": "007"}


@pytest.mark.parametrize(
    ("kind", "encoding", "text", "said"),
    [
        ("text/csv", "CSV", "0.1\n0.2\n", ["0.1", "0.2"]),
        ("text/csv", "CSV", "0.1,0.2\n", ["0.1", "0.2"]),
        ("text/csv", "CSV", "0.1,0.9\n0.2,0.8\n", [None, None]),
        ("application/json", "JSON", '{"predictions": [{"score": 0.9, "predicted_label": 1}, {"score": 2}]}', [1, 2]),
        ("application/json", "JSON", "[[1], [2]]", [1, 2]),
        ("application/json", "JSON", '{"message": "no"}', [None, None]),
        ("text/html", "JSON", "<h1>Bad gateway</h1>", [None, None]),
        ("application/x-npy", "BASE64", "%%", [None, None]),
    ],
)
def test_what_was_answered_never_spoils_what_was_asked(
    tmp_path: Path, kind: str, encoding: str, text: str, said: list[Any]
) -> None:
    rows, told = read(tmp_path, line(("text/csv", "CSV", "1,a\n2,b\n"), (kind, encoding, text)))
    assert told == {"Read": 1, "Bad": 0}
    assert [row["Prediction"] for row in rows] == said


def test_separators_of_lines_within_a_text_are_none(tmp_path: Path) -> None:
    text = line(("application/json", "JSON", '{"age": 1, "city": "a\u2028b"}'))
    rows, told = read(tmp_path, text.replace("\\u2028", "\u2028"))
    assert (rows[0]["city"], told["Bad"]) == ("a\u2028b", 0)
