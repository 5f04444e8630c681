"""Which program stands for an image."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepfunctions.errors import LocalCloudError
from stepfunctions.local import images


@pytest.mark.parametrize(
    ("image", "repository"),
    [
        ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3", "sagemaker-scikit-learn"),
        ("public.ecr.aws/docker/library/python:3.12-slim", "docker/library/python"),
        ("localhost:5000/team/model:2", "team/model"),
        ("team/model", "team/model"),
        ("model:latest", "model"),
        ("host.example/model@sha256:0123", "model"),
    ],
)
def test_repository(image: str, repository: str) -> None:
    assert images.repository_of(image) == repository


def test_framework_and_python(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    runtime = images.resolve(tmp_path, "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1")
    assert (runtime.family, runtime.folder, runtime.framework) == ("scikit-learn", None, True)
    assert images.resolve(tmp_path, "python:3.12").family == "python"


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "FRAMEWORKS", {"sagemaker-scikit-learn": ("scikit-learn", ("no_such_module",))})
    with pytest.raises(LocalCloudError, match="pip install no_such_module"):
        images.resolve(tmp_path, "sagemaker-scikit-learn")


def test_registered_folders(tmp_path: Path) -> None:
    data, source = tmp_path / "data", tmp_path / "source"
    source.mkdir()
    (source / "run.py").write_text("1")
    with pytest.raises(LocalCloudError, match=r"no local runtime.*stepfunctions local image add team/model --folder"):
        images.resolve(data, "1.dkr.ecr.us-east-1.amazonaws.com/team/model:1")
    assert "team/model" in images.add(data, "1.dkr.ecr.us-east-1.amazonaws.com/team/model:1", source, family="pandas")
    runtime = images.resolve(data, "team/model:2")
    assert runtime.folder is not None
    assert (runtime.folder / "run.py").read_text() == "1"
    assert (runtime.family, runtime.framework) == ("pandas", False)
    (source / "run.py").write_text("2")
    assert (runtime.folder / "run.py").read_text() == "1"
    images.add(data, "team/model", source)
    again = images.resolve(data, "team/model")
    assert again.folder is not None
    assert ((again.folder / "run.py").read_text(), again.family) == ("2", "python")
    assert not runtime.folder.exists()
    assert images.registered(data) == ["team/model"]
    with pytest.raises(LocalCloudError, match="sagemaker-scikit-learn, python, team/model"):
        images.resolve(data, "other")


def test_bad_registrations(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match="is not a folder"):
        images.add(tmp_path, "a", tmp_path / "none")
    with pytest.raises(LocalCloudError, match="no family 'r': use python"):
        images.add(tmp_path, "a", tmp_path, family="r")


@pytest.mark.parametrize("repository", ["", ".", "..", "../../x", "a//b", "/a", "a/", "a b", "a\n", "é", "x" * 201])
def test_names_that_no_repository_has(tmp_path: Path, repository: str) -> None:
    with pytest.raises(LocalCloudError, match="cannot be an image's repository"):
        images.add(tmp_path / "data", repository, tmp_path)
    assert not (tmp_path / "data").exists()
