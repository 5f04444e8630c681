"""A server that only has jobs; tests import its owner and also run it as a process to kill."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from stepfunctions.local.cloud import Cloud
from stepfunctions.local.jobs import Exit, Job, JobRefused, ProcessSpec


class Scripts:
    """Jobs whose details are a Python script; what ended is appended to a file, a line each."""

    def __init__(self, ended: Path) -> None:
        self.ended = ended

    def prepare(self, job: Job) -> ProcessSpec:
        if job.details["script"] is None:
            raise JobRefused("there is no script")
        if job.details["script"] == "":
            raise RuntimeError("a bug")
        script = job.folder / "script.py"
        script.write_text(job.details["script"])
        return ProcessSpec(
            argv=("python", "script.py"),
            cwd=job.folder,
            stdout=job.folder / "log",
            stderr=job.folder / "log",
            timeout_seconds=job.details.get("timeout"),
            grace_seconds=0.5,
        )

    def started(self, job: Job) -> None:
        with open(self.ended.with_name("started"), "a") as file:
            file.write(f"{job.key} {job.attempt} {job.pid}\n")

    def finish(self, job: Job, exit: Exit) -> None:
        with open(self.ended, "a") as file:
            file.write(f"{job.key} {job.attempt} {exit.code} {exit.signal} {exit.refused}\n")


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    cloud = Cloud(folder, max_jobs=2)
    cloud.jobs.register("script", Scripts(folder / "ended"))
    cloud.start()
    for key, text in zip(sys.argv[2::2], sys.argv[3::2], strict=True):
        cloud.jobs.submit("script", key, {"script": text})
    print("ready", flush=True)
    signal.sigwait({signal.SIGTERM})
    cloud.stop()
