"""Each answer of SageMaker has just the members of AWS's shapes, all that are required, of their types and enums."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from tests.local.sagemaker.conftest import IMAGE, SageMaker
from tests.local.sagemaker.test_capture import serve
from tests.local.sagemaker.test_monitoring import definition, of
from tests.local.sagemaker.test_processing import process

from stepfunctions.catalog.monitoring import KINDS
from stepfunctions.local.cloud import Cloud
from stepfunctions.local.sagemaker.service import SageMaker as Service
from stepfunctions.local.services import supported_operations
from stepfunctions.local.wire.models import service_model

TYPES = {"integer": int, "long": int, "boolean": bool, "timestamp": datetime, "float": (int, float), "string": str}
NAMES = {"ModelPackageName": "answers/1"}
"""What is not called ``answers``."""


def wrong(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """Yield what an answer has that its shape has not."""
    if isinstance(shape, StructureShape):
        yield from (f"{path} has no {name}" for name in shape.required_members if name not in value)
        for name, one in value.items():
            if name in shape.members:
                yield from wrong(shape.members[name], one, f"{path}.{name}")
            else:
                yield f"{path}.{name} is not AWS's"
    elif isinstance(shape, ListShape):
        for one in value:
            yield from wrong(shape.member, one, f"{path}[]")
    elif isinstance(shape, MapShape):
        for one in value.values():
            yield from wrong(shape.value, one, f"{path}{{}}")
    elif not isinstance(value, TYPES.get(shape.type_name, object)):  # type: ignore[arg-type]
        yield f"{path} is {value!r}, no {shape.type_name}"
    elif isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        yield f"{path} is {value!r}, none of {shape.enum}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One resource of each kind."""
    pytest.importorskip("sklearn")
    with Cloud(tmp_path_factory.mktemp("cloud"), max_jobs=2) as cloud:
        sm = SageMaker(cloud)
        serve(sm, "answers")
        assert sm.train("answers")["TrainingJobStatus"] == "Completed"
        assert process(sm, "answers", "print('done')")["ProcessingJobStatus"] == "Completed"
        sm("CreateModelPackageGroup", ModelPackageGroupName="answers", ModelPackageGroupDescription="Described.")
        containers = [{"Image": IMAGE, "ModelDataUrl": "s3://bucket/models/echo.tar.gz"}]
        specification = {
            "Containers": containers,
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        }
        sm("CreateModelPackage", ModelPackageGroupName="answers", InferenceSpecification=specification)
        for kind in KINDS:
            sm(f"Create{kind}JobDefinition", **definition(kind, "answers"))
        sm("CreateMonitoringSchedule", MonitoringScheduleName="answers", MonitoringScheduleConfig=of("answers"))
        yield sm


def asking() -> list[str]:
    found = supported_operations("sagemaker", Service)
    return [name for name in found if name.startswith(("Describe", "List"))]


@pytest.mark.parametrize("operation", asking())
def test_it_answers_in_awss_shape(made: Any, operation: str) -> None:
    model = service_model("sagemaker").operation_model(operation)
    assert model.input_shape is not None
    request = {name: NAMES.get(name, "answers") for name in model.input_shape.required_members}
    if operation == "ListTags":
        request = {"ResourceArn": made("DescribeEndpoint", EndpointName="answers")["EndpointArn"]}
    elif operation == "ListModelPackages":
        request = {"ModelPackageGroupName": "answers"}
    answer = made(operation, **request)
    assert model.output_shape is not None
    assert list(wrong(model.output_shape, answer, operation)) == []
    if operation.startswith("List") and operation not in ("ListTags", "ListMonitoringExecutions"):
        (listed,) = (value for value in answer.values() if isinstance(value, list))
        assert listed
