"""The processing job: reads what there is, judges it, leaves a report, metrics and the names of what drifted.

``python analysis.zip analyse --time 2026-01-05T06:00:00Z --name run-7`` reads ``config.json`` of the archive, or the
file that ``--config`` names, and under ``--root`` (``/opt/ml/processing``) the folders ``baseline``, ``data`` and
``truth``. ``python analysis.zip baseline`` makes ``baseline`` of ``data``. What comes out is in ``output``:

- ``report.json`` has everything, ``report.html`` shows it; ``summary.json`` counts models by verdict.
- ``drifted.jsonl`` has a line for each model that drifted: ``{"Model", "Drift", "Reason", "Features"}``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import zipfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from stepfunctions.mlops.analysis import baselines, sources
from stepfunctions.mlops.analysis.judging import DRIFTED, NO_BASELINE, STABLE, TOO_FEW, Judge
from stepfunctions.mlops.analysis.measures import texts

if TYPE_CHECKING:
    import pandas as pd

CONFIG = "config.json"
_MOST_METRICS = 500
"""Metrics in one request."""


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run the job; 0 when it has written its outputs, else 1 with one line that says why not."""
    parser = argparse.ArgumentParser(prog="analysis", description="Tell whether data have drifted.")
    parser.add_argument("command", choices=["analyse", "baseline"])
    parser.add_argument("--time", help="the end of the window, in ISO 8601; default: now")
    parser.add_argument("--name", default="", help="the name of this run")
    parser.add_argument("--config", type=Path, help="default: config.json of the archive")
    parser.add_argument("--root", type=Path, default=Path("/opt/ml/processing"), help="default: %(default)s")
    given = parser.parse_args(arguments)
    try:
        config = _config(given.config)
        time = _time(given.time)
        if given.command == "baseline":
            make_baseline(config, given.root)
        else:
            analyse(config, given.root, time, given.name)
    except (ValueError, OSError) as error:
        return _failed(given.root, error)
    except Exception as error:
        if type(error).__module__.partition(".")[0] != "botocore":
            raise
        return _failed(given.root, error)  # AWS's own words
    return 0


def _failed(root: Path, error: Exception) -> int:
    said = " ".join(str(error).split())
    print(f"Error: {said}", file=sys.stderr)
    _leave(root, said)
    return 1


def _leave(root: Path, error: str) -> None:
    """Write the reason where SageMaker takes ExitMessage from."""
    try:
        (root.parent / "output").mkdir(parents=True, exist_ok=True)
        (root.parent / "output" / "message").write_text(error[:1024], encoding="utf-8")
    except OSError:
        pass  # it is in the log


def _config(path: Optional[Path]) -> Dict[str, Any]:
    if path is not None:
        text = path.read_text(encoding="utf-8")
    else:
        archive = Path(sys.argv[0])
        if not zipfile.is_zipfile(archive):
            raise sources.BadSource("there is no configuration: give --config")
        with zipfile.ZipFile(archive) as opened:
            text = opened.read(CONFIG).decode("utf-8")
    try:
        found = json.loads(text)
    except ValueError as error:
        raise sources.BadSource(f"the configuration is no JSON: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("Source"), dict) or not found.get("Name"):
        raise sources.BadSource("the configuration needs Name and Source, as DriftMonitor writes them")
    return {"Model": found["Name"], **found}


def _time(text: Optional[str]) -> datetime:
    if text is None:
        return datetime.now(timezone.utc)
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)", text)
    try:
        if found is None:
            raise ValueError(text)
        time = datetime.fromisoformat(found[1] + found[2].replace("Z", "+00:00"))
    except ValueError as error:
        raise sources.BadSource(f"--time is '{text}'; write it like 2026-01-05T06:00:00Z") from error
    return time.astimezone(timezone.utc)


def analyse(config: Mapping[str, Any], root: Path, time: datetime, name: str) -> Dict[str, Any]:
    """Judge every model, write the outputs, put the metrics; return the report."""
    known = baselines.load(root / "baseline")
    known["Thresholds"] = {**known.get("Thresholds", {}), **config.get("Thresholds", {})}
    own, more = known.get("Features", {}), config.get("Features", {})
    known["Features"] = {name: {**own.get(name, {}), **more.get(name, {})} for name in {**own, **more}}
    for member in ("Significance", "MinimumCount"):
        known[member] = config.get(member, known.get(member, getattr(baselines, _DEFAULTS[member])))
    baselines.checked(known, "the monitor")
    lines = sources.Lines()
    judge = Judge(known)
    _check_names(config, known)
    models = {
        model: judge.model(model, data, pairs)
        for model, data, pairs in _models(config, known, _data(config, known, root, time, lines), root)
    }
    summary = _summary(config, models, time, name, lines)
    report = {"Version": baselines.VERSION, **summary, "Lines": lines.told(), "Models": models}
    _write(root / "output", report, summary)
    if config.get("Namespace"):
        _put_metrics(config, models, summary)
    return report


def _check_names(config: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """Raise BadBaseline where the monitor and the baseline do not belong together."""
    if not config["Source"].get("By") and config["Model"] not in known["Models"]:
        names = ", ".join(f"'{name}'" for name in known["Models"])
        raise baselines.BadBaseline(f"the baseline has no model '{config['Model']}'; it has {names or 'none'}")
    there = {name for model in known["Models"].values() for name in model["Features"]}
    for name in known["Features"]:
        if name not in there:
            raise baselines.BadBaseline(f"a threshold is for '{name}', but the baseline has {', '.join(sorted(there))}")


_DEFAULTS = {"Significance": "SIGNIFICANCE", "MinimumCount": "MINIMUM_COUNT"}


def _data(
    config: Mapping[str, Any], known: Mapping[str, Any], root: Path, time: datetime, lines: sources.Lines
) -> pd.DataFrame:
    source = config["Source"]
    if source["Kind"] == "Dataset":
        key = (config.get("Truth") or {}).get("Key")
        data = sources.dataset(root / "data", lines, key)
        unknown = int(data[source["By"]].isna().sum()) if source.get("By") in data.columns else 0
        for _ in range(unknown):
            lines.refuse("the data", f"a row has no value of '{source['By']}', so it is of no model")
        return data
    features = source.get("Features") or list(next(iter(known["Models"].values()))["Features"])
    start = time - timedelta(hours=source["Hours"])
    s3 = _client("s3") if source["Uri"].startswith("s3://") else None
    return sources.captured(source["Uri"], features, start, time, lines, s3)


def _models(
    config: Mapping[str, Any], known: Mapping[str, Any], data: pd.DataFrame, root: Path
) -> Iterator[Tuple[str, pd.DataFrame, Optional[pd.DataFrame]]]:
    """Yield each model with its rows, and with its predictions whose truth is known."""
    truth, by = config.get("Truth"), config["Source"].get("By")
    pairs = None
    if truth is not None:
        key = truth.get("Key")
        there = sources.dataset(root / "truth", sources.Lines(), key) if key else None
        pairs = sources.pairs_of(data, there, truth)
    if by is None:
        yield config["Model"], data, pairs
        return
    sources.need(data, "data", by)
    groups = dict(iter(data.groupby(texts(data[by]))))
    for model in sorted({*groups, *known["Models"]}):
        rows = groups.get(model, data.iloc[:0])
        yield model, rows, None if pairs is None else pairs[pairs.index.isin(rows.index)]


def _summary(
    config: Mapping[str, Any], models: Mapping[str, Any], time: datetime, name: str, lines: sources.Lines
) -> Dict[str, Any]:
    verdicts = [one["Verdict"] for one in models.values()]
    return {
        "Name": config["Name"],
        "Run": name,
        "Time": f"{time:%Y-%m-%dT%H:%M:%SZ}",
        "Models": len(models),
        "Drifted": verdicts.count(DRIFTED),
        "Stable": verdicts.count(STABLE),
        "TooFew": verdicts.count(TOO_FEW),
        "NoBaseline": verdicts.count(NO_BASELINE),
        "Drift": max((one.get("Drift", 0.0) for one in models.values()), default=0.0),
        "Rows": lines.read,
        "BadLines": lines.bad,
    }


def _write(folder: Path, report: Mapping[str, Any], summary: Mapping[str, Any]) -> None:
    from stepfunctions.mlops.analysis.page import page

    folder.mkdir(parents=True, exist_ok=True)
    drifted = [
        {
            "Model": model,
            "Drift": one["Drift"],
            "Reason": one["Reason"],
            "Features": [name for name, feature in one["Features"].items() if feature["Drift"] > 1],
        }
        for model, one in report["Models"].items()
        if one["Verdict"] == DRIFTED
    ]
    drifted.sort(key=lambda one: -one["Drift"])
    texts = {
        "report.json": json.dumps(report, indent=1, allow_nan=False, ensure_ascii=False),
        "summary.json": json.dumps(summary, allow_nan=False, ensure_ascii=False),
        "drifted.jsonl": "".join(json.dumps(one, allow_nan=False, ensure_ascii=False) + "\n" for one in drifted),
        "report.html": page(report),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", errors="backslashreplace")


def _put_metrics(config: Mapping[str, Any], models: Mapping[str, Any], summary: Mapping[str, Any]) -> None:
    """Put ``Drift`` of the monitor, of each model of a fleet, and of each feature of a single model."""
    monitor = [{"Name": "Monitor", "Value": config["Name"]}]
    found: List[Tuple[str, float, List[Dict[str, str]]]] = [("BadLines", summary["BadLines"], monitor)]
    if summary["Drifted"] or summary["Stable"]:  # else nothing is known, which is not 0
        found += [("Drift", summary["Drift"], monitor), ("DriftedModels", summary["Drifted"], monitor)]
    for model, one in models.items():
        if config["Source"].get("By") and "Drift" in one:
            found.append(("Drift", one["Drift"], [*monitor, {"Name": "Model", "Value": dimension(model)}]))
        elif not config["Source"].get("By"):
            found += _of_features(one, monitor)
    data: List[Dict[str, Any]] = [
        {"MetricName": name, "Value": float(value), "Dimensions": dimensions} for name, value, dimensions in found
    ]
    client = _client("cloudwatch")
    for start in range(0, len(data), _MOST_METRICS):
        client.put_metric_data(Namespace=config["Namespace"], MetricData=data[start : start + _MOST_METRICS])


def dimension(name: str) -> str:
    """Return a name as CloudWatch takes it as a dimension's value: ASCII, not empty, at most 1,024 characters."""
    plain = "".join(letter if letter.isprintable() else " " for letter in name)
    return plain.encode("ascii", "backslashreplace").decode().strip()[:1024] or "-"


def _of_features(
    one: Mapping[str, Any], monitor: List[Dict[str, str]]
) -> Iterator[Tuple[str, float, List[Dict[str, str]]]]:
    for name, feature in one.get("Features", {}).items():
        place = [*monitor, {"Name": "Feature", "Value": dimension(name)}]
        yield "Drift", feature["Drift"], place
        for what, told in feature["Measures"].items():
            yield what, told["Value"], place
    for what, value in one.get("Quality", {}).get("Now", {}).items():
        if what not in ("Loss", "Count", "Mean", "Std"):
            yield what, value, monitor


def make_baseline(config: Mapping[str, Any], root: Path) -> None:
    """Make the baseline of every model of a dataset, in ``output``."""
    data = sources.dataset(root / "data", sources.Lines())
    by, truth = config["Source"].get("By"), config.get("Truth")
    if by is None:
        models = {config["Model"]: baselines.statistics_of(data, quality=truth)}
    else:
        sources.need(data, "data", by)
        groups = data.drop(columns=by).groupby(texts(data[by]))
        models = {name: baselines.statistics_of(rows, quality=truth) for name, rows in groups}
    baselines.save(root / "output", models, _constraints(config))


def _constraints(config: Mapping[str, Any]) -> Dict[str, Any]:
    return {
        "Significance": config.get("Significance", baselines.SIGNIFICANCE),
        "MinimumCount": config.get("MinimumCount", baselines.MINIMUM_COUNT),
        "Thresholds": {**baselines.THRESHOLDS, **config.get("Thresholds", {})},
        "Features": config.get("Features", {}),
    }


def _client(service: str) -> Any:
    """Return a client in the Region of the job."""
    import boto3

    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if region is None:
        path = Path("/opt/ml/config/processingjobconfig.json")
        if path.is_file():
            region = json.loads(path.read_text(encoding="utf-8"))["ProcessingJobArn"].split(":")[3]
    return boto3.client(service, region_name=region)


if __name__ == "__main__":
    sys.exit(main())
