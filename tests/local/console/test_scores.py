"""The scores of a model's versions: what their training jobs measured, and what they were registered with."""

from __future__ import annotations

from pathlib import Path

from tests.local.sagemaker.conftest import IMAGE, SageMaker

from stepfunctions.local.cloud import Cloud
from stepfunctions.local.console.services import Services

TRAIN = """
import os
print("mae=%s;" % os.environ["SM_HP_MAE"])
"""


def test_scores_go_from_version_to_version(tmp_path: Path) -> None:
    with Cloud(tmp_path, max_jobs=2) as cloud:
        sagemaker = SageMaker(cloud)
        sagemaker("CreateModelPackageGroup", ModelPackageGroupName="flights")
        shown = Services(cloud)
        for number, mae in enumerate(("9.5", "8.25")):
            trained = sagemaker.train(f"retrain-{number}", script=TRAIN, hyperparameters={"MAE": mae})
            model = {"Image": IMAGE, "ModelDataUrl": trained["ModelArtifacts"]["S3ModelArtifacts"]}
            types = {"SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"]}
            sagemaker(
                "CreateModelPackage",
                ModelPackageGroupName="flights",
                InferenceSpecification={"Containers": [model], **types},
                CustomerMetadataProperties={"r2": f"0.{number}", "author": "me", "lost": "nan"},
            )
            found = shown.models({})["groups"][0]["versions"]
            assert len(found) == number + 1
        assert {one["version"]: one["scores"] for one in found} == {
            1: {"mae": 9.5, "r2": 0.0},
            2: {"mae": 8.25, "r2": 0.1},
        }
