"""The model servers behind the endpoints: started, asked, replaced, stopped."""

from __future__ import annotations

import hashlib
import http.client
import itertools
import json
import logging
import random
import shutil
import signal
import threading
import uuid
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from stepfunctions.errors import LocalCloudError, StepFunctionsError
from stepfunctions.local import images
from stepfunctions.local.jobs import JobRefused, Process, ProcessSpec, can_mount
from stepfunctions.local.sagemaker import server as server_script
from stepfunctions.local.sagemaker.container import OPT_ML, check_requirements
from stepfunctions.local.sagemaker.places import Missing, Places

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

_log = logging.getLogger(__name__)
_START_SECONDS = 120.0
_ANSWER_SECONDS = 60.0  # as SageMaker: a model has 60 seconds to answer
_MOST_MODELS = 64  # loaded at once in a server of many models; the one used longest ago goes


class ServerFailed(StepFunctionsError):
    """A model server does not come up; the text has the end of its log."""


@dataclass(frozen=True)
class Answer:
    """What a model server said."""

    status: int
    content_type: str
    body: bytes


class ModelServer:
    """The server of one production variant: one process, started again when it dies.

    ``folder`` is its own: ``ml`` is its ``/opt/ml``, ``stdout.log`` and ``stderr.log`` beside it. ``place``: the names
    of the endpoint and of the variant.
    """

    def __init__(self, cloud: Cloud, folder: Path, model: Mapping[str, Any], place: tuple[str, str]) -> None:
        self._cloud = cloud
        self._places = Places(cloud)
        self._folder = folder
        self._place = place
        self._logs = cloud.service("logs")
        self._container = model["PrimaryContainer"]
        self._role = model.get("ExecutionRoleArn")
        self.many = self._container.get("Mode") == "MultiModel"
        self._lock = threading.RLock()
        self._process: Process | None = None
        self._port = 0
        self._stopped = False
        self._loaded: OrderedDict[str, None] = OrderedDict()
        self._root = OPT_ML if can_mount(OPT_ML) else str(folder / "ml")

    @property
    def pid(self) -> int | None:
        """The process that serves now."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Lay out the container and start its process; return once it answers. Raises :class:`ServerFailed`."""
        with self._lock:
            self._logs.output.end(self._folder)
            shutil.rmtree(self._folder, ignore_errors=True)
            ml = self._folder / "ml"
            for name in ("model", "code", "models"):
                (ml / name).mkdir(parents=True)
            try:
                runtime = images.resolve(self._cloud.data_dir, self._container["Image"])
                if runtime.folder is not None:
                    shutil.copytree(runtime.folder, ml / "code", dirs_exist_ok=True)
                code = self._lay_code(ml)
            except (Missing, LocalCloudError, JobRefused) as error:
                raise ServerFailed(str(error)) from error
            self._launch(ml, code, runtime.family)

    def invoke(self, body: bytes, headers: Mapping[str, str], target: str | None) -> Answer:
        """Ask the model; ``target`` names one of many. Raises :class:`ServerFailed`, :class:`Missing`."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                if self._stopped:
                    raise ServerFailed("the endpoint was deleted")
                self._close()
                self.start()
            if target is not None:
                refused = self._load(target)
                if refused is not None:
                    return refused
        path = "/invocations" if target is None else f"/models/{quote(target, safe='')}/invoke"
        return self._request("POST", path, body, headers)

    def stop(self) -> None:
        """End the process and drop its folder; a start that waits for it fails."""
        self._stopped = True
        if self._process is not None:
            self._process.send(signal.SIGTERM)
        with self._lock:
            process = self._process
            self._close()
        if process is not None:
            process.stop(5.0)
        self._logs.output.end(self._folder)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _lay_code(self, ml: Path) -> str:
        """Fetch model and code; return the code's folder as the process sees it."""
        environment = self._container.get("Environment", {})
        if not self.many and "ModelDataUrl" in self._container:
            self._places.unpack(self._container["ModelDataUrl"], ml / "model")
        given = environment.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
        if given.startswith(("s3://", "https://")):
            self._places.unpack(given, ml / "code")
            inside = "code"
        elif (ml / "model" / "code").is_dir():
            inside = "model/code"
        else:
            inside = "code"
        check_requirements(ml / inside)
        program = self._program
        if "SAGEMAKER_PROGRAM" in environment and not (ml / inside / program).is_file():
            raise ServerFailed(f"the script '{program}' (SAGEMAKER_PROGRAM) is not in the code of the model")
        return f"{self._root}/{inside}"

    @property
    def _program(self) -> str:
        return str(self._container.get("Environment", {}).get("SAGEMAKER_PROGRAM", "inference.py"))

    def _launch(self, ml: Path, code: str, family: str) -> None:
        settings = {"code": code, "program": self._program, "model": None if self.many else f"{self._root}/model"}
        env = {
            **self._cloud.client_env(self._role),
            "SM_MODEL_DIR": f"{self._root}/model",
            "PYTHONUNBUFFERED": "TRUE",
            "SAGEMAKER_MULTI_MODEL": "true" if self.many else "false",
            **self._container.get("Environment", {}),
            "STEPFUNCTIONS_MODEL_SERVER": json.dumps(settings),
        }
        mounts = {OPT_ML: ml} if self._root == OPT_ML else {}
        stdout, stderr = self._folder / "stdout.log", self._folder / "stderr.log"
        endpoint, variant = self._place
        stream = f"{variant}/i-{uuid.uuid4().hex[:17]}"
        self._logs.follow(f"/aws/sagemaker/Endpoints/{endpoint}", stream, stdout, stderr)
        try:
            self._process = self._cloud.jobs.launch(
                ProcessSpec(
                    argv=("python", server_script.__file__),
                    cwd=ml,
                    env=env,
                    family=family,
                    mounts=mounts,
                    stdout=stdout,
                    stderr=stderr,
                ),
                channel=True,
            )
        except LocalCloudError as error:
            raise ServerFailed(str(error)) from error
        if self._stopped:
            self._process.send(signal.SIGTERM)
        channel = self._process.channel
        assert channel is not None
        channel.settimeout(_START_SECONDS)
        try:
            said = channel.recv(16)
        except OSError:
            said = b""
        if not said:
            exit = self._process.stop(1.0)
            self._close()
            raise ServerFailed(exit.stderr_tail.strip() or "it did not answer in time")
        self._port = int(said)
        self._loaded.clear()
        self._request("GET", "/ping", b"", {})

    def _load(self, target: str) -> Answer | None:
        """Load one of many models on first use, and unload the one used longest ago. An answer is a failure."""
        if target in self._loaded:
            self._loaded.move_to_end(target)
            return None
        folder = self._model_folder(target)
        shutil.rmtree(folder, ignore_errors=True)  # of a load that failed
        self._places.unpack(self._container["ModelDataUrl"] + target.lstrip("/"), folder)
        while len(self._loaded) >= _MOST_MODELS:
            oldest, _ = self._loaded.popitem(last=False)
            self._request("DELETE", f"/models/{quote(oldest, safe='')}", b"", {})
            shutil.rmtree(self._model_folder(oldest), ignore_errors=True)
        wanted = json.dumps({"model_name": target, "url": f"{self._root}/models/{folder.name}"}).encode()
        answer = self._request("POST", "/models", wanted, {"Content-Type": "application/json"})
        if answer.status >= 400:
            return answer
        self._loaded[target] = None
        return None

    def _model_folder(self, target: str) -> Path:
        return self._folder / "ml" / "models" / hashlib.sha256(target.encode()).hexdigest()[:32]

    def _request(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_ANSWER_SECONDS)
        try:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            return Answer(response.status, response.getheader("Content-Type", ""), response.read())
        except (OSError, http.client.HTTPException) as error:
            raise ServerFailed(f"the model server gave no answer: {error!r}") from error
        finally:
            connection.close()

    def _close(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None


class Deployment:
    """The servers of one endpoint configuration, a server a variant; ``capture``: its DataCaptureConfig."""

    def __init__(
        self,
        config: str,
        servers: Mapping[str, ModelServer],
        weights: Mapping[str, float],
        capture: Mapping[str, Any] | None = None,
    ) -> None:
        self.config = config
        self.capture = capture
        self.servers = dict(servers)
        self.weights = dict(weights)
        self._asked = 0
        self._idle = threading.Condition()

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Return a context in which a request is under way: :meth:`retire` waits for its end."""
        with self._idle:
            self._asked += 1
        try:
            yield
        finally:
            with self._idle:
                self._asked -= 1
                self._idle.notify_all()

    def retire(self) -> None:
        """Stop every server once nobody waits for an answer any more, or an answer's longest time has passed."""
        with self._idle:
            self._idle.wait_for(lambda: self._asked == 0, _ANSWER_SECONDS)
        self.stop()

    def start(self) -> None:
        """Start every server. Raises :class:`ServerFailed` that names the variant, with all stopped."""
        for name, server in self.servers.items():
            try:
                server.start()
            except (ServerFailed, OSError) as error:  # the disk may be full
                self.stop()
                raise ServerFailed(
                    f"The container for production variant {name} did not pass the ping health check: {error}"
                ) from error

    def stop(self) -> None:
        """Stop every server."""
        for server in self.servers.values():
            server.stop()

    def choose(self) -> str:
        """Return a variant at random, by weight."""
        names = list(self.servers)
        weights = [self.weights[name] for name in names]
        return random.choices(names, weights if sum(weights) > 0 else None)[0]


class Route:
    """Where an endpoint's requests go: to one fleet, or a part of them to a new one."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.new: Deployment | None = None
        self.share = 0.0
        self._numbers = itertools.count()

    def shift(self, share: float) -> None:
        """Send this part of the requests to the new fleet from now on."""
        self.share, self._numbers = share, itertools.count()

    def choose(self) -> Deployment:
        """Return the fleet of a request. The new one gets its share evenly: one in four is each fourth."""
        new, share, number = self.new, self.share, next(self._numbers)
        return self.deployment if new is None or int((number + 1) * share) == int(number * share) else new

    def fleets(self) -> list[Deployment]:
        """Return the old fleet, and the new one if there is one."""
        return [self.deployment, *([] if self.new is None else [self.new])]
