"""Images of ECR, and which of them are SageMaker's."""

from __future__ import annotations

import pytest

from stepfunctions.catalog.images import Image


@pytest.mark.parametrize(
    ("uri", "repository", "version"),
    [
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/a/b-c:1.0", "a/b-c", ":1.0"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/a", "a", ""),
        ("123456789012.dkr.ecr.us-gov-west-1.amazonaws.com/a:x@sha256:0f", "a", ":x@sha256:0f"),
    ],
)
def test_an_image_of_ecr(uri: str, repository: str, version: str) -> None:
    image = Image.parse(uri)
    assert image is not None
    assert (image.account, image.repository, image.version) == ("123456789012", repository, version)
    assert image.registry is None


@pytest.mark.parametrize("text", ["public.ecr.aws/x/y:1", "python:3.12", "1.dkr.ecr.eu-west-1.amazonaws.com/a", "${I}"])
def test_any_other_text_is_none(text: str) -> None:
    assert Image.parse(text) is None


@pytest.mark.parametrize(
    ("region", "account", "repository"),
    [  # https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html
        ("us-east-1", "683313688378", "sagemaker-xgboost"),
        ("us-east-1", "382416733822", "linear-learner"),
        ("us-east-1", "763104351884", "pytorch-training"),
        ("us-east-1", "156813124566", "sagemaker-model-monitor-analyzer"),
        ("eu-west-1", "141502667606", "sagemaker-scikit-learn"),
        ("cn-north-1", "727897471807", "pytorch-training"),
    ],
)
def test_an_image_of_sagemaker(region: str, account: str, repository: str) -> None:
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    image = Image.parse(f"{account}.dkr.ecr.{region}.{suffix}/{repository}:1")
    assert image is not None
    assert image.registry is not None
    assert image.registry[region] == account


def test_a_family_is_not_everywhere() -> None:
    image = Image.parse("156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer")
    assert image is not None
    assert image.registry is not None
    assert "us-gov-west-1" not in image.registry
