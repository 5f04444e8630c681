from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.local.s3.test_s3_boto3 import code, status

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloud import Cloud
from stepfunctions.local.map_objects import CloudObjects
from stepfunctions.local.s3.service import S3
from stepfunctions.runtime.items.source import read_items

ROLE = "arn:aws:iam::123456789012:role/anyone"
KEYS = ("a", "b/1", "b/2", "c")


def enable(client: Any, bucket: str, wanted: str = "Enabled") -> None:
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": wanted})


def body(client: Any, bucket: str, key: str, **more: Any) -> bytes:
    found: bytes = client.get_object(Bucket=bucket, Key=key, **more)["Body"].read()
    return found


def test_versions_of_a_key(client: Any, bucket: str) -> None:
    put = {"Bucket": bucket, "Key": "k"}
    assert "VersionId" not in client.put_object(**put, Body=b"before")
    enable(client, bucket)
    assert client.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    first = client.put_object(**put, Body=b"one", Tagging="n=1")["VersionId"]
    second = client.put_object(**put, Body=b"two")["VersionId"]
    assert len({first, second, "null"}) == 3
    assert body(client, bucket, "k") == b"two"
    assert body(client, bucket, "k", VersionId=first) == b"one"
    assert body(client, bucket, "k", VersionId="null") == b"before"
    assert client.head_object(**put)["VersionId"] == second
    assert client.head_object(**put, VersionId="null")["VersionId"] == "null"
    tags = client.get_object_tagging(**put, VersionId=first)
    assert (tags["TagSet"], tags["VersionId"]) == ([{"Key": "n", "Value": "1"}], first)
    assert client.get_object_attributes(**put, VersionId=first, ObjectAttributes=["ObjectSize"])["ObjectSize"] == 3

    marker = client.delete_object(**put)
    assert marker["DeleteMarker"]
    with pytest.raises(ClientError) as hidden:
        client.get_object(**put)
    assert code(hidden) == "NoSuchKey"
    headers = hidden.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert (headers["x-amz-delete-marker"], headers["x-amz-version-id"]) == ("true", marker["VersionId"])
    with pytest.raises(ClientError) as no_object:
        client.get_object(**put, VersionId=marker["VersionId"])
    assert (code(no_object), status(no_object)) == ("MethodNotAllowed", 405)
    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    listed = client.list_object_versions(Bucket=bucket)
    assert [(one["VersionId"], one["IsLatest"]) for one in listed["Versions"]] == [
        (second, False),
        (first, False),
        ("null", False),
    ]
    assert [(one["VersionId"], one["IsLatest"]) for one in listed["DeleteMarkers"]] == [(marker["VersionId"], True)]

    assert client.delete_object(**put, VersionId=marker["VersionId"])["DeleteMarker"]
    assert body(client, bucket, "k") == b"two"
    assert client.delete_object(**put, VersionId=second)["VersionId"] == second
    assert body(client, bucket, "k") == b"one"
    for version, expected in ((second, "NoSuchVersion"), ("no id", "InvalidArgument")):
        with pytest.raises(ClientError) as missing:
            client.get_object(**put, VersionId=version)
        assert code(missing) == expected
    assert client.delete_object(**put, VersionId=second)["VersionId"] == second  # gone already: fine


def test_a_suspended_bucket_has_one_null_version(client: Any, bucket: str) -> None:
    enable(client, bucket)
    kept = client.put_object(Bucket=bucket, Key="k", Body=b"kept")["VersionId"]
    enable(client, bucket, "Suspended")
    for text in (b"1", b"2"):
        assert client.put_object(Bucket=bucket, Key="k", Body=text)["VersionId"] == "null"
    versions = client.list_object_versions(Bucket=bucket)["Versions"]
    assert [one["VersionId"] for one in versions] == ["null", kept]
    assert client.delete_object(Bucket=bucket, Key="k") | {"ResponseMetadata": None} == {
        "DeleteMarker": True,
        "VersionId": "null",
        "ResponseMetadata": None,
    }
    listed = client.list_object_versions(Bucket=bucket)
    assert [one["VersionId"] for one in listed["Versions"]] == [kept]
    assert [one["VersionId"] for one in listed["DeleteMarkers"]] == ["null"]
    with pytest.raises(ClientError) as full:
        client.delete_bucket(Bucket=bucket)
    assert code(full) == "BucketNotEmpty"
    client.delete_object(Bucket=bucket, Key="k", VersionId=kept)
    client.delete_object(Bucket=bucket, Key="k", VersionId="null")
    client.delete_bucket(Bucket=bucket)


def test_copies_of_versions(client: Any, bucket: str) -> None:
    enable(client, bucket)
    first = client.put_object(Bucket=bucket, Key="k", Body=b"one")["VersionId"]
    second = client.put_object(Bucket=bucket, Key="k", Body=b"two")["VersionId"]
    source = {"Bucket": bucket, "Key": "k", "VersionId": first}
    back = client.copy_object(Bucket=bucket, Key="k", CopySource=source)
    assert back["CopySourceVersionId"] == first
    assert back["VersionId"] not in (first, second)
    assert body(client, bucket, "k") == b"one"
    upload = client.create_multipart_upload(Bucket=bucket, Key="m")["UploadId"]
    part = client.upload_part_copy(Bucket=bucket, Key="m", UploadId=upload, PartNumber=1, CopySource=source)
    assert part["CopySourceVersionId"] == first
    done = client.complete_multipart_upload(
        Bucket=bucket,
        Key="m",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["CopyPartResult"]["ETag"]}]},
    )
    assert body(client, bucket, "m", VersionId=done["VersionId"]) == b"one"


def test_delete_many_with_versions(client: Any, bucket: str) -> None:
    enable(client, bucket)
    version = client.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    made = client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k"}]})["Deleted"][0]
    assert (made["Key"], made["DeleteMarker"]) == ("k", True)
    gone = client.delete_objects(
        Bucket=bucket,
        Delete={
            "Objects": [
                {"Key": "k", "VersionId": version},
                {"Key": "k", "VersionId": made["DeleteMarkerVersionId"]},
            ]
        },
    )["Deleted"]
    assert [one["VersionId"] for one in gone] == [version, made["DeleteMarkerVersionId"]]
    assert [one.get("DeleteMarker", False) for one in gone] == [False, True]
    assert "Versions" not in client.list_object_versions(Bucket=bucket)


def test_versions_are_listed_in_pages(client: Any, bucket: str) -> None:
    enable(client, bucket)
    made = [(key, client.put_object(Bucket=bucket, Key=key, Body=b"")["VersionId"]) for key in KEYS for _ in range(3)]
    expected = [pair for key in KEYS for pair in reversed([one for one in made if one[0] == key])]
    pages = client.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    found = [(one["Key"], one["VersionId"], one["IsLatest"]) for page in pages for one in page["Versions"]]
    assert [one[:2] for one in found] == expected
    assert [one[2] for one in found] == [True, False, False] * len(KEYS)
    page = client.list_object_versions(Bucket=bucket, Delimiter="/", MaxKeys=4)
    assert page["CommonPrefixes"] == [{"Prefix": "b/"}]
    assert page["NextKeyMarker"] == "b/"
    rest = client.list_object_versions(Bucket=bucket, Delimiter="/", KeyMarker=page["NextKeyMarker"])
    assert {one["Key"] for one in rest["Versions"]} == {"c"}
    with pytest.raises(ClientError) as alone:
        client.list_object_versions(Bucket=bucket, VersionIdMarker=made[0][1])
    assert code(alone) == "InvalidArgument"


def test_status_of_versioning_is_checked(client: Any, bucket: str) -> None:
    with pytest.raises(ClientError) as wrong:
        client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "On"})
    assert code(wrong) == "IllegalVersioningConfigurationException"


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "put", "delete", "delete version", "enable", "suspend"]),
        st.sampled_from(KEYS),
        st.integers(0, 20),
    ),
    max_size=30,
)


class Model:
    """Versions as lists of (id, content), newest last; content None is a delete marker."""

    def __init__(self) -> None:
        self.keys: dict[str, list[tuple[str, bytes | None]]] = {}
        self.status = ""

    def add(self, key: str, version: str, content: bytes | None) -> None:
        rows = self.keys.setdefault(key, [])
        if version == "null":
            rows[:] = [row for row in rows if row[0] != "null"]
        rows.append((version, content))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=ACTIONS)
def test_versions_behave_as_the_model(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[str, str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("model")
    model = Model()
    with Cloud(folder) as cloud:
        s3: S3 = cloud.service("s3")
        s3.objects.buckets.create("data")
        for number, (action, key, choice) in enumerate(actions):
            apply(s3, model, action, key, choice, str(number).encode())
            compare(s3, model)
        files = {path.name for path in (folder / "s3" / "content").rglob("*") if path.is_file()}
        assert len(files) == sum(content is not None for rows in model.keys.values() for _, content in rows)
    with Cloud(folder) as cloud:
        compare(cloud.service("s3"), model)


def apply(s3: S3, model: Model, action: str, key: str, choice: int, content: bytes) -> None:
    if action == "put":
        model.add(key, s3.objects.put_bytes("data", key, content).version, content)
    elif action == "delete":
        done = s3.objects.delete("data", key)
        if done.marker is not None:
            model.add(key, done.marker.version, None)
        else:
            model.keys.pop(key, None)
    elif action == "delete version":
        rows = model.keys.get(key, [])
        version = rows.pop(choice % len(rows))[0] if rows else "null"
        s3.objects.delete("data", key, version=version)
    else:
        model.status = {"enable": "Enabled", "suspend": "Suspended"}[action]
        s3.objects.buckets.set_versioning("data", model.status)


def compare(s3: S3, model: Model) -> None:
    current = {key: rows[-1][1] for key, rows in model.keys.items() if rows and rows[-1][1] is not None}
    assert {info.key: s3.objects.path("data", info.key).read_bytes() for info in s3.objects.list("data")} == current
    for key, rows in model.keys.items():
        for version, content in rows:
            if content is None:
                with pytest.raises(ServiceError, match="not allowed"):
                    s3.objects.head("data", key, version)
            else:
                with s3.objects.open("data", key, version) as file:
                    assert file.read() == content


def test_an_index_without_versions_is_carried_over(tmp_path: Path, make_old: Callable[[Path], None]) -> None:
    make_old(tmp_path)
    with Cloud(tmp_path) as cloud:
        s3: S3 = cloud.service("s3")
        info = s3.objects.head("data", "k")
        assert (info.version, info.size) == ("null", 3)
        s3.objects.buckets.set_versioning("data", "Enabled")
        s3.objects.put_bytes("data", "k", b"new")
        with s3.objects.open("data", "k", "null") as file:
            assert file.read() == b"old"


@pytest.fixture
def make_old() -> Callable[[Path], None]:
    """Make a data directory as the version before this one left it."""
    from stepfunctions.local.database import Database
    from stepfunctions.local.s3.records import MIGRATIONS

    def make(folder: Path) -> None:
        database = Database(folder / "s3.db", MIGRATIONS[:1])
        content = folder / "s3" / "content" / "01" / "000000000001000000000001"
        content.parent.mkdir(parents=True)
        content.write_bytes(b"old")
        with database.write() as writer:
            writer.execute("INSERT INTO buckets (name, region, created) VALUES ('data', 'us-east-1', 1)")
            writer.execute(
                "INSERT INTO objects (bucket, key, content, size, etag, modified, attributes, tags, parts)"
                " VALUES ('data', 'k', ?, 3, 'e', 1, '{}', '{}', '[]')",
                (content.name,),
            )
        database.close()

    return make


def test_readers_of_one_version(cloud: Cloud, s3: S3) -> None:
    s3.objects.buckets.set_versioning("data", "Enabled")
    first = s3.objects.put_bytes("data", "items.json", b"[1]").version
    s3.objects.put_bytes("data", "items.json", b"[2, 3]")
    where = {"Bucket": "data", "Key": "items.json", "VersionId": first}
    reader = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": where, "ReaderConfig": {"InputType": "JSON"}}
    assert [item.value for item in read_items(reader, CloudObjects(cloud))] == [1]


def test_code_of_a_function_in_one_version(cloud: Cloud, s3: S3) -> None:
    s3.objects.buckets.set_versioning("data", "Enabled")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("m.py", "def handler(event, context): return event")
    version = s3.objects.put_bytes("data", "code.zip", content.getvalue()).version
    s3.objects.put_bytes("data", "code.zip", b"no zip")
    function = {"FunctionName": "f", "Runtime": "python3.12", "Handler": "m.handler", "Role": ROLE}
    code = {"S3Bucket": "data", "S3Key": "code.zip"}
    with pytest.raises(ServiceError, match="Could not unzip"):
        cloud.call("lambda", "CreateFunction", {**function, "Code": code})
    made = cloud.call("lambda", "CreateFunction", {**function, "Code": {**code, "S3ObjectVersion": version}})
    assert made["FunctionName"] == "f"
