"""What a workflow does with the versions and aliases of its state machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from stepfunctions.exceptions import WorkflowNotFound
from stepfunctions.steps.strategies import AllAtOnce, Strategy
from stepfunctions.workflow import versions
from stepfunctions.workflow.clients import Clients
from stepfunctions.workflow.shifting import Shift, stages_of
from stepfunctions.workflow.versions import Alias, Version, Weights


class Versioned:
    """The part of a :class:`~stepfunctions.workflow.workflow.Workflow` about versions and aliases."""

    name: str
    state_machine_arn: str | None
    client: Any
    published: Version | None = None
    """The version that the latest call with ``publish`` made, or found made."""

    def _known_arn(self) -> str:
        if not self.state_machine_arn:
            raise WorkflowNotFound(f"The workflow '{self.name}' does not exist yet. Call create() first.")
        return self.state_machine_arn

    def _machine_arn(self) -> str:
        """Return the ARN of the state machine itself: of an attached version or alias, without that."""
        return ":".join(self._known_arn().split(":")[:7])

    def _note_version(self, response: Mapping[str, Any], date: datetime | None) -> None:
        if response.get("stateMachineVersionArn") and date is not None:
            self.published = Version(response["stateMachineVersionArn"], date)

    def publish(
        self,
        description: str | None = None,
        *,
        alias: str | None = None,
        strategy: Strategy | None = None,
        alarms: Sequence[str] = (),
        session: Any = None,
        sleep: Callable[[float], Any] = time.sleep,
    ) -> Version:
        """Make a version of the state machine as it is now and return it; the newest one when that is just this.

        With ``alias`` the alias of that name then moves to it, and is created when there is none. ``strategy`` says
        how: :class:`AllAtOnce` (default), :class:`Canary` or :class:`Linear` of ``stepfunctions.mlops``, whose sizes
        are percent of the executions that begin; each execution keeps the version it began with. The call returns when
        all begin with the new version. Meanwhile it looks each 10 seconds at ``alarms``, names of CloudWatch alarms:
        when one goes off, or the program is interrupted, the alias leads to the old version again. Called again after
        a crash, it goes on where the alias is.

        ``session``: boto3's session for CloudWatch (default: of the environment, in the workflow's Region). ``sleep``
        waits so many seconds. Raises DeploymentFailed when it went back, ValueError, before anything is moved, for an
        alarm that is not there or in ALARM already and for an alias that another deployment holds.
        """
        if alias is None and (strategy is not None or alarms):
            raise ValueError("strategy and alarms say how an alias moves: give alias='…' too.")
        if alias is not None:
            versions.check_alias_name(alias)
            stages_of(strategy or AllAtOnce())
        response = self.client.publish_state_machine_version(
            stateMachineArn=self._machine_arn(), **({} if description is None else {"description": description})
        )
        self._note_version(response, response["creationDate"])
        assert self.published is not None, "the service names the version"
        if alias is not None:
            Shift(
                client=self.client,
                machine_arn=self._machine_arn(),
                alias=alias,
                version=self.published,
                strategy=strategy or AllAtOnce(),
                alarms=alarms,
                clients=Clients(session, self.client, "publish") if alarms else None,
                sleep=sleep,
            ).run()
        return self.published

    def versions(self) -> list[Version]:
        """Return all versions, newest first."""
        return versions.list_versions(self.client, self._machine_arn())

    def delete_version(self, version: Version | str | int) -> None:
        """Delete a version. Raises the API's ConflictException while an alias leads to it."""
        self.client.delete_state_machine_version(
            stateMachineVersionArn=versions.version_arn(self._machine_arn(), version)
        )

    def alias(self, name: str, weights: Weights | None = None, description: str | None = None) -> Alias:
        """Make an alias lead to a version, or to two with weights, and return it; without weights only return it.

        ``weights``: a version (object, ARN or number), or ``{version: percent}``. The alias is created, or updated
        when it differs. Raises ValueError for weights that do not make 100, the API's ResourceNotFound.
        """
        arn = self._machine_arn()
        if weights is None:
            return versions.describe_alias(self.client, versions.alias_arn(arn, name))
        return versions.put_alias(self.client, arn, name, weights, description)

    def create_alias(self, name: str, weights: Weights, description: str | None = None) -> Alias:
        """Create an alias; see :meth:`alias`. Raises the API's ConflictException when there is another of this name."""
        return versions.create_alias(self.client, self._machine_arn(), name, weights, description)

    def update_alias(self, alias: Alias | str, weights: Weights | None = None, description: str | None = None) -> Alias:
        """Change an alias; see :meth:`alias`. Raises the API's ResourceNotFound when there is none."""
        arn = self._machine_arn()
        return versions.update_alias(self.client, versions.alias_arn(arn, alias), arn, weights, description)

    def delete_alias(self, alias: Alias | str) -> None:
        """Delete an alias; its versions stay."""
        self.client.delete_state_machine_alias(stateMachineAliasArn=versions.alias_arn(self._machine_arn(), alias))

    def aliases(self) -> list[Alias]:
        """Return all aliases."""
        return versions.list_aliases(self.client, self._machine_arn())
