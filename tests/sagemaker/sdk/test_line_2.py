"""What line 2 of the SDK has alone: frameworks, Amazon's algorithms, pipelines of models, the debugger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sagemaker.amazon.amazon_estimator import RecordSet
from sagemaker.debugger import (
    DebuggerHookConfig,
    ProfilerConfig,
    ProfilerRule,
    Rule,
    TensorBoardOutputConfig,
    rule_configs,
)
from sagemaker.estimator import _TrainingJob
from sagemaker.inputs import FileSystemInput, TrainingInput
from sagemaker.instance_group import InstanceGroup
from sagemaker.model import ModelPackage
from sagemaker.multidatamodel import MultiDataModel
from sagemaker.pipeline import PipelineModel
from sagemaker.pytorch import PyTorchModel
from sagemaker.sklearn import SKLearn, SKLearnModel
from sagemaker.tensorflow import TensorFlow
from sagemaker.tuner import (
    HyperbandStrategyConfig,
    InstanceConfig,
    StrategyConfig,
    TuningJobCompletionCriteriaConfig,
    WarmStartConfig,
    WarmStartTypes,
)

from sagemaker import PCA
from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps import Chain, Graph, ModelStep, TrainingStep, TuningStep
from stepfunctions.steps.sagemaker import upload_code

ROLE = "arn:aws:iam::123456789012:role/train"
CODE = "s3://bucket/code/sourcedir.tar.gz"
given = ExecutionInput()
PATH = "$$.Execution.Input"


def sklearn(line: Any, **more: Any) -> SKLearn:
    fields = {
        "entry_point": "src/train.py",
        "source_dir": CODE,
        "framework_version": "1.2-1",
        "role": ROLE,
        "instance_count": 1,
        "instance_type": "ml.m5.large",
        "output_path": "s3://bucket/out",
        "hyperparameters": {"depth": 3, "name": "x"},
        "sagemaker_session": line.session,
    }
    return SKLearn(**{**fields, **more})


def pca(line: Any, **more: Any) -> PCA:
    fields = {"role": ROLE, "instance_count": 1, "instance_type": "ml.m5.large", "num_components": 3}
    # asks AWS for the default bucket, where it would put data of this machine
    return line.making(lambda: PCA(output_path="s3://bucket/out", sagemaker_session=line.session, **fields, **more))


def test_requests_are_those_that_the_sdk_would_send(line: Any, checked: Any) -> None:
    """But for the profiler, which the SDK turns on by itself, and the debugger's collections, as in 2.3.0."""
    for make, data in (
        (line.trains_everything, {"train": "s3://bucket/train"}),
        (lambda: sklearn(line, entry_point="train.py", model_uri="s3://bucket/model.tar.gz"), "s3://bucket/train"),
        (lambda: pca(line), RecordSet("s3://bucket/train", 10, 7, channel="train")),
    ):
        written = checked(TrainingStep("train", make(), "job", data))
        estimator = make()
        if isinstance(data, RecordSet):
            estimator._prepare_for_training(data, job_name="job")
        else:
            estimator._prepare_for_training(job_name="job")
        estimator.mini_batch_size = None
        arguments = _TrainingJob._get_train_args(estimator, data, None)
        sent = line.session._get_train_request(**arguments)
        assert sent.pop("ProfilerConfig")["DisableProfiler"] is False
        sent.get("DebugHookConfig", {}).pop("CollectionConfigurations", None)
        assert {name: value for name, value in sent.items() if value} == written


def test_a_framework_says_where_its_code_is(line: Any, checked: Any) -> None:
    estimator = sklearn(line)
    named = checked(TrainingStep("train", estimator, "job"))
    assert named["HyperParameters"] == {
        "depth": "3",
        "name": '"x"',
        "sagemaker_submit_directory": f'"{CODE}"',
        "sagemaker_program": '"train.py"',
        "sagemaker_container_log_level": "20",
        "sagemaker_job_name": '"job"',
        "sagemaker_region": '"us-east-1"',
    }
    later = checked(TrainingStep("train", estimator, given["job"]))["HyperParameters"]
    assert later["sagemaker_job_name.$"] == f"States.Format('\"{{}}\"', {PATH}['job'])"
    unnamed = checked(TrainingStep("train", estimator))["HyperParameters"]
    assert not {"sagemaker_job_name", "sagemaker_job_name.$"} & set(unnamed)
    assert estimator._hyperparameters == {"depth": 3, "name": "x"}


def test_placeholders_among_the_estimators_own_hyperparameters(line: Any, checked: Any) -> None:
    written = checked(TrainingStep("train", sklearn(line, hyperparameters={"name": given["name"]}), "job"))
    assert written["HyperParameters"]["name.$"] == f"States.Format('\"{{}}\"', {PATH}['name'])"
    plain = checked(TrainingStep("train", line.trains(hyperparameters={"name": given["name"]}), "job"))
    assert plain["HyperParameters"] == {"name.$": f"{PATH}['name']"}


def test_what_a_framework_makes_of_the_jobs_name_follows_it(line: Any, checked: Any) -> None:
    estimator = TensorFlow(
        entry_point="train.py",
        source_dir=CODE,
        framework_version="2.8",
        py_version="py39",
        role=ROLE,
        instance_count=1,
        instance_type="ml.m5.large",
        output_path="s3://bucket/out",
        sagemaker_session=line.session,
    )
    written = checked(TrainingStep("train", estimator, given["job"]))["HyperParameters"]
    assert written["model_dir.$"] == f"States.Format('\"s3://bucket/out/{{}}/model\"', {PATH}['job'])"
    assert "model_dir" not in checked(TrainingStep("train", estimator))["HyperParameters"]
    assert estimator.model_dir is None


def test_code_that_is_uploaded_already_is_used(line: Any, tmp_path: Path, checked: Any, calls: Any) -> None:
    (tmp_path / "train.py").write_text("print('trained')\n")
    estimator = sklearn(line, entry_point="train.py", source_dir=str(tmp_path), code_location="s3://code/prefix")
    calls.answers = lambda *_: {}
    staged = upload_code(estimator)
    same = upload_code(estimator)
    (tmp_path / "train.py").write_text("print('otherwise')\n")
    other = upload_code(estimator)
    calls.answers = None
    calls.clear()
    assert staged.source_dir == same.source_dir != other.source_dir
    assert staged.source_dir.startswith("s3://code/prefix/code-")
    assert estimator.source_dir == str(tmp_path)
    estimator.uploaded_code = staged.uploaded_code
    written = checked(TrainingStep("train", estimator, "job"))["HyperParameters"]
    assert written["sagemaker_submit_directory"] == f'"{staged.source_dir}"'
    with pytest.raises(ValueError, match="Say where the code goes"):
        upload_code(sklearn(line, source_dir=str(tmp_path), entry_point="train.py"))


def test_isolated_training_gets_its_code_by_a_channel(line: Any, checked: Any) -> None:
    written = checked(TrainingStep("train", sklearn(line, enable_network_isolation=True), "job", "s3://bucket/data"))
    assert [channel["ChannelName"] for channel in written["InputDataConfig"]] == ["training", "code"]
    assert written["InputDataConfig"][1]["DataSource"]["S3DataSource"]["S3Uri"] == CODE
    assert written["HyperParameters"]["sagemaker_submit_directory"].startswith('"/opt/ml/input/data/code')


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"source_dir": None}, r"The code of the SKLearn \(src/train.py\) is on this machine"),
        ({"source_dir": "src"}, r"The code of the SKLearn \(src\) is on this machine.*give a source_dir in S3"),
        ({"git_config": {"repo": "r"}}, "The SKLearn has a git_config: nothing is cloned"),
    ],
)
def test_what_is_not_in_s3(line: Any, fields: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        TrainingStep("train", sklearn(line, **fields), "job")


def test_local_mode(line: Any) -> None:
    estimator = line.trains()
    estimator.instance_type = "local"
    with pytest.raises(ValueError, match="The Estimator has the instance type 'local'"):
        TrainingStep("train", estimator, "job")
    estimator.output_path = "file:///out"
    with pytest.raises(ValueError, match="has the output_path 'file:///out', which is not in S3"):
        TrainingStep("train", estimator, "job")


def test_algorithms_of_amazon(line: Any, checked: Any) -> None:
    records = [RecordSet("s3://b/train", 10, 7, channel="train"), RecordSet("s3://b/test", 5, 7, channel="test")]
    step = TrainingStep("train", pca(line), "job", records, mini_batch_size=5)
    written = checked(step)
    assert written["HyperParameters"] == {"num_components": "3", "feature_dim": "7", "mini_batch_size": "5"}
    assert [channel["ChannelName"] for channel in written["InputDataConfig"]] == ["train", "test"]
    assert written["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3DataType"] == "ManifestFile"
    plain = TrainingStep("train", pca(line), "job", {"train": given["data"]}, hyperparameters={"feature_dim": 7})
    assert checked(plain)["HyperParameters"] == {"num_components": "3", "feature_dim": "7"}
    model = checked(ModelStep("model", step.get_expected_model()))
    assert model["PrimaryContainer"]["Image"].endswith("/pca:1")


def test_other_sources_of_data(line: Any, checked: Any) -> None:
    files = FileSystemInput(file_system_id="fs-0123456789", file_system_type="EFS", directory_path="/d")
    shards = TrainingInput("s3://bucket/a", distribution="ShardedByS3Key", input_mode="Pipe", compression="Gzip")
    written = checked(TrainingStep("train", line.trains(), "job", {"files": files, "shards": shards}))
    first, second = written["InputDataConfig"]
    assert first["DataSource"]["FileSystemDataSource"]["FileSystemId"] == "fs-0123456789"
    assert second["DataSource"]["S3DataSource"]["S3DataDistributionType"] == "ShardedByS3Key"
    assert (second["InputMode"], second["CompressionType"]) == ("Pipe", "Gzip")


def test_newer_fields(line: Any, checked: Any) -> None:
    groups = [InstanceGroup("one", "ml.m5.large", 2)]
    estimator = line.trains(
        instance_count=None,
        instance_type=None,
        instance_groups=groups,
        disable_output_compression=True,
        enable_infra_check=True,
        container_entry_point=["python3"],
        container_arguments=["x.py"],
        training_repository_access_mode="Vpc",
        training_repository_credentials_provider_arn="arn:aws:lambda:us-east-1:123456789012:function:credentials",
        enable_remote_debug=True,
        enable_session_tag_chaining=True,
        enable_sagemaker_metrics=True,
    )
    written = checked(TrainingStep("train", estimator, "job"))
    assert written["ResourceConfig"]["InstanceGroups"] == [
        {"InstanceGroupName": "one", "InstanceType": "ml.m5.large", "InstanceCount": 2}
    ]
    assert written["OutputDataConfig"]["CompressionType"] == "NONE"
    assert written["InfraCheckConfig"] == {"EnableInfraCheck": True}
    assert written["RemoteDebugConfig"] == {"EnableRemoteDebug": True}
    assert written["SessionChainingConfig"] == {"EnableSessionTagChaining": True}
    algorithm = written["AlgorithmSpecification"]
    assert algorithm["ContainerEntrypoint"] == ["python3"]
    assert algorithm["ContainerArguments"] == ["x.py"]
    assert algorithm["EnableSageMakerMetricsTimeSeries"] is True
    assert algorithm["TrainingImageConfig"]["TrainingRepositoryAccessMode"] == "Vpc"


def test_debugger_and_profiler(line: Any, checked: Any) -> None:
    hook = DebuggerHookConfig(hook_parameters={"save_interval": "5"})
    estimator = line.trains(
        debugger_hook_config=hook,
        rules=[
            Rule.sagemaker(rule_configs.vanishing_gradient()),
            ProfilerRule.sagemaker(rule_configs.ProfilerReport()),
        ],
        profiler_config=ProfilerConfig(system_monitor_interval_millis=500),
        tensorboard_output_config=TensorBoardOutputConfig(s3_output_path="s3://bucket/board"),
    )
    written = checked(TrainingStep("train", estimator, "job"))
    assert written["DebugHookConfig"]["S3OutputPath"] == "s3://bucket/out"
    assert written["DebugRuleConfigurations"][0]["RuleConfigurationName"] == "VanishingGradient"
    assert written["ProfilerConfig"]["ProfilingIntervalInMilliseconds"] == 500
    assert written["ProfilerRuleConfigurations"][0]["RuleConfigurationName"].startswith("ProfilerReport")
    assert written["TensorBoardOutputConfig"]["S3OutputPath"] == "s3://bucket/board"
    assert hook.s3_output_path is None
    assert estimator.rules[0].image_uri == "DEFAULT_RULE_EVALUATOR_IMAGE"
    off = checked(TrainingStep("train", line.trains(debugger_hook_config=False, disable_profiler=True), "job"))
    assert "DebugHookConfig" not in off
    assert off["ProfilerConfig"] == {"DisableProfiler": True}
    elsewhere = line.trains(output_path=None)
    placed = checked(TrainingStep("train", elsewhere, "job", output_data_config_path=given["out"]))
    assert placed["DebugHookConfig"] == {"S3OutputPath.$": f"{PATH}['out']"}
    own = Rule.custom("mine", "image", "ml.m5.large", 5, source="rules.py", rule_to_invoke="Mine")
    with pytest.raises(ValueError, match=r"The rule 'mine' of the Estimator has its source at 'rules.py'"):
        TrainingStep("train", line.trains(rules=[own]), "job")


def test_frameworks_models(line: Any, checked: Any) -> None:
    fields = {"model_data": "s3://b/model.tar.gz", "role": ROLE, "sagemaker_session": line.session}
    model = SKLearnModel(
        entry_point="serve.py", source_dir=CODE, framework_version="1.2-1", model_server_workers=3, **fields
    )
    container = checked(ModelStep("model", model, "m", "ml.m5.large"))["PrimaryContainer"]
    assert container["Image"].endswith("sagemaker-scikit-learn:1.2-1-cpu-py3")
    assert container["Environment"] == {
        "SAGEMAKER_PROGRAM": "serve.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": CODE,
        "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
        "SAGEMAKER_REGION": "us-east-1",
        "SAGEMAKER_MODEL_SERVER_WORKERS": "3",
    }
    assert model.env == {}
    torch = PyTorchModel(entry_point="serve.py", source_dir=CODE, framework_version="2.1", py_version="py310", **fields)
    image = checked(ModelStep("model", torch, "m", "ml.p3.2xlarge"))["PrimaryContainer"]["Image"]
    assert image.endswith("pytorch-inference:2.1-gpu-py310")
    local = SKLearnModel(entry_point="serve.py", framework_version="1.2-1", **fields)
    with pytest.raises(ValueError, match=r"The code of the SKLearnModel \(serve.py\) is on this machine"):
        ModelStep("model", local, "m")


def test_the_code_of_a_model_can_be_uploaded(line: Any, tmp_path: Path, checked: Any, calls: Any) -> None:
    (tmp_path / "serve.py").write_text("def model_fn(folder): ...\n")
    model = SKLearnModel(
        model_data="s3://b/model.tar.gz",
        role=ROLE,
        entry_point="serve.py",
        source_dir=str(tmp_path),
        framework_version="1.2-1",
        sagemaker_session=line.session,
    )
    calls.answers = lambda *_: {}
    staged = upload_code(model, "s3://code/prefix")
    calls.answers = None
    calls.clear()
    environment = checked(ModelStep("model", staged, "m", "ml.m5.large"))["PrimaryContainer"]["Environment"]
    assert environment["SAGEMAKER_PROGRAM"] == "serve.py"
    assert environment["SAGEMAKER_SUBMIT_DIRECTORY"].startswith("s3://code/prefix/code-")
    assert model.source_dir == str(tmp_path)


def test_the_expected_model_of_a_framework(line: Any, checked: Any) -> None:
    train = TrainingStep("train", sklearn(line), "job")
    model = ModelStep("model", train.get_expected_model(), "m", instance_type="ml.m5.large")
    Graph(Chain([train, model]))
    container = checked(model)["PrimaryContainer"]
    assert container["Environment"]["SAGEMAKER_SUBMIT_DIRECTORY"] == CODE
    assert container["ModelDataUrl.$"] == "$['ModelArtifacts']['S3ModelArtifacts']"


def test_models_of_several_containers(line: Any, checked: Any) -> None:
    pipeline = PipelineModel(
        [line.model(), line.model(env={})],
        ROLE,
        name="both",
        sagemaker_session=line.session,
        vpc_config={"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    )
    written = checked(ModelStep("model", pipeline))
    assert [container["Environment"] for container in written["Containers"]] == [{"A": "b"}, {}]
    assert written["ModelName"] == "both"
    assert written["VpcConfig"] == {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    many = MultiDataModel("many", "s3://bucket/models/", model=line.model(), sagemaker_session=line.session)
    assert checked(ModelStep("model", many))["PrimaryContainer"] == {
        "Environment": {"A": "b"},
        "Image": line.model().image_uri,
        "ModelDataUrl": "s3://bucket/models/",
        "Mode": "MultiModel",
    }


def test_other_models(line: Any, checked: Any) -> None:
    arn = "arn:aws:sagemaker:us-east-1:123456789012:model-package/delays/3"
    package = ModelPackage(ROLE, model_package_arn=arn, sagemaker_session=line.session)
    assert checked(ModelStep("model", package, "m"))["PrimaryContainer"] == {"ModelPackageName": arn}
    source = {"S3DataSource": {"S3Uri": "s3://b/model/", "S3DataType": "S3Prefix", "CompressionType": "None"}}
    loose = checked(ModelStep("model", line.model(model_data=source), "m"))
    assert loose["PrimaryContainer"]["ModelDataSource"] == source
    with pytest.raises(ValueError, match="The model of the step 'model' has no role"):
        ModelStep("model", line.model(role=None), "m")


def test_every_option_of_a_tuner(line: Any, checked: Any) -> None:
    tuner = line.tuner(
        strategy="Hyperband",
        strategy_config=StrategyConfig(HyperbandStrategyConfig(9, 1)),
        warm_start_config=WarmStartConfig(WarmStartTypes.TRANSFER_LEARNING, {"before"}),
        completion_criteria_config=TuningJobCompletionCriteriaConfig(target_objective_metric_value=0.1),
    )
    tuner.override_resource_config([InstanceConfig(1, "ml.m5.large", 30), InstanceConfig(1, "ml.m5.xlarge", 30)])
    written = checked(TuningStep("tune", tuner, "job", "s3://bucket/data"))
    config = written["HyperParameterTuningJobConfig"]
    assert config["StrategyConfig"]["HyperbandStrategyConfig"] == {"MinResource": 1, "MaxResource": 9}
    assert config["TuningJobCompletionCriteria"] == {"TargetObjectiveMetricValue": 0.1}
    assert written["WarmStartConfig"]["WarmStartType"] == "TransferLearning"
    definition = written["TrainingJobDefinition"]
    assert "ResourceConfig" not in definition
    instances = definition["HyperParameterTuningResourceConfig"]["InstanceConfigs"]
    assert [instance["InstanceType"] for instance in instances] == ["ml.m5.large", "ml.m5.xlarge"]


def test_tuning_of_a_framework(line: Any, checked: Any) -> None:
    tuner = line.tuner()
    tuner.estimator = sklearn(line)
    step = TuningStep("tune", tuner, "job", "s3://bucket/data")
    static = checked(step)["TrainingJobDefinition"]["StaticHyperParameters"]
    assert static["sagemaker_submit_directory"] == f'"{CODE}"'
    assert static["sagemaker_estimator_class_name"] == '"SKLearn"'
    assert static["sagemaker_estimator_module"] == '"sagemaker.sklearn.estimator"'
    assert "depth" not in static
    model = checked(ModelStep("model", step.get_best_model("m"), instance_type="ml.m5.large"))
    assert model["PrimaryContainer"]["Environment"]["SAGEMAKER_PROGRAM"] == "train.py"
