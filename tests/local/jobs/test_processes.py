"""Real processes: what a forked script sees must be what ``python script.py`` sees."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stepfunctions.errors import LocalCloudError
from stepfunctions.local.jobs import Process, Processes, ProcessSpec, can_mount
from stepfunctions.local.jobs.processes import FAMILIES, base_env

Run = Callable[..., Process]


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    made = Processes(tmp_path / "zygotes")
    yield made
    made.close()


@pytest.fixture
def launch(processes: Processes, tmp_path: Path) -> Run:
    def run(*argv: str, **fields: object) -> Process:
        channel = bool(fields.pop("channel", False))
        spec = ProcessSpec(
            **{
                "argv": argv,
                "cwd": tmp_path,
                "stdout": tmp_path / "out",  # type: ignore[arg-type]
                "stderr": tmp_path / "err",
                **fields,
            }
        )
        return processes.launch(spec, channel=channel)

    return run


def write(folder: Path, text: str, name: str = "script.py") -> Path:
    (folder / name).write_text(text)
    return folder / name


SCRIPTS = {
    "success": "print('hello')",
    "exit code": "import sys; sys.exit(7)",
    "exit with text": "raise SystemExit('no such luck')",
    "exit none": "raise SystemExit",
    "exception": "def f():\n    raise ValueError('bad')\nf()",
    "syntax error": "print('a'\nx = = 1",
    "names": "import sys; print(__name__, __file__, __package__, __spec__, __doc__, sys.argv, sys.path[0])",
    "docstring and future": "'''Doc.'''\nfrom __future__ import annotations\nprint(__doc__)\ndef f(a: X): pass",
    "atexit": "import atexit; atexit.register(print, 'bye'); print('work'); raise KeyError(1)",
    "open file at exit": "f = open('left.txt', 'w'); f.write('kept')",
    "thread at exit": "import threading, time\n"
    "threading.Thread(target=lambda: (time.sleep(.1), print('late'))).start()",
    "stderr": "import sys; print('out'); print('err', file=sys.stderr)",
    "main is importable": "import sys, pickle\nclass A: pass\nassert sys.modules['__main__'].A is A\n"
    "print(type(pickle.loads(pickle.dumps(A()))).__name__)",
    "os._exit": "import os; os._exit(3)",
    "stdin": "import sys; print(repr(sys.stdin.read()))",
    "sibling module": "import helper; print(helper.VALUE)",
    "unhandled in sibling": "import helper; helper.fail()",
    "kill": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "cwd": "import os; print(os.getcwd(), os.environ['MARK'])",
    "unicode": "print('Zürich → ✓')",
    "multiprocessing": "import multiprocessing as m\ndef f(x): return x * 2\n"
    "if __name__ == '__main__':\n"
    "    with m.get_context('spawn').Pool(1) as p: print(p.map(f, [1, 2]))",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_fork_equals_interpreter(name: str, launch: Run, tmp_path: Path) -> None:
    """Output, errors, exit code and files are those of a fresh interpreter."""
    write(tmp_path, "VALUE = 42\ndef fail():\n    raise RuntimeError('deep')\n", "helper.py")
    write(tmp_path, SCRIPTS[name])
    argv = ["script.py", "--rate", "0.1", "a b"]
    plain = subprocess.run(
        [sys.executable, *argv],
        cwd=tmp_path,
        env={**base_env(), "MARK": "m"},
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    left = {path.name: path.read_text() for path in tmp_path.glob("left*")}
    (tmp_path / "left.txt").unlink(missing_ok=True)

    exit = launch("python", *argv, env={"MARK": "m"}).wait(60)

    assert (tmp_path / "out").read_text() == plain.stdout
    assert (tmp_path / "err").read_text() == plain.stderr
    assert (exit.code if exit.code is not None else -(exit.signal or 0)) == plain.returncode
    assert {path.name: path.read_text() for path in tmp_path.glob("left*")} == left


@pytest.mark.parametrize("argv", [("missing.py",), ("-m", "missing"), ("-m", "helper.nothing")])
def test_a_missing_script_is_told_as_the_interpreter_does(argv: tuple[str, ...], launch: Run, tmp_path: Path) -> None:
    plain = subprocess.run(
        [sys.executable, *argv], cwd=tmp_path, env=base_env(), check=False, capture_output=True, text=True
    )
    exit = launch("python", *argv).wait(30)
    assert (exit.code, exit.stderr_tail) == (plain.returncode, plain.stderr)


def test_a_folder_and_an_archive_with_a_main(launch: Run, tmp_path: Path) -> None:
    main = "import sys, part; print(__name__, sys.argv[1:], sys.path[0] == sys.argv[0], part.VALUE); sys.exit(4)"
    folder = tmp_path / "app"
    folder.mkdir()
    write(folder, main, "__main__.py")
    write(folder, "VALUE = 7", "part.py")
    shutil.make_archive(str(tmp_path / "app"), "zip", folder)
    for path in (folder, tmp_path / "app.zip"):
        assert launch("python", str(path), "x").wait().code == 4
    assert (tmp_path / "out").read_text() == "__main__ ['x'] True 7\n" * 2


def test_module_and_python_path(launch: Run, tmp_path: Path) -> None:
    (tmp_path / "lib" / "tool").mkdir(parents=True)
    write(tmp_path / "lib" / "tool", "", "__init__.py")
    write(tmp_path / "lib" / "tool", "import sys; print(__name__, sys.argv[1:], __spec__.name)", "__main__.py")
    assert launch("python3", "-m", "tool", "x", env={"PYTHONPATH": str(tmp_path / "lib")}).wait(60).ok
    assert (tmp_path / "out").read_text() == "__main__ ['x'] tool.__main__\n"


def test_environment_is_clean(launch: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    write(tmp_path, "import os, json; print(json.dumps(dict(os.environ)))")
    assert launch("python", "script.py", env={"AWS_REGION": "us-east-1"}).wait(60).ok
    seen = json.loads((tmp_path / "out").read_text())
    assert seen == {**base_env(), "AWS_REGION": "us-east-1"}


def test_does_not_see_this_package_loaded(launch: Run, tmp_path: Path) -> None:
    write(
        tmp_path,
        "import sys; print([n for n in sys.modules if n.startswith('stepfunctions')], "
        "[p for p in sys.path if p.endswith('jobs')])",
    )
    assert launch("python", "script.py").wait(60).ok
    assert (tmp_path / "out").read_text() == "[] []\n"


def test_random_numbers_differ_between_forks(launch: Run, tmp_path: Path) -> None:
    pytest.importorskip("numpy")
    write(tmp_path, "import random, numpy; print(random.random(), numpy.random.rand())")
    for _ in range(2):
        assert launch("python", "script.py", family="pandas").wait(60).ok
    first, second = (tmp_path / "out").read_text().splitlines()
    assert not set(first.split()) & set(second.split())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each job starts an interpreter")
@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_forks_after_its_imports(family: str, launch: Run, tmp_path: Path) -> None:
    """A library that starts a thread on import would make each job pay for all imports again."""
    script = write(tmp_path, "import sys, json; print(json.dumps(sorted(sys.modules)))")
    assert launch(sys.executable, str(script), family=family).wait().code == 0
    assert set(FAMILIES[family]) <= set(json.loads((tmp_path / "out").read_text()))
    assert (tmp_path / "zygotes" / f"zygote-{family}.log").read_text() == ""


def test_asked_threads_get_a_fresh_interpreter(launch: Run, tmp_path: Path) -> None:
    write(tmp_path, "import os, sys; print(os.environ['OMP_NUM_THREADS'], 'numpy' in sys.modules)")
    assert launch("python", "script.py", family="pandas", env={"OMP_NUM_THREADS": "2"}).wait(60).ok
    assert (tmp_path / "out").read_text() == "2 False\n"


def test_unbuffered_output_arrives_at_once(launch: Run, tmp_path: Path) -> None:
    write(tmp_path, "import time; print('first'); time.sleep(60)")
    process = launch("python", "-u", "script.py")
    wait_until(lambda: (tmp_path / "out").exists() and (tmp_path / "out").read_text() == "first\n")
    process.stop(5)


@pytest.mark.parametrize(("argv", "code"), [(("sh", "-c", "exit 4"), 4), (("no-such-command",), 127)])
def test_other_commands(launch: Run, tmp_path: Path, argv: tuple[str, ...], code: int) -> None:
    exit = launch(*argv).wait(30)
    assert exit.code == code
    if code == 127:
        assert "cannot start no-such-command" in exit.stderr_tail


def test_a_missing_folder_is_one_line(launch: Run, tmp_path: Path) -> None:
    exit = launch("python", "script.py", cwd=tmp_path / "gone").wait(30)
    assert exit.code == 127
    assert exit.stderr_tail.count("\n") == 1


def test_unknown_family(launch: Run) -> None:
    with pytest.raises(LocalCloudError, match="no process family 'r'"):
        launch("python", "script.py", family="r")


def test_timeout_ends_the_whole_group(launch: Run, tmp_path: Path) -> None:
    """SIGTERM, then SIGKILL, also for grandchildren that ignore the first."""
    write(
        tmp_path,
        "import os, signal, subprocess, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        "open('pids', 'w').write(f'{os.getpid()} {child.pid}')\ntime.sleep(600)",
    )
    exit = launch("python", "script.py", timeout_seconds=1.0, grace_seconds=0.3).wait(30)
    assert (exit.timed_out, exit.signal, exit.ok) == (True, 9, False)
    for pid in (tmp_path / "pids").read_text().split():
        wait_until(lambda pid=int(pid): not alive(pid))  # type: ignore[misc]


def test_leftovers_end_with_the_leader(launch: Run, tmp_path: Path) -> None:
    write(tmp_path, "import subprocess; print(subprocess.Popen(['sleep', '600']).pid)")
    assert launch("python", "script.py").wait(30).ok
    pid = int((tmp_path / "out").read_text())
    wait_until(lambda: not alive(pid))


def test_stop_lets_a_process_end_well(launch: Run, tmp_path: Path) -> None:
    write(
        tmp_path,
        "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(5))\n"
        "open('ready', 'w').close()\ntime.sleep(600)",
    )
    process = launch("python", "script.py")
    wait_until((tmp_path / "ready").exists)
    exit = process.stop(20)
    assert (exit.code, exit.stopped) == (5, True)


def test_channel(launch: Run, tmp_path: Path) -> None:
    write(
        tmp_path,
        "import os, socket\ns = socket.socket(fileno=int(os.environ['STEPFUNCTIONS_CHANNEL']))\n"
        "s.sendall(s.recv(100).upper())",
    )
    process = launch("python", "script.py", channel=True)
    assert process.channel is not None
    process.channel.sendall(b"hello")
    assert process.channel.recv(100) == b"HELLO"
    assert process.channel.recv(100) == b""
    process.close()
    assert process.wait(10).ok


def test_usage_is_measured(launch: Run, tmp_path: Path) -> None:
    write(tmp_path, "x = bytearray(50_000_000)\nfor i in range(2_000_000): pass")
    exit = launch("python", "script.py").wait(60)
    assert exit.cpu_seconds > 0.01
    assert exit.max_rss_kib > 48_000


def test_tail_is_whole_lines(launch: Run, tmp_path: Path) -> None:
    write(tmp_path, "import sys\nfor i in range(2000): print('line', i, file=sys.stderr)\nsys.exit(1)")
    lines = launch("python", "script.py").wait(60).stderr_tail.splitlines()
    assert lines[-1] == "line 1999"
    assert all(line.startswith("line ") for line in lines)
    assert 100 < len(lines) < 500


@pytest.mark.skipif(not can_mount("/opt/ml"), reason="mount namespaces are not allowed here")
def test_mounts_are_private(launch: Run, tmp_path: Path) -> None:
    there = Path("/opt/ml").exists()
    others = sorted(path.name for path in Path("/opt").iterdir()) if Path("/opt").exists() else []
    (tmp_path / "ml" / "model").mkdir(parents=True)
    write(tmp_path, "import os; open('/opt/ml/model/m', 'w').write('x'); print(sorted(os.listdir('/opt')))")
    assert launch("python", "script.py", mounts={"/opt/ml": tmp_path / "ml"}).wait(30).ok
    assert (tmp_path / "ml" / "model" / "m").read_text() == "x"
    assert (tmp_path / "out").read_text().strip() == repr(sorted({*others, "ml"}))
    assert Path("/opt/ml").exists() == there


def test_launched_processes_end_with_the_server(tmp_path: Path) -> None:
    """Even when it is killed."""
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom stepfunctions.local.jobs import Processes, ProcessSpec\n"
        "f = Path(sys.argv[1])\n"
        "p = Processes(f).launch(ProcessSpec(argv=('sleep', '600'), cwd=f, stdout=f / 'o', stderr=f / 'o'))\n"
        "print(p.pid, flush=True)\ntime.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        pid = int(server.stdout.readline())
        assert alive(pid)
        server.kill()
    wait_until(lambda: not alive(pid))


def test_closing_twice_and_launching_after(processes: Processes, launch: Run) -> None:
    assert launch("true").wait(30).ok
    processes.close()
    processes.close()
    with pytest.raises(LocalCloudError, match="stopping"):
        launch("true")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def wait_until(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        os.sched_yield()
        time.sleep(0.005)
