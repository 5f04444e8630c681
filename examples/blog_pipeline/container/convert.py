"""Convert to training sets: the hours of the year as standardised numbers, split by time (ECS on Fargate).

Environment: ``SOURCE`` and ``TARGET``, s3:// addresses. Reads ``SOURCE/weather.csv``; writes ``train``, ``val`` and
``test`` below ``TARGET``. Means and deviations are those of the training hours alone.
"""

from __future__ import annotations

import io
import os
from urllib.parse import urlsplit

import boto3
import pandas as pd

COLUMNS = ["temp", "dewp", "humid", "wind_speed", "pressure", "visib"]
TRAIN_UNTIL, VAL_UNTIL = 0.6, 0.8


def convert(weather: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The three sets: the first 60 % of the hours, the next 20 %, the last 20 %."""
    hours = weather.sort_values("time_hour")[COLUMNS].dropna().reset_index(drop=True)
    first, second = int(len(hours) * TRAIN_UNTIL), int(len(hours) * VAL_UNTIL)
    train = hours[:first]
    scaled = (hours - train.mean()) / train.std()
    return {"train": scaled[:first], "val": scaled[first:second], "test": scaled[second:]}


if __name__ == "__main__":
    s3 = boto3.client("s3")
    source, target = urlsplit(os.environ["SOURCE"]), urlsplit(os.environ["TARGET"])
    body = s3.get_object(Bucket=source.netloc, Key=f"{source.path.strip('/')}/weather.csv")["Body"].read()
    for name, hours in convert(pd.read_csv(io.BytesIO(body))).items():
        key = f"{target.path.strip('/')}/{name}/hours.csv"
        s3.put_object(Bucket=target.netloc, Key=key, Body=hours.to_csv(index=False).encode())
        print(f"{name}: {len(hours)} hours")
