from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from stepfunctions.local.s3.service import S3

MB = 1024 * 1024
Make = Callable[..., Any]


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def status(error: pytest.ExceptionInfo[ClientError]) -> int:
    return int(error.value.response["ResponseMetadata"]["HTTPStatusCode"])


def test_an_object_comes_back_with_its_headers_and_metadata(client: Any, bucket: str) -> None:
    expires = datetime(2031, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    put = client.put_object(
        Bucket=bucket,
        Key="a/b.csv",
        Body=b"x,y\n1,2\n",
        ContentType="text/csv",
        CacheControl="no-cache",
        ContentEncoding="identity",
        ContentLanguage="en",
        ContentDisposition="attachment",
        Expires=expires,
        Metadata={"Owner": "me", "run-id": "7"},
        Tagging="team=ml&stage=dev",
    )
    assert put["ETag"] == f'"{hashlib.md5(b"x,y" + bytes([10]) + b"1,2" + bytes([10])).hexdigest()}"'
    got = client.get_object(Bucket=bucket, Key="a/b.csv")
    assert got["Body"].read() == b"x,y\n1,2\n"
    assert got["ETag"] == put["ETag"]
    for name, value in {
        "ContentType": "text/csv",
        "CacheControl": "no-cache",
        "ContentEncoding": "identity",
        "ContentLanguage": "en",
        "ContentDisposition": "attachment",
        "Metadata": {"owner": "me", "run-id": "7"},
        "ContentLength": 8,
        "AcceptRanges": "bytes",
        "TagCount": 2,
    }.items():
        assert got[name] == value
    assert got["ExpiresString"] == "Thu, 02 Jan 2031 03:04:05 GMT"
    assert abs(got["LastModified"] - datetime.now(timezone.utc)) < timedelta(minutes=1)
    head = client.head_object(Bucket=bucket, Key="a/b.csv")
    assert got["ChecksumCRC32"]  # boto3 sends one by itself, and asks for it when it reads
    for more in ("Body", "ResponseMetadata", "ChecksumCRC32", "ChecksumType"):
        got.pop(more, None)
        head.pop(more, None)
    assert head == got


def test_defaults_of_an_object(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="empty")
    head = client.head_object(Bucket=bucket, Key="empty")
    assert (head["ContentLength"], head["ContentType"], head["Metadata"]) == (0, "binary/octet-stream", {})
    assert head["ETag"] == '"d41d8cd98f00b204e9800998ecf8427e"'
    assert client.get_object(Bucket=bucket, Key="empty")["Body"].read() == b""


def test_response_overrides(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="k", Body=b"1", ContentType="text/plain")
    got = client.get_object(
        Bucket=bucket,
        Key="k",
        ResponseContentType="text/csv",
        ResponseContentDisposition='attachment; filename="ü.csv"',
        ResponseCacheControl="no-store",
    )
    assert (got["ContentType"], got["CacheControl"]) == ("text/csv", "no-store")
    assert got["ContentDisposition"].startswith("attachment")
    got["Body"].close()


def test_what_is_not_there(client: Any, bucket: str) -> None:
    with pytest.raises(client.exceptions.NoSuchKey) as error:
        client.get_object(Bucket=bucket, Key="nothing/here")
    assert error.value.response["Error"]["Key"] == "nothing/here"
    with pytest.raises(ClientError) as head:
        client.head_object(Bucket=bucket, Key="nothing")
    assert (code(head), status(head)) == ("404", 404)
    with pytest.raises(client.exceptions.NoSuchBucket):
        client.list_objects_v2(Bucket="no-such-bucket-at-all")
    with pytest.raises(client.exceptions.NoSuchBucket):
        client.put_object(Bucket="no-such-bucket-at-all", Key="k", Body=b"x" * 3 * MB)
    with pytest.raises(ClientError) as missing:
        client.head_bucket(Bucket="no-such-bucket-at-all")
    assert code(missing) == "404"
    client.delete_object(Bucket=bucket, Key="nothing")


def test_buckets(client: Any, make_client: Make, bucket: str) -> None:
    assert client.create_bucket(Bucket=bucket)["Location"] == f"/{bucket}"  # us-east-1: again is no error
    assert client.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
    assert bucket in [one["Name"] for one in client.list_buckets()["Buckets"]]
    elsewhere = f"{bucket}-eu"[-63:].lstrip("-")
    europe = make_client("eu-west-1")
    europe.create_bucket(Bucket=elsewhere, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert europe.get_bucket_location(Bucket=elsewhere)["LocationConstraint"] == "eu-west-1"
    assert europe.head_bucket(Bucket=elsewhere)["BucketRegion"] == "eu-west-1"
    with pytest.raises(europe.exceptions.BucketAlreadyOwnedByYou):
        europe.create_bucket(Bucket=elsewhere, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    with pytest.raises(ClientError) as unspecified:
        europe.create_bucket(Bucket=f"{elsewhere}-2")
    assert code(unspecified) == "IllegalLocationConstraintException"
    europe.close()
    client.put_object(Bucket=bucket, Key="k", Body=b"")
    with pytest.raises(ClientError) as full:
        client.delete_bucket(Bucket=bucket)
    assert (code(full), status(full)) == ("BucketNotEmpty", 409)
    client.delete_object(Bucket=bucket, Key="k")
    client.delete_bucket(Bucket=bucket)
    with pytest.raises(ClientError) as gone:
        client.head_bucket(Bucket=bucket)
    assert code(gone) == "404"


def test_buckets_are_listed_in_pages(client: Any, bucket: str) -> None:
    names = [f"page-{bucket}"[:60] + f"-{number}" for number in range(3)]
    for name in names:
        client.create_bucket(Bucket=name)
    pages = client.get_paginator("list_buckets").paginate(Prefix=names[0][:-1], PaginationConfig={"PageSize": 2})
    assert [[one["Name"] for one in page["Buckets"]] for page in pages] == [names[:2], names[2:]]


@pytest.mark.parametrize("name", ["ab", "Big-Bucket", "a..b", "1.2.3.4", "-ab", "ab_c", "xn--abc", "x" * 64])
def test_bucket_names(raw: Any, name: str) -> None:
    status, _, body = raw("PUT", f"/{name}")
    assert status == 400
    assert b"<Code>InvalidBucketName</Code>" in body


def test_versioning_and_other_questions_that_clients_ask(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="k", Body=b"1")
    assert "Status" not in client.get_bucket_versioning(Bucket=bucket)
    grant = client.get_bucket_acl(Bucket=bucket)["Grants"][0]
    assert (grant["Permission"], grant["Grantee"]["Type"]) == ("FULL_CONTROL", "CanonicalUser")
    assert client.get_object_acl(Bucket=bucket, Key="k")["Owner"] == client.list_buckets()["Owner"]
    for call, expected in [
        (client.get_bucket_policy, "NoSuchBucketPolicy"),
        (client.get_bucket_tagging, "NoSuchTagSet"),
        (client.get_bucket_cors, "NoSuchCORSConfiguration"),
        (client.get_bucket_lifecycle_configuration, "NoSuchLifecycleConfiguration"),
        (client.get_bucket_encryption, "ServerSideEncryptionConfigurationNotFoundError"),
        (client.get_public_access_block, "NoSuchPublicAccessBlockConfiguration"),
    ]:
        with pytest.raises(ClientError) as absent:
            call(Bucket=bucket)
        assert code(absent) == expected
    client.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "team", "Value": "ml"}]})
    assert client.get_bucket_tagging(Bucket=bucket)["TagSet"] == [{"Key": "team", "Value": "ml"}]
    versions = client.list_object_versions(Bucket=bucket)["Versions"]
    assert [(one["Key"], one["VersionId"], one["IsLatest"]) for one in versions] == [("k", "null", True)]


def test_what_is_not_supported_says_what_is(client: Any, bucket: str) -> None:
    with pytest.raises(ClientError) as website:
        client.put_bucket_website(Bucket=bucket, WebsiteConfiguration={"IndexDocument": {"Suffix": "i.html"}})
    assert (code(website), status(website)) == ("NotImplemented", 501)
    assert "PutBucketWebsite" in str(website.value)
    assert "PutObject" in str(website.value)
    with pytest.raises(ClientError) as mfa:
        client.put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration={"Status": "Enabled", "MFADelete": "Enabled"}
        )
    assert code(mfa) == "NotImplemented"
    with pytest.raises(ClientError) as lock:
        client.put_object(
            Bucket=bucket,
            Key="k",
            Body=b"1",
            ObjectLockMode="GOVERNANCE",
            ObjectLockRetainUntilDate=datetime(2030, 1, 1, tzinfo=timezone.utc),
        )
    assert code(lock) == "NotImplemented"


def test_delete_many(client: Any, bucket: str) -> None:
    keys = [f"k{number} +é&<>" for number in range(10)]
    for key in keys:
        client.put_object(Bucket=bucket, Key=key, Body=b"1")
    done = client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in [*keys[:5], "never"]]})
    assert [one["Key"] for one in done["Deleted"]] == [*keys[:5], "never"]
    quiet = client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys[5:]], "Quiet": True})
    assert "Deleted" not in quiet
    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    with pytest.raises(ClientError) as nothing:
        client.delete_objects(Bucket=bucket, Delete={"Objects": []})
    assert code(nothing) == "MalformedXML"


def test_copies(client: Any, bucket: str) -> None:
    source = {"Bucket": bucket, "Key": "from/ü +%.txt"}
    client.put_object(**source, Body=b"bytes", ContentType="text/plain", Metadata={"a": "1"}, Tagging="t=1")
    copied = client.copy_object(Bucket=bucket, Key="to", CopySource=source)
    assert copied["CopyObjectResult"]["ETag"] == client.head_object(**source)["ETag"]
    got = client.get_object(Bucket=bucket, Key="to")
    assert (got["Body"].read(), got["ContentType"], got["Metadata"], got["TagCount"]) == (
        b"bytes",
        "text/plain",
        {"a": "1"},
        1,
    )
    client.copy_object(
        Bucket=bucket,
        Key="new",
        CopySource=source,
        MetadataDirective="REPLACE",
        ContentType="text/csv",
        TaggingDirective="REPLACE",
        Tagging="t=2&u=3",
    )
    head = client.head_object(Bucket=bucket, Key="new")
    assert (head["ContentType"], head["Metadata"], head["TagCount"]) == ("text/csv", {}, 2)
    client.delete_object(**source)
    assert client.get_object(Bucket=bucket, Key="new")["Body"].read() == b"bytes"
    with pytest.raises(ClientError) as itself:
        client.copy_object(Bucket=bucket, Key="to", CopySource={"Bucket": bucket, "Key": "to"})
    assert code(itself) == "InvalidRequest"
    client.copy_object(
        Bucket=bucket,
        Key="to",
        CopySource={"Bucket": bucket, "Key": "to"},
        MetadataDirective="REPLACE",
        Metadata={"b": "2"},
    )
    assert client.head_object(Bucket=bucket, Key="to")["Metadata"] == {"b": "2"}
    with pytest.raises(ClientError) as missing:
        client.copy_object(Bucket=bucket, Key="x", CopySource=source)
    assert code(missing) == "NoSuchKey"
    with pytest.raises(ClientError) as condition:
        client.copy_object(
            Bucket=bucket,
            Key="x",
            CopySource={"Bucket": bucket, "Key": "to"},
            CopySourceIfMatch='"00000000000000000000000000000000"',
        )
    assert code(condition) == "PreconditionFailed"


def test_tags_of_an_object(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="k", Body=b"", Tagging="a=1")
    assert client.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "a", "Value": "1"}]
    tag_set = [{"Key": "b c", "Value": "é"}, {"Key": "d", "Value": ""}]
    client.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": tag_set})
    assert client.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == tag_set
    client.delete_object_tagging(Bucket=bucket, Key="k")
    assert client.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []


def test_conditional_reads(client: Any, bucket: str) -> None:
    etag = client.put_object(Bucket=bucket, Key="k", Body=b"1")["ETag"]
    when = client.head_object(Bucket=bucket, Key="k")["LastModified"]
    earlier, later = when - timedelta(days=1), when + timedelta(days=1)
    passing: list[dict[str, Any]] = [
        {"IfMatch": etag},
        {"IfMatch": "*"},
        {"IfNoneMatch": '"other"'},
        {"IfModifiedSince": earlier},
        {"IfUnmodifiedSince": later},
        {"IfMatch": etag, "IfUnmodifiedSince": earlier},
        {"IfNoneMatch": '"other"', "IfModifiedSince": when},
    ]
    for condition in passing:
        assert client.get_object(Bucket=bucket, Key="k", **condition)["Body"].read() == b"1"
    failing: list[tuple[dict[str, Any], str]] = [
        ({"IfMatch": '"other"'}, "PreconditionFailed"),
        ({"IfUnmodifiedSince": earlier}, "PreconditionFailed"),
        ({"IfNoneMatch": etag}, "304"),
        ({"IfModifiedSince": when}, "304"),
    ]
    for condition, expected in failing:
        with pytest.raises(ClientError) as error:
            client.get_object(Bucket=bucket, Key="k", **condition)
        assert code(error) == expected
        with pytest.raises(ClientError) as head:
            client.head_object(Bucket=bucket, Key="k", **condition)
        assert code(head) == {"PreconditionFailed": "412"}.get(expected, expected)


def test_conditional_writes(client: Any, bucket: str) -> None:
    etag = client.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    for body in (b"2", b"2" * 3 * MB):
        with pytest.raises(ClientError) as there:
            client.put_object(Bucket=bucket, Key="k", Body=body, IfNoneMatch="*")
        assert (code(there), status(there)) == ("PreconditionFailed", 412)
    with pytest.raises(ClientError) as other:
        client.put_object(Bucket=bucket, Key="k", Body=b"2", IfMatch='"other"')
    assert code(other) == "PreconditionFailed"
    with pytest.raises(ClientError) as missing:
        client.put_object(Bucket=bucket, Key="none", Body=b"2", IfMatch=etag)
    assert code(missing) == "NoSuchKey"
    client.put_object(Bucket=bucket, Key="k", Body=b"3", IfMatch=etag)
    assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == b"3"


def test_ranges(client: Any, bucket: str) -> None:
    body = bytes(range(100))
    client.put_object(Bucket=bucket, Key="k", Body=body)
    for text, expected in [
        ("bytes=0-0", body[:1]),
        ("bytes=10-19", body[10:20]),
        ("bytes=90-1000", body[90:]),
        ("bytes=50-", body[50:]),
        ("bytes=-7", body[-7:]),
        ("bytes=-1000", body),
    ]:
        got = client.get_object(Bucket=bucket, Key="k", Range=text)
        assert got["Body"].read() == expected
        assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
        start = body.index(expected)
        assert got["ContentRange"] == f"bytes {start}-{start + len(expected) - 1}/100"
    for ignored in ("bytes=5-2", "bytes=0-1,5-6", "lines=1-2", "bytes=-"):
        got = client.get_object(Bucket=bucket, Key="k", Range=ignored)
        assert (got["Body"].read(), got["ResponseMetadata"]["HTTPStatusCode"]) == (body, 200)
    for outside in ("bytes=100-", "bytes=100-200", "bytes=-0"):
        with pytest.raises(ClientError) as error:
            client.get_object(Bucket=bucket, Key="k", Range=outside)
        assert (code(error), status(error)) == ("InvalidRange", 416)
        assert error.value.response["Error"]["ActualObjectSize"] == "100"
    assert client.head_object(Bucket=bucket, Key="k", Range="bytes=0-9")["ContentLength"] == 10


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksums_are_verified_stored_and_given_back(client: Any, bucket: str, algorithm: str) -> None:
    put = client.put_object(Bucket=bucket, Key="k", Body=b"123456789", ChecksumAlgorithm=algorithm)
    value = put[f"Checksum{algorithm}"]
    got = client.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (got[f"Checksum{algorithm}"], got["ChecksumType"]) == (value, "FULL_OBJECT")
    assert got["Body"].read() == b"123456789"
    assert f"Checksum{algorithm}" not in client.head_object(Bucket=bucket, Key="k")
    attributes = client.get_object_attributes(
        Bucket=bucket, Key="k", ObjectAttributes=["ETag", "Checksum", "ObjectSize", "StorageClass"]
    )
    assert attributes["Checksum"][f"Checksum{algorithm}"] == value
    assert (attributes["ObjectSize"], attributes["StorageClass"]) == (9, "STANDARD")
    with pytest.raises(ClientError) as wrong:
        client.put_object(Bucket=bucket, Key="k", Body=b"987654321", **{f"Checksum{algorithm}": value})
    assert code(wrong) == "BadDigest"
    with pytest.raises(ClientError) as malformed:
        client.put_object(Bucket=bucket, Key="k", Body=b"1", **{f"Checksum{algorithm}": "AAA"})
    assert code(malformed) == "InvalidRequest"


def test_checksums_that_botocore_cannot_compute(client: Any, bucket: str) -> None:
    # The check values of both CRCs for "123456789".
    for name, value in {"CRC32C": "4waSgw==", "CRC64NVME": "rosUhgp5mIg="}.items():
        put = client.put_object(Bucket=bucket, Key=name, Body=b"123456789", **{f"Checksum{name}": value})
        assert put[f"Checksum{name}"] == value
        with pytest.raises(ClientError) as wrong:
            client.put_object(Bucket=bucket, Key=name, Body=b"12345678", **{f"Checksum{name}": value})
        assert code(wrong) == "BadDigest"


def test_content_md5(client: Any, raw: Any, bucket: str) -> None:
    for digest, expected in [("1B2M2Y8AsgTpgAmY7PhCfg==", "BadDigest"), ("nonsense", "InvalidDigest")]:
        status, _, body = raw("PUT", f"/{bucket}/k", b"1", {"Content-MD5": digest})
        assert status == 400
        assert f"<Code>{expected}</Code>".encode() in body
    assert raw("PUT", f"/{bucket}/k", b"", {"Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="})[0] == 200


def test_the_expected_owner(client: Any, bucket: str) -> None:
    client.head_bucket(Bucket=bucket, ExpectedBucketOwner="123456789012")
    with pytest.raises(ClientError) as other:
        client.put_object(Bucket=bucket, Key="k", Body=b"1", ExpectedBucketOwner="999999999999")
    assert code(other) == "AccessDenied"


def test_limits(client: Any, raw: Any, bucket: str) -> None:
    with pytest.raises(ClientError) as key:
        client.put_object(Bucket=bucket, Key="é" * 513, Body=b"")
    assert code(key) == "KeyTooLongError"
    with pytest.raises(ClientError) as metadata:
        client.put_object(Bucket=bucket, Key="k", Body=b"", Metadata={"m": "x" * 2100})
    assert code(metadata) == "MetadataTooLarge"
    status, _, body = raw("PUT", f"/{bucket}/k", None, {"Content-Length": str(6 * 1024**3), "Expect": "100-continue"})
    assert status == 400
    assert b"<Code>EntityTooLarge</Code>" in body


ODD_KEYS = [
    "../../etc/passwd",
    "..",
    ".",
    "a/../b",
    "/leading",
    "//two",
    "a//b",
    "a/",
    "/",
    "spa ce",
    "plus+plus",
    "per%cent",
    "per%2Fcent",
    "ünïcode/日本語/🎉",
    "q?x=1&y=2",
    "hash#tag",
    "semi;colon=x",
    "quote'\"",
    "<xml>&amp;",
    "back\\slash",
    "tab\tnew\nline\r",
    "a" * 1024,
    "é" * 512,
    "~tilde*star",
    "a:b@c",
    "[brackets]",
    "nul\0l",
]


@pytest.mark.parametrize("key", ODD_KEYS, ids=range(len(ODD_KEYS)))
def test_odd_keys(client: Any, bucket: str, key: str) -> None:
    client.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert client.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert [one["Key"] for one in client.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    assert [one["Key"] for one in client.list_objects(Bucket=bucket, Prefix=key)["Contents"]] == [key]
    client.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": key})
    assert client.get_object(Bucket=bucket, Key="copy")["Body"].read() == key.encode()
    client.delete_object(Bucket=bucket, Key=key)
    with pytest.raises(client.exceptions.NoSuchKey):
        client.get_object(Bucket=bucket, Key=key)


def test_odd_keys_stay_in_the_data_folder(server: tuple[S3, str], client: Any, bucket: str) -> None:
    folder = server[0].objects.path(bucket, _put(client, bucket, "plain")).parents[1]
    before = {path for path in folder.parents[1].rglob("*") if path.is_file()}
    for key in ODD_KEYS:
        _put(client, bucket, key)
        assert folder in server[0].objects.path(bucket, key).resolve().parents
    new = {path for path in folder.parents[1].rglob("*") if path.is_file()} - before
    assert all(folder in path.parents for path in new if "s3.db" not in path.name)


def _put(client: Any, bucket: str, key: str) -> str:
    client.put_object(Bucket=bucket, Key=key, Body=b"1")
    return key


@pytest.mark.parametrize("host", ["localhost", "s3.localhost", "s3.us-east-1.localhost"])
def test_virtual_host_addressing(raw: Any, client: Any, bucket: str, host: str) -> None:
    headers = {"Host": f"{bucket}.{host}:1234"}
    assert raw("PUT", "/a/b", b"virtual", headers)[0] == 200
    assert client.get_object(Bucket=bucket, Key="a/b")["Body"].read() == b"virtual"
    assert b"<Key>a/b</Key>" in raw("GET", "/?list-type=2", headers=headers)[2]
    assert raw("HEAD", "/a/b", headers=headers)[1]["content-length"] == "7"
    assert raw("GET", f"/{bucket}/a/b", headers={"Host": host})[2] == b"virtual"


def test_presigned_urls(raw: Any, server: tuple[S3, str], client: Any, bucket: str) -> None:
    url = client.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k k"})
    assert raw("PUT", url.removeprefix(server[1]), b"signed")[0] == 200
    url = client.generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": "k k", "ResponseContentType": "text/x"}
    )
    status, headers, body = raw("GET", url.removeprefix(server[1]))
    assert (status, headers["content-type"], body) == (200, "text/x", b"signed")


def test_the_transfer_manager_and_the_resource(
    server: tuple[S3, str], client: Any, bucket: str, tmp_path: Path
) -> None:
    resource = boto3.resource(
        "s3", endpoint_url=server[1], region_name="us-east-1", aws_access_key_id="local", aws_secret_access_key="local"
    )
    content = os.urandom(17 * MB + 3)
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(content)
    config = TransferConfig(multipart_threshold=5 * MB, multipart_chunksize=5 * MB)
    store = resource.Bucket(bucket)
    store.upload_file(str(source), "big", ExtraArgs={"Metadata": {"a": "b"}, "ContentType": "x/y"}, Config=config)
    store.download_file("big", str(target), Config=config)
    assert target.read_bytes() == content
    object_ = store.Object("big")
    digests = [hashlib.md5(content[start : start + 5 * MB]).digest() for start in range(0, len(content), 5 * MB)]
    assert object_.e_tag == f'"{hashlib.md5(b"".join(digests)).hexdigest()}-4"'
    assert (object_.content_length, object_.content_type, object_.metadata) == (len(content), "x/y", {"a": "b"})
    store.copy({"Bucket": bucket, "Key": "big"}, "copied", Config=config)
    buffer = BytesIO()
    store.download_fileobj("copied", buffer, Config=config)
    assert buffer.getvalue() == content
    assert sorted(one.key for one in store.objects.all()) == ["big", "copied"]
    store.objects.all().delete()
    assert list(store.objects.all()) == []
    resource.meta.client.close()


def test_the_part_of_a_multipart_object(client: Any, bucket: str) -> None:
    first, second = b"a" * 5 * MB, b"b" * 10
    upload = client.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    parts = [
        {
            "PartNumber": number,
            "ETag": client.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=number, Body=body)["ETag"],
        }
        for number, body in [(2, first), (7, second)]
    ]
    client.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": parts})
    got = client.get_object(Bucket=bucket, Key="k", PartNumber=2)
    assert (got["Body"].read(), got["PartsCount"], got["ResponseMetadata"]["HTTPStatusCode"]) == (second, 2, 206)
    assert client.head_object(Bucket=bucket, Key="k", PartNumber=1)["ContentLength"] == 5 * MB
    with pytest.raises(ClientError) as error:
        client.get_object(Bucket=bucket, Key="k", PartNumber=3)
    assert code(error) == "InvalidPartNumber"
    # A plain copy is no multipart object any more.
    copy = client.copy_object(Bucket=bucket, Key="c", CopySource={"Bucket": bucket, "Key": "k"})
    assert copy["CopyObjectResult"]["ETag"] == f'"{hashlib.md5(first + second).hexdigest()}"'
