"""A clock that jumps begins where it is told to, once."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from pathlib import Path

import pytest

from stepfunctions.errors import LocalCloudError
from stepfunctions.local.cloud import Cloud
from stepfunctions.testing import LocalCloud

START = datetime(2013, 1, 7, 6, tzinfo=timezone.utc)
MONDAY = "2013-01-07T06:00:00Z"


def test_a_new_directory_begins_at_its_start_and_goes_on_from_where_it_was(tmp_path: Path) -> None:
    with Cloud(tmp_path, clock="jump", start=MONDAY) as cloud:
        assert START.timestamp() <= cloud.clock.now() < START.timestamp() + 60
        assert cloud.clock.advance_to(START.timestamp() + 86_400)  # type: ignore[attr-defined]
    for again in (MONDAY, None, "2012-01-01T00:00:00"):
        with Cloud(tmp_path, clock="jump", start=again) as cloud:
            assert START.timestamp() + 86_400 <= cloud.clock.now() < START.timestamp() + 86_460


def test_it_may_begin_in_the_future(tmp_path: Path) -> None:
    with Cloud(tmp_path, clock="jump", start="2099-01-01") as cloud:
        assert datetime.fromtimestamp(cloud.clock.now(), timezone.utc).year == 2099


def test_a_real_clock_has_no_start_and_takes_no_directory_of_another_time(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match="A real clock has no start: use --clock jump with --start"):
        Cloud(tmp_path, start=MONDAY)
    with Cloud(tmp_path, clock="jump", start=MONDAY):
        pass
    with pytest.raises(LocalCloudError, match=r"is 2013-01-07T06:00:.*, and is not the real one"):
        Cloud(tmp_path)


def test_a_directory_that_lived_by_a_real_clock_gets_no_start(tmp_path: Path) -> None:
    with Cloud(tmp_path) as cloud:
        cloud.call("stepfunctions", "ListStateMachines", {})
    with pytest.raises(LocalCloudError, match="has lived by a real clock"):
        Cloud(tmp_path, clock="jump", start=MONDAY)
    with Cloud(tmp_path, clock="jump") as cloud:
        assert abs(cloud.clock.now() - time.time()) < 60


@pytest.mark.parametrize("text", ["", "monday", "2013-13-01", "1970-01-01T00:00:00Z", "9999-01-01"])
def test_what_is_no_time_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(LocalCloudError, match="--start is "):
        Cloud(tmp_path, clock="jump", start=text)


@pytest.mark.local
def test_the_server_takes_it_and_tells_it() -> None:
    with LocalCloud(clock="jump", start=START) as cloud:
        assert (cloud.clock.now() - START).total_seconds() < 60
        (s3,) = cloud.clients("s3")
        s3.create_bucket(Bucket="flights")
        assert s3.list_buckets()["Buckets"][0]["CreationDate"].date() == START.date()
