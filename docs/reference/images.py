"""Write the table of SageMaker's own images from the SageMaker SDK: which account has a repository in which Region.

    python docs/reference/images.py .venv-sagemaker2 .venv-sagemaker3

The arguments are environments with the SDK in them (``make test-sagemaker`` makes these). The SDK keeps a file for
each framework: https://sagemaker.readthedocs.io/en/stable/api/utility/image_uris.html
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parents[2] / "src" / "stepfunctions" / "catalog" / "images.json"


def registries(value: Any) -> Iterator[tuple[str, str, str]]:
    """Yield repository, Region and account of everything in one file of the SDK."""
    if not isinstance(value, dict):
        return
    if "registries" in value and "repository" in value:
        named = value["repository"]
        for repository in named.values() if isinstance(named, dict) else [named]:
            yield from ((repository, region, account) for region, account in value["registries"].items())
    for inner in value.values():
        yield from registries(inner)


def read(environments: list[Path]) -> tuple[list[str], dict[str, dict[str, str]]]:
    """Return the SDK's versions, and the accounts: repository -> Region -> account."""
    accounts: dict[str, dict[str, str]] = {}
    versions: list[str] = []
    for environment in environments:
        (packages,) = environment.glob("lib/python3*/site-packages")
        versions += [path.name.removesuffix(".dist-info") for path in packages.glob("sagemaker-[0-9]*.dist-info")]
        for path in sorted(packages.glob("sagemaker/**/image_uri_config/*.json")):
            for repository, region, account in registries(json.loads(path.read_text(encoding="utf-8"))):
                known = accounts.setdefault(repository, {}).setdefault(region, account)
                if known != account:
                    sys.exit(f"{path}: {repository} in {region} is of {account}, but elsewhere of {known}")
    return versions, accounts


def table(versions: list[str], accounts: dict[str, dict[str, str]]) -> str:
    """Return the table as JSON: each set of accounts once, on a line, and which repositories it is for."""
    sets: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for repository in sorted(accounts):
        sets.setdefault(tuple(sorted(accounts[repository].items())), []).append(repository)
    lines = [json.dumps({"repositories": names, "accounts": dict(pairs)}) for pairs, names in sets.items()]
    return f'{{"from": {json.dumps(versions)}, "registries": [\n' + ",\n".join(lines) + "\n]}\n"


if __name__ == "__main__":
    TARGET.write_text(table(*read([Path(name) for name in sys.argv[1:]])), encoding="utf-8")
