"""The job as a whole: what it finds, what it leaves, and what it says of bad input."""

from __future__ import annotations

import ast
import json
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from botocore.exceptions import ClientError

import stepfunctions.mlops.analysis as package
from stepfunctions.mlops.analysis import baselines, job, sources
from stepfunctions.mlops.analysis.judging import Judge

NASTY = 'B</script><img src=x onerror="a">'


def frame(seed: int, rows: int, moved: float = 0.0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "route": random.choice(["A", NASTY, "C"], rows),
            "delay": random.normal(moved, 1, rows),
            "carrier": random.choice(["UA", "AA", *(["ZZ"] if moved else [])], rows),
            "said": np.zeros(rows),
            "came": random.normal(0, 1 + moved, rows),
        }
    )


class Folder:
    """What SageMaker would lay out, below a folder of the test."""

    def __init__(self, root: Path) -> None:
        self.root = root / "processing"
        (self.root / "data").mkdir(parents=True)

    def put(self, data: pd.DataFrame) -> None:
        data.to_csv(self.root / "data" / "data.csv", index=False)

    def run(self, command: str, config: dict[str, Any], *more: str) -> int:
        path = self.root / "config.json"
        path.write_text(json.dumps(config))
        return job.main([command, "--config", str(path), "--root", str(self.root), *more])

    def left(self, name: str) -> Any:
        text = (self.root / "output" / name).read_text()
        return (
            [json.loads(line) for line in text.splitlines()]
            if name.endswith("l") and "json" in name
            else json.loads(text)
        )


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


FLEET: dict[str, Any] = {"Name": "delays", "Source": {"Kind": "Dataset", "By": "route"}}
TRUTH = {"Prediction": "said", "Label": "came", "Loss": "absolute"}


@pytest.fixture
def fleet(folder: Folder) -> Folder:
    """The baseline of a fleet of three models, with their errors."""
    folder.put(frame(1, 3000))
    assert folder.run("baseline", {**FLEET, "Truth": TRUTH}) == 0
    shutil.move(folder.root / "output", folder.root / "baseline")
    return folder


def mixed() -> pd.DataFrame:
    """One route moved, the others did not."""
    still, moved = frame(2, 1500), frame(3, 600, 0.8)
    return pd.concat([still[still.route != NASTY], moved[moved.route == NASTY]])


def test_only_the_model_that_drifted_is_named(fleet: Folder) -> None:
    fleet.put(mixed())
    assert fleet.run("analyse", {**FLEET, "Truth": TRUTH}, "--name", "run-1", "--time", "2026-01-05T06:00:00.123Z") == 0
    summary = fleet.left("summary.json")
    assert (summary["Models"], summary["Drifted"], summary["Stable"]) == (3, 1, 2)
    assert (summary["Run"], summary["Time"]) == ("run-1", "2026-01-05T06:00:00Z")
    (one,) = fleet.left("drifted.jsonl")
    assert (one["Model"], one["Features"]) == (NASTY, ["delay", "carrier"])
    assert one["Drift"] == summary["Drift"] > 1
    assert one["Reason"].startswith("the error has grown by")
    report = fleet.left("report.json")
    assert report["Models"]["A"]["Verdict"] == "Stable"
    assert report["Models"]["A"]["Quality"]["Now"]["MeanAbsoluteError"] == pytest.approx(0.8, abs=0.1)
    assert report["Models"][NASTY]["Features"]["carrier"]["Worst"] == "NewCategories"


def test_few_rows_are_no_drift_and_unknown_models_have_no_baseline(fleet: Folder) -> None:
    moved = frame(3, 60, 3.0)
    fleet.put(pd.concat([moved[moved.route == "A"], moved.assign(route="new")]))
    assert fleet.run("analyse", FLEET) == 0
    report = fleet.left("report.json")["Models"]
    assert {name: one["Verdict"] for name, one in report.items()} == {
        "A": "TooFew",
        NASTY: "TooFew",
        "C": "TooFew",
        "new": "NoBaseline",
    }
    assert fleet.left("drifted.jsonl") == []
    assert fleet.run("analyse", {**FLEET, "MinimumCount": 5}) == 0
    assert [one["Model"] for one in fleet.left("drifted.jsonl")] == ["A"]


def test_thresholds_of_the_monitor_win_over_those_of_the_file(fleet: Folder) -> None:
    fleet.put(mixed())
    high = {"Thresholds": dict.fromkeys(("PopulationStabilityIndex", "KolmogorovSmirnov", "JensenShannon"), 9.0)}
    assert fleet.run("analyse", {**FLEET, **high, "Features": {"carrier": {"NewCategories": 0.9}}}) == 0
    assert fleet.left("summary.json")["Drifted"] == 0
    path = fleet.root / "baseline" / "constraints.json"
    constraints = json.loads(path.read_text())
    path.write_text(json.dumps({**constraints, "MinimumCount": 10_000}))
    assert fleet.run("analyse", FLEET) == 0
    assert fleet.left("summary.json")["TooFew"] == 3


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.add(tag)
        assert not any(name.startswith("on") for name, _ in attrs), attrs
        if tag not in ("meta", "rect", "path", "i"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "i":
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.seen.add(tag)


def test_the_page_is_well_formed_and_takes_names_as_texts(fleet: Folder) -> None:
    fleet.put(mixed())
    assert fleet.run("analyse", {**FLEET, "Truth": TRUTH}, "--name", "<b>") == 0
    parser = Tags()
    parser.feed((fleet.root / "output" / "report.html").read_text())
    assert parser.open == []
    assert not parser.seen & {"script", "img", "b2", "link", "iframe"}
    assert {"svg", "table", "section"} <= parser.seen


def test_the_same_data_give_the_same_report(fleet: Folder) -> None:
    fleet.put(mixed())
    texts = []
    for _ in range(2):
        fleet.run("analyse", FLEET, "--time", "2026-01-05T06:00:00Z")
        texts.append([path.read_bytes() for path in sorted((fleet.root / "output").iterdir())])
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"Source": {"Kind": "Dataset", "By": "line"}}, "the data have no column 'line'; they have route, delay"),
        ({"Thresholds": {"Psi": 1}}, "there is no measure 'Psi'; there are PopulationStabilityIndex"),
        ({"Thresholds": {"JensenShannon": 0}}, "the threshold of JensenShannon is 0; write a number above 0"),
        ({"Significance": 2}, "Significance is 2; write a number between 0 and 1"),
        ({"MinimumCount": 0}, "MinimumCount is 0; write a whole number of at least 1"),
    ],
)
def test_bad_input_is_one_line(
    fleet: Folder, change: dict[str, Any], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet.put(mixed())
    assert fleet.run("analyse", {**FLEET, **change}) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert said in (fleet.root.parent / "output" / "message").read_text()


def test_bad_baselines_are_one_line(fleet: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    fleet.put(mixed())
    path = fleet.root / "baseline" / "statistics.json"
    for text, said in (
        ("{", "is no JSON"),
        ('{"Version": 2}', "Version is 2, but must be 1"),
        ('{"Version": 1}', "Models is missing"),
    ):
        path.write_text(text)
        assert fleet.run("analyse", FLEET) == 1
        assert said in capsys.readouterr().err
    path.unlink()
    assert fleet.run("analyse", FLEET) == 1
    assert "there is no statistics.json in" in capsys.readouterr().err
    assert fleet.run("analyse", FLEET, "--time", "soon") == 1
    assert "--time is 'soon'" in capsys.readouterr().err


def test_the_modules_are_written_for_the_python_of_sagemakers_images() -> None:
    for path in Path(package.__file__).parent.glob("*.py"):
        ast.parse(path.read_text(), feature_version=(3, 8))


def test_configurations_that_are_none_are_one_line(fleet: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    path = fleet.root / "config.json"
    for text, said in (("{", "the configuration is no JSON"), ("[]", "needs Name and Source"), ("{}", "needs Name")):
        path.write_text(text)
        assert job.main(["analyse", "--config", str(path), "--root", str(fleet.root)]) == 1
        assert said in capsys.readouterr().err


def test_statistics_that_are_not_complete_are_one_line(fleet: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    fleet.put(mixed())
    path = fleet.root / "baseline" / "statistics.json"
    good = path.read_text()
    for change, said in (
        ({"Count": "9"}, "feature 'delay' is not complete: TypeError"),
        ({"Type": "number"}, "feature 'delay' has counts, types or values that do not fit"),
        ({"Quantiles": [2, 1]}, "feature 'delay' has counts, types or values that do not fit"),
        ({"Quantiles": None}, "feature 'delay' has counts, types or values that do not fit"),
    ):
        document = json.loads(good)
        document["Models"]["A"]["Features"]["delay"].update(change)
        path.write_text(json.dumps(document))
        assert fleet.run("analyse", FLEET) == 1
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1


def test_a_monitor_and_a_baseline_that_do_not_belong_together(
    fleet: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet.put(mixed())
    assert fleet.run("analyse", {"Name": "other", "Source": {"Kind": "Dataset"}}) == 1
    assert "the baseline has no model 'other'; it has 'A'," in capsys.readouterr().err
    assert fleet.run("analyse", {**FLEET, "Features": {"dealy": {"JensenShannon": 0.3}}}) == 1
    assert "a threshold is for 'dealy', but the baseline has carrier, delay" in capsys.readouterr().err
    assert fleet.run("analyse", {**FLEET, "Truth": {**TRUTH, "Label": "truth"}}) == 1
    assert "the data have no column 'truth'; they have route" in capsys.readouterr().err


def test_times_have_offsets(fleet: Folder) -> None:
    fleet.put(mixed())
    assert fleet.run("analyse", FLEET, "--time", "2026-01-05T06:00:00.5+02:00") == 0
    assert fleet.left("summary.json")["Time"] == "2026-01-05T04:00:00Z"


def test_rows_of_no_model_are_told_and_names_are_the_same_as_numbers_and_texts(folder: Folder) -> None:
    random = np.random.default_rng(4)
    data = pd.DataFrame({"route": [7] * 100, "delay": random.normal(size=100)})
    folder.put(data)
    assert folder.run("baseline", FLEET) == 0
    shutil.move(folder.root / "output", folder.root / "baseline")
    folder.put(data.assign(route=[7.0] * 98 + [None] * 2))
    assert folder.run("analyse", FLEET) == 0
    report = folder.left("report.json")
    assert (list(report["Models"]), report["BadLines"], report["Stable"]) == (["7"], 2, 1)
    assert "no value of 'route'" in report["Lines"]["FirstBad"]


def test_a_model_that_was_never_wrong_can_become_so(folder: Folder) -> None:
    truth = {"Prediction": "said", "Label": "came", "Loss": "wrong"}
    one = {"Name": "m", "Source": {"Kind": "Dataset"}, "Truth": truth}
    data = pd.DataFrame({"x": range(200), "said": [1, 0] * 100})
    folder.put(data.assign(came=data.said))
    assert folder.run("baseline", one) == 0
    shutil.move(folder.root / "output", folder.root / "baseline")
    for wrong, verdict in ((1, "Stable"), (20, "Drifted")):
        folder.put(data.assign(came=[*(1 - data.said[:wrong]), *data.said[wrong:]]))
        assert folder.run("analyse", one) == 0
        assert folder.left("report.json")["Models"]["m"]["Quality"]["Verdict"] == verdict


class CloudWatch:
    """Keeps what is put, or refuses it."""

    def __init__(self, refuses: bool = False) -> None:
        self.data: dict[tuple[str, str], float] = {}
        self._refuses = refuses

    def put_metric_data(self, Namespace: str, MetricData: list[dict[str, Any]]) -> None:  # noqa: N803
        if self._refuses:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not\nyou"}}, "PutMetricData")
        assert Namespace == "Drifts"
        for one in MetricData:
            self.data[one["MetricName"], one["Dimensions"][-1]["Value"]] = one["Value"]


def test_metrics_are_named_as_cloudwatch_takes_them(fleet: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = CloudWatch()
    monkeypatch.setattr(job, "_client", lambda service: cloud)
    fleet.put(mixed())
    assert fleet.run("analyse", {**FLEET, "Namespace": "Drifts"}) == 0
    assert cloud.data["Drift", "delays"] == cloud.data["Drift", NASTY] > 1 > cloud.data["Drift", "A"]
    assert (cloud.data["DriftedModels", "delays"], cloud.data["BadLines", "delays"]) == (1, 0)
    assert job.dimension("größe\n\ud83d") == "gr\\xf6\\xdfe"
    assert job.dimension("\x07") == "-"
    assert len(job.dimension("ö" * 1024)) == 1024


def test_nothing_known_is_no_drift_of_zero(fleet: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = CloudWatch()
    monkeypatch.setattr(job, "_client", lambda service: cloud)
    fleet.put(frame(2, 30))
    assert fleet.run("analyse", {**FLEET, "Namespace": "Drifts"}) == 0
    assert cloud.data == {("BadLines", "delays"): 0.0}


def test_what_aws_refuses_is_one_line(
    fleet: Folder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(job, "_client", lambda service: CloudWatch(refuses=True))
    fleet.put(mixed())
    assert fleet.run("analyse", {**FLEET, "Namespace": "Drifts"}) == 1
    error = capsys.readouterr().err
    assert "AccessDenied" in error
    assert error.count("\n") == 1


def test_what_is_no_text_is_a_question_mark(folder: Folder) -> None:
    (folder.root / "data" / "1.jsonl").write_text('{"lone \\ud83d": "lone \\uD83D", "pair": "\\ud83d\\ude00"}\n' * 60)
    found = sources.dataset(folder.root / "data", sources.Lines())
    assert found.iloc[0].to_dict() == {"lone ?": "lone ?", "pair": "\U0001f600"}
    statistics = baselines.statistics_of(found)
    baselines.save(folder.root / "baseline", {"m": statistics}, {})
    assert baselines.load(folder.root / "baseline")["Models"] == {"m": statistics}
    report = {"m": Judge(baselines.load(folder.root / "baseline")).model("m", found)}
    assert report["m"]["Verdict"] == "Stable"
