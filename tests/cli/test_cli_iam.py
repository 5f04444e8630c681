"""``stepfunctions iam``: what is printed, and a role compared with what is needed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from stepfunctions.cli.main import run

SEND = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sqs:sendMessage",
    "Parameters": {"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/done", "MessageBody": "a"},
    "Next": "Train",
}
TRAIN = {
    "Type": "Task",
    "Resource": "arn:aws:states:::glue:startJobRun.sync",
    "Parameters": {"JobName": "extract"},
    "End": True,
}
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:done"


@pytest.fixture
def definition(tmp_path: Path) -> str:
    path = tmp_path / "flights.asl.json"
    path.write_text(json.dumps({"StartAt": "Send", "States": {"Send": SEND, "Train": TRAIN}}))
    return str(path)


def role(tmp_path: Path, document: Any) -> str:
    path = tmp_path / "role.json"
    path.write_text(json.dumps(document))
    return str(path)


def statement(*actions: str, resource: Any = "*", effect: str = "Allow") -> dict[str, Any]:
    return {"Effect": effect, "Action": list(actions), "Resource": resource}


GLUE = ("glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun")
JOB = "arn:aws:glue:*:*:job/extract"


def compared(capsys: pytest.CaptureFixture[str], definition: str, path: str) -> tuple[int, dict[str, list[str]]]:
    code = run(["iam", definition, "--check", path, "--format", "json"])
    kinds: dict[str, list[str]] = {}
    for one in json.loads(capsys.readouterr().out):
        kinds.setdefault(one["kind"], []).append(one["action"])
    return code, kinds


def test_each_statement_says_what_it_is_for(definition: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["iam", definition]) == 0
    printed = capsys.readouterr().out
    assert "sqs:SendMessage\n    on arn:${AWS::Partition}:sqs:${AWS::Region}:123456789012:done\n" in printed
    assert "    for /States/Send" in printed
    assert run(["iam", definition, "--format", "policy", "--account", "1", "--region", "cn-north-1"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert "arn:aws-cn:glue:cn-north-1:1:job/extract" in json.dumps(document)
    assert run(["iam", definition, "--format", "trust"]) == 0
    assert json.loads(capsys.readouterr().out)["Statement"][0]["Action"] == "sts:AssumeRole"
    assert run(["iam", definition, "--format", "json", "--logging"]) == 0
    assert json.loads(capsys.readouterr().out)[-1]["Verified"] is True


def test_a_role_that_fits(definition: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    statements = [statement("sqs:SendMessage", resource=QUEUE), statement(*GLUE, resource=[JOB])]
    path = role(tmp_path, {"Version": "2012-10-17", "Statement": statements})
    assert compared(capsys, definition, path) == (0, {})


def test_what_is_missing_superfluous_and_wider(
    definition: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    statements = [statement("sqs:*", resource=QUEUE), statement(*GLUE[:2]), statement("s3:GetObject")]
    path = role(tmp_path, [{"Version": "2012-10-17", "Statement": statements}])
    code, kinds = compared(capsys, definition, path)
    assert code == 1
    assert kinds == {
        "missing": ["glue:GetJobRuns", "glue:BatchStopJobRun"],
        "wider": ["sqs:*", "glue:StartJobRun", "glue:GetJobRun"],
        "superfluous": ["s3:GetObject"],
    }
    assert run(["iam", definition, "--check", path]) == 1
    assert "role.json: 2 missing, 1 superfluous, 3 wider" in capsys.readouterr().out


def test_a_deny_counts_and_another_queue_does_not(
    definition: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    denied = [statement("*"), statement("sqs:SendMessage", effect="Deny")]
    assert compared(capsys, definition, role(tmp_path, {"Statement": denied}))[1]["missing"] == ["sqs:SendMessage"]
    other = [statement(*GLUE), statement("sqs:SendMessage", resource=f"{QUEUE}-not")]
    assert compared(capsys, definition, role(tmp_path, {"Statement": other}))[1]["missing"] == ["sqs:SendMessage"]


def test_answers_of_iams_api(definition: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = {"Version": "2012-10-17", "Statement": [statement("sqs:SendMessage", *GLUE)]}
    details = {
        "RoleDetailList": [
            {
                "AssumeRolePolicyDocument": {"Statement": [{"Principal": {}, "Action": "sts:AssumeRole"}]},
                "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": quote(json.dumps(document))}],
            }
        ]
    }
    assert compared(capsys, definition, role(tmp_path, details))[0] == 0


@pytest.mark.parametrize("text", ["{", "[]", '{"Statement": 1}', "[" * 100_000])
def test_a_file_without_a_policy(
    definition: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    path = tmp_path / "role.json"
    path.write_text(text)
    assert run(["iam", definition, "--check", str(path)]) == 2
    assert "role.json" in capsys.readouterr().err


ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@pytest.mark.parametrize(
    ("statements", "missing"),
    [
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], []),
        ([{"Effect": "Allow", "NotAction": "glue:*", "Resource": "*"}], list(GLUE)),
        ([{"Effect": "Allow", "Action": "*", "NotResource": QUEUE}], ["sqs:SendMessage"]),
        ([ALL, {"Effect": "Deny", "NotAction": "glue:*", "Resource": "*"}], ["sqs:SendMessage"]),
        ([ALL, {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"a:b": "false"}}}], []),
        ([{"Effect": "Allow", "Action": 5, "Resource": None}], ["sqs:SendMessage", *GLUE]),
    ],
)
def test_statements_about_all_but_some(
    statements: list[dict[str, Any]],
    missing: list[str],
    definition: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = run(["iam", definition, "--check", role(tmp_path, {"Statement": statements}), "--format", "json"])
    found = [one["action"] for one in json.loads(capsys.readouterr().out) if one["kind"] == "missing"]
    assert (code, found) == (1 if missing else 0, missing)


@pytest.mark.parametrize(("service", "code"), [("glue.amazonaws.com", 1), ("sagemaker.amazonaws.com", 0)])
def test_a_role_is_passed_to_the_service_that_needs_it(service: str, code: int, tmp_path: Path) -> None:
    model = {"ModelName": "m", "ExecutionRoleArn": "arn:aws:iam::123456789012:role/r"}
    task = {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createModel", "Parameters": model, "End": True}
    path = tmp_path / "model.json"
    path.write_text(json.dumps({"StartAt": "M", "States": {"M": task}}))
    passed = {
        **statement("iam:PassRole"),
        "Condition": {"StringEquals": {"iam:PassedToService": service}},
    }
    checked = role(tmp_path, {"Statement": [statement("sagemaker:*"), passed]})
    assert run(["iam", str(path), "--check", checked]) == code


def test_who_may_assume_the_role_in_an_account(definition: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(["iam", definition, "--format", "trust", "--account", "123456789012", "--region", "cn-north-1"])
    [trusted] = json.loads(capsys.readouterr().out)["Statement"]
    assert trusted["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnLike": {"aws:SourceArn": "arn:aws-cn:states:cn-north-1:123456789012:stateMachine:*"},
    }
