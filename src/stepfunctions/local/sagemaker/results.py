"""What a training job leaves: its artefacts in S3, its metrics, and the reason it failed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from stepfunctions.local.jobs import Exit, Job
from stepfunctions.local.sagemaker.archives import pack
from stepfunctions.local.sagemaker.places import Places

_MOST = 1024  # characters of a FailureReason
_LINE = 1_000_000  # characters of a log that are searched at once


def output_prefix(request: Mapping[str, Any]) -> str:
    """Return where a job's results go: ``<S3OutputPath>/<job>/output``."""
    return f"{request['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{request['TrainingJobName']}/output"


def store_artefacts(job: Job, request: Mapping[str, Any], places: Places) -> str:
    """Put model and output into S3, each whole or not at all, and return the model's address.

    A second call for the same files stores the same bytes. Raises :class:`Missing` when S3 refuses.
    """
    ml, prefix = job.folder / "ml", output_prefix(request)
    if request["OutputDataConfig"].get("CompressionType") == "NONE":
        store_files(ml / "model", f"{prefix}/model", places, job.folder)
        if _filled(ml / "output" / "data"):
            store_files(ml / "output" / "data", f"{prefix}/output", places, job.folder)
        model = f"{prefix}/model/"
    else:
        if _filled(ml / "output" / "data"):
            _store_archive(ml / "output" / "data", f"{prefix}/output.tar.gz", places, job.folder)
        model = f"{prefix}/model.tar.gz"
        _store_archive(ml / "model", model, places, job.folder)
    if "CheckpointConfig" in request and _filled(ml / "checkpoints"):
        store_files(ml / "checkpoints", request["CheckpointConfig"]["S3Uri"].rstrip("/"), places, job.folder)
    return model


def _filled(folder: Path) -> bool:
    return any(path.is_file() for path in folder.rglob("*"))


def _store_archive(folder: Path, uri: str, places: Places, scratch: Path) -> None:
    archive = scratch / uri.rsplit("/", 1)[-1]
    pack(folder, archive)
    places.store(archive, uri)


def store_files(folder: Path, uri: str, places: Places, scratch: Path) -> None:
    """Put a folder's files below an address; ``scratch`` is a folder for copies."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            copy = scratch / "upload"
            shutil.copyfile(path, copy)
            places.store(copy, f"{uri}/{path.relative_to(folder).as_posix()}")


def final_metrics(definitions: Iterable[Mapping[str, str]], logs: Iterable[Path], at: datetime) -> list[dict[str, Any]]:
    """Return FinalMetricDataList: of each metric the last value that its expression found in the logs.

    Lines are searched one by one, those of more than a million characters in pieces.
    """
    compiled = [(one["Name"], re.compile(one["Regex"])) for one in definitions]
    found: dict[str, float] = {}
    for log in logs if compiled else ():
        if not log.exists():
            continue
        with open(log, encoding="utf-8", errors="replace") as file:
            while line := file.readline(_LINE):
                for name, regex in compiled:
                    for match in regex.finditer(line):
                        value = _number(match.group(1) if regex.groups else match.group(0))
                        if value is not None:
                            found[name] = value
    return [{"MetricName": name, "Value": found[name], "Timestamp": at} for name, _ in compiled if name in found]


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


def failure_reason(exit: Exit, failure: Path, command: str) -> str:
    """Return the FailureReason of a process that failed, at most 1,024 characters: the end counts most.

    The text of ``/opt/ml/output/failure`` if the script wrote it, else the tail of its standard error.
    """
    if exit.refused is not None:
        return exit.refused[:_MOST]
    code = exit.code if exit.code is not None else 128 + (exit.signal or 0)
    ending = f", exit code: {code}"
    if failure.is_file():
        with open(failure, encoding="utf-8", errors="replace") as file:
            own = file.read(_MOST).strip()
        if own:
            return f"AlgorithmError: {own}"[: _MOST - len(ending)] + ending
    signal = f" (killed by signal {exit.signal})" if exit.signal else ""
    head = f'AlgorithmError: ExecuteUserScriptError:\nExitCode {code}{signal}\nErrorMessage "'
    if len(command) > 200:
        command = command[:200] + "…"
    ending = f'"\nCommand "{command}"{ending}'
    room = _MOST - len(head) - len(ending)
    tail = exit.stderr_tail.strip()
    return head + (tail if len(tail) <= room else "…" + tail[-(room - 1) :]) + ending
