"""The operations of S3 on multipart uploads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

from stepfunctions.local.s3.bodies import (
    algorithms_of,
    attributes_of,
    checksum_members,
    checksums_of,
    copy_source,
    encryption_members,
    refuse_unsupported,
    tags_of_header,
    take_body,
)
from stepfunctions.local.s3.bucket_operations import check_encoding, check_limit, owner, url_encode
from stepfunctions.local.s3.conditions import Slice, check_read, copy_slice
from stepfunctions.local.s3.contents import BLOCK
from stepfunctions.local.s3.digests import CRCS, algorithm_of
from stepfunctions.local.s3.faults import invalid_request
from stepfunctions.local.s3.listing import common_prefix
from stepfunctions.local.s3.multipart import Uploads, check_part_number
from stepfunctions.local.s3.object_operations import ObjectOperations, check_size
from stepfunctions.local.s3.records import PartInfo, UploadInfo

if TYPE_CHECKING:
    from stepfunctions.local.services import Call

Request = Mapping[str, Any]
Response = dict[str, Any]


class MultipartOperations(ObjectOperations):
    """Create, fill, complete, abort and list multipart uploads."""

    uploads: Uploads

    def create_multipart_upload(self, request: Request, _call: Call) -> Response:
        """Begin an upload."""
        refuse_unsupported(request)
        algorithm, kind = request.get("ChecksumAlgorithm"), request.get("ChecksumType")
        if algorithm is not None:
            algorithm = algorithm_of(algorithm)
            kind = kind or ("FULL_OBJECT" if algorithm == "CRC64NVME" else "COMPOSITE")
            if kind == "FULL_OBJECT" and algorithm not in CRCS:
                raise invalid_request(
                    f"The FULL_OBJECT checksum type cannot be used with the {algorithm.lower()} checksum algorithm."
                )
        elif kind is not None:
            raise invalid_request(
                "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."
            )
        attributes = attributes_of(request)
        upload = self.uploads.create(
            request["Bucket"],
            request["Key"],
            attributes=attributes,
            algorithm=algorithm,
            kind=kind,
            tags=tags_of_header(request.get("Tagging")),
        )
        checksum = {"ChecksumAlgorithm": algorithm, "ChecksumType": kind} if algorithm else {}
        return {
            "Bucket": upload.bucket,
            "Key": upload.key,
            "UploadId": upload.upload_id,
            **checksum,
            **encryption_members(attributes),
        }

    def check_upload_part(self, request: Request) -> list[str]:
        """Refuse an UploadPart that must fail before its body is received; return what to measure of the body."""
        upload = self._upload(request)
        check_size(request)
        return sorted({*algorithms_of(request), *_algorithms(upload)})

    def upload_part(self, request: Request, _call: Call) -> Response:
        """Store a part; Body is bytes or a staged file."""
        self.check_upload_part(request)
        upload = self._upload(request)
        staged = take_body(self.objects.contents, request, _algorithms(upload))
        checksums = checksums_of(request, staged.measured)
        part = self.uploads.put_part(upload, request["PartNumber"], staged, checksums)
        return {"ETag": f'"{part.etag}"', **_members(part), **encryption_members(upload.attributes)}

    def upload_part_copy(self, request: Request, _call: Call) -> Response:
        """Store a part copied from an object or a range of one."""
        upload = self._upload(request)
        bucket, key, version = copy_source(request["CopySource"])
        source, file = self.objects.open_info(bucket, key, version)
        with file:
            check_read(source, request, "CopySource")
            part = copy_slice(source.size, request.get("CopySourceRange"))
            check_size({"ContentLength": part.length})
            staging = self.objects.contents.stage(_algorithms(upload))
            try:
                staging.write(_blocks(file, part))
                staged = staging.finish()
            except BaseException:
                staging.discard()
                raise
        stored = self.uploads.put_part(upload, request["PartNumber"], staged, staged.measured.checksums)
        return {
            "CopyPartResult": {"ETag": f'"{stored.etag}"', "LastModified": stored.last_modified, **_members(stored)},
            "CopySourceVersionId": self.shown_version(source),
        }

    def complete_multipart_upload(self, request: Request, _call: Call) -> Response:
        """Join the parts into the object."""
        wanted = (request.get("MultipartUpload") or {}).get("Parts", [])
        info = self.uploads.complete(request["Bucket"], request["Key"], request["UploadId"], wanted, request)
        return {
            "Bucket": info.bucket,
            "Key": info.key,
            "ETag": f'"{info.etag}"',
            "Location": f"/{info.bucket}/{url_encode(info.key)}",
            "VersionId": self.shown_version(info),
            **checksum_members(info.checksum),
            **encryption_members(info.attributes),
        }

    def abort_multipart_upload(self, request: Request, _call: Call) -> Response:
        """Drop an upload and its parts."""
        self.uploads.abort(request["Bucket"], request["Key"], request["UploadId"])
        return {}

    def list_parts(self, request: Request, call: Call) -> Response:
        """List a page of the parts after PartNumberMarker."""
        upload = self.uploads.get(request["Bucket"], request["Key"], request["UploadId"])
        limit = check_limit(request.get("MaxParts", 1000), "max-parts")
        marker = int(request.get("PartNumberMarker") or 0)
        parts = self.uploads.parts(upload.upload_id, marker, limit + 1)
        shown = parts[:limit]
        checksum = {"ChecksumAlgorithm": upload.algorithm, "ChecksumType": upload.kind} if upload.algorithm else {}
        return {
            "Bucket": upload.bucket,
            "Key": upload.key,
            "UploadId": upload.upload_id,
            "MaxParts": limit,
            "PartNumberMarker": marker,
            "NextPartNumberMarker": shown[-1].number if shown else 0,
            "IsTruncated": len(parts) > limit,
            "Initiator": owner(call.account),
            "Owner": owner(call.account),
            "StorageClass": upload.attributes.get("StorageClass", "STANDARD"),
            **checksum,
            "Parts": [
                {
                    "PartNumber": part.number,
                    "LastModified": part.last_modified,
                    "ETag": f'"{part.etag}"',
                    "Size": part.size,
                    **_members(part),
                }
                for part in shown
            ],
        }

    def list_multipart_uploads(self, request: Request, call: Call) -> Response:
        """List a page of the uploads after KeyMarker and UploadIdMarker."""
        prefix, delimiter = request.get("Prefix", ""), request.get("Delimiter", "")
        key_marker, upload_marker = request.get("KeyMarker", ""), request.get("UploadIdMarker", "")
        limit = check_limit(request.get("MaxUploads", 1000), "max-uploads")
        encode = url_encode if check_encoding(request) else str
        names, more = _upload_page(
            self.uploads.uploads(request["Bucket"], prefix), prefix, delimiter, key_marker, upload_marker, limit
        )
        response: Response = {
            "Bucket": request["Bucket"],
            "KeyMarker": encode(key_marker),
            "UploadIdMarker": upload_marker,
            "Prefix": encode(prefix),
            "MaxUploads": limit,
            "IsTruncated": more,
            "Uploads": [
                _upload_entry(one, encode(one.key), call.account) for one in names if isinstance(one, UploadInfo)
            ],
            "CommonPrefixes": [{"Prefix": encode(one)} for one in names if isinstance(one, str)],
        }
        if delimiter:
            response["Delimiter"] = encode(delimiter)
        if "EncodingType" in request:
            response["EncodingType"] = request["EncodingType"]
        if more:
            last = names[-1]
            response["NextKeyMarker"] = encode(last if isinstance(last, str) else last.key)
            response["NextUploadIdMarker"] = "" if isinstance(last, str) else last.upload_id
        return response

    def _upload(self, request: Request) -> UploadInfo:
        refuse_unsupported(request)
        check_part_number(request["PartNumber"])
        return self.uploads.get(request["Bucket"], request["Key"], request["UploadId"])


def _upload_page(
    uploads: list[UploadInfo], prefix: str, delimiter: str, key_marker: str, upload_marker: str, limit: int
) -> tuple[list[UploadInfo | str], bool]:
    """Return uploads and common prefixes of one page in order, and whether there are more."""
    names: list[UploadInfo | str] = []
    passed = not upload_marker  # of the uploads of the marker's key, those behind the marked one are still to come
    for upload in uploads:
        group = common_prefix(upload.key, prefix, delimiter)
        if group is None and upload.key == key_marker and upload_marker:
            passed, skip = passed or upload.upload_id == upload_marker, not passed
        else:
            skip = (group or upload.key) <= key_marker and bool(key_marker)
        if skip or (group is not None and names and names[-1] == group):
            continue
        if len(names) == limit:
            return names, limit > 0
        names.append(upload if group is None else group)
    return names, False


def _upload_entry(upload: UploadInfo, key: str, account: str) -> Response:
    entry: Response = {
        "UploadId": upload.upload_id,
        "Key": key,
        "Initiated": upload.initiated,
        "Owner": owner(account),
        "Initiator": owner(account),
        "StorageClass": upload.attributes.get("StorageClass", "STANDARD"),
    }
    if upload.algorithm:
        entry.update(ChecksumAlgorithm=upload.algorithm, ChecksumType=upload.kind)
    return entry


def _algorithms(upload: UploadInfo) -> tuple[str, ...]:
    return (upload.algorithm,) if upload.algorithm else ()


def _members(part: PartInfo) -> dict[str, str]:
    return {f"Checksum{algorithm}": value for algorithm, value in part.checksums.items()}


def _blocks(file: BinaryIO, part: Slice) -> Iterator[bytes]:
    file.seek(part.start)
    left = part.length
    while left and (block := file.read(min(BLOCK, left))):
        yield block
        left -= len(block)
