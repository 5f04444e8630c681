"""Telling of changes: S3's event messages to queues, topics and functions, and its events on the bus.

A change is noted in the transaction that makes it, and the note goes once all messages are on their way: a change
whose process is killed in between is told at the next start. So each is told at least once, as on AWS.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html and ev-events.html
"""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from stepfunctions.local.s3.bucket_operations import owner
from stepfunctions.local.s3.notifications import EVENT_BRIDGE, KIND, Subscription, subscriptions
from stepfunctions.local.s3.records import ObjectInfo, encode
from stepfunctions.runtime.clock import iso

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.s3.objects import Objects

_log = logging.getLogger(__name__)

_EMPTY = hashlib.md5(b"", usedforsecurity=False).hexdigest()
_ADDRESS = "127.0.0.1"
_BUS = {
    # What a change is called on the bus: the event's detail type, and what its detail says besides.
    "ObjectCreated:Put": ("Object Created", {"reason": "PutObject"}),
    "ObjectCreated:Copy": ("Object Created", {"reason": "CopyObject"}),
    "ObjectCreated:CompleteMultipartUpload": ("Object Created", {"reason": "CompleteMultipartUpload"}),
    "ObjectRemoved:Delete": (
        "Object Deleted",
        {"reason": "DeleteObject", "deletion-type": "Permanently Deleted"},
    ),
    "ObjectRemoved:DeleteMarkerCreated": (
        "Object Deleted",
        {"reason": "DeleteObject", "deletion-type": "Delete Marker Created"},
    ),
    "ObjectTagging:Put": ("Object Tags Added", {}),
    "ObjectTagging:Delete": ("Object Tags Deleted", {}),
}


class Changes:
    """The changes that are to be told, of one cloud."""

    def __init__(self, cloud: Cloud, objects: Objects) -> None:
        self._cloud = cloud
        self._objects = objects

    def record(self, writer: sqlite3.Connection, name: str, info: ObjectInfo) -> int | None:
        """Note a change in the transaction that makes it."""
        change: dict[str, Any] = {
            "name": name,
            "key": info.key,
            "etag": _EMPTY if info.is_marker else info.etag,
            "time": self._cloud.clock.now(),
            "request": uuid.uuid4().hex[:16].upper(),
        }
        if name.startswith("ObjectCreated:"):
            change["size"] = info.size
        if self._objects.buckets.require(writer, info.bucket)["versioning"]:
            change["version"] = info.version
        values = (info.bucket, encode(change))
        return writer.execute("INSERT INTO changes (bucket, change) VALUES (?, ?)", values).lastrowid

    def send(self, change: int) -> None:
        """Tell of a change. What fails is logged, and tried again at the next start."""
        row = self._objects.database.read().execute("SELECT * FROM changes WHERE id = ?", (change,)).fetchone()
        try:
            if row is not None:
                self._tell(row)
        except Exception:  # noqa: BLE001 - the change itself is done
            _log.exception(
                "change %s of bucket %s could not be told; the next start tries again", change, row["bucket"]
            )

    def send_all(self) -> None:
        """Tell of what a process that was killed had noted."""
        for row in self._objects.database.read().execute("SELECT id FROM changes ORDER BY id").fetchall():
            self.send(row["id"])

    def test(self, bucket: str, subscription: Subscription) -> None:
        """Send the message by which S3 tries a queue or topic that is new in a configuration."""
        request = uuid.uuid4().hex[:16].upper()
        message = {
            "Service": "Amazon S3",
            "Event": "s3:TestEvent",
            "Time": iso(self._cloud.clock.now()),
            "Bucket": bucket,
            "RequestId": request,
            "HostId": request,
        }
        self._deliver(bucket, subscription, message, f"s3-test-{request}")

    def _tell(self, row: sqlite3.Row) -> None:
        bucket, change, number = row["bucket"], json.loads(row["change"]), row["id"]
        configuration = self._objects.buckets.configuration(bucket, KIND) or {}
        for one in subscriptions(configuration):
            if one.wants(change["name"], change["key"]):
                record = self._record(bucket, change, number, one)
                self._deliver(bucket, one, {"Records": [record]}, f"s3-{number}-{one.id}")
        if EVENT_BRIDGE in configuration and self._cloud.has("events"):
            self._publish(bucket, change, number)
        with self._objects.database.write() as writer:
            writer.execute("DELETE FROM changes WHERE id = ?", (number,))

    def _deliver(self, bucket: str, one: Subscription, message: dict[str, Any], id_: str) -> None:
        from stepfunctions.local.deliveries import Target

        text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
        self._cloud.deliveries.add(Target(one.arn), text, source=f"arn:aws:s3:::{bucket}", id=id_)

    def _record(self, bucket: str, change: dict[str, Any], number: int, one: Subscription) -> dict[str, Any]:
        identity = {"principalId": owner(self._cloud.account)["ID"][:14].upper()}
        described = {"key": quote_plus(change["key"], safe="/*")}
        if "size" in change:
            described["size"] = change["size"]
        if change["name"] != "ObjectRemoved:Delete":
            described["eTag"] = change["etag"]
        if "version" in change:
            described["versionId"] = change["version"]
        described["sequencer"] = _sequencer(number)
        return {
            "eventVersion": "2.3" if change["name"].startswith("ObjectTagging:") else "2.1",
            "eventSource": "aws:s3",
            "awsRegion": self._objects.buckets.get(bucket).region,
            "eventTime": iso(change["time"]),
            "eventName": change["name"],
            "userIdentity": identity,
            "requestParameters": {"sourceIPAddress": _ADDRESS},
            "responseElements": {"x-amz-request-id": change["request"], "x-amz-id-2": change["request"]},
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": one.id,
                "bucket": {"name": bucket, "ownerIdentity": identity, "arn": f"arn:aws:s3:::{bucket}"},
                "object": described,
            },
        }

    def _publish(self, bucket: str, change: dict[str, Any], number: int) -> None:
        detail_type, more = _BUS[change["name"]]
        described: dict[str, Any] = {"key": change["key"]}
        if "size" in change:
            described["size"] = change["size"]
        if change["name"] != "ObjectRemoved:Delete":
            described["etag"] = change["etag"]
        if "version" in change:
            described["version-id"] = change["version"]
        if not change["name"].startswith("ObjectTagging:"):
            described["sequencer"] = _sequencer(number)
        detail = {
            "version": "0",
            "bucket": {"name": bucket},
            "object": described,
            "request-id": change["request"],
            "requester": self._cloud.account,
            "source-ip-address": _ADDRESS,
            **more,
        }
        region = self._objects.buckets.get(bucket).region
        self._cloud.publish(
            "aws.s3", detail_type, detail, [f"arn:aws:s3:::{bucket}"], region=region, time=change["time"]
        )


def _sequencer(number: int) -> str:
    return f"{number:018X}"
