"""Resource types of SNS and SQS.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SNS.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SQS.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stepfunctions.local.cloudformation.convert import mirrored, text
from stepfunctions.local.cloudformation.handlers import Context, Handler, Made, Properties
from stepfunctions.local.cloudformation.resource import Resource
from stepfunctions.local.cloudformation.resource_parts import Setting, TagCalls

_QUEUE_DEFAULTS = {
    "DelaySeconds": "0",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "VisibilityTimeout": "30",
}
_Folding = Callable[[Context, Properties], Properties]


def _folded(names: str) -> _Folding:
    """Return what puts these properties into the map ``Attributes``, as requests have them."""
    known = frozenset(names.split())

    def prepared(context: Context, properties: Properties) -> Properties:  # noqa: ARG001
        values = {name: text(value) for name, value in properties.items() if name in known}
        return {name: one for name, one in properties.items() if name not in known} | {"Attributes": values}

    return prepared


class _Attributed(Resource):
    """A resource most of whose properties are entries of the map ``Attributes`` in requests."""

    def read(self, context: Context, id: str, properties: Properties) -> Properties | None:
        """See Handler."""
        live = super().read(context, id, properties)
        if live is None:
            return None
        values = live.pop("Attributes", {})
        return live | {name: mirrored(properties[name], values[name]) for name in values if name in properties}


def _subscribe(context: Context, facts: Properties, subscriptions: Any) -> None:
    """Give a topic the subscriptions of its template; those that others made stay."""
    wanted = [(one["Protocol"], one["Endpoint"]) for one in subscriptions or []]
    there = context.call("sns", "ListSubscriptionsByTopic", TopicArn=facts["id"])["Subscriptions"]
    was = [(one["Protocol"], one["Endpoint"]) for one in facts.get("was") or []]
    for one in there:
        pair = (one["Protocol"], one["Endpoint"])
        if pair in was and pair not in wanted:
            context.call("sns", "Unsubscribe", SubscriptionArn=one["SubscriptionArn"])
    for protocol, endpoint in wanted:
        context.call("sns", "Subscribe", TopicArn=facts["id"], Protocol=protocol, Endpoint=endpoint)


class _Policy(Handler):
    """A policy document that several topics or queues have as their attribute ``Policy``."""

    required = frozenset({"PolicyDocument"})

    def __init__(self, type: str, service: str, members: str, call: str, named: str) -> None:
        self.type, self._service, self._members, self._call, self._named = type, service, members, call, named
        self.properties = frozenset({"PolicyDocument", members})
        self.required = self.properties

    def create(self, context: Context, properties: Properties) -> Made:
        """See Handler."""
        self._put(context, properties[self._members], text(properties["PolicyDocument"]))
        id = context.generated_name(255)
        return Made(id, {"Id": id})

    def update(self, context: Context, id: str, old: Properties, new: Properties) -> Made:
        """See Handler."""
        self._put(context, [one for one in old[self._members] if one not in new[self._members]], "")
        self._put(context, new[self._members], text(new["PolicyDocument"]))
        return Made(id, {"Id": id})

    def delete(self, context: Context, id: str, properties: Properties) -> None:  # noqa: ARG002
        """See Handler."""
        self._put(context, properties[self._members], "")

    def _put(self, context: Context, resources: list[str], document: str) -> None:
        for one in resources:
            set_to = (
                {"AttributeName": "Policy", "AttributeValue": document}
                if self._service == "sns"
                else {"Attributes": {"Policy": document}}
            )
            context.call(self._service, self._call, **{self._named: one}, **set_to)


def _one_by_one(operation: str, member: str) -> Callable[[Context, Properties, Any], None]:
    """Return what sets attributes with a call each; one that was taken away is emptied."""

    def apply(context: Context, facts: Properties, values: Any) -> None:
        gone = dict.fromkeys((facts.get("was") or {}).keys() - (values or {}).keys(), "")
        for name, value in {**gone, **(values or {})}.items():
            if (facts.get("was") or {}).get(name) != value:
                call = {member: facts["id"], "AttributeName": name, "AttributeValue": value}
                context.call("sns", operation, **call)

    return apply


def _set_queue(context: Context, facts: Properties, values: Any) -> None:
    gone = (facts.get("was") or {}).keys() - (values or {}).keys()
    reset = {name: _QUEUE_DEFAULTS.get(name, "") for name in gone}
    context.call("sqs", "SetQueueAttributes", QueueUrl=facts["id"], Attributes={**reset, **(values or {})})


def _live(service: str, operation: str, member: str) -> Callable[[Context, Properties], Any]:
    def live(context: Context, facts: Properties) -> Any:
        every = {"AttributeNames": ["All"]} if service == "sqs" else {}
        return context.call(service, operation, **{member: facts["id"]}, **every)["Attributes"]

    return live


_TOPIC = "DisplayName KmsMasterKeyId ContentBasedDeduplication FifoTopic FifoThroughputScope SignatureVersion"
_SUBSCRIPTION = "FilterPolicy FilterPolicyScope RawMessageDelivery RedrivePolicy"
_QUEUE = (
    "ContentBasedDeduplication DeduplicationScope DelaySeconds FifoQueue FifoThroughputLimit MaximumMessageSize"
    " MessageRetentionPeriod ReceiveMessageWaitTimeSeconds RedriveAllowPolicy RedrivePolicy VisibilityTimeout"
)

HANDLERS: list[Handler] = [
    _Attributed(
        type="AWS::SNS::Topic",
        service="sns",
        fields=f"{_TOPIC.replace('FifoTopic', 'FifoTopic!')} Subscription Tags TopicName!",
        renames={"TopicName": "Name"},
        prepared=_folded(_TOPIC),
        create_call="CreateTopic",
        describe_call="GetTopicAttributes",
        delete_call="DeleteTopic",
        name=("TopicName", 256),
        ref="arn:{partition}:sns:{region}:{account}:{TopicName}",
        key={"TopicArn": "{id}"},
        attributes={"TopicArn": "{id}", "TopicName": "{TopicName}"},
        settings=(
            Setting(
                "Attributes",
                apply=_one_by_one("SetTopicAttributes", "TopicArn"),
                created=True,
                live=_live("sns", "GetTopicAttributes", "TopicArn"),
            ),
            Setting("Subscription", apply=_subscribe),
        ),
        tags=TagCalls("ResourceArn"),
    ),
    _Attributed(
        type="AWS::SNS::Subscription",
        service="sns",
        fields=f"Endpoint! Protocol*! TopicArn*! {_SUBSCRIPTION}",
        prepared=_folded(_SUBSCRIPTION),
        create_call="Subscribe",
        describe_call="GetSubscriptionAttributes",
        delete_call="Unsubscribe",
        ref="{SubscriptionArn}",
        key={"SubscriptionArn": "{id}"},
        attributes={"Arn": "{id}"},
        settings=(
            Setting(
                "Attributes",
                apply=_one_by_one("SetSubscriptionAttributes", "SubscriptionArn"),
                created=True,
                live=_live("sns", "GetSubscriptionAttributes", "SubscriptionArn"),
            ),
        ),
    ),
    _Policy("AWS::SNS::TopicPolicy", "sns", "Topics", "SetTopicAttributes", "TopicArn"),
    _Attributed(
        type="AWS::SQS::Queue",
        service="sqs",
        fields=f"{_QUEUE.replace('FifoQueue', 'FifoQueue!')} QueueName! Tags",
        prepared=_folded(_QUEUE),
        create_call="CreateQueue",
        describe_call="GetQueueAttributes",
        describing={"AttributeNames": ["QueueArn"]},
        inside="Attributes",
        delete_call="DeleteQueue",
        name=("QueueName", 80),
        ref="{QueueUrl}",
        key={"QueueUrl": "{id}"},
        attributes={"Arn": "{QueueArn}", "QueueName": "{QueueName}", "QueueUrl": "{id}"},
        settings=(
            Setting("Attributes", apply=_set_queue, created=True, live=_live("sqs", "GetQueueAttributes", "QueueUrl")),
        ),
        tags=TagCalls("QueueUrl", "{id}", "TagQueue", "UntagQueue"),
    ),
    _Policy("AWS::SQS::QueuePolicy", "sqs", "Queues", "SetQueueAttributes", "QueueUrl"),
]
