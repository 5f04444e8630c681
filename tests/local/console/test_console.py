"""The console over a real socket: who gets in, what it answers and orders, what it says while a run goes on."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from stepfunctions.local.console.door import PREFIX
from stepfunctions.testing import LocalCloud

pytestmark = pytest.mark.local

ROLE = "arn:aws:iam::123456789012:role/r"
HTML = {"Accept": "text/html,application/xhtml+xml"}


class Browser:
    """Asks as a browser would, with the cookie that it was given."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud = cloud
        self.host = urlsplit(cloud.endpoint).netloc
        self.token = (cloud.data_dir / "console-token").read_text().strip()
        self.cookie = ""

    def send(
        self, method: str, path: str, body: str | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self.host, timeout=20)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookie:
            named.setdefault("Cookie", self.cookie)
        connection.request(method, path, body, named)
        response = connection.getresponse()
        found = response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        connection.close()
        return found

    def open(self) -> Browser:
        status, headers, _ = self.send("GET", f"/?token={self.token}", **HTML)
        assert (status, headers["location"]) == (303, "/")
        assert headers["set-cookie"].endswith("; Path=/; HttpOnly; SameSite=Strict")
        self.cookie = headers["set-cookie"].partition(";")[0]
        return self

    def ask(self, what: str, **given: Any) -> Any:
        status, headers, body = self.send("GET", f"{PREFIX}{what}?{urlencode(given)}")
        assert headers["content-type"] == "application/json"
        assert headers["cache-control"] == "no-store"
        return json.loads(body) if status == 200 else (status, json.loads(body)["message"])

    def order(self, what: str, given: Any, **headers: str) -> tuple[int, Any]:
        sent = {
            "Content_Type": "application/json",
            "X_Stepfunctions_Console": "1",
            "Origin": f"http://{self.host}",
            **headers,
        }
        body = given if isinstance(given, str) else json.dumps(given)
        status, _, answer = self.send("POST", f"{PREFIX}{what}", body, **{k: v for k, v in sent.items() if v})
        return status, json.loads(answer)


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud(durability="memory") as made:
        yield made


@pytest.fixture(scope="module")
def console(cloud: LocalCloud) -> Browser:
    return Browser(cloud).open()


def machine(cloud: LocalCloud, name: str, **states: dict[str, Any]) -> str:
    definition = {"StartAt": next(iter(states)), "States": states}
    made = cloud.client("stepfunctions").create_state_machine(
        name=name, definition=json.dumps(definition), roleArn=ROLE
    )
    return str(made["stateMachineArn"])


def test_only_who_has_its_address_gets_in(cloud: LocalCloud, console: Browser) -> None:
    stranger = Browser(cloud)
    for path in ("/", "/?token=wrong", "/?token="):
        status, _, body = stranger.send("GET", path, **HTML)
        assert status == 403
        assert b"`stepfunctions local start`" in body
    for path in ("machines", "static/console.js", "live?arn=x"):
        assert stranger.send("GET", f"{PREFIX}{path}")[0] == 403
    stranger.cookie = console.cookie[:-4] + "AAAA"
    assert stranger.send("GET", f"{PREFIX}machines")[0] == 403
    for cookie in ("=;=;", "stepfunctions-1=x", 'a="'):
        assert stranger.send("GET", f"{PREFIX}machines", Cookie=cookie)[0] == 403
    status, headers, body = console.send("GET", "/", **HTML)
    assert status == 200
    assert b"console.js" in body
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    assert console.token not in body.decode()
    assert (cloud.data_dir / "console-token").stat().st_mode & 0o077 == 0


def test_pages_of_other_sites_order_nothing(console: Browser, cloud: LocalCloud) -> None:
    arn = machine(cloud, "guarded", A={"Type": "Succeed"})
    given = {"arn": arn}
    for changed in (
        {"X_Stepfunctions_Console": ""},
        {"Origin": ""},
        {"Origin": "http://localhost:1"},
        {"Content_Type": "text/plain"},
        {"Cookie": "none=1"},
    ):
        assert console.order("start", given, **changed)[0] == 403, changed
    for header in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
        assert console.send("GET", f"{PREFIX}machines", **header)[0] == 403
    assert console.send("PUT", f"{PREFIX}start", "{}")[0] == 405
    assert console.send("GET", f"{PREFIX}start")[0] == 404
    assert cloud.client("stepfunctions").list_executions(stateMachineArn=arn)["executions"] == []


def test_the_files_of_the_page_and_no_others(console: Browser) -> None:
    for name in ("console.js", "preact.js", "app.css", "console.css"):
        status, headers, body = console.send("GET", f"{PREFIX}static/{name}")
        assert (status, headers["x-content-type-options"]) == (200, "nosniff")
        assert body
    for name in ("", "none.js", "LICENSES.txt", "../page.py", "../report/page.js", "%2e%2e/x.js", "/etc/passwd"):
        assert console.send("GET", f"{PREFIX}static/{name}")[0] == 404


def test_the_root_is_still_s3s(cloud: LocalCloud) -> None:
    cloud.client("s3").create_bucket(Bucket="seen")
    assert [one["Name"] for one in cloud.client("s3").list_buckets()["Buckets"]] == ["seen"]


def test_machines_and_their_executions(console: Browser, cloud: LocalCloud) -> None:
    arn = machine(cloud, "many", A={"Type": "Pass", "End": True})
    states = cloud.client("stepfunctions")
    for number in range(105):
        states.start_execution(stateMachineArn=arn, name=f"Run-{number:03}")
    found = next(one for one in console.ask("machines")["machines"] if one["arn"] == arn)
    assert (found["name"], found["type"], len(found["latest"])) == ("many", "STANDARD", 12)
    first, second = console.ask("executions", arn=arn), console.ask("executions", arn=arn, **{"from": 100})
    names = [one["name"] for page in (first, second) for one in page["executions"]]
    assert (first["more"], second["more"]) == (True, False)
    assert names == [f"Run-{number:03}" for number in range(104, -1, -1)]
    assert len(console.ask("executions", arn=arn, words="rUn-10")["executions"]) == 5
    assert console.ask("executions", arn=arn, status="FAILED")["executions"] == []
    assert console.ask("executions", arn=arn, status="NONE")[0] == 400
    assert console.ask("executions")[1] == "'arn' is missing"
    assert console.ask("machine", arn=arn + "x")[0] == 400


def test_a_definition_is_drawn_with_its_findings(console: Browser, cloud: LocalCloud) -> None:
    arn = machine(
        cloud, "found", A={"Type": "Pass", "Parameters": {"x.$": "$.none"}, "Next": "B"}, B={"Type": "Succeed"}
    )
    told = console.ask("machine", arn=arn)
    assert told["svg"].startswith("<svg")
    assert list(told["definition"]["States"]) == ["A", "B"]
    assert all({"rule", "severity", "path", "message"} <= set(one) for one in told["findings"])


def test_executions_are_started_followed_stopped_and_redriven(console: Browser, cloud: LocalCloud) -> None:
    arn = machine(
        cloud, "long", First={"Type": "Pass", "Next": "Wait"}, Wait={"Type": "Wait", "Seconds": 3600, "End": True}
    )
    status, made = console.order("start", {"arn": arn, "name": "mine", "input": '{"n": 1}'})
    assert status == 200
    with listening(console, made["arn"]) as events:
        now = next(events)
        assert now["status"] == "RUNNING"
        document = console.ask("execution", arn=made["arn"])
        assert document["execution"]["name"] == "mine"
        assert {state["name"]: state["status"] for state in document["states"]} == {
            "First": "SUCCEEDED",
            "Wait": "RUNNING",
        }
        assert console.order("stop", made) == (200, {})
        assert next(one for one in events if one["status"] != "RUNNING")["status"] == "ABORTED"
        assert console.ask("execution", arn=made["arn"])["redrivable"] is True
        assert console.order("redrive", made) == (200, {})
        again = next(one for one in events if one["status"] == "RUNNING")
        assert again["redrives"] == 1
        assert again["event"] > now["event"]
    status, headers, body = console.send("GET", f"{PREFIX}report?{urlencode(made)}")
    assert (status, headers["content-disposition"]) == (200, 'attachment; filename="report.html"')
    assert b"mine" in body
    console.order("stop", made)


def test_what_is_wrong_with_an_order_is_said(console: Browser, cloud: LocalCloud) -> None:
    arn = machine(cloud, "refusing", A={"Type": "Succeed"})
    for given in ("", "[]", "{", "[" * 100_000):
        assert console.order("start", given)[0] == 400
    status, told = console.order("start", {"arn": arn, "input": "{"})
    assert status == 400
    assert told["code"] == "InvalidExecutionInput"
    assert console.order("stop", {"arn": "arn:aws:none"})[0] == 400
    assert console.order("nothing", {})[0] == 404
    assert "There is no nothing. There are: about, machines" in console.ask("nothing")[1]


def test_an_execution_that_is_not_there_is_followed_to_nowhere(console: Browser) -> None:
    with listening(console, "arn:aws:states:us-east-1:123456789012:execution:none:none") as events:
        assert next(events)["status"] == "GONE"


def test_what_was_never_used_is_not_begun(console: Browser) -> None:
    assert console.ask("jobs")["jobs"] == []
    assert console.ask("endpoints") == {"endpoints": []}
    assert console.ask("models") == {"groups": [], "drift": []}
    assert console.ask("triggers") == {"triggers": []}
    assert console.ask("about")["region"] == "us-east-1"
    assert console.ask("job", kind="Dream", name="x")[0] == 400


def test_the_token_lasts_and_a_broken_one_is_made_anew(tmp_path: Any) -> None:
    from stepfunctions.local.console import Access

    first = Access(tmp_path, "http://127.0.0.1:1").address
    assert Access(tmp_path, "http://127.0.0.1:1").address == first
    for broken in (b"", b"short", b"\xff" * 40):
        (tmp_path / "console-token").write_bytes(broken)
        assert len(Access(tmp_path, "http://127.0.0.1:1").address) == len(first)


class listening:  # noqa: N801 - reads as a with statement
    """The events of an execution, one after the other."""

    def __init__(self, console: Browser, arn: str) -> None:
        self._connection = http.client.HTTPConnection(console.host, timeout=20)
        self._connection.request("GET", f"{PREFIX}live?{urlencode({'arn': arn})}", headers={"Cookie": console.cookie})
        self._response = self._connection.getresponse()
        assert self._response.getheader("Content-Type") == "text/event-stream"

    def __enter__(self) -> Iterator[dict[str, Any]]:
        lines = iter(self._response.readline, b"")
        return (json.loads(line[6:]) for line in lines if line.startswith(b"data: "))

    def __exit__(self, *_: object) -> None:
        self._response.close()
        self._connection.close()


def test_a_document_says_how_far_it_goes(console: Browser, cloud: LocalCloud) -> None:
    arn = machine(cloud, "far", Wait={"Type": "Wait", "Seconds": 3600, "End": True})
    _, made = console.order("start", {"arn": arn})
    with listening(console, made["arn"]) as events:
        document = console.ask("execution", arn=made["arn"])
        assert next(events) == document["revision"]
        assert document["live"] is True
    console.order("stop", made)


def test_an_express_execution_is_waited_for(console: Browser, cloud: LocalCloud) -> None:
    definition = {"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "Bad", "Cause": "<b>"}}}
    arn = cloud.client("stepfunctions").create_state_machine(
        name="quick", definition=json.dumps(definition), roleArn=ROLE, type="EXPRESS"
    )["stateMachineArn"]
    status, told = console.order("start", {"arn": arn, "name": "one", "wait": True})
    assert (status, told["name"], told["status"], told["error"], told["cause"]) == (200, "one", "FAILED", "Bad", "<b>")
    assert console.ask("execution", arn=told["arn"])[0] == 400


def test_a_definition_is_shown_as_it_was_written(console: Browser, cloud: LocalCloud) -> None:
    text = '{"StartAt":"A","States":{"A":{"Type":"Pass","Result":12345678901234567890.10,"End":true}}}'
    made = cloud.client("stepfunctions").create_state_machine(name="written", definition=text, roleArn=ROLE)
    assert console.ask("machine", arn=made["stateMachineArn"])["text"] == text


def test_triggers_of_one_name_are_told_apart(cloud: LocalCloud, console: Browser) -> None:
    scheduler = cloud.client("scheduler")
    scheduler.create_schedule_group(Name="other")
    target = {"Arn": machine(cloud, "timed", A={"Type": "Succeed"}), "RoleArn": ROLE}
    for group in ("default", "other"):
        scheduler.create_schedule(
            Name="weekly",
            GroupName=group,
            ScheduleExpression="rate(7 days)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target=target,
        )
    found = console.ask("triggers")["triggers"]
    assert [(one["group"], one["name"]) for one in found] == [("default", "weekly"), ("other", "weekly")]
    assert all(one["next"] > 0 for one in found)
