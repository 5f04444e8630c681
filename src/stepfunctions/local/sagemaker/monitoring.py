"""Model Monitor: job definitions and schedules, which are kept. No job is run: the local cloud has not AWS's images.

API: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateMonitoringSchedule.html
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from stepfunctions.catalog.monitoring import EXPRESSION, KINDS, NOW, Monitoring
from stepfunctions.errors import ServiceError
from stepfunctions.local.sagemaker.models import CONFIG
from stepfunctions.local.sagemaker.records import HIDDEN, Record, Records, invalid, shown
from stepfunctions.local.sagemaker.serving import KIND as ENDPOINT
from stepfunctions.local.services import Call

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

SCHEDULE = "monitoring-schedule"
IDLE = (
    "The local cloud keeps this schedule, but runs nothing: it has not the images of Model Monitor. Put its metrics "
    "yourself (PutMetricData), or use stepfunctions.mlops.DriftMonitor, which runs here and on AWS."
)
"""The FailureReason of a schedule."""
_SUMMARY = (
    *("MonitoringScheduleName", "MonitoringScheduleArn", "CreationTime", "LastModifiedTime"),
    *("MonitoringScheduleStatus", "EndpointName", "MonitoringJobDefinitionName", "MonitoringType"),
)
_DEFINITION = f"{HIDDEN}definition"
"""The member of a schedule's record that has the name of its job definition, to list by."""
_log = logging.getLogger(__name__)


class Definitions:
    """The operations on job definitions of one kind of monitoring."""

    def __init__(self, records: Records, monitoring: Monitoring) -> None:
        self._records = records
        self._monitoring = monitoring

    def create(self, request: Record, call: Call) -> Record:
        """Create…JobDefinition."""
        name, kind = request["JobDefinitionName"], self._monitoring.kind
        if len(self._input(request).keys() & {"EndpointInput", "BatchTransformInput"}) != 1:
            raise invalid(f"{self._monitoring.name}JobInput takes one of EndpointInput and BatchTransformInput.")
        arn = self._records.arn(kind, name)
        record = {member: value for member, value in request.items() if member != "Tags"}
        record.update(JobDefinitionArn=arn, CreationTime=self._records.now())
        record.setdefault("StoppingCondition", {"MaxRuntimeInSeconds": self._monitoring.longest})
        self._records.create(
            kind, name, record, call.token, tags=request.get("Tags"), taken=lambda: _in_use("Job definition", arn)
        )
        return {"JobDefinitionArn": arn}

    def describe(self, request: Record) -> Record:
        """Describe…JobDefinition."""
        return shown(self.definition(request["JobDefinitionName"]))

    def list(self, request: Record) -> Record:
        """List…JobDefinitions."""
        wanted = request.get("EndpointName")
        page = self._records.page(
            self._monitoring.kind, request, fits=lambda one: wanted in (None, self.endpoint(one) or "")
        )
        found = [
            {
                "MonitoringJobDefinitionName": one["JobDefinitionName"],
                "MonitoringJobDefinitionArn": one["JobDefinitionArn"],
                "CreationTime": one["CreationTime"],
                "EndpointName": self.endpoint(one) or "",
            }
            for one in page.records
        ]
        return {"JobDefinitionSummaries": found, **({"NextToken": page.next_token} if page.next_token else {})}

    def delete(self, request: Record) -> Record:
        """Delete…JobDefinition."""
        name = self.definition(request["JobDefinitionName"])["JobDefinitionName"]
        self._records.delete(self._monitoring.kind, name)
        return {}

    def definition(self, name: str) -> Record:
        """Return a job definition; refuse an unknown name."""
        record = self._records.get(self._monitoring.kind, name)
        if record is None:
            raise _missing("job definition", self._records.arn(self._monitoring.kind, name))
        return record

    def endpoint(self, record: Record) -> str | None:
        """Return the endpoint that a job definition looks at; None for one of batch transform."""
        found: str | None = self._input(record).get("EndpointInput", {}).get("EndpointName")
        return found

    def _input(self, record: Record) -> Record:
        found: Record = record[f"{self._monitoring.name}JobInput"]
        return found


class Schedules:
    """The operations on monitoring schedules."""

    def __init__(self, cloud: Cloud, records: Records) -> None:
        self._cloud = cloud
        self._records = records
        self.definitions = {name: Definitions(records, one) for name, one in KINDS.items()}

    def create(self, request: Record, call: Call) -> Record:
        """CreateMonitoringSchedule."""
        name, now = request["MonitoringScheduleName"], self._records.now()
        arn = self._records.arn(SCHEDULE, name)
        record = {
            "MonitoringScheduleName": name,
            "MonitoringScheduleArn": arn,
            "CreationTime": now,
            **self._configured(request["MonitoringScheduleConfig"]),
            **_status("Scheduled"),
        }
        self._records.create(
            SCHEDULE,
            name,
            record,
            call.token,
            tags=request.get("Tags"),
            status="Scheduled",
            taken=lambda: _in_use("Monitoring Schedule", arn),
        )
        _log.warning("monitoring schedule %s: %s", name, IDLE)
        return {"MonitoringScheduleArn": arn}

    def describe(self, request: Record) -> Record:
        """DescribeMonitoringSchedule."""
        return shown(self._schedule(request["MonitoringScheduleName"]))

    def list(self, request: Record) -> Record:
        """ListMonitoringSchedules."""
        wanted = {
            "EndpointName": request.get("EndpointName"),
            "MonitoringType": request.get("MonitoringTypeEquals"),
            _DEFINITION: request.get("MonitoringJobDefinitionName"),
        }
        page = self._records.page(
            SCHEDULE,
            request,
            fits=lambda one: all(value in (None, one.get(member)) for member, value in wanted.items()),
        )
        found = []
        for one in page.records:
            named = {"MonitoringJobDefinitionName": one[_DEFINITION]} if _DEFINITION in one else {}
            found.append({name: value for name, value in {**one, **named}.items() if name in _SUMMARY})
        return {"MonitoringScheduleSummaries": found, **({"NextToken": page.next_token} if page.next_token else {})}

    def update(self, request: Record) -> Record:
        """UpdateMonitoringSchedule."""
        configured = self._configured(request["MonitoringScheduleConfig"])

        def edit(record: Record) -> str:
            for member in ("EndpointName", _DEFINITION):
                record.pop(member, None)
            record.update(configured)
            return str(record["MonitoringScheduleStatus"])

        return {"MonitoringScheduleArn": self._change(request, edit)["MonitoringScheduleArn"]}

    def switch(self, request: Record, status: str) -> Record:
        """StartMonitoringSchedule and StopMonitoringSchedule."""

        def edit(record: Record) -> str:
            record.pop("FailureReason", None)
            record.update(_status(status), LastModifiedTime=self._records.now())
            return status

        self._change(request, edit)
        return {}

    def delete(self, request: Record) -> Record:
        """DeleteMonitoringSchedule."""
        self._records.delete(SCHEDULE, self._schedule(request["MonitoringScheduleName"])["MonitoringScheduleName"])
        return {}

    def _configured(self, config: Record) -> Record:
        """Return what a configuration makes a schedule's members."""
        own, name = config.get("MonitoringJobDefinition"), config.get("MonitoringJobDefinitionName")
        if (own is None) == (name is None):
            raise invalid("Either MonitoringJobDefinition or MonitoringJobDefinitionName is required, not both.")
        kind = config.get("MonitoringType", "DataQuality" if own else None)
        if kind is None:
            raise invalid("MonitoringType is required with MonitoringJobDefinitionName.")
        _check_times(config.get("ScheduleConfig", {}))
        if own is None:
            definitions = self.definitions[kind]
            endpoint = definitions.endpoint(definitions.definition(str(name)))
        else:
            endpoint = own["MonitoringInputs"][0].get("EndpointInput", {}).get("EndpointName")
        if endpoint is not None:
            self._check_endpoint(endpoint)
        return {
            "MonitoringScheduleConfig": config,
            "MonitoringType": kind,
            "LastModifiedTime": self._records.now(),
            **({} if endpoint is None else {"EndpointName": endpoint}),
            **({} if name is None else {_DEFINITION: name}),
        }

    def _check_endpoint(self, name: str) -> None:
        """Refuse an endpoint that is not there, or captures nothing."""
        endpoint = self._records.get(ENDPOINT, name)
        if endpoint is None:
            raise invalid(f'Could not find endpoint "{self._records.arn(ENDPOINT, name)}".')
        config = self._records.get(CONFIG, endpoint["EndpointConfigName"]) or {}
        if not config.get("DataCaptureConfig", {}).get("EnableCapture"):
            raise invalid(f"Endpoint {name} does not capture data: its configuration needs DataCaptureConfig.")

    def _schedule(self, name: str) -> Record:
        record = self._records.get(SCHEDULE, name)
        if record is None:
            raise _missing("monitoring schedule", self._records.arn(SCHEDULE, name))
        return record

    def _change(self, request: Record, edit: Any) -> Record:
        name = request["MonitoringScheduleName"]
        record = self._records.change(SCHEDULE, name, edit)
        if record is None:
            raise _missing("monitoring schedule", self._records.arn(SCHEDULE, name))
        return record


def _status(status: str) -> Record:
    """Return the members that tell a status, and that nothing runs where one would think so."""
    return {"MonitoringScheduleStatus": status, **({"FailureReason": IDLE} if status == "Scheduled" else {})}


def _check_times(times: Record) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ScheduleConfig.html"""
    expression = times.get("ScheduleExpression")
    if expression not in (None, NOW) and not EXPRESSION.fullmatch(expression):
        raise invalid(
            f"Invalid ScheduleExpression '{expression}': write cron(0 * ? * * *), cron(0 H ? * * *), "
            "cron(0 H/N ? * * *) or NOW."
        )
    if expression == NOW and not {"DataAnalysisStartTime", "DataAnalysisEndTime"} <= times.keys():
        raise invalid("DataAnalysisStartTime and DataAnalysisEndTime are required with ScheduleExpression NOW.")


def _in_use(what: str, arn: str) -> ServiceError:
    return ServiceError("ResourceInUse", f"{what} already exists: {arn}")


def _missing(what: str, arn: str) -> ServiceError:
    return ServiceError("ResourceNotFound", f'Could not find {what} "{arn}".')
