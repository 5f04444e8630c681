"""The input channels of a training job, from every form in which callers give data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stepfunctions.steps.rendering import is_dynamic
from stepfunctions.steps.sagemaker.objects import is_a, is_shape, read, to_request
from stepfunctions.steps.sagemaker.request import copy_request, find, is_in_s3

DEFAULT_CHANNEL = "training"


def set_channels(request: dict[str, Any], data: Any) -> None:
    """Put data into a request: channels it has already get new locations, others are added.

    ``data`` is one location (a string or placeholder) for the first channel of the request, or for the channel
    ``training``; a dict of channel -> location; an object of the SageMaker SDK; or a list of those, or of channels
    of the API. An object of the SDK, and a channel of the API, replaces the channel of its name.
    """
    if data is None:
        return
    request.pop("InputDataConfig.$", None)
    existing: list[dict[str, Any]] = request.get("InputDataConfig") or []
    if isinstance(data, str) or is_dynamic(data):
        given = {existing[0]["ChannelName"] if existing else DEFAULT_CHANNEL: data}
    else:
        given = _by_channel(data)
    names = {channel.get("ChannelName"): index for index, channel in enumerate(existing)}
    for name, source in given.items():
        if name not in names:
            existing.append(channel(name, source))
        elif (isinstance(source, str) or is_dynamic(source)) and _set_location(existing[names[name]], source):
            check_location(source, name)
        else:
            existing[names[name]] = channel(name, source)
    request["InputDataConfig"] = existing


def _set_location(known: dict[str, Any], source: Any) -> bool:
    place = find(known, "DataSource", "S3DataSource")
    if not isinstance(place, dict):
        return False
    place.pop("S3Uri.$", None)
    place["S3Uri"] = source
    return True


def _by_channel(data: Any) -> dict[str, Any]:
    """Return channel -> source of what is neither one string nor a placeholder."""
    if isinstance(data, Mapping):
        return {data["ChannelName"]: data} if "ChannelName" in data else dict(data)
    if hasattr(data, "data_channel"):  # line 2's RecordSet
        return dict(data.data_channel())
    if read(data, "channel_name") is not None:  # line 3's InputData or Channel
        return {data.channel_name: data}
    if hasattr(data, "config"):  # line 2's TrainingInput or FileSystemInput
        return {DEFAULT_CHANNEL: data}
    if isinstance(data, (list, tuple)):
        channels: dict[str, Any] = {}
        for item in data:
            for name, source in _by_channel(item).items():
                if name in channels:
                    raise ValueError(f"The channel '{name}' is given twice.")
                channels[name] = source
        return channels
    raise ValueError(
        f"Training data are an S3 location, a dict of channel -> location, TrainingInput, RecordSet, InputData, "
        f"Channel or a list of channels, not {type(data).__name__}."
    )


def channel(name: str, source: Any) -> dict[str, Any]:
    """Return a channel of the API. Raises ValueError for a source on this machine, or of no known form."""
    if isinstance(source, str) or is_dynamic(source):
        check_location(source, name)
        return {"ChannelName": name, "DataSource": {"S3DataSource": s3_source(source)}}
    if hasattr(source, "config"):
        made = {**copy_request(source.config), "ChannelName": name}
    elif isinstance(source, Mapping):
        made = {**_as_channel(to_request(source)), "ChannelName": name}
    elif is_shape(source):
        made = {**_of_shape(name, source), "ChannelName": name}
    else:
        raise ValueError(
            f"The channel '{name}' is an S3 location, a TrainingInput, InputData or channel of the API, "
            f"not {type(source).__name__}."
        )
    location = find(made, "DataSource", "S3DataSource", "S3Uri")
    if location is not None:
        check_location(location, name)
    return made


def _of_shape(name: str, source: Any) -> dict[str, Any]:
    """Return line 3's objects: InputData, Channel, or a source for a channel whose name is said elsewhere."""
    place = read(source, "data_source")
    if place is None:
        return _as_channel(to_request(source), source)
    rest = {key: value for key, value in to_request(source).items() if key != "DataSource"}
    made = (
        channel(name, place) if isinstance(place, str) or is_dynamic(place) else _as_channel(to_request(place), place)
    )
    return {**made, **rest}


def _as_channel(source: dict[str, Any], shape: Any = None) -> dict[str, Any]:
    if is_a(shape, "FileSystemDataSource") or "FileSystemId" in source:
        return {"DataSource": {"FileSystemDataSource": source}}
    if is_a(shape, "S3DataSource") or "S3Uri" in source or "S3Uri.$" in source:
        return {"DataSource": {"S3DataSource": source}}
    if {"S3DataSource", "FileSystemDataSource", "DatasetSource"} & set(source):
        return {"DataSource": source}
    return {"DataSource": {"DatasetSource": source}} if is_a(shape, "DatasetSource") else source


def s3_source(location: Any) -> dict[str, Any]:
    """Return the API's data source of everything under a location of S3."""
    return {"S3DataType": "S3Prefix", "S3Uri": location, "S3DataDistributionType": "FullyReplicated"}


def check_location(location: Any, name: str) -> None:
    """Raise ValueError when data are on this machine: a job in AWS cannot read them there."""
    if not is_in_s3(location):
        raise ValueError(
            f"The data of the channel '{name}' are at {location!r}, which is not in S3. Upload them, and give "
            "'s3://<bucket>/<prefix>'."
        )
