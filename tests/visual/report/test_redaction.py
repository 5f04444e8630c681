"""What a page must not tell is nowhere in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.visual.report.conftest import Ran, task

from stepfunctions.errors import StateFailed
from stepfunctions.visual.report.redaction import HIDDEN, Redaction

SECRET = "hunter2-and-more"


@pytest.fixture
def secretive(run: Callable[..., Ran]) -> Ran:
    """A secret in the input, in the arguments, in an answer, in a cause, inside of JSON inside of JSON."""

    def fail(payload: Any) -> Any:
        raise StateFailed("Refused", f"login with {SECRET} failed")

    states = {
        "Log in": {**task("answer", ResultPath="$.answer"), "Next": "Again"},
        "Again": task("fail"),
    }
    states["Log in"].pop("End")
    given = {"user": "ada", "Password": SECRET, "nested": json.dumps({"password": SECRET, "user": "ada"})}
    ran = run({"StartAt": "Log in", "States": states}, given, answer=lambda _: {"echo": SECRET}, fail=fail)
    assert ran.status == "FAILED"
    return ran


def test_values_of_a_key_are_hidden_wherever_they_are(secretive: Ran) -> None:
    assert SECRET in secretive.page().text
    page = secretive.page(redact=["pass*"])
    assert SECRET not in page.text
    assert "ada" in page.text
    assert page.document["failure"]["error"] == "Refused"
    assert page.value(page.document["failure"]["cause"]) == f"login with {HIDDEN} failed"
    assert page.document["execution"]["redacted"] is True


def test_all_values_are_hidden_and_keys_and_times_stay(secretive: Ran) -> None:
    page = secretive.page(redact=True)
    assert SECRET not in page.text
    assert "ada" not in json.dumps([page.document["spans"], page.document["texts"], page.document["execution"]])
    assert json.loads(page.value(page.document["execution"]["input"])) == {
        "user": HIDDEN,
        "Password": HIDDEN,
        "nested": HIDDEN,
    }
    assert page.document["definition"]["States"]["Again"]["Parameters"]["FunctionName"] == "fail"
    assert all(span["start"] for span in page.document["spans"])


def test_a_literal_in_the_definition_is_hidden_but_no_state_of_that_name(run: Callable[..., Ran]) -> None:
    states = {
        "token": {"Type": "Pass", "Result": {"token": SECRET, "user": "ada"}, "End": True},
    }
    page = run({"StartAt": "token", "States": states}).page(redact=["TOKEN"])
    assert SECRET not in page.text
    assert page.document["definition"]["States"]["token"]["Result"] == {"token": HIDDEN, "user": "ada"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('INFO got {"n": 1, "token": "a\\"b", "m": 2}', 'INFO got {"n": 1, "token": [redacted], "m": 2}'),
        ("login token=abc&n=1 ok", "login token=[redacted]&n=1 ok"),
        ("{'token': 'abc', 'n': 1}", "{'token': [redacted], 'n': 1}"),
        ('{"body": "{\\"token\\": \\"abc\\", \\"n\\": 1}', '{"body": "{\\"token\\": [redacted], \\"n\\": 1}'),
        ('{"n": 1, "token": "ab', '{"n": 1, "token": [redacted]'),
        ('x {"n": {"token": {"a": "b", "c', 'x {"n": {"token": [redacted]'),
        ("Token: 12", "Token: [redacted]"),
        ("tokens: 12, no token here: 1", "tokens: 12, no token here: 1"),
    ],
)
def test_what_stands_after_a_name_in_text_is_hidden(text: str, shown: str) -> None:
    assert Redaction(["token"]).payload(text) == shown
    redaction = Redaction(["token"])
    redaction.learn('{"token": "abcd"}')
    assert redaction.text("the token=abcd was taken") == "the token=[redacted] was taken"


def test_an_error_that_is_named_after_a_secret_is_hidden(run: Callable[..., Ran]) -> None:
    fail = {"Type": "Fail", "ErrorPath": "$.token", "CausePath": "States.Format('no {}', $.token)"}
    ran = run({"StartAt": "F", "States": {"F": fail}}, {"token": "abcdef"})
    assert "abcdef" in ran.page().text
    assert "abcdef" not in ran.page(redact=["token"]).text


@pytest.mark.parametrize("redact", ["password", [1], ["a", None]])
def test_other_redactions_are_refused(redact: Any) -> None:
    with pytest.raises(ValueError, match="give True, or a list of names"):
        Redaction(redact)


@pytest.mark.parametrize(
    ("payload", "hidden"),
    [
        ('{"password": {"a": [1234, "long one"]}}', {"password": {"a": [HIDDEN, HIDDEN]}}),
        ('[{"Password": null}]', [{"Password": HIDDEN}]),
        ('{"other": "no password here"}', {"other": "no password here"}),
        ('{"password": 12345, "same": 12345, "also": "is 12345", "other": 1}', None),
        ("12345", 12345),
    ],
)
def test_payloads(payload: str, hidden: Any) -> None:
    redaction = Redaction(["password"])
    redaction.learn(payload)
    expected = hidden or {"password": HIDDEN, "same": HIDDEN, "also": f"is {HIDDEN}", "other": 1}
    assert json.loads(redaction.payload(payload) or "") == expected


def test_text_that_is_no_json_is_text() -> None:
    redaction = Redaction(["password"])
    redaction.learn('{"password": "abc\\"def"}')
    assert redaction.payload('{"password": "abc\\"def') == '{"password": ' + HIDDEN
    assert redaction.text("a b c") == "a b c"
    assert Redaction().payload('{"a":  1}') == '{"a":  1}'


def holding(secret: str) -> st.SearchStrategy[Any]:
    """JSON with a secret below a key ``secret``, in texts, in JSON inside of texts, and as a key."""
    texts = st.sampled_from([f"it is {secret}", f"{secret}{secret}", "harmless", f" {{broken {secret}"])
    hidden = st.fixed_dictionaries({"Secret": st.sampled_from([secret, [secret], {"deep": {"er": secret}}])})
    return st.recursive(
        texts | hidden | st.integers(0, 9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["a", "b", f"key {secret}"]), inner, max_size=3)
            | inner.map(lambda value: json.dumps(value))
            | inner.map(lambda value: f" {json.dumps(value, ensure_ascii=False)}")
        ),
        max_leaves=12,
    )


@pytest.mark.parametrize("secret", ["hunter2", 'quo"ted', "back\\slash", "naïve €", "new\nline", "a.*b+c"])
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_no_payload_tells_a_secret(secret: str, data: st.DataObject) -> None:
    value = data.draw(holding(secret))
    redaction = Redaction(["secret"])
    redaction.learn(json.dumps({"secret": secret}))
    text = redaction.payload(json.dumps(value)) or ""
    for _ in range(8):  # JSON inside of JSON: each level is escaped once more
        assert secret not in text
        assert json.dumps(secret)[1:-1] not in text
        text = text.replace("\\\\", "\\").replace('\\"', '"')
