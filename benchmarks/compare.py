"""What runs here and what runs with our peers, measured: each row of docs/comparison.md is a call that was made.

    python benchmarks/compare.py [--write] [--only NAME]

Each peer is installed into an environment of its own below ``.venv-compare``, started, and asked through boto3. A row
is "yes" when the answer was the right one, else "no". A peer that cannot be installed or started here is "not run":
its column then says what its own pages say. Takes some minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import probes

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".venv-compare"
PAGE = ROOT / "docs" / "comparison.md"
_START_SECONDS = 90.0
_PROBE_SECONDS = 30.0


@dataclass(frozen=True)
class Peer:
    """One column: what to install, how to start it, how to see that it is up."""

    name: str
    packages: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    health: str = "/"
    environment: dict[str, str] = field(default_factory=dict)
    settings: tuple[str, Any] | None = None
    """Where to post which settings once it is up."""
    python: str = ""
    """The interpreter it needs, when that is not ours: ``3.13``."""
    notes: dict[str, str] = field(default_factory=dict)
    """What stands instead of a "no" that is this machine's fault: it downloads nothing but packages."""
    page: str = ""
    """For a peer that is not run: the page that its column comes from."""
    says: dict[str, str] = field(default_factory=dict)


PEERS = (
    Peer(
        "stepfunctions-sdk",
        command=(
            sys.executable, "-m", "stepfunctions.cli", "local", "start", "--port", "{port}", "--data-dir", "{folder}",
        ),
        health="/_local/status",
    ),
    Peer(
        "Step Functions Local",
        page="https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local.html",
        says={
            "supported": "AWS: unsupported, no feature parity",
            "jsonpath": "yes",
            "integrations": "no",
            "distributed_map": "no",
        },
    ),
    Peer(
        "moto",
        ("moto[server,stepfunctions]==5.2.5",),
        ("{bin}/moto_server", "-H", "127.0.0.1", "-p", "{port}"),
        "/moto-api/data.json",
        settings=("/moto-api/config", {"stepfunctions": {"execute_state_machine": True}}),
    ),
    Peer(
        "LocalStack",
        # what its wheel asks for does not start today: these versions of its dependencies do
        (
            "localstack-core[runtime]==2026.3.0", "cbor2<5.8", "cryptography==43.0.3", "pyopenssl==24.3.0",
            "service_identity<25",
        ),
        ("{bin}/python", "-m", "localstack.runtime.main"),
        "/_localstack/health",
        {"GATEWAY_LISTEN": "127.0.0.1:{port}", "DISABLE_EVENTS": "1"},
        python="3.13",
        notes={
            "jsonata": "not run: downloads a Java runtime at first use",
            "variables": "not run: likewise",
            "undefined": "not run: likewise",
            "integrations": "not run: downloads DynamoDB Local at first use",
        },
    ),
    Peer("ministack", ("ministack==1.5.33",), ("{bin}/ministack",), "/_ministack/health", {"GATEWAY_PORT": "{port}"}),
)  # fmt: skip


def main() -> None:
    """Measure every peer and print the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    parser.add_argument("--only", help="one peer, by a part of its name")
    options = parser.parse_args()
    peers = [peer for peer in PEERS if not options.only or options.only.lower() in peer.name.lower()]
    columns = {peer.name: column(peer) for peer in peers}
    text = page(columns)
    print(text)
    if options.write:
        _, title, checkers = PAGE.read_text().partition("\n## ")  # benchmarks/lint.py writes that part
        PAGE.write_text(text + title + checkers)


def column(peer: Peer) -> dict[str, str]:
    """Return what a peer does, by probe."""
    if not peer.command:
        return {"": f"not run; [its page]({peer.page})", **peer.says}
    print(f"{peer.name} …", file=sys.stderr)
    try:
        binaries = installed(peer)
        with tempfile.TemporaryDirectory() as folder, started(peer, binaries, Path(folder)) as running:
            return asked(peer, running)
    except (subprocess.SubprocessError, OSError, TimeoutError) as error:
        print(f"{peer.name}: {error}", file=sys.stderr)
        return {"": f"not run: {type(error).__name__}"}


def installed(peer: Peer) -> Path:
    """Return the folder of a peer's programs, installed on first use."""
    if not peer.packages:
        return Path(sys.executable).parent
    folder = HOME / peer.name
    ready = folder / ".ready"
    wanted = "\n".join(peer.packages)
    if not ready.exists() or ready.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([_interpreter(peer.python), "-m", "venv", str(folder)], check=True)
        install = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, peer.packages[0]], check=True, stderr=subprocess.DEVNULL)
        if peer.packages[1:]:
            subprocess.run([*install, *peer.packages[1:]], check=True, stderr=subprocess.DEVNULL)
        ready.write_text(wanted)
    return folder / "bin"


def _interpreter(version: str) -> str:
    if not version:
        return sys.executable
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = next((str(path / "bin" / "python") for path in sorted(versions.glob(f"{version}*"))), None)
    found = found or shutil.which(f"python{version}")
    if found is None:
        raise FileNotFoundError(f"python{version}")
    return found


class Running:
    """A started peer, which can be killed and started again on the same data."""

    def __init__(self, peer: Peer, binaries: Path, folder: Path) -> None:
        self._peer = peer
        self._binaries = binaries
        self._folder = folder
        self.port = _free_port()
        self.seconds = 0.0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        values = {"port": str(self.port), "folder": str(self._folder / "data"), "bin": str(self._binaries)}
        environment = {name: value.format(**values) for name, value in self._peer.environment.items()}
        command = [part.format(**values) for part in self._peer.command]
        begun = time.monotonic()
        self.process = subprocess.Popen(
            command,
            env={**os.environ, **environment, "HOME": str(self._folder)},
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while not self._is_up():
            if self.process.poll() is not None or time.monotonic() - begun > _START_SECONDS:
                raise TimeoutError(f"{self._peer.name} does not start")
            time.sleep(0.05)
        self.seconds = time.monotonic() - begun
        if self._peer.settings is not None:
            path, settings = self._peer.settings
            headers = {"Content-Type": "application/json"}
            request = urllib.request.Request(self.endpoint + path, json.dumps(settings).encode(), headers)
            with urllib.request.urlopen(request, timeout=5):
                pass

    def kill(self) -> None:
        """Kill it as a crash would."""
        if self.process is not None:
            with suppress(ProcessLookupError):  # it never came up
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def memory(self) -> float:
        """Return the resident memory of all its processes in MiB."""
        assert self.process is not None
        total = 0
        for folder in Path("/proc").iterdir():
            try:
                if folder.name.isdecimal() and os.getsid(int(folder.name)) == self.process.pid:
                    lines = (folder / "status").read_text().splitlines()
                    total += next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)
            except OSError:
                continue
        return total / 1024

    def _is_up(self) -> bool:
        try:
            with urllib.request.urlopen(self.endpoint + self._peer.health, timeout=2):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False


@contextmanager
def started(peer: Peer, binaries: Path, folder: Path) -> Iterator[Running]:
    """Start a peer; it is killed at the end."""
    running = Running(peer, binaries, folder)
    try:
        running.start()
        yield running
    finally:
        running.kill()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def asked(peer: Peer, running: Running) -> dict[str, str]:
    """Return the answer to every probe."""
    measured = {"start": f"{running.seconds:.1f} s"}
    for probe in probes.PROBES:
        pool = ThreadPoolExecutor(1)
        try:
            outcome: Any = pool.submit(probe.run, probes.Client(running.endpoint)).result(_PROBE_SECONDS)
            answer = outcome if isinstance(outcome, str) else "yes" if outcome else "no"
        except TimeoutError:
            answer = "no (no answer)"
        except Exception as error:  # noqa: BLE001 - whatever a peer does is its answer
            answer = "no"
            print(f"  {probe.name}: {type(error).__name__}: {str(error)[:150]}", file=sys.stderr)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        measured[probe.name] = answer
    measured.update({name: note for name, note in peer.notes.items() if measured[name].startswith("no")})
    measured["memory"] = f"{running.memory():.0f} MiB"
    measured["crash"] = "yes" if _survives(running) else "no"
    return measured


def _survives(running: Running) -> bool:
    """Tell whether an execution that waits goes on after a kill -9 and a new start."""
    try:
        waiting = probes.begin_waiting(probes.Client(running.endpoint))
        running.kill()
        running.start()
        return probes.ends_well(probes.Client(running.endpoint), waiting)
    except Exception as error:  # noqa: BLE001 - whatever a peer does is its answer
        print(f"  crash: {type(error).__name__}: {str(error)[:150]}", file=sys.stderr)
        return False


def page(columns: dict[str, dict[str, str]]) -> str:
    """Return docs/comparison.md."""
    names = list(columns)
    rows = [(probe.name, probe.says) for probe in probes.PROBES]
    rows += [("crash", "A waiting execution goes on after `kill -9` and a new start"),
             ("start", "Start to first answer"), ("memory", "Memory after all of this")]  # fmt: skip
    versions = {peer.name: peer.packages[0].rpartition("==")[2] for peer in PEERS if peer.packages}
    lines = [
        "# Beside the other local Step Functions",
        "",
        "Made by `python benchmarks/compare.py --write`: each row is a program that was run through boto3 against each "
        'of the servers, and is "yes" when the right answer came. A column that could not be run here says so, with '
        "the page that its rows come from.",
        "",
        f"| | {' | '.join(f'{name} {versions.get(name, str())}'.strip() for name in names)} |",
        f"| --- |{' --- |' * len(names)}",
    ]
    notes = [column.get("", "run") for column in columns.values()]
    lines.append(f"| Run here | {' | '.join('yes' if note == 'run' else note for note in notes)} |")
    for key, says in rows:
        cells = [column.get(key, "not run" if "" in column else "no") for column in columns.values()]
        lines.append(f"| {says} | {' | '.join(cells)} |")
    lines += [
        "",
        f"Measured on {time.strftime('%Y-%m-%d')}, Python {sys.version.split()[0]}, {os.cpu_count()} CPUs.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
