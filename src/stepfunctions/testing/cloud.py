"""A real local cloud for the length of a ``with`` block: a server process on a free port, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from stepfunctions.errors import LocalCloudError

_START_SECONDS = 60.0
_STOP_SECONDS = 60.0


class ClockControl:
    """The clock of a :class:`LocalCloud`. Every method but :meth:`now` needs ``clock="jump"``, else LocalCloudError."""

    def __init__(self, cloud: LocalCloud) -> None:
        self._cloud = cloud

    def now(self) -> datetime:
        """Return the cloud's time, in UTC."""
        from stepfunctions.local.orders import ask

        return datetime.fromtimestamp(ask(self._cloud.endpoint, "clock")["now"], timezone.utc)

    def advance(self, seconds: float, *, timeout: float = 60.0) -> None:
        """Go on by so many seconds, 0 or more; all that is due until then happens, each at its time.

        Raises LocalCloudError when what is at work takes longer than ``timeout`` real seconds.
        """
        self._order({"advance": seconds}, timeout)

    def set(self, moment: datetime, *, timeout: float = 60.0) -> None:
        """Go on to a moment that has not passed; one without a time zone is UTC. See :meth:`advance`."""
        self._order({"set": moment.isoformat()}, timeout)

    def hold(self, held: bool = True) -> None:
        """Jump only when asked to by :meth:`advance` and :meth:`set`, or unasked again."""
        self._order({"hold": held}, _STOP_SECONDS)

    def _order(self, orders: dict[str, Any], timeout: float) -> None:
        from stepfunctions.local.orders import order

        if not order(self._cloud.endpoint, "clock", orders, timeout=timeout)["reached"]:
            raise LocalCloudError(f"The clock is not there yet: something was at work for {timeout:g} seconds")


class LocalCloud:
    """A local cloud, started by ``start()`` or ``with LocalCloud() as cloud:``, for boto3 and everything that uses it.

    ``data_dir``: where everything is kept; by default a new temporary folder, which :meth:`stop` removes.
    ``port``: 0 is any free one. ``clock``: ``"real"`` or ``"jump"``; ``start``: the time at which a clock that jumps
    begins in a new data directory (default: now); without a time zone it is UTC. ``durability``: ``"memory"``,
    ``"normal"`` or ``"full"``. ``options``: more of ``stepfunctions local start``, as on its command line.
    Each instance is a server of its own: threads and pytest-xdist's workers may have as many as they like.
    """

    def __init__(
        self,
        data_dir: Path | str | None = None,
        *,
        port: int = 0,
        clock: str = "real",
        start: datetime | None = None,
        durability: str = "normal",
        options: Sequence[str] = (),
    ) -> None:
        self._given = None if data_dir is None else Path(data_dir).absolute()
        self._options = ["--port", str(port), "--clock", clock, "--durability", durability, *options]
        self._options += [] if start is None else ["--start", start.isoformat()]
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._region = ""
        self._endpoint = ""
        self.clock = ClockControl(self)

    @property
    def endpoint(self) -> str:
        """The URL of the cloud, for every service. Raises LocalCloudError when it is not started."""
        if self._process is None:
            raise LocalCloudError("This LocalCloud is not started: use 'with LocalCloud() as cloud:'")
        return self._endpoint

    @property
    def data_dir(self) -> Path:
        """Where everything is kept. Raises LocalCloudError when it is not started."""
        if self._folder is None:
            raise LocalCloudError("This LocalCloud is not started: use 'with LocalCloud() as cloud:'")
        return self._folder

    @property
    def env(self) -> dict[str, str]:
        """The environment variables that point boto3, the AWS CLI and the SageMaker SDK here."""
        from stepfunctions.local.environment import client_env

        return {**client_env(self.endpoint, self._region), "STEPFUNCTIONS_DATA_DIR": str(self.data_dir)}

    def client(self, service: str, **options: Any) -> Any:
        """Return boto3's client of a service of this cloud; ``options`` are more of ``boto3.client``'s.

        Environment, profiles and proxies are not looked at, so tests in parallel do not meet.
        """
        import boto3
        from botocore.config import Config

        own = Config(inject_host_prefix=False, proxies={}, s3={"addressing_style": "path"})
        given = options.pop("config", None)
        settings = {
            "endpoint_url": self.endpoint,
            "region_name": self._region,
            "aws_access_key_id": "local",
            "aws_secret_access_key": "local",
            **options,
        }
        return boto3.Session().client(service, config=own.merge(given) if given else own, **settings)

    def clients(self, *services: str) -> tuple[Any, ...]:
        """Return boto3's clients of several services, in this order."""
        return tuple(self.client(service) for service in services)

    @contextmanager
    def environment(self) -> Iterator[None]:
        """Have :attr:`env` in this process's environment inside a ``with`` block, for code that makes its own clients.

        The environment belongs to all threads of the process.
        """
        before = {name: os.environ.get(name) for name in self.env}
        os.environ.update(self.env)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    def start(self) -> LocalCloud:
        """Start the server and return once it answers; does nothing when it runs.

        Raises LocalCloudError that says what the server said, when it does not start.
        """
        if self._process is not None:
            return self
        self._folder = self._given or Path(tempfile.mkdtemp(prefix="stepfunctions-"))
        command = [sys.executable, "-m", "stepfunctions.cli", "local", "start", "--until-input-ends"]
        with tempfile.TemporaryFile() as log:
            process = subprocess.Popen(
                [*command, *self._options, "--data-dir", str(self._folder)],
                stdin=subprocess.PIPE,  # ends with this process, and the server with it
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
            assert process.stdout is not None
            line = _first_line(process.stdout, process)
            self._process = process
            if not line.startswith("Ready: "):
                self.stop()
                log.seek(0)
                said = log.read().decode(errors="replace").strip().removeprefix("Error: ")
                raise LocalCloudError(said or "The local cloud did not start.")
        self._endpoint = line.removeprefix("Ready: ").strip()
        from stepfunctions.local.orders import ask

        self._region = ask(self._endpoint, "status")["region"]
        return self

    def stop(self) -> None:
        """Stop the server, and remove its folder unless it was given. Idempotent."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()  # safe: the next start recovers
                process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
        if self._given is None and self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = None

    def __enter__(self) -> LocalCloud:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def _first_line(output: IO[bytes], process: subprocess.Popen[bytes]) -> str:
    """Read a line; the process is killed when it says nothing for a minute."""
    timer = threading.Timer(_START_SECONDS, process.kill)
    timer.start()
    try:
        return output.readline().decode(errors="replace")
    finally:
        timer.cancel()
