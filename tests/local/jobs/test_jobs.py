"""The queue, and what is left after a kill at any moment."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.local.backup import backup
from stepfunctions.local.cloud import Cloud
from stepfunctions.local.jobs.watch import is_alive

OpenCloud = Callable[..., Cloud]
HELPER = Path(__file__).with_name("job_server.py")
WAITS = "import os, time\nwhile not os.path.exists({path!r}): time.sleep(0.01)\n"


def submit(cloud: Cloud, key: str, script: str | None, **details: Any) -> None:
    cloud.jobs.submit("script", key, {"script": script, **details})


def wait_ended(cloud: Cloud, *keys: str, seconds: float = 60) -> None:
    for key in keys:
        ended = threading.Event()
        cloud.jobs.on_end("script", key, ended.set)
        assert ended.wait(seconds), f"job {key} did not end"


def wait_until(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.005)


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def describe(cloud: Cloud, key: str) -> dict[str, Any]:
    said = cloud.jobs.describe("script", key)
    assert said is not None
    return dict(said)


def test_a_job_runs_and_is_recorded(open_cloud: OpenCloud, tmp_path: Path) -> None:
    cloud = open_cloud()
    submit(cloud, "a", "import os; print(os.getpid())")
    wait_ended(cloud, "a")
    assert lines(tmp_path / "ended") == ["a 1 0 None None"]
    said = describe(cloud, "a")
    assert (said["state"], said["attempt"], said["exit"]["code"]) == ("ENDED", 1, 0)
    assert Path(said["folder"], "log").read_text() == f"{said['pid']}\n"
    assert json.loads((tmp_path / "jobs/script/a/job.json").read_text()) == said
    assert cloud.jobs.describe("script", "b") is None


def test_submitting_again_does_nothing_until_forgotten(open_cloud: OpenCloud, tmp_path: Path) -> None:
    cloud = open_cloud()
    for _ in range(2):
        submit(cloud, "a", "print(1)")
        wait_ended(cloud, "a")
    assert len(lines(tmp_path / "ended")) == 1
    cloud.jobs.forget("script", "a")
    submit(cloud, "a", "print(2)")
    wait_ended(cloud, "a")
    assert len(lines(tmp_path / "ended")) == 2


def test_first_come_first_served_and_never_too_many(open_cloud: OpenCloud, tmp_path: Path) -> None:
    cloud = open_cloud(max_jobs=2)
    busy = (
        "import os, time\nos.mkdir({path!r} + '/' + str(os.getpid()))\n"
        "n = len(os.listdir({path!r}))\ntime.sleep(0.05)\nprint(n)\nos.rmdir({path!r} + '/' + str(os.getpid()))"
    )
    (tmp_path / "busy").mkdir()
    keys = [f"job{number}" for number in range(8)]
    for key in keys:
        submit(cloud, key, busy.format(path=str(tmp_path / "busy")))
    wait_ended(cloud, *keys)
    counts = [int(Path(describe(cloud, key)["folder"], "log").read_text()) for key in keys]
    assert max(counts) == 2
    started = [line.split()[0] for line in lines(tmp_path / "started")]
    assert [key for key in started if key in ("job0", "job3", "job7")] == ["job0", "job3", "job7"]


@pytest.mark.parametrize(("script", "reason"), [(None, "there is no script"), ("", "a bug")])
def test_refused(open_cloud: OpenCloud, tmp_path: Path, script: str | None, reason: str) -> None:
    cloud = open_cloud()
    submit(cloud, "a", script)
    wait_ended(cloud, "a")
    assert lines(tmp_path / "ended") == [f"a 1 None None {reason}"]


def test_timeout(open_cloud: OpenCloud, tmp_path: Path) -> None:
    cloud = open_cloud()
    submit(cloud, "a", "import time; time.sleep(600)", timeout=0.3)
    wait_ended(cloud, "a")
    assert describe(cloud, "a")["exit"]["timed_out"] is True
    assert lines(tmp_path / "ended") == ["a 1 None 15 None"]


def test_stop_running_and_queued(open_cloud: OpenCloud, tmp_path: Path) -> None:
    cloud = open_cloud(max_jobs=1)
    submit(cloud, "a", "import time; time.sleep(600)")
    submit(cloud, "b", "print('never')")
    wait_until(lambda: describe(cloud, "a")["pid"])
    cloud.jobs.stop("script", "b")
    wait_ended(cloud, "b")
    cloud.jobs.stop("script", "a")
    wait_ended(cloud, "a")
    assert lines(tmp_path / "ended") == ["b 0 None None None", "a 1 None 15 None"]
    assert all(describe(cloud, key)["exit"]["stopped"] for key in "ab")
    cloud.jobs.stop("script", "a")
    cloud.jobs.stop("script", "unknown")


def test_finish_that_fails_is_asked_for_a_failure(open_cloud: OpenCloud, tmp_path: Path, job_server: Any) -> None:
    class Clumsy(job_server.Scripts):  # type: ignore[misc]
        def finish(self, job: Any, exit: Any) -> None:
            if exit.refused is None:
                raise OSError("disk full")
            super().finish(job, exit)

    cloud = open_cloud()
    cloud.jobs.register("clumsy", Clumsy(tmp_path / "ended"))
    ended = threading.Event()
    cloud.jobs.submit("clumsy", "a", {"script": "print(1)"})
    cloud.jobs.on_end("clumsy", "a", ended.set)
    assert ended.wait(30)
    assert lines(tmp_path / "ended") == ["a 1 0 None its results could not be collected: disk full"]


def test_a_clean_stop_leaves_jobs_running(open_cloud: OpenCloud, tmp_path: Path) -> None:
    cloud = open_cloud(max_jobs=1)
    submit(cloud, "a", WAITS.format(path=str(tmp_path / "go")))
    submit(cloud, "b", "print(1)")
    wait_until(lambda: describe(cloud, "a")["pid"])
    pid = describe(cloud, "a")["pid"]
    cloud = open_cloud(max_jobs=1)
    assert describe(cloud, "a")["pid"] == pid
    (tmp_path / "go").touch()
    wait_ended(cloud, "a", "b")
    assert lines(tmp_path / "ended") == ["a 1 0 None None", "b 1 0 None None"]


def test_a_server_on_a_copy_leaves_the_processes_of_the_original_alone(
    open_cloud: OpenCloud, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, job_server: Any
) -> None:
    original, target = open_cloud(max_jobs=1), tmp_path_factory.mktemp("copies") / "one"
    submit(original, "a", WAITS.format(path=str(tmp_path / "go")))
    wait_until(lambda: describe(original, "a")["pid"])
    pid = describe(original, "a")["pid"]
    backup(tmp_path, target)
    with Cloud(target) as copy:
        copy.jobs.register("script", job_server.Scripts(target / "ended"))
        wait_until(lambda: describe(copy, "a")["attempt"] == 2 and describe(copy, "a")["pid"])
        copy.jobs.stop("script", "a")
        wait_ended(copy, "a")
    assert describe(original, "a")["pid"] == pid
    (tmp_path / "go").touch()
    wait_ended(original, "a")
    assert lines(tmp_path / "ended") == ["a 1 0 None None"]


class Server:
    """``job_server.py`` as a process."""

    def __init__(self, folder: Path, **scripts: str) -> None:
        arguments = [text for pair in scripts.items() for text in pair]
        self.process = subprocess.Popen(
            [sys.executable, str(HELPER), str(folder), *arguments], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.mark.crash
def test_killed_server_leaves_jobs_that_are_attached_again(open_cloud: OpenCloud, tmp_path: Path) -> None:
    """The job that runs goes on, the one that ended meanwhile is finished, the queued one starts."""
    server = Server(
        tmp_path, a=WAITS.format(path=str(tmp_path / "go-a")), b=WAITS.format(path=str(tmp_path / "go-b")), c="print(3)"
    )
    wait_until(lambda: len(lines(tmp_path / "started")) == 2)
    pids = {line.split()[0]: int(line.split()[2]) for line in lines(tmp_path / "started")}
    server.kill()
    os.kill(pids["a"], 0)
    (tmp_path / "go-b").touch()
    wait_until((tmp_path / "jobs/script/b/1/exit.json").exists)

    cloud = open_cloud()
    wait_ended(cloud, "b", "c")
    assert describe(cloud, "a")["pid"] == pids["a"]
    (tmp_path / "go-a").touch()
    wait_ended(cloud, "a")
    assert sorted(lines(tmp_path / "ended")) == [f"{key} 1 0 None None" for key in "abc"]


@pytest.mark.crash
def test_killed_server_and_job_start_again_in_a_new_folder(open_cloud: OpenCloud, tmp_path: Path) -> None:
    half = f"open('half', 'a').write('x')\n{WAITS.format(path=str(tmp_path / 'go'))}"
    server = Server(tmp_path, a=half)
    wait_until((tmp_path / "jobs/script/a/1/half").exists)
    wait_until(lambda: lines(tmp_path / "started"))
    zygote = json.loads((tmp_path / "jobs/script/a/1/process.json").read_text())["zygote"]
    server.kill()
    os.kill(zygote, signal.SIGKILL)  # takes its jobs along, and with it who would write exit.json
    (tmp_path / "go").touch()
    cloud = open_cloud()
    wait_ended(cloud, "a")
    assert lines(tmp_path / "ended") == ["a 2 0 None None"]
    assert (tmp_path / "jobs/script/a/2/half").read_text() == "x"


def test_a_zygote_that_is_killed_costs_one_attempt(open_cloud: OpenCloud, tmp_path: Path) -> None:
    cloud = open_cloud()
    submit(cloud, "a", WAITS.format(path=str(tmp_path / "go")))
    wait_until(lambda: lines(tmp_path / "started"))
    os.kill(json.loads((tmp_path / "jobs/script/a/1/process.json").read_text())["zygote"], signal.SIGKILL)
    wait_until(lambda: len(lines(tmp_path / "started")) == 2)
    (tmp_path / "go").touch()
    wait_ended(cloud, "a")
    assert lines(tmp_path / "ended") == ["a 2 0 None None"]


@pytest.mark.parametrize("torn", ["", "{", '{"code"'])
def test_a_torn_exit_record_does_not_count(open_cloud: OpenCloud, tmp_path: Path, torn: str) -> None:
    cloud = open_cloud(start=False)
    submit(cloud, "a", "print(1)")
    database = cloud.jobs._table._database
    with database.write() as writer:
        writer.execute("UPDATE jobs SET state = 'RUNNING', attempt = 1")
    folder = tmp_path / "jobs/script/a/1"
    folder.mkdir(parents=True)
    (folder / "exit.json").write_text(torn)
    cloud.start()
    wait_ended(cloud, "a")
    assert lines(tmp_path / "ended") == ["a 2 0 None None"]


def test_an_attempt_given_up_never_starts(open_cloud: OpenCloud, tmp_path: Path) -> None:
    """A slow zygote that starts an attempt after recovery gave it up loses the claim."""
    from stepfunctions.errors import LocalCloudError
    from stepfunctions.local.jobs import ProcessSpec, marks

    cloud = open_cloud()
    assert marks.claim(str(tmp_path), {"pid": 0})
    with pytest.raises(LocalCloudError, match="given up"):
        cloud.jobs.processes.start(
            ProcessSpec(argv=("touch", "ran"), cwd=tmp_path, stdout=tmp_path / "log", stderr=tmp_path / "log"), tmp_path
        )
    assert not (tmp_path / "ran").exists()


def test_jobs_stopped_while_no_server_ran(open_cloud: OpenCloud, tmp_path: Path) -> None:
    cloud = open_cloud()
    submit(cloud, "a", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)")
    wait_until(lambda: lines(tmp_path / "started"))
    cloud = open_cloud(start=False)
    cloud.jobs.stop("script", "a")
    cloud.start()
    wait_ended(cloud, "a")
    assert lines(tmp_path / "ended") == ["a 1 None 9 None"]


def test_kinds_registered_after_the_start_are_resumed(open_cloud: OpenCloud, tmp_path: Path, job_server: Any) -> None:
    cloud = open_cloud()
    cloud.jobs.submit("late", "a", {"script": "print(1)"})
    cloud.jobs.register("late", job_server.Scripts(tmp_path / "ended"))
    ended = threading.Event()
    cloud.jobs.on_end("late", "a", ended.set)
    assert ended.wait(30)
    assert lines(tmp_path / "ended") == ["a 1 0 None None"]


def test_a_folder_deleted_under_a_job(open_cloud: OpenCloud, tmp_path: Path) -> None:
    """Someone empties the data directory: the job is run again, and the server goes on."""
    cloud = open_cloud()
    submit(cloud, "a", WAITS.format(path=str(tmp_path / "go")))
    wait_until(lambda: lines(tmp_path / "started"))
    shutil.rmtree(tmp_path / "jobs/script/a")
    (tmp_path / "go").touch()
    wait_ended(cloud, "a")
    assert lines(tmp_path / "ended") == ["a 2 0 None None"]


CHILD = "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {code!r}])\n"


def test_what_a_lost_process_had_started_ends_with_it(open_cloud: OpenCloud, tmp_path: Path) -> None:
    """Nobody waits for the children of a job whose zygote was killed: they must not run beside the next attempt."""
    beats = tmp_path / "beats"
    code = f"import os, time\nopen({str(beats)!r}, 'a').write(f'{{os.getpid()}}\\n')\ntime.sleep(600)\n"
    cloud = open_cloud()
    submit(cloud, "a", CHILD.format(code=code) + WAITS.format(path=str(tmp_path / "go")))
    wait_until(lambda: lines(beats))
    child = int(lines(beats)[0])
    os.kill(json.loads((tmp_path / "jobs/script/a/1/process.json").read_text())["zygote"], signal.SIGKILL)
    wait_until(lambda: not is_alive(child, None))
    (tmp_path / "go").touch()
    wait_ended(cloud, "a")
    assert lines(tmp_path / "ended") == ["a 2 0 None None"]
