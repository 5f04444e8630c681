"""Who is told of changes in a bucket: its notification configuration, checked, and which changes it names.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.s3.faults import S3Error, invalid_argument
from stepfunctions.local.wire.models import service_model

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

KIND = "notification"
EVENT_BRIDGE = "EventBridgeConfiguration"


@dataclass(frozen=True)
class _Kind:
    """One kind of destination: where its ARN stands, and the call that shows that it exists."""

    member: str
    arn: str
    service: str


_KINDS = (
    _Kind("QueueConfigurations", "QueueArn", "sqs"),
    _Kind("TopicConfigurations", "TopicArn", "sns"),
    _Kind("LambdaFunctionConfigurations", "LambdaFunctionArn", "lambda"),
)


@dataclass(frozen=True)
class Subscription:
    """One destination with what it wants to hear of."""

    id: str
    service: str
    arn: str
    events: tuple[str, ...]
    prefix: str
    suffix: str

    def wants(self, name: str, key: str) -> bool:
        """Whether a change (``ObjectCreated:Put``) of this key is told."""
        return self._names(name) and key.startswith(self.prefix) and key.endswith(self.suffix)

    def overlaps(self, other: Subscription) -> bool:
        """Whether one change could be told to both."""
        return (
            any(_overlap(one, another) for one, another in itertools.product(self.events, other.events))
            and (self.prefix.startswith(other.prefix) or other.prefix.startswith(self.prefix))
            and (self.suffix.endswith(other.suffix) or other.suffix.endswith(self.suffix))
        )

    def _names(self, name: str) -> bool:
        return any(_overlap(event, f"s3:{name}") for event in self.events)


def subscriptions(configuration: Mapping[str, Any]) -> Iterator[Subscription]:
    """Read a checked configuration."""
    for kind in _KINDS:
        for one in configuration.get(kind.member, ()):
            rules = {rule["Name"].lower(): rule["Value"] for rule in _rules(one)}
            yield Subscription(
                id=one["Id"],
                service=kind.service,
                arn=one[kind.arn],
                events=tuple(one["Events"]),
                prefix=rules.get("prefix", ""),
                suffix=rules.get("suffix", ""),
            )


def checked(cloud: Cloud, configuration: Mapping[str, Any], *, destinations: bool) -> dict[str, Any]:
    """Return a configuration with an Id for each destination.

    Raises InvalidArgument for what S3 refuses: unknown events and filters, overlaps, and with ``destinations`` those
    that do not exist.
    """
    result: dict[str, Any] = {}
    for kind in _KINDS:
        given = configuration.get(kind.member) or []
        if given:
            result[kind.member] = [{**one, "Id": one.get("Id") or uuid.uuid4().hex} for one in given]
            for one in given:
                _check(one, kind)
    if configuration.get(EVENT_BRIDGE) is not None:
        result[EVENT_BRIDGE] = {}
    found = list(subscriptions(result))
    ids = [one.id for one in found]
    for one in found:
        if ids.count(one.id) > 1:
            raise invalid_argument("Same ID used for multiple configurations. IDs must be unique", "Id", one.id)
    for one, other in itertools.combinations(found, 2):
        if one.overlaps(other):
            raise invalid_argument(
                "Configurations overlap. Configurations on the same bucket cannot share a common event type. : "
                f"{one.id}, {other.id}"
            )
    for one in found if destinations else ():
        _check_destination(cloud, one)
    return result


def _rules(one: Mapping[str, Any]) -> list[Mapping[str, str]]:
    rules: list[Mapping[str, str]] = ((one.get("Filter") or {}).get("Key") or {}).get("FilterRules") or []
    return rules


def _check(one: Mapping[str, Any], kind: _Kind) -> None:
    arn = one[kind.arn]
    parts = arn.split(":")
    if len(parts) < 6 or parts[0] != "arn" or parts[2] != kind.service:
        raise invalid_argument("The ARN could not be parsed", kind.arn, arn)
    if kind.service in ("sqs", "sns") and arn.endswith(".fifo"):
        raise invalid_argument(f"FIFO {kind.service.upper()} destinations are not supported", kind.arn, arn)
    if not one["Events"]:
        raise invalid_argument("At least one event type is needed", "Event", "")
    for event in one["Events"]:
        if event not in _events():
            raise invalid_argument("The event is not supported for notifications", "Event", event)
    names = [rule.get("Name", "").lower() for rule in _rules(one)]
    for name in names:
        if name not in ("prefix", "suffix"):
            raise invalid_argument("filter rule name must be either prefix or suffix", "FilterRule.Name", name)
        if names.count(name) > 1:
            raise invalid_argument(f"Cannot specify more than one {name} rule in a filter.", "FilterRule.Name", name)
    for rule in _rules(one):
        if len(rule.get("Value", "").encode()) > 1024:
            raise invalid_argument("Size of filter rule value cannot exceed 1024 bytes", "FilterRule.Value", "")


def _check_destination(cloud: Cloud, one: Subscription) -> None:
    name = one.arn.split(":")[5]
    try:
        if one.service == "sqs":
            cloud.call("sqs", "GetQueueUrl", {"QueueName": name})
        elif one.service == "sns":
            cloud.call("sns", "GetTopicAttributes", {"TopicArn": one.arn})
        else:
            cloud.call("lambda", "GetFunction", {"FunctionName": one.arn})
    except ServiceError as error:
        raise S3Error(
            "InvalidArgument",
            "Unable to validate the following destination configurations",
            400,
            {"ArgumentName1": one.arn, "ArgumentValue1": f"The destination does not exist: {error.message}"},
        ) from None


@cache
def _events() -> frozenset[str]:
    return frozenset(service_model("s3").shape_for("Event").enum)


def _overlap(one: str, other: str) -> bool:
    """Whether two events, each with or without ``*`` at its end, can be the same."""
    if one.endswith("*"):
        return other.startswith(one[:-1])
    return one.startswith(other[:-1]) if other.endswith("*") else one == other
