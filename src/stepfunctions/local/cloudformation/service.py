"""CloudFormation: stacks, change sets, drift. Operations go on in the background and survive the end of the process.

API reference: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepfunctions.local.cloudformation.drift import Drift
from stepfunctions.local.cloudformation.engine import Engine
from stepfunctions.local.cloudformation.records import MIGRATIONS, Tables

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud


class CloudFormation(Drift):
    """The service. Resources of a stack are made one after the other, each after those that it needs."""

    def __init__(self, cloud: Cloud) -> None:
        tables = Tables(cloud.database("cloudformation", MIGRATIONS))
        super().__init__(cloud, tables, Engine(cloud, tables))

    def start(self) -> None:
        """Go on with the operations that the last process left."""
        self._engine.start()

    def stop(self) -> None:
        """Stop after the steps that are under way."""
        self._engine.stop()


def create(cloud: Cloud) -> CloudFormation:
    """Make the service for a cloud."""
    return CloudFormation(cloud)
