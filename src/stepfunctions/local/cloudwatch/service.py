"""CloudWatch: the operations of metrics, and all that belongs together.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from stepfunctions.local.cloudwatch import metrics, queries
from stepfunctions.local.cloudwatch.alarm_operations import AlarmOperations
from stepfunctions.local.cloudwatch.alarm_records import AlarmTables
from stepfunctions.local.cloudwatch.alarms import Alarms
from stepfunctions.local.cloudwatch.dashboards import DashboardOperations
from stepfunctions.local.cloudwatch.metrics import Answer
from stepfunctions.local.cloudwatch.records import MIGRATIONS, MINUTE, Datum, Metric, MetricTables
from stepfunctions.local.cloudwatch.statistics import Summary

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.measures import Counts, Key
    from stepfunctions.local.services import Call


class CloudWatch(AlarmOperations, DashboardOperations):
    """CloudWatch."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._clock = cloud.clock
        self._database = cloud.database("cloudwatch", MIGRATIONS)
        self._metrics = MetricTables(self._database)
        self._alarms = AlarmTables(self._database)
        self.alarms = Alarms(cloud, self._alarms, self._metrics)

    def start(self) -> None:
        """Evaluate the alarms that there are."""
        self.alarms.start()

    def stop(self) -> None:
        """Evaluate nothing any more."""
        self.alarms.stop()

    def keep(self, measured: Mapping[Key, Counts]) -> None:
        """Add what the services measured of themselves."""
        data = [
            Datum(Metric(owner, namespace, name, pairs), minute, MINUTE, unit, Summary.of(counts))
            for (owner, namespace, name, pairs, unit, minute), counts in measured.items()
        ]
        self._put(data)

    def put_metric_data(self, request: Answer, call: Call) -> None:
        """PutMetricData. Entities are accepted and not kept."""
        self._put(metrics.data_of(request, call.owner, self._clock.now()))

    def _put(self, data: list[Datum]) -> None:
        self._metrics.put(data, self._clock.now())
        self.alarms.came(data)

    def list_metrics(self, request: Answer, call: Call) -> Answer:
        """ListMetrics."""
        self._cloud.measures.flush()
        return metrics.listed(self._metrics, request, call.owner, self._clock.now())

    def get_metric_statistics(self, request: Answer, call: Call) -> Answer:
        """GetMetricStatistics."""
        self._cloud.measures.flush()
        return metrics.statistics(self._metrics, request, call.owner, self._clock.now())

    def get_metric_data(self, request: Answer, call: Call) -> Answer:
        """GetMetricData."""
        self._cloud.measures.flush()
        return queries.data(self._metrics, request, call.owner, self._clock.now())


def create(cloud: Cloud) -> CloudWatch:
    """Make the service for a cloud."""
    return CloudWatch(cloud)
