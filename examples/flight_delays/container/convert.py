"""Convert to training sets: join flights, weather and planes, one training set a due route (ECS on Fargate).

Environment: ``BUCKET``, ``WEEK``, ``RUN``, and perhaps ``WEEKS``: of how many weeks (default: all). For each line of
``runs/<RUN>/due.jsonl`` this writes ``sets/<RUN>/<route>/flights.csv`` (a row a flight that arrived, ordered by time,
with its split) and, when the route has a champion, a copy of it as ``champion.tar.gz``: what the new model has to beat.
``trained/<RUN>/flights.csv`` has the delays of all flights that the models are fitted to, for the drift monitor.

**Only what is known before departure is a feature.** The actual departure time and delay are not; the weather is
the one *observed* at the origin in the scheduled hour and stands in for the forecast a real service would use,
which makes every model here a little better than a forecast would.

**Splits are by time, never at random.** Of a route's flights, in order of days: the first 60 % train, the next
20 % choose between settings, the last 20 % test. A day is never divided. As weeks are added the test period only
ever moves later, so no champion was trained on a flight that its challenger is tested on.
"""

from __future__ import annotations

import io
import json
import os
from typing import Any
from urllib.parse import urlsplit

import boto3
import numpy as np
import pandas as pd

VALIDATION_FROM, TEST_FROM = 0.6, 0.8

WEATHER = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib"]
FEATURES = [
    "carrier",
    "weekday",  # 0 is Monday
    "departure",  # scheduled, minutes since midnight
    "duration",  # scheduled arrival minus departure, local clocks
    "departures_in_hour",  # scheduled from this airport in the same hour: how crowded it is
    *WEATHER,
    "plane_age",  # years; the tail number is known when the flight is planned
    "seats",
]


def join(flights: pd.DataFrame, weather: pd.DataFrame, planes: pd.DataFrame) -> pd.DataFrame:
    """Lake rows -> rows with ``FEATURES`` and the label, of flights that arrived; missing values stay empty."""
    departure, arrival = (
        flights[name] // 100 * 60 + flights[name] % 100 for name in ("sched_dep_time", "sched_arr_time")
    )
    date = pd.to_datetime(flights["date"])
    crowd = flights.groupby(["origin", "time_hour"])["row"].transform("size")
    planes = planes[["tailnum", "year", "seats"]].rename(columns={"year": "built"})
    joined = (
        flights.assign(
            weekday=date.dt.day_of_week,
            departure=departure,
            duration=(arrival - departure) % 1440,
            departures_in_hour=crowd,
            flown=date.dt.year,
        )
        .merge(weather[["origin", "time_hour", *WEATHER]], on=["origin", "time_hour"], how="left", validate="m:1")
        .merge(planes, on="tailnum", how="left", validate="m:1")
    )
    joined["plane_age"] = joined["flown"] - joined["built"]
    return joined[joined["status"] == "arrived"].sort_values(["day", "departure", "row"])


def split(days: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The split of each flight, from its day (ascending)."""
    validation, test = (days[int(np.ceil(share * len(days)))] for share in (VALIDATION_FROM, TEST_FROM))
    return np.where(days >= test, "test", np.where(days >= validation, "validation", "train"))


def main() -> None:
    """Write the training sets of one execution."""
    bucket, run, week = os.environ["BUCKET"], os.environ["RUN"], int(os.environ["WEEK"])
    first = max(1, week - int(os.environ.get("WEEKS", week)) + 1)
    s3 = boto3.client("s3")

    def table(key: str) -> pd.DataFrame:
        return pd.read_csv(io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read()))

    flights = pd.concat(
        [table(f"lake/flights/week={number:02}/flights.csv") for number in range(first, week + 1)], ignore_index=True
    )
    rows = join(flights, table("raw/weather.csv"), table("raw/planes.csv"))
    by_route = dict(tuple(rows.groupby("route")))
    due = s3.get_object(Bucket=bucket, Key=f"runs/{run}/due.jsonl")["Body"].read().decode().splitlines()
    trained = []
    for item in map(json.loads, due):
        route = item["Route"]
        own = by_route[route]
        training_set = own.assign(split=split(own["day"].to_numpy()))
        trained.append(training_set.loc[training_set["split"] != "test", ["route", "arr_delay"]])
        content = training_set[["split", "row", "date", *FEATURES, "arr_delay"]].to_csv(index=False)
        s3.put_object(Bucket=bucket, Key=f"sets/{run}/{route}/flights.csv", Body=content.encode())
        if item["Champion"]:
            champion = urlsplit(item["Champion"])
            s3.copy_object(
                Bucket=bucket,
                Key=f"sets/{run}/{route}/champion.tar.gz",
                CopySource={"Bucket": champion.netloc, "Key": champion.path.lstrip("/")},
            )
    if trained:
        content = pd.concat(trained).to_csv(index=False)
        s3.put_object(Bucket=bucket, Key=f"trained/{run}/flights.csv", Body=content.encode())
    print(f"{len(due)} training sets from {len(flights)} flights up to week {week}; {len(rows)} of them arrived.")


if __name__ == "__main__":
    main()
