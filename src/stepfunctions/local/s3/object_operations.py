"""The operations of S3 on objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

from stepfunctions.errors import ServiceError
from stepfunctions.local.s3.bodies import (
    algorithms_of,
    attributes_of,
    check_tags,
    checksum_members,
    copy_source,
    encryption_members,
    object_members,
    one_checksum,
    refuse_unsupported,
    tag_set,
    tags_of_header,
    take_body,
)
from stepfunctions.local.s3.bucket_operations import access_control
from stepfunctions.local.s3.conditions import Slice, check_read, choose_slice
from stepfunctions.local.s3.faults import S3Error, invalid_argument, invalid_request, malformed_xml
from stepfunctions.local.s3.objects import Objects
from stepfunctions.local.s3.records import NULL_VERSION, ObjectInfo
from stepfunctions.local.s3.versions import Deletion

if TYPE_CHECKING:
    from stepfunctions.local.services import Call

Request = Mapping[str, Any]
Response = dict[str, Any]
MAX_OBJECT_BYTES = 5 * 1024**3
"""The largest body of one PutObject, one UploadPart and one CopyObject."""


class ObjectOperations:
    """Put, get, head, copy, delete; tags."""

    objects: Objects

    def check_put_object(self, request: Request) -> list[str]:
        """Refuse a PutObject that must fail before its body is received; return what to measure of the body."""
        refuse_unsupported(request)
        check_size(request)
        tags_of_header(request.get("Tagging"))
        self.objects.check_put(request["Bucket"], request["Key"], request)
        return algorithms_of(request)

    def put_object(self, request: Request, _call: Call) -> Response:
        """Store an object; Body is bytes or a staged file."""
        self.check_put_object(request)
        attributes, tags = attributes_of(request), tags_of_header(request.get("Tagging"))
        staged = take_body(self.objects.contents, request)
        try:
            checksum = one_checksum(request, staged.measured)
        except BaseException:
            staged.discard()
            raise
        info = self.objects.put(
            request["Bucket"],
            request["Key"],
            staged,
            attributes=attributes,
            checksum=checksum,
            tags=tags,
            request=request,
        )
        return {
            "ETag": f'"{info.etag}"',
            "VersionId": self.shown_version(info),
            **checksum_members(checksum),
            **encryption_members(attributes),
        }

    def get_object(self, request: Request, _call: Call) -> Response:
        """Return an object; Body is its bytes. For large objects use ``objects.open``."""
        response, file, part = self.open_object(request)
        with file:
            file.seek(part.start)
            response["Body"] = file.read(part.length) if part.length else b""
        return response

    def open_object(self, request: Request) -> tuple[Response, BinaryIO, Slice]:
        """Return GetObject's response without the Body, the open content, and which bytes of it are the Body."""
        refuse_unsupported(request)
        info, file = self.objects.open_info(request["Bucket"], request["Key"], request.get("VersionId"))
        try:
            response, part = self._describe(info, request)
        except BaseException:
            file.close()
            raise
        return response, file, part

    def head_object(self, request: Request, _call: Call) -> Response:
        """Return what GetObject would say, without the Body."""
        refuse_unsupported(request)
        return self._describe(self._head(request), request)[0]

    def delete_object(self, request: Request, _call: Call) -> Response:
        """Delete an object, or one version of it; one that is not there is deleted too."""
        refuse_unsupported(request)
        version = request.get("VersionId")
        return _deleted(self.objects.delete(request["Bucket"], request["Key"], request, version), version)

    def delete_objects(self, request: Request, _call: Call) -> Response:
        """Delete up to 1,000 objects; each succeeds or fails by itself."""
        wanted = request["Delete"]["Objects"]
        if not 1 <= len(wanted) <= 1000:
            raise malformed_xml("a Delete lists 1 to 1000 objects")
        self.objects.buckets.get(request["Bucket"])
        deleted, errors = [], []
        for one in wanted:
            name = {member: one[member] for member in ("Key", "VersionId") if member in one}
            try:
                refuse_unsupported(one)
                condition = {**name, "IfMatch": one.get("ETag")}
                version = one.get("VersionId")
                done = _deleted(self.objects.delete(request["Bucket"], one["Key"], condition, version), version)
            except ServiceError as error:
                errors.append({**name, "Code": error.code, "Message": error.message})
            else:
                marker = {"DeleteMarkerVersionId": done["VersionId"]} if done.get("DeleteMarker") else {}
                deleted.append({**done, **marker, **name} if version else {**_without_id(done), **marker, **name})
        quiet = request["Delete"].get("Quiet", False)
        return {**({} if quiet else {"Deleted": deleted}), "Errors": errors}

    def copy_object(self, request: Request, _call: Call) -> Response:
        """Copy an object here, with its own headers and tags or with new ones."""
        refuse_unsupported(request)
        bucket, key, version = copy_source(request["CopySource"])
        source = self.objects.head(bucket, key, version)
        check_read(source, request, "CopySource")
        check_size({"ContentLength": source.size})
        attributes = _copied_attributes(source, request)
        directive = _directive(request, "TaggingDirective")
        tags = tags_of_header(request.get("Tagging")) if directive == "REPLACE" else source.tags
        etag, checksum = self.objects.remeasure(source, next(iter(algorithms_of(request)), None))
        info = self.objects.copy(
            source,
            request["Bucket"],
            request["Key"],
            etag=etag,
            attributes=attributes,
            tags=tags,
            checksum=checksum,
            request=request,
        )
        result = {"ETag": f'"{info.etag}"', "LastModified": info.last_modified, **checksum_members(checksum)}
        return {
            "CopyObjectResult": result,
            "CopySourceVersionId": self.shown_version(source),
            "VersionId": self.shown_version(info),
            **encryption_members(attributes),
        }

    def get_object_attributes(self, request: Request, _call: Call) -> Response:
        """Return the attributes asked for by name."""
        refuse_unsupported(request)
        info = self._head(request)
        response: Response = {"LastModified": info.last_modified, "VersionId": self.shown_version(info)}
        wanted = set(request["ObjectAttributes"])
        if "ETag" in wanted:
            response["ETag"] = info.etag
        if "ObjectSize" in wanted:
            response["ObjectSize"] = info.size
        if "StorageClass" in wanted:
            response["StorageClass"] = info.attributes.get("StorageClass", "STANDARD")
        if "Checksum" in wanted and info.checksum is not None:
            response["Checksum"] = checksum_members(info.checksum)
        if "ObjectParts" in wanted and info.parts:
            response["ObjectParts"] = {"TotalPartsCount": len(info.parts)}
        return response

    def get_object_acl(self, request: Request, call: Call) -> Response:
        """Return that the owner has full control."""
        self._head(request)
        return access_control(call.account)

    def get_object_tagging(self, request: Request, _call: Call) -> Response:
        """Return the tags of an object."""
        info = self._head(request)
        return {"TagSet": tag_set(info.tags), "VersionId": self.shown_version(info)}

    def put_object_tagging(self, request: Request, _call: Call) -> Response:
        """Replace the tags of an object."""
        return self._set_tags(request, check_tags(request["Tagging"]["TagSet"]))

    def delete_object_tagging(self, request: Request, _call: Call) -> Response:
        """Remove the tags of an object."""
        return self._set_tags(request, {})

    def shown_version(self, info: ObjectInfo) -> str | None:
        """Return the version id that an answer names: none in a bucket that never had versions."""
        if info.version != NULL_VERSION or self.objects.buckets.get(info.bucket).versioning:
            return info.version
        return None

    def _head(self, request: Request) -> ObjectInfo:
        return self.objects.head(request["Bucket"], request["Key"], request.get("VersionId"))

    def _set_tags(self, request: Request, tags: Mapping[str, str]) -> Response:
        info = self.objects.set_tags(request["Bucket"], request["Key"], tags, request.get("VersionId"))
        return {"VersionId": self.shown_version(info)}

    def _describe(self, info: ObjectInfo, request: Request) -> tuple[Response, Slice]:
        check_read(info, request)
        number = request.get("PartNumber")
        part = choose_slice(info, request.get("Range"), number)
        response = {**object_members(info, request), "VersionId": self.shown_version(info)}
        if number is not None and info.parts:
            response["PartsCount"] = len(info.parts)
        if request.get("ChecksumMode") == "ENABLED" and (part is None or part.length == info.size):
            response.update(checksum_members(info.checksum))
        if part is None:
            return response, Slice(0, info.size)
        response["ContentLength"] = part.length
        if part.length:
            response["ContentRange"] = f"bytes {part.start}-{part.start + part.length - 1}/{info.size}"
        return response, part


def _deleted(done: Deletion, version: str | None) -> Response:
    """Return what a delete says: the marker it made, or the version it removed."""
    if done.marker is not None:
        return {"DeleteMarker": True, "VersionId": done.marker.version}
    if version is None:
        return {}
    marker = {"DeleteMarker": True} if done.gone is not None and done.gone.is_marker else {}
    return {**marker, "VersionId": version}


def _without_id(response: Response) -> Response:
    return {name: value for name, value in response.items() if name != "VersionId"}


def check_size(request: Request) -> None:
    """Raise EntityTooLarge for a body or source of more than 5 GiB."""
    size = request.get("ContentLength", 0)
    if size > MAX_OBJECT_BYTES:
        raise S3Error(
            "EntityTooLarge",
            "Your proposed upload exceeds the maximum allowed size",
            400,
            {"ProposedSize": str(size), "MaxSizeAllowed": str(MAX_OBJECT_BYTES)},
        )


def _copied_attributes(source: ObjectInfo, request: Request) -> dict[str, Any]:
    directive = _directive(request, "MetadataDirective")
    given = attributes_of(request)
    own = ("StorageClass", "ServerSideEncryption", "SSEKMSKeyId", "WebsiteRedirectLocation")
    to_itself = (source.bucket, source.key) == (request["Bucket"], request["Key"])
    if (
        to_itself
        and "?versionId=" not in request["CopySource"]
        and directive == "COPY"
        and not any(name in given for name in own)
    ):
        raise invalid_request(
            "This copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes."
        )
    if directive == "REPLACE":
        return given
    kept = {name: value for name, value in source.attributes.items() if name not in own}
    return {**kept, **{name: given[name] for name in own if name in given}}


def _directive(request: Request, name: str) -> str:
    directive: str = request.get(name, "COPY")
    if directive not in ("COPY", "REPLACE"):
        raise invalid_argument(f"Unknown {name}: use COPY or REPLACE.", name, directive)
    return directive
