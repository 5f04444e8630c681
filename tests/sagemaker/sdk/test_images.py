"""The table of images is the SageMaker SDK's, of both its lines."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from stepfunctions.catalog.images import Image

SCRIPT = Path(__file__).resolve().parents[3] / "docs" / "reference" / "images.py"


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("images_of_the_sdk", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_image_of_the_sdk_is_known() -> None:
    versions, accounts = script().read([Path(sys.prefix)])
    assert versions
    assert len(accounts) > 80
    for repository, regions in accounts.items():
        for region, account in regions.items():
            image = Image.parse(f"{account}.dkr.ecr.{region}.amazonaws.com/{repository}:1")
            assert image is not None, (repository, region)
            assert image.registry is not None, (repository, region, account)
