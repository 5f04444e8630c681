"""Findings at the lines and columns of the user's own file, in every form a definition comes in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stepfunctions import lint

GOOD = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}'


def found(tmp_path: Path, name: str, text: str | bytes) -> list[tuple[str, str, int | None, int | None]]:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    findings = lint.check_file(path)
    assert all(finding.line and finding.column and finding.file for finding in findings)
    return [(one.rule, one.path or "", one.line, one.column) for one in findings]


JSON_FILES = {
    "good": (GOOD, []),
    "a byte order mark": ("\ufeff" + GOOD, []),
    "a missing comma": ('{"StartAt": "A"\n "States": {}}', [("INVALID_JSON_DESCRIPTION", "", 2, 2)]),
    "the end is missing": ('{\n"StartAt": "A"', [("INVALID_JSON_DESCRIPTION", "", 2, 15)]),
    "a key twice": (
        '{"StartAt": "A", "States": {"A": {\n "Type": "Pass",\n "Type": "Pass", "End": true}}}',
        [("INVALID_JSON_DESCRIPTION", "/States/A/Type", 3, 2)],
    ),
    "a number that is none": (
        '{"StartAt": "A", "States": {"A": {"Type": "Pass",\n  "Result": NaN, "End": true}}}',
        [("INVALID_JSON_DESCRIPTION", "", 2, 13)],
    ),
    "a list": ("[1]", [("SCHEMA_VALIDATION_FAILED", "", 1, 1)]),
    "nothing": ("", [("SCHEMA_VALIDATION_FAILED", "", 1, 1)]),
    "an element of a list": (
        '{"StartAt": "A", "States": {"A": {"Type": "Choice", "Default": "B", "Choices": [\n'
        '  {"Variable": "$.a", "IsNull": true, "Next": "B"},\n'
        '  {"Variable": "$.a[", "IsNull": true, "Next": "B"}]},\n'
        '  "B": {"Type": "Succeed"}}}',
        [("EXPRESSION_SYNTAX", "/States/A/Choices/1/Variable", 3, 4)],
    ),
    "a token for a number": (
        '{"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": ${Wait},\n "Nxt": "A", "End": true}}}',
        [("SCHEMA_VALIDATION_FAILED", "/States/A/Nxt", 2, 2)],
    ),
}


@pytest.mark.parametrize("name", JSON_FILES)
def test_json(tmp_path: Path, name: str) -> None:
    text, expected = JSON_FILES[name]
    assert found(tmp_path, "a.asl", text) == expected


def test_a_megabyte_of_nesting(tmp_path: Path) -> None:
    for name in ("a.json", "a.yaml"):
        for text in ("[" * 1_000_000, '{"a":' * 200_000, "- " * 500_000, "? " * 500_000):
            [(rule, _, line, _)] = found(tmp_path, name, text)
            assert rule in ("TOO_DEEPLY_NESTED", "INVALID_JSON_DESCRIPTION", "INVALID_YAML_DESCRIPTION")
            assert line == 1


def test_what_is_no_text(tmp_path: Path) -> None:
    assert found(tmp_path, "a.json", b'{\n"a": "\xff"}') == [("INVALID_JSON_DESCRIPTION", "", 2, 7)]
    with pytest.raises(FileNotFoundError):
        lint.check_file(tmp_path / "nowhere.json")


YAML = """
StartAt: A
States:
  A: &pass
    Type: Pass
    Parameters:
      day: $.day
    Next: B
  B:
    <<: *pass
    Parameters: {"x.$": "$.y["}
    Next: C
  C: {Type: Succeed}
"""


def test_yaml_with_anchors(tmp_path: Path) -> None:
    assert found(tmp_path, "a.yaml", YAML) == [
        ("EXPRESSION_SYNTAX", "/States/B/Parameters", 11, 5),
        ("NO_DOLLAR", "/States/A/Parameters/day", 7, 7),
    ]


YAML_FILES = {
    "tabs": ("StartAt: A\nStates:\n\tA: {Type: Pass}\n", [("INVALID_YAML_DESCRIPTION", "", 3, 1)]),
    "a key twice": (
        "StartAt: A\nStates:\n  A: {Type: Succeed}\n  A: {Type: Succeed}\n",
        [("DUPLICATE_KEY", "/States/A", 4, 3)],
    ),
    "a key that is no text": (
        "StartAt: A\nStates:\n  1: {Type: Succeed}\n",
        [("INVALID_YAML_DESCRIPTION", "/States", 3, 3)],
    ),
    "an unknown tag": (
        "StartAt: A\nStates:\n  A: {Type: Pass, Result: !Nothing 1, End: true}\n",
        [("UNKNOWN_TAG", "/States/A/Result", 3, 27)],
    ),
    "a date": ("StartAt: A\nStates:\n  A: {Type: Wait, Timestamp: 2026-01-01T00:00:00Z, End: true}\n", []),
    "no number": (
        "StartAt: A\nStates:\n  A: {Type: Pass, Result: .nan, End: true}\n",
        [("SCHEMA_VALIDATION_FAILED", "/States/A/Result", 3, 19)],
    ),
}


@pytest.mark.parametrize("name", YAML_FILES)
def test_yaml(tmp_path: Path, name: str) -> None:
    text, expected = YAML_FILES[name]
    assert found(tmp_path, "a.yml", text) == expected


def test_many_aliases_are_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert found(tmp_path, "a.yaml", "\n".join(lines))[0][0] == "INVALID_YAML_DESCRIPTION"


@pytest.mark.parametrize(
    "text",
    ["&a\nStartAt: A\nStates: {A: *a}\n", "&a\n<<: *a\nStartAt: A\n", "StartAt: &a [*a, *a]\n"],
    ids=["a mapping", "a merged one", "a list"],
)
def test_what_holds_itself_is_too_deep(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, "a.yaml", text) == [("INVALID_YAML_DESCRIPTION", "", 1, 1)]


STATE = "{Type: Wait, SecondsPath: $.wait, Next: B}"
TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Wait: {Type: Number}
Resources:
  Function: {Type: AWS::Lambda::Function}
  Literal:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: !Ref Role
      DefinitionSubstitutions: {Queue: !GetAtt Queue.Arn}
      DefinitionString: |
        {
          "StartAt": "A",
          "States": {
            "A": {"Type": "Task", "Resource": "${Function}", "Next": "B"},
            "B": {"Type": "Wait", "Seconds": ${Wait}, "Next": "C"}
          }
        }
  Substituted:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      DefinitionString: !Sub
        - '{"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "it''s ${!x}", "Next": "B"}}}'
        - {}
  Joined:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      DefinitionString:
        Fn::Join:
          - ""
          - - '{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "'
            - !GetAtt Function.Arn
            - '", "Nxt": "B"}}}'
  Object:
    Type: AWS::Serverless::StateMachine
    Properties:
      Type: EXPRESS
      Definition:
        StartAt: A
        States:
          A: {Type: Task, Resource: !GetAtt Function.Arn, TimeoutSeconds: !Ref Wait, Next: B}
          B: {Type: Pass, Parameters: !Ref Payload, Next: C}
          D: {Type: Succeed}
  Elsewhere:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      DefinitionS3Location: {Bucket: b, Key: k}
  File:
    Type: AWS::Serverless::StateMachine
    Properties: {DefinitionUri: definitions/one.json}
  Missing:
    Type: AWS::Serverless::StateMachine
    Properties: {DefinitionUri: definitions/none.json}
  None:
    Type: AWS::StepFunctions::StateMachine
    Properties: {RoleArn: r}
"""


def test_a_template(tmp_path: Path) -> None:
    (tmp_path / "definitions").mkdir()
    (tmp_path / "definitions" / "one.json").write_text('{"StartAt": "A",\n "States": {"A": {"Type": "Succed"}}}')
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    findings = lint.check_file(tmp_path / "template.yaml")
    lines = TEMPLATE.split("\n")

    def text(line: int | None, column: int | None) -> str:
        assert line is not None
        assert column is not None
        return lines[line - 1][column - 1 :]

    seen = {(one.resource, one.rule, one.path): one for one in findings}
    expected = {
        ("Literal", "MISSING_TRANSITION_TARGET", "/States/B/Next"): '"Next": "C"}',
        ("Literal", "UNKNOWN_SUBSTITUTION", "/States/A/Resource"): '${Function}", "Next"',
        ("Substituted", "MISSING_TRANSITION_TARGET", "/States/A/Next"): '"Next": "B"',
        ("Joined", "SCHEMA_VALIDATION_FAILED", "/States/A/Nxt"): '"Nxt": "B"}}}',
        ("Object", "MISSING_TRANSITION_TARGET", "/States/B/Next"): "Next: C}",
        ("Elsewhere", "DEFINED_ELSEWHERE", "/Resources/Elsewhere/Properties/DefinitionS3Location"): "DefinitionS3Loc",
        ("Missing", "NO_DEFINITION", "/Resources/Missing/Properties/DefinitionUri"): "DefinitionUri: definitions/none",
        ("None", "NO_DEFINITION", "/Resources/None/Properties"): "Properties: {RoleArn: r}",
    }
    for key, beginning in expected.items():
        assert key in seen, (key, sorted(map(str, findings)))
        assert text(seen[key].line, seen[key].column).startswith(beginning), key
    other = [one for one in findings if one.file != str(tmp_path / "template.yaml")]
    assert [(one.resource, Path(one.file or "").name, one.line, one.column) for one in other] == [
        ("File", "one.json", 2, 19)
    ]


def test_a_template_of_cdk(tmp_path: Path) -> None:
    definition = ['{"StartAt":"A","States":{"A":{"Next":"B","Type":"Task","Resource":"', {"Ref": "Partition"}, '"}}}']
    resource = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"DefinitionString": {"Fn::Join": ["", definition]}},
    }
    text = json.dumps({"Resources": {"Machine": resource}}, indent=1)
    [(rule, path, line, column)] = found(tmp_path, "stack.template.json", text)
    assert (rule, path) == ("MISSING_TRANSITION_TARGET", "/States/A/Next")
    assert line is not None
    assert column is not None
    assert text.split("\n")[line - 1][column - 1 :].startswith(r"\"Next\":\"B\"")


def test_a_definition_that_cdk_takes_from_a_file(tmp_path: Path) -> None:
    where = {"Bucket": {"Fn::Sub": "cdk-assets-${AWS::AccountId}"}, "Key": "1a2b.json"}
    resource = {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"DefinitionS3Location": where}}
    template = json.dumps({"Resources": {"Machine": resource}})
    assert found(tmp_path, "stack.template.json", template)[0][0] == "DEFINED_ELSEWHERE"
    (tmp_path / "asset.1a2b.json").write_text('{"StartAt": "A", "States": {"A": {"Type": "Succed"}}}')
    [finding] = lint.check_file(tmp_path / "stack.template.json")
    assert (finding.path, finding.resource) == ("/States/A/Type", "Machine")
    assert Path(finding.file or "").name == "asset.1a2b.json"


def test_a_definition_that_is_chosen_when_it_is_deployed_is_not_looked_at(tmp_path: Path) -> None:
    text = (
        "Resources:\n  M:\n    Type: AWS::StepFunctions::StateMachine\n    Properties:\n"
        "      Definition: !If [Small, {StartAt: A}, {StartAt: B}]\n"
    )
    path = "/Resources/M/Properties/Definition"
    assert found(tmp_path, "t.yaml", text) == [("DEFINED_ELSEWHERE", path, 5, 7)]


def test_a_template_without_a_state_machine(tmp_path: Path) -> None:
    assert found(tmp_path, "t.yaml", "Resources:\n  B: {Type: AWS::S3::Bucket}\n") == [
        ("NO_STATE_MACHINE", "/Resources", 1, 1)
    ]


@pytest.mark.parametrize("rule", lint.FORM_RULES, ids=lambda rule: str(rule.id))
def test_a_rule_of_the_form_finds_its_bad_example(tmp_path: Path, rule: lint.Rule) -> None:
    for text, expected in ((rule.bad, {rule.id}), (rule.good, set())):
        assert {one[0] for one in found(tmp_path, "a.asl", text)} & {rule.id} == expected
    assert rule.severity in lint.SEVERITIES


DEFINED_IN = """Resources:
  M:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: {}
      DefinitionSubstitutions: {}
"""


def test_the_file_of_a_definition_is_no_template(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(DEFINED_IN.format("template.yaml", "{}"))
    [finding, *more] = lint.check_file(tmp_path / "template.yaml")
    assert (finding.rule, finding.path, more) == ("SCHEMA_VALIDATION_FAILED", "/Resources", more)
    assert {one.rule for one in more} == {"SCHEMA_VALIDATION_FAILED"}


@pytest.mark.parametrize(
    ("substitutions", "expected"),
    [("{Queue: q}", []), ("{}", [("UNKNOWN_SUBSTITUTION", "a.json", 2, 56)]), ("!If [A, {Queue: q}, {}]", [])],
)
def test_substitutions_of_a_definition_in_a_file(
    substitutions: str, expected: list[tuple[str, str, int, int]], tmp_path: Path
) -> None:
    (tmp_path / "a.json").write_text(
        '{"StartAt": "A",\n "States": {"A": {"Type": "Pass", "Result": "the queue ${Queue}", "End": true}}}'
    )
    (tmp_path / "template.yaml").write_text(DEFINED_IN.format("a.json", substitutions))
    findings = lint.check_file(tmp_path / "template.yaml")
    assert [(one.rule, Path(one.file or "").name, one.line, one.column) for one in findings] == expected


def test_a_character_that_yaml_has_not_and_a_tag_of_python(tmp_path: Path) -> None:
    text = "Comment: é\nStartAt: A\x01\n"
    assert found(tmp_path, "a.yaml", text) == [("INVALID_YAML_DESCRIPTION", "", 2, 11)]
    tagged = "StartAt: A\nStates:\n  A:\n    Type: Pass\n    Result: !!python/tuple [1]\n    End: true\n"
    assert found(tmp_path, "b.yaml", tagged) == [("INVALID_YAML_DESCRIPTION", "/States/A/Result", 5, 13)]
