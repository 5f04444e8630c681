"""What is public: these names may be relied on, everything else may change."""

from __future__ import annotations

import importlib

import pytest

PUBLIC: dict[str, set[str]] = {
    "stepfunctions": {
        "CustomColorFormatter",
        "NullHandler",
        "__useragent__",
        "__version__",
        "inputs",
        "set_stream_logger",
        "steps",
        "workflow",
    },
    "stepfunctions.inputs": {"ExecutionInput", "Placeholder", "StepInput"},
    "stepfunctions.steps": {
        "Catch",
        "Chain",
        "Choice",
        "ChoiceRule",
        "EcsRunTaskStep",
        "EndpointConfigStep",
        "EndpointStep",
        "Fail",
        "FrozenGraph",
        "GlueStartJobRunStep",
        "Graph",
        "LambdaStep",
        "Map",
        "ModelStep",
        "Parallel",
        "Pass",
        "Retry",
        "Succeed",
        "Task",
        "TrainingStep",
        "Wait",
    },
    "stepfunctions.workflow": {"Execution", "ExecutionStatus", "Workflow"},
    "stepfunctions.asl": {
        "ABSENT",
        "Absent",
        "And",
        "AnyState",
        "Catcher",
        "Choice",
        "ChoiceRule",
        "Comparison",
        "Document",
        "Fail",
        "IntegrationPattern",
        "ItemBatcher",
        "ItemReader",
        "JSON",
        "Located",
        "Map",
        "Not",
        "OPERATORS",
        "Or",
        "Parallel",
        "Pass",
        "ProcessorConfig",
        "ReaderConfig",
        "Region",
        "Resource",
        "ResultWriter",
        "Retrier",
        "STATE_TYPES",
        "State",
        "StateMachine",
        "Succeed",
        "Task",
        "Test",
        "Wait",
        "WriterConfig",
        "dump",
        "dumps",
        "loads",
        "parse",
        "subregions",
        "walk",
    },
}


@pytest.mark.parametrize("name", PUBLIC)
def test_exports(name: str) -> None:
    module = importlib.import_module(name)
    assert set(module.__all__) == PUBLIC[name]
    for export in module.__all__:
        assert hasattr(module, export)
