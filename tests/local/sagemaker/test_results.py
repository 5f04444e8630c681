"""What a training job leaves, without running one."""

from __future__ import annotations

import tracemalloc
from datetime import datetime, timezone
from pathlib import Path

from stepfunctions.local.sagemaker.results import final_metrics

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


def test_the_last_value_of_each_metric_counts(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("loss=3;\nloss=2; acc=0.5;\nloss=none;\n")
    definitions = [
        {"Name": "loss", "Regex": "loss=(.*?);"},
        {"Name": "acc", "Regex": "acc=(.*?);"},
        {"Name": "never", "Regex": "never=(.*?);"},
    ]
    found = final_metrics(definitions, [tmp_path / "log", tmp_path / "missing"], NOW)
    assert found == [
        {"MetricName": "loss", "Value": 2.0, "Timestamp": NOW},
        {"MetricName": "acc", "Value": 0.5, "Timestamp": NOW},
    ]


def test_a_log_without_line_ends_takes_no_memory(tmp_path: Path) -> None:
    with open(tmp_path / "log", "w") as log:
        for _ in range(64):
            log.write("x" * (1 << 20))
        log.write("\nloss=1;\n")
    tracemalloc.start()
    try:
        found = final_metrics([{"Name": "loss", "Regex": "loss=(.*?);"}], [tmp_path / "log"], NOW)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [one["Value"] for one in found] == [1.0]
    assert peak < 16 << 20
