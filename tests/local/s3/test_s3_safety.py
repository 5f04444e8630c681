"""What nobody should send or do to the files: S3 answers, and nothing leaves the data directory."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloud import Cloud
from stepfunctions.local.s3.service import S3

FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
PIECES = st.sampled_from(["..", ".", "/", "\\", "\0", "a", "A", "é", "e\u0301", " ", "%2e%2e", "~", "\r\n", "C:", "-"])
KEYS = st.one_of(
    st.lists(PIECES, min_size=1, max_size=12).map("".join),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=300),
)


def outside(folder: Path) -> list[str]:
    """The names next to and above a data directory."""
    return sorted(os.listdir(folder.parent)) + sorted(os.listdir(folder))


@FUZZ
@given(keys=st.lists(KEYS, min_size=1, max_size=6, unique=True))
@example(keys=["../../../../etc/passwd", "/etc/passwd", "..", ".", "a/../../b"])
@example(keys=["k" * 1024, "\0", "a\0b", "A", "a", "é" * 512])
@example(keys=["é" * 513])
def test_any_key_is_a_key_and_stays_inside(server: tuple[S3, str], raw: Any, keys: list[str]) -> None:
    service = server[0]
    service.objects.buckets.create("fuzz-keys")
    folder = service.objects.database.path.parent
    before = outside(folder)
    stored = []
    for number, key in enumerate(keys):
        status, _, _ = raw("PUT", f"/fuzz-keys/{quote(key, safe='')}", str(number).encode())
        assert status == (200 if len(key.encode()) <= 1024 else 400)
        stored += [(key, str(number).encode())] if status == 200 else []
    assert {info.key for info in service.objects.list("fuzz-keys")} == {key for key, _ in stored}
    for key, content in stored:
        status, _, body = raw("GET", f"/fuzz-keys/{quote(key, safe='')}")
        assert (status, body) == (200, content)
        assert raw("DELETE", f"/fuzz-keys/{quote(key, safe='')}")[0] == 204
    assert outside(folder) == before


@FUZZ
@given(
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "OPTIONS"]),
    path=st.sampled_from(["/", "/fuzz", "/fuzz/k", "/%ff", "/fuzz/%00", "//", "/..", "/fuzz/.."]),
    query=st.dictionaries(
        st.sampled_from(
            [
                "acl",
                "cors",
                "delete",
                "encryption",
                "lifecycle",
                "list-type",
                "location",
                "max-keys",
                "notification",
                "partNumber",
                "policy",
                "prefix",
                "publicAccessBlock",
                "select",
                "select-type",
                "tagging",
                "uploadId",
                "uploads",
                "versionId",
                "versioning",
                "versions",
                "attributes",
                "X-Amz-Expires",
                "X-Amz-Date",
                "Expires",
                "continuation-token",
                "encoding-type",
                "marker",
                "version-id-marker",
                "key-marker",
            ]
        ),
        st.sampled_from(["", "0", "2", "-1", "null", "x", "é", "99999999999999999999", "\0", "0" * 32, "f" * 32]),
        max_size=4,
    ),
    headers=st.dictionaries(
        st.sampled_from(
            [
                "range",
                "if-match",
                "if-none-match",
                "if-modified-since",
                "x-amz-copy-source",
                "x-amz-copy-source-range",
                "content-md5",
                "x-amz-tagging",
                "x-amz-checksum-crc32",
                "x-amz-sdk-checksum-algorithm",
                "x-amz-object-attributes",
                "x-amz-trailer",
                "x-amz-content-sha256",
                "x-amz-decoded-content-length",
                "x-amz-metadata-directive",
                "x-amz-checksum-type",
                "x-amz-checksum-algorithm",
                "x-amz-storage-class",
                "x-amz-mfa",
                "x-amz-skip-destination-validation",
            ]
        ),
        st.sampled_from(
            [
                "*",
                "0",
                "-1",
                "bytes=0-",
                "bytes=9-1",
                "a/b",
                "fuzz/k",
                "fuzz/k?versionId=x",
                "COPY",
                "CRC32C",
                "a=b&a=c",
                "x-amz-checksum-crc32",
                "é",
            ]
        ),
        max_size=3,
    ),
    body=st.one_of(
        st.binary(max_size=50),
        st.sampled_from(
            [
                b"<Delete/>",
                b"<Delete><Object><Key>k</Key><VersionId>x</VersionId></Object></Delete>",
                b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
                b"<NotificationConfiguration><QueueConfiguration><Queue>a</Queue></QueueConfiguration>"
                b"</NotificationConfiguration>",
                b"<LifecycleConfiguration><Rule><Expiration><Date>x</Date></Expiration></Rule></LifecycleConfiguration>",
                b"<Tagging><TagSet><Tag><Key>\xc3\xa9</Key><Value/></Tag></TagSet></Tagging>",
                b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>",
                b"<a>" * 2000,
                b"[" * 5000,
            ]
        ),
    ),
)
def test_any_request_has_an_answer_of_s3(
    server: tuple[S3, str],
    raw: Any,
    method: str,
    path: str,
    query: dict[str, str],
    headers: dict[str, str],
    body: bytes,
) -> None:
    server[0].objects.buckets.create("fuzz")
    server[0].objects.put_bytes("fuzz", "k", b"0123456789")
    target = path + "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
    status, _, answer = raw(method, target, body, headers)
    assert status < 500 or status == 501, answer
    if status >= 400 and method != "HEAD":
        assert b"<Code>" in answer


@pytest.mark.parametrize("kind", ["link", "link to a folder", "pipe", "folder"])
def test_a_content_that_a_job_replaced_is_not_read(cloud: Cloud, s3: S3, tmp_path: Path, kind: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not for you")
    s3.objects.put_bytes("data", "k", b"mine")
    path = s3.objects.path("data", "k")
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(secret if kind == "link" else tmp_path)
    for attempt in (
        lambda: s3.objects.open("data", "k"),
        lambda: s3.objects.materialise("data", "k", tmp_path / "laid"),
        lambda: cloud.call("s3", "GetObject", {"Bucket": "data", "Key": "k"}),
        lambda: cloud.call(
            "s3", "CopyObject", {"Bucket": "data", "Key": "c", "CopySource": "data/k", "ChecksumAlgorithm": "SHA1"}
        ),
    ):
        with pytest.raises(ServiceError):
            attempt()
    assert not any((tmp_path / "laid").iterdir())
    assert secret.read_text() == "not for you"


def test_tags_that_aws_refuses(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="k")
    for key, value in (("aws:x", "1"), ("<>", "1"), ("k", "a;b"), ("k" * 129, ""), ("k", "v" * 257)):
        with pytest.raises(ClientError) as refused:
            client.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": key, "Value": value}]})
        assert refused.value.response["Error"]["Code"] == "InvalidTag"


def test_a_presigned_url_expires(raw: Any, client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="k", Body=b"1")
    past = "X-Amz-Credential=local/20200101/us-east-1/s3/aws4_request&X-Amz-Date=20200101T000000Z&X-Amz-Expires=60"
    for query, expected in (
        (past, 403),
        ("Expires=1", 403),
        ("X-Amz-Date=x&X-Amz-Expires=y", 400),
    ):
        status, _, body = raw("GET", f"/{bucket}/k?{query}")
        assert status == expected
    assert b"AuthorizationQueryParametersError" in body


def test_s3_select_is_refused(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="k", Body=json.dumps({"a": 1}))
    with pytest.raises(ClientError, match="SelectObjectContent is not supported by the local S3"):
        client.select_object_content(
            Bucket=bucket,
            Key="k",
            Expression="SELECT * FROM S3Object",
            ExpressionType="SQL",
            InputSerialization={"JSON": {"Type": "LINES"}},
            OutputSerialization={"JSON": {}},
        )
