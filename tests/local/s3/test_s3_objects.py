from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloud import Cloud
from stepfunctions.local.s3 import objects as objects_module
from stepfunctions.local.s3.conditions import Slice, choose_slice
from stepfunctions.local.s3.digests import CRCS, Meter, full_object
from stepfunctions.local.s3.objects import Objects
from stepfunctions.local.s3.records import ObjectInfo
from stepfunctions.local.s3.service import S3
from stepfunctions.runtime.clock import moment


def contents(objects: Objects) -> set[str]:
    folder = objects.contents.path("00").parent.parent
    return {path.name for path in folder.rglob("*") if path.is_file()}


def test_files_and_bytes(s3: S3, tmp_path: Path) -> None:
    objects = s3.objects
    source = tmp_path / "model.tar.gz"
    source.write_bytes(b"model")
    put = objects.put_file("data", "out/model.tar.gz", source, content_type="application/gzip", metadata={"Job": "j"})
    assert not source.exists()
    assert put == objects.head("data", "out/model.tar.gz")
    assert (put.size, put.etag, put.content_type, put.metadata) == (
        5,
        hashlib.md5(b"model").hexdigest(),
        "application/gzip",
        {"job": "j"},
    )
    assert objects.path("data", "out/model.tar.gz").read_bytes() == b"model"
    objects.put_bytes("data", "out/log", b"log")
    assert [info.key for info in objects.list("data", "out/")] == ["out/log", "out/model.tar.gz"]
    objects.delete("data", "out/log")
    objects.delete("data", "out/log")
    with pytest.raises(ServiceError, match="NoSuchKey"):
        objects.head("data", "out/log")
    with pytest.raises(ServiceError, match="NoSuchBucket"):
        objects.put_bytes("other", "k", b"")


def test_a_file_with_another_name_is_copied(s3: S3, tmp_path: Path) -> None:
    source, other, kept = tmp_path / "a", tmp_path / "b", tmp_path / "kept"
    for path in (source, kept):
        path.write_bytes(b"same")
    os.link(source, other)
    s3.objects.put_file("data", "a", source)
    other.write_bytes(b"changed")
    assert s3.objects.path("data", "a").read_bytes() == b"same"
    assert not source.exists()
    s3.objects.put_file("data", "kept", kept, move=False)
    assert kept.exists()
    link = tmp_path / "link"
    link.symlink_to(kept)
    s3.objects.put_file("data", "link", link)
    kept.write_bytes(b"changed")
    assert s3.objects.path("data", "link").read_bytes() == b"same"


def test_a_refused_put_leaves_the_source_and_no_content(s3: S3, tmp_path: Path) -> None:
    source = tmp_path / "a"
    source.write_bytes(b"1")
    with pytest.raises(ServiceError, match="NoSuchBucket"):
        s3.objects.put_file("other", "k", source)
    assert source.exists()
    before = contents(s3.objects)
    for request in ({"IfNoneMatch": "*"}, {"IfMatch": "x"}):
        s3.objects.put_bytes("data", "k", b"1")
        with pytest.raises(ServiceError, match="PreconditionFailed"):
            s3.put_object({"Bucket": "data", "Key": "k", "Body": b"2", **request}, None)  # type: ignore[arg-type]
    assert len(contents(s3.objects)) == len(before) + 1


def test_replaced_contents_go_and_open_ones_stay_readable(s3: S3) -> None:
    s3.objects.put_bytes("data", "k", b"one")
    with s3.objects.open("data", "k") as file:
        s3.objects.put_bytes("data", "k", b"two")
        assert file.read() == b"one"
    s3.objects.put_bytes("data", "k", b"three")
    assert len(contents(s3.objects)) == 1


def test_materialise(s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects_module, "LINK_ABOVE", 10)
    for key in ("train/a", "train/deep/b.csv", "train/empty/", "train-2/c.csv", "train"):
        s3.objects.put_bytes("data", key, key.encode() if not key.endswith("/") else b"")

    def laid(prefix: str, into: str) -> dict[str, bytes]:
        folder = tmp_path / into
        count = s3.objects.materialise("data", prefix, folder)
        files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        assert count == len(files)
        return files

    assert laid("train/", "1") == {"a": b"train/a", "deep/b.csv": b"train/deep/b.csv"}
    assert (tmp_path / "1" / "empty").is_dir()
    assert laid("train/a", "2") == {"a": b"train/a"}
    assert laid("train/d", "3") == {"deep/b.csv": b"train/deep/b.csv"}
    assert laid("none", "4") == {}
    assert (tmp_path / "4").is_dir()
    big = tmp_path / "1" / "deep" / "b.csv"
    assert big.samefile(s3.objects.path("data", "train/deep/b.csv"))
    assert big.stat().st_mode & 0o222 == 0
    s3.objects.put_bytes("data", "small", b"1")
    laid("small", "5")
    (tmp_path / "5" / "small").write_bytes(b"changed")
    assert s3.objects.path("data", "small").read_bytes() == b"1"


@pytest.mark.parametrize("key", ["x/../../../escape", "x//a", "x/./a", "x/..", "x/a/../b", "x/nul\0", "x/" + "n" * 300])
def test_materialise_refuses_keys_that_are_no_paths(s3: S3, tmp_path: Path, key: str) -> None:
    s3.objects.put_bytes("data", key, b"1")
    with pytest.raises(ServiceError, match="InvalidArgument"):
        s3.objects.materialise("data", "x/", tmp_path / "into")
    assert not (tmp_path / "escape").exists()


def test_materialise_refuses_a_file_that_is_also_a_folder(s3: S3, tmp_path: Path) -> None:
    s3.objects.put_bytes("data", "x/a", b"1")
    s3.objects.put_bytes("data", "x/a/b", b"1")
    with pytest.raises(ServiceError, match="x/a/b"):
        s3.objects.materialise("data", "x/", tmp_path / "into")


def test_calls_in_process(cloud: Cloud, s3: S3) -> None:
    put = cloud.call("s3", "PutObject", {"Bucket": "data", "Key": "k", "Body": "text", "Metadata": {"A": "1"}})
    assert put["ETag"] == f'"{hashlib.md5(b"text").hexdigest()}"'
    got = cloud.call("s3", "GetObject", {"Bucket": "data", "Key": "k", "Range": "bytes=1-2"})
    assert (got["Body"], got["ContentRange"], got["Metadata"]) == (b"ex", "bytes 1-2/4", {"a": "1"})
    assert cloud.call("s3", "HeadObject", {"Bucket": "data", "Key": "k"})["ContentLength"] == 4
    cloud.call("s3", "CopyObject", {"Bucket": "data", "Key": "c", "CopySource": "data/k", "ChecksumAlgorithm": "SHA1"})
    assert s3.objects.head("data", "c").checksum is not None
    cloud.call("s3", "DeleteObjects", {"Bucket": "data", "Delete": {"Objects": [{"Key": "k"}]}})
    assert [one["Key"] for one in cloud.call("s3", "ListObjectsV2", {"Bucket": "data"})["Contents"]] == ["c"]
    with pytest.raises(ServiceError, match="NoSuchKey") as error:
        cloud.call("s3", "GetObject", {"Bucket": "data", "Key": "k"})
    assert error.value.status == 404


def test_objects_survive_a_restart_and_orphans_do_not(tmp_path: Path) -> None:
    with Cloud(tmp_path) as cloud:
        objects = cloud.service("s3").objects
        objects.buckets.create("data")
        objects.put_bytes("data", "k", b"1", metadata={"m": "1"})
        staged = objects.contents.stage()
        staged.write([b"lost"])
        orphan = objects.contents.adopt(staged.finish())
        half = objects.contents.stage()
        half.write([b"half"])
        half._file.close()
    with Cloud(tmp_path) as cloud:
        objects = cloud.service("s3").objects
        assert objects.path("data", "k").read_bytes() == b"1"
        assert objects.head("data", "k").metadata == {"m": "1"}
        assert not objects.contents.path(orphan).exists()
        assert not half.path.exists()
        assert len(contents(objects)) == 1


KILLED = """
import sys, hashlib
from stepfunctions.local.cloud import Cloud
with Cloud(sys.argv[1]) as cloud:
    objects = cloud.service("s3").objects
    objects.buckets.create("data")
    number = 0
    while True:
        objects.put_bytes("data", f"k{number % 7}", str(number).encode() * 1000)
        print(number, flush=True)
        number += 1
"""


@pytest.mark.crash
def test_nothing_stored_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    done = -1
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process:
        for line in process.stdout:
            done = int(line)
            if done == 150:
                process.kill()
    with Cloud(tmp_path) as cloud:
        objects = cloud.service("s3").objects
        for slot in range(7):
            stored = objects.path("data", f"k{slot}").read_bytes()
            number = int(stored[: len(stored) // 1000])
            assert stored == str(number).encode() * 1000
            assert number % 7 == slot
            assert number > done - 7  # the last that was acknowledged, or one that was on its way
        assert len(contents(objects)) == 7


def test_many_threads(s3: S3) -> None:
    problems: list[BaseException] = []

    def work(mark: int) -> None:
        try:
            for round_ in range(40):
                s3.objects.put_bytes("data", "k", bytes([mark]) * (1000 + round_))
                with s3.objects.open("data", "k") as file:
                    assert len(set(file.read())) == 1
                list(s3.objects.list("data"))
        except BaseException as problem:  # noqa: BLE001 - told to the test's thread
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(mark,)) for mark in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(contents(s3.objects)) == 1


@given(
    size=st.integers(0, 40),
    first=st.integers(0, 60),
    last=st.integers(0, 60),
    form=st.sampled_from(["both", "open", "suffix"]),
)
def test_ranges_are_the_slices_of_python(size: int, first: int, last: int, form: str) -> None:
    body = bytes(range(size))
    info = ObjectInfo(bucket="b", key="k", size=size, etag="", last_modified=moment(0), content="")
    text = {"both": f"bytes={first}-{last}", "open": f"bytes={first}-", "suffix": f"bytes=-{last}"}[form]
    expected = {"both": body[first : last + 1], "open": body[first:], "suffix": body[-last:] if last else b""}[form]
    if form == "both" and last < first:
        assert choose_slice(info, text, None) is None
    elif not expected:
        with pytest.raises(ServiceError, match="InvalidRange"):
            choose_slice(info, text, None)
    else:
        part = choose_slice(info, text, None)
        assert isinstance(part, Slice)
        assert body[part.start : part.start + part.length] == expected


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(parts=st.lists(st.binary(max_size=50), min_size=1, max_size=5), algorithm=st.sampled_from(sorted(CRCS)))
def test_checksums_of_parts_combine(parts: list[bytes], algorithm: str) -> None:
    def checksum(data: bytes) -> str:
        meter = Meter([algorithm])
        meter.update(data)
        return meter.finish().checksums[algorithm]

    assert full_object(algorithm, [(checksum(part), len(part)) for part in parts]) == checksum(b"".join(parts))


def test_requests_of_one_connection_do_not_disturb_each_other(raw: Any, client: Any, bucket: str) -> None:
    assert raw("PUT", "/no-such-bucket-here/k", b"x" * 3_000_000)[0] == 404
    assert raw("PUT", f"/{bucket}/k", b"1")[0] == 200
    status, headers, _ = raw("PUT", "/no-such-bucket-here/k", None, {"Expect": "100-continue", "Content-Length": "10"})
    assert (status, headers["connection"]) == (404, "close")
    assert raw("GET", f"/{bucket}/k")[2] == b"1"
    assert raw("POST", f"/{bucket}")[0] == 405
    assert raw("GET", f"/{bucket}/%ff")[0] == 400
