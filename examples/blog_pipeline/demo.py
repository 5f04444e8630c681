"""The pipeline on this machine: once to HandleSuccess, and once, with a Glue script that fails, to HandleFailed.

    python demo.py [--style old|new] [--data-dir DIR]

``--style old`` needs SageMaker's SDK 2 (``pip install 'sagemaker<3'``). The second run takes about 75 seconds: its
Retry waits 15 and then 60.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from provision import BUCKET, HERE, REGISTRY, provision

from stepfunctions.steps import FrozenGraph
from stepfunctions.workflow import Execution, ExecutionStatus, Workflow

COMMAND = str(Path(sys.executable).with_name("stepfunctions"))
IMAGES = {"blog-pipeline-convert": HERE / "container", "blog-pipeline-clusters": HERE / "image"}


@contextlib.contextmanager
def local_cloud(data_dir: Path) -> Iterator[None]:
    """The local cloud on a data directory, with this process's environment pointing at it."""
    for image, folder in IMAGES.items():
        words = ["local", "image", "add", f"{REGISTRY}/{image}", "--folder", str(folder), "--data-dir", str(data_dir)]
        subprocess.run([COMMAND, *words], check=True, stdout=subprocess.DEVNULL)
    start = [COMMAND, "local", "start", "--port", "0", "--data-dir", str(data_dir)]
    with subprocess.Popen(start, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            if not server.stdout.readline().startswith("Ready:"):
                sys.exit("The local cloud did not start.")
            env = subprocess.run(
                [COMMAND, "local", "env", "--format", "json", "--data-dir", str(data_dir)],
                check=True,
                capture_output=True,
            )
            os.environ.update(json.loads(env.stdout))
            yield
        finally:
            server.terminate()


def load(style: str) -> Workflow:
    """The workflow of ``old_style.py`` or ``pipeline.py``, or of a JSON file."""
    if style.endswith(".json"):
        return Workflow(
            "blog-pipeline", FrozenGraph.from_json(Path(style).read_text()), "arn:aws:iam::123456789012:role/x"
        )
    workflow: Workflow = importlib.import_module({"old": "old_style", "new": "pipeline"}[style]).workflow
    return workflow


def run(workflow: Workflow, name: str) -> Execution:
    """Run the workflow to its end and print how each state ended."""
    workflow.create_or_update()
    execution = workflow.execute(name=f"{name}-{int(time.time())}", inputs={"JobName": f"{name}-{int(time.time())}"})
    execution.wait(on_event=show)
    return execution


def show(event: dict[str, Any]) -> None:
    """Print the states as they are entered, and what failed."""
    if "stateEnteredEventDetails" in event:
        print(f"  {event['stateEnteredEventDetails']['name']}", flush=True)
    elif event["type"] == "TaskFailed":
        print(f"    failed: {event['taskFailedEventDetails'].get('cause', '')[:100]}", flush=True)


def main() -> int:
    """Run both; 0 when the first succeeded and the second failed as it should."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--style", default="new", help="old, new, or a JSON file (default: %(default)s)")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--only", choices=["success", "failure"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, local_cloud(options.data_dir or Path(folder)):
        workflow = load(options.style)
        good = True
        for name, script, wanted in (
            ("success", "pull.py", ExecutionStatus.Succeeded),
            ("failure", "broken.py", ExecutionStatus.Failed),
        ):
            if options.only in (None, name):
                print(f"Run {name}:")
                provision(HERE / "glue" / script)
                if options.style == "new":
                    workflow.provision(bucket=BUCKET)  # the Glue job and the task definition that its steps declare
                execution = run(workflow, name)
                print(f"  {execution.status.value} {execution.get_output() or ''}")
                good = good and execution.status is wanted
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
