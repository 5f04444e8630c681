"""One message on its way: the form each subscriber gets it in, and whether its filter lets it through.

Developer guide: https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
"""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stepfunctions.catalog.event_patterns import Pattern
from stepfunctions.errors import ServiceError
from stepfunctions.local.sns.records import Subscription


@dataclass(frozen=True, kw_only=True)
class Notification:
    """A published message. ``texts``: what each protocol gets; ``default`` for the others."""

    id: str
    topic: str
    subject: str | None
    texts: Mapping[str, str]
    attributes: Mapping[str, Any]
    timestamp: str
    endpoint: str
    group: str | None = None
    dedup: str | None = None

    def text(self, protocol: str) -> str:
        """Return the message for a protocol."""
        return self.texts.get(protocol, self.texts["default"])

    def envelope(self, one: Subscription) -> dict[str, Any]:
        """Return the JSON document that a queue gets."""
        found: dict[str, Any] = {
            "Type": "Notification",
            "MessageId": self.id,
            "TopicArn": self.topic,
            "Message": self.text(one.protocol),
            "Timestamp": self.timestamp,
            "SignatureVersion": "1",
            "Signature": "local",
            "SigningCertURL": f"{self.endpoint}/SimpleNotificationService.pem",
            "UnsubscribeURL": f"{self.endpoint}/?Action=Unsubscribe&SubscriptionArn={one.arn}",
        }
        if self.subject is not None:
            found["Subject"] = self.subject
        if self.attributes:
            found["MessageAttributes"] = {name: _shown(value) for name, value in self.attributes.items()}
        return found

    def record(self, one: Subscription) -> dict[str, Any]:
        """Return the event that a function gets."""
        whole = self.envelope(one)
        renamed = {"SigningCertURL": "SigningCertUrl", "UnsubscribeURL": "UnsubscribeUrl"}
        message = {renamed.get(name, name): value for name, value in whole.items()}
        message = {"Subject": None, "MessageAttributes": {}, **message}
        return {
            "Records": [
                {
                    "EventSource": "aws:sns",
                    "EventVersion": "1.0",
                    "EventSubscriptionArn": one.arn,
                    "Sns": message,
                }
            ]
        }

    def passes(self, one: Subscription) -> bool:
        """Whether a subscription's filter policy lets the message through."""
        policy = one.attributes.get("FilterPolicy")
        if not policy:
            return True
        if one.attributes.get("FilterPolicyScope") == "MessageBody":
            try:
                body = json.loads(self.text(one.protocol))
            except (ValueError, RecursionError):
                return False
            return isinstance(body, dict) and compiled(policy).matches(body)
        return compiled(policy).matches({name: _value(value) for name, value in self.attributes.items()})


@functools.lru_cache(maxsize=1024)
def compiled(policy: str) -> Pattern:
    """Return a filter policy, ready to match. Raises ServiceError (InvalidParameter)."""
    try:
        return Pattern(policy)
    except ServiceError as error:
        reason = error.message.removeprefix("Event pattern is not valid. Reason: ")
        raise ServiceError("InvalidParameter", f"Invalid parameter: FilterPolicy: {reason}") from None


def texts_of(message: str, structure: str | None) -> dict[str, str]:
    """Return a message by protocol. Raises ServiceError (InvalidParameter) for what is not one."""
    if not message:
        raise ServiceError("InvalidParameter", "Invalid parameter: Empty message")
    if structure is None:
        return {"default": message}
    if structure != "json":
        raise ServiceError("InvalidParameter", "Invalid parameter: MessageStructure")
    try:
        texts = json.loads(message)
    except (ValueError, RecursionError):
        raise ServiceError(
            "InvalidParameter", "Invalid parameter: Message Structure - JSON message body failed to parse"
        ) from None
    if not isinstance(texts, dict) or not isinstance(texts.get("default"), str):
        raise ServiceError(
            "InvalidParameter", "Invalid parameter: Message Structure - No default entry in JSON message body"
        )
    return {name: text for name, text in texts.items() if isinstance(text, str)}


def _shown(value: Mapping[str, Any]) -> dict[str, str]:
    binary = value.get("BinaryValue")
    text = base64.b64encode(binary).decode() if binary is not None else value.get("StringValue", "")
    return {"Type": value["DataType"], "Value": text}


def _value(value: Mapping[str, Any]) -> Any:
    """Return a message attribute as filter policies see it: a number, a list, or a text."""
    text = value.get("StringValue", "")
    if value["DataType"].startswith("Number") or value["DataType"] == "String.Array":
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
