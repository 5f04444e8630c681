"""Upload code before a definition is built: the one thing here that calls AWS, and only when it is called."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from stepfunctions.steps.sagemaker.estimators import is_estimator
from stepfunctions.steps.sagemaker.objects import is_a, read
from stepfunctions.steps.sagemaker.request import is_in_s3
from stepfunctions.steps.sagemaker.trainers import is_trainer


def upload_code(thing: Any, location: str | None = None) -> Any:
    """Upload the code of an object of the SageMaker SDK, and return an object whose code is in S3, for a step.

    ``thing`` is an estimator or FrameworkModel of the SDK 2 with an ``entry_point`` on this machine: a copy is
    returned. Its code goes under ``location``, ``s3://<bucket>/<prefix>``, or an estimator's ``code_location``; the
    key has a hash of the code, so the same code gives the same definition. Of a ModelTrainer of the SDK 3 the
    CreateTrainingJob request is returned, a dict: its code and scripts go where that SDK puts them (the bucket of its
    session), new each time.

    The SDK uploads with its own session and credentials. Raises ValueError when no location is given.
    """
    if is_trainer(thing):
        request: dict[str, Any] = thing._create_training_job_args(boto3=True)
        return {name: value for name, value in request.items() if name != "TrainingJobName" and value is not None}
    if not (is_estimator(thing) or is_a(thing, "FrameworkModel")):
        raise ValueError(
            "upload_code() takes an estimator or FrameworkModel of the SageMaker SDK 2, or a ModelTrainer of the SDK 3,"
            f" not {type(thing).__name__}."
        )
    source, entry_point = read(thing, "source_dir"), read(thing, "entry_point")
    if entry_point is None or is_in_s3(source):
        return copy.copy(thing)
    place = location or read(thing, "code_location")
    if place is None or not place.startswith("s3://"):
        raise ValueError("Say where the code goes: upload_code(…, 's3://<bucket>/<prefix>').")
    uploaded = copy.copy(thing)
    bucket, _, prefix = place.removeprefix("s3://").rstrip("/").partition("/")
    name = f"code-{_digest(source, entry_point, read(thing, 'dependencies', []))}"
    if is_estimator(thing):
        uploaded.code_location = place.rstrip("/")
        uploaded._current_job_name = name
        code = uploaded._stage_user_code_in_s3()
    else:
        uploaded.bucket = bucket
        uploaded._upload_code("/".join(part for part in (prefix, name) if part), repack=False)
        code = uploaded.uploaded_code
    uploaded.uploaded_code = code
    uploaded.source_dir, uploaded.entry_point, uploaded.dependencies = code.s3_prefix, code.script_name, []
    return uploaded


def _digest(source: Any, entry_point: str, dependencies: Any) -> str:
    """Return a hash of the code: of names and contents of all its files."""
    import hashlib

    digest = hashlib.sha256()
    for root in [source or entry_point, *dependencies]:
        base = Path(root)
        files = [base] if base.is_file() else sorted(path for path in base.rglob("*") if path.is_file())
        for path in files:
            name = path.name if path == base else str(path.relative_to(base))
            content = path.read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]
