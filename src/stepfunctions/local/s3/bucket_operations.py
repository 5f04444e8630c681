"""The operations of S3 on buckets, and the listings."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from stepfunctions.local.s3.bodies import check_tags, tag_set
from stepfunctions.local.s3.buckets import DEFAULT_REGION, region_of
from stepfunctions.local.s3.faults import S3Error, invalid_argument, not_implemented
from stepfunctions.local.s3.listing import Page, list_versions
from stepfunctions.local.s3.objects import Objects
from stepfunctions.local.s3.records import ObjectInfo
from stepfunctions.local.s3.versions import ENABLED, SUSPENDED, number_of

if TYPE_CHECKING:
    from stepfunctions.local.services import Call

Request = Mapping[str, Any]
Response = dict[str, Any]
MAX_KEYS = 1000


class BucketOperations:
    """Create, describe, list and delete buckets; list objects."""

    objects: Objects

    def create_bucket(self, request: Request, call: Call) -> Response:
        """Make a bucket in the Region of its LocationConstraint."""
        if request.get("ObjectLockEnabledForBucket"):
            raise not_implemented("Object Lock", "Leave out ObjectLockEnabledForBucket.")
        constraint = (request.get("CreateBucketConfiguration") or {}).get("LocationConstraint")
        self.objects.buckets.create(request["Bucket"], region_of(constraint, call.region))
        return {"Location": f"/{request['Bucket']}"}

    def head_bucket(self, request: Request, _call: Call) -> Response:
        """Say that a bucket exists, and its Region."""
        return {"BucketRegion": self.objects.buckets.get(request["Bucket"]).region, "AccessPointAlias": False}

    def delete_bucket(self, request: Request, _call: Call) -> Response:
        """Delete an empty bucket."""
        self.objects.buckets.delete(request["Bucket"])
        return {}

    def list_buckets(self, request: Request, call: Call) -> Response:
        """List buckets by name, in pages if MaxBuckets is given."""
        prefix, region = request.get("Prefix", ""), request.get("BucketRegion")
        after = decode_token(request.get("ContinuationToken"))
        limit = request.get("MaxBuckets", 10_000)
        found = [
            bucket
            for bucket in self.objects.buckets.list()
            if bucket.name.startswith(prefix) and bucket.name > after and region in (None, bucket.region)
        ]
        response: Response = {
            "Buckets": [
                {"Name": bucket.name, "CreationDate": bucket.created, "BucketRegion": bucket.region}
                for bucket in found[:limit]
            ],
            "Owner": owner(call.account),
        }
        if prefix:
            response["Prefix"] = prefix
        if len(found) > limit:
            response["ContinuationToken"] = encode_token(found[limit - 1].name)
        return response

    def get_bucket_location(self, request: Request, _call: Call) -> Response:
        """Return the Region, which is null for us-east-1."""
        region = self.objects.buckets.get(request["Bucket"]).region
        return {"LocationConstraint": None if region == DEFAULT_REGION else region}

    def get_bucket_versioning(self, request: Request, _call: Call) -> Response:
        """Return Enabled or Suspended, nothing when versioning was never enabled."""
        status = self.objects.buckets.get(request["Bucket"]).versioning
        return {"Status": status} if status else {}

    def put_bucket_versioning(self, request: Request, _call: Call) -> Response:
        """Let the bucket keep versions of its objects, or stop to."""
        wanted = request["VersioningConfiguration"]
        if request.get("MFA") is not None or wanted.get("MFADelete", "Disabled") != "Disabled":
            raise not_implemented("MFA delete", "Leave out MFADelete.")
        if wanted.get("Status") not in (ENABLED, SUSPENDED):
            raise S3Error(
                "IllegalVersioningConfigurationException",
                "The Versioning element must be specified: Status is Enabled or Suspended.",
            )
        self.objects.buckets.set_versioning(request["Bucket"], wanted["Status"])
        return {}

    def get_bucket_acl(self, request: Request, call: Call) -> Response:
        """Return that the owner has full control."""
        self.objects.buckets.get(request["Bucket"])
        return access_control(call.account)

    def get_bucket_tagging(self, request: Request, _call: Call) -> Response:
        """Return the tags; a bucket without any raises NoSuchTagSet, as on AWS."""
        tags = self.objects.buckets.get(request["Bucket"]).tags
        if not tags:
            raise self._absent(request, "NoSuchTagSet", "The TagSet does not exist")
        return {"TagSet": tag_set(tags)}

    def put_bucket_tagging(self, request: Request, _call: Call) -> Response:
        """Replace the tags."""
        self.objects.buckets.set_tags(request["Bucket"], check_tags(request["Tagging"]["TagSet"], limit=50))
        return {}

    def delete_bucket_tagging(self, request: Request, _call: Call) -> Response:
        """Remove the tags."""
        self.objects.buckets.set_tags(request["Bucket"], {})
        return {}

    def list_objects(self, request: Request, call: Call) -> Response:
        """List a page of objects after Marker."""
        page, response = self._page(request, request.get("Marker", ""))
        encode = _encoder(request)
        response["Marker"] = encode(request.get("Marker", ""))
        if page.truncated and page.last is not None and request.get("Delimiter"):
            response["NextMarker"] = encode(page.last)
        response["Contents"] = [{**one, "Owner": owner(call.account)} for one in response["Contents"]]
        return response

    def list_objects_v2(self, request: Request, call: Call) -> Response:
        """List a page of objects after ContinuationToken or StartAfter."""
        token = request.get("ContinuationToken")
        if token == "":
            raise invalid_argument("The continuation token provided is incorrect", "continuation-token", token)
        after = decode_token(token) or request.get("StartAfter", "")
        page, response = self._page(request, after)
        response["KeyCount"] = len(page.objects) + len(page.prefixes)
        if token is not None:
            response["ContinuationToken"] = token
        if "StartAfter" in request:
            response["StartAfter"] = _encoder(request)(request["StartAfter"])
        if page.truncated and page.last is not None:
            response["NextContinuationToken"] = encode_token(page.last)
        if request.get("FetchOwner"):
            response["Contents"] = [{**one, "Owner": owner(call.account)} for one in response["Contents"]]
        return response

    def list_object_versions(self, request: Request, call: Call) -> Response:
        """List a page of the versions and delete markers after KeyMarker and VersionIdMarker, newest first."""
        bucket, marker = request["Bucket"], request.get("KeyMarker", "")
        version = request.get("VersionIdMarker", "")
        if version and not marker:
            raise invalid_argument(
                "A version-id marker cannot be specified without a key marker.", "version-id-marker", version
            )
        self.objects.buckets.get(bucket)
        reader = self.objects.database.read()
        page = list_versions(
            reader,
            bucket,
            prefix=request.get("Prefix", ""),
            delimiter=request.get("Delimiter", ""),
            after=marker,
            after_number=number_of(reader, bucket, marker, version) if version else None,
            limit=check_limit(request.get("MaxKeys", MAX_KEYS), "max-keys"),
        )
        encode = _encoder(request)
        response = _listed(request, page.prefixes, page.truncated)
        response["Versions"] = [
            {**_entry(info, encode(info.key)), **_version_entry(info, latest, call)}
            for info, latest in page.versions
            if not info.is_marker
        ]
        response["DeleteMarkers"] = [
            {"Key": encode(info.key), "LastModified": info.last_modified, **_version_entry(info, latest, call)}
            for info, latest in page.versions
            if info.is_marker
        ]
        response["KeyMarker"] = encode(marker)
        response["VersionIdMarker"] = version
        if page.truncated and page.last is not None:
            response["NextKeyMarker"] = encode(page.last[0])
            response["NextVersionIdMarker"] = page.last[1]
        return response

    def _page(self, request: Request, after: str) -> tuple[Page, Response]:
        """Return a page, and the members that all listings have in common."""
        prefix, delimiter = request.get("Prefix", ""), request.get("Delimiter", "")
        limit = check_limit(request.get("MaxKeys", MAX_KEYS), "max-keys")
        encode = _encoder(request)
        page = self.objects.page(request["Bucket"], prefix=prefix, delimiter=delimiter, after=after, limit=limit)
        response = _listed(request, page.prefixes, page.truncated)
        response["Contents"] = [_entry(info, encode(info.key)) for info in page.objects]
        return page, response

    def _absent(self, request: Request, code: str, message: str) -> S3Error:
        self.objects.buckets.get(request["Bucket"])
        return S3Error(code, message, 404, {"BucketName": request["Bucket"]})


def owner(account: str) -> dict[str, str]:
    """Return the one owner of everything: a canonical user id derived from the account."""
    return {"ID": hashlib.sha256(f"local canonical user of {account}".encode()).hexdigest()}


def access_control(account: str) -> Response:
    """Return the ACL of a bucket or object whose owner has full control."""
    grantee = {**owner(account), "Type": "CanonicalUser"}
    return {"Owner": owner(account), "Grants": [{"Grantee": grantee, "Permission": "FULL_CONTROL"}]}


def check_limit(value: int, name: str) -> int:
    """Return how many names a page has: what was asked for, at most 1,000; raises InvalidArgument when negative."""
    if not 0 <= value <= 2**31 - 1:
        raise invalid_argument(f"Argument {name} must be an integer between 0 and 2147483647", name, str(value))
    return min(value, MAX_KEYS)


def encode_token(name: str) -> str:
    """Return a continuation token for the names after this one."""
    return base64.urlsafe_b64encode(name.encode()).decode()


def decode_token(token: str | None) -> str:
    """Return the name a continuation token stands for, "" for none; raises InvalidArgument."""
    try:
        return base64.b64decode(token or "", altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise invalid_argument(
            "The continuation token provided is incorrect", "continuation-token", str(token)
        ) from None


def url_encode(text: str) -> str:
    """Encode a name as ``encoding-type=url`` does."""
    return quote_plus(text, safe="/*")


def _encoder(request: Request) -> Any:
    return url_encode if check_encoding(request) else str


def check_encoding(request: Request) -> bool:
    """Tell whether names are to be URL-encoded; raises InvalidArgument for an unknown encoding."""
    encoding = request.get("EncodingType")
    if encoding not in (None, "url"):
        raise invalid_argument("Invalid Encoding Method specified in Request", "encoding-type", str(encoding))
    return encoding == "url"


def _listed(request: Request, prefixes: Iterable[str], truncated: bool) -> Response:
    encode, delimiter = _encoder(request), request.get("Delimiter", "")
    response: Response = {
        "Name": request["Bucket"],
        "Prefix": encode(request.get("Prefix", "")),
        "MaxKeys": check_limit(request.get("MaxKeys", MAX_KEYS), "max-keys"),
        "IsTruncated": truncated,
        "CommonPrefixes": [{"Prefix": encode(name)} for name in prefixes],
    }
    if delimiter:
        response["Delimiter"] = encode(delimiter)
    if "EncodingType" in request:
        response["EncodingType"] = request["EncodingType"]
    return response


def _version_entry(info: ObjectInfo, latest: bool, call: Call) -> Response:
    return {"VersionId": info.version, "IsLatest": latest, "Owner": owner(call.account)}


def _entry(info: ObjectInfo, key: str) -> Response:
    entry: Response = {
        "Key": key,
        "LastModified": info.last_modified,
        "ETag": f'"{info.etag}"',
        "Size": info.size,
        "StorageClass": info.attributes.get("StorageClass", "STANDARD"),
    }
    if info.checksum is not None:
        entry["ChecksumAlgorithm"] = [info.checksum.algorithm]
        entry["ChecksumType"] = info.checksum.kind
    return entry
