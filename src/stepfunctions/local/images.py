"""Which program stands for a container image on this machine.

SageMaker's scikit-learn image and plain Python images run on this interpreter. Any other image needs a folder of
files that stands for it (``stepfunctions local image add``): they are its working directory. An image is known by
its repository alone; registry host, tag and digest do not matter.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from stepfunctions.errors import LocalCloudError
from stepfunctions.local.jobs.processes import FAMILIES

# Repository of a framework image -> its family, and what must be installed for it.
FRAMEWORKS: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "sagemaker-scikit-learn": ("scikit-learn", ("sklearn", "pandas")),
    }
)
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)*", re.ASCII)
_LONGEST = 200  # so that it fits into a file's name, with its slashes written as %2F
_PACKAGES = MappingProxyType({"sklearn": "scikit-learn"})


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """How an image runs here: the process family, and the folder of its files (None: there are none).

    ``framework`` tells that it is one of SageMaker's own images, with its toolkit's defaults.
    """

    repository: str
    family: str
    folder: Path | None = None
    framework: bool = False


def repository_of(image: str) -> str:
    """Return the repository of an image URI: ``1.dkr.ecr.us-east-1.amazonaws.com/team/model:2`` -> ``team/model``."""
    name = image.split("@", 1)[0]
    host, slash, rest = name.partition("/")
    if slash and ("." in host or ":" in host or host == "localhost"):
        name = rest
    return name.rsplit(":", 1)[0] if ":" in name.rsplit("/", 1)[-1] else name


def resolve(data_dir: Path, image: str) -> Runtime:
    """Return how an image runs here; a registered folder comes before everything else.

    Raises :class:`LocalCloudError`: one line that says what is missing and what to do.
    """
    repository = repository_of(image)
    record = _record(data_dir, repository)
    if record.exists():
        said = json.loads(record.read_text())
        return Runtime(repository=repository, family=said["family"], folder=_folder(data_dir, said["folder"]))
    last = repository.rsplit("/", 1)[-1]
    if last in FRAMEWORKS:
        family, modules = FRAMEWORKS[last]
        missing = [_PACKAGES.get(name, name) for name in modules if importlib.util.find_spec(name) is None]
        if missing:
            raise LocalCloudError(
                f"The image '{image}' runs on this machine's Python, which lacks: pip install {' '.join(missing)}"
            )
        return Runtime(repository=repository, family=family, framework=True)
    if last == "python":
        return Runtime(repository=repository, family="python")
    known = ", ".join([*FRAMEWORKS, "python", *registered(data_dir)])
    raise LocalCloudError(
        f"The image '{image}' has no local runtime. There are runtimes for: {known}. To add one: "
        f"stepfunctions local image add {repository} --folder DIR"
    )


def add(data_dir: Path, repository: str, folder: Path, *, family: str = "python") -> str:
    """Let copies of a folder's files stand for an image's repository, and return a line that says so.

    Adding a repository again replaces its files. Raises :class:`LocalCloudError` for a name that no repository can
    have, a folder that is none, or a family there is not.
    """
    repository = repository_of(repository)
    if len(repository) > _LONGEST or not _REPOSITORY.fullmatch(repository):
        raise LocalCloudError(
            f"'{repository}' cannot be an image's repository: write at most {_LONGEST} letters, "
            f"digits, '.', '_' and '-', with '/' between parts that begin with a letter or a digit"
        )
    if family not in FAMILIES:
        raise LocalCloudError(f"There is no family '{family}': use {', '.join(FAMILIES)}")
    if not folder.is_dir():
        raise LocalCloudError(f"{folder} is not a folder")
    images = data_dir / "images"
    images.mkdir(parents=True, exist_ok=True)
    copy = Path(tempfile.mkdtemp(prefix=f"{quote(repository, safe='')}.", dir=images))
    shutil.copytree(folder, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    record = _record(data_dir, repository)
    old = json.loads(record.read_text())["folder"] if record.exists() else None
    said = {"repository": repository, "family": family, "folder": copy.name, "source": str(folder.absolute())}
    with tempfile.NamedTemporaryFile("w", dir=images, delete=False) as file:
        json.dump(said, file)
    Path(file.name).replace(record)
    if old is not None:
        shutil.rmtree(images / old, ignore_errors=True)
    return f"The image '{repository}' runs from a copy of {folder} ({family})."


def registered(data_dir: Path) -> list[str]:
    """Return the repositories that were added, sorted."""
    return sorted(json.loads(path.read_text())["repository"] for path in (data_dir / "images").glob("*.json"))


def _record(data_dir: Path, repository: str) -> Path:
    return data_dir / "images" / f"{quote(repository, safe='')}.json"


def _folder(data_dir: Path, name: str) -> Path:
    return data_dir / "images" / name
