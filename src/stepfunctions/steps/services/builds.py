"""Steps of CodeBuild, which builds and tests code in containers.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-codebuild.html
"""

from __future__ import annotations

from stepfunctions.steps.services.step import ServiceStep


class CodeBuildStartBuildStep(ServiceStep):
    """Run a build: ``parameters={"ProjectName": …, "SourceVersion": …, "EnvironmentVariablesOverride": […]}``."""

    SERVICE, ACTION = "codebuild", "startBuild"


class CodeBuildStartBuildBatchStep(ServiceStep):
    """Run the builds of a batch: ``parameters={"ProjectName": …, "SourceVersion": …}``."""

    SERVICE, ACTION = "codebuild", "startBuildBatch"


class CodeBuildRetryBuildBatchStep(ServiceStep):
    """Run a batch again: ``parameters={"Id": …, "RetryType": "RETRY_FAILED_BUILDS"}``."""

    SERVICE, ACTION = "codebuild", "retryBuildBatch"


class CodeBuildStopBuildStep(ServiceStep):
    """Stop a build: ``parameters={"Id": …}``."""

    SERVICE, ACTION = "codebuild", "stopBuild"


class CodeBuildStopBuildBatchStep(ServiceStep):
    """Stop a batch: ``parameters={"Id": …}``."""

    SERVICE, ACTION = "codebuild", "stopBuildBatch"


class CodeBuildDeleteBuildBatchStep(ServiceStep):
    """Delete a batch: ``parameters={"Id": …}``."""

    SERVICE, ACTION = "codebuild", "deleteBuildBatch"


class CodeBuildBatchDeleteBuildsStep(ServiceStep):
    """Delete builds: ``parameters={"Ids": […]}``."""

    SERVICE, ACTION = "codebuild", "batchDeleteBuilds"


class CodeBuildBatchGetReportsStep(ServiceStep):
    """Get reports: ``parameters={"ReportArns": […]}``."""

    SERVICE, ACTION = "codebuild", "batchGetReports"
