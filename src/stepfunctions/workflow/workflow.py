"""A workflow: a definition with a name and a role, and the state machine made of it.

API: https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
"""

from __future__ import annotations

import logging as logs
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stepfunctions.exceptions import MissingRequiredParameter
from stepfunctions.inputs.placeholders import ExecutionInput
from stepfunctions.steps.graph import FrozenGraph, Graph
from stepfunctions.steps.strategies import Strategy
from stepfunctions.steps.writing import Linkable
from stepfunctions.workflow import checks, machine, settings
from stepfunctions.workflow.clients import append_user_agent_to_client, default_client, pages
from stepfunctions.workflow.cloudformation import build_cloudformation_template
from stepfunctions.workflow.lists import WorkflowList, shown
from stepfunctions.workflow.provision import Provisioned, provision
from stepfunctions.workflow.settings import Encryption, Logging, Tags
from stepfunctions.workflow.showing import ShownWorkflow
from stepfunctions.workflow.startable import Startable
from stepfunctions.workflow.state_test import Testable
from stepfunctions.workflow.triggered import Triggered
from stepfunctions.workflow.versioned import Versioned

if TYPE_CHECKING:
    from stepfunctions.deploy.parts import Deployment
    from stepfunctions.deploy.stack import Stack
    from stepfunctions.deploy.triggers import Trigger

logger = logs.getLogger("stepfunctions")

Definition = Linkable | Graph


class Workflow(Startable, Versioned, Triggered, Testable, ShownWorkflow):
    """A workflow on AWS or on the local cloud, through a boto3 Step Functions client.

    ``definition`` is a step, a chain, a flow or a graph; ``role`` the ARN of the execution role; ``tags`` a list of
    ``{"key", "value"}`` or a dict; ``execution_input`` the placeholder whose schema inputs are checked against.
    ``client`` is made when it is first needed: the client of the environment.

    ``type``: STANDARD or EXPRESS, which never changes. ``logging``: a :class:`Logging`; ``tracing``: whether X-Ray
    traces executions; ``encryption``: an :class:`Encryption`. A dict as the API takes it does too; None says
    nothing: AWS's default at creation, and no change later. ``query_language``: JSONPath or JSONata, the language of
    every state that names none. Raises TypeError or ValueError for what the service would refuse.
    """

    def __init__(
        self,
        name: str,
        definition: Definition,
        role: str,
        tags: Tags = (),
        execution_input: ExecutionInput | None = None,
        timeout_seconds: int | None = None,
        comment: str | None = None,
        version: str | None = None,
        state_machine_arn: str | None = None,
        format_json: bool = True,
        client: Any = None,
        *,
        type: Literal["STANDARD", "EXPRESS"] = "STANDARD",
        logging: Logging | Mapping[str, Any] | None = None,
        tracing: bool | Mapping[str, Any] | None = None,
        encryption: Encryption | Mapping[str, Any] | None = None,
        query_language: Literal["JSONPath", "JSONata"] | None = None,
    ) -> None:
        self.name = checks.check_name(name)
        self.role = checks.check_role(role)
        settings.read_tags(tags)
        self.tags: Tags = dict(tags) if isinstance(tags, Mapping) else list(tags or ())  # its own: it may be added to
        self.workflow_input = checks.check_input(execution_input)
        self.timeout_seconds = timeout_seconds
        self.comment = comment
        self.version = version
        self.state_machine_arn = state_machine_arn
        self.format_json = format_json
        self.type = settings.read_type(type)
        self._settings = _settings_of(logging, tracing, encryption)
        self.query_language = query_language
        self.definition = self._graph(definition)
        self.changes: tuple[str, ...] = ()
        """Which of ``definition``, ``role``, ``logging``, ``tracing``, ``encryption`` and ``tags`` the latest
        :meth:`create_or_update` changed in a state machine that was there."""
        self._client = None if client is None else append_user_agent_to_client(client)

    def _graph(self, definition: Definition) -> Graph:
        if isinstance(definition, Graph):
            return _complete(definition)
        language: dict[str, Any] = {} if self.query_language is None else {"query_language": self.query_language}
        return _complete(
            Graph(
                definition, timeout_seconds=self.timeout_seconds, comment=self.comment, version=self.version, **language
            )
        )

    @property
    def client(self) -> Any:
        """The boto3 client that this workflow talks through."""
        if self._client is None:
            self._client = default_client()
        return self._client

    @client.setter
    def client(self, client: Any) -> None:
        self._client = client

    @property
    def settings(self) -> dict[str, dict[str, Any]]:
        """Logging, tracing and encryption by the API's names, as far as this workflow says them."""
        return dict(self._settings)

    @classmethod
    def list_workflows(cls, max_items: int = 100, client: Any = None, html: bool = False) -> WorkflowList:
        """Return the account's state machines, a list that shows itself as a table in a notebook.

        ``html`` is 2.3.0's: see :func:`~stepfunctions.workflow.lists.shown`.
        """
        client = default_client() if client is None else client
        return shown(WorkflowList(pages(client.list_state_machines, "stateMachines", max_items)), html)

    @classmethod
    def attach(cls, state_machine_arn: str, client: Any = None) -> Workflow:
        """Return the workflow of a state machine that exists, or of a version or alias of one.

        Its definition is what the service has stored.
        """
        client = default_client() if client is None else client
        described = client.describe_state_machine(stateMachineArn=state_machine_arn)
        workflow = cls(
            described["name"],
            FrozenGraph.from_json(described["definition"]),
            described["roleArn"],
            state_machine_arn=described["stateMachineArn"],
            client=client,
            type=described.get("type", "STANDARD"),
        )
        # As they are: AWS may have members in them by now that are not known here.
        workflow._settings = {name: described[name] for name in machine.SETTINGS.values() if described.get(name)}
        return workflow

    @classmethod
    def from_definition(
        cls, definition: Mapping[str, Any] | str | Path, name: str | None = None, role: str = "", **options: Any
    ) -> Workflow:
        """Return the workflow of a definition: a dict, a JSON or YAML text, or the path of a file.

        Its states are objects that can be changed: ``workflow.definition.states["Train"].timeout_seconds = 600``;
        what is not changed is written back as it was, in the same order. ``name`` is by default the file's;
        ``options`` are the constructor's. Raises DefinitionError with every problem, OSError for an unreadable file.
        """
        from stepfunctions.steps.reading import name_of, read_graph

        return cls(name or checks.allowed_name(name_of(definition)), read_graph(definition), role, **options)

    def create(self, *, publish: bool = False, version_description: str | None = None) -> str:
        """Create the state machine and return its ARN; with ``publish`` also its first version (:attr:`published`).

        When this workflow has an ARN already, or AWS has a state machine of this name, that ARN is returned and
        nothing is changed, which is logged unless that state machine has the same definition.
        """
        extra = machine.published(publish, version_description)
        if self.state_machine_arn:
            logger.warning(
                "The workflow %s exists already: %s. Use update() to change it.", self.name, self.state_machine_arn
            )
            return self.state_machine_arn
        if not self._make(extra):
            logger.error(
                "A state machine %s exists already, with another definition or role: %s. Use update() to change it.",
                self.name,
                self.state_machine_arn,
            )
        return self._known_arn()

    def _make(self, extra: Mapping[str, Any]) -> bool:
        """Create the state machine and note its ARN; False when another one has the name, whose ARN is noted then."""
        if not self.role:
            raise MissingRequiredParameter(f"The workflow '{self.name}' has no role: set workflow.role to its ARN.")
        try:
            response = self.client.create_state_machine(
                name=self.name,
                **self._wanted().request(),
                tags=settings.tag_list(settings.read_tags(self.tags)),
                **({} if self.type == "STANDARD" else {"type": self.type}),
                **extra,
            )
        except self.client.exceptions.StateMachineAlreadyExists as error:
            self.state_machine_arn = machine.existing_arn(error)
            return False
        self.state_machine_arn = str(response["stateMachineArn"])
        logger.info("The workflow %s was created: %s.", self.name, self.state_machine_arn)
        self._note_version(response, response["creationDate"])
        return True

    def _wanted(self) -> machine.Wanted:
        tags = settings.read_tags(self.tags) or None
        return machine.Wanted(self.definition, self.role, self._settings, tags, self.format_json)

    def create_or_update(self, *, publish: bool = False, version_description: str | None = None) -> str:
        """Make the state machine of this name what this workflow says, and return its ARN.

        It is created when there is none. Else what differs of definition, role, logging, tracing, encryption and tags
        is updated, and nothing is when nothing differs; a setting that this workflow says nothing about (None; no
        tags) is left alone. :attr:`changes` and the log say what was done. ``publish`` makes a version of the result,
        unless its newest version is just that. Raises ValueError when the state machine is of the other type.
        """
        extra = machine.published(publish, version_description)
        self.changes = ()
        if not self.state_machine_arn:
            self._make({})
        arn = self._known_arn()
        described = self.client.describe_state_machine(stateMachineArn=arn)
        if described.get("type", self.type) != self.type:
            raise ValueError(
                f"The state machine {arn} is {described['type']}, which cannot change. Use type='{described['type']}', "
                "or another name."
            )
        wanted = self._wanted()
        updated = machine.differences(wanted, described)
        if updated:  # and published by the same request, so that nobody else's change comes between
            self._update(wanted, extra)
        tagged = wanted.tags is not None and machine.set_tags(self.client, arn, wanted.tags)
        self.changes = (*updated, *(["tags"] if tagged else []))
        logger.info(
            "The workflow %s: %s.", self.name, f"{', '.join(self.changes)} changed" if self.changes else "up to date"
        )
        if extra and not updated:
            self.publish(version_description)
        return arn

    def _update(self, wanted: machine.Wanted, extra: Mapping[str, Any]) -> None:
        response = self.client.update_state_machine(stateMachineArn=self._known_arn(), **wanted.request(), **extra)
        self._note_version(response, response.get("updateDate"))

    def update(
        self,
        definition: Definition | None = None,
        role: str | None = None,
        *,
        tags: Tags | None = None,
        logging: Logging | Mapping[str, Any] | None = None,
        tracing: bool | Mapping[str, Any] | None = None,
        encryption: Encryption | Mapping[str, Any] | None = None,
        publish: bool = False,
        version_description: str | None = None,
    ) -> str:
        """Change what is given, and return the ARN. Running executions keep the definition they began with.

        ``tags``: the tags become just these (``{}``: none). ``publish``: also make a version of the result
        (:attr:`published`). Raises WorkflowNotFound before :meth:`create`, MissingRequiredParameter when there is
        nothing to change.
        """
        given = _settings_of(logging, tracing, encryption)
        extra = machine.published(publish, version_description)
        asked = None if tags is None else settings.read_tags(tags)
        if definition is None and role is None and not given and asked is None:
            raise MissingRequiredParameter(
                "update() needs a definition, a role, tags, or another setting to change."
                + (" publish() makes a version of what is there." if publish else "")
            )
        arn = self._known_arn()
        wanted = machine.Wanted(settings=given, format_json=self.format_json)
        if definition is not None or role is not None:  # together, as 2.3.0 did
            wanted.definition = self.definition if definition is None else self._graph(definition)
            wanted.role = role or self.role
        if wanted.request():
            self._update(wanted, extra)
            self.definition = wanted.definition or self.definition
            self.role = wanted.role or self.role
            self._settings = self._settings | given
        if asked is not None:
            machine.set_tags(self.client, arn, asked)
            self.tags = asked
            if extra and not wanted.request():
                self.publish(version_description)
        logger.info("The workflow %s was updated; executions begin with the new one within a few seconds.", self.name)
        return arn

    def provision(
        self,
        session: Any = None,
        bucket: str | None = None,
        prefix: str = "stepfunctions",
        *,
        requirements: bool | None = None,
    ) -> list[Provisioned]:
        """Make what the steps are made of: Lambda functions, Glue jobs with their scripts, task definitions.

        Done again, it changes only what differs. Files go into ``bucket``, which must exist, under
        ``<prefix>/<hash>/``; functions need none. ``session`` is a boto3 session (default: of the environment); when
        this workflow's client has an endpoint of its own, such as the local cloud's, everything is made there.
        ``requirements``: whether to install the functions' requirements into their packages; by default not for an
        endpoint on this machine, where functions run with what is installed beside the local cloud.

        Raises ValueError that names every role and bucket that is missing, before anything is made.
        """
        return provision(
            self.definition,
            session=session,
            client=self._client,
            bucket=bucket,
            prefix=prefix,
            requirements=requirements,
        )

    def delete(self) -> None:
        """Delete the state machine, if there is one."""
        if self.state_machine_arn:
            self.client.delete_state_machine(stateMachineArn=self.state_machine_arn)
            logger.info("The workflow %s is being deleted, as soon as none of its executions runs.", self.name)
            self.state_machine_arn = None

    def get_cloudformation_template(self, description: str | None = None) -> str:
        """Return a CloudFormation template of the state machine, as YAML.

        See :func:`~stepfunctions.workflow.cloudformation.build_cloudformation_template`.
        """
        return build_cloudformation_template(self, description)

    def stack(
        self,
        *,
        name: str | None = None,
        description: str | None = None,
        account: str | None = None,
        region: str | None = None,
        alias: str | None = "live",
        deployment: Deployment | Strategy | None = None,
        log_retention_days: int = 30,
        triggers: Sequence[Trigger] = (),
        alarms: bool = False,
        dashboard: bool = False,
        requirements: bool = True,
    ) -> Stack:
        """Return the workflow as a CloudFormation stack: everything that it needs, for any account and Region.

        ``name``: of the stack (default: the workflow's). ``account`` and ``region``: whose ARNs stand in the
        definition (default: what stands there most often). ``alias``: the name of the alias that moves to each new
        version, as ``deployment`` says, a Deployment or a strategy of ``stepfunctions.mlops`` (default: all at once);
        None: neither version nor alias.
        ``log_retention_days``: how long the log group keeps events. ``triggers`` start executions; ``alarms``:
        whether there are alarms of failed, timed out, throttled and aborted executions; ``dashboard``: whether
        there is one; ``requirements``: whether functions are packaged with what they require. Raises ValueError for
        what CloudFormation would refuse.
        """
        from stepfunctions.deploy.parts import Deployment, Options
        from stepfunctions.deploy.stack import build_stack

        options = Options(
            name=checks.stack_name(name or self.name),
            description=description or self.comment or f"The workflow {self.name}.",
            account=account,
            region=region,
            alias=alias,
            deployment=Deployment.of(deployment) if isinstance(deployment, Strategy) else deployment or Deployment(),
            log_retention_days=log_retention_days,
            triggers=tuple(triggers),
            alarms=alarms,
            dashboard=dashboard,
            requirements=requirements,
            tags=settings.read_tags(self.tags),
        )
        return build_stack(self, options)

    def __repr__(self) -> str:
        return f"Workflow(name={self.name!r}, role={self.role!r}, state_machine_arn={self.state_machine_arn!r})"


def _complete(graph: Graph) -> Graph:
    """Return a graph. Raises ValueError when AWS would not take it, because something is missing in a state."""
    if graph.incomplete:
        raise ValueError(graph.incomplete[0])
    return graph


def _settings_of(logging: Any, tracing: Any, encryption: Any) -> dict[str, dict[str, Any]]:
    """Return the settings that are given, by the API's names."""
    return machine.settings_of(
        logging=settings.read_logging(logging),
        tracing=settings.read_tracing(tracing),
        encryption=settings.read_encryption(encryption),
    )
