"""Buckets: their names and rows."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from stepfunctions.local.database import Database
from stepfunctions.local.s3.faults import S3Error, invalid_argument, no_such_bucket
from stepfunctions.local.s3.records import BucketInfo, bucket_of, encode

DEFAULT_REGION = "us-east-1"
_NAME = re.compile(r"(?=.{3,63}\Z)[a-z0-9]([a-z0-9.-]*[a-z0-9])\Z")
_IP = re.compile(r"\d+\.\d+\.\d+\.\d+\Z")
_TAKEN_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_TAKEN_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


class Buckets:
    """The buckets of one index."""

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        self._database = database
        self._now = now

    def create(self, name: str, region: str = DEFAULT_REGION) -> BucketInfo:
        """Make a bucket. One that exists is returned in us-east-1 and BucketAlreadyOwnedByYou elsewhere, as on AWS."""
        check_bucket_name(name)
        with self._database.write() as writer:
            made = writer.execute(
                "INSERT OR IGNORE INTO buckets (name, region, created) VALUES (?, ?, ?)", (name, region, self._now())
            ).rowcount
        info = self.get(name)
        if not made and not info.region == region == DEFAULT_REGION:
            raise S3Error(
                "BucketAlreadyOwnedByYou",
                "Your previous request to create the named bucket succeeded and you already own it.",
                409,
                {"BucketName": name},
            )
        return info

    def get(self, name: str) -> BucketInfo:
        """Return a bucket; raises NoSuchBucket."""
        row = self._database.read().execute("SELECT * FROM buckets WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise no_such_bucket(name)
        return bucket_of(row)

    def list(self) -> list[BucketInfo]:
        """Return every bucket in order of the names."""
        rows = self._database.read().execute("SELECT * FROM buckets ORDER BY name").fetchall()
        return [bucket_of(row) for row in rows]

    def delete(self, name: str) -> None:
        """Delete an empty bucket; raises NoSuchBucket or BucketNotEmpty (multipart uploads count, as on AWS)."""
        with self._database.write() as writer:
            self.require(writer, name)
            for table in ("objects", "versions", "uploads"):
                if writer.execute(f"SELECT 1 FROM {table} WHERE bucket = ? LIMIT 1", (name,)).fetchone():
                    raise S3Error(
                        "BucketNotEmpty", "The bucket you tried to delete is not empty", 409, {"BucketName": name}
                    )
            writer.execute("DELETE FROM configurations WHERE bucket = ?", (name,))
            writer.execute("DELETE FROM buckets WHERE name = ?", (name,))

    def require(self, connection: sqlite3.Connection, name: str) -> sqlite3.Row:
        """Return ``versioning`` and ``notifies`` of the bucket for this connection; raises NoSuchBucket."""
        row: sqlite3.Row | None = connection.execute(
            "SELECT versioning, notifies FROM buckets WHERE name = ?", (name,)
        ).fetchone()
        if row is None:
            raise no_such_bucket(name)
        return row

    def set_versioning(self, name: str, status: str) -> None:
        """Let a bucket keep versions (Enabled) or stop to (Suspended); raises NoSuchBucket."""
        with self._database.write() as writer:
            self.require(writer, name)
            writer.execute("UPDATE buckets SET versioning = ? WHERE name = ?", (status, name))

    def configuration(self, name: str, kind: str) -> Any:
        """Return a configuration of a bucket as it was put, None when there is none; raises NoSuchBucket."""
        reader = self._database.read()
        self.require(reader, name)
        row = reader.execute("SELECT value FROM configurations WHERE bucket = ? AND kind = ?", (name, kind)).fetchone()
        return None if row is None else json.loads(row["value"])

    def configure(self, name: str, kind: str, value: Any, *, notifies: bool | None = None) -> None:
        """Keep a configuration of a bucket, None to remove it; raises NoSuchBucket.

        ``notifies``: whether changes of the bucket's objects are told to anybody from now on.
        """
        with self._database.write() as writer:
            self.require(writer, name)
            writer.execute("DELETE FROM configurations WHERE bucket = ? AND kind = ?", (name, kind))
            if value is not None:
                writer.execute(
                    "INSERT INTO configurations (bucket, kind, value) VALUES (?, ?, ?)", (name, kind, encode(value))
                )
            if notifies is not None:
                writer.execute("UPDATE buckets SET notifies = ? WHERE name = ?", (notifies, name))

    def set_tags(self, name: str, tags: Mapping[str, str]) -> None:
        """Replace the tags of a bucket; raises NoSuchBucket."""
        with self._database.write() as writer:
            self.require(writer, name)
            writer.execute("UPDATE buckets SET tags = ? WHERE name = ?", (encode(dict(tags)), name))


def check_bucket_name(name: str) -> None:
    """Raise InvalidBucketName unless S3 would accept the name of a new general purpose bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    """
    fine = (
        _NAME.match(name)
        and ".." not in name
        and not _IP.match(name)
        and not name.startswith(_TAKEN_PREFIXES)
        and not name.endswith(_TAKEN_SUFFIXES)
    )
    if not fine:
        raise S3Error("InvalidBucketName", "The specified bucket is not valid.", 400, {"BucketName": name})


def region_of(constraint: str | None, region: str) -> str:
    """Return the Region of a new bucket from its LocationConstraint and the Region of the call, as AWS decides."""
    if constraint is None:
        if region != DEFAULT_REGION:
            raise S3Error(
                "IllegalLocationConstraintException",
                "The unspecified location constraint is incompatible "
                "for the region specific endpoint this request was sent to.",
            )
        return region
    if constraint == "EU":
        return "eu-west-1"
    if constraint == DEFAULT_REGION:
        raise S3Error(
            "InvalidLocationConstraint",
            "The specified location-constraint is not valid",
            400,
            {"LocationConstraint": constraint},
        )
    if region not in (DEFAULT_REGION, constraint):
        raise S3Error(
            "IllegalLocationConstraintException",
            f"The {constraint} location constraint is incompatible "
            "for the region specific endpoint this request was sent to.",
        )
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", constraint):
        raise invalid_argument("The specified location-constraint is not valid", "LocationConstraint", constraint)
    return constraint
