"""A model server: one process that answers the HTTP of SageMaker's inference containers for one container.

Run as a plain script by the endpoints, with its settings as JSON in ``STEPFUNCTIONS_MODEL_SERVER``: ``code`` and
``program`` (the user's script), ``model`` (its folder; None for many models). It loads the model, writes its port to
the channel, and serves: ``GET /ping``, ``POST /invocations``; with many models ``POST /models``, ``GET`` and
``DELETE /models/NAME``, ``POST /models/NAME/invoke``. Standard library only, but for numpy where data needs it.

The script's functions and their defaults:
https://sagemaker.readthedocs.io/en/stable/frameworks/sklearn/using_sklearn.html#deploy-a-scikit-learn-model
"""

from __future__ import annotations

import importlib
import io
import json
import os
import socket
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

JSON_TYPE, CSV_TYPE, NPY_TYPE = "application/json", "text/csv", "application/x-npy"
TEXT_TYPES = (JSON_TYPE, CSV_TYPE)


class Refused(Exception):
    """A request that cannot be answered: HTTP status and why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Handlers:
    """The user's functions, or the container's own where the script has none."""

    def __init__(self, module: Any) -> None:
        self.model_fn = getattr(module, "model_fn", _no_model)
        self.transform_fn = getattr(module, "transform_fn", None)
        self.input_fn = getattr(module, "input_fn", read_input)
        self.predict_fn = getattr(module, "predict_fn", lambda data, model: model.predict(data))
        self.output_fn = getattr(module, "output_fn", lambda prediction, accept: write_output(prediction, accept))

    def answer(self, model: Any, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        """Return the response's body and content type."""
        kind = content_type.split(";")[0].strip().lower()
        content: bytes | str = body.decode("utf-8") if kind in TEXT_TYPES else body
        if self.transform_fn is not None:
            result = self.transform_fn(model, content, content_type, accept)
        else:
            result = self.output_fn(self.predict_fn(self.input_fn(content, content_type), model), accept)
        if isinstance(result, tuple):
            result, accept = result[0], result[1]
        return (result if isinstance(result, bytes) else str(result).encode()), accept


def _no_model(_: str) -> Any:
    raise NotImplementedError("Please provide a model_fn implementation: the script of SAGEMAKER_PROGRAM has none")


def read_input(body: bytes | str, content_type: str) -> Any:
    """Read JSON, CSV or npy as a numpy array."""
    import numpy

    kind = content_type.split(";")[0].strip().lower()
    if kind == JSON_TYPE:
        return numpy.array(json.loads(body))
    if kind == CSV_TYPE:
        text = body if isinstance(body, str) else body.decode("utf-8")
        return numpy.genfromtxt(io.StringIO(text), dtype=numpy.float32, delimiter=",")
    if kind == NPY_TYPE:
        return numpy.load(io.BytesIO(body if isinstance(body, bytes) else body.encode("latin-1")))
    raise Refused(
        415,
        f"Content type {content_type} is not supported by this framework: use {JSON_TYPE}, {CSV_TYPE} "
        f"or {NPY_TYPE}, or write an input_fn.",
    )


def write_output(prediction: Any, accept: str) -> tuple[bytes, str]:
    """Write a prediction as JSON, CSV or npy."""
    import numpy

    kind = accept.split(";")[0].strip().lower()
    array = numpy.asarray(prediction)
    if kind == JSON_TYPE:
        return json.dumps(prediction, default=_listed).encode(), JSON_TYPE
    if kind == CSV_TYPE:
        lines = io.StringIO()
        numpy.savetxt(lines, numpy.atleast_1d(array), delimiter=",", fmt="%s")
        return lines.getvalue().encode(), CSV_TYPE
    if kind == NPY_TYPE:
        buffer = io.BytesIO()
        numpy.save(buffer, array)
        return buffer.getvalue(), NPY_TYPE
    raise Refused(
        406,
        f"Accept type {accept} is not supported by this framework: use {JSON_TYPE}, {CSV_TYPE} or "
        f"{NPY_TYPE}, or write an output_fn.",
    )


def _listed(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON; write an output_fn")


class Models:
    """The loaded models: one without a name, or many by name."""

    def __init__(self, handlers: Handlers) -> None:
        self.handlers = handlers
        self.loaded: dict[str, Any] = {}
        self.lock = threading.Lock()

    def load(self, name: str, folder: str) -> None:
        """Load a model; a second load of the same name waits for the first and does nothing."""
        with self.lock:
            if name not in self.loaded:
                self.loaded[name] = self.handlers.model_fn(folder)

    def get(self, name: str) -> Any:
        """Return a model that is loaded."""
        try:
            return self.loaded[name]
        except KeyError:
            raise Refused(404, f"Model {name} is not loaded") from None


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    models: Models

    def do_GET(self) -> None:
        """``/ping``, ``/models/NAME``."""
        self.respond(self.get)

    def do_POST(self) -> None:
        """``/invocations``, ``/models``, ``/models/NAME/invoke``."""
        self.respond(self.post)

    def do_DELETE(self) -> None:
        """``/models/NAME``."""
        self.respond(self.delete)

    def respond(self, act: Any) -> None:
        """Send what ``act`` returns, or what it raised: the last line of a traceback, all of it to the log."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            status, (answer, kind) = 200, act(body)
        except Refused as error:
            status, answer, kind = error.status, str(error).encode(), "text/plain"
        except Exception as error:  # noqa: BLE001 - the user's code; the caller is told
            traceback.print_exc()
            status, answer, kind = 500, f"{type(error).__name__}: {error}".encode(), "text/plain"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def get(self, _: bytes) -> tuple[bytes, str]:
        """Health, and what is loaded."""
        if self.path == "/ping":
            return b"", "text/plain"
        self.models.get(self.name("/models/"))
        return b"{}", JSON_TYPE

    def post(self, body: bytes) -> tuple[bytes, str]:
        """Invoke or load."""
        if self.path == "/models":
            wanted = json.loads(body)
            self.models.load(wanted["model_name"], wanted["url"])
            return b"{}", JSON_TYPE
        name = "" if self.path == "/invocations" else self.name("/models/", "/invoke")
        default = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", JSON_TYPE)
        accept = self.headers.get("Accept") or default
        return self.models.handlers.answer(
            self.models.get(name),
            body,
            self.headers.get("Content-Type") or JSON_TYPE,
            default if accept == "*/*" else accept,
        )

    def delete(self, _: bytes) -> tuple[bytes, str]:
        """Unload."""
        self.models.loaded.pop(self.name("/models/"), None)
        return b"{}", JSON_TYPE

    def name(self, before: str, after: str = "") -> str:
        """Return the model's name in the path."""
        if not self.path.startswith(before) or not self.path.endswith(after):
            raise Refused(404, f"There is no {self.path}")
        return unquote(self.path[len(before) : len(self.path) - len(after)])

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Keep the log for the user's own lines."""


def load_script(code: str, program: str) -> Any:
    """Import the user's script as a module, its folder first on the path."""
    sys.path.insert(0, code)
    path = Path(code) / program
    if not path.is_file():
        return None
    sys.path.insert(0, str(path.parent))
    return importlib.import_module(path.stem)


def main() -> None:
    """Load, say the port, serve until killed."""
    settings = json.loads(os.environ.pop("STEPFUNCTIONS_MODEL_SERVER"))
    sys.path.pop(0)  # this file's folder
    os.chdir(settings["code"])
    models = Models(Handlers(load_script(settings["code"], settings["program"])))
    if settings["model"] is not None:
        models.load("", settings["model"])
    Handler.models = models
    channel = socket.socket(fileno=int(os.environ.pop("STEPFUNCTIONS_CHANNEL")))
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        channel.sendall(f"{server.server_address[1]}\n".encode())
        server.serve_forever()


if __name__ == "__main__":
    main()
