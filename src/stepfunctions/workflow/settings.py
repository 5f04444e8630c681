"""Logging, tracing, encryption and tags of a state machine: as people give them, as the API takes them.

API: https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LEVELS = ("ALL", "ERROR", "FATAL", "OFF")
TYPES = ("STANDARD", "EXPRESS")
Tags = Sequence[Mapping[str, str]] | Mapping[str, str]

_MOST_TAGS = 50
_SHORTEST_REUSE, _LONGEST_REUSE = 60, 900
_DEFAULT_REUSE = 300


@dataclass(frozen=True, slots=True)
class Logging:
    """What of executions goes to CloudWatch Logs.

    ``level``: ALL, ERROR, FATAL or OFF. ``log_group_arn``: needed unless the level is OFF; names that begin with
    ``/aws/vendedlogs/`` keep clear of a limit of resource policies. ``include_execution_data``: inputs and outputs too.
    """

    level: str = "ALL"
    log_group_arn: str | None = None
    include_execution_data: bool = False

    def __post_init__(self) -> None:
        _one_of("Logging.level", self.level, LEVELS)
        if not isinstance(self.include_execution_data, bool):
            raise TypeError(f"Logging.include_execution_data must be a bool, not {self.include_execution_data!r}.")
        if self.level != "OFF" and self.log_group_arn is None:
            raise ValueError(f"Logging at the level {self.level} needs log_group_arn, the ARN of a log group.")
        if self.log_group_arn is not None and ":log-group:" not in str(self.log_group_arn):
            raise ValueError(
                f"Logging.log_group_arn is '{self.log_group_arn}', but must be the ARN of a log group: "
                "arn:aws:logs:<region>:<account>:log-group:<name>."
            )

    def to_request(self) -> dict[str, Any]:
        """Return the API's ``loggingConfiguration``. The ARN ends with ``:*`` there, whether it was given so or not."""
        request: dict[str, Any] = {"level": self.level, "includeExecutionData": self.include_execution_data}
        if self.log_group_arn is not None:
            arn = self.log_group_arn if self.log_group_arn.endswith(":*") else f"{self.log_group_arn}:*"
            request["destinations"] = [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}]
        return request


@dataclass(frozen=True, slots=True)
class Encryption:
    """Which key encrypts definitions and execution data at rest.

    ``kms_key_id``: id, alias or ARN of a symmetric key of yours; None: the key that AWS owns.
    ``data_key_reuse_seconds``: how long a data key is kept, 60 to 900 (AWS's default: 300).
    """

    kms_key_id: str | None = None
    data_key_reuse_seconds: int | None = None

    def __post_init__(self) -> None:
        seconds = self.data_key_reuse_seconds
        if seconds is None:
            return
        if self.kms_key_id is None:
            raise ValueError("Encryption.data_key_reuse_seconds needs a kms_key_id: AWS's own key has no such setting.")
        if isinstance(seconds, bool) or not isinstance(seconds, int):
            raise TypeError(f"Encryption.data_key_reuse_seconds must be an int, not {seconds!r}.")
        if not _SHORTEST_REUSE <= seconds <= _LONGEST_REUSE:
            raise ValueError(
                f"Encryption.data_key_reuse_seconds is {seconds}, but must be {_SHORTEST_REUSE} to {_LONGEST_REUSE}."
            )

    def to_request(self) -> dict[str, Any]:
        """Return the API's ``encryptionConfiguration``."""
        if self.kms_key_id is None:
            return {"type": "AWS_OWNED_KEY"}
        request: dict[str, Any] = {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": self.kms_key_id}
        if self.data_key_reuse_seconds is not None:
            request["kmsDataKeyReusePeriodSeconds"] = self.data_key_reuse_seconds
        return request


def read_type(value: str) -> str:
    """Return the type of a state machine. Raises ValueError for anything but STANDARD and EXPRESS."""
    return _one_of("type", value, TYPES)


def read_logging(value: Logging | Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the API's ``loggingConfiguration``, or None when nothing is said. Raises TypeError, ValueError."""
    if value is None or isinstance(value, Logging):
        return None if value is None else value.to_request()
    request = _members("logging", value, ("level", "includeExecutionData", "destinations"), "Logging(level='ALL', …)")
    _one_of("logging's level", request.get("level", "OFF"), LEVELS)
    return request


def read_tracing(value: bool | Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the API's ``tracingConfiguration``, or None when nothing is said. Raises TypeError, ValueError."""
    if value is None or isinstance(value, bool):
        return None if value is None else {"enabled": value}
    request = _members("tracing", value, ("enabled",), "True or False")
    if not isinstance(request.get("enabled"), bool):
        raise TypeError(f"tracing's 'enabled' must be a bool, not {request.get('enabled')!r}.")
    return request


def read_encryption(value: Encryption | Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the API's ``encryptionConfiguration``, or None when nothing is said. Raises TypeError, ValueError."""
    if value is None or isinstance(value, Encryption):
        return None if value is None else value.to_request()
    known = ("type", "kmsKeyId", "kmsDataKeyReusePeriodSeconds")
    request = _members("encryption", value, known, "Encryption(kms_key_id='…')")
    _one_of("encryption's type", request.get("type", ""), ("AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY"))
    return request


def read_tags(tags: Tags | None) -> dict[str, str]:
    """Return tags as a dict. Raises TypeError, ValueError for what the API cannot take."""
    found: dict[str, str] = {}
    for key, value in _pairs(tags or ()):
        if not isinstance(key, str) or not isinstance(value, str):
            raise TypeError(f"A tag's key and value must be strings, not {key!r}: {value!r}.")
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise ValueError(f"The tag '{key[:140]}': a key has 1 to 128 characters, a value at most 256.")
        if key in found:
            raise ValueError(f"The tag '{key}' is given twice.")
        found[key] = value
    if len(found) > _MOST_TAGS:
        raise ValueError(f"A state machine has at most {_MOST_TAGS} tags, not {len(found)}.")
    return found


def _pairs(tags: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(tags, Mapping):
        yield from tags.items()
        return
    if isinstance(tags, str):
        raise TypeError(f"tags must be a dict or a list of {{'key': …, 'value': …}}, not {tags!r}.")
    for tag in tags:
        if not isinstance(tag, Mapping):
            raise TypeError(f"A tag must be {{'key': …, 'value': …}}, not {tag!r}.")
        members = {str(name).lower(): value for name, value in tag.items()}
        if not {"key"} <= set(members) <= {"key", "value"}:
            raise ValueError(f"A tag must be {{'key': …, 'value': …}}, not {dict(tag)!r}.")
        yield members["key"], members.get("value", "")


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as the API takes them."""
    return [{"key": key, "value": value} for key, value in tags.items()]


def same_setting(name: str, asked: Mapping[str, Any], stored: Mapping[str, Any] | None) -> bool:
    """Tell whether what the service says of a setting is what is asked for, defaults filled in."""
    return _complete(name, asked) == _complete(name, stored or {})


def _complete(name: str, setting: Mapping[str, Any]) -> dict[str, Any]:
    defaults: dict[str, dict[str, Any]] = {
        "loggingConfiguration": {"level": "OFF", "includeExecutionData": False, "destinations": []},
        "tracingConfiguration": {"enabled": False},
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    }
    full = {**defaults[name], **setting}
    if full.get("type") == "CUSTOMER_MANAGED_KMS_KEY":
        full.setdefault("kmsDataKeyReusePeriodSeconds", _DEFAULT_REUSE)
        full["kmsKeyId"] = str(full.get("kmsKeyId")).rsplit(":key/", 1)[-1]  # the service answers with the ARN
    return full


def _members(name: str, value: Any, known: tuple[str, ...], better: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be {better}, or a dict with {', '.join(known)}, not {value!r}.")
    for key in value:
        if key not in known:
            raise ValueError(f"{name} has no '{key}'.{_did_you_mean(str(key), known)}")
    return dict(value)


def _one_of(what: str, value: Any, known: tuple[str, ...]) -> str:
    if value not in known:
        close = _did_you_mean(str(value).upper(), known)
        raise ValueError(f"{what} is {value!r}, but must be one of {', '.join(known)}.{close}")
    return str(value)


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), 1)
    return f" Did you mean '{close[0]}'?" if close else ""
