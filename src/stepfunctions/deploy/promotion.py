"""From one environment to the next: exactly what was deployed there, by its hashes.

Each deployment leaves a manifest in the environment's bucket: the hash of its template, and of each of its files.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from stepfunctions.deploy.assets import AssetFile, upload
from stepfunctions.deploy.bootstrap import bucket_of
from stepfunctions.deploy.stack import Stack

if TYPE_CHECKING:
    from stepfunctions.deploy.deployment import Place


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """A file of a deployment. ``sha256``: of its content, in hexadecimal digits."""

    name: str
    key: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a deployment consisted of: its template and its files."""

    stack: str
    template: Artefact
    files: tuple[Artefact, ...]


def manifest_of(stack: Stack) -> Manifest:
    """Return the manifest of a stack."""
    content = stack.to_yaml().encode()
    digest = hashlib.sha256(content).hexdigest()
    template = Artefact(name="template", key=f"templates/{stack.name}-{digest[:16]}.yaml", sha256=digest)
    files = tuple(Artefact(name=one.name, key=one.key, sha256=one.digest) for one in stack.assets)
    return Manifest(stack=stack.name, template=template, files=files)


def record(stack: Stack, bucket: str, s3: Any) -> None:
    """Leave the template and the manifest of a deployment in a bucket."""
    manifest = manifest_of(stack)
    upload(s3, bucket, manifest.template.key, stack.to_yaml().encode())
    s3.put_object(Bucket=bucket, Key=_key(stack.name), Body=json.dumps(asdict(manifest), indent=2).encode())


def recorded(name: str, bucket: str, s3: Any) -> Manifest | None:
    """Return the manifest of a stack's latest deployment, None when there is none."""
    from botocore.exceptions import ClientError

    try:
        read = json.loads(s3.get_object(Bucket=bucket, Key=_key(name))["Body"].read())
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            return None
        raise
    files = tuple(Artefact(**one) for one in read["files"])
    return Manifest(stack=read["stack"], template=Artefact(**read["template"]), files=files)


def promoted(stack: Stack, source: Place) -> Stack:
    """Return a stack with the files that an environment has, when the stack is what is deployed there.

    Raises ValueError that names what was not in that environment, or whose content is no longer what it was.
    """
    environment = source.environment.name
    bucket = source.environment.bucket or bucket_of(environment, source.client("cloudformation"))
    s3 = source.client("s3")
    there = None if bucket is None else recorded(stack.name, bucket, s3)
    if bucket is None or there is None:
        raise ValueError(
            f"The stack '{stack.name}' was not deployed to the environment '{environment}'. Deploy it there first: "
            f"stepfunctions deploy … --env {environment}"
        )
    here = manifest_of(stack)
    known = {one.sha256 for one in (there.template, *there.files)}
    others = [one.name for one in (here.template, *here.files) if one.sha256 not in known]
    if others:
        raise ValueError(
            f"The environment '{environment}' does not have this: {', '.join(others)}. Deploy it there first, and "
            "look at it, or take the sources that were deployed there."
        )
    build = partial(_read, s3, bucket)
    files = [replace(asset, build=partial(build, asset)) for asset in stack.assets]
    return replace(stack, assets=tuple(files))


def _read(s3: Any, bucket: str, asset: AssetFile) -> bytes:
    content: bytes = s3.get_object(Bucket=bucket, Key=asset.key)["Body"].read()
    if hashlib.sha256(content).hexdigest() != asset.digest:
        raise ValueError(f"The file s3://{bucket}/{asset.key} is not what was deployed: its content has changed.")
    return content


def _key(name: str) -> str:
    return f"deployments/{name}.json"
