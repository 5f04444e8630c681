"""The pipeline of ``old_style.py`` in today's style."""

from stepfunctions.inputs import ExecutionInput, result, states, variable
from stepfunctions.steps import Catch, Fail, FargateStep, GlueStep, LambdaStep, Retry, Succeed, TrainingStep
from stepfunctions.workflow import Workflow

role, images = "arn:aws:iam::123456789012:role/blog-pipeline", "123456789012.dkr.ecr.us-east-1.amazonaws.com"
run, place = ExecutionInput({"JobName": str}), variable("place")  # place: where the data of this run is
set_place = {"place": result["Payload"]["S3Location"]}
prepare = LambdaStep("Prepare", function="blog-pipeline-prepare", payload=run, assign=set_place)
pull = GlueStep("Pull data", "s3://blog-pipeline/code/pull.py", role=role, arguments={"--destination": place})
convert = FargateStep(
    "Convert data",
    f"{images}/blog-pipeline-convert",
    command=["python", "convert.py"],
    environment={"SOURCE": place, "TARGET": place},
    subnets=["subnet-0a1b2c3d"],
    security_groups=["sg-0a1b2c3d"],
    execution_role=role,
    task_role=role,
)
job = {
    "AlgorithmSpecification": {"TrainingImage": f"{images}/blog-pipeline-clusters", "TrainingInputMode": "File"},
    "OutputDataConfig": {"S3OutputPath": "s3://blog-pipeline/models"},
    "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.p3.2xlarge", "VolumeSizeInGB": 30},
    "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
    "RoleArn": role,
}
code = {"sagemaker_program": "train.py", "sagemaker_submit_directory": "s3://blog-pipeline/code/training.tar.gz"}
options = {"clusters": 6, "learning-rate": 0.05, "batch-size": 256, "epochs": 40, "min-epochs": 5, "patience": 3}
sets = {name: states.format(f"{{}}/{name}", place) for name in ("train", "val", "test")}
train = TrainingStep("Train model", job, job_name=run["JobName"], data=sets, hyperparameters={**options, **code})
artefact = train.output()["ModelArtifacts"]["S3ModelArtifacts"]
deploy = LambdaStep("Deploy model", function="blog-pipeline-deploy", payload={"Model": artefact})
retry = Retry(error_equals=["States.TaskFailed"], interval_seconds=15, max_attempts=2, backoff_rate=4.0)
failed = Catch(Fail("HandleFailed"), error_equals=["States.TaskFailed"])
work = (prepare >> pull >> convert >> train).guarded(retry=retry, catch=failed)
workflow = Workflow("blog-pipeline", work >> deploy >> Succeed("HandleSuccess"), role, execution_input=run)
