"""The operations of SNS about topics, subscriptions and messages; phones and platforms are not here.

API reference: https://docs.aws.amazon.com/sns/latest/api/API_Operations.html
"""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.sns.notifications import Notification, compiled, texts_of
from stepfunctions.local.sns.records import MIGRATIONS, SnsTables, Subscription, Topic
from stepfunctions.runtime.clock import iso

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.services import Call

Answer = dict[str, Any]
_log = logging.getLogger("stepfunctions.local.sns")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}|(?=.{1,256}$)[A-Za-z0-9_-]+\.fifo")
_SETTABLE = frozenset(
    "Policy DisplayName DeliveryPolicy KmsMasterKeyId FifoTopic ContentBasedDeduplication TracingConfig "  # noqa: SIM905
    "SignatureVersion FifoThroughputScope ArchivePolicy".split()
)
_OF_SUBSCRIPTIONS = frozenset({"FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy"})
_PROTOCOLS = {"sqs": "sqs", "lambda": "lambda"}
"""Protocol -> the service in the ARN of its endpoints."""
_PAGE = 100
_LONGEST = 262_144
_MOST_IN_A_BATCH = 10


class Sns:
    """SNS: a message is handed to each subscriber before Publish answers; queues and functions keep it then."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._tables = SnsTables(cloud.database("sns", MIGRATIONS))

    # --- topics -----------------------------------------------------------------------------------------

    def create_topic(self, request: Answer, call: Call) -> Answer:
        """CreateTopic: the same request again answers as the first did."""
        name, given = request["Name"], request.get("Attributes", {})
        if not _NAME.fullmatch(name) or name.endswith(".fifo") != (given.get("FifoTopic") == "true"):
            raise _bad("Topic Name: letters, digits, hyphens and underscores; a FIFO topic's name ends with .fifo and "
                       "its FifoTopic is true")  # fmt: skip
        for key in given:
            _check_settable(key)
        arn = f"arn:aws:sns:{call.owner}:{name}"
        tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
        with self._tables.writing():
            before = self._tables.topic(arn)
            if before is None:
                self._tables.put_topic(Topic(arn, given, tags))
            elif any(before.attributes.get(key) != value for key, value in given.items()):
                raise _bad("Attributes Reason: Topic already exists with different attributes")
            elif tags and dict(before.tags) != tags:
                raise _bad("Tags Reason: Topic already exists with different tags")
        return {"TopicArn": arn}

    def delete_topic(self, request: Answer, _call: Call) -> None:
        """DeleteTopic: gone already is fine."""
        self._tables.drop_topic(request["TopicArn"])

    def list_topics(self, request: Answer, call: Call) -> Answer:
        """ListTopics, by ARN."""
        prefix = f"arn:aws:sns:{call.owner}:"
        found = [topic.arn for topic in self._tables.topics(prefix, request.get("NextToken", ""), _PAGE + 1)]
        return _page("Topics", [{"TopicArn": arn} for arn in found], "TopicArn")

    def get_topic_attributes(self, request: Answer, _call: Call) -> Answer:
        """GetTopicAttributes."""
        topic = self._topic(request["TopicArn"])
        account = topic.arn.split(":")[4]
        count = len(self._tables.subscriptions(f"{topic.arn}:"))
        return {
            "Attributes": {
                "DisplayName": "",
                **topic.attributes,
                "TopicArn": topic.arn,
                "Owner": account,
                "SubscriptionsConfirmed": str(count),
                "SubscriptionsPending": "0",
                "SubscriptionsDeleted": "0",
            }
        }

    def set_topic_attributes(self, request: Answer, _call: Call) -> None:
        """SetTopicAttributes."""
        _check_settable(request["AttributeName"])
        with self._tables.writing():
            topic = self._topic(request["TopicArn"])
            value = {request["AttributeName"]: request.get("AttributeValue", "")}
            self._tables.put_topic(replace(topic, attributes={**topic.attributes, **value}))

    def tag_resource(self, request: Answer, _call: Call) -> Answer:
        """TagResource."""
        with self._tables.writing():
            topic = self._topic(request["ResourceArn"])
            tags = {**topic.tags, **{tag["Key"]: tag["Value"] for tag in request["Tags"]}}
            if len(tags) > 50:
                raise ServiceError("TagLimitExceeded", "Could not complete request: tag quota of per resource exceeded")
            self._tables.put_topic(replace(topic, tags=tags))
        return {}

    def untag_resource(self, request: Answer, _call: Call) -> Answer:
        """UntagResource."""
        with self._tables.writing():
            topic = self._topic(request["ResourceArn"])
            kept = {key: value for key, value in topic.tags.items() if key not in request["TagKeys"]}
            self._tables.put_topic(replace(topic, tags=kept))
        return {}

    def list_tags_for_resource(self, request: Answer, _call: Call) -> Answer:
        """ListTagsForResource."""
        tags = self._topic(request["ResourceArn"]).tags
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    # --- subscriptions ----------------------------------------------------------------------------------

    def subscribe(self, request: Answer, _call: Call) -> Answer:
        """Subscribe a queue or a function; the same again answers as the first did."""
        topic, protocol = self._topic(request["TopicArn"]), request["Protocol"]
        endpoint, attributes = request.get("Endpoint", ""), request.get("Attributes", {})
        if protocol not in _PROTOCOLS:
            raise _bad(f"Protocol: the local cloud hands messages to sqs and lambda, not to {protocol}")
        if not endpoint.startswith(f"arn:aws:{_PROTOCOLS[protocol]}:"):
            raise _bad(f"Endpoint: {endpoint or 'none'} is not the ARN of a resource of {protocol}")
        if topic.fifo and protocol == "lambda":
            raise _bad("Protocol Reason: a FIFO topic takes queues only")
        for name, value in attributes.items():
            _check_attribute(name, value)
        with self._tables.writing():
            before = self._tables.subscribed(topic.arn, protocol, endpoint)
            if before is not None:
                if any(before.attributes.get(name) != value for name, value in attributes.items()):
                    raise _bad("Attributes Reason: Subscription already exists with different attributes")
                return {"SubscriptionArn": before.arn}
            made = Subscription(f"{topic.arn}:{uuid.uuid4()}", topic.arn, protocol, endpoint, attributes)
            self._tables.put(made)
        return {"SubscriptionArn": made.arn}

    def unsubscribe(self, request: Answer, _call: Call) -> None:
        """Unsubscribe: gone already is fine."""
        self._tables.drop(request["SubscriptionArn"])

    def list_subscriptions(self, request: Answer, call: Call) -> Answer:
        """ListSubscriptions, by ARN."""
        return self._listed(f"arn:aws:sns:{call.owner}:", request)

    def list_subscriptions_by_topic(self, request: Answer, _call: Call) -> Answer:
        """ListSubscriptionsByTopic, by ARN."""
        return self._listed(f"{self._topic(request['TopicArn']).arn}:", request)

    def get_subscription_attributes(self, request: Answer, _call: Call) -> Answer:
        """GetSubscriptionAttributes."""
        one = self._subscription(request["SubscriptionArn"])
        return {
            "Attributes": {
                "RawMessageDelivery": "false",
                **one.attributes,
                **_shown(one),
                "PendingConfirmation": "false",
                "ConfirmationWasAuthenticated": "true",
            }
        }

    def set_subscription_attributes(self, request: Answer, _call: Call) -> None:
        """SetSubscriptionAttributes; an empty FilterPolicy or RedrivePolicy takes it away."""
        name, value = request["AttributeName"], request.get("AttributeValue", "")
        _check_attribute(name, value)
        with self._tables.writing():
            one = self._subscription(request["SubscriptionArn"])
            merged = {**one.attributes, name: value}
            self._tables.put(replace(one, attributes={key: text for key, text in merged.items() if text}))

    # --- messages ---------------------------------------------------------------------------------------

    def publish(self, request: Answer, _call: Call) -> Answer:
        """Publish to a topic."""
        arn = request.get("TopicArn") or request.get("TargetArn")
        if arn is None:
            raise _bad("TopicArn or TargetArn: the local cloud publishes to topics only")
        return self._publish(self._topic(arn), request)

    def publish_batch(self, request: Answer, _call: Call) -> Answer:
        """PublishBatch: each entry for itself."""
        topic, entries = self._topic(request["TopicArn"]), request["PublishBatchRequestEntries"]
        ids = [entry["Id"] for entry in entries]
        if not entries:
            raise ServiceError("EmptyBatchRequest", "The batch request doesn't contain any entries.")
        if len(entries) > _MOST_IN_A_BATCH:
            raise ServiceError("TooManyEntriesInBatchRequest", "The batch request contains more entries than "
                               "permissible (more than 10).")  # fmt: skip
        if len(set(ids)) < len(ids):
            raise ServiceError("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.")
        done: list[Answer] = []
        failed: list[Answer] = []
        for entry in entries:
            try:
                done.append({"Id": entry["Id"], **self._publish(topic, entry)})
            except ServiceError as error:
                failed.append({"Id": entry["Id"], "Code": error.code, "Message": error.message, "SenderFault": True})
        return {"Successful": done, "Failed": failed}

    def _publish(self, topic: Topic, entry: Answer) -> Answer:
        size = len(entry["Message"].encode()) + sum(
            len(name) + len(value["DataType"]) + len(value.get("StringValue", value.get("BinaryValue", "")))
            for name, value in entry.get("MessageAttributes", {}).items()
        )
        if size > _LONGEST:
            raise _bad("Message too long")
        group, dedup = entry.get("MessageGroupId"), entry.get("MessageDeduplicationId")
        if topic.fifo and not group:
            raise _bad("The MessageGroupId parameter is required for FIFO topics")
        if topic.fifo and not dedup and topic.attributes.get("ContentBasedDeduplication") != "true":
            raise _bad("The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
                       "provided explicitly")  # fmt: skip
        notification = Notification(
            id=str(uuid.uuid4()),
            topic=topic.arn,
            subject=entry.get("Subject"),
            texts=texts_of(entry["Message"], entry.get("MessageStructure")),
            attributes=entry.get("MessageAttributes", {}),
            timestamp=iso(self._cloud.clock.now()),
            endpoint=self._cloud.endpoint or "http://sns.localhost",
            group=group,
            dedup=dedup,
        )
        for one in self._tables.subscriptions(f"{topic.arn}:"):
            if notification.passes(one):
                self._hand_on(one, notification)
        return {"MessageId": notification.id}

    def _hand_on(self, one: Subscription, notification: Notification) -> None:
        """Give a message to a subscriber; what it refuses goes to the subscription's dead-letter queue."""
        try:
            if one.protocol == "lambda":
                payload = json.dumps(notification.record(one)).encode()
                self._cloud.call(
                    "lambda",
                    "Invoke",
                    {"FunctionName": one.endpoint, "InvocationType": "Event", "Payload": payload},
                )
            else:
                self._send(one.endpoint, one, notification)
        except ServiceError as error:
            _log.warning("%s could not be handed to %s: %s", notification.id, one.endpoint, error.message)
            dead = json.loads(one.attributes.get("RedrivePolicy") or "{}").get("deadLetterTargetArn")
            if dead is not None:
                try:
                    self._send(dead, one, notification)
                except ServiceError as worse:
                    _log.error("%s is lost: %s: %s", notification.id, dead, worse.message)

    def _send(self, queue: str, one: Subscription, notification: Notification) -> None:
        region, account, name = queue.split(":")[3:6]
        raw = one.attributes.get("RawMessageDelivery") == "true"
        text = notification.text("sqs")
        request: Answer = {
            "QueueUrl": f"{account}/{name}",
            "MessageBody": text if raw else json.dumps(notification.envelope(one)),
        }
        if raw and notification.attributes:
            request["MessageAttributes"] = dict(notification.attributes)
        if name.endswith(".fifo"):
            request["MessageGroupId"] = notification.group or notification.topic
            request["MessageDeduplicationId"] = notification.dedup or str(uuid.uuid5(uuid.NAMESPACE_OID, text))
        self._cloud.call("sqs", "SendMessage", request, region=region, account=account)

    # --- inside -----------------------------------------------------------------------------------------

    def _topic(self, arn: str) -> Topic:
        topic = self._tables.topic(arn)
        if topic is None:
            raise ServiceError("NotFound", "Topic does not exist", 404)
        return topic

    def _subscription(self, arn: str) -> Subscription:
        one = self._tables.subscription(arn)
        if one is None:
            raise ServiceError("NotFound", "Subscription does not exist", 404)
        return one

    def _listed(self, prefix: str, request: Answer) -> Answer:
        found = self._tables.subscriptions(prefix, request.get("NextToken", ""), _PAGE + 1)
        return _page("Subscriptions", [_shown(one) for one in found], "SubscriptionArn")


def _page(key: str, found: list[Answer], by: str) -> Answer:
    return {key: found[:_PAGE]} | ({"NextToken": found[_PAGE - 1][by]} if len(found) > _PAGE else {})


def _shown(one: Subscription) -> dict[str, str]:
    return {
        "SubscriptionArn": one.arn,
        "TopicArn": one.topic,
        "Protocol": one.protocol,
        "Endpoint": one.endpoint,
        "Owner": one.arn.split(":")[4],
    }


def _check_settable(name: str) -> None:
    if name not in _SETTABLE:
        raise _bad(f"AttributeName: {name} is none of {', '.join(sorted(_SETTABLE))}")


def _check_attribute(name: str, value: str) -> None:
    if name not in _OF_SUBSCRIPTIONS:
        raise _bad(f"AttributeName: {name} is none of {', '.join(sorted(_OF_SUBSCRIPTIONS))}")
    if name == "FilterPolicy" and value:
        compiled(value)
    if name == "RedrivePolicy" and value and not _redrives(value):
        raise _bad('RedrivePolicy: it must be {"deadLetterTargetArn": "arn:aws:sqs:…"}')
    words: Mapping[str, tuple[str, ...]] = {
        "FilterPolicyScope": ("MessageAttributes", "MessageBody"),
        "RawMessageDelivery": ("true", "false"),
    }
    if name in words and value not in words[name]:
        raise _bad(f"{name}: {value} is none of {', '.join(words[name])}")


def _redrives(value: str) -> bool:
    try:
        policy = json.loads(value)
    except (ValueError, RecursionError):
        return False
    return isinstance(policy, dict) and str(policy.get("deadLetterTargetArn", "")).startswith("arn:aws:sqs:")


def _bad(what: str) -> ServiceError:
    return ServiceError("InvalidParameter", f"Invalid parameter: {what}")


def create(cloud: Cloud) -> Sns:
    """Make the service for a cloud."""
    return Sns(cloud)
