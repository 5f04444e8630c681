"""DriftMonitor and Baseline: what they are written as, and what they refuse."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.deploy.test_stack import findings
from tests.faults_of import faults_of
from tests.mlops.test_deploy_model import OF_THE_ACCOUNT

from stepfunctions import lint
from stepfunctions.deploy.policy import policy_of
from stepfunctions.inputs import ExecutionInput
from stepfunctions.mlops import Baseline, Captured, Dataset, DriftMonitor, OnModelDrift, Truth
from stepfunctions.steps import Chain, Pass
from stepfunctions.workflow import Workflow

ROLE = "arn:aws:iam::123456789012:role/sagemaker"
GOLDEN = Path(__file__).parent / "golden"
CAPTURED = Captured(uri="s3://captured/delays/all", hours=6, features=["hour", "carrier"])


def monitor(**given: Any) -> DriftMonitor:
    made = {
        "source": CAPTURED,
        "baseline": "s3://models/baseline/delays",
        "output": "s3://reports/drift",
        "role": ROLE,
        **given,
    }
    return DriftMonitor("delays", **made)


def written(language: str, **given: Any) -> dict[str, Any]:
    spoken: Any = {"query_language": language} if language == "JSONata" else {}
    found: dict[str, Any] = Workflow("drift", monitor(**given).step(**spoken), ROLE, **spoken).definition.to_dict()
    return found


TRUTH = Truth(label="late", key="EventId", uri="s3://labels/late/")
FLEET = Dataset(uri=ExecutionInput(schema={"Data": str})["Data"], by="route")
CASES: dict[str, dict[str, Any]] = {"captured": {"truth": TRUTH}, "fleet": {"source": FLEET}}
GOLDENS: dict[str, tuple[str, dict[str, Any]]] = {
    f"drift-{name}-{language.lower()}": (language, given)
    for language in ("JSONPath", "JSONata")
    for name, given in CASES.items()
}


@pytest.mark.parametrize("name", GOLDENS)
def test_it_is_written_as_before(name: str) -> None:
    language, given = GOLDENS[name]
    file = GOLDEN / f"{name}.asl.json"
    made = re.sub(r"analysis-[0-9a-f]{16}", "analysis-DIGEST", json.dumps(written(language, **given), indent=2)) + "\n"
    if not file.exists():
        file.write_text(made)
        pytest.fail(f"{file.name} was not there and is written now: read it, and run again")
    assert made == file.read_text()


@pytest.mark.parametrize("name", GOLDENS)
def test_nothing_is_wrong_with_it(name: str) -> None:
    language, given = GOLDENS[name]
    definition = written(language, **given)
    assert faults_of(definition) == []
    assert [one.message for one in lint.check(definition) if one.rule not in OF_THE_ACCOUNT] == []


def test_the_workflow_may_do_just_that() -> None:
    policy = json.dumps(policy_of(written("JSONPath"), name="drift").document())
    assert all(action in policy for action in ("sagemaker:CreateProcessingJob", "iam:PassRole", "s3:GetObject"))
    assert "s3:PutObject" not in policy


def test_its_stack_is_right_and_goes_off_by_the_metric() -> None:
    watched = monitor()
    flow = Workflow("retrain", Chain([watched.step(result_path="$.Drift"), Pass("Retrain")]), ROLE)
    stack = flow.stack(triggers=[OnModelDrift(watched, threshold=1)])
    assert findings(stack.to_yaml()) == []
    (alarm,) = [one for one in stack.template["Resources"].values() if one["Type"] == "AWS::CloudWatch::Alarm"]
    assert (alarm["Properties"]["Namespace"], alarm["Properties"]["MetricName"]) == ("DriftMonitor", "Drift")


def test_the_archive_is_the_same_each_time_and_runs_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "analysis.zip"
    path.write_bytes(monitor().archive())
    assert monitor().archive() == path.read_bytes()
    assert monitor(minimum_count=7).code != monitor().code
    with zipfile.ZipFile(path) as opened:
        assert json.loads(opened.read("config.json"))["Source"]["Hours"] == 6
    done = subprocess.run([sys.executable, "-I", str(path), "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Tell whether data have drifted" in done.stdout


def test_metrics() -> None:
    assert monitor().metric("hour").dimensions == {"Monitor": "delays", "Feature": "hour"}
    assert monitor().metric().dimensions == {"Monitor": "delays"}
    with pytest.raises(ValueError, match="has no namespace"):
        monitor(namespace=None).metric()
    with pytest.raises(ValueError, match="of a fleet, whose metrics are by model"):
        monitor(source=FLEET).metric("hour")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"source": "s3://a/b"}, r"give Captured\(uri=…\) or Dataset\(uri=…\)"),
        ({"baseline": "models/baseline"}, "baseline is 'models/baseline'; write s3://bucket/prefix"),
        ({"output": "reports"}, "output is 'reports'; write s3://bucket/prefix"),
        ({"output": "s3://reports/it's"}, 'output is "s3://reports/it\'s"'),
        ({"role": "sagemaker"}, "role='sagemaker': write an ARN"),
        ({"namespace": "AWS/Mine"}, "namespace is 'AWS/Mine'"),
        ({"thresholds": {"PSI": 0.1}}, "there is no measure 'PSI'; there are PopulationStabilityIndex"),
        ({"feature_thresholds": {"hour": {"JensenShannon": -1}}}, "threshold of JensenShannon is -1"),
        ({"significance": 0}, "Significance is 0"),
        ({"minimum_count": 0}, "MinimumCount is 0"),
    ],
)
def test_what_cannot_be_monitored_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        monitor(**given)


def test_sources_and_truths_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="name is 'a_b'"):
        DriftMonitor("a_b", source=CAPTURED, baseline="s3://a/b", output="s3://a/b", role=ROLE)
    with pytest.raises(ValueError, match=r"Captured\.hours is 0"):
        Captured(uri="s3://a/b", hours=0)
    with pytest.raises(TypeError, match=r"Captured\.features is 'hour'; write a list"):
        Captured(uri="s3://a/b", features="hour")
    with pytest.raises(ValueError, match=r"Truth\.loss is 'mae'; write one of absolute, squared, wrong"):
        Truth(label="late", loss="mae")
    with pytest.raises(ValueError, match=r"key and Truth\.uri belong together"):
        Truth(label="late", key="id")


def data() -> pd.DataFrame:
    return pd.DataFrame(
        {"hour": [1, 2, 3], "carrier": ["a", "b", None], "route": ["x", "x", "y"], "said": 1, "came": 2}
    )


def test_a_baseline_is_kept_and_read(tmp_path: Path) -> None:
    made = Baseline.of(data(), by="route", prediction="said", label="came", thresholds={"JensenShannon": 0.5})
    again = Baseline.load(made.save(tmp_path))
    assert (again.models, again.constraints) == (made.models, made.constraints)
    assert made.models["x"]["Features"]["hour"]["Mean"] == 1.5
    assert made.models["x"]["Quality"]["MeanAbsoluteError"] == 1
    assert made.models["y"]["Features"]["carrier"] == {
        "Type": "categorical",
        "Count": 0,
        "Missing": 1,
        "Categories": {},
    }
    assert set(made.models["x"]["Features"]) == {"hour", "carrier"}
    assert made.constraints["Thresholds"]["JensenShannon"] == 0.5
    data().to_csv(tmp_path / "data.csv", index=False)
    named = Baseline.of(tmp_path / "data.csv", "delays", features={"hour": "categorical"})
    assert named.models["delays"]["Features"]["hour"]["Categories"] == {"1": 1, "2": 1, "3": 1}


def test_baselines_that_cannot_be(tmp_path: Path) -> None:
    for given, message in (
        ({}, "name of the model, or by"),
        ({"model": "m", "by": "route"}, "name of the model, or by"),
        ({"by": "line"}, "the data have no column 'line'"),
        ({"model": "m", "label": "came"}, "prediction and label belong together"),
        ({"model": "m", "features": {"day": "numeric"}}, "the data have no column 'day'; they have hour, carrier"),
        (
            {"model": "m", "features": {"hour": "number"}},
            "type of 'hour' is 'number'; write numeric or categorical",
        ),
        ({"model": "m", "significance": 1}, "Significance is 1"),
    ):
        with pytest.raises(ValueError, match=message):
            Baseline.of(data(), **given)
    with pytest.raises(ValueError, match=r"there is no statistics\.json in"):
        Baseline.load(tmp_path)
