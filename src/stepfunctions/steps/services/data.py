"""Steps that read, write and transform data, and that ask foundation models.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
"""

from __future__ import annotations

from stepfunctions.steps.services.step import ServiceStep


class AthenaStartQueryExecutionStep(ServiceStep):
    """Run a query: ``parameters={"QueryString": …, "WorkGroup": …, "ResultConfiguration": {"OutputLocation": …}}``.

    The result describes the query (``QueryExecution.QueryExecutionId``); its rows are in S3, and
    :class:`AthenaGetQueryResultsStep` gets them.
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-athena.html
    """

    SERVICE, ACTION = "athena", "startQueryExecution"


class AthenaStopQueryExecutionStep(ServiceStep):
    """Stop a query: ``parameters={"QueryExecutionId": …}``.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-athena.html
    """

    SERVICE, ACTION = "athena", "stopQueryExecution"


class AthenaGetQueryExecutionStep(ServiceStep):
    """Describe a query: ``parameters={"QueryExecutionId": …}``.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-athena.html
    """

    SERVICE, ACTION = "athena", "getQueryExecution"


class AthenaGetQueryResultsStep(ServiceStep):
    """Get the rows of a query, as strings and by pages: ``parameters={"QueryExecutionId": …, "MaxResults": 100}``.

    A result of more than 256 KiB fails the step.
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-athena.html
    """

    SERVICE, ACTION = "athena", "getQueryResults"


class BedrockInvokeModelStep(ServiceStep):
    """Ask a foundation model: ``parameters={"ModelId": …, "Body": {…}}``, of which ``Body`` is what the model takes.

    A body or an answer of more than 256 KiB goes through S3: ``"Input": {"S3Uri": …}``, ``"Output": {"S3Uri": …}``.
    The model's answer is the ``Body`` of the result.
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-bedrock.html
    """

    SERVICE, ACTION = "bedrock", "invokeModel"


class BedrockCreateModelCustomizationJobStep(ServiceStep):
    """Fine-tune a foundation model.

    ``parameters={"BaseModelIdentifier": …, "CustomModelName": …, "JobName": …, "RoleArn": …, "HyperParameters": …,
    "TrainingDataConfig": {"S3Uri": …}, "OutputDataConfig": {"S3Uri": …}}``.
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-bedrock.html
    """

    SERVICE, ACTION = "bedrock", "createModelCustomizationJob"


class GlueDataBrewStartJobRunStep(ServiceStep):
    """Run a job of Glue DataBrew: ``parameters={"Name": …}``.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-databrew.html
    """

    SERVICE, ACTION = "databrew", "startJobRun"


class DynamoDBGetItemStep(ServiceStep):
    """Read an item: ``parameters={"TableName": …, "Key": {"id": {"S": "…"}}}``; it is the ``Item`` of the result.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-ddb.html
    """

    SERVICE, ACTION = "dynamodb", "getItem"


class DynamoDBPutItemStep(ServiceStep):
    """Write an item: ``parameters={"TableName": …, "Item": {"id": {"S": "…"}, "n": {"N": "3"}}}``.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-ddb.html
    """

    SERVICE, ACTION = "dynamodb", "putItem"


class DynamoDBUpdateItemStep(ServiceStep):
    """Change an item.

    ``parameters={"TableName": …, "Key": {…}, "UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n":
    {"N": "3"}}}``.
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-ddb.html
    """

    SERVICE, ACTION = "dynamodb", "updateItem"


class DynamoDBDeleteItemStep(ServiceStep):
    """Delete an item: ``parameters={"TableName": …, "Key": {"id": {"S": "…"}}}``.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-ddb.html
    """

    SERVICE, ACTION = "dynamodb", "deleteItem"


class MediaConvertCreateJobStep(ServiceStep):
    """Convert media: ``parameters={"Role": …, "Settings": {"Inputs": […], "OutputGroups": […]}}``.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-mediaconvert.html
    """

    SERVICE, ACTION = "mediaconvert", "createJob"
