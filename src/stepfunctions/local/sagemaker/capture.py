"""What endpoints were asked and what they answered, kept in S3 as JSON lines where DataCaptureConfig says so.

Developer guide: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
"""

from __future__ import annotations

import base64
import json
import logging
import random
import threading
import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from stepfunctions.local.sagemaker.places import split

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

_log = logging.getLogger(__name__)
_TIMER = "sagemaker:capture"
_SECONDS = 60
"""How long captured data may wait, by the cloud's clock."""
_MOST_LINES = 1000
_MODES = {"Input": ("endpointInput", "INPUT"), "Output": ("endpointOutput", "OUTPUT")}
_BOTH = "InputAndOutput"

Group = tuple[str, str, str]
"""The address that data go to, the endpoint, the variant."""


class Captures:
    """Captured data that are not in S3 yet. At most a minute of them is lost when the process is killed."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._lock = threading.Lock()
        self._waiting: dict[Group, list[str]] = {}

    def note(
        self,
        config: Mapping[str, Any] | None,
        endpoint: str,
        variant: str,
        exchange: Mapping[str, tuple[bytes, str]],
        inference_id: str | None,
    ) -> None:
        """Note one invocation, if it is among those that are captured. Cheap.

        ``exchange``: ``Input`` and ``Output``, each a body with its content type.
        """
        if config is None or not config.get("EnableCapture"):
            return
        if random.random() * 100 >= config["InitialSamplingPercentage"]:
            return
        modes = {one["CaptureMode"] for one in config["CaptureOptions"]}
        data = {
            name: _captured(mode, *exchange[kind], config.get("CaptureContentTypeHeader", {}))
            for kind, (name, mode) in _MODES.items()
            if kind in modes or _BOTH in modes
        }
        now = self._cloud.clock.now()
        metadata = {"eventId": str(uuid.uuid4()), **({} if inference_id is None else {"inferenceId": inference_id})}
        metadata["inferenceTime"] = _moment(now).strftime("%Y-%m-%dT%H:%M:%SZ")
        line = json.dumps({"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}, ensure_ascii=False)
        group = (config["DestinationS3Uri"].rstrip("/"), endpoint, variant)
        with self._lock:
            first = not self._waiting
            lines = self._waiting.setdefault(group, [])
            lines.append(line)
            full = len(lines) == _MOST_LINES
        if first or full:
            self._cloud.timers.set(_TIMER, now if full else now + _SECONDS, self.flush)

    def flush(self) -> None:
        """Put what there is into S3, a file for each variant. It never fails: what could not be kept is logged."""
        with self._lock:
            taken, self._waiting = self._waiting, {}
        moment = _moment(self._cloud.clock.now())
        for (place, endpoint, variant), lines in taken.items():
            name = f"{moment:%Y/%m/%d/%H/%M-%S}-{moment.microsecond // 1000:03}-{uuid.uuid4()}.jsonl"
            try:
                bucket, prefix = split(place)
                key = "/".join(part for part in (prefix, endpoint, variant, name) if part)
                self._cloud.service("s3").objects.put_bytes(bucket, key, "".join(f"{one}\n" for one in lines).encode())
            except Exception as error:  # noqa: BLE001 - an endpoint answers, whatever becomes of what was captured
                _log.warning("%s captured requests of %s are lost: %s", len(lines), endpoint, error)


def described(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what DescribeEndpoint says of a DataCaptureConfig."""
    enabled = bool(config.get("EnableCapture"))
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": config["InitialSamplingPercentage"],
        "DestinationS3Uri": config["DestinationS3Uri"],
        "KmsKeyId": config.get("KmsKeyId", ""),
    }


def _captured(mode: str, body: bytes, content_type: str, headers: Mapping[str, Any]) -> dict[str, Any]:
    """Return one side of an exchange: as text where its type is among those to be kept so, else in base64."""
    kind = content_type.partition(";")[0].strip().lower()
    texts = {"CSV": "CsvContentTypes", "JSON": "JsonContentTypes"}
    known = (name for name, member in texts.items() if kind in {one.lower() for one in headers.get(member, ())})
    encoding = next(known, "BASE64")
    data = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode("utf-8", "replace")
    return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
