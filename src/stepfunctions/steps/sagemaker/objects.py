"""What the objects of the SageMaker SDK say, line 2 and line 3, read by their attributes.

The SDK is never imported, so none is needed; a class is known by its name and what it has. Nothing here changes an
object or calls AWS.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from stepfunctions.steps.rendering import is_dynamic
from stepfunctions.steps.sagemaker.request import copy_request, is_later

_ACRONYMS = {"gb": "GB", "mb": "MB", "ssm": "SSM"}
"""Words of the API's names that are not written with a capital and small letters."""
_IRREGULAR = {"supported_response_mime_types": "SupportedResponseMIMETypes"}
_TO_REQUEST = ("_to_request_dict", "to_input_req", "to_request_dict")
"""How line 2's objects give their part of a request."""
LOCAL_INSTANCES = ("local", "local_gpu")


def is_a(value: Any, *names: str) -> bool:
    """Tell whether a value's class, or one it derives from, has one of these names."""
    return any(cls.__name__ in names for cls in type(value).__mro__)


def is_shape(value: Any) -> bool:
    """Tell whether a value is an object of line 3's shapes and configurations (classes of pydantic)."""
    return not isinstance(value, type) and hasattr(type(value), "model_fields")


def pascal(name: str) -> str:
    """Return the API's name of line 3's attribute.

    >>> pascal("volume_size_in_gb")
    'VolumeSizeInGB'
    """
    words = (_ACRONYMS.get(word, word[:1].upper() + word[1:]) for word in name.split("_"))
    return _IRREGULAR.get(name) or "".join(words)


def to_request(value: Any) -> Any:
    """Return a value in the form of a request: objects of either line as dicts, what is not set left out."""
    if is_dynamic(value):
        return value
    if isinstance(value, Mapping):
        return {key: to_request(item) for key, item in value.items() if is_set(item)}
    if isinstance(value, (list, tuple)):
        return [to_request(item) for item in value if is_set(item)]
    if isinstance(value, Enum):
        return value.value
    if is_shape(value):
        return {pascal(name): to_request(item) for name, item in vars(value).items() if is_set(item)}
    for name in _TO_REQUEST:
        method = getattr(value, name, None)
        if callable(method):
            return to_request(method())
    return copy_request(value)


def is_set(value: Any) -> bool:
    """Tell whether a value was given: neither None nor line 3's ``Unassigned``."""
    return value is not None and not is_a(value, "Unassigned")


def read(value: Any, name: str, default: Any = None) -> Any:
    """Return an attribute of an object, or the default where it has none or it is not set."""
    found = getattr(value, name, None)
    return found if is_set(found) else default


def given(**members: Any) -> dict[str, Any]:
    """Return the members that have a value: not None, and not empty."""
    return {
        name: value
        for name, value in members.items()
        if is_dynamic(value) or (value is not None and value != {} and value != [] and value != "")
    }


def tag_list(tags: Any) -> Any:
    """Return tags in the API's form, from a dict, a list of pairs in either case, objects, or a placeholder as it is.

    >>> tag_list([{"key": "team", "value": "delays"}])
    [{'Key': 'team', 'Value': 'delays'}]
    """
    if tags is None or is_dynamic(tags):
        return tags
    if isinstance(tags, Mapping):
        if set(tags) == {"Key", "Value"}:
            return [dict(tags)]
        return [{"Key": key, "Value": value} for key, value in tags.items()]
    if isinstance(tags, str) or not isinstance(tags, Iterable):
        raise ValueError(f"Tags are a dict {{name: value}}, not {type(tags).__name__}.")
    return [_tag(tag) for tag in tags]


def _tag(tag: Any) -> dict[str, Any]:
    pair = to_request(tag)
    named = {key[:1].upper() + key[1:]: value for key, value in pair.items()} if isinstance(pair, Mapping) else {}
    if set(named) - {"Key.$", "Value.$"} != {"Key", "Value"} and not any(key.endswith(".$") for key in named):
        raise ValueError(f"A tag has a key and a value: {{'Key': …, 'Value': …}}, not {tag!r}.")
    return named


def texts(values: Mapping[Any, Any] | None) -> dict[str, Any]:
    """Return hyperparameters as the API takes them: every value a string, or known only at run time."""
    return {str(name): value if is_dynamic(value) else str(value) for name, value in (values or {}).items()}


def check_role(role: Any, whose: str) -> None:
    """Raise ValueError when a role is neither the ARN of one nor known later.

    The SDK looks the ARN of a role's name up when a job starts; in a definition nobody does.
    """
    if is_later(role) or (isinstance(role, str) and role.startswith("arn:")):
        return
    has = "has no role" if role is None else f"has the role {role!r}, which is no ARN"
    raise ValueError(
        f"{whose} {has}, and nothing is looked up in AWS while a definition is built: give the role's ARN, "
        "'arn:aws:iam::<account>:role/<name>', as 'role'."
    )


def check_instance(instance_type: Any, whose: str) -> None:
    """Raise ValueError for the SDK's local mode, which no workflow can run."""
    if isinstance(instance_type, str) and instance_type in LOCAL_INSTANCES:
        raise ValueError(
            f"{whose} has the instance type '{instance_type}': local mode of the SageMaker SDK is not something that "
            "a workflow can call. Write an instance type of SageMaker, such as 'ml.m5.large'; to run the workflow on "
            "this machine, use the local cloud."
        )
