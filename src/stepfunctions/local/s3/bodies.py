"""What a write brings with it: its body as a staged file, its checksums, its stored headers and tags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from stepfunctions.local.s3.contents import Contents, Staged
from stepfunctions.local.s3.digests import LENGTHS, Measured, algorithm_of, verify_checksums, verify_md5
from stepfunctions.local.s3.faults import S3Error, invalid_argument, invalid_request, not_implemented
from stepfunctions.local.s3.records import Checksum, ObjectInfo

STORED_HEADERS = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Expires",
    "WebsiteRedirectLocation",
)
_STORED_CHOICES = ("StorageClass", "ServerSideEncryption", "SSEKMSKeyId", "SSEKMSEncryptionContext", "BucketKeyEnabled")
_REFUSED = {
    "SSECustomerAlgorithm": "Encryption with keys of the customer",
    "SSECustomerKey": "Encryption with keys of the customer",
    "ObjectLockMode": "Object Lock",
    "ObjectLockRetainUntilDate": "Object Lock",
    "ObjectLockLegalHoldStatus": "Object Lock",
    "WriteOffsetBytes": "Appending to an object",
    "IfMatchLastModifiedTime": "The condition of directory buckets",
    "IfMatchSize": "The condition of directory buckets",
    "MFA": "MFA delete",
}
_CHECKSUM = "Checksum"
MAX_METADATA_BYTES = 2048
MAX_TAGS = 10
_TAG = re.compile(r"[\w\s.:/=+\-@]*")


def refuse_unsupported(request: Mapping[str, Any]) -> None:
    """Raise NotImplemented for members of a request that would change what is stored in ways not done here."""
    for member, what in _REFUSED.items():
        if request.get(member) is not None:
            raise not_implemented(what, f"Leave out {member}.")


def algorithms_of(request: Mapping[str, Any]) -> list[str]:
    """Return the checksum algorithms a request names; raises NotImplemented for one that is not known."""
    named = [
        member[len(_CHECKSUM) :]
        for member in request
        if member.startswith(_CHECKSUM) and member not in ("ChecksumAlgorithm", "ChecksumType", "ChecksumMode")
    ]
    if request.get("ChecksumAlgorithm"):
        named.append(request["ChecksumAlgorithm"])
    return sorted({algorithm_of(name) for name in named})


def take_body(contents: Contents, request: Mapping[str, Any], more: Iterable[str] = ()) -> Staged:
    """Return the Body of a request as a staged file, checked against Content-MD5 and checksums.

    A Body that is staged already was measured with ``algorithms_of(request)`` and ``more``.
    """
    body = request.get("Body", b"")
    if isinstance(body, Staged):
        staged = body
    else:
        staging = contents.stage({*algorithms_of(request), *more})
        try:
            staging.write([body])
            staged = staging.finish()
        except BaseException:
            staging.discard()
            raise
    try:
        verify_md5(request.get("ContentMD5"), staged.measured)
        verify_checksums(_expected(request), staged.measured)
    except BaseException:
        staged.discard()
        raise
    return staged


def checksums_of(request: Mapping[str, Any], measured: Measured) -> dict[str, str]:
    """Return the checksums of a body: those measured, and those only the client could compute."""
    return {**_expected(request), **measured.checksums}


def one_checksum(request: Mapping[str, Any], measured: Measured) -> Checksum | None:
    """Return the one checksum that an object keeps; raises InvalidRequest when the client sent several."""
    checksums = checksums_of(request, measured)
    if len(checksums) > 1:
        raise invalid_request("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
    for algorithm, value in checksums.items():
        return Checksum(algorithm, value)
    return None


def _expected(request: Mapping[str, Any]) -> dict[str, str]:
    return {name: request[_CHECKSUM + name] for name in LENGTHS if request.get(_CHECKSUM + name) is not None}


def checksum_members(checksum: Checksum | None) -> dict[str, str]:
    """Return an object's checksum as members of a response."""
    if checksum is None:
        return {}
    return {_CHECKSUM + checksum.algorithm: checksum.value, "ChecksumType": checksum.kind}


def attributes_of(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a request is stored with the object and given back with it."""
    attributes = {name: request[name] for name in (*STORED_HEADERS, *_STORED_CHOICES) if request.get(name) is not None}
    expires = attributes.get("Expires")
    if isinstance(expires, datetime):
        attributes["Expires"] = format_datetime(expires.astimezone(timezone.utc), usegmt=True)
    metadata = request.get("Metadata") or {}
    if metadata:
        size = sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items())
        if size > MAX_METADATA_BYTES:
            raise S3Error(
                "MetadataTooLarge",
                "Your metadata headers exceed the maximum allowed metadata size",
                400,
                {"Size": str(size), "MaxSizeAllowed": str(MAX_METADATA_BYTES)},
            )
        attributes["Metadata"] = {name.lower(): value for name, value in metadata.items()}
    return attributes


def encryption_members(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the client chose for encryption, which S3 repeats in the answers to writes."""
    names = ("ServerSideEncryption", "SSEKMSKeyId", "SSEKMSEncryptionContext", "BucketKeyEnabled")
    return {name: attributes[name] for name in names if name in attributes}


def object_members(info: ObjectInfo, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return what GetObject and HeadObject say of an object, with the ``Response…`` overrides of the request."""
    members: dict[str, Any] = {
        "AcceptRanges": "bytes",
        "LastModified": info.last_modified,
        "ContentLength": info.size,
        "ETag": f'"{info.etag}"',
        "ContentType": info.content_type,
        "Metadata": dict(info.metadata),
        **info.attributes,
    }
    members.pop("SSEKMSEncryptionContext", None)
    if members.get("StorageClass") == "STANDARD":
        del members["StorageClass"]
    if info.tags:
        members["TagCount"] = len(info.tags)
    for name in STORED_HEADERS:
        if request.get(f"Response{name}") is not None:
            members[name] = request[f"Response{name}"]
    if isinstance(members.get("Expires"), str):
        members["Expires"] = _date(members["Expires"])
    return members


def _date(text: str) -> datetime | str:
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        return text  # "0" and the like: the header goes back as it came


def tags_of_header(text: str | None) -> dict[str, str]:
    """Read the x-amz-tagging header (``a=1&b=2``); raises InvalidTag or InvalidArgument."""
    if not text:
        return {}
    return check_tags([{"Key": key, "Value": value} for key, value in parse_qsl(text, keep_blank_values=True)])


def check_tags(tag_set: Iterable[Mapping[str, str]], limit: int = MAX_TAGS) -> dict[str, str]:
    """Return a TagSet as a dict; raises InvalidTag or BadRequest where S3 would."""
    tags: dict[str, str] = {}
    for tag in tag_set:
        key, value = tag["Key"], tag.get("Value", "")
        if key in tags:
            raise S3Error("InvalidTag", "Cannot provide multiple Tags with the same key", 400, {"TagKey": key})
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise S3Error(
                "InvalidTag", "The TagKey has 1 to 128 characters and the TagValue at most 256", 400, {"TagKey": key}
            )
        if not _TAG.fullmatch(key) or not _TAG.fullmatch(value):
            raise S3Error("InvalidTag", "The TagKey or TagValue you have provided is invalid", 400, {"TagKey": key})
        if key.lower().startswith("aws:"):
            raise S3Error("InvalidTag", "System tags cannot be added/updated by requester", 400, {"TagKey": key})
        tags[key] = value
    if len(tags) > limit:
        raise S3Error("BadRequest", f"Tags cannot be greater than {limit}")
    return tags


def tag_set(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as a TagSet, sorted."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def copy_source(text: str) -> tuple[str, str, str | None]:
    """Return bucket, key and version id of an x-amz-copy-source; raises InvalidArgument."""
    source, _, version = text.partition("?versionId=")
    bucket, _, key = unquote(source).lstrip("/").partition("/")
    if bucket.startswith("arn:"):
        raise not_implemented("Access points", "Give the copy source as bucket/key.")
    if not bucket or not key:
        raise invalid_argument(
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey", "x-amz-copy-source", text
        )
    return bucket, key, version or None
