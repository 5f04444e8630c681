"""Extract: clean the raw flights into the lake, one partition a week (AWS Glue, Python shell).

Arguments: ``--bucket``, and ``--week`` (the last week to load of the year's file) or ``--key`` (the object that has
a single week, such as ``incoming/week=07.csv``). Weeks that the lake already holds are left alone, so a
weekly run reads and writes one new partition; a partition is one object and appears whole or not at all.
No row is dropped for its outcome: a cancelled flight was scheduled, and that counts.
"""

from __future__ import annotations

import io
import sys
from typing import Any

import boto3
import pandas as pd
from awsglue.utils import getResolvedOptions

COLUMNS = [
    "row",  # the line of the raw file, from 1: a flight's identity from here on
    "route",
    "date",
    "day",  # of the year
    "status",  # arrived, cancelled (never left) or diverted (left, but has no arrival delay at its destination)
    "origin",
    "dest",
    "carrier",
    "flight",
    "tailnum",
    "time_hour",  # scheduled hour of departure, UTC
    "sched_dep_time",  # hhmm, local time of the origin
    "sched_arr_time",  # hhmm, local time of the destination
    "arr_delay",  # minutes; the only field that is not known before departure
]


def clean(raw: pd.DataFrame) -> pd.DataFrame:
    """The lake's rows from the raw file's rows."""
    flights = raw.assign(row=range(1, len(raw) + 1)).drop_duplicates(subset=list(raw.columns))
    date = pd.to_datetime(flights[["year", "month", "day"]])
    day = (date - pd.to_datetime(flights["year"].astype(str) + "-01-01")).dt.days + 1
    status = pd.Series("arrived", index=flights.index)
    status[flights["arr_delay"].isna()] = "diverted"
    status[flights["dep_time"].isna()] = "cancelled"
    return flights.assign(
        route=flights["origin"] + "-" + flights["dest"], date=date.dt.strftime("%Y-%m-%d"), day=day, status=status
    )[COLUMNS]


def main() -> None:
    """Bring the lake up to the given week, or load the object that has come."""
    if "--key" in sys.argv:
        options = getResolvedOptions(sys.argv, ["bucket", "key"])
        load(boto3.client("s3"), options["bucket"], options["key"])
    else:
        options = getResolvedOptions(sys.argv, ["bucket", "week"])
        load_until(boto3.client("s3"), options["bucket"], int(options["week"]))


def load(s3: Any, bucket: str, key: str) -> None:
    """Load one week's object; a second time changes nothing."""
    lake = clean(pd.read_csv(io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read())))
    weeks = sorted(set((lake["day"] - 1) // 7 + 1))
    if len(weeks) != 1:
        raise ValueError(f"{key} has the weeks {weeks}, but must have one.")
    lake["row"] += 100_000 * weeks[0]  # a flight's identity in the whole lake
    s3.put_object(Bucket=bucket, Key=partition(weeks[0]), Body=lake.to_csv(index=False).encode())
    print(f"Loaded week {weeks[0]}: {lake['status'].value_counts().to_dict()}")


def load_until(s3: Any, bucket: str, last: int) -> None:
    """Load all weeks up to this one that the lake does not have."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="lake/flights/")
    held = {entry["Key"] for page in pages for entry in page.get("Contents", [])}
    missing = [week for week in range(1, last + 1) if partition(week) not in held]
    if not missing:
        print(f"The lake already holds weeks 1 to {last}.")
        return
    body = s3.get_object(Bucket=bucket, Key="raw/flights.csv.zip")["Body"].read()
    raw = pd.read_csv(io.BytesIO(body), compression="zip")
    lake = clean(raw)
    weeks = (lake["day"] - 1) // 7 + 1
    for week in missing:
        rows = lake[weeks == week]
        s3.put_object(Bucket=bucket, Key=partition(week), Body=rows.to_csv(index=False).encode())
    loaded = lake[weeks.isin(missing)]
    print(f"Loaded weeks {missing[0]} to {missing[-1]}: {loaded['status'].value_counts().to_dict()}")


def partition(week: int) -> str:
    """The key of a week's partition."""
    return f"lake/flights/week={week:02}/flights.csv"


if __name__ == "__main__":
    main()
