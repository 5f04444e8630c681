"""How ``aws-sdk:`` integrations name AWS's services, actions and members: as the SDK for Java 2 does.

botocore has the same services under boto3's names. A service's model carries AWS's own name of it, the service id
("EventBridge" of boto3's ``events``), from which the SDK for Java makes its names by a rule; so do we.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

SDK_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "ce": "costexplorer",
        "cognito-idp": "cognitoidentityprovider",
        "cur": "costandusagereport",
        "discovery": "applicationdiscovery",
        "dms": "databasemigration",
        "ds": "directory",
        "ds-data": "directoryservicedata",
        "elb": "elasticloadbalancing",
        "elbv2": "elasticloadbalancingv2",
        "es": "elasticsearch",
        "events": "eventbridge",
        "iot-data": "iotdataplane",
        "iot-jobs-data": "iotjobsdataplane",
        "lex-models": "lexmodelbuilding",
        "lexv2-models": "lexmodelsv2",
        "lexv2-runtime": "lexruntimev2",
        "logs": "cloudwatchlogs",
        "meteringmarketplace": "marketplacemetering",
        "mgh": "migrationhub",
        "sdb": "simpledb",
        "serverlessrepo": "serverlessapplicationrepository",
        "sms-voice": "pinpointsmsvoice",
        "stepfunctions": "sfn",
    }
)
"""boto3's name of a service -> its name in an ``aws-sdk:`` ARN, where that is more than boto3's without hyphens."""

_OTHER_NAMES = {"states": "stepfunctions", "elasticmapreduce": "emr", "monitoring": "cloudwatch"}
"""Names under which people know a service that are neither boto3's nor the SDK for Java's."""

_MEMBERS = {"NULL": "Nul", "Equals": "EqualsValue"}
"""Members that the SDK for Java calls otherwise, because of words of that language."""


@dataclass(frozen=True, slots=True)
class SdkService:
    """A service: boto3's name of it and its name in an ``aws-sdk:`` ARN."""

    client: str
    name: str


def sdk_service(service: str) -> SdkService:
    """Return the service of a name: boto3's or the SDK for Java's, however hyphenated and capitalised.

    Raises ValueError for one that the installed botocore does not know.

    >>> sdk_service("SageMakerRuntime")
    SdkService(client='sagemaker-runtime', name='sagemakerruntime')
    >>> sdk_service("stepfunctions").name
    'sfn'
    """
    services = _services()
    wanted = _plain(service)
    client = services.get(_OTHER_NAMES.get(wanted, wanted)) or services.get(name_of_id(service))
    if client is not None:
        return SdkService(client, sdk_name(client))
    close = difflib.get_close_matches(wanted, services, 1)
    import botocore

    raise ValueError(
        f"There is no AWS service '{service}'."
        + (f" Did you mean '{services[close[0]]}'?" if close else "")
        + f" (botocore {botocore.__version__} was asked; a newer one may know more.)"
    )


def sdk_name(client: str) -> str:
    """Return the name in an ``aws-sdk:`` ARN of a service that boto3 calls ``client``.

    >>> sdk_name("sagemaker-runtime"), sdk_name("logs")
    ('sagemakerruntime', 'cloudwatchlogs')
    """
    return SDK_NAMES.get(client) or _plain(client)


def name_of_id(service_id: str) -> str:
    """Return the name in an ``aws-sdk:`` ARN that the rule of the SDK for Java makes of a service id.

    >>> name_of_id("Config Service"), name_of_id("CloudWatch Logs")
    ('config', 'cloudwatchlogs')
    """
    name = re.sub("^(amazon|aws)(?=.)", "", _plain(service_id))
    return re.sub("(?<=.)service$", "", name)


def prefix_of_id(service_id: str) -> str:
    """Return the prefix that the errors of a service have in an ``aws-sdk:`` integration.

    >>> prefix_of_id("DynamoDB"), prefix_of_id("SFN"), prefix_of_id("IoTSiteWise"), prefix_of_id("SESv2")
    ('DynamoDb', 'Sfn', 'IoTSiteWise', 'SesV2')
    """
    name = "".join(word.lower().capitalize() for word in _words(service_id))
    name = re.sub("^(Amazon|Aws)(?=.)", "", name)
    return re.sub("(?<=.)Service$", "", name)


def action_of(operation: str) -> str:
    """Return the action in an ``aws-sdk:`` ARN of an operation.

    >>> action_of("DescribeDBInstances"), action_of("CreateDistribution2020_05_31")
    ('describeDBInstances', 'createDistribution')
    """
    return _lower_first(re.sub(r"\d{4}_\d\d_\d\d$", "", operation))


def member_of(member: str, *, sdk: bool = True) -> str:
    """Return how a member of a request or response is written in a task, where it is always PascalCase.

    ``aws-sdk:`` integrations (``sdk``) write an acronym at the beginning as a word.

    >>> member_of("taskDefinition"), member_of("DBInstanceIdentifier"), member_of("VolumeSizeInGB")
    ('TaskDefinition', 'DbInstanceIdentifier', 'VolumeSizeInGB')
    >>> member_of("BOOL", sdk=False)
    'BOOL'
    """
    if sdk:
        member = _MEMBERS.get(member) or _lower_first(member)
    return member[:1].upper() + member[1:]


@functools.cache
def _services() -> Mapping[str, str]:
    """Return the services of the installed botocore: name without hyphens -> boto3's name."""
    from botocore.loaders import Loader

    clients = Loader().list_available_services("service-2")
    services = {sdk_name(client): client for client in reversed(clients)}
    services.update({_plain(client): client for client in clients})
    return services


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


def _lower_first(name: str) -> str:
    """Return a name that begins in lower case; an acronym at the beginning is lower as a whole."""
    end = 1
    while end < len(name) and name[end].isupper() and not name[end + 1 : end + 2].islower():
        end += 1
    return name[:end].lower() + name[end:]


_BOUNDARIES = (
    (r"[^A-Za-z0-9]+", " "),
    (r"([^a-z]{2,})v([0-9]+)", r"\1 v\2 "),
    (r"([^A-Z]{2,})V([0-9]+)", r"\1 V\2 "),
    (r"(?<=[a-z])(?=[A-Z][a-zA-Z0-9])", " "),
    (r"([A-Z]+)([A-Z][a-z])", r"\1 \2"),
    (r"([0-9])([a-zA-Z])", r"\1 \2"),
)
"""Where the SDK for Java parts a name into words, applied in this order."""


def _words(name: str) -> list[str]:
    for pattern, replacement in _BOUNDARIES:
        name = re.sub(pattern, replacement, name)
    return name.split()
