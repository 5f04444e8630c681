"""A stack as files that are handed over: people deploy them with the AWS CLI or with CodePipeline, without Python."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from stepfunctions.deploy.deployment import LARGEST_BODY, given_parameters, missing_parameters
from stepfunctions.deploy.environments import LOCAL, Environment
from stepfunctions.deploy.parts import ASSET_BUCKET
from stepfunctions.deploy.stack import Stack

TEMPLATE = "template.yaml"
CHECKSUMS = "SHA256SUMS"
_ASSETS = "assets"


def bundle(stack: Stack, environments: Iterable[Environment]) -> dict[str, bytes]:
    """Return the files of a bundle by their paths: the same bytes for the same sources.

    They are the template, ``parameters.<environment>.json`` in the form of CodePipeline's template configuration,
    the files for the bucket below ``assets/``, their checksums, and a README. A Parameter that an environment does
    not say is an empty text, which the README names. Raises ValueError for a misspelt Parameter of an environment.
    """
    targets = [one for one in environments if one.name != LOCAL]
    values = {one.name: _values(stack, one) for one in targets}
    files = {TEMPLATE: stack.to_yaml().encode()}
    for one in targets:
        configuration = {"Parameters": values[one.name], "Tags": dict(one.tags)}
        files[_parameters(one.name)] = (json.dumps(configuration, indent=2) + "\n").encode()
    files |= {f"{_ASSETS}/{one.key}": one.content for one in stack.assets}
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {path}\n" for path, content in files.items())
    return files | {CHECKSUMS: sums.encode(), "README.md": _readme(stack, targets, values).encode()}


def write_bundle(files: Mapping[str, bytes], path: Path) -> None:
    """Write a bundle as a zip, when the path ends with ``.zip``, else into a folder that is empty or not there.

    Raises FileExistsError for a folder with something in it; OSError for what cannot be written.
    """
    if path.suffix == ".zip":
        path.write_bytes(_zipped(files))
        return
    if path.is_dir() and any(path.iterdir()):
        raise FileExistsError(f"The folder {path} is not empty. Name a new one, or a file that ends with .zip.")
    for name, content in files.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in files.items():
            package.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _values(stack: Stack, environment: Environment) -> dict[str, str]:
    """Return the Parameters of an environment; those that must be filled in by hand are empty."""
    values = given_parameters(stack, environment, environment.bucket)
    return values | dict.fromkeys(missing_parameters(stack, values), "")


def _parameters(environment: str) -> str:
    return f"parameters.{environment}.json"


def _readme(stack: Stack, environments: list[Environment], values: Mapping[str, Mapping[str, str]]) -> str:
    parts = [f"# {stack.name}", _contents(stack, environments)]
    for one in environments:
        empty = [name for name, value in values[one.name].items() if not value]
        parts.append(f"## {one.name}\n\n{_told(one, empty)}\n\n```sh\n{_commands(stack, one)}\n```")
    return "\n\n".join(parts) + "\n"


def _contents(stack: Stack, environments: list[Environment]) -> str:
    types = sorted({one["Type"] for one in stack.template["Resources"].values()})
    rows = [(TEMPLATE, f"a CloudFormation template of {len(stack.template['Resources'])} resources")]
    rows += [(_parameters(one.name), f"Parameters and tags of the environment {one.name}") for one in environments]
    rows += [(f"{_ASSETS}/{one.key}", f"{len(one.content):,} bytes, for the bucket") for one in stack.assets]
    rows += [(CHECKSUMS, f"`sha256sum --check {CHECKSUMS}` tells whether the files are whole")]
    table = "\n".join(f"| `{name}` | {what} |" for name, what in rows)
    return f"| File | Is |\n| --- | --- |\n{table}\n\nThe template makes {', '.join(f'`{one}`' for one in types)}."


def _told(environment: Environment, empty: list[str]) -> str:
    account = "any account" if environment.account is None else f"the account {environment.account}"
    region = "any Region" if environment.region is None else environment.region
    told = f"For {account}, in {region}."
    if empty:
        names = ", ".join(f"`{name}`" for name in empty)
        told += f" Fill in first, in `{_parameters(environment.name)}`: {names}."
    return told


def _commands(stack: Stack, environment: Environment) -> str:
    """Return the commands of the AWS CLI, version 2."""
    bucket = environment.parameters.get(ASSET_BUCKET) or environment.bucket or "BUCKET"
    region = "" if environment.region is None else f" --region {environment.region}"
    deploy = [
        f"aws cloudformation deploy{region} --stack-name {stack.name} --template-file {TEMPLATE}",
        f"--parameter-overrides file://{_parameters(environment.name)} --capabilities CAPABILITY_NAMED_IAM",
    ]
    if environment.tags:
        deploy.append("--tags " + " ".join(f"'{name}={value}'" for name, value in environment.tags.items()))
    if len(stack.to_yaml().encode()) > LARGEST_BODY:
        deploy.append(f"--s3-bucket {bucket}")
    copy = [f"aws s3 cp --recursive{region} {_ASSETS}/ s3://{bucket}/"] if stack.assets else []
    return "\n".join([*copy, " \\\n    ".join(deploy)])
