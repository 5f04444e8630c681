from __future__ import annotations

import base64
import hashlib
import zlib
from typing import Any

import pytest
from botocore.exceptions import ClientError

from stepfunctions.local.cloud import Cloud
from stepfunctions.local.s3.service import S3

MB = 1024 * 1024
PART = b"p" * 5 * MB


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def crc32(data: bytes) -> str:
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


class Upload:
    """A multipart upload under test."""

    def __init__(self, client: Any, bucket: str, key: str = "k", **options: Any) -> None:
        self.client, self.place = client, {"Bucket": bucket, "Key": key}
        created = client.create_multipart_upload(**self.place, **options)
        self.place["UploadId"] = created["UploadId"]

    def part(self, number: int, body: bytes, **options: Any) -> dict[str, Any]:
        done = self.client.upload_part(**self.place, PartNumber=number, Body=body, **options)
        return {
            "PartNumber": number,
            **{name: done[name] for name in done if name == "ETag" or name in ("ChecksumCRC32", "ChecksumSHA256")},
        }

    def complete(self, *parts: dict[str, Any], **options: Any) -> Any:
        return self.client.complete_multipart_upload(**self.place, MultipartUpload={"Parts": list(parts)}, **options)


def test_parts_in_any_order_and_replaced(client: Any, bucket: str) -> None:
    upload = Upload(client, bucket, Metadata={"m": "1"}, ContentType="a/b", Tagging="t=1")
    last = upload.part(9, b"end")
    upload.part(2, b"wrong")
    first = upload.part(2, PART)
    done = upload.complete(first, last)
    expected = hashlib.md5(hashlib.md5(PART).digest() + hashlib.md5(b"end").digest()).hexdigest()
    assert done["ETag"] == f'"{expected}-2"'
    got = client.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == PART + b"end"
    assert (got["ETag"], got["Metadata"], got["ContentType"], got["TagCount"]) == (done["ETag"], {"m": "1"}, "a/b", 1)
    # A client that did not see the answer may ask again.
    assert upload.complete(first, last)["ETag"] == done["ETag"]
    assert client.get_object(Bucket=bucket, Key="k", Range="bytes=5242878-5242881")["Body"].read() == b"ppen"


def test_lists_of_parts_that_are_refused(client: Any, bucket: str) -> None:
    upload = Upload(client, bucket)
    small, big, end = upload.part(1, b"small"), upload.part(2, PART), upload.part(3, b"end")
    cases: list[tuple[list[dict[str, Any]], str]] = [
        ([end, big], "InvalidPartOrder"),
        ([big, big], "InvalidPartOrder"),
        ([small, big], "EntityTooSmall"),
        ([big, {**end, "ETag": small["ETag"]}], "InvalidPart"),
        ([{**end, "PartNumber": 8}], "InvalidPart"),
        ([{**end, "ChecksumCRC32": "AAAAAA=="}], "InvalidPart"),
        ([], "MalformedXML"),
    ]
    for parts, expected in cases:
        with pytest.raises(ClientError) as error:
            upload.complete(*parts)
        assert code(error) == expected
    for number in (0, 10001):
        with pytest.raises(ClientError) as wrong:
            upload.part(number, b"x")
        assert code(wrong) == "InvalidArgument"
    client.put_object(Bucket=bucket, Key="k", Body=b"before")
    with pytest.raises(ClientError) as condition:
        upload.complete(big, end, IfNoneMatch="*")
    assert code(condition) == "PreconditionFailed"
    with pytest.raises(ClientError) as size:
        upload.complete(big, end, MpuObjectSize=1)
    assert code(size) == "InvalidRequest"
    # Nothing of that has ended the upload or touched the object.
    assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == b"before"
    upload.complete(big, end)
    assert client.head_object(Bucket=bucket, Key="k")["ContentLength"] == 5 * MB + 3


def test_abort(client: Any, server: tuple[S3, str], bucket: str) -> None:
    upload = Upload(client, bucket)
    upload.part(1, b"x")
    part = server[0].uploads.parts(upload.place["UploadId"])[0]
    path = server[0].objects.contents.path(part.content)
    assert path.read_bytes() == b"x"
    with pytest.raises(ClientError) as full:
        client.delete_bucket(Bucket=bucket)
    assert code(full) == "BucketNotEmpty"
    client.abort_multipart_upload(**upload.place)
    assert not path.exists()
    for call in (
        lambda: upload.part(1, b"x"),
        lambda: upload.complete({"PartNumber": 1, "ETag": "x"}),
        lambda: client.abort_multipart_upload(**upload.place),
        lambda: client.list_parts(**upload.place),
    ):
        with pytest.raises(ClientError) as gone:
            call()
        assert code(gone) == "NoSuchUpload"
    client.delete_bucket(Bucket=bucket)


def test_checksums_of_the_parts_make_that_of_the_object(client: Any, bucket: str) -> None:
    upload = Upload(client, bucket, ChecksumAlgorithm="SHA256")
    parts = [upload.part(1, PART, ChecksumAlgorithm="SHA256"), upload.part(2, b"end", ChecksumAlgorithm="SHA256")]
    both = hashlib.sha256(hashlib.sha256(PART).digest() + hashlib.sha256(b"end").digest()).digest()
    done = upload.complete(*parts)
    assert (done["ChecksumSHA256"], done["ChecksumType"]) == (base64.b64encode(both).decode() + "-2", "COMPOSITE")
    head = client.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert head["ChecksumSHA256"] == done["ChecksumSHA256"]


def test_a_full_object_checksum_is_combined_from_the_parts(client: Any, bucket: str) -> None:
    upload = Upload(client, bucket, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    parts = [upload.part(1, PART), upload.part(2, b"end")]
    with pytest.raises(ClientError) as wrong:
        upload.complete(*parts, ChecksumCRC32="AAAAAA==", ChecksumType="FULL_OBJECT")
    assert code(wrong) == "BadDigest"
    done = upload.complete(*parts, ChecksumCRC32=crc32(PART + b"end"), ChecksumType="FULL_OBJECT")
    assert (done["ChecksumCRC32"], done["ChecksumType"]) == (crc32(PART + b"end"), "FULL_OBJECT")
    got = client.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got["Body"].read() == PART + b"end"  # verified by botocore
    with pytest.raises(ClientError) as kind:
        Upload(client, bucket, ChecksumAlgorithm="SHA256", ChecksumType="FULL_OBJECT")
    assert code(kind) == "InvalidRequest"


def test_copied_parts(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="source", Body=PART + b"0123456789")
    upload = Upload(client, bucket)
    source = {"Bucket": bucket, "Key": "source"}
    etags = []
    for number, text in [(1, f"bytes=0-{5 * MB - 1}"), (2, "bytes=5242883-5242885")]:
        done = client.upload_part_copy(**upload.place, PartNumber=number, CopySource=source, CopySourceRange=text)
        etags.append(done["CopyPartResult"]["ETag"])
    upload.complete(*({"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)))
    assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == PART + b"345"
    again = Upload(client, bucket)
    for text in ("bytes=0-99999999", "bytes=5-", "nonsense"):
        with pytest.raises(ClientError) as outside:
            client.upload_part_copy(**again.place, PartNumber=1, CopySource=source, CopySourceRange=text)
        assert code(outside) == "InvalidArgument"


def test_list_parts(client: Any, bucket: str) -> None:
    upload = Upload(client, bucket, ChecksumAlgorithm="CRC32")
    parts = [upload.part(number, bytes([number]) * number) for number in (1, 3, 5, 7, 9)]
    pages = list(client.get_paginator("list_parts").paginate(**upload.place, PaginationConfig={"PageSize": 2}))
    assert [len(page["Parts"]) for page in pages] == [2, 2, 1]
    listed = [part for page in pages for part in page["Parts"]]
    assert [(part["PartNumber"], part["Size"], part["ETag"], part["ChecksumCRC32"]) for part in listed] == [
        (part["PartNumber"], part["PartNumber"], part["ETag"], part["ChecksumCRC32"]) for part in parts
    ]
    assert (pages[0]["ChecksumAlgorithm"], pages[0]["ChecksumType"]) == ("CRC32", "COMPOSITE")


def test_list_uploads(client: Any, bucket: str) -> None:
    uploads = [Upload(client, bucket, key) for key in ("a/1", "a/2", "b +é", "b +é", "b +é", "c/1", "d")]
    ids = {upload.place["UploadId"] for upload in uploads}
    for size in (1, 2, 3, 100):
        pages = list(
            client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, PaginationConfig={"PageSize": size})
        )
        listed = [one for page in pages for one in page.get("Uploads", [])]
        assert [one["Key"] for one in listed] == ["a/1", "a/2", "b +é", "b +é", "b +é", "c/1", "d"]
        assert {one["UploadId"] for one in listed} == ids
        pages = list(
            client.get_paginator("list_multipart_uploads").paginate(
                Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": size}
            )
        )
        assert [one["Prefix"] for page in pages for one in page.get("CommonPrefixes", [])] == ["a/", "c/"]
        assert len([one for page in pages for one in page.get("Uploads", [])]) == 4
    only = client.list_multipart_uploads(Bucket=bucket, Prefix="b")
    assert len(only["Uploads"]) == 3


def test_in_process(cloud: Cloud, s3: S3) -> None:
    place = {"Bucket": "data", "Key": "k"}
    upload = cloud.call("s3", "CreateMultipartUpload", place)["UploadId"]
    part = cloud.call("s3", "UploadPart", {**place, "UploadId": upload, "PartNumber": 1, "Body": b"all"})
    cloud.call(
        "s3",
        "CompleteMultipartUpload",
        {**place, "UploadId": upload, "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}},
    )
    info = s3.objects.head("data", "k")
    assert (info.size, info.parts, info.etag) == (3, (3,), hashlib.md5(hashlib.md5(b"all").digest()).hexdigest() + "-1")
