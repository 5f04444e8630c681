"""What a workflow does with what starts its executions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepfunctions.workflow import checks, settings, versions
from stepfunctions.workflow.clients import Clients

if TYPE_CHECKING:
    from stepfunctions.deploy.triggers import Trigger
    from stepfunctions.workflow.settings import Tags


class Triggered:
    """The part of a :class:`~stepfunctions.workflow.workflow.Workflow` about its triggers."""

    name: str
    tags: Tags
    _client: Any

    def _machine_arn(self) -> str:
        raise NotImplementedError

    def triggers(self, *triggers: Trigger, alias: str | None = None, session: Any = None) -> bool:
        """Make what starts executions of this workflow just these triggers; return whether anything was changed.

        >>> from stepfunctions.mlops import OnObjectCreated, Schedule
        >>> weekly = Schedule("cron(0 6 ? * MON *)", timezone="Europe/Berlin", input={"week": 1})
        >>> new_data = OnObjectCreated("raw-data", prefix="in/")

        ``workflow.triggers(weekly, new_data)`` makes the rules and schedules, a role that may start executions, and a
        queue for events that could not start one, in a CloudFormation stack ``<workflow>-triggers``; called again, it
        changes what differs and removes what is no longer given. ``workflow.triggers()`` removes all, also after
        :meth:`delete`. ``alias``: the
        alias that executions are started of. ``session``: boto3's session (default: of the environment, where the
        workflow's client is). To have them in the workflow's own stack, write ``workflow.stack(triggers=[…])``.

        Raises WorkflowNotFound before :meth:`create`, ValueError for an alias, bucket or alarm that is not there, and
        with CloudFormation's reason.
        """
        from stepfunctions.deploy.trigger_stack import put_triggers
        from stepfunctions.deploy.triggers import Trigger

        for one in triggers:
            if not isinstance(one, Trigger):
                raise ValueError(f"triggers() is given {one!r}; give Schedule(…), OnEvent(…) or another trigger.")
        arn = self._machine_arn() if triggers else ""
        client = Clients(session, self._client, "triggers").client
        if alias is not None and triggers:
            arn = versions.alias_arn(arn, alias)
            versions.check_alias(arn, client("stepfunctions"))
        name = checks.stack_name(self.name)
        return put_triggers(name, arn, triggers, client, settings.read_tags(self.tags))
