"""The operations of SQS; permissions and moving messages out of a dead-letter queue are not here.

API reference: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.sqs import messages
from stepfunctions.local.sqs.attributes import DEFAULTS, FIFO_DEFAULTS, checked, redrive
from stepfunctions.local.sqs.records import MIGRATIONS, Message, Queue, SqsTables

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.services import Call

Answer = dict[str, Any]
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}|(?=.{1,80}$)[A-Za-z0-9_-]+\.fifo")
_PLACE = re.compile(r"(?:.*/)?(?P<account>\d{12})/(?P<name>[^/]+)")
_MOST_IN_A_BATCH = 10
_GLANCE = 0.5
"""Real seconds after which a receiver that waits looks again: the clock may have been moved."""


class Sqs:
    """SQS: at least once, in order within a message group of a FIFO queue."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._clock = cloud.clock
        self._tables = SqsTables(cloud.database("sqs", MIGRATIONS))
        self._arrived = threading.Condition()

    # --- queues -----------------------------------------------------------------------------------------

    def create_queue(self, request: Answer, call: Call) -> Answer:
        """CreateQueue: the same request again answers as the first did."""
        name, given = request["QueueName"], request.get("Attributes", {})
        if not _NAME.fullmatch(name):
            raise ServiceError(
                "InvalidParameterValue",
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
            )
        wanted = checked(name, given, new=True)
        arn = f"arn:aws:sqs:{call.owner}:{name}"
        with self._tables.writing():
            queue = self._tables.queue(arn)
            if queue is None:
                defaults = {**DEFAULTS, **(FIFO_DEFAULTS if name.endswith(".fifo") else {})}
                attributes = {**defaults, **wanted}
                self._check_redrive(attributes)
                self._tables.add(arn, attributes, request.get("tags", {}), self._clock.now())
            else:
                different = sorted(key for key, value in wanted.items() if queue.attributes.get(key) != value)
                if different:
                    raise ServiceError(
                        "QueueNameExists",
                        f"A queue already exists with the same name and a different value for attribute {different[0]}",
                    )
        return {"QueueUrl": self._url(arn)}

    def delete_queue(self, request: Answer, call: Call) -> None:
        """DeleteQueue."""
        self._tables.drop(self._of(request, call))

    def get_queue_url(self, request: Answer, call: Call) -> Answer:
        """GetQueueUrl."""
        account = request.get("QueueOwnerAWSAccountId", call.account)
        return {"QueueUrl": self._url(self._found(f"arn:aws:sqs:{call.region}:{account}:{request['QueueName']}").arn)}

    def list_queues(self, request: Answer, call: Call) -> Answer:
        """ListQueues, by name."""
        prefix = f"arn:aws:sqs:{call.owner}:{request.get('QueueNamePrefix', '')}"
        return self._page("QueueUrls", [queue.arn for queue in self._tables.queues(prefix)], request)

    def list_dead_letter_source_queues(self, request: Answer, call: Call) -> Answer:
        """ListDeadLetterSourceQueues."""
        target = self._of(request, call).arn
        found = self._tables.queues(f"arn:aws:sqs:{call.owner}:")
        sources = [queue.arn for queue in found if (redrive(queue.attributes) or ("",))[0] == target]
        return self._page("queueUrls", sources, request)

    def get_queue_attributes(self, request: Answer, call: Call) -> Answer:
        """GetQueueAttributes."""
        queue = self._of(request, call)
        ready, taken, delayed = self._tables.counts(queue, self._clock.now())
        found = {
            **queue.attributes,
            "QueueArn": queue.arn,
            "CreatedTimestamp": str(int(queue.created)),
            "LastModifiedTimestamp": str(int(queue.modified)),
            "ApproximateNumberOfMessages": str(ready),
            "ApproximateNumberOfMessagesNotVisible": str(taken),
            "ApproximateNumberOfMessagesDelayed": str(delayed),
        }
        names = request.get("AttributeNames", [])
        return {"Attributes": {key: value for key, value in found.items() if "All" in names or key in names}}

    def set_queue_attributes(self, request: Answer, call: Call) -> None:
        """SetQueueAttributes; an empty text takes a policy away."""
        with self._tables.writing():
            queue = self._of(request, call)
            merged = {**queue.attributes, **checked(queue.name, request["Attributes"], new=False)}
            merged = {key: value for key, value in merged.items() if value != ""}
            self._check_redrive(merged)
            self._tables.change(queue, merged, queue.tags, self._clock.now())

    def purge_queue(self, request: Answer, call: Call) -> None:
        """PurgeQueue."""
        self._tables.purge(self._of(request, call))

    def tag_queue(self, request: Answer, call: Call) -> None:
        """TagQueue."""
        with self._tables.writing():
            queue = self._of(request, call)
            tags = {**queue.tags, **request["Tags"]}
            if len(tags) > 50:
                raise ServiceError("InvalidParameterValue", f"Too many tags for {queue.name}: at most 50.")
            self._tables.change(queue, queue.attributes, tags, queue.modified)

    def untag_queue(self, request: Answer, call: Call) -> None:
        """UntagQueue."""
        with self._tables.writing():
            queue = self._of(request, call)
            tags = {key: value for key, value in queue.tags.items() if key not in request["TagKeys"]}
            self._tables.change(queue, queue.attributes, tags, queue.modified)

    def list_queue_tags(self, request: Answer, call: Call) -> Answer:
        """ListQueueTags."""
        return {"Tags": dict(self._of(request, call).tags)}

    # --- messages ---------------------------------------------------------------------------------------

    def send_message(self, request: Answer, call: Call) -> Answer:
        """SendMessage: durable when it returns."""
        answer = self._send(self._of(request, call), request)
        self._wake()
        return answer

    def send_message_batch(self, request: Answer, call: Call) -> Answer:
        """SendMessageBatch: in one transaction."""
        queue = self._of(request, call)
        with self._tables.writing():
            answer = _batch(request["Entries"], lambda entry: self._send(queue, entry))
        self._wake()
        return answer

    def receive_message(self, request: Answer, call: Call) -> Answer:
        """ReceiveMessage: waits, in real seconds, for as long as it is asked to."""
        queue = self._of(request, call)
        seconds = request.get("WaitTimeSeconds", int(queue.attributes["ReceiveMessageWaitTimeSeconds"]))
        if not 0 <= seconds <= 20:
            raise _value("WaitTimeSeconds", seconds, "Must be >= 0 and <= 20, if provided.")
        until = time.monotonic() + seconds
        while True:
            found = self._receive(queue, request)
            left = until - time.monotonic()
            if found or left <= 0 or call.gone() or self._cloud.stopping:
                return {"Messages": found} if found else {}
            with self._arrived:
                now = self._clock.now()
                due = self._tables.next_visible(queue, now)
                self._arrived.wait(max(0.001, min(left, _GLANCE, left if due is None else due - now)))
            queue = self._of(request, call)

    def delete_message(self, request: Answer, call: Call) -> None:
        """DeleteMessage."""
        self._delete(self._of(request, call), request)

    def delete_message_batch(self, request: Answer, call: Call) -> Answer:
        """DeleteMessageBatch."""
        queue = self._of(request, call)
        return _batch(request["Entries"], lambda entry: self._delete(queue, entry))

    def change_message_visibility(self, request: Answer, call: Call) -> None:
        """ChangeMessageVisibility."""
        self._hide(self._of(request, call), request)

    def change_message_visibility_batch(self, request: Answer, call: Call) -> Answer:
        """ChangeMessageVisibilityBatch."""
        queue = self._of(request, call)
        return _batch(request["Entries"], lambda entry: self._hide(queue, entry))

    def stop(self) -> None:
        """Let receivers that wait go."""
        self._wake()

    # --- inside -----------------------------------------------------------------------------------------

    def _send(self, queue: Queue, entry: Answer) -> Answer:
        body, attributes = entry["MessageBody"], entry.get("MessageAttributes", {})
        messages.check_message(body, attributes, int(queue.attributes["MaximumMessageSize"]))
        group, dedup = _fifo(queue, entry)
        now = self._clock.now()
        delay = entry.get("DelaySeconds", int(queue.attributes["DelaySeconds"]))
        if not 0 <= delay <= 900:
            raise _value("DelaySeconds", delay, "DelaySeconds must be >= 0 and <= 900.")
        answer = {"MD5OfMessageBody": messages.digest(body)}
        if attributes:
            answer["MD5OfMessageAttributes"] = messages.digest_of_attributes(attributes)
        trace = entry.get("MessageSystemAttributes", {})
        if trace:
            answer["MD5OfMessageSystemAttributes"] = messages.digest_of_attributes(trace)
        with self._tables.writing():
            before = None if dedup is None else self._tables.taken(queue, dedup, now)
            if before is not None:
                return {**answer, "MessageId": before[0], "SequenceNumber": before[1]}
            message_id = str(uuid.uuid4())
            system = {"SenderId": "AIDALOCALLOCALLOCAL00", "SentTimestamp": str(int(now * 1000))}
            system |= {name: one["StringValue"] for name, one in trace.items()}
            if dedup is not None:
                system |= {"MessageGroupId": group or "", "MessageDeduplicationId": dedup.rpartition("\n")[2]}
            sequence = self._tables.put(
                queue, message_id, body, messages.kept(attributes), system,
                now=now, visible=now + delay, grouped=group if queue.fifo else None, dedup=dedup,
            )  # fmt: skip
        return {**answer, "MessageId": message_id, **({"SequenceNumber": sequence} if queue.fifo else {})}

    def _receive(self, queue: Queue, request: Answer) -> list[Answer]:
        now = self._clock.now()
        hidden = request.get("VisibilityTimeout", int(queue.attributes["VisibilityTimeout"]))
        if not 0 <= hidden <= 43_200:
            raise _value("VisibilityTimeout", hidden, "VisibilityTimeout must be between 0 and 43200 seconds.")
        most = request.get("MaxNumberOfMessages", 1)
        if not 1 <= most <= _MOST_IN_A_BATCH:
            raise _value("MaxNumberOfMessages", most, "Must be between 1 and 10, if provided.")
        after = redrive(queue.attributes)
        found = []
        with self._tables.writing():
            for message in self._tables.receive(queue, most, now, now + hidden):
                target = self._tables.queue(after[0]) if after and message.received > after[1] else None
                if target is None:
                    found.append(_shown(message, request))
                else:
                    self._tables.move(message, target, queue.arn, now)
        return found

    def _delete(self, queue: Queue, entry: Answer) -> None:
        if len(entry["ReceiptHandle"]) < 16:
            raise ServiceError(
                "ReceiptHandleIsInvalid", f'The input receipt handle "{entry["ReceiptHandle"]}" is not a valid receipt '
                "handle.", 404,
            )  # fmt: skip
        self._tables.delete(queue, entry["ReceiptHandle"])

    def _hide(self, queue: Queue, entry: Answer) -> None:
        seconds = entry.get("VisibilityTimeout", 0)
        if not 0 <= seconds <= 43_200:
            raise _value("VisibilityTimeout", seconds, "VisibilityTimeout must be between 0 and 43200 seconds.")
        now = self._clock.now()
        if not self._tables.hide(queue, entry["ReceiptHandle"], now, now + seconds):
            raise ServiceError(
                "MessageNotInflight",
                f"Value {entry['ReceiptHandle']} for parameter ReceiptHandle is invalid. Reason: Message does not "
                "exist or is not available for visibility timeout change.",
            )
        self._wake()

    def _wake(self) -> None:
        with self._arrived:
            self._arrived.notify_all()

    def _check_redrive(self, attributes: Mapping[str, str]) -> None:
        after = redrive(attributes)
        if after is not None and self._tables.queue(after[0]) is None:
            raise ServiceError(
                "InvalidParameterValue",
                f"Value {attributes['RedrivePolicy']} for parameter RedrivePolicy is invalid. Reason: Dead letter "
                "target does not exist.",
            )

    def _url(self, arn: str) -> str:
        region, account, name = arn.split(":")[3:6]
        return f"{self._cloud.endpoint or f'http://sqs.{region}.localhost'}/{account}/{name}"

    def _of(self, request: Answer, call: Call) -> Queue:
        found = _PLACE.fullmatch(request["QueueUrl"])
        if found is None:
            raise ServiceError("InvalidAddress", f"The address {request['QueueUrl']} is not valid for this endpoint.")
        return self._found(f"arn:aws:sqs:{call.region}:{found['account']}:{found['name']}")

    def _found(self, arn: str) -> Queue:
        queue = self._tables.queue(arn)
        if queue is None:
            raise ServiceError("QueueDoesNotExist", "The specified queue does not exist.")
        return queue

    def _page(self, key: str, arns: list[str], request: Answer) -> Answer:
        after, limit = request.get("NextToken", ""), request.get("MaxResults", 1000)
        if not 1 <= limit <= 1000:
            raise _value("MaxResults", limit, "Must be between 1 and 1000.")
        rest = [arn for arn in arns if arn.rpartition(":")[2] > after]
        answer: Answer = {key: [self._url(arn) for arn in rest[:limit]]}
        return answer | ({"NextToken": rest[limit - 1].rpartition(":")[2]} if len(rest) > limit else {})


def _fifo(queue: Queue, entry: Answer) -> tuple[str | None, str | None]:
    """Return a message's group and what it is recognised by, None for a standard queue."""
    group, dedup = entry.get("MessageGroupId"), entry.get("MessageDeduplicationId")
    if not queue.fifo:
        if dedup is not None:
            raise _value("MessageDeduplicationId", dedup, "The request include parameter that is not valid for this "
                         "queue type.")  # fmt: skip
        return group, None
    if not group:
        raise ServiceError("MissingParameter", "The request must contain the parameter MessageGroupId.")
    if entry.get("DelaySeconds"):
        raise _value("DelaySeconds", entry["DelaySeconds"], "The request include parameter that is not valid for this "
                     "queue type.")  # fmt: skip
    if dedup is None:
        if queue.attributes.get("ContentBasedDeduplication") != "true":
            raise ServiceError(
                "InvalidParameterValue", "The queue should either have ContentBasedDeduplication enabled or "
                "MessageDeduplicationId provided explicitly",
            )  # fmt: skip
        dedup = hashlib.sha256(entry["MessageBody"].encode()).hexdigest()
    within = f"{group}\n" if queue.attributes.get("DeduplicationScope") == "messageGroup" else ""
    return group, within + dedup


def _shown(message: Message, request: Answer) -> Answer:
    names = [*request.get("AttributeNames", []), *request.get("MessageSystemAttributeNames", [])]
    system = {
        **message.system,
        "ApproximateReceiveCount": str(message.received),
        "ApproximateFirstReceiveTimestamp": str(int((message.first or 0) * 1000)),
    }
    if message.grouped is not None:
        system["SequenceNumber"] = f"{18_800_000_000_000_000_000 + message.id}"
    answer: Answer = {
        "MessageId": message.message_id,
        "ReceiptHandle": message.receipt,
        "MD5OfBody": messages.digest(message.body),
        "Body": message.body,
    }
    attributes = {name: value for name, value in system.items() if "All" in names or name in names}
    if attributes:
        answer["Attributes"] = attributes
    chosen = messages.shown(messages.wanted(message.attributes, request.get("MessageAttributeNames", [])))
    if chosen:
        answer |= {"MessageAttributes": chosen, "MD5OfMessageAttributes": messages.digest_of_attributes(chosen)}
    return answer


def _batch(entries: list[Answer], act: Callable[[Answer], Answer | None]) -> Answer:
    """Do each entry of a batch for itself; what is refused is told beside what is done."""
    ids = [entry["Id"] for entry in entries]
    if not entries:
        raise ServiceError("EmptyBatchRequest", "There should be at least one entry in the request.")
    if len(entries) > _MOST_IN_A_BATCH:
        raise ServiceError("TooManyEntriesInBatchRequest", f"Maximum number of entries per request are "
                           f"{_MOST_IN_A_BATCH}. You have sent {len(entries)}.")  # fmt: skip
    if len(set(ids)) < len(ids):
        twice = next(one for one in ids if ids.count(one) > 1)
        raise ServiceError("BatchEntryIdsNotDistinct", f"Id {twice} repeated.")
    done: list[Answer] = []
    failed: list[Answer] = []
    for entry in entries:
        try:
            done.append({"Id": entry["Id"], **(act(entry) or {})})
        except ServiceError as error:
            failed.append({"Id": entry["Id"], "SenderFault": True, "Code": error.code, "Message": error.message})
    return {"Successful": done, **({"Failed": failed} if failed else {})}


def _value(name: str, value: object, reason: str) -> ServiceError:
    return ServiceError("InvalidParameterValue", f"Value {value} for parameter {name} is invalid. Reason: {reason}")


def create(cloud: Cloud) -> Sqs:
    """Make the service for a cloud."""
    return Sqs(cloud)
