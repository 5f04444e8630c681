"""Creating, reading, changing and deleting functions."""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloud import Cloud

OK = "def handler(event, context): return 'first'"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"


def test_a_new_function_is_described_with_aws_defaults(functions: Any, zipped: Callable[..., bytes]) -> None:
    code = zipped({"app.py": OK})
    functions.create(OK, Code={"ZipFile": code}, Tags={"team": "ds"}, Environment={"Variables": {"MINE": "1"}})
    found = functions.call("GetFunction", FunctionName="f")
    configuration = found["Configuration"]
    assert configuration["FunctionArn"] == ARN
    assert (configuration["Timeout"], configuration["MemorySize"], configuration["Version"]) == (3, 128, "$LATEST")
    assert configuration["State"] == "Active"
    assert configuration["CodeSha256"] == base64.b64encode(hashlib.sha256(code).digest()).decode()
    assert configuration["CodeSize"] == len(code)
    assert configuration["Environment"] == {"Variables": {"MINE": "1"}}
    assert found["Tags"] == {"team": "ds"}
    assert functions.call("GetFunctionConfiguration", FunctionName="f") == configuration


@pytest.mark.parametrize("name", ["f", "f:$LATEST", "123456789012:function:f", "function:f", ARN, f"{ARN}:$LATEST"])
def test_every_form_of_a_name_finds_the_function(functions: Any, name: str) -> None:
    functions.create(OK)
    assert functions.call("GetFunctionConfiguration", FunctionName=name)["FunctionArn"] == ARN
    assert functions.invoke(name=name).value == "first"


@pytest.mark.parametrize(
    ("name", "arn"),
    [
        ("g", ARN[:-1] + "g"),
        ("f:prod", f"{ARN}:prod"),
        (ARN.replace("123456789012", "210987654321"), ARN.replace("123456789012", "210987654321")),
    ],
)
def test_what_does_not_exist_is_not_found_under_its_arn(functions: Any, name: str, arn: str) -> None:
    functions.create(OK)
    for operation in ("Invoke", "GetFunction", "DeleteFunction", "UpdateFunctionConfiguration"):
        with pytest.raises(ServiceError) as raised:
            functions.call(operation, FunctionName=name)
        assert (raised.value.code, raised.value.status) == ("ResourceNotFoundException", 404)
        assert raised.value.message == f"Function not found: {arn}"


def test_names_are_taken_once(functions: Any) -> None:
    functions.create(OK)
    with pytest.raises(ServiceError, match="Function already exist: f") as raised:
        functions.create(OK)
    assert (raised.value.code, raised.value.status) == ("ResourceConflictException", 409)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"Runtime": "nodejs20.x"}, r"nodejs20\.x is not supported .* Supported: python3\.8, .*python3\.13"),
        ({"PackageType": "Image"}, "PackageType must be Zip"),
        ({"Handler": None}, "Handler is mandatory"),
        ({"Timeout": 901}, "'Timeout' must be between 1 and 900; it is 901"),
        ({"MemorySize": 20000}, "'MemorySize' must be between 128 and 10240"),
        ({"Layers": ["arn:aws:lambda:us-east-1:123456789012:layer:x:1"]}, "no Layers"),
        ({"Publish": True}, r"only the version \$LATEST"),
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "Reserved keys used in this request: AWS_REGION"),
        ({"Environment": {"Variables": {"LONG": "x" * 4100}}}, "exceeded the 4KB limit"),
        ({"Code": {}}, "Please provide a source for function code"),
        ({"Code": {"ZipFile": b"no zip"}}, "Could not unzip uploaded file"),
        ({"Code": {"S3Bucket": "local-folder", "S3Key": "relative/path"}}, "there is no folder 'relative/path'"),
        ({"Code": {"S3Bucket": "nowhere", "S3Key": "x.zip"}}, "S3 Error Code: NoSuchBucket"),
    ],
)
def test_what_cannot_be_made_is_refused_with_a_reason(functions: Any, params: dict[str, Any], message: str) -> None:
    with pytest.raises(ServiceError, match=message) as raised:
        functions.create(OK, **params)
    assert raised.value.code == "InvalidParameterValueException"
    assert functions.call("ListFunctions") == {"Functions": []}


@pytest.mark.parametrize("entry", ["../out.py", "/etc/out.py", "a/../../out.py", "..\\out.py", "C:/out.py"])
def test_a_zip_cannot_write_outside_its_folder(
    functions: Any, zipped: Callable[..., bytes], tmp_path: Path, entry: str
) -> None:
    with pytest.raises(ServiceError, match="leaves the function's folder"):
        functions.create(OK, Code={"ZipFile": zipped({"app.py": OK, entry: "bad"})})
    assert not list(tmp_path.rglob("out.py"))
    assert not list((tmp_path / "data/lambda/code").iterdir())


def test_a_zip_cannot_bring_links(functions: Any) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(ServiceError, match="symbolic link"):
        functions.create(OK, Code={"ZipFile": buffer.getvalue()})


def test_a_zip_that_unpacks_too_large_is_refused(functions: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepfunctions.local.lambda_.code.UNZIPPED_LIMIT", 1000)
    with pytest.raises(ServiceError, match="Unzipped size must be smaller than 1000 bytes"):
        functions.create({"app.py": "#" * 1001})


def test_lists_come_in_pages(functions: Any) -> None:
    for name in ("c", "a", "b"):
        functions.create(OK, name)
    first = functions.call("ListFunctions", MaxItems=2)
    assert [one["FunctionName"] for one in first["Functions"]] == ["a", "b"]
    last = functions.call("ListFunctions", Marker=first["NextMarker"])
    assert [one["FunctionName"] for one in last["Functions"]] == ["c"]
    assert "NextMarker" not in last


def test_new_code_answers_the_next_invocation(functions: Any, zipped: Callable[..., bytes]) -> None:
    before = functions.create(OK)
    assert functions.invoke().value == "first"
    code = zipped({"app.py": OK.replace("first", "second")})
    tried = functions.call("UpdateFunctionCode", FunctionName="f", ZipFile=code, DryRun=True)
    assert functions.invoke().value == "first"
    after = functions.call("UpdateFunctionCode", FunctionName="f", ZipFile=code)
    assert functions.invoke().value == "second"
    assert before["CodeSha256"] != after["CodeSha256"] == tried["CodeSha256"]
    assert before["RevisionId"] != after["RevisionId"]


def test_new_configuration_reaches_the_handler(functions: Any) -> None:
    functions.create("import os\ndef handler(e, c): return [os.environ.get('MINE'), c.memory_limit_in_mb]")
    assert functions.invoke().value == [None, "128"]
    changed = functions.call(
        "UpdateFunctionConfiguration", FunctionName="f", MemorySize=256, Environment={"Variables": {"MINE": "1"}}
    )
    assert functions.invoke().value == ["1", "256"]
    assert changed["Timeout"] == 3
    cleared = functions.call("UpdateFunctionConfiguration", FunctionName="f", Environment={"Variables": {}})
    assert "Environment" not in cleared


def test_a_change_of_another_revision_is_refused(functions: Any) -> None:
    functions.create(OK)
    with pytest.raises(ServiceError) as raised:
        functions.call("UpdateFunctionConfiguration", FunctionName="f", Timeout=5, RevisionId="old")
    assert (raised.value.code, raised.value.status) == ("PreconditionFailedException", 412)


def test_a_deleted_function_is_gone_and_its_name_free(functions: Any) -> None:
    functions.create(OK)
    functions.invoke()
    functions.call("DeleteFunction", FunctionName="f")
    with pytest.raises(ServiceError, match="Function not found"):
        functions.invoke()
    functions.create(OK.replace("first", "again"))
    assert functions.invoke().value == "again"


def test_functions_outlive_the_server(functions: Any, reopened: Callable[[], Cloud]) -> None:
    functions.create(OK)
    configuration = functions.call("GetFunctionConfiguration", FunctionName="f")
    functions.create(OK.replace("first", "unused"), name="g")
    functions.call("DeleteFunction", FunctionName="g")
    functions.cloud.stop()
    with reopened() as cloud:
        assert cloud.call("lambda", "GetFunctionConfiguration", {"FunctionName": "f"}) == configuration
        assert cloud.call("lambda", "Invoke", {"FunctionName": "f"})["Payload"] == b'"first"'
        assert len(list((cloud.data_dir / "lambda/code").iterdir())) == 1


def test_code_from_s3(functions: Any, zipped: Callable[..., bytes]) -> None:
    functions.cloud.call("s3", "CreateBucket", {"Bucket": "code"})
    functions.cloud.service("s3").objects.put_bytes("code", "f.zip", zipped({"app.py": OK}))
    functions.create(OK, Code={"S3Bucket": "code", "S3Key": "f.zip"})
    assert functions.invoke().value == "first"
    with pytest.raises(ServiceError, match="S3 Error Code: NoSuchKey"):
        functions.call("UpdateFunctionCode", FunctionName="f", S3Bucket="code", S3Key="g.zip")


def test_a_local_folder_is_used_in_place_and_read_again(functions: Any, tmp_path: Path) -> None:
    folder = tmp_path / "function"
    (folder / "lib").mkdir(parents=True)
    (folder / "app.py").write_text("import lib.text\ndef handler(e, c): return lib.text.TEXT")
    (folder / "lib/text.py").write_text("TEXT = 'first'")
    created = functions.create("", Code={"S3Bucket": "local-folder", "S3Key": str(folder)})
    assert functions.invoke().value == "first"
    (folder / "lib/text.py").write_text("TEXT = 'second'")
    watch = functions.cloud.service("lambda")._fleet._crews["f"].watch
    watch._next_look = 0.0  # a look right after another is put off
    assert functions.invoke().value == "second"
    found = functions.call("GetFunction", FunctionName="f")
    assert found["Code"] == {"RepositoryType": "LocalFolder", "Location": folder.as_uri()}
    assert found["Configuration"]["CodeSha256"] != created["CodeSha256"]
    assert not list(folder.rglob("__pycache__"))
    shutil.rmtree(folder)
    with pytest.raises(ServiceError, match=f"The folder with the code of function f is gone: {folder}"):
        functions.invoke()
