"""What is looked at: requests that an endpoint captured, or a dataset. Lines that cannot be read are counted.

The lines of DataCaptureConfig:
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
"""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple
from urllib.parse import urlsplit

from stepfunctions.mlops.analysis.measures import texts

if TYPE_CHECKING:
    import pandas as pd

EVENT, PREDICTION = "EventId", "Prediction"
_LISTS = ("instances", "inputs", "data", "predictions", "outputs", "score")


class BadSource(ValueError):
    """Data cannot be read; the text says which and why."""


class Lines:
    """How many lines were read, and what was wrong with the others."""

    def __init__(self) -> None:
        self.read = 0
        self.bad = 0
        self.first: Optional[str] = None

    def refuse(self, where: str, why: str) -> None:
        """Count a line that cannot be read."""
        self.bad += 1
        self.first = self.first or f"{where}: {why}"

    def told(self) -> Dict[str, Any]:
        """Return it for a report."""
        return {"Read": self.read, "Bad": self.bad, **({"FirstBad": self.first} if self.first else {})}


def dataset(folder: Path, lines: Lines, key: Optional[str] = None) -> pd.DataFrame:
    """Return the rows of every file of a folder: ``.csv``, ``.csv.gz``, JSON lines or Parquet.

    ``key``: a column that is kept as it is written, as ``007``. Files whose names begin with ``_`` or a dot are left
    out.
    """
    import pandas as pd

    frames = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.name.startswith((".", "_")):  # as Spark and Athena leave them, such as _SUCCESS
            continue
        try:
            frames.append(table(path, key))
        except Exception as error:
            raise BadSource(f"{path.relative_to(folder)} cannot be read: {error}") from error
    if not frames:
        raise BadSource(f"there is no file in {folder}")
    data = pd.concat(frames, ignore_index=True)
    lines.read += len(data)
    return data


def parsed(text: str) -> Any:
    """Return a JSON document; half a surrogate pair, which is no text, is a question mark."""
    document = json.loads(text)
    if "\\ud" not in text.lower():
        return document
    return json.loads(json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"))


def table(path: Path, key: Optional[str] = None) -> pd.DataFrame:
    """Return a file's rows; values of the column ``key`` are texts."""
    import pandas as pd

    name = path.name[:-3] if path.name.endswith(".gz") else path.name
    if name.endswith(".parquet"):
        return pd.read_parquet(path)
    if name.endswith((".jsonl", ".json", ".ndjson")):
        with gzip.open(path, "rt", encoding="utf-8") if name != path.name else path.open(encoding="utf-8") as file:
            return pd.DataFrame([parsed(line) for line in file if line.strip()])
    return pd.read_csv(path, dtype=None if key is None else {key: str})


def captured(
    uri: str, features: Sequence[str], start: datetime, end: datetime, lines: Lines, s3: Any = None
) -> pd.DataFrame:
    """Return the requests that were captured between two times, a row each.

    ``uri``: where the files of one variant of an endpoint are, ``s3://bucket/…/endpoint/variant``, or a folder of this
    machine. ``features``: names of the values of a request that has none. Beside them a row has ``EventId`` (the
    inference's own id where the client gave one) and, of what was answered, ``Prediction``.
    """
    import pandas as pd

    rows: List[Dict[str, Any]] = []
    for name, text in _files(uri, start, end, s3):
        for number, line in enumerate(text.split("\n"), 1):
            if not line.strip():
                continue
            try:
                rows += _rows(parsed(line), features)
                lines.read += 1
            except KeyError as error:
                lines.refuse(f"{name}, line {number}", f"there is no {error}")
            except (ValueError, TypeError, AttributeError, RecursionError) as error:
                lines.refuse(f"{name}, line {number}", str(error) or type(error).__name__)
    return pd.DataFrame(rows, columns=None if rows else [*features, EVENT, PREDICTION])


def _files(uri: str, start: datetime, end: datetime, s3: Any) -> Iterator[Tuple[str, str]]:
    """Yield the files of the hours from start to end, each with its name."""
    hour = start.replace(minute=0, second=0, microsecond=0)
    parts = urlsplit(uri)
    while hour < end:
        path = f"{hour:%Y/%m/%d/%H}"
        if parts.scheme != "s3":
            for file in sorted((Path(uri) / path).glob("*.jsonl")):
                yield str(file.relative_to(uri)), file.read_text(encoding="utf-8", errors="replace")
        else:
            prefix = f"{parts.path.strip('/')}/{path}/".lstrip("/")
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=parts.netloc, Prefix=prefix)
            for one in (one for page in pages for one in page.get("Contents", [])):
                body = s3.get_object(Bucket=parts.netloc, Key=one["Key"])["Body"].read()
                yield one["Key"], body.decode("utf-8", errors="replace")
        hour += timedelta(hours=1)


def _rows(line: Mapping[str, Any], features: Sequence[str]) -> List[Dict[str, Any]]:
    """Return the rows of one captured request, which may ask for several predictions."""
    data, meta = line["captureData"], line.get("eventMetadata", {})
    asked = _records(_body(data["endpointInput"]), features)
    answered = _answers(data.get("endpointOutput"), len(asked))
    event = meta.get("inferenceId") or meta.get("eventId")
    made = []
    for number, row in enumerate(asked):
        several = f"{event}/{number}" if len(asked) > 1 else event
        made.append({**row, EVENT: several, PREDICTION: answered[number]})
    return made


def _answers(part: Any, count: int) -> List[Any]:
    """Return the prediction of each record; None where an answer is not one value for each.

    Of an object it is ``predicted_label``, else its first value; of the only line of an answer each value is one.
    """
    nothing = [None] * count
    try:
        document = _body(part)
        if isinstance(document, dict):
            document = next((document[name] for name in _LISTS if isinstance(document.get(name), list)), document)
        found = document if isinstance(document, list) else [document]
        if len(found) == 1 and isinstance(found[0], list) and count > 1:
            found = found[0]
        answers = [_answer(one) for one in found]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return nothing
    return answers if len(answers) == count else nothing


def _answer(one: Any) -> Any:
    if isinstance(one, dict):
        one = one["predicted_label"] if "predicted_label" in one else next(iter(one.values()), None)
    if isinstance(one, list):
        one = one[0] if len(one) == 1 else None
    return None if isinstance(one, (dict, list)) or one == "" else one


def _body(part: Mapping[str, Any]) -> Any:
    """Return what was sent: a document, or lists of texts."""
    text, encoding = part["data"], part.get("encoding", "CSV")
    kind = str(part.get("observedContentType", "")).partition(";")[0].strip().lower()
    if encoding == "BASE64":
        text = base64.b64decode(text, validate=True).decode("utf-8")
        encoding = "CSV" if kind == "text/csv" else "JSON"
    if encoding == "CSV":
        return [row for row in csv.reader(io.StringIO(text)) if row]
    if kind in ("application/jsonlines", "application/x-jsonlines"):
        return [parsed(one) for one in text.split("\n") if one.strip()]
    return parsed(text)


def _records(document: Any, names: Sequence[str]) -> List[Dict[str, Any]]:
    """Return the records of a request or of an answer: objects as they are, lists by the names of the features."""
    if isinstance(document, dict):
        inner = next((document[name] for name in _LISTS if isinstance(document.get(name), list)), None)
        document = [document] if inner is None else inner
    if not isinstance(document, list):
        document = [document]
    if document and not isinstance(document[0], (dict, list)) and len(names) > 1:
        document = [document]
    made: List[Dict[str, Any]] = []
    for one in document:
        inner = one.get("features", one) if isinstance(one, dict) else one
        if isinstance(inner, dict):
            made.append(inner)
            continue
        values = inner if isinstance(inner, list) else [inner]
        if len(values) != len(names):
            raise ValueError(f"{len(values)} values, but {len(names)} features: {', '.join(names)}")
        made.append({name: (None if value == "" else value) for name, value in zip(names, values)})
    return made


def pairs_of(data: pd.DataFrame, truth: Optional[pd.DataFrame], names: Mapping[str, Any]) -> pd.DataFrame:
    """Return ``Prediction`` and ``Label`` of the rows of which the truth is known, at their rows' index.

    ``names``: the columns, ``{"Prediction", "Label", "Key"}``. Labels are those of ``truth``, found by the key; the
    last one of several counts. Without ``truth`` they are among the data.
    """
    import pandas as pd

    need(data, "data", names["Prediction"])
    if truth is None:
        need(data, "data", names["Label"])
        return pd.DataFrame({"Prediction": data[names["Prediction"]], "Label": data[names["Label"]]})
    need(data, "data", names["Key"])
    need(truth, "truth", names["Key"])
    need(truth, "truth", names["Label"])
    known = truth.dropna(subset=[names["Key"], names["Label"]])
    labels = dict(zip(texts(known[names["Key"]]), known[names["Label"]]))
    keys = texts(data[names["Key"]])
    keys = keys[keys.isin(list(labels))]
    return pd.DataFrame({"Prediction": data.loc[keys.index, names["Prediction"]], "Label": keys.map(labels)})


def need(data: pd.DataFrame, what: str, name: str) -> None:
    """Raise BadSource unless there is a column."""
    if name not in data.columns:
        raise BadSource(f"the {what} have no column '{name}'; they have {', '.join(map(str, data.columns))}")
