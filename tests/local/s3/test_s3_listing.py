from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloud import Cloud
from stepfunctions.local.s3.listing import after_prefix
from stepfunctions.local.s3.service import S3

ALPHABET = st.sampled_from(["a", "b", "/", "-", "é", "\ud7ff", "\ue000", "\U0010ffff", "\U0001f389", " ", "%", "+"])
KEYS = st.sets(st.text(ALPHABET, min_size=1, max_size=6), max_size=25)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cloud, S3]]:
    with Cloud(tmp_path_factory.mktemp("listing")) as cloud:
        yield cloud, cloud.service("s3")


def fill(s3: S3, keys: set[str]) -> None:
    """Make the bucket ``data`` have exactly these keys."""
    s3.objects.buckets.create("data")
    for info in list(s3.objects.list("data")):
        if info.key not in keys:
            s3.objects.delete("data", info.key)
    there = {info.key for info in s3.objects.list("data")}
    for key in keys - there:
        s3.objects.put_bytes("data", key, key.encode())


def model(keys: set[str], prefix: str, delimiter: str, after: str) -> list[str]:
    """What a listing shows, as names: common prefixes end in the delimiter."""
    names = set()
    for key in keys:
        if key.startswith(prefix):
            rest = key[len(prefix) :]
            cut = rest.find(delimiter) if delimiter else -1
            names.add(key if cut < 0 else prefix + rest[: cut + len(delimiter)])
    return sorted((name for name in names if name.encode() > after.encode()), key=str.encode)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    keys=KEYS,
    prefix=st.text(ALPHABET, max_size=3),
    delimiter=st.sampled_from(["", "/", "-", "a/", "é"]),
    after=st.text(ALPHABET, max_size=4),
    size=st.integers(1, 7),
    version=st.sampled_from([1, 2]),
)
def test_pages_of_a_listing_are_the_models(
    store: tuple[Cloud, S3], keys: set[str], prefix: str, delimiter: str, after: str, size: int, version: int
) -> None:
    cloud, s3 = store
    fill(s3, keys)
    names: list[str] = []
    request: dict[str, Any] = {"Bucket": "data", "Prefix": prefix, "Delimiter": delimiter, "MaxKeys": size}
    request["StartAfter" if version == 2 else "Marker"] = after
    while True:
        page = cloud.call("s3", "ListObjectsV2" if version == 2 else "ListObjects", request)
        shown = [one["Key"] for one in page["Contents"]] + [one["Prefix"] for one in page["CommonPrefixes"]]
        assert len(shown) <= size
        names += sorted(shown, key=str.encode)
        if not page["IsTruncated"]:
            break
        assert len(shown) == size
        if version == 2:
            assert page["KeyCount"] == size
            request["ContinuationToken"] = page["NextContinuationToken"]
        else:
            # NextMarker is given only with a delimiter, as on AWS.
            assert ("NextMarker" in page) == bool(delimiter)
            request["Marker"] = page["NextMarker"] if delimiter else page["Contents"][-1]["Key"]
    assert names == model(keys, prefix, delimiter, after)


@given(st.text(max_size=4), st.text(max_size=4))
def test_after_prefix_is_just_behind_every_key_with_the_prefix(prefix: str, rest: str) -> None:
    bound = after_prefix(prefix)
    if bound is None:
        assert set(prefix) <= {"\U0010ffff"}
    else:
        assert (prefix + rest).encode() < bound.encode()
        assert bound.startswith(prefix) is False


def test_paginators_of_boto3(client: Any, bucket: str) -> None:
    for number in range(25):
        client.put_object(Bucket=bucket, Key=f"a b/{number:02}+é/x", Body=b"")
    for operation in ("list_objects", "list_objects_v2", "list_object_versions"):
        member = "Versions" if operation == "list_object_versions" else "Contents"
        pages = list(client.get_paginator(operation).paginate(Bucket=bucket, PaginationConfig={"PageSize": 10}))
        assert [len(page[member]) for page in pages] == [10, 10, 5]
        assert [one["Key"] for page in pages for one in page[member]] == [f"a b/{n:02}+é/x" for n in range(25)]
        groups = list(
            client.get_paginator(operation).paginate(
                Bucket=bucket, Prefix="a b/", Delimiter="/", PaginationConfig={"PageSize": 4}
            )
        )
        assert [one["Prefix"] for page in groups for one in page["CommonPrefixes"]] == [
            f"a b/{n:02}+é/" for n in range(25)
        ]


def test_details_of_listings(client: Any, raw: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="k", Body=b"123")
    one = client.list_objects_v2(Bucket=bucket, FetchOwner=True)["Contents"][0]
    assert (one["Size"], one["StorageClass"], one["ETag"]) == (3, "STANDARD", '"202cb962ac59075b964b07152d234b70"')
    assert one["Owner"]["ID"] == client.list_objects(Bucket=bucket)["Contents"][0]["Owner"]["ID"]
    assert "Owner" not in client.list_objects_v2(Bucket=bucket)["Contents"][0]
    none = client.list_objects_v2(Bucket=bucket, MaxKeys=0)
    assert (none["KeyCount"], none["IsTruncated"]) == (0, False)
    assert client.list_objects_v2(Bucket=bucket, MaxKeys=5000)["MaxKeys"] == 1000
    for query in (
        "list-type=2&max-keys=-1",
        "max-keys=x",
        "list-type=2&continuation-token=%21",
        "encoding-type=xml",
        "list-type=2&continuation-token=",
    ):
        status, _, body = raw("GET", f"/{bucket}?{query}")
        assert (status, b"<Code>InvalidArgument</Code>" in body) == (400, True)
    status, headers, body = raw("GET", f"/{bucket}/?list-type=2")
    assert (status, headers["content-type"]) == (200, "application/xml")
    assert b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' in body


def test_a_page_does_not_read_what_its_groups_hold(s3: S3, tmp_path: Path) -> None:
    with s3.objects.database.write() as writer:
        writer.executemany(
            "INSERT INTO objects VALUES ('data', ?, ?, 0, '', 0, '{}', NULL, '{}', '[]', NULL, 'null', 0)",
            [(f"{group}/{number:05}", f"{group}-{number}") for group in "abc" for number in range(20_000)],
        )
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    reader = s3.objects.database.read()
    reader.set_progress_handler(count, 100)
    page = s3.objects.page("data", delimiter="/")
    reader.set_progress_handler(None, 0)
    assert page.prefixes == ("a/", "b/", "c/")
    assert steps < 20  # each 100 virtual machine instructions; reading 60,000 rows would be thousands


def test_no_bucket(s3: S3) -> None:
    with pytest.raises(ServiceError, match="NoSuchBucket"):
        list(s3.objects.list("other"))
